/* fuzz.h: what the targets share: taking the input apart, and saying what must hold.
 *
 * A target is one fuzz_NAME.c with LLVMFuzzerTestOneInput. It is linked to libFuzzer where clang
 * builds with the address sanitizer, and to replay.c, which runs files, in every build. It checks
 * properties, not only that nothing crashes; one that does not hold ends the program.
 */
#ifndef SP_FUZZ_FUZZ_H
#define SP_FUZZ_FUZZ_H

#include "base/bytes.h"
#include "base/record.h"

/* libFuzzer's names. p is a copy of exactly n bytes, so that one byte too far is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define MUST_HOLD(cond) ((cond) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #cond, ""))
#define MUST_DO(call)                                                                              \
  do {                                                                                             \
    struct fault must_ = {0};                                                                      \
    struct fault *must = &must_;                                                                   \
    if (call)                                                                                      \
      fuzz_broken(__FILE__, __LINE__, #call, must->text);                                          \
  } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what, const char *why);

/* With FUZZ_TELL in the environment, why an input was refused: to see how far a seed comes. */
void fuzz_tell(const struct fault *why);

/* The input, from front to back; what is not there any more reads as zero. */
struct cut {
  const uint8_t *p;
  size_t n;
};
uint8_t cut_u8(struct cut *c);
uint32_t cut_u16(struct cut *c); /* little endian, as all of them */
uint32_t cut_u32(struct cut *c);
uint64_t cut_u64(struct cut *c);
struct span cut_bytes(struct cut *c, size_t most);
/* Up to the next line break, which is passed over. */
struct span cut_line(struct cut *c);
bool span_has(struct span s, const char *text);
bool span_begins(struct span s, const char *text);

/* A file of the source, whole; its name is from the top of the source, which is
 * $SALLYPORT_SOURCE or the working directory. */
struct buf fuzz_source(const char *name);

/* A folder of our own in memory where the system has such, or in $TMPDIR; gone when we end. */
const char *fuzz_folder(void);
void fuzz_write(const char *name, struct span bytes); /* in that folder */

/* A canonical form that both jansson and we agree on; false when jansson reads no object. */
bool fuzz_jansson_canonical(struct span json, struct buf *out);

#endif
