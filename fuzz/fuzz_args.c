/* A command line, a word a line: an error with its cure, or a verb with what it needs. */
#include "cli/args.h"
#include "fuzz/fuzz.h"

#include <string.h>

enum { words_max = 40 };

static void check(const struct args *a) {
  bool help = a->options[OPT_HELP].n > 0;
  MUST_HOLD(a->verb || help);
  if (!a->verb)
    return;
  option_set allowed = verb_options(a->verb);
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct given *g = &a->options[i];
    MUST_HOLD(g->n <= repeats_max);
    MUST_HOLD(!g->n || allowed >> i & 1);
    for (uint32_t k = 0; k < g->n && i != OPT_HELP; k++)
      MUST_HOLD(g->text[k]);
    if (g->n && option_row((enum option_id)i)->kind == VALUE_NUMBER)
      MUST_HOLD(g->number < UINT64_C(1) << 53);
    MUST_HOLD(help || g->n || !(a->verb->required >> i & 1));
  }
  for (unsigned i = 0; i < operands_max && a->verb->operands[i].name && !help; i++)
    MUST_HOLD(a->operands[i] || a->verb->operands[i].optional);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  char text[4096], *words[words_max + 2] = {(char[]){"sallyport"}};
  int count = 1;
  struct args a;
  struct fault why = {0};
  if (n >= sizeof text)
    return 0;
  if (n)
    memcpy(text, p, n);
  text[n] = 0;
  for (char *at = text; at && count <= words_max;) {
    words[count++] = at;
    if ((at = strchr(at, '\n')))
      *at++ = 0;
  }
  enum sp_err err = args_parse(&a, count, words, &why);
  MUST_HOLD(err == SP_OK || err == SP_USAGE || err == SP_LIMIT);
  if (err)
    MUST_HOLD(why.text[0]);
  else
    check(&a);
  return 0;
}
