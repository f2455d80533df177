/* cli_log.c: log and explain. */
#include "cli/ask.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { log_limit = 50, follow_ms = 150 };

/* What is asked for; entries are looked at as bytes first, which is cheap. */
struct wanted {
  char person[48], gate[64]; /* "\"…hex…\"" and "\"gate\":\"…\"" */
  const struct given *types;
  usec since;
};

struct logging {
  struct cli *c;
  struct wanted want;
  struct speaker speaker;
  uint64_t *last; /* a ring of the last entries wanted, when only so many shall be told */
  uint64_t n_last, limit;
  char day[when_text_max];
  struct buf line;
};

static bool contains(struct span bytes, const char *text) {
  return memmem(bytes.p, bytes.n, text, strlen(text)) != NULL;
}

static bool wants(const struct wanted *w, struct span bytes, const struct entry *e) {
  if (w->since != TIME_ABSENT && e->at < w->since)
    return false;
  if (w->types->n) {
    bool any = false;
    for (uint32_t i = 0; i < w->types->n; i++)
      any = any || span_is(e->type, w->types->text[i]);
    if (!any)
      return false;
  }
  return (!w->person[0] || contains(bytes, w->person)) && (!w->gate[0] || contains(bytes, w->gate));
}

static enum sp_err tell_entry(struct logging *l, struct span bytes, const struct entry *e,
                              struct fault *why) {
  const struct out *o = &l->c->out;
  if (o->json) {
    fwrite(bytes.p, 1, bytes.n, stdout);
    putchar('\n');
    return SP_OK;
  }
  char day[when_text_max];
  when_format(day, WHEN_DAY, e->at, o->plan);
  buf_reset(&l->line);
  if (strcmp(day, l->day) != 0) {
    out_colour(o, &l->line, COLOUR_DIM, day);
    buf_puts(&l->line, "\n");
    memcpy(l->day, day, sizeof day);
  }
  enum sp_err err = sentence_line(&l->speaker, e, &l->line, why);
  if (!err)
    out_line(o, "%s", buf_cstr(&l->line));
  return err;
}

static enum sp_err visit_tell(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct logging *l = ctx;
  struct entry e;
  (void)n;
  enum sp_err err = entry_parse(&e, bytes, why);
  if (err)
    return err;
  return wants(&l->want, bytes, &e) ? tell_entry(l, bytes, &e, why) : SP_OK;
}

static enum sp_err visit_note(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct logging *l = ctx;
  struct entry e;
  enum sp_err err = entry_parse(&e, bytes, why);
  if (!err && wants(&l->want, bytes, &e))
    l->last[l->n_last++ % l->limit] = n;
  return err;
}

/* --- Where to begin --- */

static enum sp_err wanted_of(struct logging *l) {
  struct cli *c = l->c;
  uint32_t index;
  enum sp_err err = SP_OK;
  l->want.types = &c->args.options[OPT_TYPE];
  l->want.since = TIME_ABSENT;
  for (uint32_t i = 0; i < l->want.types->n; i++)
    if (sentence_type(span_str(l->want.types->text[i])) == EVENT_COUNT)
      return fault_set(&c->why, SP_NOT_FOUND,
                       "--type: there is no `%.60s`: docs/journal.md lists the types of entries",
                       l->want.types->text[i]);
  if (cli_has(c, OPT_PERSON)) {
    err = site_find_person(c->site, cli_text(c, OPT_PERSON), &index, &c->why);
    if (!err)
      hex_encode(l->want.person, site_core(c->site)->persons[index].id.b, sizeof(struct id));
  }
  if (!err && cli_has(c, OPT_GATE)) {
    err = site_find_place(c->site, REF_GATE, cli_text(c, OPT_GATE), &index, &c->why);
    snprintf(l->want.gate, sizeof l->want.gate, "\"gate\":\"%s\"", cli_text(c, OPT_GATE));
  }
  if (!err && cli_has(c, OPT_SINCE))
    err = when_parse(&l->want.since, cli_text(c, OPT_SINCE), c->out.plan, when_now(), &c->why);
  return err;
}

/* Tells the last `limit` that are wanted, from `from` on. */
static enum sp_err tell_last(struct logging *l, uint64_t from) {
  struct cli *c = l->c;
  uint64_t size = core_next_entry(site_core(c->site));
  bool all = !l->want.person[0] && !l->want.gate[0] && !l->want.types->n;
  if (all) {
    if (size - from > l->limit)
      from = size - l->limit;
    return site_entries(c->site, from, visit_tell, l, &c->why);
  }
  l->last = sp_alloc(l->limit, sizeof *l->last);
  if (!l->last)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory: ask for fewer with --limit");
  enum sp_err err = site_entries(c->site, from, visit_note, l, &c->why);
  for (uint64_t i = l->n_last > l->limit ? l->n_last - l->limit : 0; i < l->n_last && !err; i++) {
    struct buf bytes = {0};
    uint64_t n = l->last[i % l->limit];
    err = site_entry(c->site, n, &bytes, &c->why);
    if (!err)
      err = visit_tell(l, n, buf_span(&bytes), &c->why);
    buf_free(&bytes);
  }
  sp_free(l->last);
  return err;
}

static enum sp_err follow(struct logging *l) {
  struct cli *c = l->c;
  enum sp_err err = SP_OK;
  while (!err) {
    uint64_t from = core_next_entry(site_core(c->site));
    bool more = false;
    err = out_end(&c->why); /* who reads along sees each entry at once */
    if (!err)
      err = site_refresh(c, &more);
    if (!err && more)
      err = site_entries(c->site, from, visit_tell, l, &c->why);
    else if (!err)
      nanosleep(&(struct timespec){.tv_nsec = follow_ms * 1000000L}, NULL);
  }
  return err;
}

enum sp_err cli_log(struct cli *c) {
  struct logging l = {.c = c};
  uint64_t from = 0;
  enum sp_err err = site_open(c);
  if (!err)
    err = wanted_of(&l);
  if (!err && l.want.since != TIME_ABSENT)
    err = site_find_since(c->site, l.want.since, &from, &c->why);
  if (err)
    return err;
  l.speaker = (struct speaker){site_core(c->site), &c->out, false};
  l.limit = cli_has(c, OPT_LIMIT)                  ? c->args.options[OPT_LIMIT].number
            : cli_has(c, OPT_SINCE) || c->out.json ? UINT64_MAX
                                                   : log_limit;
  if (l.limit == UINT64_MAX)
    err = site_entries(c->site, from, visit_tell, &l, &c->why);
  else if (l.limit)
    err = tell_last(&l, from);
  if (!err && cli_has(c, OPT_FOLLOW))
    err = follow(&l);
  buf_free(&l.line);
  return err;
}

/* --- explain --- */

static bool names_order(const struct core *core, struct span entry, uint32_t order) {
  char hex[2 * sizeof(struct id) + 1] = {0};
  hex_encode(hex, core->orders[order].id.b, sizeof(struct id));
  return memmem(entry.p, entry.n, hex, strlen(hex)) != NULL;
}

/* With --details: each order that the entry names is read by itself. *unsealed: none of them was
 * kept from who asks; what they may not read is not told, and that they asked is journaled. */
static enum sp_err read_orders(struct cli *c, struct span entry, bool *unsealed) {
  const struct core *core = site_core(c->site);
  struct ask *a = NULL;
  *unsealed = false;
  if (!cli_has(c, OPT_DETAILS))
    return SP_OK;
  enum sp_err err = ask_reader_named(c);
  if (!err)
    err = ask_open(c, &a);
  *unsealed = !err;
  for (uint32_t i = 0; i < core->head.n_orders && !err; i++) {
    if (!names_order(core, entry, i))
      continue;
    err = ask_details_read(c, a, REF_ORDER, i);
    if (err == SP_DENIED && core->orders[i].sealed) {
      *unsealed = false;
      c->why = (struct fault){0};
      err = SP_OK;
    }
  }
  ask_close(a);
  return err;
}

/* What stands in no entry: the references of the orders that this one names, and who signed. */
static enum sp_err tell_references(struct cli *c, struct span entry, bool unsealed) {
  const struct core *core = site_core(c->site);
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < core->head.n_orders && !err; i++) {
    char number[person_text_max];
    json_t *details = NULL;
    if (!names_order(core, entry, i))
      continue;
    person_text(number, i);
    if (core->orders[i].sealed && !unsealed) {
      out_line(&c->out, "    sealed order %s: told to records and legal alone", number);
      continue;
    }
    err = site_details(c->site, REF_ORDER, i, &details, &c->why);
    const char *reference = json_string_value(json_object_get(details, "reference"));
    const char *official = json_string_value(json_object_get(details, "official"));
    struct buf line = {0};
    buf_printf(&line, "    %s %s of %s: reference ", order_kind_names[core->orders[i].kind], number,
               core->authorities[core->orders[i].issuer].name.s);
    term_put(&line, span_str(reference ? reference : "not recorded"));
    if (official)
      buf_puts(&line, ", ");
    term_put(&line, span_str(official ? official : ""));
    if (buf_cstr(&line))
      out_line(&c->out, "%s", buf_cstr(&line));
    buf_free(&line);
    json_decref(details);
  }
  return err;
}

enum sp_err cli_explain(struct cli *c) {
  struct buf bytes = {0}, text = {0};
  struct entry e;
  uint64_t n = strtoull(c->args.operands[0], NULL, 10);
  bool unsealed = false;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_entry(c->site, n, &bytes, &c->why);
  if (!err)
    err = entry_parse(&e, buf_span(&bytes), &c->why);
  if (!err)
    err = read_orders(c, buf_span(&bytes), &unsealed);
  if (!err) {
    struct speaker s = {site_core(c->site), &c->out, unsealed};
    json_t *j;
    if (c->out.json) {
      err = sentence_explain_json(&s, &e, &j, &c->why);
      if (!err)
        out_json(j);
    } else {
      err = sentence_explain(&s, &e, &text, &c->why);
      if (!err)
        fwrite(text.p, 1, text.n, stdout);
    }
    if (!err && cli_has(c, OPT_DETAILS) && !c->out.json)
      err = tell_references(c, buf_span(&bytes), unsealed);
  }
  buf_free(&bytes);
  buf_free(&text);
  return err;
}
