/* main.c: reads the command line, runs the verb, tells what went wrong. */
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/site.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What 0, 1 and 2 are must not be files that the program opens for other ends. */
static void open_standard(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
      _exit(sp_err_exit(SP_IO));
}

static enum sp_err print_help(const struct cli *c) {
  struct buf text = {0};
  if (c->args.verb)
    help_verb(&text, c->args.verb);
  else
    help_overview(&text, c->args.operands[0]);
  if (!text.failed)
    fwrite(text.p, 1, text.n, stdout);
  enum sp_err err = text.failed ? SP_NO_MEMORY : SP_OK;
  buf_free(&text);
  return err;
}

static void tell(const struct cli *c, enum sp_err err) {
  if (!c->why.text[0]) {
    if (err != SP_REFUSED)
      fprintf(stderr, "sallyport: %s\n", sp_err_text(err));
    return;
  }
  if (!c->out.json) {
    struct buf text = {0};
    term_put(&text, span_str(c->why.text));
    fprintf(stderr, "sallyport: %s\n", buf_cstr(&text) ? buf_cstr(&text) : sp_err_text(err));
    buf_free(&text);
    return;
  }
  json_t *j = json_pack("{s:s,s:s}", "error", sp_err_name(err), "text", c->why.text);
  char *text = j ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  fprintf(stderr, "%s\n", text ? text : "{\"error\":\"no_memory\"}");
  free(text);
  json_decref(j);
}

int main(int argc, char **argv) {
  static struct cli c;
  open_standard();
  /* Widths and colours only; numbers and messages are ours in every locale. */
  if (!setlocale(LC_CTYPE, "C.UTF-8"))
    setlocale(LC_CTYPE, "");
  enum sp_err err = args_parse(&c.args, argc, argv, &c.why);
  c.out.json = cli_has(&c, OPT_JSON);
  c.out.colours = !c.out.json && term_colours(STDOUT_FILENO);
  if (!err)
    err = cli_has(&c, OPT_HELP) ? print_help(&c) : c.args.verb->run(&c);
  struct fault late = {0};
  enum sp_err flushed = out_end(&late);
  if (!err && flushed) {
    err = flushed;
    c.why = late;
  }
  if (err && !c.told)
    tell(&c, err);
  site_close(c.site);
  if (c.paper.p)
    bytes_wipe(c.paper.p, c.paper.cap);
  buf_free(&c.paper);
  return sp_err_exit(err);
}
