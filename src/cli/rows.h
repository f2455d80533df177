/* rows.h: members of rows that several lists show: null where there is nothing to tell. */
#ifndef SP_CLI_ROWS_H
#define SP_CLI_ROWS_H

#include "cli/out.h"
#include "core/state.h"

/* REF_ABSENT: null. */
json_t *row_name(const struct core *core, enum ref_kind kind, uint32_t index);
json_t *row_number(uint32_t index);                            /* "1000-9" */
json_t *row_operator(const struct core *core, uint32_t index); /* "operator 07b8e75d (records)" */

/* What an order is and whose, to everybody: of a sealed one "sealed" and null (docs/custody.md). */
json_t *row_order_kind(const struct core *core, uint32_t index);
json_t *row_order_issuer(const struct core *core, uint32_t index);

/* Dates as state.h keeps them: 0 and UINT32_MAX are no bound. */
json_t *row_from(uint32_t s);
json_t *row_until(uint32_t s);

/* How a legal basis is at that instant, in words. */
const char *row_basis_state(const struct core *core, uint32_t basis, usec at);
/* How far what is owed about a death has come. */
const char *death_state(const struct death *d);

/* Drops members that are null or an empty list. */
void row_drop_empty(json_t *row);

#endif
