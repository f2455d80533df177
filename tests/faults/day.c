#include "day.h"

#include "audit/backup.h"
#include "audit/export_log.h"
#include "audit/rebuild.h"
#include "audit/replay.h"
#include "audit/verify.h"
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#define CARD "a1b2c3"
#define PIN  "739150286417"

enum { tile_entries = 256 };

/* --- Making it, and starting --- */

static void tell(struct day *d, enum sp_err err, const struct fault *why) {
  if (err)
    ledger_error(d->ledger, err, why->text);
}

static void part_init(struct day *d) {
  struct fault why = {0};
  tell(d, world_init(d->dir, &d->plan, &why), &why);
}

static void part_start(struct day *d) {
  struct fault why = {0};
  tell(d, world_open(&d->w, d->ledger, d->from.store ? NULL : d->dir, &d->from, 0, &why), &why);
}

/* Enough entries for a full tile. */
static void part_yesterday(struct day *d) {
  for (int i = 0; i < tile_entries; i++)
    world_ask(&d->w,
              "{\"command\":{\"type\":\"reader.report\",\"reader\":\"main-in\",\"sign\":"
              "\"%s\"}}",
              i % 2 ? "online" : "offline");
}

/* --- People --- */

enum { ANNA, BERT, CARL, RITA };

static const char *as(const struct world *w, unsigned who, unsigned second) {
  static char text[256];
  int n = snprintf(text, sizeof text, "\"session\":\"%s\"", w->session[who]);
  if (second != who)
    snprintf(text + n, sizeof text - (size_t)n, ",\"second\":\"%s\"", w->session[second]);
  return text;
}

static void add_person(struct world *w, const char *kind, const char *name, const char *card,
                       const char *level) {
  uint32_t n = engine_core(w->engine)->head.n_persons;
  world_ask(w,
            "{\"command\":{\"type\":\"person.add\",\"kind\":\"%s\"},\"details\":{\"name\":\"%s\","
            "\"birth\":1990},%s}",
            kind, name, as(w, BERT, BERT));
  world_ask(w,
            "{\"command\":{\"type\":\"credential.issue\",\"person\":\"%s\",\"format\":\"h10301\"},"
            "\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"%s\"}},%s}",
            world_person(w, n), card, as(w, BERT, BERT));
  world_ask(w, "{\"command\":{\"type\":\"level.grant\",\"person\":\"%s\",\"level\":\"%s\"},%s}",
            world_person(w, n), level, as(w, BERT, BERT));
}

static void part_people(struct day *d) {
  struct world *w = &d->w;
  world_login(w, ANNA, "anna");
  world_login(w, BERT, "bert");
  world_login(w, CARL, "carl");
  world_ask(w,
            "{\"command\":{\"type\":\"operator.add\",\"role\":\"records\"},\"details\":{\"name\":"
            "\"rita\"},\"secret\":{\"password\":\"%s\"},%s}",
            world_password, as(w, ANNA, CARL));
  add_person(w, "staff", "Zoë " DAY_NAME, CARD, "staff");
  add_person(w, "officer", "Olaf Orr", "b2c3d4", "guard");
  world_ask(w,
            "{\"command\":{\"type\":\"pin.set\",\"person\":\"%s\"},\"secret\":{\"pin\":\"%s\"},%s}",
            world_person(w, 0), PIN, as(w, BERT, BERT));
  world_ask(w, "{\"logout\":{\"session\":\"%s\"}}", w->session[ANNA]);
}

/* --- Doors --- */

static void pass_at(struct world *w, const char *reader, const char *card, const char *pin) {
  char secret[80] = "";
  if (pin)
    snprintf(secret, sizeof secret, ",\"pin\":\"%s\"", pin);
  world_ask(w,
            "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"%s\"},"
            "\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"%s\"}%s}}",
            reader, card, secret);
}

static void door(struct world *w, const char *name, const char *sign) {
  world_ask(w, "{\"command\":{\"type\":\"door.report\",\"door\":\"%s\",\"sign\":\"%s\"}}", name,
            sign);
}

static void walk(struct world *w, const char *reader, const char *through, const char *card) {
  pass_at(w, reader, card, NULL);
  door(w, through, "opened");
  door(w, through, "closed");
}

static void part_doors(struct day *d) {
  struct world *w = &d->w;
  uint64_t watch = world_connect(w);
  world_subscribe(w, watch);
  world_login(w, CARL, "carl");
  world_login(w, ANNA, "anna");
  walk(w, "main-in", "main", CARD);
  walk(w, "main-in", "main", "b2c3d4");
  pass_at(w, "vault-in", CARD, PIN);
  door(w, "vault", "opened");
  door(w, "vault", "closed");
  pass_at(w, "vault-in", "b2c3d4", NULL);           /* refused: no PIN */
  pass_at(w, "main-in", "ffffff", NULL);            /* refused: nobody's card */
  walk(w, "ward-outer-in", "ward-outer", "b2c3d4"); /* the vestibule */
  pass_at(w, "ward-inner-in", "b2c3d4", NULL);
  world_wait(w, 20 * USEC_PER_S); /* not taken */
  door(w, "vault", "opened");     /* forced: an alarm */
  world_ask(w, "{\"command\":{\"type\":\"alarm.acknowledge\",\"alarm\":%llu},%s}",
            (unsigned long long)core_next_entry(engine_core(w->engine)) - 1, as(w, CARL, CARL));
  door(w, "vault", "closed");
  world_ask(w, "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"},%s}",
            as(w, CARL, CARL));
  pass_at(w, "ward-outer-in", CARD, NULL); /* refused */
  world_ask(w, "{\"command\":{\"type\":\"lockdown.release\",\"area\":\"ward\"},%s}",
            as(w, CARL, ANNA));
  world_ask(w, "{\"command\":{\"type\":\"threat.raise\",\"threat\":\"high\"},%s}",
            as(w, CARL, CARL));
  world_ask(w, "{\"status\":{}}");
}

/* --- The plan, details --- */

static void upload(struct world *w, struct span bytes, char hex[65]) {
  const char *reply = world_frame(w, FRAME_BLOB, bytes);
  const char *at = reply ? strstr(reply, "\"blob\":\"") : NULL;
  memset(hex, '0', 64);
  if (at)
    memcpy(hex, at + 8, 64);
  hex[64] = 0;
}

static void part_plan(struct day *d) {
  struct world *w = &d->w;
  char compiled[65], source[65];
  world_login(w, ANNA, "anna");
  world_login(w, CARL, "carl");
  upload(w, buf_span(&d->next_plan.compiled), compiled);
  upload(w, buf_span(&d->next_plan.yaml), source);
  world_ask(w, "{\"command\":{\"type\":\"plan.apply\",\"compiled\":\"%s\",\"source\":\"%s\"},%s}",
            compiled, source, as(w, ANNA, CARL));
  pass_at(w, "main-out", CARD, NULL); /* under the new one */
}

/* Uploaded, then named by its hash. Where nothing failed, it is kept. */
static void order_with_paper(struct day *d, uint32_t person, struct span paper) {
  struct world *w = &d->w;
  char hex[65];
  upload(w, paper, hex);
  const char *reply = world_ask(
      w,
      "{\"command\":{\"type\":\"order.record\",\"kind\":\"commitment\",\"issuer\":\"district\","
      "\"person\":\"%s\",\"basis\":\"code\",\"document\":\"%s\"},%s}",
      world_person(w, person), hex, as(w, CARL, CARL));
  if (d->ledger->n_errors == 0 && reply && !strstr(reply, "\"kept\":true"))
    ledger_bug(d->ledger, "the paper of an order was not kept, and nobody was told");
}

static void part_papers(struct day *d) {
  struct world *w = &d->w;
  char hex[65];
  world_login(w, RITA, "rita");
  world_login(w, CARL, "carl");
  world_login(w, BERT, "bert");
  world_ask(w, "{\"command\":{\"type\":\"authority.add\",\"authority\":\"district\"},%s}",
            as(w, RITA, CARL));
  world_ask(w, "{\"command\":{\"type\":\"basis.add\",\"basis\":\"code\"},%s}", as(w, RITA, CARL));
  order_with_paper(d, 0, SPAN_LIT("%PDF of Zoë " DAY_NAME));
  order_with_paper(d, 1, SPAN_LIT("%PDF of Olaf"));
  upload(w, SPAN_LIT("\xff\xd8\xff " DAY_NAME), hex);
  world_ask(w,
            "{\"command\":{\"type\":\"person.photo\",\"person\":\"%s\"},\"details\":{\"photo\":"
            "\"%s\"},%s}",
            world_person(w, 0), hex, as(w, BERT, BERT));
}

static void part_details(struct day *d) {
  struct world *w = &d->w;
  world_login(w, RITA, "rita");
  world_login(w, CARL, "carl");
  world_ask(w, "{\"command\":{\"type\":\"details.read\",\"person\":\"%s\"},%s}", world_person(w, 0),
            as(w, RITA, RITA));
  const char *reply = world_ask(
      w, "{\"command\":{\"type\":\"details.erase\",\"ground\":\"request\",\"person\":\"%s\"},%s}",
      world_person(w, 0), as(w, RITA, CARL));
  d->ledger->erased = reply && strstr(reply, "\"decision\":\"done\"");
  pass_at(w, "main-in", CARD, NULL);
}

/* --- Snapshots, the end, and starting again --- */

static void part_snapshot(struct day *d) {
  for (int i = 0; i < 3; i++) {
    walk(&d->w, "main-out", "main", "b2c3d4");
    walk(&d->w, "main-in", "main", "b2c3d4");
  }
}

static void part_stop(struct day *d) {
  pass_at(&d->w, "main-out", CARD, NULL);
  if (!d->w.failed)
    (void)world_stop(&d->w); /* what went wrong is in the ledger */
}

static void part_restart(struct day *d) {
  part_start(d);
  if (!d->w.engine)
    return;
  if (d->ledger->n_errors == 0 && d->w.fold.folded_from == 0)
    ledger_bug(d->ledger, "the state was folded from entry 0, not from the snapshot");
  pass_at(&d->w, "main-in", "b2c3d4", NULL);
}

/* --- Looking at it --- */

static void part_verify(struct day *d) {
  struct report report;
  struct fault why = {0};
  const struct verify_options options = {0};
  struct verify_result result;
  enum sp_err err = report_init(&report, &why);
  if (!err)
    err = verify_dir(d->dir, &options, &report, &result, &why);
  tell(d, err, &why);
  report_free(&report);
}

static void part_replay(struct day *d) {
  struct report report;
  struct fault why = {0};
  struct replay_result result = {0};
  enum sp_err err = report_init(&report, &why);
  if (!err)
    err = replay_dir(d->dir, NULL, &report, &result, &why);
  tell(d, err, &why);
  replay_result_free(&result);
  report_free(&report);
}

static void part_rebuild(struct day *d) {
  struct report report;
  struct fault why = {0};
  struct rebuild_result result;
  enum sp_err err = report_init(&report, &why);
  if (!err)
    err = rebuild_dir(d->dir, NULL, &report, &result, &why);
  tell(d, err, &why);
  report_free(&report);
}

static void in_out(const struct day *d, const char *name, char path[240]) {
  snprintf(path, 240, "%s/%s", d->out, name);
}

static void part_export(struct day *d) {
  char path[240];
  struct fault why = {0};
  struct export_result result;
  in_out(d, "tree", path);
  tell(d, export_log(d->dir, path, NULL, &result, &why), &why);
}

static void part_backup(struct day *d) {
  char path[240];
  struct fault why = {0};
  struct backup_result result;
  in_out(d, "backup", path);
  tell(d, backup_make(d->dir, path, &result, &why), &why);
}

static void part_restore(struct day *d) {
  char file[240], dir[240];
  struct report report;
  struct fault why = {0};
  struct restore_result result;
  const struct restore_options options = {0};
  in_out(d, "backup", file);
  in_out(d, "restored", dir);
  enum sp_err err = report_init(&report, &why);
  if (!err)
    err = restore_make(file, dir, &options, &report, &result, &why);
  tell(d, err, &why);
  report_free(&report);
}

enum { BOTH = DAY_ON_FILES | DAY_IN_MEMORY };
const struct day_part day_parts[] = {
    {"init", DAY_ON_FILES, 0, part_init},
    {"yesterday", BOTH | DAY_OPENS | DAY_IS_BEFORE, 0, part_yesterday},
    {"start", BOTH, 0, part_start},
    {"people", BOTH | DAY_OPENS, 0, part_people},
    {"doors", BOTH | DAY_OPENS, 0, part_doors},
    {"plan", BOTH | DAY_OPENS, 0, part_plan},
    {"papers", BOTH | DAY_OPENS, 0, part_papers},
    {"details", BOTH | DAY_OPENS, 0, part_details},
    {"snapshot", BOTH | DAY_OPENS, 4, part_snapshot},
    {"stop", BOTH | DAY_OPENS, 0, part_stop},
    {"restart", BOTH, 0, part_restart},
    {"verify", DAY_ON_FILES, 0, part_verify},
    {"replay", DAY_ON_FILES, 0, part_replay},
    {"rebuild", DAY_ON_FILES, 0, part_rebuild},
    {"export", DAY_ON_FILES, 0, part_export},
    {"backup", DAY_ON_FILES, 0, part_backup},
    {"restore", DAY_ON_FILES, 0, part_restore},
};
const unsigned day_parts_n = sizeof day_parts / sizeof day_parts[0];
