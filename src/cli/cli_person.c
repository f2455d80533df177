/* cli_person.c: who may be the same human: searched by details, told when somebody is registered,
 * and listed until the desk has answered. */
#include "cli/cli_person.h"

#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "engine/like_index.h"

#include <string.h>

/* Nobody else sees these hashes. */
static const struct like_key no_key;

/* --- Telling --- */

void candidates_tell(struct cli *c, const json_t *reply) {
  const json_t *entry = json_object_get(reply, "entry");
  const json_t *list = json_object_get(json_object_get(entry, "command"), "candidates");
  struct buf text = {0};
  if (c->out.json || !json_array_size(list))
    return;
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *ref = json_string_value(json_array_get(list, i));
    buf_puts(&text, i ? ", " : "");
    sentence_ref(site_core(c->site), &text, ref ? ref : "?");
  }
  out_line(&c->out,
           "They may be %s: by name and birth date, or an identifier. Compare them (`person show "
           "NUMBER --details`), and answer each: `person merge` when it is the same human, `person "
           "unlink` when it is not. Until then what forbids binds both.",
           buf_cstr(&text) ? buf_cstr(&text) : "others");
  buf_free(&text);
}

/* --- Searching --- */

static json_t *why_json(unsigned why) {
  static const char *const words[] = {"identifier",        "same_name",          "like_name",
                                      "same_birth_date",   "swapped_birth_date", "near_birth_date",
                                      "unknown_birth_date"};
  json_t *list = json_array();
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (why >> i & 1)
      json_array_append_new(list, json_string(words[i]));
  return list;
}

struct searching {
  struct cli *c;
  struct like_index *known; /* of everyone: identifiers and names may be told in several entries */
  struct like_room room;
};

static enum sp_err know(void *ctx, uint32_t person, const json_t *details, struct fault *why) {
  struct searching *s = ctx;
  struct fault unused = {0};
  if (like_read(&s->room, details, &no_key, &unused) == SP_NO_MEMORY)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = like_index_ready(s->known, &s->room.is, person, why);
  if (!err)
    like_index_add(s->known, person);
  return err == SP_LIMIT ? SP_OK : err;
}

struct match {
  uint32_t person;
  unsigned score, why;
};

/* Without a birth date to compare, a name that is only alike is told as well. */
static unsigned score_of(const struct likeness *is, const struct likeness *of, unsigned *why) {
  unsigned score = like_score(is, of, why);
  if (!score && !is->n_dates && (*why = like_bits(is, of)) & LIKE_NAME_ALIKE)
    score = 20;
  return score;
}

static int likest_first(const void *a, const void *b) {
  const struct match *x = a, *y = b;
  return x->score != y->score ? (x->score > y->score ? -1 : 1)
                              : (x->person > y->person) - (x->person < y->person);
}

static enum sp_err print_matches(struct searching *s, const struct match *m, uint32_t n) {
  static const struct column columns[] = {
      {"score", "LIKE", COLUMN_NUMBER},      {"number", "NUMBER", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},         {"state", "STATE", COLUMN_STATE},
      {"name", "NAME", COLUMN_TEXT},         {"birth_date", "BORN", COLUMN_TEXT},
      {"document", "DOCUMENT", COLUMN_TEXT}, {"why", "WHY", COLUMN_TEXT},
  };
  const struct core *core = site_core(s->c->site);
  enum sp_err err = SP_OK;
  struct table t;
  table_begin(&t, &s->c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < n && !err; i++) {
    const struct person *p = &core->persons[m[i].person];
    json_t *row = json_pack("{s:i,s:o,s:s,s:s,s:o}", "score", (int)m[i].score, "number",
                            row_number(m[i].person), "kind", person_kind_names[p->kind], "state",
                            person_state_names[p->state], "why", why_json(m[i].why));
    err = site_set_details(s->c, row, m[i].person);
    table_row(&t, row);
  }
  table_end(&t, "nobody is like that");
  return err;
}

static enum sp_err search(struct searching *s, const json_t *details) {
  struct cli *c = s->c;
  const struct core *core = site_core(c->site);
  uint32_t n = 0;
  enum sp_err err = site_all_details(c->site, know, s, &c->why);
  if (!err)
    err = like_read(&s->room, details, &no_key, &c->why);
  struct match *found = err ? NULL : sp_alloc(core->head.n_persons + 1, sizeof *found);
  if (!err && !found)
    err = fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  for (uint32_t i = 0; found && i < core->head.n_persons; i++) {
    const struct likeness *of = like_index_of(s->known, i);
    struct match m = {.person = i};
    if (of && (m.score = score_of(&s->room.is, of, &m.why)))
      found[n++] = m;
  }
  if (found) {
    qsort(found, n, sizeof *found, likest_first);
    err = print_matches(s, found, n);
  }
  sp_free(found);
  return err;
}

enum sp_err cli_person_search(struct cli *c) {
  struct ask *a;
  json_t *details = NULL;
  struct searching *s;
  enum sp_err err = site_open(c);
  if (!err)
    err = take_details(c, &details);
  if (!err && !details)
    err = fault_set(&c->why, SP_USAGE,
                    "say whom you look for: --name, --birth-date, --identifier or --document");
  if (err)
    return err;
  err = ask_open(c, &a);
  if (!err) {
    err = ask_details_read(c, a, REF_NONE, REF_ABSENT);
    ask_close(a);
  }
  s = sp_alloc(1, sizeof *s);
  bool ready = s && (s->known = like_index_new(&no_key));
  if (!err && !ready)
    err = fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  if (!err && ready) {
    s->c = c;
    err = search(s, details);
  }
  if (s)
    like_index_free(s->known);
  sp_free(s);
  json_forget(details);
  return err;
}

/* --- The desk's queue --- */

/* Where a registration leads when all merges are followed. */
static uint32_t one_who_stays(const struct core *core, uint32_t person) {
  while (core->persons[person].merged_into != REF_ABSENT)
    person = core->persons[person].merged_into;
  return person;
}

static enum sp_err candidate_row(struct cli *c, struct table *t, uint32_t a, uint32_t b) {
  const struct core *core = site_core(c->site);
  json_t *row = json_pack("{s:o,s:s,s:o,s:s}", "number", row_number(a), "kind",
                          person_kind_names[core->persons[a].kind], "other", row_number(b),
                          "other_kind", person_kind_names[core->persons[b].kind]);
  enum sp_err err = SP_OK;
  if (cli_has(c, OPT_DETAILS)) {
    json_t *other = json_object();
    err = site_set_details(c, row, a);
    if (!err)
      err = site_set_details(c, other, b);
    const char *name = json_string_value(json_object_get(other, "name"));
    if (name)
      json_object_set_new(row, "other_name", json_string(name));
    json_object_set_new(row, "other_details", other);
  }
  table_row(t, row);
  return err;
}

enum sp_err cli_person_candidates(struct cli *c) {
  static const struct column columns[] = {
      {"number", "NUMBER", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},
      {"other", "MAY BE", COLUMN_TEXT},
      {"other_kind", "KIND", COLUMN_TEXT},
      {"name", "NAME", COLUMN_TEXT},
      {"birth_date", "BORN", COLUMN_TEXT},
      {"other_name", "THE OTHER", COLUMN_TEXT},
  };
  enum { plain = 4 };
  uint32_t who = REF_ABSENT;
  enum sp_err err = site_open(c);
  if (!err && cli_has(c, OPT_PERSON))
    err = site_find_person(c->site, cli_text(c, OPT_PERSON), &who, &c->why);
  if (!err)
    err = ask_for_details(c, who);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns,
              cli_has(c, OPT_DETAILS) ? sizeof columns / sizeof columns[0] : (size_t)plain);
  for (uint32_t p = 0; p < core->head.n_persons && !err; p++)
    for (uint32_t i = core->custody[p].links; i && !err; i = core->links[i - 1].next) {
      const struct link *l = &core->links[i - 1];
      /* The later registration is asked about; what leads to one human was answered. */
      if (l->merged || l->other > p || one_who_stays(core, p) == one_who_stays(core, l->other) ||
          (who != REF_ABSENT && who != p && who != l->other))
        continue;
      err = candidate_row(c, &t, p, l->other);
    }
  table_end(&t, "every candidate was answered");
  return err;
}
