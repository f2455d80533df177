#include "plan/plan_build.h"

#include "base/bytes.h"

#include <string.h>

static const struct {
  const char *name;
  size_t size, at, count_at;
  uint32_t most;
} arrays[PLAN_ARRAY_COUNT] = {
#define X(member, count, most)                                                                     \
  {#member, sizeof *((struct plan *)0)->member, offsetof(struct plan, member),                     \
   offsetof(struct plan, count), most},
    PLAN_ARRAYS(X)
#undef X
};

static void **array_of(const struct plan *p, enum plan_array a) {
  return (void **)(void *)((uint8_t *)(uintptr_t)p + arrays[a].at);
}

static uint32_t *count_of(const struct plan *p, enum plan_array a) {
  return (uint32_t *)(void *)((uint8_t *)(uintptr_t)p + arrays[a].count_at);
}

struct plan *plan_new(void) {
  return sp_alloc(1, sizeof(struct plan));
}

void plan_free(struct plan *p) {
  if (!p)
    return;
  for (enum plan_array a = 0; a < PLAN_ARRAY_COUNT; a++)
    sp_free(*array_of(p, a));
  for (int k = 0; k < REF_KIND_COUNT; k++)
    sp_free(p->lookup[k]);
  sp_free(p->access);
  sp_free(p);
}

void plan_places_free(struct plan_places *l) {
  for (int a = 0; a < PLAN_ARRAY_COUNT; a++) {
    sp_free(l->line[a]);
    sp_free(l->marks[a]);
  }
  *l = (struct plan_places){0};
}

uint32_t plan_place(const struct plan_places *l, enum plan_array a, uint32_t index) {
  return l && l->line[a] && index < l->capacity[a] ? l->line[a][index] : 0;
}

uint8_t plan_place_marks(const struct plan_places *l, enum plan_array a, uint32_t index) {
  return l && l->marks[a] && index < l->capacity[a] ? l->marks[a][index] : 0;
}

void plan_place_mark(struct plan_places *l, enum plan_array a, uint32_t index, uint8_t marks) {
  SP_ASSERT(l->marks[a] && index < l->capacity[a]);
  l->marks[a][index] |= marks;
}

const char *plan_array_name(enum plan_array a) {
  return arrays[a].name;
}

uint32_t plan_array_count(const struct plan *p, enum plan_array a) {
  return *count_of(p, a);
}

void *plan_array_at(const struct plan *p, enum plan_array a, uint32_t index) {
  return (uint8_t *)*array_of(p, a) + index * arrays[a].size;
}

/* Arrays double: the capacity is the next power of two of the count, so it need not be kept. */
static bool at_capacity(uint32_t n) {
  return (n & (n - 1)) == 0;
}

enum sp_err plan_add(struct plan *p, struct plan_places *l, enum plan_array a, uint32_t line,
                     uint32_t *index, struct fault *why) {
  uint32_t n = *count_of(p, a);
  if (n >= arrays[a].most)
    return fault_set(why, SP_LIMIT, "more than %u %s: that is the limit of one site",
                     arrays[a].most, arrays[a].name);
  if (at_capacity(n)) {
    uint32_t capacity = n ? 2 * n : 1;
    void *grown = sp_realloc(*array_of(p, a), capacity * arrays[a].size);
    if (!grown)
      return fault_set(why, SP_NO_MEMORY, "out of memory");
    *array_of(p, a) = grown;
    if (l) {
      uint32_t *lines = sp_realloc(l->line[a], capacity * sizeof *lines);
      if (lines)
        l->line[a] = lines;
      uint8_t *marks = sp_realloc(l->marks[a], capacity);
      if (marks)
        l->marks[a] = marks;
      if (!lines || !marks)
        return fault_set(why, SP_NO_MEMORY, "out of memory");
      l->capacity[a] = capacity;
    }
  }
  if (l) {
    l->line[a][n] = line;
    l->marks[a][n] = 0;
  }
  memset((uint8_t *)*array_of(p, a) + n * arrays[a].size, 0, arrays[a].size);
  *index = n;
  *count_of(p, a) = n + 1;
  return SP_OK;
}

enum sp_err plan_finish(struct plan *p, struct fault *why) {
  p->access = sp_alloc((size_t)p->n_gates * DIRECTION_COUNT * p->n_levels, 1);
  bool ok = p->access != NULL;
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++) {
    p->lookup[k] = sp_alloc(plan_lookup_size(plan_count(p, k)), sizeof(uint16_t));
    ok = ok && p->lookup[k];
  }
  if (!ok)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  plan_derive(p);
  return SP_OK;
}
