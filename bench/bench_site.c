#include "bench/bench_site.h"

#include "audit/verify.h"
#include "contain/contain.h"
#include "engine/client.h"
#include "engine/json.h"
#include "engine/process.h"
#include "engine/site_dir.h"
#include "plan/plan_read.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { gates = 128, one_by_one = 4000, in_flight = 1024, session_len = 64 };

static struct fault why;
static char request[1024];

#define MUST(call)                                                                                 \
  do {                                                                                             \
    if (call) {                                                                                    \
      fprintf(stderr, "bench: %s: %s\n", #call, why.text);                                         \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void show(const char *what, double *s, size_t n) {
  qsort(s, n, sizeof *s, by_size);
  printf("%-34s p50 %7.1f µs   p99 %7.1f µs\n", what, s[n / 2] * 1e6, s[n * 99 / 100] * 1e6);
}

/* --- A site with many gates, so that no door is crowded --- */

static struct plan *make_plan(struct buf *yaml) {
  struct plan *plan;
  struct plan_faults faults = {0};
  buf_puts(yaml, "site: { name: bench, zone: UTC }\nareas:\n"
                 "  - { name: hall, kind: room, anti-passback: none }\ngates:\n");
  for (int i = 0; i < gates; i++)
    buf_printf(yaml,
               "  - { name: g%d, from: outside, to: hall, doors: [{ name: d%d, contact: false, "
               "readers: [{ name: r%d, direction: in }] }] }\n",
               i, i, i);
  buf_puts(yaml, "levels: [{ name: all, access: [{ gates: all }] }]\n"
                 "formats: [{ name: long }]\n");
  if (plan_read(buf_span(yaml), &plan, &faults)) {
    fprintf(stderr, "bench: the plan: %s\n", faults.kept ? faults.at[0].text : "?");
    exit(1);
  }
  plan_faults_free(&faults);
  return plan;
}

static bool is_free;

/* As serve would: what is measured is what is run. */
static enum sp_err confine(const char *dir) {
  struct contain_done done;
  const struct contain_options options = {
      .as = CONTAINED_ENGINE, .need = CONTAINMENT_WEAK, .dir = dir};
  return is_free ? SP_OK : contain(&options, &done, &why);
}

static pid_t serve(const char *dir, double *ready_s) {
  struct client *c;
  double from = now_s();
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever ends the bench ends its engine */
    const struct serve_options options = {.dir = dir, .stop_fd = -1};
    enum sp_err err = confine(dir);
    if (!err)
      err = engine_serve(&options, &why);
    if (err)
      fprintf(stderr, "bench: %s\n", why.text);
    _exit(sp_err_exit(err));
  }
  while (client_open(&c, dir, &why)) {
    if (waitpid(pid, NULL, WNOHANG) == pid)
      exit(1);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  client_close(c);
  if (ready_s)
    *ready_s = now_s() - from;
  return pid;
}

static void stop(pid_t pid, int how) {
  kill(pid, how);
  waitpid(pid, NULL, 0);
}

/* --- Requests --- */

static struct span pass(uint32_t persons) {
  uint32_t person = (uint32_t)random() % persons, reader = (uint32_t)random() % gates;
  int n = snprintf(request, sizeof request,
                   "{\"command\":{\"biometric\":\"none\",\"reader\":\"r%u\",\"type\":\"pass\"},"
                   "\"secret\":{\"card\":{\"format\":\"long\",\"value\":\"%x\"}}}",
                   reader, person + 0x10000);
  return span_of(request, (size_t)n);
}

struct load {
  const char *session;
  uint32_t persons;
  char (*ids)[33]; /* of persons, as they come */
  uint64_t first_id;
};

typedef struct span make(struct load *l, uint32_t i);
typedef void take(struct load *l, const struct client_message *m);

static void expect_done(const struct client_message *m) {
  if (!memmem(m->payload.p, m->payload.n, "\"done\"", 6)) {
    fprintf(stderr, "bench: %.*s\n", (int)m->payload.n, (const char *)m->payload.p);
    exit(1);
  }
}

static struct span make_person(struct load *l, uint32_t i) {
  int n = snprintf(request, sizeof request,
                   "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":{"
                   "\"name\":\"Person %u\"},\"session\":\"%s\"}",
                   i, l->session);
  return span_of(request, (size_t)n);
}

static void take_person(struct load *l, const struct client_message *m) {
  expect_done(m);
  struct span id = json_find(json_find(json_find(m->payload, "entry"), "data"), "person");
  memcpy(l->ids[m->id - l->first_id], id.p + 1, 32);
}

static struct span make_rights(struct load *l, uint32_t i) {
  int n;
  const char *person = l->ids[i / 2];
  if (i % 2)
    n = snprintf(request, sizeof request,
                 "{\"command\":{\"type\":\"level.grant\",\"person\":\"%s\",\"level\":\"all\"},"
                 "\"session\":\"%s\"}",
                 person, l->session);
  else
    n = snprintf(request, sizeof request,
                 "{\"command\":{\"type\":\"credential.issue\",\"person\":\"%s\",\"format\":"
                 "\"long\"},\"secret\":{\"card\":{\"format\":\"long\",\"value\":\"%x\"}},"
                 "\"session\":\"%s\"}",
                 person, i / 2 + 0x10000, l->session);
  return span_of(request, (size_t)n);
}

static void take_rights(struct load *l, const struct client_message *m) {
  (void)l;
  expect_done(m);
}

static struct span make_pass(struct load *l, uint32_t i) {
  (void)i;
  return pass(l->persons);
}

static void take_pass(struct load *l, const struct client_message *m) {
  (void)l;
  if (!memmem(m->payload.p, m->payload.n, "\"entry\"", 7)) {
    fprintf(stderr, "bench: %.*s\n", (int)m->payload.n, (const char *)m->payload.p);
    exit(1);
  }
}

/* n requests, in_flight of them at a time; each answered means durable. Returns how many a second.
 */
static double run(struct client *c, struct load *l, uint32_t n, make *make_one, take *take_one) {
  struct client_message m;
  uint64_t id = 0;
  double from = now_s();
  for (uint32_t sent = 0, got = 0; got < n;) {
    for (; sent < n && sent - got < in_flight; sent++) {
      MUST(client_send(c, FRAME_REQUEST, make_one(l, sent), &id, &why));
      if (sent == 0)
        l->first_id = id;
    }
    do {
      MUST(client_receive(c, &m, &why));
      take_one(l, &m);
      got++;
    } while (client_has_message(c));
  }
  return n / (now_s() - from);
}

/* --- One at a time, in turn with the bare loop, so that both see the same disk --- */

static void latencies(struct client *c, uint32_t persons, const char *dir) {
  static double engine[one_by_one], bare[one_by_one];
  static const char block[4096];
  char path[4000];
  struct span reply;
  snprintf(path, sizeof path, "%s/bare", dir);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool ok = fd >= 0;
  for (int i = 0; i < one_by_one && ok; i++)
    ok = write(fd, block, sizeof block) == sizeof block;
  ok = ok && fdatasync(fd) == 0;
  for (int i = 0; i < one_by_one && ok; i++) {
    double from = now_s();
    MUST(client_request(c, pass(persons), &reply, &why));
    double between = now_s();
    ok = pwrite(fd, block, sizeof block, (off_t)i * (off_t)sizeof block) == sizeof block &&
         fdatasync(fd) == 0;
    engine[i] = between - from;
    bare[i] = now_s() - between;
  }
  if (!ok)
    perror("bench: the bare loop");
  close(fd);
  show("bare write + fdatasync", bare, one_by_one);
  show("durable passage, 1 in flight", engine, one_by_one);
  printf("%-34s     %7.2f\n", "  ratio of the medians",
         engine[one_by_one / 2] / bare[one_by_one / 2]);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
  (void)st, (void)flag, (void)at;
  return remove(path);
}

/* --- Verifying, against SHA-256 alone on the same number of bytes --- */

static void verifying(const char *dir) {
  struct report report;
  struct verify_result result;
  const struct verify_options options = {0};
  MUST(report_init(&report, &why));
  double from = now_s();
  MUST(verify_dir(dir, &options, &report, &result, &why));
  double all = now_s() - from, log = (double)result.log_ns * 1e-9;
  static uint8_t block[16384];
  uint8_t hash[32];
  uint64_t hashed = 0;
  from = now_s();
  for (; hashed < result.bytes; hashed += sizeof block)
    EVP_Digest(block, sizeof block, hash, NULL, EVP_sha256(), NULL);
  double sha = now_s() - from;
  double mb = (double)result.bytes * 1e-6;
  printf("%-34s %9.0f MB/s of entries (%.2f of SHA-256 alone: %.0f MB/s)\n",
         "verify, the log itself", mb / log, sha / log, mb / sha);
  printf("%-34s %9.0f MB/s of entries, %.1f s\n", "verify, with all that is stored", mb / all, all);
  report_free(&report);
}

void bench_site(const char *dir, uint32_t persons, uint32_t requests, bool uncontained) {
  is_free = uncontained;
  struct buf yaml = {0};
  struct plan *plan = make_plan(&yaml);
  const struct site_operator operators[] = {{"desk", ROLE_DESK, SPAN_LIT("bench password")}};
  const struct site_init init = {.dir = dir,
                                 .founding = {.plan = plan,
                                              .source = buf_span(&yaml),
                                              .operators = operators,
                                              .n_operators = 1,
                                              .password_n = 1024}};
  char session[session_len + 1];
  struct client *c;
  MUST(site_dir_init(&init, NULL, &why));
  pid_t pid = serve(dir, NULL);
  MUST(client_open(&c, dir, &why));
  MUST(client_login(c, SPAN_LIT("desk"), SPAN_LIT("bench password"), session, &why));
  struct load l = {session, persons, calloc(persons, sizeof *l.ids), 0};
  if (!l.ids)
    exit(1);
  double added = run(c, &l, persons, make_person, take_person);
  double rights = run(c, &l, 2 * persons, make_rights, take_rights);
  printf("%-34s %9.0f /s\n%-34s %9.0f /s\n", "persons registered", added, "credentials and levels",
         rights);
  latencies(c, persons, dir);
  for (int i = 0; i < 3; i++)
    printf("%-34s %9.0f /s\n", "durable passages, 1024 in flight",
           run(c, &l, requests / 3, make_pass, take_pass));
  client_close(c);
  double ready;
  stop(pid, SIGKILL);
  pid = serve(dir, &ready);
  printf("%-34s %9.3f s after %u entries, killed\n", "ready again", ready,
         3 * persons + requests / 3 * 3 + one_by_one);
  stop(pid, SIGTERM);
  pid = serve(dir, &ready);
  printf("%-34s %9.3f s, stopped cleanly\n", "ready again", ready);
  stop(pid, SIGTERM);
  verifying(dir);
  free(l.ids);
  buf_free(&yaml);
  plan_free(plan);
  nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
