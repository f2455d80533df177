#include "journal_fixture.h"

#include "audit/state_hash.h"
#include "engine/query.h"
#include "engine/site_dir.h"
#include "journal/details.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MUST(call)                                                                                 \
  do {                                                                                             \
    struct fault why = {0};                                                                        \
    if (call)                                                                                      \
      fail_msg("%s: %s", #call, why.text);                                                         \
  } while (0)

struct buf fx_file(const char *name) {
  char path[600];
  struct buf b = {0};
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
  FILE *f = fopen(path, "r");
  if (!f)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  size_t n;
  while (buf_reserve(&b, 65536) && (n = fread(b.p + b.n, 1, 65536, f)) > 0)
    b.n += n;
  fclose(f);
  return b;
}

struct id fx_id(uint32_t what, uint32_t n) {
  uint8_t seed[8];
  store_le32(seed, what);
  store_le32(seed + 4, n);
  struct hash h = sha256_of(span_of(seed, sizeof seed));
  struct id id;
  memcpy(id.b, h.b, sizeof id.b);
  return id;
}

/* --- The file of the last checkpoint --- */

static enum sp_err checkpoint_read(void *ctx, struct buf *note, struct fault *why) {
  struct fx *fx = ctx;
  if (fx->dir)
    return site_dir_checkpoint_read(fx->dir, note, why);
  if (!fx->checkpoint.n)
    return fault_set(why, SP_NOT_FOUND, "none yet");
  buf_put(note, fx->checkpoint.p, fx->checkpoint.n);
  return SP_OK;
}

static enum sp_err checkpoint_write(void *ctx, struct span note, struct fault *why) {
  struct fx *fx = ctx;
  if (fx->dir)
    return site_dir_checkpoint_write(fx->dir, note, why);
  buf_reset(&fx->checkpoint);
  buf_put(&fx->checkpoint, note.p, note.n);
  return SP_OK;
}

/* --- Running commands --- */

uint64_t fx_run(struct fx *fx, struct command *c) {
  uint64_t n = core_next_entry(fx->fold.core);
  c->at = fx->at += 250 * USEC_PER_MS;
  c->known_at = c->at;
  c->clock_trusted = true;
  if (!fx->n_entries)
    fx->first = n;
  core_decide(fx->fold.core, c, &fx->out);
  if (fx->out.verdict == VERDICT_REJECTED)
    fail_msg("rejected: %s", reason_codes[fx->out.reasons.at[0].code]);
  MUST(entry_write(&fx->writer, fx->fold.core, &fx->site, c, &fx->out, &fx->bundle, &why));
  for (uint32_t i = 0; i < fx->out.n_events; i++) {
    const struct event *e = &fx->out.events[i];
    struct store_passage row;
    if (query_passage(fx->fold.core, e, &row))
      buf_put(&fx->passages, &row, sizeof row);
    fold_apply(&fx->fold, e, (struct plan *)(uintptr_t)e->plan);
  }
  fx->n_entries += fx->out.n_events;
  return n;
}

/* Details and blobs wait with offsets of their bytes in `json`, which may still move. */
void fx_details(struct fx *fx, struct command *c, struct id subject, const char *json) {
  static const char *const types[] = {[COMMAND_PERSON_ADD] = "person.added",
                                      [COMMAND_OPERATOR_ADD] = "operator.added",
                                      [COMMAND_PERSON_PHOTO] = "person.photographed"};
  struct store_details d = {.n = core_next_entry(fx->fold.core), .subject = subject};
  struct id opening = fx_id(99, fx->random++);
  memcpy(d.opening.b, opening.b, sizeof opening.b);
  memcpy(d.opening.b + 16, opening.b, sizeof opening.b);
  c->commit = details_commit(&d.opening, span_str(types[c->type]), span_str(json));
  snprintf(d.type.s, sizeof d.type.s, "%s", types[c->type]);
  for (char *p = d.type.s; *p; p++)
    *p = *p == '.' ? '-' : *p;
  d.json = span_of((const uint8_t *)(uintptr_t)fx->json.n, strlen(json));
  buf_puts(&fx->json, json);
  buf_put(&fx->details, &d, sizeof d);
}

static void put_blob(struct fx *fx, struct hash hash, struct span bytes) {
  struct store_blob b = {hash, span_of((const uint8_t *)(uintptr_t)fx->json.n, bytes.n)};
  buf_put(&fx->json, bytes.p, bytes.n);
  buf_put(&fx->blobs, &b, sizeof b);
}

static void put_paper(struct fx *fx, struct id subject, struct span bytes) {
  struct store_paper p = {core_next_entry(fx->fold.core), subject, sha256_of(bytes),
                          span_of((const uint8_t *)(uintptr_t)fx->json.n, bytes.n)};
  buf_put(&fx->json, bytes.p, bytes.n);
  buf_put(&fx->papers, &p, sizeof p);
}

void fx_commit(struct fx *fx) {
  if (!fx->n_entries)
    return;
  struct store_details *details = (void *)fx->details.p;
  struct store_blob *blobs = (void *)fx->blobs.p;
  struct store_paper *papers = (void *)fx->papers.p;
  uint32_t n_details = (uint32_t)(fx->details.n / sizeof *details);
  uint32_t n_blobs = (uint32_t)(fx->blobs.n / sizeof *blobs);
  uint32_t n_papers = (uint32_t)(fx->papers.n / sizeof *papers);
  for (uint32_t i = 0; i < n_details; i++)
    details[i].json.p = fx->json.p + (uintptr_t)details[i].json.p;
  for (uint32_t i = 0; i < n_blobs; i++)
    blobs[i].bytes.p = fx->json.p + (uintptr_t)blobs[i].bytes.p;
  for (uint32_t i = 0; i < n_papers; i++)
    papers[i].bytes.p = fx->json.p + (uintptr_t)papers[i].bytes.p;
  struct store_batch batch = {
      .first = fx->first,
      .n_entries = fx->n_entries,
      .entries = buf_span(&fx->bundle),
      .details = details,
      .n_details = n_details,
      .blobs = blobs,
      .n_blobs = n_blobs,
      .papers = papers,
      .n_papers = n_papers,
      .passages = (const void *)fx->passages.p,
      .n_passages = (uint32_t)(fx->passages.n / sizeof(struct store_passage)),
      .erased = (const void *)fx->erased.p,
      .n_erased = (uint32_t)(fx->erased.n / sizeof(struct id)),
  };
  MUST(committer_commit(fx->committer, &batch, 0, &why));
  fx->n_entries = 0;
  struct buf *const all[] = {&fx->bundle, &fx->passages, &fx->details, &fx->json,
                             &fx->erased, &fx->blobs,    &fx->papers};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    buf_reset(all[i]);
}

void fx_sign(struct fx *fx) {
  fx_commit(fx);
  MUST(committer_tend(fx->committer, 0, true, &why));
}

void fx_snapshot(struct fx *fx) {
  struct buf dump = {0};
  struct command c = {.type = COMMAND_SNAPSHOT_TAKE, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
  state_dump(fx->fold.core, &dump);
  struct io_snapshot snap = {.hash = sha256_of(buf_span(&dump)), .dump = buf_span(&dump)};
  c.u.snapshot_take.state = snap.hash;
  snap.n = fx_run(fx, &c);
  fx_commit(fx);
  for (bool done = false; !done;)
    MUST(committer_snapshot(fx->committer, &snap, &done, &why));
  buf_free(&dump);
}

/* --- A site --- */

void fx_plan(struct fx *fx, const char *file, struct actor by, uint32_t second) {
  struct buf yaml = fx_file(file), blob = {0};
  struct plan_faults faults = {0};
  struct plan *plan = NULL;
  assert_int_equal(plan_read(buf_span(&yaml), &plan, &faults), SP_OK);
  plan_faults_free(&faults);
  MUST(plan_blob_encode(plan, &blob, &why));
  struct command c = {.type = COMMAND_PLAN_APPLY, .by = by, .second = second, .plan = plan};
  c.u.plan_apply.compiled = sha256_of(buf_span(&blob));
  c.u.plan_apply.source = sha256_of(buf_span(&yaml));
  put_blob(fx, c.u.plan_apply.compiled, buf_span(&blob));
  put_blob(fx, c.u.plan_apply.source, buf_span(&yaml));
  fx->site = plan->name;
  fx_run(fx, &c);
  assert_int_equal(fx->out.events[0].type, EVENT_PLAN_APPLIED);
  buf_free(&yaml);
  buf_free(&blob);
}

static void start(struct fx *fx) {
  const struct fold_options options = {0};
  fx->io = (struct io){
      .ctx = fx, .checkpoint_read = checkpoint_read, .checkpoint_write = checkpoint_write};
  MUST(fold_open(&fx->fold, fx->store, &options, &why));
  MUST(committer_open(&fx->committer, fx->store, &fx->io, &fx->signer, &why));
}

void fx_new(struct fx *fx, struct store *store, const char *plan) {
  const uint8_t seed[32] = {1, 2, 3};
  const struct actor init = {ACTOR_INIT, 0};
  *fx = (struct fx){.store = store};
  assert_true(time_parse_lenient(&fx->at, "2026-11-23T08:00Z", 17));
  MUST(signer_from_seed(&fx->signer, "sallyport.local/test", seed, &why));
  start(fx);
  char vkey[vkey_max];
  vkey_format(&fx->signer.public, vkey);
  struct command c = {.type = COMMAND_SITE_CREATE, .by = init, .second = REF_ABSENT};
  c.u.site_create.vkey = sha256_of(span_str(vkey));
  snprintf(fx->site.s, sizeof fx->site.s, "small");
  fx_run(fx, &c);
  fx_plan(fx, plan, init, REF_ABSENT);
  const uint32_t roles[] = {ROLE_ADMIN, ROLE_SHIFT, ROLE_DESK, ROLE_RECORDS, ROLE_LEGAL};
  for (uint32_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
    c = (struct command){.type = COMMAND_OPERATOR_ADD, .by = init, .second = REF_ABSENT};
    c.u.operator_add = (struct cmd_operator_add){fx_id(1, i), roles[i]};
    fx_details(fx, &c, c.u.operator_add.operator_id, "{\"name\":\"someone\"}");
    fx_run(fx, &c);
  }
  MUST(store_meta_put(store, "site", span_str(fx->site.s), &why));
  MUST(store_meta_put(store, "origin", span_str(fx->signer.public.name), &why));
  MUST(store_meta_put(store, "vkey", span_str(vkey), &why));
  fx_sign(fx);
}

void fx_new_dir(struct fx *fx, const char *path, const char *plan) {
  char db[600];
  struct store *store;
  snprintf(db, sizeof db, "%s/site.db", path);
  MUST(store_sqlite_open(db, "small", STORE_CREATE, &store, &why));
  fx_new(fx, store, plan);
  MUST(site_dir_open(&fx->dir, path, SITE_DIR_WRITE, &why));
  MUST(site_dir_checkpoint_write(fx->dir, buf_span(&fx->checkpoint), &why));
}

void fx_end(struct fx *fx) {
  struct buf *const all[] = {&fx->bundle, &fx->passages, &fx->details, &fx->json,
                             &fx->erased, &fx->blobs,    &fx->papers,  &fx->checkpoint};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    buf_free(all[i]);
  committer_close(fx->committer);
  fold_close(&fx->fold);
  entry_writer_free(&fx->writer);
  store_close(fx->store);
  site_dir_close(fx->dir);
}

/* --- People --- */

enum { ADMIN, SHIFT, DESK, RECORDS, LEGAL };

static struct command by_desk(enum command_type type) {
  return (struct command){.type = type, .by = {ACTOR_OPERATOR, DESK}, .second = REF_ABSENT};
}

static uint32_t thing(const struct fx *fx, enum ref_kind kind, const char *name) {
  uint32_t i = 0;
  if (!plan_find(fx->fold.plan, kind, span_str(name), &i))
    fail_msg("the plan has no %s", name);
  return i;
}

uint32_t fx_person(struct fx *fx, enum person_kind kind, const char *level) {
  uint32_t person = fx->fold.core->head.n_persons;
  char json[80];
  snprintf(json, sizeof json, "{\"birth_date\":\"1980-01-01\",\"name\":\"Person %u\"}", person);
  struct command c = by_desk(COMMAND_PERSON_ADD);
  c.u.person_add = (struct cmd_person_add){fx_id(2, person), kind, TIME_ABSENT, TIME_ABSENT};
  fx_details(fx, &c, c.u.person_add.person, json);
  fx_run(fx, &c);
  c = by_desk(COMMAND_CREDENTIAL_ISSUE);
  c.u.credential_issue = (struct cmd_credential_issue){
      fx_id(3, person), fx_id(4, person), person, 0, TIME_ABSENT, TIME_ABSENT};
  fx_run(fx, &c);
  if (!level)
    return person;
  c = by_desk(COMMAND_LEVEL_GRANT);
  c.u.level_grant =
      (struct cmd_level_grant){person, thing(fx, REF_LEVEL, level), TIME_ABSENT, TIME_ABSENT};
  fx_run(fx, &c);
  return person;
}

void fx_door(struct fx *fx, const char *door, enum door_sign sign) {
  struct command c = {.type = COMMAND_DOOR_REPORT, .by = {ACTOR_HAND, 0}, .second = REF_ABSENT};
  c.u.door_report = (struct cmd_door_report){thing(fx, REF_DOOR, door), sign, TIME_ABSENT, false};
  fx_run(fx, &c);
}

void fx_pass(struct fx *fx, uint32_t person, const char *reader) {
  struct command c = {.type = COMMAND_PASS, .by = {ACTOR_HAND, 0}, .second = REF_ABSENT};
  uint32_t r = thing(fx, REF_READER, reader);
  c.u.pass = (struct cmd_pass){
      .reader = r, .format = 0, .tag = fx_id(4, person), .occurred_at = TIME_ABSENT};
  fx_run(fx, &c);
  if (fx->out.verdict != VERDICT_DONE)
    return;
  const char *door = fx->fold.plan->doors[fx->fold.plan->readers[r].door].name.s;
  fx_door(fx, door, DOOR_OPENED);
  fx_door(fx, door, DOOR_CLOSED);
  fx_door(fx, door, DOOR_LOCKED);
}

void fx_erase(struct fx *fx, uint32_t person) {
  struct command c = {
      .type = COMMAND_DETAILS_ERASE, .by = {ACTOR_OPERATOR, RECORDS}, .second = LEGAL};
  c.u.details_erase = (struct cmd_details_erase){person, ERASURE_COURT};
  fx_run(fx, &c);
  assert_int_equal(fx->out.verdict, VERDICT_DONE);
  buf_put(&fx->erased, &fx->fold.core->persons[person].id, sizeof(struct id));
}

/* --- Papers --- */

static struct command by_records(enum command_type type, uint32_t second) {
  return (struct command){.type = type, .by = {ACTOR_OPERATOR, RECORDS}, .second = second};
}

static void name_the_law(struct fx *fx) {
  struct command c = by_records(COMMAND_AUTHORITY_ADD, LEGAL);
  c.u.authority_add = (struct cmd_authority_add){{"district"}, REF_ABSENT};
  fx_run(fx, &c);
  c = by_records(COMMAND_BASIS_ADD, LEGAL);
  c.u.basis_add = (struct cmd_basis_add){.basis = {"code"},
                                         .country = REF_ABSENT,
                                         .place = REF_ABSENT,
                                         .replaces = REF_ABSENT,
                                         .from = TIME_ABSENT,
                                         .until = TIME_ABSENT};
  fx_run(fx, &c);
}

uint64_t fx_order(struct fx *fx, uint32_t person, const char *paper) {
  const struct core *core = fx->fold.core;
  const bool about = person != REF_ABSENT;
  if (!core->head.n_bases)
    name_the_law(fx);
  struct command c = by_records(COMMAND_ORDER_RECORD, REF_ABSENT);
  c.u.order_record = (struct cmd_order_record){.order = fx_id(5, core->head.n_orders),
                                               .kind = about ? ORDER_COMMITMENT : ORDER_INJUNCTION,
                                               .person = person,
                                               .other = REF_ABSENT,
                                               .class = REF_ABSENT,
                                               .on_basis = about ? REF_ABSENT : 0,
                                               .basis = about ? 0 : REF_ABSENT,
                                               .from = REF_ABSENT,
                                               .to = REF_ABSENT,
                                               .ends = REF_ABSENT,
                                               .effective = TIME_ABSENT,
                                               .expires = TIME_ABSENT,
                                               .due = TIME_ABSENT,
                                               .document = sha256_of(span_str(paper)),
                                               .kept = true};
  put_paper(fx, about ? core->persons[person].id : (struct id){{0}}, span_str(paper));
  uint64_t n = fx_run(fx, &c);
  assert_int_equal(fx->out.events[0].type, EVENT_ORDER_RECORDED);
  return n;
}

uint64_t fx_photo(struct fx *fx, uint32_t person, const char *bytes) {
  struct hash hash = sha256_of(span_str(bytes));
  struct id subject = fx->fold.core->persons[person].id;
  char hex[2 * sizeof hash.b + 1] = {0}, json[120];
  hex_encode(hex, hash.b, sizeof hash.b);
  snprintf(json, sizeof json, "{\"kind\":\"image/jpeg\",\"photo\":\"%s\"}", hex);
  struct command c = by_desk(COMMAND_PERSON_PHOTO);
  c.u.person_photo.person = person;
  fx_details(fx, &c, subject, json);
  put_paper(fx, subject, span_str(bytes));
  uint64_t n = fx_run(fx, &c);
  assert_int_equal(fx->out.events[0].type, EVENT_PERSON_PHOTOGRAPHED);
  return n;
}

void fx_day(struct fx *fx, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    bool visitor = i % 5 == 4;
    uint32_t p = fx_person(fx, visitor ? PERSON_CONTRACTOR : PERSON_OFFICER,
                           i % 7 == 6 ? NULL
                           : visitor  ? "visitor"
                                      : "staff");
    fx_pass(fx, p, "main-in");
    if (i % 3 == 0)
      fx_pass(fx, p, "main-out");
    if (i % 4 == 1)
      fx_pass(fx, p, "vault-in"); /* no PIN: refused */
    if (fx->n_entries >= 100)
      fx_commit(fx);
  }
  fx_commit(fx);
}
