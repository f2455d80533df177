#include "cli/site.h"

#include "journal/entry.h"

#include "core/state.h"

#include "cli/sentence.h"
#include "engine/fold.h"
#include "engine/query.h"
#include "engine/site_dir.h"
#include "plan/json_bytes.h"
#include "plan/plan_scalar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct site {
  struct site_dir *dir;
  struct store *store;
  struct fold fold;
  bool folded;
};

const char *cli_dir(const struct cli *c) {
  if (cli_has(c, OPT_DIR))
    return cli_text(c, OPT_DIR);
  const char *dir = getenv("SALLYPORT_DIR");
  return dir && *dir ? dir : "site";
}

static enum sp_err open_parts(struct site *s, const char *dir, struct fault *why) {
  enum sp_err err = site_dir_open(&s->dir, dir, SITE_DIR_READ, why);
  if (err == SP_NOT_FOUND)
    return fault_set(why, SP_NOT_FOUND,
                     "there is no site in %s: name its data directory with --dir or SALLYPORT_DIR, "
                     "or make one with `sallyport init`",
                     dir);
  if (!err)
    err = site_dir_store(s->dir, STORE_READ, &s->store, why);
  if (err)
    return err;
  /* Hashing is for `verify`: a reader that comes often believes what the engine wrote. */
  const struct fold_options options = {.site = site_dir_site(s->dir)->s, .no_tree = true};
  s->folded = true;
  err = fold_open(&s->fold, s->store, &options, why);
  return err ? fault_prefix(why, "%s", dir) : SP_OK;
}

enum sp_err site_open(struct cli *c) {
  if (c->site)
    return SP_OK;
  struct site *s = sp_alloc(1, sizeof *s);
  if (!s)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = open_parts(s, cli_dir(c), &c->why);
  if (err) {
    site_close(s);
    return err;
  }
  c->site = s;
  c->out.plan = s->fold.plan;
  return SP_OK;
}

enum sp_err site_refresh(struct cli *c, bool *more) {
  uint64_t n = 0;
  enum sp_err err = fold_catch_up(&c->site->fold, &n, &c->why);
  *more = n > 0;
  c->out.plan = c->site->fold.plan;
  return err;
}

void site_close(struct site *s) {
  if (!s)
    return;
  if (s->folded)
    fold_close(&s->fold);
  store_close(s->store);
  site_dir_close(s->dir);
  sp_free(s);
}

const struct core *site_core(const struct site *s) {
  return s->fold.core;
}

bool site_line_served(const struct core *core, const json_t *engine, uint32_t line) {
  const json_t *lines = json_object_get(engine, "lines");
  bool is = false;
  for (size_t i = 0; i < json_array_size(lines) && !is; i++)
    is = strcmp(json_string_value(json_array_get(lines, i)), core->plan->lines[line].name.s) == 0;
  return is;
}

const char *site_reader_state(const struct core *core, const json_t *engine, uint32_t reader) {
  const struct reader_state *s = &core->readers[reader];
  uint32_t line = core->plan->readers[reader].line;
  const struct {
    bool is;
    const char *text;
  } rows[] = {{line != NONE16 && !site_line_served(core, engine, line), "not served"},
              {s->offline, "offline"},
              {s->insecure, "insecure"},
              {s->tampered, "tampered"},
              {s->unpowered, "power failed"},
              {true, "online"}};
  size_t i = 0;
  while (!rows[i].is)
    i++;
  return rows[i].text;
}

const struct plan *site_plan(const struct site *s) {
  return s->fold.plan;
}

const struct site_dir *site_directory(const struct site *s) {
  return s->dir;
}

struct store *site_store(const struct site *s) {
  return s->store;
}

/* --- Names --- */

enum sp_err site_find_person(const struct site *s, const char *text, uint32_t *index,
                             struct fault *why) {
  if (person_parse(s->fold.core, text, index))
    return SP_OK;
  size_t digits = strspn(text, "0123456789-");
  if (digits && text[digits] == '\0')
    return fault_set(why, SP_NOT_FOUND,
                     "nobody has the number %.40s: look at it again, the last digit is a check "
                     "digit; `sallyport person list` has them all",
                     text);
  return fault_set(
      why, SP_NOT_FOUND,
      "there is no person `%.40s`: give a number like 1000-9, or an id of 32 hex digits", text);
}

/* An id by its first digits, of things that lie in an array with their id at `offset`. */
static enum sp_err find_by_digits(const char *what, const char *text, const void *array,
                                  size_t stride, size_t offset, uint32_t n, uint32_t *index,
                                  struct fault *why) {
  size_t len = strlen(text);
  uint32_t found = 0;
  if (len < 2 || len > 32 || strspn(text, "0123456789abcdef") != len)
    return fault_set(why, SP_NOT_FOUND,
                     "there is no %s `%.40s`: give its id, or the first digits of it, as "
                     "`sallyport %s list` shows",
                     what, text, what);
  for (uint32_t i = 0; i < n; i++) {
    char hex[32];
    hex_encode(hex, (const uint8_t *)array + i * stride + offset, 16);
    if (memcmp(hex, text, len) != 0)
      continue;
    *index = i;
    if (++found == 2)
      return fault_set(why, SP_INVALID, "more than one %s begins with %s: give more digits", what,
                       text);
  }
  return found ? SP_OK
               : fault_set(why, SP_NOT_FOUND,
                           "no %s begins with %s: `sallyport %s list` has them all", what, text,
                           what);
}

enum sp_err site_find_credential(const struct site *s, const char *text, uint32_t *index,
                                 struct fault *why) {
  const struct core *core = s->fold.core;
  return find_by_digits("credential", text, core->credentials, sizeof *core->credentials,
                        offsetof(struct credential, id), core->head.n_credentials, index, why);
}

/* What has a short number besides its id. */
static enum sp_err find_numbered(const char *what, const char *text, const void *array,
                                 size_t stride, size_t offset, uint32_t n, uint32_t *index,
                                 struct fault *why) {
  if (number_parse(text, n, index))
    return SP_OK;
  size_t digits = strspn(text, "0123456789");
  if (text[digits] == '-')
    return fault_set(why, SP_NOT_FOUND,
                     "no %s has the number %.40s: look at it again, the last digit is a check "
                     "digit; `sallyport %s list` has them all",
                     what, text, what);
  return find_by_digits(what, text, array, stride, offset, n, index, why);
}

enum sp_err site_find_order(const struct site *s, const char *text, uint32_t *index,
                            struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("order", text, core->orders, sizeof *core->orders,
                       offsetof(struct order, id), core->head.n_orders, index, why);
}

enum sp_err site_find_booking(const struct site *s, const char *text, uint32_t *index,
                              struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("booking", text, core->bookings, sizeof *core->bookings,
                       offsetof(struct booking, id), core->head.n_bookings, index, why);
}

enum sp_err site_find_visit(const struct site *s, const char *text, uint32_t *index,
                            struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("visit", text, core->visits, sizeof *core->visits,
                       offsetof(struct visit, id), core->head.n_visits, index, why);
}

enum sp_err site_find_movement(const struct site *s, const char *text, uint32_t *index,
                               struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("movement", text, core->movements, sizeof *core->movements,
                       offsetof(struct movement, id), core->head.n_movements, index, why);
}

enum sp_err site_find_assessment(const struct site *s, const char *text, uint32_t *index,
                                 struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("assessment", text, core->assessments, sizeof *core->assessments,
                       offsetof(struct assessment, id), core->head.n_assessments, index, why);
}

enum sp_err site_find_count(const struct site *s, const char *text, uint32_t *index,
                            struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("count", text, core->counts, sizeof *core->counts,
                       offsetof(struct count, id), core->head.n_counts, index, why);
}

enum sp_err site_find_hearing(const struct site *s, const char *text, uint32_t *index,
                              struct fault *why) {
  const struct core *core = s->fold.core;
  return find_numbered("hearing", text, core->hearings, sizeof *core->hearings,
                       offsetof(struct hearing, id), core->head.n_hearings, index, why);
}

enum sp_err site_find_operator(const struct site *s, const char *text, uint32_t *index,
                               struct fault *why) {
  const struct core *core = s->fold.core;
  for (uint32_t i = 0; i < core->head.n_operators; i++) {
    json_t *details;
    enum sp_err err = site_details(s, REF_OPERATOR, i, &details, why);
    if (err)
      return err;
    const char *name = json_string_value(json_object_get(details, "name"));
    bool same = name && strcmp(name, text) == 0;
    json_decref(details);
    if (same) {
      *index = i;
      return SP_OK;
    }
  }
  return find_by_digits("operator", text, core->operators, sizeof *core->operators,
                        offsetof(struct operator_record, id), core->head.n_operators, index, why);
}

struct names {
  const struct plan *plan;
  enum ref_kind kind;
};
static const char *name_at(const void *ctx, uint32_t i) {
  const struct names *n = ctx;
  return plan_name(n->plan, n->kind, i)->s;
}

enum sp_err site_find_place(const struct site *s, enum ref_kind kind, const char *text,
                            uint32_t *index, struct fault *why) {
  const struct plan *p = s->fold.plan;
  if (!p)
    return fault_set(why, SP_NOT_FOUND, "the site has no plan yet");
  if (plan_find(p, kind, span_str(text), index))
    return SP_OK;
  const struct names names = {p, kind};
  const char *near = plan_nearest(text, name_at, &names, plan_count(p, kind));
  return fault_set(why, SP_NOT_FOUND, "the plan has no %s `%.40s`%s%s%s", ref_kind_names[kind],
                   text, near ? "; is `" : ": `sallyport plan show` has them all", near ? near : "",
                   near ? "` meant?" : "");
}

/* --- Entries --- */

struct visiting {
  site_visit *visit;
  void *ctx;
  struct fault *why;
};

static enum sp_err visit_one(void *ctx, uint64_t n, struct span bytes) {
  struct visiting *v = ctx;
  return v->visit(v->ctx, n, bytes, v->why);
}

enum sp_err site_entries(const struct site *s, uint64_t from, site_visit *visit, void *ctx,
                         struct fault *why) {
  struct visiting v = {visit, ctx, why};
  return store_entries(s->store, from, core_next_entry(s->fold.core), visit_one, &v, why);
}

struct one_entry {
  struct buf *bytes;
  bool found;
};

static enum sp_err keep_one(void *ctx, uint64_t n, struct span bytes) {
  struct one_entry *o = ctx;
  (void)n;
  buf_put(o->bytes, bytes.p, bytes.n);
  o->found = true;
  return o->bytes->failed ? SP_NO_MEMORY : SP_OK;
}

enum sp_err site_entry(const struct site *s, uint64_t n, struct buf *bytes, struct fault *why) {
  struct one_entry o = {bytes, false};
  uint64_t size = core_next_entry(s->fold.core);
  if (n >= size)
    return fault_set(why, SP_NOT_FOUND,
                     "there is no entry %" PRIu64 ": the journal has %" PRIu64 ", from 0 on", n,
                     size);
  enum sp_err err = store_entries(s->store, n, n + 1, keep_one, &o, why);
  if (!err && !o.found)
    err = fault_set(why, SP_CORRUPT, "entry %" PRIu64 " is missing", n);
  return err;
}

static enum sp_err entry_time(const struct site *s, uint64_t n, usec *at, struct fault *why) {
  struct buf bytes = {0};
  struct entry e = {0};
  enum sp_err err = site_entry(s, n, &bytes, why);
  if (!err)
    err = entry_parse(&e, buf_span(&bytes), why);
  if (!err)
    *at = e.at;
  buf_free(&bytes);
  return err;
}

enum sp_err site_find_since(const struct site *s, usec since, uint64_t *from, struct fault *why) {
  uint64_t lo = 0, hi = core_next_entry(s->fold.core);
  while (lo < hi) {
    uint64_t mid = lo + (hi - lo) / 2;
    usec at;
    enum sp_err err = entry_time(s, mid, &at, why);
    if (err)
      return err;
    if (at < since)
      lo = mid + 1;
    else
      hi = mid;
  }
  *from = lo;
  return SP_OK;
}

enum sp_err site_blob(const struct site *s, const struct hash *hash, struct buf *out,
                      struct fault *why) {
  return store_blob(s->store, hash, out, why);
}

enum sp_err site_paper(const struct site *s, const struct hash *hash, struct buf *out,
                       struct fault *why) {
  return store_paper(s->store, hash, out, why);
}

/* --- Details --- */

static enum sp_err read_details(const struct store_details *d, json_t **out, struct fault *why) {
  enum sp_err err = json_bytes_read(out, d->json, NULL, why);
  return err == SP_INVALID
             ? fault_set(why, SP_CORRUPT,
                         "the details of entry %" PRIu64 " are no JSON: `verify` tells more", d->n)
             : err;
}

struct last_details {
  json_t *json;
  struct fault *why;
  bool of_person;
};

static enum sp_err keep_details(void *ctx, const struct store_details *d) {
  struct last_details *last = ctx;
  const struct slug photographed = query_entry_type(EVENT_PERSON_PHOTOGRAPHED);
  json_t *j;
  if (memcmp(&d->type, &photographed, sizeof photographed) == 0)
    return SP_OK; /* they say which photo, and nothing else of the person */
  enum sp_err err = read_details(d, &j, last->why);
  if (err)
    return err;
  if (last->of_person && last->json) { /* what was learnt later stands beside it */
    json_t *also = json_object_get(last->json, "also");
    if (!json_is_array(also)) {
      also = json_array();
      json_object_set_new(last->json, "also", also);
    }
    json_array_append_new(also, j);
    return SP_OK;
  }
  json_decref(last->json);
  last->json = j; /* by n: what came later holds */
  return SP_OK;
}

enum sp_err site_details(const struct site *s, enum ref_kind kind, uint32_t index, json_t **details,
                         struct fault *why) {
  const struct core *core = s->fold.core;
  const struct id *subject = kind == REF_PERSON       ? &core->persons[index].id
                             : kind == REF_ORDER      ? &core->orders[index].id
                             : kind == REF_ASSESSMENT ? &core->assessments[index].id
                                                      : &core->operators[index].id;
  struct last_details last = {NULL, why, kind == REF_PERSON};
  enum sp_err err = store_details(s->store, subject, keep_details, &last, why);
  if (err) {
    json_decref(last.json);
    last.json = NULL;
  }
  *details = last.json;
  return err;
}

struct entry_details {
  site_entry_details_visit *visit;
  void *ctx;
  struct fault *why;
};

static enum sp_err visit_entry_details(void *ctx, const struct store_details *d) {
  struct entry_details *v = ctx;
  json_t *j;
  enum sp_err err = read_details(d, &j, v->why);
  if (err)
    return err;
  err = v->visit(v->ctx, d->n, j, v->why);
  json_decref(j);
  return err;
}

enum sp_err site_details_of(const struct site *s, const struct id *subject,
                            site_entry_details_visit *visit, void *ctx, struct fault *why) {
  struct entry_details v = {visit, ctx, why};
  return store_details(s->store, subject, visit_entry_details, &v, why);
}

struct all_details {
  const struct site *s;
  site_details_visit *visit;
  void *ctx;
  struct fault *why;
};

static enum sp_err visit_details(void *ctx, const struct store_details *d) {
  struct all_details *a = ctx;
  uint32_t person;
  json_t *j;
  enum sp_err err = read_details(d, &j, a->why);
  if (err)
    return err;
  err = core_find_person(a->s->fold.core, d->subject, &person)
            ? a->visit(a->ctx, person, j, a->why)
            : SP_OK; /* registered since the state was folded */
  json_decref(j);
  return err;
}

enum sp_err site_all_details(const struct site *s, site_details_visit *visit, void *ctx,
                             struct fault *why) {
  static const enum event_type types[] = {EVENT_PERSON_ADDED, EVENT_PERSON_IDENTIFIED};
  struct all_details a = {s, visit, ctx, why};
  enum sp_err err = SP_OK;
  for (size_t i = 0; i < sizeof types / sizeof types[0] && !err; i++) {
    const struct slug type = query_entry_type(types[i]);
    err = store_details_typed(s->store, &type, visit_details, &a, why);
  }
  return err;
}

enum sp_err site_set_details(struct cli *c, json_t *row, uint32_t person) {
  static const char *const shown[] = {"name", "birth_date", "document", "external_id"};
  json_t *details;
  enum sp_err err = site_details(c->site, REF_PERSON, person, &details, &c->why);
  if (err || !details)
    return err;
  for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
    if (json_object_get(details, shown[i]))
      json_object_set(row, shown[i], json_object_get(details, shown[i]));
  json_object_set_new(row, "details", details);
  return SP_OK;
}
