#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *upper, *text;
  int exit_code;
} errs[SP_ERR_COUNT] = {
#define X(name, exit_code, text) {#name, text, exit_code},
    SP_ERR_LIST(X)
#undef X
};

enum sp_err fault_set(struct fault *why, enum sp_err err, const char *fmt, ...) {
  if (why) {
    va_list ap;
    va_start(ap, fmt);
    why->err = err;
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    va_end(ap);
  }
  return err;
}

enum sp_err fault_prefix(struct fault *why, const char *fmt, ...) {
  char old[fault_text_max];
  memcpy(old, why->text, sizeof old);
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(why->text, sizeof why->text, fmt, ap);
  va_end(ap);
  if (n >= 0 && (size_t)n < sizeof why->text)
    snprintf(why->text + n, sizeof why->text - (size_t)n, ": %s", old);
  return why->err;
}

const char *sp_err_name(enum sp_err err) {
  /* Lower case made once per code; the names are fixed, so a race writes the same bytes. */
  static _Thread_local char name[32];
  if ((unsigned)err >= SP_ERR_COUNT)
    return "unknown";
  size_t i = 0;
  for (; errs[err].upper[i] && i + 1 < sizeof name; i++) {
    char c = errs[err].upper[i];
    name[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  name[i] = 0;
  return name;
}

const char *sp_err_text(enum sp_err err) {
  return (unsigned)err < SP_ERR_COUNT ? errs[err].text : "unknown error";
}

int sp_err_exit(enum sp_err err) {
  return (unsigned)err < SP_ERR_COUNT ? errs[err].exit_code : 70;
}

_Noreturn void sp_assert_failed(const char *file, int line, const char *func, const char *cond) {
  fprintf(
      stderr,
      "sallyport: bug: %s:%d: %s: `%s` does not hold. Doors keep their last state and relock by "
      "their own timers. Please report this line.\n",
      file, line, func, cond);
  abort();
}
