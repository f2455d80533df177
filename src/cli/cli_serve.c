/* cli_serve.c: serve. It chooses who runs the site, becomes that user, and starts each process of
 * the table below: this program once more, as `sallyport @NAME --dir …`, contained before it does
 * anything.
 *
 * Another process is a row of processes[], a row of CONTAINED_LIST and its column of calls.c.
 */
#include "cli/cli.h"
#include "contain/runner.h"
#include "contain/supervise.h"
#include "engine/process.h"
#include "line/keys.h"
#include "line/line_keep.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

struct process_row {
  enum contained as;
  /* What it does, contained. Its descriptors begin at SUPERVISE_FIRST_FD. */
  enum sp_err (*run)(struct cli *c);
  const char *folder;      /* of the site's directory, which is its own; NULL: all of it */
  const char *const *more; /* files besides */
  bool tcp;
};

static enum sp_err run_engine(struct cli *c);
static enum sp_err run_lines(struct cli *c);

/* Serial devices, and a master key that was moved out of the site's directory. */
static const char *lines_more[] = {"/dev", NULL, NULL};

/* The engine is the first, and can do without the others. */
static const struct process_row processes[] = {
    {CONTAINED_ENGINE, run_engine, NULL, NULL, false},
    {CONTAINED_LINES, run_lines, KEYS_FOLDER, lines_more, true},
};
enum { processes_n = sizeof processes / sizeof *processes };

static void tell_warning(const char *text) {
  fprintf(stderr, "sallyport: %s\n", text);
}

/* --- The engine --- */

static void tell_ready(void *ctx, const char *socket_path) {
  struct cli *c = ctx;
  out_line(&c->out, "serving %s; requests at %s", cli_dir(c), socket_path);
  fflush(stdout);
}

static enum sp_err run_engine(struct cli *c) {
  const struct serve_options options = {.dir = cli_dir(c),
                                        .ready = tell_ready,
                                        .ctx = c,
                                        .lines = !cli_has(c, OPT_NO_LINES),
                                        .stop_fd = SUPERVISE_LIFE_FD};
  return engine_serve(&options, &c->why);
}

/* --- The lines --- */

static enum sp_err run_lines(struct cli *c) {
  const struct line_keep_options options = {
      .dir = cli_dir(c), .say = cli_line_say, .stop_fd = SUPERVISE_LIFE_FD};
  return line_keep(&options, &c->why);
}

/* --- Each process that was started --- */

static enum containment need(const struct cli *c) {
  return cli_has(c, OPT_CONTAINMENT) ? (enum containment)c->args.options[OPT_CONTAINMENT].number
                                     : CONTAINMENT_USUAL;
}

static enum sp_err run_contained(struct cli *c, const struct process_row *row) {
  struct contain_done done;
  struct buf text = {0};
  char folder[4096], master[sizeof folder];
  const struct contain_options options = {.as = row->as,
                                          .need = need(c),
                                          .dir = row->folder ? folder : cli_dir(c),
                                          .more = row->more,
                                          .tcp = row->tcp};
  int n = snprintf(folder, sizeof folder, "%s/%s", cli_dir(c), row->folder ? row->folder : "");
  if (n >= (int)sizeof folder)
    return fault_set(&c->why, SP_LIMIT, "the name of the site's directory is too long");
  lines_more[1] = keys_master_link(cli_dir(c), master, sizeof master);
  enum sp_err err = supervised_begin(&c->why);
  if (!err && OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1) /* its files are not ours */
    err = fault_set(&c->why, SP_IO, "OpenSSL does not start: is its openssl.cnf right?");
  if (!err)
    err = contain(&options, &done, &c->why);
  if (err)
    return err;
  contain_tell(&done, &options, &text);
  /* Whether anybody reads it is no concern of a gate's. */
  if (dprintf(STDOUT_FILENO, "%s: %s\n", contained_name(row->as),
              buf_cstr(&text) ? buf_cstr(&text) : "") < 0)
    tell_warning("standard output is closed");
  buf_free(&text);
  return row->run(c);
}

/* --- serve --- */

static enum sp_err start_all(struct cli *c, uint32_t count) {
  struct supervised rows[processes_n];
  char names[processes_n][32];
  const char *argv[processes_n][10];
  for (uint32_t i = 0; i < count; i++) {
    uint32_t n = 0;
    snprintf(names[i], sizeof names[i], "@%s", contained_name(processes[i].as));
    argv[i][n++] = names[i];
    argv[i][n++] = "--dir";
    argv[i][n++] = cli_dir(c);
    argv[i][n++] = "--containment";
    argv[i][n++] = containment_names[need(c)];
    if (cli_has(c, OPT_NO_LINES))
      argv[i][n++] = "--no-lines";
    argv[i][n] = NULL;
    rows[i] = (struct supervised){.as = processes[i].as, .argv = argv[i]};
  }
  return supervise(rows, count, need(c), &c->told, &c->why);
}

/* A directory of root's: root runs it, without capabilities. Even so one may read what is root's,
 * so files must be confined then, or it was said to be meant. */
static enum sp_err check_root(const char *dir, const struct contain_done *can, struct fault *why) {
  char text[2 * 4096];
  if (!can->landlock)
    return fault_set(why, SP_DENIED,
                     "%s belongs to root, and this kernel cannot confine root to it: give it to a "
                     "user of its own, `chown -R USER %s`, or say `--user root`",
                     dir, dir);
  snprintf(text, sizeof text,
           "%s belongs to root, so root runs it, though without capabilities: better give it to a "
           "user of its own: `chown -R USER %s`",
           dir, dir);
  tell_warning(text);
  return SP_OK;
}

static enum sp_err serve(struct cli *c) {
  struct runner who;
  struct contain_done can;
  enum sp_err err = runner_choose(&who, cli_text(c, OPT_USER), cli_dir(c), &c->why);
  if (!err)
    err = contain_possible(need(c), &can, tell_warning, &c->why);
  /* Whether there is a directory at all is told by whoever opens it. */
  if (!err && who.change && who.uid == 0 && !cli_has(c, OPT_USER) && access(cli_dir(c), F_OK) == 0)
    err = check_root(cli_dir(c), &can, &c->why);
  if (!err)
    err = runner_become(&who, &c->why);
  if (!err)
    err = runner_check(&who, cli_dir(c), &c->why);
  enum sp_err folder = err ? err : keys_folder(cli_dir(c), &c->why);
  if (folder == SP_NOT_FOUND && !err)
    return start_all(c, 1); /* the engine alone: it says that there is no site, and what to do */
  return folder ? folder : start_all(c, cli_has(c, OPT_NO_LINES) ? 1 : processes_n);
}

enum sp_err cli_serve(struct cli *c) {
  if (!c->args.process)
    return serve(c);
  for (uint32_t i = 0; i < processes_n; i++)
    if (strcmp(c->args.process, contained_name(processes[i].as)) == 0)
      return run_contained(c, &processes[i]);
  return fault_set(&c->why, SP_USAGE, "`@%.40s` is no process of `sallyport serve`",
                   c->args.process);
}
