/* fields.h: shorthands for the rows of command and event tables. Private to core. A table names
 * its struct in S before its rows; rows are sorted by JSON name, which a test holds. */
#ifndef SP_CORE_FIELDS_H
#define SP_CORE_FIELDS_H

#include "base/record.h"

#define FIELD_ROW(kind, flags, json, member, ref, names, doc)                                      \
  { json, kind, flags, offsetof(struct S, member), ref, names, doc }

#define F_TYPE                                                                                     \
  { "type", FIELD_CONST, FIELD_REQUIRED, 0, REF_NONE, NULL, "what is asked" }
#define F_BOOL(json, member, doc) FIELD_ROW(FIELD_BOOL, 0, json, member, REF_NONE, NULL, doc)
#define F_BOOL_ENGINE(json, member, doc)                                                           \
  FIELD_ROW(FIELD_BOOL, FIELD_ENGINE, json, member, REF_NONE, NULL, doc)
#define F_U32(json, member, doc) FIELD_ROW(FIELD_U32, 0, json, member, REF_NONE, NULL, doc)
#define F_U32_REQUIRED(json, member, doc)                                                          \
  FIELD_ROW(FIELD_U32, FIELD_REQUIRED, json, member, REF_NONE, NULL, doc)
#define F_U64(json, member, doc) FIELD_ROW(FIELD_U64, 0, json, member, REF_NONE, NULL, doc)
#define F_U64_REQUIRED(json, member, doc)                                                          \
  FIELD_ROW(FIELD_U64, FIELD_REQUIRED, json, member, REF_NONE, NULL, doc)
#define F_TIME(json, member, doc) FIELD_ROW(FIELD_TIME, 0, json, member, REF_NONE, NULL, doc)
#define F_TIME_REQUIRED(json, member, doc)                                                         \
  FIELD_ROW(FIELD_TIME, FIELD_REQUIRED, json, member, REF_NONE, NULL, doc)
#define F_ENUM(json, member, names, doc)                                                           \
  FIELD_ROW(FIELD_ENUM, FIELD_REQUIRED, json, member, REF_NONE, names, doc)
#define F_SET(json, member, names, doc) FIELD_ROW(FIELD_SET, 0, json, member, REF_NONE, names, doc)
#define F_SET_ENGINE(json, member, names, doc)                                                     \
  FIELD_ROW(FIELD_SET, FIELD_ENGINE, json, member, REF_NONE, names, doc)
#define F_ID(json, member, doc)                                                                    \
  FIELD_ROW(FIELD_ID, FIELD_REQUIRED, json, member, REF_NONE, NULL, doc)
#define F_ID_OPTIONAL(json, member, doc) FIELD_ROW(FIELD_ID, 0, json, member, REF_NONE, NULL, doc)
#define F_ID_NEW(json, member, doc)                                                                \
  FIELD_ROW(FIELD_ID, FIELD_REQUIRED | FIELD_ENGINE, json, member, REF_NONE, NULL, doc)
#define F_TAG(json, member, doc)                                                                   \
  FIELD_ROW(FIELD_ID, FIELD_ENGINE, json, member, REF_NONE, NULL, doc)
#define F_HASH(json, member, doc)                                                                  \
  FIELD_ROW(FIELD_HASH, FIELD_REQUIRED, json, member, REF_NONE, NULL, doc)
#define F_HASH_OPTIONAL(json, member, doc)                                                         \
  FIELD_ROW(FIELD_HASH, 0, json, member, REF_NONE, NULL, doc)
#define F_SLUG(json, member, doc)                                                                  \
  FIELD_ROW(FIELD_SLUG, FIELD_REQUIRED, json, member, REF_NONE, NULL, doc)
#define F_REF(json, member, kind, doc)                                                             \
  FIELD_ROW(FIELD_REF, FIELD_REQUIRED, json, member, REF_##kind, NULL, doc)
#define F_REF_OPTIONAL(json, member, kind, doc)                                                    \
  FIELD_ROW(FIELD_REF, 0, json, member, REF_##kind, NULL, doc)
#define F_REFS(json, member, doc) FIELD_ROW(FIELD_REFS, 0, json, member, REF_NONE, NULL, doc)
/* What the engine found when it searched for the same human. */
#define F_CANDIDATES(json, member, doc)                                                            \
  FIELD_ROW(FIELD_REFS, FIELD_ENGINE, json, member, REF_NONE, NULL, doc)
#define F_MORE(json, member, doc)                                                                  \
  FIELD_ROW(FIELD_BOOL, FIELD_ENGINE, json, member, REF_NONE, NULL, doc)
#define F_REASONS(json, member, doc)                                                               \
  FIELD_ROW(FIELD_REASONS, 0, json, member, REF_NONE, reason_codes, doc)

#endif
