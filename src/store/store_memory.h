/* store_memory.h: what only the store in memory can do: fail on order, lose what it promised, and
 * be copied. */
#ifndef SP_STORE_STORE_MEMORY_H
#define SP_STORE_STORE_MEMORY_H

#include "store/store.h"

/* The calls that can be made to fail; ANY is every one of them, WRITE those that change something.
 */
#define STORE_MEMORY_CALLS(X)                                                                      \
  X(ANY)                                                                                           \
  X(WRITE)                                                                                         \
  X(COMMIT)                                                                                        \
  X(COUNT)                                                                                         \
  X(ENTRIES)                                                                                       \
  X(TILE)                                                                                          \
  X(BLOB)                                                                                          \
  X(PAPER)                                                                                         \
  X(DETAILS)                                                                                       \
  X(PASSAGES)                                                                                      \
  X(META_GET)                                                                                      \
  X(META_PUT)                                                                                      \
  X(SNAPSHOT_WRITE)                                                                                \
  X(SNAPSHOT_READ)                                                                                 \
  X(PASSAGES_CLEAR)                                                                                \
  X(UPKEEP)
enum store_memory_call {
#define X(name) STORE_MEMORY_##name,
  STORE_MEMORY_CALLS(X)
#undef X
      STORE_MEMORY_CALL_COUNT
};

/* Makes the Nth such call from now fail with SP_IO (0 = the next), and all later ones when
 * for_good. A call that fails has changed nothing. nth UINT64_MAX switches it off. One order at a
 * time. Returns how many such calls were made since the last order for them. */
uint64_t store_memory_fail(struct store *s, enum store_memory_call call, uint64_t nth,
                           bool for_good);
/* The same for STORE_MEMORY_WRITE. */
uint64_t store_memory_fail_after(struct store *s, uint64_t n, bool for_good);

/* A disk that lies: the next n calls that write are kept; those after are answered SP_OK, and seen,
 * but not found again after a crash. UINT64_MAX: it is honest again, and what it holds is kept. */
void store_memory_lose_after(struct store *s, uint64_t n);

/* A second store, with what a restart after a crash now would find. NULL without memory. */
struct store *store_memory_crash(const struct store *s);

/* A second store with the same rows, kept or not. NULL without memory. */
struct store *store_memory_clone(const struct store *s);

#endif
