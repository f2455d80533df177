/* cli_import.c: person import. Every row is checked before the first is sent; then rows go in
 * batches, many requests at once: first each row's person, then its PIN, its levels, and last its
 * card. So a person who has a card is whole, which is how an import that was stopped goes on: a
 * known person without one gets what is missing.
 *
 * Invariants:
 *   1. at most ask_window() requests are under way;
 *   2. a row's secrets are wiped when its batch ends, the file's bytes when the import does.
 */
#include "cli/ask.h"
#include "cli/file.h"
#include "cli/import.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "journal/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { import_bytes_max = 256 << 20, batch_max = 64, steps_max = import_levels_max + 3 };

/* What recognises a row, or a card: hashed, so that nothing secret is kept. */
struct mark {
  uint8_t hash[16];
  uint32_t value; /* person, or line */
};
struct marks {
  struct mark *at;
  size_t n, cap;
};

enum step { STEP_PERSON, STEP_PIN, STEP_CARD, STEP_LEVEL /* + index of the row's levels */ };

struct pending {
  struct row row;
  uint32_t known; /* person index, REF_ABSENT = new */
  char *key;
  char id[33], number[person_text_max];
  bool bad, added;
};
struct under_way {
  uint64_t id;
  uint32_t slot, step;
};

struct importing {
  struct cli *c;
  const char *file;
  struct buf bytes;
  struct import_header header;
  struct marks known, seen_keys, seen_cards;
  bool *has_card; /* by person */
  struct ask *ask;
  struct under_way *way;
  uint32_t n_way, n_batch;
  struct pending batch[batch_max];
  uint32_t rows, imported, skipped, completed, bad, sent;
  bool progress;
  struct timespec started;
};

/* --- Marks --- */

static struct mark mark_of(const char *kind, const char *text, uint32_t value) {
  struct sha256 s;
  struct mark m = {.value = value};
  sha256_start(&s);
  sha256_add(&s, kind, strlen(kind) + 1);
  sha256_add(&s, text, strlen(text));
  struct hash h = sha256_end(&s);
  memcpy(m.hash, h.b, sizeof m.hash);
  return m;
}

static enum sp_err marks_add(struct marks *l, struct mark m, struct fault *why) {
  if (l->n == l->cap) {
    size_t cap = l->cap ? 2 * l->cap : 1024;
    struct mark *more = sp_realloc(l->at, cap * sizeof *more);
    if (!more)
      return fault_set(why, SP_NO_MEMORY, "out of memory");
    l->at = more;
    l->cap = cap;
  }
  l->at[l->n++] = m;
  return SP_OK;
}

static int compare_marks(const void *a, const void *b) {
  const struct mark *x = a, *y = b;
  int d = memcmp(x->hash, y->hash, sizeof x->hash);
  return d ? d : (x->value > y->value) - (x->value < y->value);
}

static void marks_sort(struct marks *l) {
  if (l->n)
    qsort(l->at, l->n, sizeof *l->at, compare_marks);
}

/* The first with this hash; NULL if none. Sorted. */
static const struct mark *marks_find(const struct marks *l, const struct mark *m) {
  size_t lo = 0, hi = l->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (memcmp(l->at[mid].hash, m->hash, sizeof m->hash) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < l->n && memcmp(l->at[lo].hash, m->hash, sizeof m->hash) == 0 ? &l->at[lo] : NULL;
}

/* --- Telling --- */

static void clear_progress(const struct importing *im) {
  if (im->progress)
    fputs("\r\033[K", stderr);
}

static void tell_progress(const struct importing *im, uint32_t done) {
  if (!im->progress)
    return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double s =
      (double)(now.tv_sec - im->started.tv_sec) + (double)(now.tv_nsec - im->started.tv_nsec) / 1e9;
  int bar = im->rows ? (int)(30 * (uint64_t)done / im->rows) : 30;
  fprintf(stderr, "\r[%.*s%*s] %u of %u rows, %.0f/s\033[K", bar, "##############################",
          30 - bar, "", done, im->rows, s > 0.1 ? (double)done / s : 0);
}

static void tell_row(struct importing *im, uint32_t line, const struct pending *p,
                     const char *result, const char *text) {
  if (im->c->out.json) {
    json_t *o = json_pack("{s:i,s:s}", "line", (int)line, "result", result);
    if (p && p->key)
      json_object_set_new(o, import_column_name(im->header.key), json_string(p->key));
    if (p && p->number[0])
      json_object_set_new(o, "number", json_string(p->number));
    if (p && p->id[0])
      json_object_set_new(o, "person", json_string(p->id));
    if (text)
      json_object_set_new(o, "text", json_string(text));
    out_json(o);
  } else if (strcmp(result, "bad") == 0) {
    struct buf b = {0};
    clear_progress(im);
    term_put(&b, span_str(im->file));
    buf_printf(&b, ":%u: ", line);
    term_put(&b, span_str(text));
    out_line(&im->c->out, "%s", buf_cstr(&b) ? buf_cstr(&b) : text);
    buf_free(&b);
  }
}

static void tell_bad(struct importing *im, uint32_t line, struct pending *p, const char *text) {
  if (!p || !p->bad)
    im->bad++;
  if (p)
    p->bad = true;
  tell_row(im, line, p, "bad", text);
}

/* --- First pass: is every row right? --- */

/* Marks of the row, so that one that comes twice is told with both lines. */
static enum sp_err note_row(struct importing *im, const struct row *row) {
  enum sp_err err = SP_OK;
  if (row->key)
    err = marks_add(&im->seen_keys, mark_of("key", row->key, row->line), &im->c->why);
  if (!err && row->has_card) {
    char text[slug_max + card_hex_max + 4];
    snprintf(text, sizeof text, "%s:%s", row->card.format, row->card.hex);
    err = marks_add(&im->seen_cards, mark_of("card", text, row->line), &im->c->why);
    bytes_wipe(text, sizeof text);
  }
  return err;
}

static int compare_lines(const void *a, const void *b) {
  const struct mark *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}

static bool is_double(const struct marks *l, uint32_t line) {
  const struct mark m = {.value = line};
  return l->n && bsearch(&m, l->at, l->n, sizeof m, compare_lines);
}

/* Each mark that comes again is a bad row; keeps only those, by line. */
static void tell_doubles(struct importing *im, struct marks *l, const char *what) {
  size_t n = 0;
  marks_sort(l);
  for (size_t i = 1, first = 0; i < l->n; i++) {
    if (memcmp(l->at[i].hash, l->at[first].hash, sizeof l->at[i].hash) != 0) {
      first = i;
      continue;
    }
    char text[128];
    snprintf(text, sizeof text, "%s is that of line %u: every row has its own", what,
             l->at[first].value);
    tell_bad(im, l->at[i].value, NULL, text);
    im->bad -= l == &im->seen_cards && is_double(&im->seen_keys, l->at[i].value); /* counted */
    struct mark m = l->at[i];
    l->at[n++] = m; /* behind what is still read: n <= i */
  }
  l->n = n;
  if (n)
    qsort(l->at, n, sizeof *l->at, compare_lines);
}

static enum sp_err check_rows(struct importing *im) {
  struct csv csv;
  struct fault why = {0};
  const struct plan *plan = site_plan(im->c->site);
  usec now = when_now();
  csv_open(&csv, buf_span(&im->bytes));
  enum sp_err err = import_header(&csv, &im->header, &im->c->why);
  if (err)
    fault_prefix(&im->c->why, "%s", im->file);
  for (bool end = false; !err;) {
    struct row row = {0};
    enum sp_err bad = csv_next(&csv, &end, &why);
    if (end)
      break;
    im->rows++;
    if (!bad)
      bad = import_row(&csv, &im->header, plan, now, &row, &why);
    if (bad)
      tell_bad(im, csv.record_line, NULL, why.text);
    else
      err = note_row(im, &row);
    row_forget(&row);
  }
  csv_close(&csv);
  if (!err) {
    tell_doubles(im, &im->seen_keys, import_column_name(im->header.key));
    tell_doubles(im, &im->seen_cards, "card");
  }
  return err;
}

/* --- Who is known --- */

static enum sp_err note_known(void *ctx, uint32_t person, const json_t *details,
                              struct fault *why) {
  struct importing *im = ctx;
  const char *key = json_string_value(json_object_get(details, import_column_name(im->header.key)));
  return key ? marks_add(&im->known, mark_of("key", key, person), why) : SP_OK;
}

static enum sp_err find_known(struct importing *im) {
  const struct core *core = site_core(im->c->site);
  if (im->header.key == IMPORT_COLUMN_COUNT || core->head.n_persons == 0)
    return SP_OK;
  im->has_card = sp_alloc(core->head.n_persons, sizeof *im->has_card);
  if (!im->has_card)
    return fault_set(&im->c->why, SP_NO_MEMORY, "out of memory");
  for (uint32_t i = 0; i < core->head.n_credentials; i++)
    im->has_card[core->credentials[i].person] = true;
  enum sp_err err = ask_details_read(im->c, im->ask, REF_NONE, REF_ABSENT);
  if (!err)
    err = site_all_details(im->c->site, note_known, im, &im->c->why);
  marks_sort(&im->known);
  return err;
}

static bool holds(const struct core *core, uint32_t person, uint32_t level) {
  struct grant_cursor cursor = {0};
  for (const struct grant *g; (g = person_next_grant(core, &core->persons[person], &cursor));)
    if (g->level == level)
      return true;
  return false;
}

static bool is_whole(const struct importing *im, const struct pending *p) {
  if (p->row.has_card)
    return im->has_card[p->known];
  for (uint32_t i = 0; i < p->row.n_levels; i++)
    if (holds(site_core(im->c->site), p->known, p->row.levels[i]))
      return true;
  return p->row.n_levels == 0;
}

/* --- Second pass: requests --- */

static void set_time(json_t *o, const char *key, usec t) {
  if (t != TIME_ABSENT)
    json_object_set_new(o, key, json_time(t));
}

static struct asked build(struct importing *im, const struct pending *p, uint32_t step) {
  const struct row *r = &p->row;
  const struct plan *plan = site_plan(im->c->site);
  struct asked a = {0};
  if (step == STEP_PERSON) {
    a.command = ask_command(COMMAND_PERSON_ADD);
    json_object_set_new(a.command, "kind", json_string(person_kind_names[r->kind]));
    set_time(a.command, "from", r->from);
    set_time(a.command, "until", r->until);
    a.details = json_deep_copy(r->details);
    return a;
  }
  a.command = ask_command(step == STEP_PIN    ? COMMAND_PIN_SET
                          : step == STEP_CARD ? COMMAND_CREDENTIAL_ISSUE
                                              : COMMAND_LEVEL_GRANT);
  json_object_set_new(a.command, "person", json_string(p->id));
  if (step == STEP_PIN) {
    a.secret = json_pack("{s:s}", "pin", r->pin);
  } else if (step == STEP_CARD) {
    json_object_set_new(a.command, "format", json_string(r->card.format));
    a.secret = json_pack("{s:{s:s,s:s}}", "card", "format", r->card.format, "value", r->card.hex);
  } else {
    json_object_set_new(a.command, "level",
                        json_string(plan->levels[r->levels[step - STEP_LEVEL]].name.s));
  }
  if (step != STEP_PIN) {
    set_time(a.command, "from", r->from);
    set_time(a.command, "until", r->until);
  }
  return a;
}

static enum sp_err send_step(struct importing *im, uint32_t slot, uint32_t step) {
  struct under_way *w = &im->way[im->n_way];
  *w = (struct under_way){.slot = slot, .step = step};
  enum sp_err err = ask_send(im->ask, build(im, &im->batch[slot], step), &w->id, &im->c->why);
  if (!err)
    im->n_way++;
  return err;
}

static void take_person(struct pending *p, const json_t *reply) {
  const json_t *data = json_object_get(json_object_get(reply, "entry"), "data");
  const char *id = json_string_value(json_object_get(data, "person"));
  json_int_t n = json_integer_value(json_object_get(data, "number"));
  snprintf(p->id, sizeof p->id, "%s", id ? id : "");
  snprintf(p->number, sizeof p->number, "%" PRIu64 "-%" PRIu64, (uint64_t)n / 10 % 100000000,
           (uint64_t)n % 10);
  p->added = true;
}

static const char *step_name(const struct importing *im, const struct pending *p, uint32_t step) {
  return step == STEP_PERSON ? "person"
         : step == STEP_PIN  ? "pin"
         : step == STEP_CARD
             ? "card"
             : site_plan(im->c->site)->levels[p->row.levels[step - STEP_LEVEL]].name.s;
}

/* Takes one answer. A step that met a full queue is sent again. */
static enum sp_err receive_step(struct importing *im) {
  uint64_t id;
  json_t *reply;
  uint32_t i = 0;
  enum sp_err err = ask_receive(im->ask, &id, &reply, &im->c->why);
  if (err)
    return err;
  while (i < im->n_way && im->way[i].id != id)
    i++;
  if (i == im->n_way) {
    json_decref(reply);
    return fault_set(&im->c->why, SP_UNAVAILABLE, "the engine answered what was not asked");
  }
  struct under_way w = im->way[i];
  struct pending *p = &im->batch[w.slot];
  struct fault why = {0};
  im->way[i] = im->way[--im->n_way];
  enum sp_err bad = ask_error(reply, &why);
  const char *decision = json_string_value(json_object_get(reply, "decision"));
  if (bad == SP_BUSY) {
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    err = send_step(im, w.slot, w.step);
  } else if (bad || !decision) {
    tell_bad(im, p->row.line, p, why.text[0] ? why.text : "the engine's answer has no decision");
  } else if (strcmp(decision, "done") == 0) {
    if (w.step == STEP_PERSON)
      take_person(p, reply);
  } else {
    struct buf text = {0};
    buf_printf(&text, "%s %s: ", step_name(im, p, w.step), decision);
    ask_reasons(reply, &text);
    tell_bad(im, p->row.line, p, buf_cstr(&text) ? buf_cstr(&text) : "refused");
    buf_free(&text);
  }
  json_decref(reply);
  return err;
}

static enum sp_err send_when_room(struct importing *im, uint32_t slot, uint32_t step) {
  while (im->n_way >= ask_window()) {
    enum sp_err err = receive_step(im);
    if (err)
      return err;
  }
  return send_step(im, slot, step);
}

static enum sp_err drain(struct importing *im) {
  enum sp_err err = SP_OK;
  while (im->n_way && !err)
    err = receive_step(im);
  return err;
}

/* What of this row is missing, the card last. */
static enum sp_err send_rest(struct importing *im, uint32_t slot) {
  const struct core *core = site_core(im->c->site);
  const struct pending *p = &im->batch[slot];
  bool is_new = p->known == REF_ABSENT;
  enum sp_err err = SP_OK;
  if (p->row.has_pin &&
      (is_new || bytes_are_zero(core->persons[p->known].pin.b, sizeof(struct id))))
    err = send_when_room(im, slot, STEP_PIN);
  for (uint32_t i = 0; i < p->row.n_levels && !err; i++)
    if (is_new || !holds(core, p->known, p->row.levels[i]))
      err = send_when_room(im, slot, STEP_LEVEL + i);
  if (!err && p->row.has_card)
    err = send_when_room(im, slot, STEP_CARD);
  return err;
}

static enum sp_err run_batch(struct importing *im) {
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < im->n_batch && !err; i++)
    if (im->batch[i].known == REF_ABSENT)
      err = send_when_room(im, i, STEP_PERSON);
  if (!err)
    err = drain(im);
  for (uint32_t i = 0; i < im->n_batch && !err; i++)
    if (im->batch[i].id[0])
      err = send_rest(im, i);
  if (!err)
    err = drain(im);
  for (uint32_t i = 0; i < im->n_batch; i++) {
    struct pending *p = &im->batch[i];
    if (!err && !p->bad) {
      im->imported += p->added;
      im->completed += !p->added;
      tell_row(im, p->row.line, p, p->added ? "imported" : "completed", NULL);
    }
    row_forget(&p->row);
    sp_free(p->key);
    memset(p, 0, sizeof *p);
  }
  im->n_batch = 0;
  im->n_way = 0;
  return err;
}

/* Takes the row into the batch, unless its person is whole. */
static enum sp_err take_row(struct importing *im, struct row *row) {
  const struct core *core = site_core(im->c->site);
  struct pending *p = &im->batch[im->n_batch];
  *p = (struct pending){.row = *row, .known = REF_ABSENT};
  if (row->key) {
    struct mark m = mark_of("key", row->key, 0);
    const struct mark *found = marks_find(&im->known, &m);
    p->key = sp_strdup(row->key);
    if (!p->key) {
      row_forget(&p->row);
      return fault_set(&im->c->why, SP_NO_MEMORY, "out of memory");
    }
    if (found) {
      p->known = found->value;
      person_text(p->number, p->known);
      hex_encode(p->id, core->persons[p->known].id.b, sizeof(struct id));
    }
  }
  if (p->known != REF_ABSENT && is_whole(im, p)) {
    im->skipped++;
    tell_row(im, row->line, p, "known", NULL);
    row_forget(&p->row);
    sp_free(p->key);
    return SP_OK;
  }
  im->n_batch++;
  return SP_OK;
}

static enum sp_err send_rows(struct importing *im) {
  struct csv csv;
  struct import_header header;
  struct fault why = {0};
  uint32_t done = 0;
  usec now = when_now();
  csv_open(&csv, buf_span(&im->bytes));
  enum sp_err err = import_header(&csv, &header, &im->c->why);
  for (bool end = false; !err;) {
    struct row row = {0};
    enum sp_err bad = csv_next(&csv, &end, &why);
    if (end)
      break;
    done++;
    if (!bad)
      bad = import_row(&csv, &header, site_plan(im->c->site), now, &row, &why);
    if (bad || is_double(&im->seen_keys, row.line) || is_double(&im->seen_cards, row.line)) {
      row_forget(&row); /* told already */
      continue;
    }
    err = take_row(im, &row); /* which now has the row's secrets */
    bytes_wipe(&row, sizeof row);
    if (!err && im->n_batch == batch_max) {
      err = run_batch(im);
      tell_progress(im, done);
    }
  }
  csv_close(&csv);
  enum sp_err last = err ? SP_OK : run_batch(im);
  clear_progress(im);
  return err ? err : last;
}

/* --- All of it --- */

static void tell_summary(const struct importing *im, bool dry) {
  if (im->c->out.json)
    return;
  if (dry)
    out_line(&im->c->out, "%u rows: %u good, %u bad; nothing was changed", im->rows,
             im->rows - im->bad, im->bad);
  else
    out_line(&im->c->out, "%u rows: %u imported, %u gone on with, %u known already, %u bad",
             im->rows, im->imported, im->completed, im->skipped, im->bad);
}

static void importing_free(struct importing *im) {
  for (uint32_t i = 0; i < im->n_batch; i++) {
    row_forget(&im->batch[i].row);
    sp_free(im->batch[i].key);
  }
  bytes_wipe(im->bytes.p, im->bytes.cap);
  buf_free(&im->bytes);
  sp_free(im->known.at);
  sp_free(im->seen_keys.at);
  sp_free(im->seen_cards.at);
  sp_free(im->way);
  sp_free(im->has_card);
  ask_close(im->ask);
  sp_free(im);
}

enum sp_err cli_person_import(struct cli *c) {
  bool dry = cli_has(c, OPT_DRY_RUN);
  struct importing *im = sp_alloc(1, sizeof *im);
  if (!im)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  im->c = c;
  im->file = c->args.operands[0];
  im->progress = !c->out.json && isatty(STDERR_FILENO);
  clock_gettime(CLOCK_MONOTONIC, &im->started);
  im->way = sp_alloc(ask_window(), sizeof *im->way);
  enum sp_err err = im->way ? SP_OK : fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  if (!err)
    err = site_open(c);
  if (!err && !site_plan(c->site))
    err = fault_set(&c->why, SP_NOT_FOUND, "the site has no plan yet");
  if (!err)
    err = cli_file_read(im->file, import_bytes_max, &im->bytes, &c->why);
  if (!err)
    err = check_rows(im);
  if (!err && !dry)
    err = ask_open(c, &im->ask);
  if (!err && !dry)
    err = find_known(im);
  if (!err && !dry)
    err = send_rows(im);
  if (!err)
    tell_summary(im, dry);
  if (!err && im->bad)
    err = fault_set(&c->why, SP_INVALID,
                    "%s: %u bad row%s; correct them and import the file again: rows that are in "
                    "are passed over",
                    im->file, im->bad, im->bad == 1 ? "" : "s");
  importing_free(im);
  return err;
}
