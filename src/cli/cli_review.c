/* cli_review.c: what rests on a card or an operator's word that may have been in other hands: every
 * entry since then, and whether it still has effect. How things stand is asked of the state; the
 * entries are read from the journal. */
#include "cli/ask.h"
#include "cli/review.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "journal/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- Which entries --- */

struct reviewing {
  struct cli *c;
  const struct core *core;
  uint32_t credential;             /* REF_ABSENT: an operator is reviewed */
  uint32_t holder;                 /* of the card */
  char actor[actor_text_max + 1];  /* "op:HEX" */
  bool theirs;                     /* the holder was presented with this card last */
  uint64_t granted[reviewed_most]; /* entries that let somebody pass on it */
  uint32_t n_granted;
  uint64_t acts, stand; /* how many, and how many still have effect */
  struct speaker speaker;
  struct table *table; /* NULL: they are counted only */
};

static bool rests_on_holder(const struct ev_passage_granted *g, uint32_t holder) {
  for (uint32_t i = 0; i < g->rests_on.n; i++)
    if (g->rests_on.at[i].kind == REF_PERSON && g->rests_on.at[i].index == holder)
      return true;
  return false;
}

static bool was_granted_on_it(const struct reviewing *r, uint64_t entry) {
  for (uint32_t i = 0; i < r->n_granted; i++)
    if (r->granted[i] == entry)
      return true;
  return false;
}

/* Passages with the card, of whoever was let through in company of who presented it, and what
 * became of each. */
static bool is_with_card(struct reviewing *r, const struct event *e) {
  bool with;
  switch ((int)e->type) {
  case EVENT_PASSAGE_GRANTED:
    if (e->u.passage_granted.person == r->holder)
      r->theirs = e->u.passage_granted.credential == r->credential;
    with = e->u.passage_granted.credential == r->credential ||
           (r->theirs && rests_on_holder(&e->u.passage_granted, r->holder));
    if (with) /* the oldest are through long since */
      r->granted[r->n_granted < reviewed_most ? r->n_granted++ : e->n % reviewed_most] = e->n;
    return with;
  case EVENT_PASSAGE_REFUSED:
    if (e->u.passage_refused.person == r->holder)
      r->theirs = e->u.passage_refused.credential == r->credential;
    return e->u.passage_refused.credential == r->credential;
  case EVENT_PASSAGE_TAKEN:
  case EVENT_PASSAGE_NOT_TAKEN:
    return was_granted_on_it(r, e->u.passage_ended.granted);
  default:
    return false;
  }
}

/* An entry as an event again; SP_NOT_FOUND: it names what a later plan no longer has. */
static enum sp_err event_of(const struct core *core, const struct entry *e, struct event *event,
                            struct fault *why) {
  struct namer namer = core_namer(core);
  *event = (struct event){.type = sentence_type(e->type), .at = e->at, .n = e->n};
  if (event->type == EVENT_COUNT)
    return fault_set(why, SP_VERSION, "entry %" PRIu64 " is of a type that is not known", e->n);
  return record_decode(&event_records[event->type], &event->u, e->data, &namer, true, why);
}

static enum sp_err visit(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct reviewing *r = ctx;
  struct entry e;
  struct event event;
  struct fault none = {0};
  enum sp_err err = entry_parse(&e, bytes, why);
  (void)n;
  if (err)
    return err;
  bool known = event_of(r->core, &e, &event, &none) == SP_OK;
  bool wanted = r->credential == REF_ABSENT ? span_is(e.by, r->actor) || span_is(e.second, r->actor)
                                            : known && is_with_card(r, &event);
  if (!wanted)
    return SP_OK;
  struct standing s = known ? standing_of(r->core, &event) : (struct standing){NULL, STANDS_NEVER};
  r->acts++;
  r->stand += s.stands == STANDS_STILL;
  if (!r->table)
    return SP_OK;
  struct buf text = {0};
  json_t *said = NULL;
  err = sentence_explain_json(&r->speaker, &e, &said, why);
  if (!err)
    table_row(
        r->table,
        json_pack("{s:I,s:o,s:s%,s:O,s:o,s:o}", "entry", (json_int_t)e.n, "at", json_time(e.at),
                  "type", (const char *)e.type.p, e.type.n, "text",
                  json_array_get(json_object_get(said, "said"), 0), "now",
                  s.now ? json_string(s.now) : json_null(), "stands",
                  s.stands == STANDS_NEVER ? json_null() : json_boolean(s.stands == STANDS_STILL)));
  json_decref(said);
  buf_free(&text);
  return err;
}

/* --- Of what, since when --- */

static enum sp_err begin(struct cli *c, bool card, const char *name, struct reviewing *r,
                         usec *since) {
  uint32_t index;
  enum sp_err err = card ? site_find_credential(c->site, name, &index, &c->why)
                         : site_find_operator(c->site, name, &index, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  uint32_t since_s =
      card ? core->credentials[index].compromised_s : core->operators[index].compromised_s;
  *r = (struct reviewing){.c = c, .core = core, .credential = card ? index : REF_ABSENT};
  if (card)
    r->holder = core->credentials[index].person;
  else
    hex_encode(stpcpy(r->actor, "op:"), core->operators[index].id.b, sizeof(struct id));
  *since = (usec)since_s * USEC_PER_S;
  if (cli_has(c, OPT_SINCE))
    return when_parse(since, cli_text(c, OPT_SINCE), site_plan(c->site), when_now(), &c->why);
  return since_s != UINT32_MAX
             ? SP_OK
             : fault_set(&c->why, SP_INVALID,
                         "nobody has said that it is compromised: `sallyport %s compromise` does, "
                         "or give --since",
                         card ? "credential" : "operator");
}

static enum sp_err look(struct reviewing *r, usec since) {
  uint64_t from;
  enum sp_err err = site_find_since(r->c->site, since, &from, &r->c->why);
  return err ? err : site_entries(r->c->site, from, visit, r, &r->c->why);
}

static enum sp_err review(struct cli *c, bool card) {
  static const struct column columns[] = {
      {"entry", "ENTRY", COLUMN_NUMBER}, {"at", "AT", COLUMN_TIME},
      {"type", "WHAT", COLUMN_TEXT},     {"now", "NOW", COLUMN_STATE},
      {"text", "IN WORDS", COLUMN_TEXT},
  };
  struct reviewing r;
  usec since;
  enum sp_err err = site_open(c);
  if (!err)
    err = begin(c, card, c->args.operands[0], &r, &since);
  if (err)
    return err;
  const struct out plain = {.json = false, .colours = false, .plan = c->out.plan};
  struct table t;
  r.speaker = (struct speaker){r.core, &plain};
  r.table = &t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  err = look(&r, since);
  table_end(&t, "nothing was done since then");
  if (!err && r.acts && !c->out.json)
    out_line(&c->out, "%" PRIu64 " entries; %" PRIu64 " of them still have effect", r.acts,
             r.stand);
  return err;
}

enum sp_err cli_review_credential(struct cli *c) {
  return review(c, true);
}

enum sp_err cli_review_operator(struct cli *c) {
  return review(c, false);
}

/* --- Saying that it is compromised, and how much rests on it --- */

enum sp_err cli_compromise(struct cli *c) {
  bool card = c->args.verb->command == (uint32_t)COMMAND_CREDENTIAL_COMPROMISE + 1;
  struct reviewing r;
  usec since;
  bool more;
  enum sp_err err = cli_change(c);
  if (err || c->out.json)
    return err;
  err = site_refresh(c, &more);
  if (!err)
    err = begin(c, card, c->args.operands[0], &r, &since);
  if (!err)
    err = look(&r, since);
  if (!err)
    out_line(&c->out,
             "entries since then that rest on it: %" PRIu64 ", of which still have effect: %" PRIu64
             "; `sallyport review %s %s` lists them",
             r.acts, r.stand, card ? "credential" : "operator", c->args.operands[0]);
  return err;
}
