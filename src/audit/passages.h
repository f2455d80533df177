/* passages.h: the query table of a store against the rows that the entries give, a stretch of
 * entries at a time. */
#ifndef SP_AUDIT_PASSAGES_H
#define SP_AUDIT_PASSAGES_H

#include "audit/report.h"
#include "core/core.h"
#include "store/store.h"

enum { passages_stretch = 4096 }; /* entries */

struct passages {
  struct store *store;
  struct report *report;
  uint64_t rows; /* that the entries give, so far */
  uint64_t differing;
  uint64_t first;            /* of the stretch */
  struct store_passage *row; /* passages_stretch of them */
  uint32_t n;
};
/* SP_NO_MEMORY. passages_free in any case. */
enum sp_err passages_init(struct passages *p, struct store *store, struct report *report,
                          struct fault *why) SP_MUST_USE;
void passages_free(struct passages *p);
/* The next event, after it was applied. */
void passages_event(struct passages *p, const struct core *core, const struct event *e);
/* After the last: the log has `size` entries. */
void passages_end(struct passages *p, uint64_t size);

#endif
