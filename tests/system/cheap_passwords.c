/* The whole of sallyport, but founding sites whose passwords cost next to nothing to try: what
 * system tests make their sites with, who else would spend most of their time in scrypt. The
 * shipped program then reads the cost from the journal, as it does from any. It is the linker that
 * puts these two in between, so the shipped program has no such way; what it founds and adds costs
 * what it should, which tests look at. */
#include "engine/engine.h"
#include "engine/founding.h"

enum { cheap_n = 16 };

enum sp_err __real_founding_make(struct store *store, const struct founding *f, struct fault *why);
enum sp_err __wrap_founding_make(struct store *store, const struct founding *f, struct fault *why);
enum sp_err __real_engine_new(struct engine **out, const struct engine_config *config,
                              struct fault *why);
enum sp_err __wrap_engine_new(struct engine **out, const struct engine_config *config,
                              struct fault *why);

enum sp_err __wrap_founding_make(struct store *store, const struct founding *f, struct fault *why) {
  struct founding cheap = *f;
  cheap.password_n = cheap_n;
  return __real_founding_make(store, &cheap, why);
}

enum sp_err __wrap_engine_new(struct engine **out, const struct engine_config *config,
                              struct fault *why) {
  struct engine_config cheap = *config;
  cheap.password_n = cheap_n;
  return __real_engine_new(out, &cheap, why);
}
