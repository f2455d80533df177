/* register_fields.h: the official register of those who are held: which fields it has, by which
 * clause, and which of them must be there when somebody is admitted.
 *
 * Sources: ICPPED, the International Convention for the Protection of All Persons from Enforced
 * Disappearance, article 17(3)(a)-(h); the Nelson Mandela Rules, rules 7(a)-(g) and 8(a)-(f).
 *
 * What a field says is personal: it stands in the details of an entry, never in the entry, which
 * names the fields only. docs/register.md, the check of details (engine/register_details.h) and
 * `sallyport booking template` are made from these two lists. A name stands in journals for ever,
 * as a reason's code does; a new row comes last.
 */
#ifndef SP_CORE_REGISTER_FIELDS_H
#define SP_CORE_REGISTER_FIELDS_H

#include "base/record.h"

/* What may be answered instead of a value: nobody stays unregistered because they do not speak. */
enum register_answer {
  ANSWER_NONE = 1,     /* "none": there is none, and that is the answer */
  ANSWER_DECLINED = 2, /* "declined": they were asked; outstanding until they say */
  ANSWER_UNKNOWN = 4,  /* "unknown": nobody can say yet; outstanding until it is found out */
};
enum { ANSWER_OUTSTANDING = ANSWER_DECLINED | ANSWER_UNKNOWN };

enum register_shape {
  REGISTER_TEXT,   /* one text */
  REGISTER_LIST,   /* a list of texts, one at least */
  REGISTER_TIME,   /* "2026-11-23T07:14:00Z", with seconds or an offset if need be */
  REGISTER_HASH,   /* a SHA-256: 64 lower-case hex digits */
  REGISTER_CHOICE, /* one of identity_ways */
  REGISTER_SHAPE_COUNT
};

/* X(NAME, name, clauses, at admission: required or not, shape, answers besides a value, one line)
 */
#define REGISTER_FIELD_LIST(X)                                                                     \
  X(IDENTITY, "identity", "ICPPED 17(3)(a); Mandela 7(a)", true, TEXT, ANSWER_OUTSTANDING,         \
    "who they are, as they say it and as papers say it: names, birth, nationality")                \
  X(IDENTITY_BY, "identity_by", "ICPPED 17(3)(a); Mandela 7(a)", true, CHOICE, ANSWER_UNKNOWN,     \
    "how that was determined")                                                                     \
  X(GENDER, "gender", "Mandela 7(a)", true, TEXT, ANSWER_OUTSTANDING,                              \
    "their gender, as they say it themselves")                                                     \
  X(DEPRIVED_AT, "deprived_at", "ICPPED 17(3)(b); Mandela 7(b)", true, TIME, ANSWER_UNKNOWN,       \
    "when they were deprived of liberty: the arrest, not the admission")                           \
  X(DEPRIVED_WHERE, "deprived_where", "ICPPED 17(3)(b); Mandela 7(b)", true, TEXT, ANSWER_UNKNOWN, \
    "where that was")                                                                              \
  X(DEPRIVED_BY, "deprived_by", "ICPPED 17(3)(b); Mandela 7(b)", true, TEXT, ANSWER_UNKNOWN,       \
    "the authority that did it, and its officers")                                                 \
  X(GROUNDS, "grounds", "ICPPED 17(3)(c); Mandela 7(b)", true, TEXT, ANSWER_UNKNOWN,               \
    "the reasons for the commitment, as the order gives them")                                     \
  X(SUPERVISED_BY, "supervised_by", "ICPPED 17(3)(d)", true, TEXT, 0,                              \
    "the authority that supervises the deprivation of liberty")                                    \
  X(PLACE_AUTHORITY, "place_authority", "ICPPED 17(3)(e)", true, TEXT, 0,                          \
    "the authority responsible for the place of admission")                                        \
  X(HEALTH, "health", "ICPPED 17(3)(f)", true, TEXT, ANSWER_OUTSTANDING | ANSWER_NONE,             \
    "elements relating to the state of health, medicines among them")                              \
  X(INJURIES, "injuries", "Mandela 7(d)", true, LIST, ANSWER_OUTSTANDING | ANSWER_NONE,            \
    "visible injuries at admission")                                                               \
  X(ILL_TREATMENT, "ill_treatment", "Mandela 7(d)", true, LIST, ANSWER_OUTSTANDING | ANSWER_NONE,  \
    "complaints about ill-treatment before admission")                                             \
  X(PROPERTY, "property", "Mandela 7(e)", true, LIST, ANSWER_NONE,                                 \
    "inventory of personal property")                                                              \
  X(FAMILY, "family", "Mandela 7(f)", true, LIST, ANSWER_OUTSTANDING | ANSWER_NONE,                \
    "names of family members")                                                                     \
  X(CHILDREN, "children", "Mandela 7(f)", true, LIST, ANSWER_OUTSTANDING | ANSWER_NONE,            \
    "children: of each the age, where they are, who has custody or guardianship")                  \
  X(EMERGENCY_CONTACT, "emergency_contact", "Mandela 7(g)", true, TEXT,                            \
    ANSWER_OUTSTANDING | ANSWER_NONE, "whom to call in an emergency, and how")                     \
  X(NEXT_OF_KIN, "next_of_kin", "Mandela 7(g)", true, TEXT, ANSWER_OUTSTANDING | ANSWER_NONE,      \
    "next of kin, and how they are reached")                                                       \
  X(PHOTO, "photo", "Mandela 7(a)", false, HASH, ANSWER_OUTSTANDING,                               \
    "SHA-256 of the photograph taken at admission")                                                \
  X(REPRESENTATION, "representation", "Mandela 8(a)", false, TEXT,                                 \
    ANSWER_OUTSTANDING | ANSWER_NONE, "legal representation, and the judicial process so far")     \
  X(ASSESSMENT, "assessment", "Mandela 8(b)", false, TEXT, ANSWER_UNKNOWN,                         \
    "initial assessment and classification report")                                                \
  X(BEHAVIOUR, "behaviour", "Mandela 8(c)", false, LIST, ANSWER_NONE, "behaviour and discipline")  \
  X(REQUESTS, "requests", "Mandela 8(d)", false, LIST, ANSWER_NONE,                                \
    "requests and complaints, of torture or other ill-treatment too, unless they are "             \
    "confidential")                                                                                \
  X(SANCTIONS, "sanctions", "Mandela 8(e)", false, LIST, ANSWER_NONE, "disciplinary sanctions")    \
  X(HARM, "harm", "Mandela 8(f)", false, LIST, ANSWER_UNKNOWN | ANSWER_NONE,                       \
    "injuries in custody: circumstances and causes")                                               \
  X(RELEASED_TO, "released_to", "ICPPED 17(3)(h)", false, TEXT, ANSWER_OUTSTANDING | ANSWER_NONE,  \
    "where they went when they were released")                                                     \
  X(NOTE, "note", "", false, TEXT, 0, "what belongs to the register and to none of these")

enum register_field {
#define X(NAME, name, clauses, required, shape, answers, doc) REGISTER_##NAME,
  REGISTER_FIELD_LIST(X)
#undef X
      REGISTER_FIELD_COUNT
};
_Static_assert(REGISTER_FIELD_COUNT < 32, "a set of fields is the bits of one number");

/* What the journal holds already, and nobody types again.
 * X(clauses, what, in which entry) */
#define REGISTER_ENTRY_LIST(X)                                                                     \
  X("ICPPED 17(3)(c); Mandela 7(b)", "the authority that ordered it",                              \
    "`order.recorded`: `issuer`; its official and reference in that entry's details")              \
  X("ICPPED 17(3)(c)", "the legal basis", "`order.recorded`: `basis`")                             \
  X("ICPPED 17(3)(c); Mandela 7(b)", "the order itself",                                           \
    "`booking.opened`: `order`; its paper is `document` of `order.recorded` or `order.written`")   \
  X("ICPPED 17(3)(e); Mandela 7(c)", "day and hour of admission",                                  \
    "`booking.opened`: the entry's `at`; into which area and when: `passage.taken`")               \
  X("ICPPED 17(3)(e)", "the place of deprivation of liberty", "every entry's `site`")              \
  X("Mandela 7(c); ICPPED 17(3)(h)", "day and hour of each transfer, and where to",                \
    "`movement.departed`, `movement.diverted`, `movement.arrived`")                                \
  X("ICPPED 17(3)(h)", "the authority responsible for a transfer",                                 \
    "`movement.proposed`: `receiver`; `movement.authorised`; `movement.handed_over`: `receipt`")   \
  X("Mandela 7(c); ICPPED 17(3)(h)", "day and hour of release",                                    \
    "`movement.departed` or `movement.handed_over` of a `release`")                                \
  X("Mandela 8(a)", "dates of hearings", "`hearing.set`, `hearing.closed`")                        \
  X("ICPPED 17(3)(g); Mandela 8(f)", "circumstances and cause of a death",                         \
    "`death.recorded`, `death.cause_found`, with their details")                                   \
  X("ICPPED 17(3)(g); Mandela 8(f)", "destination of the remains", "`death.remains_handed_over`")

extern const char *const register_field_names[]; /* ended by NULL */
extern const char *const identity_ways[];        /* ended by NULL */
extern const char *const register_shape_names[REGISTER_SHAPE_COUNT];

struct register_row {
  const char *name, *clauses, *doc;
  bool required; /* at admission */
  enum register_shape shape;
  unsigned answers; /* bits of enum register_answer */
};
/* f < REGISTER_FIELD_COUNT. */
const struct register_row *register_row(uint32_t f);
/* Those that admission needs; those of `recorded` that it lacks. Bits (1 << enum register_field).
 */
uint32_t register_required(void);
uint32_t register_missing(uint32_t recorded);

#endif
