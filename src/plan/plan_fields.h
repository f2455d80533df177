/* plan_fields.h: the table of everything that may stand in a plan file. The reader, its messages,
 * docs/plan.md and completion are made from it. */
#ifndef SP_PLAN_FIELDS_H
#define SP_PLAN_FIELDS_H

#include "core/plan.h"

enum plan_kind {
  PLAN_NAME,  /* struct slug */
  PLAN_TITLE, /* char[title_max + 1]: UTF-8 for people */
  PLAN_TEXT,  /* char[most] : printable ASCII */
  PLAN_U8,    /* whole number lo to hi */
  PLAN_U16,
  PLAN_U32,
  PLAN_M2,      /* uint32_t dm²: "12" or "12.5" square metres, one or two decimals */
  PLAN_MS,      /* uint32_t ms: "500ms", "5s", "2min" */
  PLAN_SECONDS, /* uint32_t s: "30s", "15min", "2h" */
  PLAN_BOOL,    /* true or false */
  PLAN_ENUM,    /* uint8_t index into names */
  PLAN_KINDS,   /* uint32_t bits: list of kinds of person */
  PLAN_WIRES,   /* uint32_t bits: list of a door's wires */
  PLAN_REF,     /* uint16_t index: the name of a thing of .ref kind */
  PLAN_ZONE,    /* char[64]: IANA time zone, compiled to transitions */
  PLAN_NESTED,  /* read by code of its own: a list or mapping described in doc */
};

struct plan_field {
  const char *key;
  enum plan_kind kind;
  bool required;
  size_t offset;
  enum ref_kind ref;
  const char *const *names;
  uint32_t lo, hi;
  const char *fallback; /* what holds when it is left out, as it would be written; NULL = nothing */
  const char *doc;
};

struct plan_section {
  const char *name;  /* key at the top of the file, or what it is within another */
  const char *place; /* "top", or the section it stands within */
  bool list;
  const struct plan_field *fields;
  size_t n_fields;
  const char *doc;
};

enum { plan_capacity_max = 1000000 };

/* The days that schedules and zones know: 1970-01-01 to 2099-12-31, as days since the first. */
enum { plan_day_max = 47481 };

/* What one item of `cells` says besides the fields of an area. */
enum { plan_cells_max = 1000, plan_cells_prefix_max = 22 }; /* so that PREFIX-1000-out is a name */
struct plan_cells {
  uint32_t count;
  uint8_t factors, secure, address;
  uint16_t line;
  uint32_t unlock_ms, held_open_ms;
};

/* One item of a level's `access`. */
enum { PLAN_BOTH = DIRECTION_COUNT };
struct plan_access {
  uint8_t direction; /* enum direction, or PLAN_BOTH */
  uint16_t schedule;
};

extern const struct plan_section plan_sections[];
extern const size_t plan_sections_n;
const struct plan_section *plan_section_of(const char *name);

/* Markdown tables for docs/plan.md. */
void plan_fields_document(struct buf *out);

#endif
