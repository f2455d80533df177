/* cli_trace.c: line trace --file, and what both kinds print. */
#include "cli/cli_trace.h"

#include "cli/file.h"
#include "line/key_file.h"
#include "osdp/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { file_bytes_max = 256 << 20 };

static const char *const verdicts[] = {
    [TRACE_CLEAR] = "clear",     [TRACE_PROVED] = "proved", [TRACE_OPENED] = "opened",
    [TRACE_AGAIN] = "again",     [TRACE_CLOSED] = "closed", [TRACE_WRONG] = "wrong",
    [TRACE_DAMAGED] = "damaged",
};

static void tell(struct reading *r, const struct osdp_frame *f, enum trace_verdict v,
                 struct buf *line) {
  const char *text = buf_cstr(line);
  if (r->saw)
    r->saw(r->ctx, f, v);
  r->frames++;
  r->wrong += v == TRACE_WRONG || v == TRACE_DAMAGED;
  if (!text)
    return;
  if (!r->c->out.json) {
    out_line(&r->c->out, "%10s  %s", r->ms ? r->ms : "", text);
    return;
  }
  json_t *j = json_pack("{s:s%,s:s}", "text", text, line->n, "verdict", verdicts[v]);
  const struct osdp_message *m = v == TRACE_DAMAGED ? NULL : osdp_message_of(f->reply, f->code);
  if (j && v != TRACE_DAMAGED) {
    json_object_set_new(j, "address", json_integer(f->address));
    json_object_set_new(j, "reply", json_boolean(f->reply));
    json_object_set_new(j, "code", json_integer(f->code));
    json_object_set_new(j, "name", m ? json_string(m->name) : json_null());
  }
  if (j && r->ms)
    json_object_set_new(j, "ms", json_real(strtod(r->ms, NULL)));
  out_json(j);
}

/* All frames in the bytes; returns what is left of them. */
static struct span take(struct reading *r, struct span bytes) {
  struct osdp_frame f;
  enum trace_verdict v;
  struct buf line = {0};
  while (trace_next(r->trace, &bytes, &f, &v, &line)) {
    tell(r, &f, v, &line);
    buf_reset(&line);
  }
  buf_free(&line);
  return bytes;
}

static bool is_noise(struct span s) {
  for (size_t i = 0; i < s.n; i++)
    if (s.p[i] != 0 && s.p[i] != osdp_mark)
      return true;
  return false; /* a line whose direction turns */
}

static void take_line(struct reading *r, const struct trace_text *text) {
  r->ms = text->ms;
  uint64_t before = r->frames;
  struct span left = take(r, span_of(text->bytes, text->n));
  struct buf line = {0};
  const struct osdp_frame none = {0};
  if (left.n)
    buf_printf(&line, "cut short: %zu bytes of a frame", left.n);
  else if (r->frames == before && is_noise(span_of(text->bytes, text->n)))
    buf_printf(&line, "damaged: %zu bytes that are no frame", text->n);
  if (line.n)
    tell(r, &none, TRACE_DAMAGED, &line);
  buf_free(&line);
  r->ms = NULL;
}

enum trace_text_found reading_line(struct reading *r, struct span *text) {
  struct trace_text line;
  struct span whole = *text;
  enum trace_text_found found = trace_text_next(text, &line);
  if (found == TRACE_TEXT_BYTES)
    take_line(r, &line);
  if (found == TRACE_TEXT_NOTE && recording_is_gap(span_of(whole.p, whole.n - text->n)))
    trace_forget(r->trace); /* or the MACs behind it would look like forgeries */
  bytes_wipe(&line, sizeof line);
  return found;
}

static enum sp_err take_text(struct reading *r, const char *file, struct span text) {
  enum trace_text_found found;
  for (unsigned number = 1; (found = reading_line(r, &text)) != TRACE_TEXT_END; number++)
    if (found == TRACE_TEXT_WRONG)
      return fault_set(&r->c->why, SP_INVALID,
                       "%s:%u: a line is written `MILLISECONDS CP>PD HEX` or `… PD>CP …`", file,
                       number);
  return SP_OK;
}

static enum sp_err take_keys(struct reading *r) {
  const struct given *given = &r->c->args.options[OPT_SCBK];
  for (uint32_t i = 0; i < given->n; i++) {
    uint8_t key[osdp_key_bytes];
    enum sp_err err = key_file_read(given->text[i], key, &r->c->why);
    if (!err && !trace_key(r->trace, key))
      err = fault_set(&r->c->why, SP_LIMIT, "%d keys are the most", trace_keys_max);
    bytes_wipe(key, sizeof key);
    if (err)
      return err;
  }
  return SP_OK;
}

static enum sp_err read_file(struct cli *c, struct reading *r, const char *file) {
  struct buf all = {0};
  enum sp_err err = cli_file_read(file, file_bytes_max, &all, &c->why);
  if (!err && trace_text_is(buf_span(&all)))
    err = take_text(r, file, buf_span(&all));
  else if (!err)
    (void)take(r, buf_span(&all));
  buf_free(&all);
  return err;
}

/* What is asked for must fit together: a file, or a line that runs. */
static enum sp_err check(const struct cli *c, struct fault *why) {
  const char *file = cli_text(c, OPT_FILE), *line = c->args.operands[0];
  if (!file == !line)
    return fault_set(why, SP_USAGE,
                     "say what to read: the name of a line that runs, or --file FILE");
  if (file && (cli_has(c, OPT_COUNT) || cli_has(c, OPT_SECONDS) || cli_has(c, OPT_RAW)))
    return fault_set(why, SP_USAGE, "--count, --seconds and --raw are of a line that runs");
  if (cli_has(c, OPT_RAW) && (c->out.json || cli_has(c, OPT_SCBK) || cli_has(c, OPT_CARDS)))
    return fault_set(why, SP_USAGE,
                     "--raw writes what is on the wire: --json, --scbk and --cards are for reading "
                     "it later, with --file");
  return SP_OK;
}

enum sp_err cli_line_trace(struct cli *c) {
  const char *file = cli_text(c, OPT_FILE);
  enum sp_err err = check(c, &c->why);
  if (err)
    return err;
  struct reading r = {.c = c, .trace = trace_new(cli_has(c, OPT_CARDS))};
  err = r.trace ? take_keys(&r) : fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  if (!err)
    err = file ? read_file(c, &r, file) : cli_trace_live(c, &r);
  if (!err && r.wrong)
    err = fault_set(&c->why, SP_INVALID,
                    "%llu of %llu frames are damaged, or their MAC does not hold",
                    (unsigned long long)r.wrong, (unsigned long long)r.frames);
  trace_free(r.trace);
  return err;
}
