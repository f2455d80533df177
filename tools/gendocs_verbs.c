/* gendocs_verbs.c: the table of verbs names the functions that run them. Here nothing is run, so
 * that the documents can be made without the engine and all that the functions need. */
#include "cli/cli.h"

#define X(name)                                                                                    \
  enum sp_err cli_##name(struct cli *c) {                                                          \
    (void)c;                                                                                       \
    SP_NEVER("gendocs runs no verb");                                                              \
  }
CLI_FUNCTIONS(X)
#undef X
