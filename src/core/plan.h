/* plan.h: the site plan as the core uses it: compiled, flat, without a file or a zone database.
 *
 * src/plan reads the YAML, reports its faults and fills this; the same bytes are written into the
 * journaled blob, so a replay needs no file of the machine it runs on. Everything is an index into
 * the arrays here; index 0 of areas is "outside", of schedules "always", of threats the normal one.
 *
 * Invariants, held by plan_check in src/plan before the core sees a plan:
 *   1. every index is in range; names are unique within their kind; bounds are those of limits.h;
 *   2. areas form a tree under area 1 (kind site); area 0 (outside) stands alone; a parent comes
 *      before its children;
 *   3. a door joins two different areas, neither inside the other's cell; a gate has one door, or
 *      two that share a vestibule;
 *   4. spans of a schedule are sorted, do not touch or overlap; exceptions are sorted by day;
 *   5. zone transitions are sorted by time;
 *   6. fields of a card format do not overlap; its parity bits are none of a field's, and each
 * covers of the others only those before it; fields and parities lie in the order of the formats;
 * no format is such that each of its cards is one of a format before it;
 *   7. a door is driven by one reader of a line, and that of no two lines unless it has readers on
 * both and names none; no two wires end at one input or output.
 */
#ifndef SP_CORE_PLAN_H
#define SP_CORE_PLAN_H

#include "base/record.h"
#include "core/limits.h"

#define NONE16 UINT16_MAX

enum { area_outside = 0, area_site = 1, schedule_always = 0, title_max = 79 };

/* X(NAME, "name in plan", "meaning") */
#define AREA_KIND_LIST(X)                                                                          \
  X(OUTSIDE, "outside", "beyond the site's boundary")                                              \
  X(SITE, "site", "the whole guarded place")                                                       \
  X(SECTION, "section", "one of the chain from the entrance inwards")                              \
  X(HOUSING_UNIT, "housing-unit", "a block of cells")                                              \
  X(CELL, "cell", "where detainees sleep")                                                         \
  X(ISOLATION, "isolation", "a cell for one, apart")                                               \
  X(YARD, "yard", "open air")                                                                      \
  X(CLINIC, "clinic", "medical care")                                                              \
  X(RECEPTION, "reception", "where people are registered")                                         \
  X(VESTIBULE, "vestibule", "between the two doors of a sally port")                               \
  X(ROOM, "room", "any other bounded space: laboratory, workshop, data hall, corridor")
#define PERSON_KIND_LIST(X)                                                                        \
  X(STAFF, "staff", "works here")                                                                  \
  X(OFFICER, "officer", "guards here")                                                             \
  X(DETAINEE, "detainee", "is held here")                                                          \
  X(VISITOR, "visitor", "comes for a visit")                                                       \
  X(COUNSEL, "counsel", "a lawyer of a detainee")                                                  \
  X(INSPECTOR, "inspector", "a monitor, ombudsman or court officer")                               \
  X(CONTRACTOR, "contractor", "works here for another")
#define PASSBACK_LIST(X)                                                                           \
  X(NONE, "none", "where a person is is not checked")                                              \
  X(SOFT, "soft", "a pass that does not fit where they are is permitted and recorded as such")     \
  X(HARD, "hard", "a pass that does not fit where they are is refused")                            \
  X(TIMED, "timed", "the same area is not entered twice within the plan's minutes")
#define FACTOR_LIST(X)                                                                             \
  X(CARD, "card", "the credential alone")                                                          \
  X(CARD_PIN, "card+pin", "and the holder's PIN")                                                  \
  X(CARD_BIOMETRIC, "card+biometric", "and a match reported by the reader")                        \
  X(CARD_PIN_BIOMETRIC, "card+pin+biometric", "and both")
#define REX_LIST(X)                                                                                \
  X(NONE, "none", "there is no request-to-exit")                                                   \
  X(RECORD, "record", "egress is mechanical; the request is recorded and the opening is no alarm") \
  X(UNLOCK, "unlock", "the request unlocks the door")
/* X(NAME, "name in plan", usual number, "meaning"): between a door and the reader that drives it.
 * The strike is an output, the others are inputs. */
#define WIRE_LIST(X)                                                                               \
  X(STRIKE, "strike", 0, "on while the door is to be unlocked")                                    \
  X(CONTACT, "contact", 0, "active while the door is open")                                        \
  X(REX, "rex", 1, "active while someone asks to go out")                                          \
  X(LOCK_MONITOR, "lock-monitor", 2, "active while the door is closed and the bolt out")

#define X_ENUM(prefix, NAME) prefix##_##NAME,
#define X(NAME, text, doc)   X_ENUM(AREA, NAME)
enum area_kind { AREA_KIND_LIST(X) AREA_KIND_COUNT };
#undef X
#define X(NAME, text, doc) X_ENUM(PERSON, NAME)
enum person_kind { PERSON_KIND_LIST(X) PERSON_KIND_COUNT };
#undef X
#define X(NAME, text, doc) X_ENUM(PASSBACK, NAME)
enum passback { PASSBACK_LIST(X) PASSBACK_COUNT };
#undef X
/* bit 0: PIN, bit 1: biometric */
#define X(NAME, text, doc) X_ENUM(FACTOR, NAME)
enum factors { FACTOR_LIST(X) FACTOR_COUNT };
#undef X
#define X(NAME, text, doc) X_ENUM(REX, NAME)
enum rex { REX_LIST(X) REX_COUNT };
#undef X
#define X(NAME, text, usual, doc) X_ENUM(WIRE, NAME)
enum door_wire { WIRE_LIST(X) WIRE_COUNT };
#undef X
enum { wire_none = UINT8_MAX }; /* the door has no such wire */
enum { FACTOR_BIT_PIN = 1, FACTOR_BIT_BIOMETRIC = 2 };
enum lock_kind { LOCK_FAIL_SECURE, LOCK_FAIL_SAFE, LOCK_KIND_COUNT };
enum egress { EGRESS_CONTROLLED, EGRESS_FREE, EGRESS_COUNT };
enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_COUNT }; /* gate.from -> gate.to is in */
enum secure { SECURE_REQUIRED, SECURE_INSTALL, SECURE_NONE, SECURE_COUNT };
enum line_kind { LINE_SERIAL, LINE_TCP_CLIENT, LINE_TCP_SERVER, LINE_KIND_COUNT };
enum parity { PARITY_EVEN, PARITY_ODD, PARITY_COUNT };

/* Ended by NULL, in the order of the enums. */
extern const char *const area_kind_names[],
    *const person_kind_names[],
        *const passback_names[],
            *const factor_names[], *const rex_names[], *const lock_kind_names[],
                                                           *const egress_names[],
                                                               *const direction_names[],
                                                                   *const secure_names[],
                                                                       *const line_kind_names[],
                                                                           *const parity_names[],
                                                                               *const wire_names[];

struct plan_area {
  struct slug name;
  char title[title_max + 1]; /* UTF-8, for people */
  uint16_t parent;           /* NONE16 for outside and the site */
  uint8_t kind;              /* enum area_kind */
  uint8_t anti_passback;     /* enum passback: the rule for readers that lead into this area */
  uint32_t capacity;         /* persons; 0 = no limit */
  uint32_t floor_area_dm2;   /* 0 = not given */
  uint16_t bunks, toilets, sinks, showers;
  uint32_t anti_passback_s; /* of PASSBACK_TIMED */
  uint16_t first_person;    /* level that must be inside before others; NONE16 = no rule */
  bool two_person;          /* never one person alone */
  bool escort;              /* kinds named in rules.escorted need an escort here */
  bool custody;             /* derived: housing unit, cell or isolation */
};

struct plan_gate {
  struct slug name;
  char title[title_max + 1];
  uint16_t from, to;  /* areas; in = from -> to */
  uint16_t doors[2];  /* doors[1] NONE16 unless a sally port */
  uint16_t vestibule; /* area; NONE16 unless a sally port */
};

/* Where a door's wires end: at the board of one reader. */
struct plan_wiring {
  uint16_t at; /* reader; NONE16: on each line the first of the door's readers that is on it */
  uint8_t
      number[WIRE_COUNT]; /* of the reader's output or input; wire_none: plan_door_has says so */
  uint32_t inverted;      /* bit (1 << enum door_wire): on, or active, means the opposite */
};

struct plan_door {
  struct slug name;
  char title[title_max + 1];
  uint16_t gate;
  uint16_t from, to; /* areas on its two sides, in the gate's direction */
  uint8_t lock, egress, rex;
  bool contact;      /* reports open and closed; without one a grant is taken at once */
  bool lock_monitor; /* has a contact at the bolt */
  bool tells_locked; /* derived: said by its line; of others the timer tells */
  bool boundary;     /* derived: one side is outside */
  uint32_t unlock_ms, held_open_ms;
  struct plan_wiring wiring;
  uint32_t peers_at, n_peers; /* in plan.peers: the other doors of its interlock groups */
};

struct plan_reader {
  struct slug name;
  uint16_t door;
  uint8_t direction; /* enum direction: the way it lets pass */
  uint8_t factors;   /* enum factors */
  uint8_t secure;    /* enum secure: OSDP secure channel */
  uint8_t address;   /* OSDP address on its line, 0-126 */
  uint16_t line;     /* NONE16 = none */
  bool enroll;       /* may show a raw card number */
};

struct plan_line {
  struct slug name;
  uint8_t kind;    /* enum line_kind */
  uint32_t baud;   /* serial only */
  char where[108]; /* device path, or host:port */
};

struct plan_span {
  uint16_t from, until; /* minutes; [from, until) */
};
struct plan_exception {
  int32_t day;                /* local, days since 1970-01-01 */
  uint32_t spans_at, n_spans; /* in plan.spans, minutes 0-1440 of that day; none = closed all day */
};
struct plan_schedule {
  struct slug name;
  uint32_t spans_at, n_spans;           /* in plan.spans, minutes 0-10080 from Monday 00:00 local */
  uint32_t exceptions_at, n_exceptions; /* in plan.exceptions */
};

struct plan_level_rule {
  uint16_t gate, schedule;
  uint8_t direction;
};
struct plan_level {
  struct slug name;
  char title[title_max + 1];
  uint32_t rules_at, n_rules; /* in plan.level_rules */
  bool in_lockdown;           /* holders pass during a lockdown */
};

struct plan_threat {
  struct slug name;
  uint32_t refuse_kinds; /* bit (1 << enum person_kind) */
  uint8_t factors;       /* added to every reader's */
};

/* A card format. Its bits are counted from 0, which is the first that a reader sends. */
struct plan_format {
  struct slug name;
  uint16_t bits;                    /* 0 = any length */
  uint32_t fields_at, n_fields;     /* in plan.format_fields; none = all bits are the number */
  uint32_t parities_at, n_parities; /* in plan.format_parities, in the order they are computed */
};
struct plan_format_field { /* a number, its highest bit first */
  struct slug name;
  uint16_t first, bits;
};
struct plan_format_parity {
  uint16_t bit;
  uint8_t kind;                    /* enum parity: of the bit and those it covers */
  uint8_t over[card_bits_max / 8]; /* bit i of the card: over[i / 8] & 0x80 >> i % 8 */
};

struct plan_witness {
  char vkey[256];
  char url[256];
};

/* How long what is about custody may take before it is an alarm (core/deadline.h). At most a week,
 * as any duration of a plan. X(member, "key", seconds at least, at most, usual, "usual", doc) */
#define RULE_TIME_LIST(X)                                                                          \
  X(recall_answer_s, "recall-answer", 60, 86400, 1800, "30min", "in which a recall is answered")   \
  X(hearing_close_s, "hearing-close", 60, 604800, 43200, "12h",                                    \
    "after its time, in which a hearing is closed")                                                \
  X(order_confirm_s, "order-confirm", 60, 604800, 86400, "1d",                                     \
    "in which an order is authenticated, recalled or refuted")                                     \
  X(release_answer_s, "release-answer", 60, 604800, 86400, "1d",                                   \
    "after a release was refused, in which that is resolved")                                      \
  X(assessment_answer_s, "assessment-answer", 60, 604800, 604800, "7d",                            \
    "after it was contested, in which an assessment is reviewed")                                  \
  X(exception_write_s, "exception-write", 60, 604800, 259200, "3d",                                \
    "after an emergency has left, in which its order is cited")                                    \
  X(death_resolve_s, "death-resolve", 60, 604800, 259200, "3d",                                    \
    "after a death was recorded, in which its cause and the remains are")

struct plan_rules {
  uint32_t pin_attempts; /* wrong ones before the lock-out; 0 = never locks */
  uint32_t pin_lock_s;
  uint32_t escort_ms; /* how long before or after, at the same door */
  uint32_t two_person_ms;
  uint32_t escorted_kinds;   /* bit (1 << enum person_kind) */
  uint32_t escort_kinds;     /* who may escort */
  uint32_t relock_margin_ms; /* from the decision to the reader's own timer starting, at most */
  uint32_t stale_ms;         /* at the boundary */
  uint32_t clock_tolerance_ms;
  uint32_t witness_quorum;
  bool second_operator; /* what permits needs two; may be false only where no custody is */
#define X(member, key, least, most, usual, text, doc) uint32_t member;
  RULE_TIME_LIST(X)
#undef X
};

struct plan_zone_transition {
  int64_t from_s; /* UTC seconds */
  int32_t offset_s;
};

struct plan {
  struct slug name;
  char title[title_max + 1];
  char zone[64]; /* IANA name, for people */
  struct plan_rules rules;

  uint32_t n_areas, n_gates, n_doors, n_readers, n_lines, n_schedules, n_levels, n_threats,
      n_formats, n_witnesses;
  uint32_t n_peers, n_spans, n_exceptions, n_level_rules, n_format_fields, n_format_parities,
      n_zone;
  struct plan_area *areas;
  struct plan_gate *gates;
  struct plan_door *doors;
  struct plan_reader *readers;
  struct plan_line *lines;
  struct plan_schedule *schedules;
  struct plan_level *levels;
  struct plan_threat *threats;
  struct plan_format *formats;
  struct plan_witness *witnesses;
  uint16_t *peers;
  struct plan_span *spans;
  struct plan_exception *exceptions;
  struct plan_level_rule *level_rules;
  struct plan_format_field *format_fields;
  struct plan_format_parity *format_parities;
  struct plan_zone_transition *zone_transitions;

  /* Derived by plan_derive, not in the blob. */
  uint8_t *access;                  /* [gate][direction][level] -> schedule + 1, 0 = no access */
  uint16_t *lookup[REF_KIND_COUNT]; /* hash of name -> index, power of two sized, NONE16 = empty */
  uint32_t lookup_mask[REF_KIND_COUNT];
};

/* Sizes derive's arrays from the counts and fills them: access, lookup, area.custody,
 * door.boundary. The caller allocated `access` (n_gates * 2 * n_levels) and `lookup[kind]`
 * (plan_lookup_size slots) beforehand; no allocation here. */
void plan_derive(struct plan *p);
uint32_t plan_lookup_size(uint32_t n);

/* False when there is no such name. kind: AREA … FORMAT. */
bool plan_find(const struct plan *p, enum ref_kind kind, struct span name, uint32_t *index);
const struct slug *plan_name(const struct plan *p, enum ref_kind kind, uint32_t index);
uint32_t plan_count(const struct plan *p, enum ref_kind kind);

/* Does the plan say that it has the part at this wire? Each door has a strike. */
bool plan_door_has(const struct plan_door *d, enum door_wire wire);
/* The reader of this line that the door is wired to; NONE16: the line does not drive it. */
uint16_t plan_door_board(const struct plan *p, uint32_t door, uint32_t line);

/* The area itself or one of its ancestors is `outer`. */
bool plan_area_within(const struct plan *p, uint32_t area, uint32_t outer);
/* Is the schedule open at this instant? Local time by the plan's own transitions, so both days of
 * a daylight-saving change are right: minutes are those that a wall clock shows. */
bool plan_schedule_open(const struct plan *p, uint32_t schedule, usec at);
/* Seconds that the site's wall clocks are ahead of UTC at this instant (seconds since 1970 UTC). */
int32_t plan_zone_offset(const struct plan *p, int64_t utc_s);

#endif
