/* args.h: the command line, read by the tables of verb.h. */
#ifndef SP_CLI_ARGS_H
#define SP_CLI_ARGS_H

#include "cli/verb.h"

struct given {
  uint32_t n; /* how often; 0 = not given */
  const char *text[repeats_max];
  uint64_t number; /* of VALUE_NUMBER and VALUE_FD; index in names of VALUE_CHOICE */
};
struct args {
  const struct verb *verb; /* NULL: only general help was asked for */
  const char *process;     /* of `serve`: the one of its processes that this is; NULL: none yet */
  struct given options[OPTION_COUNT];
  const char *operands[operands_max]; /* NULL = not given */
  const char *fields[32];             /* of the command, by its table (fields.h); NULL likewise */
};

/* argv is main's; the texts point into it. SP_USAGE: what is wrong, with the nearest right word.
 * When --help was given, what else is missing is no fault. */
enum sp_err args_parse(struct args *a, int argc, char **argv, struct fault *why) SP_MUST_USE;

#endif
