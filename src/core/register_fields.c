#include "core/register_fields.h"

#define X(NAME, name, clauses, required, shape, answers, doc) name,
const char *const register_field_names[] = {REGISTER_FIELD_LIST(X) NULL};
#undef X

const char *const identity_ways[] = {
    "papers", "biometrics", "known_before", "family", "others_say", "their_word", NULL};

const char *const register_shape_names[REGISTER_SHAPE_COUNT] = {
    [REGISTER_TEXT] = "text", [REGISTER_LIST] = "list",     [REGISTER_TIME] = "time",
    [REGISTER_HASH] = "hash", [REGISTER_CHOICE] = "choice",
};

static const struct register_row rows[REGISTER_FIELD_COUNT] = {
#define X(NAME, name, clauses, required, shape, answers, doc)                                      \
  {name, clauses, doc, required, REGISTER_##shape, answers},
    REGISTER_FIELD_LIST(X)
#undef X
};

const struct register_row *register_row(uint32_t f) {
  SP_ASSERT(f < REGISTER_FIELD_COUNT);
  return &rows[f];
}

uint32_t register_required(void) {
#define X(NAME, name, clauses, required, shape, answers, doc)                                      \
  (required ? 1u << REGISTER_##NAME : 0) |
  return REGISTER_FIELD_LIST(X) 0;
#undef X
}

uint32_t register_missing(uint32_t recorded) {
  return register_required() & ~recorded;
}
