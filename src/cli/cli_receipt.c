/* cli_receipt.c: receipt …: the proof for the person that something about them was recorded.
 * (cli_receipt_verify.c: its verification, which needs nothing of the site.)
 *
 * Invariants:
 *   1. a receipt is given out only of what a signed checkpoint holds, and after it was verified as
 *      its holder will;
 *   2. it names nobody but by number, and holds no details unless they were read for it, journaled;
 *      what a sealed order says is in none but one that records or legal asked for with --details.
 */
#include "cli/ask.h"
#include "cli/qr.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include "audit/files.h"
#include "audit/receipt.h"
#include "plan/json_bytes.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- Which entry --- */

struct search {
  const char *type;
  char id[2 * sizeof(struct id) + 1];
  uint64_t n;
  bool found;
};

static enum sp_err look_at(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct search *s = ctx;
  struct entry e;
  if (s->found || !memmem(bytes.p, bytes.n, s->id, strlen(s->id)))
    return SP_OK;
  enum sp_err err = entry_parse(&e, bytes, why);
  if (!err && span_is(e.type, s->type)) {
    s->n = n;
    s->found = true;
  }
  return err;
}

/* The first entry of this type that names the id: the one that made it. */
static enum sp_err find_entry(struct cli *c, enum event_type type, const struct id *id,
                              uint64_t *n) {
  struct search s = {.type = event_records[type].type};
  hex_encode(s.id, id->b, sizeof id->b);
  enum sp_err err = site_entries(c->site, 0, look_at, &s, &c->why);
  *n = s.n;
  return err || s.found ? err : fault_set(&c->why, SP_NOT_FOUND, "no entry has recorded it");
}

/* --- What is given out --- */

struct giving {
  struct cli *c;
  uint64_t n;
  struct receipt receipt;
  struct entry e;       /* parsed; points into the receipt's bytes */
  bool sealed;          /* it records a sealed order, and who asks may not know what it says */
  json_t *opened;       /* {"details","opening","type"}, with --details; else NULL */
  struct buf proof, qr; /* of the file, and of the QR code: the first with the entry, the second
                           with the hash of its leaf */
};

enum { sign_wait_ms = 100, sign_waits = 50 };

/* What was just recorded is signed within a second, as long as the engine runs. */
static enum sp_err make_signed(struct giving *g) {
  struct cli *c = g->c;
  json_t *engine = NULL;
  enum sp_err err =
      receipt_make(&g->receipt, site_directory(c->site), site_store(c->site), g->n, &c->why);
  if (err == SP_UNAVAILABLE)
    engine = ask_status(c, NULL);
  for (int i = 0; err == SP_UNAVAILABLE && engine && i < sign_waits; i++) {
    nanosleep(&(struct timespec){.tv_nsec = sign_wait_ms * 1000000L}, NULL);
    receipt_free(&g->receipt);
    err = receipt_make(&g->receipt, site_directory(c->site), site_store(c->site), g->n, &c->why);
  }
  json_decref(engine);
  if (!err)
    err = entry_parse(&g->e, buf_span(&g->receipt.entry), &c->why);
  return err;
}

/* Whose details the entry commits to: who reads them asks for that person's, or that order's. */
static enum sp_err read_subject(struct giving *g) {
  struct cli *c = g->c;
  const struct core *core = site_core(c->site);
  json_t *data = json_loadb((const char *)g->e.data.p, g->e.data.n, 0, NULL);
  const char *order = json_string_value(json_object_get(data, "order"));
  const char *person = json_string_value(json_object_get(data, "person"));
  bool is_order = span_is(g->e.type, event_records[EVENT_ORDER_RECORDED].type);
  struct id id = {{0}};
  uint32_t index = REF_ABSENT;
  enum sp_err err;
  if (is_order && order && hex_decode(id.b, sizeof id.b, order, strlen(order)) &&
      core_find_order(core, id, &index))
    err = ask_for_details_of(c, REF_ORDER, index);
  else if (!is_order && person && hex_decode(id.b, sizeof id.b, person, strlen(person)) &&
           core_find_person(core, id, &index))
    err = ask_for_details_of(c, REF_PERSON, index);
  else
    err = ask_for_details_of(c, REF_NONE, REF_ABSENT);
  g->sealed =
      is_order && index != REF_ABSENT && core->orders[index].sealed && !cli_has(c, OPT_DETAILS);
  json_decref(data);
  return err;
}

static enum sp_err keep_opening(void *ctx, const struct store_details *d) {
  struct giving *g = ctx;
  char hex[2 * sizeof(struct hash)];
  json_t *details;
  hex_encode(hex, d->opening.b, sizeof d->opening.b);
  enum sp_err err = json_bytes_read(&details, d->json, NULL, &g->c->why);
  if (!err)
    g->opened = json_pack("{s:o,s:s%,s:s%}", "details", details, "opening", hex, sizeof hex, "type",
                          (const char *)g->e.type.p, g->e.type.n);
  return err;
}

static enum sp_err open_details(struct giving *g) {
  struct cli *c = g->c;
  if (!cli_has(c, OPT_DETAILS))
    return SP_OK;
  enum sp_err err = store_details_at(site_store(c->site), g->n, keep_opening, g, &c->why);
  if (err == SP_NOT_FOUND)
    err = fault_set(&c->why, SP_NOT_FOUND,
                    bytes_are_zero(g->e.commit.b, sizeof g->e.commit.b)
                        ? "entry %" PRIu64 " came without details: ask without --details"
                        : "the details of entry %" PRIu64 " were erased: that they were there is "
                          "still proven; ask without --details",
                    g->n);
  return err;
}

/* One is the entry itself, so that the file proves by itself what was recorded; of a QR code, which
 * has to stay small enough to be read, the hash of its leaf, which the paper shows too. */
static enum sp_err write_proofs(struct giving *g) {
  struct tlog_proof p = g->receipt.proof;
  struct buf leaf = {0};
  buf_put(&leaf, g->receipt.leaf.b, sizeof g->receipt.leaf.b);
  p.extra = g->sealed ? leaf : g->receipt.entry;
  tlog_proof_write(&g->proof, &p);
  p.extra = leaf;
  tlog_proof_write(&g->qr, &p);
  bool failed = leaf.failed || g->proof.failed || g->qr.failed;
  buf_free(&leaf);
  return failed ? fault_set(&g->c->why, SP_NO_MEMORY, "out of memory for the receipt") : SP_OK;
}

/* --- Files --- */

static enum sp_err write_file(struct cli *c, const char *path, struct buf *bytes) {
  return bytes->failed ? fault_set(&c->why, SP_NO_MEMORY, "out of memory for %s", path)
                       : audit_file_replace(path, buf_span(bytes), &c->why);
}

static enum sp_err write_details(struct giving *g, const char *out) {
  char path[path_max], *text;
  struct buf bytes = {0};
  if (!g->opened)
    return SP_OK;
  if (snprintf(path, sizeof path, "%s.details", out) >= (int)sizeof path)
    return fault_set(&g->c->why, SP_LIMIT, "--out: the path is too long");
  text = json_dumps(g->opened, JSON_COMPACT | JSON_SORT_KEYS);
  buf_puts(&bytes, text ? text : "");
  bytes.failed |= !text;
  buf_puts(&bytes, "\n");
  enum sp_err err = write_file(g->c, path, &bytes);
  if (text)
    bytes_wipe(text, strlen(text));
  free(text);
  bytes_wipe(bytes.p, bytes.n);
  buf_free(&bytes);
  return err;
}

static enum sp_err write_files(struct giving *g, const struct qr *qr) {
  struct cli *c = g->c;
  struct buf svg = {0};
  enum sp_err err = SP_OK;
  if (cli_has(c, OPT_OUT)) {
    err = write_file(c, cli_text(c, OPT_OUT), &g->proof);
    if (!err)
      err = write_details(g, cli_text(c, OPT_OUT));
  }
  if (!err && cli_has(c, OPT_QR)) {
    qr_svg(qr, &svg);
    err = write_file(c, cli_text(c, OPT_QR), &svg);
  }
  buf_free(&svg);
  return err;
}

/* --- What people read --- */

static void put_base64(struct buf *line, const struct hash *h) {
  base64_encode(line, span_of(h->b, sizeof h->b));
}

/* The details, a line each, and their opening. */
static void tell_details(const struct giving *g) {
  const struct out *o = &g->c->out;
  json_t *details = json_object_get(g->opened, "details"), *value;
  const char *key;
  if (!g->opened)
    return;
  out_line(o, "%s", "");
  out_line(o, "What was said of you, and the entry commits to");
  json_object_foreach(details, key, value) {
    struct buf line = {0};
    buf_puts(&line, "  ");
    term_put(&line, span_str(key));
    buf_puts(&line, ": ");
    out_value(o, &line, value, COLUMN_TEXT);
    out_line(o, "%s", buf_cstr(&line) ? buf_cstr(&line) : "");
    buf_free(&line);
  }
  out_line(o, "  opening: %s", json_string_value(json_object_get(g->opened, "opening")));
}

static void tell_how_to_verify(const struct giving *g) {
  const struct cli *c = g->c;
  char vkey[vkey_max];
  vkey_format(&g->receipt.key, vkey);
  out_line(&c->out, "%s", "");
  out_line(&c->out, "To verify it with nothing of this site, on any machine:");
  out_line(&c->out, "  sallyport receipt verify FILE --key '%s'", vkey);
  out_line(&c->out,
           "FILE is the c2sp.org/tlog-proof@v1 file, or the text of the QR code. Compare the");
  out_line(&c->out, "key with what the site has published, and not with this paper alone.");
}

static void tell_qr(const struct giving *g, const struct qr *qr) {
  const struct out *o = &g->c->out;
  bool terminal = isatty(STDOUT_FILENO);
  struct buf text = {0};
  out_line(o, "%s", "");
  if (terminal && term_columns(STDOUT_FILENO) < qr_columns(qr)) {
    out_line(o, "The QR code takes %u columns, and this terminal has %u: --qr FILE.svg writes it.",
             qr_columns(qr), term_columns(STDOUT_FILENO));
    return;
  }
  qr_text(qr, terminal && term_redraws(STDOUT_FILENO), &text);
  if (!text.failed)
    fwrite(text.p, 1, text.n, stdout);
  buf_free(&text);
}

static enum sp_err tell_text(const struct giving *g, const struct qr *qr) {
  struct cli *c = g->c;
  const struct speaker s = {site_core(c->site), &c->out, cli_has(c, OPT_DETAILS)};
  const struct receipt *r = &g->receipt;
  struct buf line = {0};
  json_t *said;
  char at[when_text_max], utc[time_text_len + 1] = {0};
  enum sp_err err = sentence_explain_json(&s, &g->e, &said, &c->why);
  if (err)
    return err;
  when_format(at, WHEN_FULL, g->e.at, c->out.plan);
  time_format(utc, g->e.at);
  out_line(&c->out, "RECEIPT of the site %.*s", (int)g->e.site.n, (const char *)g->e.site.p);
  out_line(&c->out, "%s", "");
  out_line(&c->out, "%s", json_string_value(json_array_get(json_object_get(said, "said"), 0)));
  out_line(&c->out, "%s", "");
  out_line(&c->out, "Entry       %" PRIu64 ", %.*s", g->n, (int)g->e.type.n,
           (const char *)g->e.type.p);
  out_line(&c->out, "Recorded    %s by the site's clock, %s", at, utc);
  put_base64(&line, &r->leaf);
  out_line(&c->out, "Leaf hash   %s", buf_cstr(&line));
  out_line(&c->out, "Log         %s", r->checkpoint.origin);
  out_line(&c->out, "Signed      %" PRIu64 " entries", r->checkpoint.size);
  buf_reset(&line);
  put_base64(&line, &r->checkpoint.root);
  out_line(&c->out, "Root        %s", buf_cstr(&line));
  buf_free(&line);
  json_decref(said);
  tell_details(g);
  tell_how_to_verify(g);
  tell_qr(g, qr);
  return SP_OK;
}

static enum sp_err tell_json(const struct giving *g, const struct qr *qr) {
  struct cli *c = g->c;
  const struct receipt *r = &g->receipt;
  const struct speaker s = {site_core(c->site), &c->out, cli_has(c, OPT_DETAILS)};
  char leaf[2 * sizeof(struct hash)], root[2 * sizeof(struct hash)], vkey[vkey_max];
  json_t *said;
  enum sp_err err = sentence_explain_json(&s, &g->e, &said, &c->why);
  if (err)
    return err;
  hex_encode(leaf, r->leaf.b, sizeof r->leaf.b);
  hex_encode(root, r->checkpoint.root.b, sizeof r->checkpoint.root.b);
  vkey_format(&r->key, vkey);
  json_t *o =
      json_pack("{s:I,s:o,s:s%,s:s,s:I,s:s%,s:s,s:s%,s:s%,s:O,s:s%}", "entry", (json_int_t)g->n,
                "at", json_time(g->e.at), "leaf", leaf, sizeof leaf, "origin", r->checkpoint.origin,
                "size", (json_int_t)r->checkpoint.size, "root", root, sizeof root, "vkey", vkey,
                "proof", (const char *)g->proof.p, g->proof.n, "qr", (const char *)g->qr.p, g->qr.n,
                "said", json_array_get(json_object_get(said, "said"), 0), "type",
                (const char *)g->e.type.p, g->e.type.n);
  json_decref(said);
  if (!o)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  json_object_set_new(o, "qr_level", json_stringn(&qr->level, 1));
  if (g->opened)
    json_object_set(o, "opened", g->opened);
  out_json(o);
  return SP_OK;
}

static enum sp_err give(struct cli *c, uint64_t n) {
  struct giving g = {.c = c, .n = n};
  struct qr *qr = sp_alloc(1, sizeof *qr);
  enum sp_err err = qr ? make_signed(&g) : fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  if (!err)
    err = read_subject(&g);
  if (!err)
    err = open_details(&g);
  if (!err)
    err = write_proofs(&g);
  if (!err)
    err = qr_make(qr, buf_span(&g.qr), &c->why);
  if (!err)
    err = write_files(&g, qr);
  if (!err)
    err = c->out.json ? tell_json(&g, qr) : tell_text(&g, qr);
  json_forget(g.opened);
  buf_free(&g.proof);
  buf_free(&g.qr);
  receipt_free(&g.receipt);
  sp_free(qr);
  return err;
}

enum sp_err cli_receipt(struct cli *c) {
  uint64_t n = strtoull(c->args.operands[0], NULL, 10);
  struct buf there = {0};
  enum sp_err err = site_open(c);
  if (!err)
    err = site_entry(c->site, n, &there, &c->why);
  buf_free(&there);
  return err ? err : give(c, n);
}

enum sp_err cli_receipt_of(struct cli *c) {
  const char *kind = strchr(c->args.verb->words, ' ') + 1, *text = c->args.operands[0];
  uint32_t i;
  uint64_t n;
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  if (strcmp(kind, "person") == 0) {
    err = site_find_person(c->site, text, &i, &c->why);
    if (!err)
      err = find_entry(c, EVENT_PERSON_ADDED, &core->persons[i].id, &n);
  } else if (strcmp(kind, "order") == 0) {
    err = site_find_order(c->site, text, &i, &c->why);
    if (!err)
      err = find_entry(c, EVENT_ORDER_RECORDED, &core->orders[i].id, &n);
  } else {
    err = site_find_booking(c->site, text, &i, &c->why);
    if (!err)
      err = find_entry(c, EVENT_BOOKING_OPENED, &core->bookings[i].id, &n);
  }
  return err ? err : give(c, n);
}
