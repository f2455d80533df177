#include "fuzz/site.h"

#include "core/state.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"
#include "store/store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN "fuzz/site.yaml"

static struct fuzz_site site;
static struct fake world; /* the one of fuzz_site_again */

/* --- Making it --- */

struct making {
  struct fake *f;
  uint64_t conn;
  char sessions[site_operators][65];
};

/* One request; '@' as fuzz_site_expand says. It must be done. */
static void ask(struct making *m, const char *text) {
  struct buf b = {0};
  fuzz_site_expand(span_str(text), engine_core(m->f->engine), m->sessions, &b);
  uint64_t id = fake_frame(m->f, m->conn, FRAME_REQUEST, buf_span(&b));
  const char *reply = fake_reply(m->f, m->conn, id);
  if (!strstr(reply, "\"done\"") && !strstr(reply, "\"session\""))
    fuzz_broken(__FILE__, __LINE__, text, reply);
  buf_free(&b);
}

static void log_in(struct fake *f, uint64_t conn, uint32_t who, char session[65]) {
  static const char *const names[site_operators] = {"anna", "bert", "carl", "gita",
                                                    "rosa", "lena", "otto"};
  fake_login(f, conn, names[who], session);
}

static void make_operators(struct making *m) {
  static const char *const rest[][2] = {
      {"gita", "gate"}, {"rosa", "records"}, {"lena", "legal"}, {"otto", "auditor"}};
  char text[400];
  for (uint32_t i = 0; i < 3; i++)
    log_in(m->f, m->conn, i, m->sessions[i]);
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
    snprintf(text, sizeof text,
             "{\"command\":{\"type\":\"operator.add\",\"role\":\"%s\"},\"details\":{\"name\":"
             "\"%s\"},\"secret\":{\"password\":\"" fake_password "\"},\"session\":\"@A\","
             "\"second\":\"@C\"}",
             rest[i][1], rest[i][0]);
    ask(m, text);
  }
}

static void make_persons(struct making *m) {
  static const char *const kinds[site_persons] = {"staff",   "officer", "visitor",    "staff",
                                                  "officer", "counsel", "contractor", "staff"};
  static const char *const levels[site_persons] = {"all",  "guard", "all", "office",
                                                   "lead", "night", "all", "all"};
  char text[400];
  for (uint32_t i = 0; i < site_persons; i++) {
    snprintf(text, sizeof text,
             "{\"command\":{\"type\":\"person.add\",\"kind\":\"%s\"},\"details\":{\"name\":\"P "
             "%u\"},\"session\":\"@B\"}",
             kinds[i], i);
    ask(m, text);
    snprintf(text, sizeof text,
             "{\"command\":{\"type\":\"credential.issue\",\"person\":\"@%u\",\"format\":\"h10301\"}"
             ",\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"a%u\"}},\"session\":\"@B\"}",
             i, i);
    ask(m, text);
    snprintf(text, sizeof text,
             "{\"command\":{\"type\":\"level.grant\",\"person\":\"@%u\",\"level\":\"%s\"},"
             "\"session\":\"@B\"}",
             i, levels[i]);
    ask(m, text);
  }
}

static void make_states(struct making *m) {
  static const char *const lines[] = {
      "{\"command\":{\"type\":\"pin.set\",\"person\":\"@0\"},\"secret\":{\"pin\":\"7391\","
      "\"duress\":\"7392\"},\"session\":\"@B\"}",
      /* A chain of grants that are not inline. */
      "{\"command\":{\"type\":\"level.grant\",\"person\":\"@0\",\"level\":\"guard\"},\"session\":"
      "\"@B\"}",
      "{\"command\":{\"type\":\"level.grant\",\"person\":\"@0\",\"level\":\"lead\"},\"session\":"
      "\"@B\"}",
      "{\"command\":{\"type\":\"level.grant\",\"person\":\"@0\",\"level\":\"night\"},\"session\":"
      "\"@B\"}",
      "{\"command\":{\"type\":\"level.grant\",\"person\":\"@0\",\"level\":\"office\"},\"session\":"
      "\"@B\"}",
      "{\"command\":{\"type\":\"separation.add\",\"person\":\"@2\",\"from_person\":\"@6\"},"
      "\"session\":\"@B\"}",
      "{\"command\":{\"type\":\"person.merge\",\"person\":\"@7\",\"into\":\"@3\"},\"session\":"
      "\"@B\"}",
      /* In through the main door, then on to the sally port, where one waits. */
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"},\"secret\":{"
      "\"card\":{\"format\":\"h10301\",\"value\":\"a0\"}}}",
      "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"opened\"}}",
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"},\"secret\":{"
      "\"card\":{\"format\":\"h10301\",\"value\":\"a1\"}}}",
      "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"closed\"}}",
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"outer-in\"},\"secret\":{"
      "\"card\":{\"format\":\"h10301\",\"value\":\"a0\"}}}",
      "{\"command\":{\"type\":\"reader.report\",\"reader\":\"led-in\",\"sign\":\"offline\"}}",
      "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"timed\"},\"session\":\"@B\"}",
      "{\"command\":{\"type\":\"gate.close\",\"gate\":\"small\"},\"session\":\"@B\"}",
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    ask(m, lines[i]);
}

/* Blobs of further plans, so that an entry can put one in force. */
static void store_plan(struct fuzz_site *s, uint32_t i, const char *name, const char *from,
                       const char *to) {
  struct buf yaml = fuzz_source(name), other = {0}, compiled = {0};
  struct plan *plan;
  struct plan_faults faults = {0};
  uint8_t *at = from ? memmem(yaml.p, yaml.n, from, strlen(from)) : NULL;
  if (at) {
    buf_put(&other, yaml.p, (size_t)(at - yaml.p));
    buf_puts(&other, to);
    buf_put(&other, at + strlen(from), (size_t)(yaml.p + yaml.n - at) - strlen(from));
  } else {
    buf_put(&other, yaml.p, yaml.n);
  }
  MUST_HOLD(plan_read(buf_span(&other), &plan, &faults) == SP_OK);
  MUST_DO(plan_blob_encode(plan, &compiled, must));
  s->compiled[i] = sha256_of(buf_span(&compiled));
  s->source[i] = sha256_of(buf_span(&other));
  const struct store_blob blobs[2] = {{s->compiled[i], buf_span(&compiled)},
                                      {s->source[i], buf_span(&other)}};
  const struct store_batch batch = {.first = s->n, .blobs = blobs, .n_blobs = 2};
  if (i) /* the first is there already */
    MUST_DO(store_commit(s->fake.store, &batch, must));
  plan_faults_free(&faults);
  plan_free(plan);
  buf_free(&compiled);
  buf_free(&other);
  buf_free(&yaml);
}

static void put(void *ctx, const void *p, size_t n) {
  buf_put(ctx, p, n);
}

const struct fuzz_site *fuzz_site(void) {
  if (site.n)
    return &site;
  struct making m = {.f = &site.fake};
  (void)setenv("CMOCKA_TEST_ABORT", "1", 1); /* the fake world's own checks end us, as ours do */
  fake_start(m.f, PLAN, 0);
  m.conn = fake_connect(m.f);
  make_operators(&m);
  make_persons(&m);
  make_states(&m);
  fake_settle(m.f);
  const struct core *core = engine_core(m.f->engine);
  core_dump(core, put, &site.dump);
  site.n = core_next_entry(core);
  store_plan(&site, 0, PLAN, NULL, NULL);
  store_plan(&site, 1, PLAN, "name: small-out", "name: small-away");
  store_plan(&site, 2, "tests/scenarios/plans/smaller.yaml", NULL, NULL);
  return &site;
}

/* --- Using it --- */

struct fake *fuzz_site_again(void) {
  const struct fuzz_site *s = fuzz_site();
  struct store *before = world.store;
  if (!before) {
    fake_start(&world, PLAN, 0);
    before = world.store;
  }
  world.store = store_memory_clone(s->fake.store);
  world.now = s->fake.now;
  world.random = s->fake.random;
  world.timer = TIME_ABSENT;
  world.warnings = 0;
  buf_reset(&world.warned);
  buf_reset(&world.checkpoint);
  buf_put(&world.checkpoint, s->fake.checkpoint.p, s->fake.checkpoint.n);
  fake_crash(&world); /* the engine before ends, another begins on this store */
  store_close(before);
  return &world;
}

struct core *fuzz_site_core(struct plan **plan) {
  const struct fuzz_site *s = fuzz_site();
  struct core *core = fold_core_new();
  MUST_HOLD(core);
  MUST_DO(fold_load_plan(s->fake.store, &s->compiled[0], plan, must));
  MUST_DO(core_load(core, buf_span(&s->dump), *plan, must));
  return core;
}

static void put_hex(struct buf *out, const void *p, size_t n) {
  char hex[65];
  hex_encode(hex, p, n);
  buf_put(out, hex, 2 * n);
}

/* What the letter behind '@' stands for; false when nothing. */
static bool put_name(char c, const struct core *core, char (*sessions)[65], struct buf *out) {
  const struct core_head *h = &core->head;
  uint32_t i = (uint32_t)(unsigned char)c;
  if (c >= '0' && c <= '9' && i - '0' < h->n_persons)
    put_hex(out, &core->persons[i - '0'].id, sizeof(struct id));
  else if (c >= 'a' && c <= 'j' && i - 'a' < h->n_credentials)
    put_hex(out, &core->credentials[i - 'a'].id, sizeof(struct id));
  else if (c >= 'k' && c <= 'q' && i - 'k' < h->n_operators)
    put_hex(out, &core->operators[i - 'k'].id, sizeof(struct id));
  else if (c >= 'r' && c <= 't')
    put_hex(out, &site.compiled[i - 'r'], sizeof(struct hash));
  else if (c >= 'u' && c <= 'w')
    put_hex(out, &site.source[i - 'u'], sizeof(struct hash));
  else if (c >= 'A' && c <= 'G' && sessions)
    buf_puts(out, sessions[i - 'A']);
  else
    return false;
  return true;
}

void fuzz_site_expand(struct span text, const struct core *core, char (*sessions)[65],
                      struct buf *out) {
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] == '@' && i + 1 < text.n && put_name((char)text.p[i + 1], core, sessions, out))
      i++;
    else
      buf_put(out, text.p + i, 1);
  }
}
