/* cli.h: what the verbs share: the command line, where to print, and their functions.
 *
 * Invariants:
 *   1. a verb prints its result on standard output, and nothing else goes there;
 *   2. what goes wrong is told once, in one sentence with its cure, on standard error by main;
 *   3. a password, PIN or card number is in a struct secret or the request to the engine, both
 *      wiped; never in an argument, the environment, a file, or output.
 */
#ifndef SP_CLI_CLI_H
#define SP_CLI_CLI_H

#include "cli/args.h"
#include "cli/out.h"

struct site;

struct cli {
  struct args args;
  struct out out;
  struct fault why;
  bool told;         /* what went wrong was told already, by a process that was started */
  struct site *site; /* opened by cli_site; closed by main */
  struct buf paper;  /* goes with the command that names it; freed by main */
};

static inline bool cli_has(const struct cli *c, enum option_id o) {
  return c->args.options[o].n > 0;
}
/* NULL when it was not given. */
static inline const char *cli_text(const struct cli *c, enum option_id o) {
  return c->args.options[o].text[0];
}
/* The file descriptor of an option, or -1. */
static inline int cli_fd(const struct cli *c, enum option_id o) {
  return cli_has(c, o) ? (int)c->args.options[o].number : -1;
}
/* --dir, else SALLYPORT_DIR, else "site". */
const char *cli_dir(const struct cli *c);

/* One a verb, or shared by alike ones; the rows of verbs.c name them. */
/* clang-format off: it never agrees with itself about a long list in a macro */
#define CLI_FUNCTIONS(X)                                                                           \
  X(init)                                                                                          \
  X(serve)                                                                                         \
  X(status)                                                                                        \
  X(version)                                                                                       \
  X(plan_check)                                                                                    \
  X(plan_apply)                                                                                    \
  X(plan_show)                                                                                     \
  X(with_details)                                                                                  \
  X(paper_show)                                                                                    \
  X(person_photo)                                                                                  \
  X(person_show)                                                                                   \
  X(person_list)                                                                                   \
  X(person_search)                                                                                 \
  X(person_candidates)                                                                             \
  X(visit_list)                                                                                    \
  X(person_admit)                                                                                  \
  X(person_import)                                                                                 \
  X(credential_issue)                                                                              \
  X(credential_list)                                                                               \
  X(pin_set)                                                                                       \
  X(gate_list)                                                                                     \
  X(gate_show)                                                                                     \
  X(operator_add)                                                                                  \
  X(operator_list)                                                                                 \
  X(pass)                                                                                          \
  X(change)                                                                                        \
  X(alarm_list)                                                                                    \
  X(roll)                                                                                          \
  X(log)                                                                                           \
  X(explain)                                                                                       \
  X(verify)                                                                                        \
  X(replay)                                                                                        \
  X(rebuild)                                                                                       \
  X(export_log)                                                                                    \
  X(backup)                                                                                        \
  X(restore)                                                                                       \
  X(line_list)                                                                                     \
  X(line_run)                                                                                      \
  X(line_scan)                                                                                     \
  X(line_trace)                                                                                    \
  X(line_show)                                                                                     \
  X(reader)                                                                                        \
  X(authority_list)                                                                                \
  X(place_list)                                                                                    \
  X(basis_list)                                                                                    \
  X(agreement_list)                                                                                \
  X(agreement_show)                                                                                \
  X(class_list)                                                                                    \
  X(order_list)                                                                                    \
  X(order_show)                                                                                    \
  X(order_conflicts)                                                                               \
  X(assessment_list)                                                                               \
  X(assessment_show)                                                                               \
  X(review_credential)                                                                             \
  X(review_operator)                                                                               \
  X(compromise)                                                                                    \
  X(count_list)                                                                                    \
  X(count_show)                                                                                    \
  X(death_list)                                                                                    \
  X(hearing_list)                                                                                  \
  X(booking_list)                                                                                  \
  X(booking_show)                                                                                  \
  X(booking_template)                                                                              \
  X(movement_list)                                                                                 \
  X(movement_show)                                                                                 \
  X(movement_board)                                                                                \
  X(export)                                                                                        \
  X(receipt)                                                                                       \
  X(receipt_of)                                                                                    \
  X(receipt_verify)                                                                                \
  X(bench)
/* clang-format on */
#define X(name) enum sp_err cli_##name(struct cli *c);
CLI_FUNCTIONS(X)
#undef X

/* --address: "3" or "0-3". SP_USAGE. */
enum sp_err cli_addresses(const char *text, uint8_t *first, uint8_t *last,
                          struct fault *why) SP_MUST_USE;
/* Prints what a line says (line/line_keep.h); ctx: nothing. */
void cli_line_say(void *ctx, const char *line, const char *text);

#endif
