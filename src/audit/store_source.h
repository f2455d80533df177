/* store_source.h: the log in a store as a source for log_check. */
#ifndef SP_AUDIT_STORE_SOURCE_H
#define SP_AUDIT_STORE_SOURCE_H

#include "audit/log_check.h"
#include "store/store.h"

struct store_source {
  struct store *store;
  struct report *report;
  uint64_t size;        /* that the store says it has */
  struct fault failure; /* of a tile that could not be read; err SP_OK: all could */
  /* For store_source.c. */
  log_take *take;
  void *sink;
  uint64_t next;
  bool stopped; /* by the sink, not by damage */
};
/* Rows that cannot be read are told and passed over. */
struct log_source store_source(struct store_source *s);

#endif
