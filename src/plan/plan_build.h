/* plan_build.h: a plan while it is made: arrays that grow, and the line each thing came from. */
#ifndef SP_PLAN_BUILD_H
#define SP_PLAN_BUILD_H

#include "core/plan.h"
#include "plan/plan_faults.h"

/* The arrays of struct plan, as one table: member of the array, member of its count, limit. */
#define PLAN_ARRAYS(X)                                                                             \
  X(areas, n_areas, areas_max)                                                                     \
  X(gates, n_gates, gates_max)                                                                     \
  X(doors, n_doors, doors_max)                                                                     \
  X(readers, n_readers, readers_max)                                                               \
  X(lines, n_lines, lines_max)                                                                     \
  X(schedules, n_schedules, schedules_max)                                                         \
  X(levels, n_levels, levels_max)                                                                  \
  X(threats, n_threats, threats_max)                                                               \
  X(formats, n_formats, formats_max)                                                               \
  X(witnesses, n_witnesses, witnesses_max)                                                         \
  X(peers, n_peers, doors_max *interlock_peers_max)                                                \
  X(spans, n_spans, schedules_max *(schedule_spans_max + schedule_exceptions_max * 8))             \
  X(exceptions, n_exceptions, schedules_max *schedule_exceptions_max)                              \
  X(level_rules, n_level_rules, levels_max *level_rules_max)                                       \
  X(format_fields, n_format_fields, formats_max *format_fields_max)                                \
  X(format_parities, n_format_parities, formats_max *format_parities_max)                          \
  X(zone_transitions, n_zone, zone_transitions_max)

enum plan_array {
#define X(member, count, most) PLAN_ARRAY_##member,
  PLAN_ARRAYS(X)
#undef X
      PLAN_ARRAY_COUNT
};

enum plan_place_mark {
  PLAN_PLACE_FAULTY =
      1,               /* its own keys have been found wrong: what follows from that is not told */
  PLAN_PLACE_COPY = 2, /* one of many made from the same line: what holds for all is told once */
};

/* Where things stand in the file, for faults. A plan from a blob has no places (NULL). */
struct plan_places {
  uint32_t *line[PLAN_ARRAY_COUNT];
  uint8_t *marks[PLAN_ARRAY_COUNT];
  uint32_t capacity[PLAN_ARRAY_COUNT];
  uint32_t site, rules; /* lines of these sections */
};

struct plan *plan_new(void); /* NULL without memory */
void plan_free(struct plan *p);
void plan_places_free(struct plan_places *l);
uint32_t plan_place(const struct plan_places *l, enum plan_array a, uint32_t index);
uint8_t plan_place_marks(const struct plan_places *l, enum plan_array a, uint32_t index);
void plan_place_mark(struct plan_places *l, enum plan_array a, uint32_t index, uint8_t marks);

/* A new zeroed element of the array; its line is noted when `l` is given. SP_LIMIT or SP_NO_MEMORY.
 */
enum sp_err plan_add(struct plan *p, struct plan_places *l, enum plan_array a, uint32_t line,
                     uint32_t *index, struct fault *why) SP_MUST_USE;
const char *plan_array_name(enum plan_array a);
uint32_t plan_array_count(const struct plan *p, enum plan_array a);
void *plan_array_at(const struct plan *p, enum plan_array a, uint32_t index);

/* Allocates access and lookup and calls plan_derive. Call after plan_check. */
enum sp_err plan_finish(struct plan *p, struct fault *why) SP_MUST_USE;

#endif
