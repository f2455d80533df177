#include "core/reason.h"

#define X(NAME, code, row, text) code,
const char *const reason_codes[] = {REASON_LIST(X) NULL};
#undef X

static const struct {
  unsigned row;
  const char *sentence;
} rows[REASON_COUNT] = {
#define X(NAME, code, row, text) {row, text},
    REASON_LIST(X)
#undef X
};

const char *reason_sentence(enum reason r) {
  SP_ASSERT((unsigned)r < REASON_COUNT);
  return rows[r].sentence;
}

unsigned reason_row(enum reason r) {
  SP_ASSERT((unsigned)r < REASON_COUNT);
  return rows[r].row;
}
