/* cli_movement.h: movements and manifests as rows, for `movement show` and the boarding desk. */
#ifndef SP_CLI_CLI_MOVEMENT_H
#define SP_CLI_CLI_MOVEMENT_H

#include "cli/cli.h"

struct member;

/* {"number","kind","state","to","seated","aboard","departs"} and more. */
json_t *movement_row(const struct core *core, uint32_t movement);

/* {"person","state","order","permitted","reasons":[{"code","on","text"}]}: whether they may go at
 * this instant, as `permitted` answers it; null when they are off the manifest. */
json_t *member_row(const struct core *core, const struct member *r, usec at);

/* Prints the manifest as a table, those first who were put on it first. all: also who was removed.
 */
void manifest_print(struct cli *c, uint32_t movement, bool all);

#endif
