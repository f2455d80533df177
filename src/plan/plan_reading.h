/* plan_reading.h: what the parts of the reader share (plan_read*.c only).
 *
 * A mapping of the file is walked by the rows of plan_fields.c; what those rows call PLAN_NESTED is
 * handed to the section's own code. What is wrong is noted and walking goes on, so that an
 * installer sees all of it at once.
 */
#ifndef SP_PLAN_READING_H
#define SP_PLAN_READING_H

#include "plan/plan_build.h"
#include "plan/plan_fields.h"
#include "plan/plan_yaml.h"

struct reading {
  yaml_document_t *doc;
  struct plan *p;
  struct plan_places places;
  struct plan_faults *faults;
  struct pending *pending; /* names to be looked up when everything has been read */
  size_t n_pending, cap_pending;
  struct member *members; /* (interlock group, door) pairs */
  size_t n_members, cap_members;
  uint32_t n_groups;
  bool failed;    /* out of memory or over a limit: told once, then given up */
  bool no_memory; /* of which the first */
};

/* Where a struct lies: an element of an array that may still grow, or a fixed place. */
struct target {
  enum plan_array array;
  uint32_t index;
  void *fixed;
};

typedef void read_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value);

/* One of the tables whose keys a mapping may have, and where they go. */
struct part {
  const struct plan_section *section;
  struct target target;
  uint32_t seen; /* bit i: field i was given */
};

#define FAULT(r, node, ...)                                                                        \
  plan_fault_add((r)->faults, plan_yaml_line(node), plan_yaml_column(node), false, __VA_ARGS__)

yaml_node_t *reading_node(struct reading *r, int id);
yaml_node_t *reading_value(struct reading *r, yaml_node_t *mapping, const char *key); /* or NULL */
/* Given up, or there is more wrong than will be told: a hostile file costs no more than that. */
bool reading_done(const struct reading *r);
/* A new element of an array, made in the line of n (NULL: given by every plan). False when there is
 * no room: then r->failed is set and the fault told. */
bool reading_add(struct reading *r, enum plan_array a, const yaml_node_t *n, uint32_t *index);
/* What plan_add and its like answered: the first failure is told, and nothing is added after it. */
bool reading_go_on(struct reading *r, uint32_t line, enum sp_err err, const struct fault *why);
/* "there is no gate "frnt": did you mean "front"?" */
void reading_unknown(struct reading *r, enum ref_kind kind, struct span name, uint32_t line,
                     uint32_t column);
bool reading_find(struct reading *r, enum ref_kind kind, struct span name, uint32_t *index);
void reading_mapping(struct reading *r, yaml_node_t *n, struct part *parts, size_t n_parts,
                     read_nested *more);
/* The usual case: one table, one element. */
void reading_element(struct reading *r, yaml_node_t *n, const char *section, enum plan_array a,
                     uint32_t index, read_nested *more);
void reading_each(struct reading *r, const char *what, yaml_node_t *list,
                  void (*fn)(struct reading *, yaml_node_t *, void *), void *ctx);
void reading_defaults(struct reading *r, const struct part *p, const yaml_node_t *n);
/* Looks up what `pending` holds. */
void reading_resolve(struct reading *r);

/* The sections (plan_read_*.c). */
void read_areas(struct reading *r, yaml_node_t *list);
void read_gates(struct reading *r, yaml_node_t *list);
void read_interlocks(struct reading *r, yaml_node_t *list);
void read_schedules(struct reading *r, yaml_node_t *list);
void read_levels(struct reading *r, yaml_node_t *list);
void read_formats(struct reading *r, yaml_node_t *list);
bool usual_format(struct reading *r); /* that of a plan which names none */
void place_doors(struct reading *r);  /* between their gates' areas */
void join_doors(struct reading *r, uint32_t group, uint32_t door);
void build_peers(struct reading *r); /* from the interlock groups */

#endif
