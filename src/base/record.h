/* record.h: one table for each kind of command and entry says its fields; encoding, decoding,
 * documentation and completion are all made from it.
 *
 * The encoding is canonical JSON (RFC 8785) of a small dialect: objects with keys in byte order,
 * strings of printable ASCII that need no escape, integers from 0 to 2^53-1, true and false, no
 * null, no white space. A field that is absent is left out.
 */
#ifndef SP_BASE_RECORD_H
#define SP_BASE_RECORD_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

/* 128 random bits. All zero means absent. JSON: 32 lower-case hex digits. */
struct id {
  uint8_t b[16];
};
/* SHA-256, or HMAC-SHA256. All zero means absent. JSON: 64 lower-case hex digits. */
struct hash {
  uint8_t b[32];
};
/* A name in the site plan: lower-case letters, digits and inner hyphens, NUL-padded. */
enum { slug_max = 31 };
struct slug {
  char s[slug_max + 1];
};

/* What an index points at. JSON of a typed field is the name or hex id alone; of an untyped one
 * "kind:name". The index is the one in force when the record was made. */
#define REF_KIND_LIST(X)                                                                           \
  X(NONE, "none")                                                                                  \
  X(AREA, "area")                                                                                  \
  X(GATE, "gate")                                                                                  \
  X(DOOR, "door")                                                                                  \
  X(READER, "reader")                                                                              \
  X(LINE, "line")                                                                                  \
  X(SCHEDULE, "schedule")                                                                          \
  X(LEVEL, "level")                                                                                \
  X(THREAT, "threat")                                                                              \
  X(FORMAT, "format")                                                                              \
  X(PERSON, "person")                                                                              \
  X(CREDENTIAL, "credential")                                                                      \
  X(OPERATOR, "operator")                                                                          \
  X(AUTHORITY, "authority")                                                                        \
  X(PLACE, "place")                                                                                \
  X(COUNTRY, "country")                                                                            \
  X(BASIS, "basis")                                                                                \
  X(CLASS, "class")                                                                                \
  X(ORDER, "order")                                                                                \
  X(BOOKING, "booking")                                                                            \
  X(MOVEMENT, "movement")                                                                          \
  X(HEARING, "hearing")                                                                            \
  X(VISIT, "visit")                                                                                \
  X(ASSESSMENT, "assessment")                                                                      \
  X(COUNT, "count")                                                                                \
  X(ENTRY, "entry") /* the index is a journal index; JSON "entry:123" */

enum ref_kind {
#define X(name, text) REF_##name,
  REF_KIND_LIST(X)
#undef X
      REF_KIND_COUNT
};

#define REF_ABSENT  UINT32_MAX
#define TIME_ABSENT INT64_MIN

struct ref {
  uint32_t kind; /* enum ref_kind */
  uint32_t index;
};

enum { refs_max = 8, reasons_max = 64 };
struct refs {
  uint32_t n;
  struct ref at[refs_max];
};
/* Why a decision was as it was: a code of the reason table and what it rests on. */
struct reasons {
  uint32_t n;
  struct reason_on {
    uint32_t code;
    struct ref on;
  } at[reasons_max];
};

enum field_kind {
  FIELD_CONST, /* no storage: the record's type, written as a string and required to be equal */
  FIELD_BOOL,  /* bool; false is absent */
  FIELD_U32,   /* uint32_t; 0 is absent unless FIELD_REQUIRED */
  FIELD_U64,   /* uint64_t up to 2^53-1; 0 is absent unless FIELD_REQUIRED */
  FIELD_TIME,  /* usec; TIME_ABSENT is absent */
  FIELD_ENUM,  /* uint32_t index into names[]; a NULL ends names[] */
  FIELD_SET,  /* uint32_t bits (1 << index into names[]); 0 is absent; ["…",…] in their order */
  FIELD_ID,   /* struct id */
  FIELD_HASH, /* struct hash */
  FIELD_SLUG, /* struct slug; empty is absent */
  FIELD_REF,  /* uint32_t index of .ref kind; REF_ABSENT is absent */
  FIELD_REF_ANY, /* struct ref; REF_NONE is absent */
  FIELD_REFS,    /* struct refs; empty is absent */
  FIELD_REASONS, /* struct reasons, names[] are the codes: [{"code":"…","on":"kind:name"},…] */
};

enum field_flags {
  FIELD_REQUIRED = 1,
  FIELD_ENGINE = 2, /* filled in by the engine (new ids, keyed tags): nobody may ask with it */
};

struct field {
  const char *name; /* the JSON key; a table is sorted by it in byte order */
  enum field_kind kind;
  unsigned flags;
  size_t offset;
  enum ref_kind ref;
  const char *const *names;
  const char *doc; /* one line for docs */
};

struct record {
  const char *type; /* "passage.granted" */
  const struct field *fields;
  size_t n_fields;
  size_t size; /* of the C struct */
  const char *doc;
};

/* Between an index and its name in JSON. Names are printable ASCII without quote or backslash. */
enum { ref_name_max = 40 };
struct namer {
  void *ctx;
  /* Writes the name (no NUL), returns its length; index is valid for its kind (our invariant). */
  size_t (*name)(void *ctx, enum ref_kind kind, uint32_t index, char out[ref_name_max]);
  /* False when there is no such thing. */
  bool (*find)(void *ctx, enum ref_kind kind, struct span name, uint32_t *index);
};

/* Appends the object. Never fails but for memory (b->failed). */
void record_encode(struct buf *b, const struct record *r, const void *value, const struct namer *n);

/* Strict: unknown, doubled or missing fields, wrong kinds, white space outside strings, values out
 * of range and names that do not exist are SP_INVALID, SP_LIMIT (a long list) or SP_NOT_FOUND with
 * a fault naming the field. Keys may come in any order when `canonical` is false (commands typed by
 * people), and JSON white space is then allowed, and FIELD_ENGINE fields may not be given and stay
 * absent; with it true the text must be what record_encode would write. out is r->size bytes;
 * untouched fields are set to absent. */
enum sp_err record_decode(const struct record *r, void *out, struct span json,
                          const struct namer *n, bool canonical, struct fault *why) SP_MUST_USE;

/* Sets every field to absent. */
void record_clear(const struct record *r, void *value);

/* The rule of struct slug: 1 to slug_max bytes of a-z 0-9 and inner single hyphens. */
bool slug_valid(struct span s);

extern const char *const ref_kind_names[REF_KIND_COUNT + 1];

#endif
