/* random_site.h: the sketch of a random site, before it is written. Private to sim/random_*.c. */
#ifndef SIM_RANDOM_SITE_H
#define SIM_RANDOM_SITE_H

#include "core/plan.h"
#include "sim/rng.h"

enum {
  sketch_areas_max = 16,
  sketch_gates_max = 16,
  sketch_levels_max = 8,
  sketch_schedules_max = 4,
  sketch_groups_max = 3,
  sketch_group_doors = 4,
  sketch_threats_max = 3,
  sketch_formats_max = 3,
  sketch_readers_max = 3, /* of one door */
  sketch_lines_max = 3,
  sketch_speeds = 4,
  nothing = -1,
  the_outside = -1,
};

struct sketch_area {
  bool gone, inner; /* inner: a vestibule, without gates of its own */
  int parent;       /* nothing: directly within the site */
  enum area_kind kind;
  uint32_t capacity;
  enum passback anti_passback;
  uint32_t passback_s;
  bool two_person, escort;
  int first_person; /* level, or nothing */
};

struct sketch_reader {
  bool gone;
  enum direction direction;
  enum factors factors;
};

struct sketch_door {
  enum rex rex;
  bool free_egress, contact, lock_monitor, fail_safe;
  uint32_t unlock_ms, held_open_ms;
  uint32_t n_readers;
  struct sketch_reader readers[sketch_readers_max];
};

struct sketch_gate {
  bool gone;
  int from, to, vestibule; /* from: an area or the_outside */
  struct sketch_door doors[2];
};

struct sketch_group { /* of doors: gate and which of its two */
  uint32_t n;
  struct {
    uint32_t gate, which;
  } doors[sketch_group_doors];
};

struct sketch_schedule {
  uint32_t kind; /* which of a few weeks */
  uint32_t from_h, until_h, exception_day;
};

struct sketch_level {
  bool gone, in_lockdown;
  bool all_gates;
  uint32_t gates;     /* bit (1 << gate) */
  uint32_t direction; /* enum direction, or DIRECTION_COUNT: both */
  int schedule;       /* nothing: always */
};

struct sketch_threat {
  bool gone;
  uint32_t refuse;
  enum factors factors;
};

struct site {
  uint32_t zone, site_capacity, n_doors, n_lines, speed;
  bool second_operator;
  uint32_t n_areas, n_gates, n_groups, n_schedules, n_levels, n_threats, n_formats;
  struct sketch_area areas[sketch_areas_max];
  struct sketch_gate gates[sketch_gates_max];
  struct sketch_group groups[sketch_groups_max];
  struct sketch_schedule schedules[sketch_schedules_max];
  struct sketch_level levels[sketch_levels_max];
  struct sketch_threat threats[sketch_threats_max];
  bool format_gone[sketch_formats_max];
  uint32_t escorted, escorts; /* kinds */
  uint32_t pin_attempts, pin_lock_s, escort_ms, two_person_ms, margin_ms, stale_ms;
#define X(member, key, least, most, usual, text, doc) uint32_t member;
  RULE_TIME_LIST(X)
#undef X
  uint32_t turned; /* the lists are written beginning with another */
};

void site_make(struct site *s, struct rng *r);
void site_change(struct site *s, struct rng *r);
/* What the rules of plans ask for, whatever was drawn. */
void site_mend(struct site *s);
void site_write(const struct site *s, struct buf *yaml);

#endif
