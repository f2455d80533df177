#include "plan/plan_fields.h"

#include <string.h>

#define AT(strct, member) offsetof(struct strct, member)
#define NAME(s, doc)                                                                               \
  { "name", PLAN_NAME, true, AT(s, name), 0, NULL, 0, 0, NULL, doc }
#define TITLE(s)                                                                                   \
  {                                                                                                \
    "title", PLAN_TITLE, false, AT(s, title), 0, NULL, 0, 0, "the name",                           \
        "for people, any language"                                                                 \
  }
#define ENUM(key, s, m, names, fb, doc)                                                            \
  { key, PLAN_ENUM, false, AT(s, m), 0, names, 0, 0, fb, doc }
#define REF(key, req, s, m, kind, doc)                                                             \
  { key, PLAN_REF, req, AT(s, m), REF_##kind, NULL, 0, 0, NULL, doc }
#define BOOL(key, s, m, fb, doc)                                                                   \
  { key, PLAN_BOOL, false, AT(s, m), 0, NULL, 0, 0, fb, doc }
#define NUMBER(key, kind, s, m, lo, hi, fb, doc)                                                   \
  { key, kind, false, AT(s, m), 0, NULL, lo, hi, fb, doc }
#define NESTED(key, req, doc)                                                                      \
  { key, PLAN_NESTED, req, 0, 0, NULL, 0, 0, NULL, doc }

static const struct plan_field top[] = {
    NESTED("site", true, "what the site is; see there"),
    NESTED("areas", true, "list: the areas directly within the site"),
    NESTED("gates", true, "list: the ways between areas"),
    NESTED("interlocks", false,
           "list of lists of doors, of each of which at most one may be unsecured; the doors of a "
           "sally port are one already"),
    NESTED("lines", false, "list: buses and connections to readers"),
    NESTED("schedules", false, "list: times of the week; `always` exists"),
    NESTED("levels", true, "list: access levels"),
    NESTED("threats", false,
           "list, least strict first: named states that narrow what is permitted; `normal` if none "
           "is given"),
    NESTED("formats", false, "list: card formats accepted; `h10301` if none is given"),
    NESTED("witnesses", false, "list: who cosigns the log's checkpoints"),
    NESTED("rules", false, "what holds for the whole site"),
};
static const struct plan_field site[] = {
    NAME(plan, "of the site, in every entry"),
    TITLE(plan),
    {"zone", PLAN_ZONE, true, AT(plan, zone), 0, NULL, 0, 0, NULL,
     "IANA time zone of the schedules"},
    NESTED("capacity", false, "persons in the whole site; 0, the default, is no limit"),
};
static const struct plan_field areas[] = {
    NAME(plan_area, "unique among areas"),
    TITLE(plan_area),
    {"kind", PLAN_ENUM, true, AT(plan_area, kind), 0, area_kind_names, 0, 0, NULL,
     "what it is for"},
    NUMBER("capacity", PLAN_U32, plan_area, capacity, 0, plan_capacity_max, "0",
           "persons; 0 = no limit"),
    NUMBER("floor-area", PLAN_M2, plan_area, floor_area_dm2, 0, 0, "not given",
           "m², for the conditions"),
    NUMBER("bunks", PLAN_U16, plan_area, bunks, 0, 10000, "0", "places to sleep"),
    NUMBER("toilets", PLAN_U16, plan_area, toilets, 0, 10000, "0", ""),
    NUMBER("sinks", PLAN_U16, plan_area, sinks, 0, 10000, "0", ""),
    NUMBER("showers", PLAN_U16, plan_area, showers, 0, 10000, "0", ""),
    ENUM("anti-passback", plan_area, anti_passback, passback_names, "none",
         "the rule for readers that lead into this area"),
    NUMBER("anti-passback-time", PLAN_SECONDS, plan_area, anti_passback_s, 0, 604800, "0s",
           "of `timed`"),
    BOOL("two-person", plan_area, two_person, "false",
         "never one person alone: the first two enter and the last two leave together"),
    BOOL("escort", plan_area, escort, "false", "kinds in rules.escorted enter with an escort only"),
    REF("first-person", false, plan_area, first_person, LEVEL,
        "a holder of this level is inside before anyone else"),
    NESTED("areas", false, "list: the areas within this one"),
    NESTED("cells", false,
           "list: rows of cells that are all alike, each with a gate, a door and two readers; see "
           "`cells`"),
};
/* Besides the fields of an area. */
static const struct plan_field cells[] = {
    {"count", PLAN_U32, true, AT(plan_cells, count), 0, NULL, 1, plan_cells_max, NULL,
     "how many: NAME-1 to NAME-count, each with a gate and a door of that name from the area "
     "around, and the readers NAME-1-in and NAME-1-out"},
    REF("line", false, plan_cells, line, LINE, "of their readers"),
    NUMBER("address", PLAN_U8, plan_cells, address, 0, 126, "0",
           "of the first reader; the others follow, two for each cell"),
    ENUM("factors", plan_cells, factors, factor_names, "card", "what must be presented"),
    ENUM("secure", plan_cells, secure, secure_names, "required",
         "OSDP secure channel, of all of their readers"),
    NUMBER("unlock-time", PLAN_MS, plan_cells, unlock_ms, 100, 600000, "10s",
           "by the reader's own timer"),
    NUMBER("held-open-time", PLAN_MS, plan_cells, held_open_ms, 1000, 86400000, "2min",
           "after which an open door is an alarm"),
};
static const struct plan_field gates[] = {
    NAME(plan_gate, "unique among gates"),
    TITLE(plan_gate),
    REF("from", true, plan_gate, from, AREA, "an area, or `outside`; `in` is from here"),
    REF("to", true, plan_gate, to, AREA, "to there"),
    REF("vestibule", false, plan_gate, vestibule, AREA,
        "of a sally port: the area between its two doors"),
    NESTED("doors", true, "list of one door; of a sally port two, the one at `from` first"),
};
static const struct plan_field doors[] = {
    NAME(plan_door, "unique among doors"),
    TITLE(plan_door),
    ENUM("lock", plan_door, lock, lock_kind_names, "fail-secure", "what it does without power"),
    ENUM("egress", plan_door, egress, egress_names, "controlled",
         "free: opens from inside without software; it is only recorded"),
    ENUM("rex", plan_door, rex, rex_names, "none",
         "request to exit; `unlock` not in an interlock group"),
    BOOL("contact", plan_door, contact, "true",
         "tells open from closed; without it a grant counts as passed. Asked of all in an "
         "interlock group"),
    BOOL("lock-monitor", plan_door, lock_monitor, "false",
         "a contact at the bolt tells locked; without it the reader's timer does, and in an "
         "interlock group the line"),
    NUMBER("unlock-time", PLAN_MS, plan_door, unlock_ms, 100, 600000, "5s",
           "by the reader's own timer"),
    NUMBER("held-open-time", PLAN_MS, plan_door, held_open_ms, 1000, 86400000, "30s",
           "after which an open door is an alarm"),
    NESTED("wiring", false, "where its strike and contacts are wired to; see `wiring`"),
    NESTED("readers", false, "list: its readers"),
};
#define X(NAME, text, usual, doc)                                                                  \
  NUMBER(text, PLAN_U8, plan_door, wiring.number[WIRE_##NAME], 0, wire_number_max, #usual, doc),
static const struct plan_field wiring[] = {
    REF("at", false, plan_door, wiring.at, READER,
        "whose outputs and inputs they are: any reader on the line of the door's own; the first of "
        "these on it if none is named"),
    WIRE_LIST(X){
        "inverted", PLAN_WIRES, false, AT(plan_door, wiring.inverted), 0, wire_names, 0, 0, "none",
        "of which on, or active, means the opposite: `contact` where the circuit is closed while "
        "the door is; `strike` where the output's current holds the door locked"},
};
#undef X
static const struct plan_field readers[] = {
    NAME(plan_reader, "unique among readers"),
    {"direction", PLAN_ENUM, true, AT(plan_reader, direction), 0, direction_names, 0, 0, NULL,
     "the way it lets pass, seen from the gate's `from`"},
    ENUM("factors", plan_reader, factors, factor_names, "card", "what must be presented"),
    REF("line", false, plan_reader, line, LINE, "how it is reached"),
    NUMBER("address", PLAN_U8, plan_reader, address, 0, 126, "0", "on its line; unique there"),
    ENUM("secure", plan_reader, secure, secure_names, "required", "OSDP secure channel"),
    BOOL("enroll", plan_reader, enroll, "false", "may show a raw card number, to issue it"),
};
static const struct plan_field lines[] = {
    NAME(plan_line, "unique among lines"),
    {"kind", PLAN_ENUM, true, AT(plan_line, kind), 0, line_kind_names, 0, 0, NULL,
     "how it is connected"},
    {"where", PLAN_TEXT, true, AT(plan_line, where), 0, NULL, 0, 107, NULL,
     "device path, or host:port"},
    NUMBER("baud", PLAN_U32, plan_line, baud, 9600, 230400, "9600", "of a serial line"),
};
static const struct plan_field schedules[] = {
    NAME(plan_schedule, "unique among schedules"),
    NESTED("week", true,
           "mapping: `mon`, `mon-fri`, `sat, sun` or `daily` to times like `06:00-18:00, "
           "20:00-24:00`; a time past midnight (`22:00-06:00`) ends on the next day"),
    NESTED("exceptions", false,
           "mapping: `2026-12-24` or `2026-12-24..2027-01-01` to times of that day, or `closed`"),
};
static const struct plan_field levels[] = {
    NAME(plan_level, "unique among levels"),
    TITLE(plan_level),
    BOOL("in-lockdown", plan_level, in_lockdown, "false", "holders pass during a lockdown"),
    NESTED("access", true, "list: which gates its holders pass, which way and when; see `access`"),
};
static const char *const access_directions[] = {"in", "out", "both", NULL};
static const struct plan_field access[] = {
    NESTED("gates", true, "`all`, or a list of names; `east-*` is all that begin so"),
    ENUM("direction", plan_access, direction, access_directions, "both",
         "seen from the gate's `from`"),
    {"schedule", PLAN_REF, false, AT(plan_access, schedule), REF_SCHEDULE, NULL, 0, 0, "always",
     "when"},
};
static const struct plan_field threats[] = {
    NAME(plan_threat, "unique among threat levels"),
    {"refuse", PLAN_KINDS, false, AT(plan_threat, refuse_kinds), 0, person_kind_names, 0, 0, "none",
     "kinds of person that pass nowhere"},
    ENUM("factors", plan_threat, factors, factor_names, "card",
         "asked at every reader besides its own"),
};
static const struct plan_field formats[] = {
    NAME(plan_format, "unique among formats; that of a standard format stands for its layout"),
    NUMBER("bits", PLAN_U16, plan_format, bits, 0, card_bits_max, "0",
           "length, parity included; 0 = any, or the standard format's"),
    NESTED("fields", false,
           "list, highest first: the numbers in it; see `fields`. Without any, all bits are one "
           "number"),
    NESTED("parity", false,
           "list, in the order they are computed: the bits that tell a damaged read; see `parity`"),
};
static const struct plan_field format_fields[] = {
    NAME(plan_format_field, "like facility, company or number; unique in its format"),
    {"first", PLAN_U16, true, AT(plan_format_field, first), 0, NULL, 0, card_bits_max - 1, NULL,
     "its highest bit; 0 is the first that the reader sends"},
    {"bits", PLAN_U16, true, AT(plan_format_field, bits), 0, NULL, 1, card_bits_max, NULL,
     "how many it has"},
};
static const struct plan_field format_parities[] = {
    {"bit", PLAN_U16, true, AT(plan_format_parity, bit), 0, NULL, 0, card_bits_max - 1, NULL,
     "where it stands, outside of the fields"},
    {"kind", PLAN_ENUM, true, AT(plan_format_parity, kind), 0, parity_names, 0, 0, NULL,
     "how many ones there are among it and the bits it covers"},
    NESTED("over", true, "the bits it covers, like `1-12` or `2-3, 5-6, 8`"),
};
static const struct plan_field witnesses[] = {
    {"vkey", PLAN_TEXT, true, AT(plan_witness, vkey), 0, NULL, 0, 255, NULL, "verifier key"},
    {"url", PLAN_TEXT, true, AT(plan_witness, url), 0, NULL, 0, 255, NULL, "where it is asked"},
};
static const struct plan_field rules[] = {
    NUMBER("pin-attempts", PLAN_U32, plan_rules, pin_attempts, 0, 100, "5",
           "wrong PINs before the lock-out; 0 = never"),
    NUMBER("pin-lock", PLAN_SECONDS, plan_rules, pin_lock_s, 1, 604800, "15min",
           "how long it lasts"),
    NUMBER("escort-time", PLAN_MS, plan_rules, escort_ms, 1000, 600000, "20s",
           "the escort presents this long before or after, at the same door"),
    NUMBER("two-person-time", PLAN_MS, plan_rules, two_person_ms, 1000, 600000, "20s",
           "likewise the second of two persons"),
    {"escorted", PLAN_KINDS, false, AT(plan_rules, escorted_kinds), 0, person_kind_names, 0, 0,
     "visitor, contractor", "kinds that need an escort where an area says so"},
    {"escorts", PLAN_KINDS, false, AT(plan_rules, escort_kinds), 0, person_kind_names, 0, 0,
     "staff, officer", "kinds that may be one"},
    NUMBER("relock-margin", PLAN_MS, plan_rules, relock_margin_ms, 100, 10000, "1s",
           "from a decision until the reader has started its timer, at most; a later unlock is "
           "dropped"),
    NUMBER("stale-limit", PLAN_MS, plan_rules, stale_ms, 1000, 3600000, "60s",
           "at the boundary: how old knowledge may be"),
    NUMBER("clock-tolerance", PLAN_MS, plan_rules, clock_tolerance_ms, 0, 60000, "1s",
           "how far the clock may step back before it is not trusted"),
    NUMBER("witness-quorum", PLAN_U32, plan_rules, witness_quorum, 0, witnesses_max, "0",
           "how many witnesses must cosign"),
    BOOL("second-operator", plan_rules, second_operator, "true",
         "what permits needs two operators of different roles; may be false only where nobody is "
         "held"),
#define X(member, key, least, most, usual, text, doc)                                              \
  NUMBER(key, PLAN_SECONDS, plan_rules, member, least, most, text, doc "; then it is an alarm"),
    RULE_TIME_LIST(X)
#undef X
};

#define SECTION(name, place, list, fields, doc)                                                    \
  { name, place, list, fields, sizeof fields / sizeof fields[0], doc }
const struct plan_section plan_sections[] = {
    SECTION("plan", "top", false, top, "The file"),
    SECTION("site", "plan", false, site, "The site"),
    SECTION("areas", "plan", true, areas, "An area: a bounded space; nested as it is built"),
    SECTION("cells", "areas", true, cells, "A row of cells: any field of an area, and"),
    SECTION("gates", "plan", true, gates, "A gate: a way between two areas"),
    SECTION("doors", "gates", true, doors, "A door of a gate"),
    SECTION("wiring", "doors", false, wiring,
            "Where a door is wired to: numbers of a reader's output (strike) and inputs"),
    SECTION("readers", "doors", true, readers, "A reader at a door"),
    SECTION("lines", "plan", true, lines, "A line"),
    SECTION("schedules", "plan", true, schedules, "A schedule"),
    SECTION("levels", "plan", true, levels, "An access level"),
    SECTION("access", "levels", true, access, "One line of what a level opens"),
    SECTION("threats", "plan", true, threats, "A threat level"),
    SECTION("formats", "plan", true, formats, "A card format"),
    SECTION("fields", "formats", true, format_fields, "A number in a card format"),
    SECTION("parity", "formats", true, format_parities, "A parity bit of a card format"),
    SECTION("witnesses", "plan", true, witnesses, "A witness"),
    SECTION("rules", "plan", false, rules, "Rules of the site"),
};
const size_t plan_sections_n = sizeof plan_sections / sizeof plan_sections[0];

const struct plan_section *plan_section_of(const char *name) {
  for (size_t i = 0; i < plan_sections_n; i++)
    if (strcmp(plan_sections[i].name, name) == 0)
      return &plan_sections[i];
  SP_NEVER("the section exists");
}

static void document_kind(struct buf *out, const struct plan_field *f) {
  static const char *const words[] = {
      [PLAN_NAME] = "name",
      [PLAN_TITLE] = "text",
      [PLAN_TEXT] = "text",
      [PLAN_U8] = "number",
      [PLAN_U16] = "number",
      [PLAN_U32] = "number",
      [PLAN_M2] = "m²",
      [PLAN_MS] = "duration",
      [PLAN_SECONDS] = "duration",
      [PLAN_BOOL] = "true/false",
      [PLAN_ENUM] = "",
      [PLAN_KINDS] = "list of kinds of person",
      [PLAN_WIRES] = "list of wires",
      [PLAN_REF] = "",
      [PLAN_ZONE] = "time zone",
      [PLAN_NESTED] = "",
  };
  buf_puts(out, words[f->kind]);
  if (f->kind == PLAN_REF)
    buf_printf(out, "name of %s %s", f->ref == REF_AREA ? "an" : "a", ref_kind_names[f->ref]);
  if (f->kind == PLAN_ENUM)
    for (int i = 0; f->names[i]; i++)
      buf_printf(out, "%s`%s`", i ? " " : "", f->names[i]);
  if (f->hi && (f->kind == PLAN_U8 || f->kind == PLAN_U16 || f->kind == PLAN_U32))
    buf_printf(out, " %u to %u", f->lo, f->hi);
}

void plan_fields_document(struct buf *out) {
  for (size_t s = 0; s < plan_sections_n; s++) {
    const struct plan_section *p = &plan_sections[s];
    buf_printf(out, "### `%s`\n\n%s.\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
               p->name, p->doc);
    for (size_t i = 0; i < p->n_fields; i++) {
      const struct plan_field *f = &p->fields[i];
      buf_printf(out, "| `%s` | ", f->key);
      document_kind(out, f);
      buf_printf(out, " | %s | %s |\n",
                 f->required   ? "**required**"
                 : f->fallback ? f->fallback
                               : "",
                 f->doc);
    }
    buf_puts(out, "\n");
  }
}
