/* cli_scan.c: line scan. */
#include "cli/cli.h"
#include "line/scan_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What of PDCAP an engineer looks for, in the order of the table. */
static const struct {
  uint8_t function;
  const char *what;
  bool counted; /* how many, by the number that comes with it */
} of_interest[] = {
    {OSDP_CAP_CARD_FORMAT, "cards", false},
    {OSDP_CAP_LED, "LED", true},
    {OSDP_CAP_BUZZER, "buzzer", false},
    {OSDP_CAP_TEXT, "text", false},
    {OSDP_CAP_INPUTS, "input", true},
    {OSDP_CAP_OUTPUTS, "output", true},
    {OSDP_CAP_SMART_CARD, "smart cards", false},
    {OSDP_CAP_BIOMETRICS, "biometrics", false},
};

struct scanning {
  struct cli *c;
  struct table table;
  bool terminal, shown; /* shown: a line of progress stands there */
  uint8_t first, last;
  uint32_t found, noise;
};

static const struct osdp_pdcap *capability(const struct scan_event *e, uint8_t function) {
  for (uint8_t i = 0; i < e->n_capabilities; i++)
    if (e->capabilities[i].function == function)
      return &e->capabilities[i];
  return NULL;
}

static json_t *can(const struct scan_event *e) {
  json_t *list = json_array();
  for (size_t i = 0; i < sizeof of_interest / sizeof of_interest[0]; i++) {
    const struct osdp_pdcap *p = capability(e, of_interest[i].function);
    if (p && p->compliance && of_interest[i].counted && p->number)
      json_array_append_new(
          list, json_sprintf("%u %s%s", p->number, of_interest[i].what, p->number == 1 ? "" : "s"));
    else if (p && p->compliance)
      json_array_append_new(list, json_string(of_interest[i].what));
  }
  return list;
}

/* As it tells of itself; nothing of it is tried. */
static const char *secure(const struct scan_event *e) {
  enum { AES_128 = 1, SCBK_D = 1 };
  const struct osdp_pdcap *p = capability(e, OSDP_CAP_SECURITY);
  return !e->n_capabilities                 ? NULL
         : !p || !(p->compliance & AES_128) ? "none"
         : p->number & SCBK_D               ? "AES-128, takes SCBK-D"
                                            : "AES-128";
}

static json_t *hex(const uint8_t *bytes, size_t n) {
  char text[16];
  SP_ASSERT(2 * n <= sizeof text);
  hex_encode(text, bytes, n);
  return json_stringn(text, 2 * n);
}

static json_t *note(const struct scan_event *e) {
  const struct osdp_message *m = osdp_message_of(true, e->id_answer);
  if (e->twice)
    return json_string("two readers have this address");
  if (e->has_id)
    return e->late ? json_sprintf("answers after more than %d ms", scan_reply_ms) : json_null();
  if (e->id_answer == OSDP_NAK)
    return json_sprintf("refuses ID: %s", osdp_nak_text(e->id_nak));
  return json_sprintf("answers ID with %s", m ? m->name : "what the standard does not know");
}

/* "5", or "0-126" of noise */
static json_t *at(const struct scan_event *e) {
  return e->address == e->last ? json_sprintf("%u", e->address)
                               : json_sprintf("%u-%u", e->address, e->last);
}

static json_t *row_of(const struct scan_event *e) {
  json_t *row = json_pack("{s:o,s:i,s:o,s:s,s:s*,s:o,s:o,s:b}", "at", at(e), "address", e->address,
                          "baud", e->baud ? json_integer(e->baud) : json_null(), "check",
                          e->crc ? "CRC-16" : "checksum", "secure", secure(e), "can", can(e),
                          "note", note(e), "twice", e->twice);
  json_t *all = json_array();
  for (uint8_t i = 0; i < e->n_capabilities; i++) {
    const struct osdp_pdcap *p = &e->capabilities[i];
    json_array_append_new(all, json_pack("{s:i,s:s,s:i,s:i}", "function", p->function, "what",
                                         osdp_capability_text(p->function), "compliance",
                                         p->compliance, "number", p->number));
  }
  json_object_set_new(row, "capabilities", all);
  if (e->has_id) {
    json_object_set_new(row, "vendor", hex(e->id.vendor, sizeof e->id.vendor));
    json_object_set_new(row, "model", json_integer(e->id.model));
    json_object_set_new(row, "version", json_integer(e->id.version));
    json_object_set_new(row, "serial", json_integer(e->id.serial));
    json_object_set_new(
        row, "firmware",
        json_sprintf("%u.%u.%u", e->id.firmware[0], e->id.firmware[1], e->id.firmware[2]));
  }
  return row;
}

/* --- What is told meanwhile --- */

static void clear_progress(struct scanning *s) {
  if (s->shown)
    fputs("\r\033[K", stderr);
  s->shown = false;
}

static void put_time(struct buf *b, usec t) {
  unsigned seconds = (unsigned)((t + USEC_PER_S - 1) / USEC_PER_S);
  buf_printf(b, "%u min %02u s", seconds / 60, seconds % 60);
}

static void on_progress(void *ctx, const struct scan_progress *p) {
  struct scanning *s = ctx;
  struct buf b = {0};
  if (!s->terminal)
    return;
  buf_printf(&b, "\r\033[K%u of %u: ", p->asked, p->of);
  if (p->baud)
    buf_printf(&b, "%u baud, ", p->baud);
  if (p->address == osdp_broadcast)
    buf_puts(&b, "all addresses at once");
  else
    buf_printf(&b, "address %u with %s", p->address, p->crc ? "CRC-16" : "checksum");
  buf_printf(&b, "; %u found; at most ", s->found);
  put_time(&b, p->rest);
  if (!b.failed)
    fwrite(b.p, 1, b.n, stderr);
  fflush(stderr);
  buf_free(&b);
  s->shown = true;
}

/* Noise is a row too: whoever reads the table must not take silence for it. */
static json_t *noise_of(const struct scan_event *e) {
  static const char what[] =
      "something answers that is no frame: two readers with one address, another speed, or a line "
      "without its resistors";
  json_t *row = json_pack("{s:o,s:o,s:i,s:i,s:b,s:s}", "at", at(e), "baud",
                          e->baud ? json_integer(e->baud) : json_null(), "address", e->address,
                          "last", e->last, "noise", 1, "note", what);
  return row;
}

static void on_event(void *ctx, const struct scan_event *e) {
  struct scanning *s = ctx;
  bool found = e->kind == SCAN_FOUND;
  s->found += found;
  s->noise += !found;
  clear_progress(s);
  table_row(&s->table, found ? row_of(e) : noise_of(e));
  if (s->c->out.json)
    fflush(stdout);
}

static void on_begin(void *ctx, uint8_t n_speeds, const struct scan_progress *p) {
  const struct scanning *s = ctx;
  struct buf b = {0};
  if (s->c->out.json)
    return;
  buf_printf(&b, s->first == s->last ? "asking address %u" : "asking addresses %u to %u", s->first,
             s->last);
  if (n_speeds > 1)
    buf_printf(&b, " at %u speeds", n_speeds);
  buf_puts(&b, ": ");
  put_time(&b, p->rest);
  if (buf_cstr(&b))
    fprintf(stderr, "%s at most; Ctrl-C ends it\n", (const char *)b.p);
  buf_free(&b);
}

enum sp_err cli_line_scan(struct cli *c) {
  static const struct column columns[] = {
      {"at", "ADDRESS", COLUMN_NUMBER},    {"baud", "BAUD", COLUMN_NUMBER},
      {"check", "CHECK", COLUMN_TEXT},     {"vendor", "VENDOR", COLUMN_TEXT},
      {"model", "MODEL", COLUMN_NUMBER},   {"version", "VERSION", COLUMN_NUMBER},
      {"serial", "SERIAL", COLUMN_NUMBER}, {"firmware", "FIRMWARE", COLUMN_TEXT},
      {"secure", "SECURE", COLUMN_TEXT},   {"can", "CAN", COLUMN_TEXT},
      {"note", "NOTE", COLUMN_TEXT},
  };
  struct scanning s = {.c = c, .terminal = !c->out.json && isatty(STDERR_FILENO)};
  struct scan_run_options o = {.where = c->args.operands[0],
                               .last = osdp_address_max,
                               .ctx = &s,
                               .begin = on_begin,
                               .event = on_event,
                               .progress = on_progress};
  bool whole = false;
  uint64_t baud = c->args.options[OPT_BAUD].number;
  enum sp_err err = SP_OK;
  o.baud = baud > UINT32_MAX ? UINT32_MAX : (uint32_t)baud;
  if (cli_has(c, OPT_BAUD) && !o.baud)
    o.baud = 1; /* no speed either, and told so */
  if (cli_has(c, OPT_ADDRESS))
    err = cli_addresses(cli_text(c, OPT_ADDRESS), &o.first, &o.last, &c->why);
  if (err)
    return err;
  table_begin(&s.table, &c->out, columns, sizeof columns / sizeof columns[0]);
  s.first = o.first;
  s.last = o.last;
  err = scan_run(&o, &whole, &c->why);
  clear_progress(&s);
  table_end(&s.table, NULL);
  if (!err && !whole)
    err = fault_set(&c->why, SP_LIMIT, "stopped before everyone was asked: there may be more");
  else if (!err && !s.found && !s.noise)
    err = fault_set(&c->why, SP_NOT_FOUND,
                    "%s: nobody answers: is the reader powered, are A and B the right way round, "
                    "and is it set to OSDP and not to Wiegand?",
                    o.where);
  return err;
}
