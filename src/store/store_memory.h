/* store_memory.h: what only the store in memory can do: fail on order, and be copied. */
#ifndef SP_STORE_STORE_MEMORY_H
#define SP_STORE_STORE_MEMORY_H

#include "store/store.h"

/* Makes the Nth call from now that writes fail with SP_IO (0 = the next), and all later ones when
 * for_good. A call that fails has changed nothing. UINT64_MAX switches it off. Returns how many
 * calls that write were made since the last order. */
uint64_t store_memory_fail_after(struct store *s, uint64_t n, bool for_good);

/* A second store with the same rows: what a restart would find. NULL without memory. */
struct store *store_memory_clone(const struct store *s);

#endif
