/* cli_reader.c: reader. */
#include "cli/cli.h"
#include "line/trial_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- What it prints: a line for each thing that happens --- */

struct printing {
  struct cli *c;
  const char *label;
  bool several;
};

/* "east 2: " */
static void put_who(const struct printing *p, struct buf *b, int reader) {
  if (p->label)
    term_put(b, span_str(p->label));
  if (p->several && reader >= 0)
    buf_printf(b, "%s%d", p->label ? " " : "", reader);
  if (b->n)
    buf_puts(b, ": ");
}

static void print_buf(struct buf *b) {
  if (buf_cstr(b))
    puts((const char *)b->p);
  fflush(stdout);
  buf_free(b);
}

static void print_json(const struct printing *p, json_t *j) {
  if (j && p->label)
    json_object_set_new(j, "label", json_string(p->label));
  out_json(j);
  fflush(stdout);
}

static enum colour colour_of(const char *is) {
  static const struct {
    const char *is;
    enum colour colour;
  } rows[] = {{"red", COLOUR_BAD},    {"gone", COLOUR_BAD},   {"not kept", COLOUR_BAD},
              {"cut", COLOUR_BAD},    {"green", COLOUR_GOOD}, {"secure", COLOUR_GOOD},
              {"drawn", COLOUR_GOOD}, {"amber", COLOUR_WARN}, {"dark", COLOUR_DIM}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (strcmp(rows[i].is, is) == 0)
      return rows[i].colour;
  return COLOUR_NONE;
}

static void on_event(void *ctx, const struct trial_event *e) {
  struct printing *p = ctx;
  struct buf b = {0}, text = {0};
  term_put(&text, e->is ? span_str(e->is) : e->text);
  const char *is = buf_cstr(&text) ? (const char *)text.p : "";
  if (p->c->out.json) {
    json_t *j = json_pack("{s:i,s:s,s:s}", "reader", (int)e->reader, "what", e->what, "is", is);
    if (j && e->number >= 0)
      json_object_set_new(j, "number", json_integer(e->number));
    print_json(p, j);
  } else {
    put_who(p, &b, e->reader);
    buf_printf(&b, "%s ", e->what);
    if (e->number >= 0)
      buf_printf(&b, "%d ", e->number);
    out_colour(&p->c->out, &b, e->is ? colour_of(is) : COLOUR_STRONG, is);
    print_buf(&b);
  }
  buf_free(&text);
}

static void on_line(void *ctx, const char *what) {
  struct printing *p = ctx;
  struct buf b = {0};
  if (p->c->out.json) {
    print_json(p, json_pack("{s:s,s:s}", "what", "connection", "is", what));
    return;
  }
  put_who(p, &b, -1);
  term_put(&b, span_str(what));
  print_buf(&b);
}

static void on_wrong(void *ctx, const struct fault *why) {
  struct buf b = {0};
  (void)ctx;
  term_put(&b, span_str(why->text));
  fprintf(stderr, "sallyport: %s\n", buf_cstr(&b) ? (const char *)b.p : "out of memory");
  buf_free(&b);
}

/* For people, so where it does not mix with what programs read. */
static void on_help(void *ctx, struct span text) {
  struct printing *p = ctx;
  fwrite(text.p, 1, text.n, p->c->out.json ? stderr : stdout);
  fflush(stdout);
}

/* --- The command line --- */

enum sp_err cli_addresses(const char *text, uint8_t *first, uint8_t *last, struct fault *why) {
  char *rest = NULL;
  bool digits = *text >= '0' && *text <= '9' && strlen(text) <= 7;
  unsigned long from = digits ? strtoul(text, &rest, 10) : osdp_broadcast, to = from;
  if (digits && *rest == '-' && rest[1] >= '0' && rest[1] <= '9')
    to = strtoul(rest + 1, &rest, 10);
  if (!digits || *rest || from > to || to > osdp_address_max)
    return fault_set(why, SP_USAGE, "--address %.20s: it is 0 to %d, or several like 0-3", text,
                     osdp_address_max);
  *first = (uint8_t)from;
  *last = (uint8_t)to;
  return SP_OK;
}

enum sp_err cli_reader(struct cli *c) {
  struct printing p = {.c = c, .label = cli_text(c, OPT_LABEL)};
  struct trial_run_options o = {.listen = cli_text(c, OPT_LISTEN),
                                .connect = cli_text(c, OPT_CONNECT),
                                .pty = cli_text(c, OPT_PTY),
                                .key_file = cli_text(c, OPT_KEY_FILE),
                                .script = cli_text(c, OPT_SCRIPT),
                                .ctx = &p,
                                .event = on_event,
                                .on_line = on_line,
                                .wrong = on_wrong,
                                .help = on_help};
  if (!!o.listen + !!o.connect + !!o.pty != 1)
    return fault_set(&c->why, SP_USAGE,
                     "say where the panel is: one of --listen, --connect and --pty");
  enum sp_err err =
      trial_door(&o.door, cli_has(c, OPT_LOCK_MONITOR), cli_text(c, OPT_WIRING), &c->why);
  if (!err && cli_has(c, OPT_ADDRESS))
    err = cli_addresses(cli_text(c, OPT_ADDRESS), &o.first, &o.last, &c->why);
  if (err)
    return err;
  p.several = o.first != o.last;
  return trial_run(&o, &c->why);
}
