/* Every allocation, store call and file call of a day is made to fail, once and for good, each in
 * turn until one passes that met no fault. Each run is a process of its own, and so is the start
 * from what it left on disk.
 *
 * All of them take hours' worth of days, so a run takes a share: every FAULTS_STRIDE-th, beginning
 * at FAULTS_SEED modulo that; 1 is all. FAULTS_PART=NAME and FAULTS_AT=N run one alone, and with
 * FAULTS_TRACE=1 tell where the call is.
 *
 * After each: nothing crashed or hangs, no file is left open, and (with the sanitizers) no memory;
 * the first error says what, where and the cure, and calls no damage what is a fault of the moment;
 * the site starts again; what was answered is there, with the same bytes; verify and replay hold.
 */
#include "day.h"
#include "intercept.h"
#include "tree.h"
#include "../unit/engine_fake.h"

#include "audit/replay.h"
#include "audit/verify.h"
#include "core/state.h"
#include "journal/sha256.h"
#include "store/store_memory.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* An error that is met wrongly is so whatever the compiler, and what leaks is seen in few runs of
 * each kind. */
#ifdef __clang__
enum { others_stride = 5 };
#else
enum { others_stride = 1 };
#endif
enum { run_s_max = 60, parts_max = 32, told_max = 5 };

/* What is made to fail. */
struct ordering {
  const char *name;
  uint32_t kinds; /* of intercept.h; 0: allocations of ours, or store calls */
  int error;
  bool for_good, of_store;
  enum store_memory_call call;
  unsigned stride; /* of a usual run with gcc; others_stride times that with clang */
};

static char top[64], run_dir[96];
static struct ledger *ledger;                 /* shared with the children */
static struct intercept *shared;              /* the order of the child under way */
static struct tree_copy *base[parts_max + 1]; /* what each part begins with */
struct memory_base {
  struct store *store;
  struct buf checkpoint;
};
static struct memory_base memory_base[parts_max + 1];
static struct note_signer memory_signer;
static struct day day;
static uint64_t seed;
static unsigned stride_all; /* 0: each order's own */

static uint64_t number(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* --- Arming --- */

static void arm(const struct ordering *o, uint64_t at) {
  if (o->of_store)
    (void)store_memory_fail(day.from.store, o->call, at, o->for_good);
  else if (o->kinds)
    intercept_arm(o->kinds, o->error, at, o->for_good);
  else
    (void)sp_alloc_fail_after(at, o->for_good);
}

/* Ends it, and counts what was made to fail. */
static void disarm(const struct ordering *o, uint64_t at) {
  uint64_t seen = 0;
  if (o->of_store)
    seen = store_memory_fail(day.from.store, o->call, UINT64_MAX, false);
  else if (o->kinds)
    intercept_off();
  else
    seen = sp_alloc_fail_after(UINT64_MAX, false);
  if (o->kinds)
    for (int i = 0; i < INTERCEPT_KINDS; i++)
      ledger->injected[i] += intercept->injected[i];
  else
    ledger->injected[0] += seen > at ? (o->for_good ? seen - at : 1) : 0;
}

/* How many calls of each kind a part makes when nothing fails; the last is allocations of ours. */
static uint64_t calls[parts_max][INTERCEPT_KINDS + 1];

static void begin_counting(void) {
  (void)sp_alloc_fail_after(UINT64_MAX, false);
  intercept_arm((1u << INTERCEPT_KINDS) - 1, 0, UINT64_MAX, false);
}

static void end_counting(void) {
  intercept_off();
  memcpy(ledger->injected, intercept->seen_of, sizeof intercept->seen_of);
  ledger->injected[INTERCEPT_KINDS] = sp_alloc_fail_after(UINT64_MAX, false);
}

static uint64_t calls_of(const struct ordering *o, unsigned part) {
  uint64_t n = o->kinds ? 0 : calls[part][INTERCEPT_KINDS];
  for (int i = 0; i < INTERCEPT_KINDS; i++)
    n += o->kinds & 1u << i ? calls[part][i] : 0;
  return n;
}

static uint64_t injected(void) {
  uint64_t n = 0;
  for (int i = 0; i < INTERCEPT_KINDS; i++)
    n += ledger->injected[i];
  return n;
}

/* --- The process that meets the fault --- */

static unsigned open_files(void) {
  unsigned n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d))
    n++;
  if (d)
    closedir(d);
  return n;
}

/* What is decided and durable folds to what the engine has. */
static void compare_states(struct day *d) {
  struct world *w = &d->w;
  struct fault why = {0};
  struct fold again;
  const struct fold_options options = {.no_snapshot = true};
  if (!w->engine || w->failed || w->to_commit ||
      core_next_entry(engine_core(w->engine)) != w->durable)
    return;
  enum sp_err err = fold_open(&again, w->store, &options, &why);
  if (err) {
    ledger_bug(ledger, "what is stored cannot be folded: %s", why.text);
  } else {
    struct hash a = world_state(engine_core(w->engine)), b = world_state(again.core);
    if (memcmp(a.b, b.b, sizeof a.b) != 0)
      ledger_bug(ledger, "the engine's state is not the one that its entries give");
  }
  fold_close(&again);
}

static void check_memory(void);

/* A child's crash is its own, not one of the program that runs tests. */
static void be_a_child(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    signal(signals[i], SIG_DFL);
  alarm(run_s_max);
}

static int meet_fault(const struct day_part *part, const struct ordering *o, uint64_t at) {
  struct fault why = {0};
  be_a_child();
  intercept = shared;
  if (!freopen("/dev/null", "w", stdout)) /* cmocka's */
    return 3;
  unsigned files = open_files();
  if (part->where & DAY_OPENS && world_open(&day.w, ledger, day.from.store ? NULL : day.dir,
                                            &day.from, part->snapshot_every, &why)) {
    ledger_bug(ledger, "the part could not begin: %s", why.text);
    return 0;
  }
  if (o)
    arm(o, at);
  else
    begin_counting();
  part->run(&day);
  if (o)
    disarm(o, at);
  else
    end_counting();
  ledger->done = true;
  compare_states(&day);
  if (day.from.store)
    check_memory();
  world_close(&day.w);
  if (open_files() != files)
    ledger_bug(ledger, "%d files were left open", (int)(open_files() - files));
  store_close(day.from.store);
  for (unsigned i = 0; i <= day_parts_n; i++) {
    if (memory_base[i].store != day.from.store)
      store_close(memory_base[i].store);
    buf_free(&memory_base[i].checkpoint);
    tree_free(base[i]);
  }
  world_plan_free(&day.plan);
  world_plan_free(&day.next_plan);
  return 0;
}

/* --- The process that starts from what it left --- */

struct looking {
  const struct ledger *ledger;
  uint32_t seen;
};

static enum sp_err look_for_answer(void *ctx, uint64_t n, struct span entry) {
  struct looking *l = ctx;
  for (uint32_t i = 0; i < l->ledger->n_answers; i++)
    if (l->ledger->answers[i].n == n) {
      struct hash is = sha256_of(entry);
      l->seen += memcmp(is.b, l->ledger->answers[i].bytes.b, sizeof is.b) == 0;
    }
  return SP_OK;
}

static void look_for_answers(struct store *s) {
  struct looking l = {.ledger = ledger};
  struct fault why = {0};
  if (store_entries(s, 0, UINT64_MAX, look_for_answer, &l, &why))
    ledger_bug(ledger, "entries cannot be read: %s", why.text);
  else if (l.seen != ledger->n_answers)
    ledger_bug(ledger, "%u entries were answered, and %u of them are there", ledger->n_answers,
               l.seen);
}

static void check_replay(struct store *s) {
  struct report report;
  struct replay_result result = {0};
  struct fault why = {0};
  const struct slug site = {"small"};
  enum sp_err err = report_init(&report, &why);
  if (!err)
    err = replay_store(s, &site, NULL, &report, &result, &why);
  if (err)
    ledger_bug(ledger, "replay: %s: %s", why.text, report.kept ? report.at[0].text : "");
  replay_result_free(&result);
  report_free(&report);
}

/* dir: the site, or its log as files, which needs the site's key. */
static void check_verify(const char *dir) {
  struct report report;
  struct verify_result result;
  struct fault why = {0};
  struct note_key key;
  struct site_dir *site;
  const struct verify_options options = {.key = &key};
  enum sp_err err = site_dir_open(&site, day.dir, SITE_DIR_READ, &why);
  if (!err)
    err = site_dir_vkey(site, &key, &why);
  if (err) {
    ledger_bug(ledger, "the site's key cannot be read: %s", why.text);
    return;
  }
  site_dir_close(site);
  err = report_init(&report, &why);
  if (!err)
    err = verify_dir(dir, &options, &report, &result, &why);
  if (err)
    ledger_bug(ledger, "verify: %s: %s", why.text, report.kept ? report.at[0].text : "");
  report_free(&report);
}

/* A start, a decision and a clean stop. */
static void use(struct world *w, const char *dir, const struct world_store *from) {
  struct fault why = {0};
  static struct ledger after;
  memset(&after, 0, sizeof after);
  enum sp_err err = world_open(w, &after, dir, from, 0, &why);
  if (err) {
    ledger_bug(ledger, "it does not start again: %s", why.text);
    return;
  }
  look_for_answers(w->store);
  const char *reply =
      world_ask(w, "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"rex\"}}");
  if (!reply || !strstr(reply, "\"decision\":\"done\""))
    ledger_bug(ledger, "it started again and decides nothing: %s", reply ? reply : "no answer");
  if (!world_stop(w))
    ledger_bug(ledger, "it started again and does not stop cleanly: %s", after.errors[0].text);
  check_replay(w->store);
  if (after.bug[0])
    ledger_bug(ledger, "%s", after.bug);
}

static void check_memory(void) {
  static struct world w;
  struct store *s = store_memory_crash(day.from.store);
  const struct world_store from = {s, &memory_signer, buf_span(&day.w.checkpoint)};
  use(&w, NULL, &from);
  world_close(&w);
  store_close(s);
}

static void known_files_only(const char *dir) {
  static const char *const known[] = {".",           "..",         "site.db", "site.db-wal",
                                      "site.db-shm", "checkpoint", "keys",    "lock"};
  struct dirent *e;
  DIR *d = opendir(dir);
  while (d && (e = readdir(d))) {
    bool is = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
      is = is || strcmp(known[i], e->d_name) == 0;
    if (!is)
      ledger_bug(ledger, "%s was left behind", e->d_name);
  }
  if (d)
    closedir(d);
}

static bool is_there(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

/* init again, as someone does who was told that it failed. */
static void check_init(bool removing_fails, bool for_good) {
  struct fault why = {0};
  struct dirent *e;
  bool failed = ledger->n_errors > 0;
  /* On a disk that fails for good it cannot be taken back, but then it says so. */
  if (failed && for_good && is_there(day.dir) && strstr(ledger->errors[0].text, "make it again"))
    return;
  if (failed && is_there(day.dir))
    ledger_bug(ledger, "init failed, and there is a site");
  if (failed && world_init(day.dir, &day.plan, &why))
    ledger_bug(ledger, "init failed, and fails again: %s", why.text);
  DIR *d = opendir(run_dir);
  while (d && (e = readdir(d)))
    if (strstr(e->d_name, ".new-") && !removing_fails)
      ledger_bug(ledger, "init left %s behind", e->d_name);
  if (d)
    closedir(d);
}

static void again_or_there(const struct day_part *part) {
  static struct ledger first;
  first = *ledger;
  memset(ledger->errors, 0, sizeof ledger->errors);
  ledger->n_errors = 0;
  part->run(&day);
  if (ledger->n_errors && ledger->errors[0].err != SP_EXISTS)
    ledger_bug(&first, "done again it fails: %s", ledger->errors[0].text);
  *ledger = first;
}

static int start_again(const struct day_part *part, const struct ordering *o) {
  static struct world w;
  char path[240];
  be_a_child();
  if (strcmp(part->name, "init") == 0)
    check_init(o && o->kinds & INTERCEPT_BIT(REMOVE) && o->for_good, o && o->for_good);
  if (part->run && (strcmp(part->name, "export") == 0 || strcmp(part->name, "backup") == 0 ||
                    strcmp(part->name, "restore") == 0))
    again_or_there(part);
  use(&w, day.dir, NULL);
  world_close(&w);
  check_verify(day.dir);
  known_files_only(day.dir);
  snprintf(path, sizeof path, "%s/tree", day.out);
  if (is_there(path))
    check_verify(path);
  if (ledger->erased && tree_holds(day.dir, DAY_NAME))
    ledger_bug(ledger, "details were answered as erased, and are in a file");
  return 0;
}

/* --- One run --- */

static void begin(struct day_part const *part, bool in_memory) {
  unsigned i = (unsigned)(part - day_parts);
  memset(ledger, 0, sizeof *ledger);
  memset(shared, 0, sizeof *shared);
  shared->trace = number("FAULTS_TRACE", 0) != 0;
  memset(&day.w, 0, sizeof day.w);
  day.from = (struct world_store){0};
  if (in_memory) {
    day.from = (struct world_store){memory_base[i].store, &memory_signer,
                                    buf_span(&memory_base[i].checkpoint)};
    return;
  }
  tree_remove(run_dir);
  if (base[i])
    tree_put(base[i], run_dir);
}

/* Anything but a quiet end is told in the ledger. */
static void wait_for(pid_t pid, const char *which) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFSIGNALED(status))
    ledger_bug(ledger, "%s was ended by %s", which,
               WTERMSIG(status) == SIGALRM ? "the clock: it hangs" : strsignal(WTERMSIG(status)));
  else if (WEXITSTATUS(status))
    ledger_bug(ledger, "%s ended with %d", which, WEXITSTATUS(status));
}

static void run_one(const struct day_part *part, bool in_memory, const struct ordering *o,
                    uint64_t at) {
  begin(part, in_memory);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0)
    exit(meet_fault(part, o, at));
  wait_for(pid, "the process that met the fault");
  if (in_memory || ledger->bug[0])
    return;
  pid = fork();
  if (pid == 0)
    _exit(start_again(part, o));
  wait_for(pid, "the start from what it left");
}

/* --- What an error may say --- */

static bool of_memory(const struct ordering *o) {
  return !o->of_store && (!o->kinds || o->kinds & INTERCEPT_BIT(MEMORY));
}

static void check_errors(const struct ordering *o) {
  for (uint32_t i = 0; i < ledger->n_errors; i++) {
    const struct ledger_error *e = &ledger->errors[i];
    if (e->err == SP_CORRUPT || e->err == SP_FORK || e->err == SP_VERSION)
      ledger_bug(ledger, "a fault of the moment is called %s: %s", sp_err_name(e->err), e->text);
    if (strlen(e->text) < 12)
      ledger_bug(ledger, "an error (%s) says only `%s`", sp_err_name(e->err), e->text);
  }
  /* What comes after the first may follow from it: no session, no such person. So it may from an
   * answer for which there was no memory. */
  if (!ledger->n_errors || ledger->unanswered || o->kinds & INTERCEPT_BIT(MAP))
    return;
  const struct ledger_error *e = &ledger->errors[0];
  if (of_memory(o) && e->err != SP_NO_MEMORY && e->err != SP_UNAVAILABLE)
    ledger_bug(ledger, "out of memory is told as %s: %s", sp_err_name(e->err), e->text);
  if (!of_memory(o) && e->err != SP_IO && e->err != SP_UNAVAILABLE && e->err != SP_NO_MEMORY)
    ledger_bug(ledger, "a failing disk is told as %s: %s", sp_err_name(e->err), e->text);
  if (!of_memory(o) && !o->of_store && !strchr(e->text, '/'))
    ledger_bug(ledger, "a failing disk, and no file is named: %s", e->text);
}

/* --- The loops --- */

static struct { uint64_t runs, met, bugs, injected[INTERCEPT_KINDS]; } all;

static unsigned stride_of(const struct ordering *o) {
  unsigned s = stride_all ? stride_all : o->stride * others_stride;
  return s ? s : 1;
}

static void tell_bug(const struct day_part *part, const struct ordering *o, uint64_t at) {
  if (all.bugs++ < number("FAULTS_TOLD", told_max))
    print_error("%s: %s, number %llu of the part \"%s\": %s\n", o->name,
                o->for_good ? "for good" : "once", (unsigned long long)at, part->name, ledger->bug);
}

/* One run, and what is to be said of it. False: it met no fault. */
static bool try_one(const struct day_part *part, const struct ordering *o, uint64_t at) {
  run_one(part, o->of_store, o, at);
  check_errors(o);
  bool clean = injected() == 0;
  if (clean && ledger->n_errors && !ledger->bug[0])
    ledger_bug(ledger, "no fault was met, and there is an error: %s", ledger->errors[0].text);
  all.runs++;
  all.met += !clean;
  for (int i = 0; i < INTERCEPT_KINDS; i++)
    all.injected[i] += ledger->injected[i];
  if (ledger->bug[0])
    tell_bug(part, o, at);
  return !clean;
}

/* Each in turn, until one run meets no fault. */
static void loop_part(const struct day_part *part, const struct ordering *o) {
  unsigned stride = stride_of(o);
  for (uint64_t at = seed % stride; try_one(part, o, at); at += stride)
    ;
}

/* A share of the whole day's calls, without the runs that meet none. */
static uint64_t share_part(unsigned part, const struct ordering *o, uint64_t at) {
  uint64_t n = calls_of(o, part);
  for (; at < n; at += stride_of(o))
    (void)try_one(&day_parts[part], o, at);
  return at - n;
}

static void print_figures(const struct ordering *o, double seconds) {
  print_message("faults: %-34s %-8s every %4u: %6llu of %6llu runs met one, %7.1f s", o->name,
                o->for_good ? "for good" : "once", stride_of(o), (unsigned long long)all.met,
                (unsigned long long)all.runs, seconds);
  for (int i = 0; i < INTERCEPT_KINDS && o->kinds; i++)
    if (all.injected[i])
      print_message(" %s %llu", intercept_names[i], (unsigned long long)all.injected[i]);
  print_message("\n");
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool loop(const struct ordering *o) {
  double from = seconds();
  const char *only = getenv("FAULTS_PART");
  uint64_t at = seed % stride_of(o), alone = number("FAULTS_AT", UINT64_MAX);
  memset(&all, 0, sizeof all);
  for (unsigned i = 0; i < day_parts_n; i++) {
    const struct day_part *part = &day_parts[i];
    if (!(part->where & (o->of_store ? DAY_IN_MEMORY : DAY_ON_FILES)) ||
        part->where & DAY_IS_BEFORE || (only && *only && strcmp(only, part->name) != 0))
      continue;
    if (alone != UINT64_MAX)
      (void)try_one(part, o, alone);
    else if (o->of_store || stride_of(o) == 1)
      loop_part(part, o);
    else
      at = share_part(i, o, at);
  }
  print_figures(o, seconds() - from);
  if (all.bugs)
    print_error("%llu of %llu runs went wrong\n", (unsigned long long)all.bugs,
                (unsigned long long)all.runs);
  return all.bugs == 0;
}

/* --- The orders --- */

enum {
  CHANGES = INTERCEPT_BIT(WRITE) | INTERCEPT_BIT(SYNC) | INTERCEPT_BIT(FOLDER) |
            INTERCEPT_BIT(RENAME) | INTERCEPT_BIT(CREATE) | INTERCEPT_BIT(REMOVE) |
            INTERCEPT_BIT(RESIZE),
  LOOKS = INTERCEPT_BIT(OPEN) | INTERCEPT_BIT(READ),
};

static void once_and_for_good(struct ordering o) {
  bool right = loop(&o);
  o.for_good = true;
  right = loop(&o) && right;
  assert_true(right);
}

static const struct ordering orders[] = {
    {.name = "allocations of ours", .stride = 80},
    {.name = "every allocation", .kinds = INTERCEPT_BIT(MEMORY), .error = ENOMEM, .stride = 3000},
    {.name = "address space", .kinds = INTERCEPT_BIT(MAP), .error = ENOMEM, .stride = 1},
    {.name = "broken disk (EIO)", .kinds = CHANGES, .error = EIO, .stride = 120},
    {.name = "full disk (ENOSPC)", .kinds = CHANGES, .error = ENOSPC, .stride = 120},
    {.name = "short writes", .kinds = INTERCEPT_BIT(WRITE), .stride = 120},
    {.name = "unreadable disk (EIO)", .kinds = LOOKS, .error = EIO, .stride = 120},
};

static void calls_of_the_process(void **state) {
  once_and_for_good(*(const struct ordering *)*state);
}

static void store_calls(void **state) {
  (void)state;
  static const char *const names[] = {
#define X(name) "store calls: " #name,
      STORE_MEMORY_CALLS(X)
#undef X
  };
  for (int i = 0; i < STORE_MEMORY_CALL_COUNT; i++)
    once_and_for_good((struct ordering){.name = names[i],
                                        .of_store = true,
                                        .call = (enum store_memory_call)i,
                                        .stride = i <= STORE_MEMORY_WRITE ? 50 : 1});
}

/* --- The day without a fault: what each part begins with --- */

static void take_memory(unsigned i, struct store *s, struct span checkpoint) {
  memory_base[i].store = store_memory_clone(s);
  assert_non_null(memory_base[i].store);
  buf_put(&memory_base[i].checkpoint, checkpoint.p, checkpoint.n);
}

static void no_error(const struct day_part *part) {
  if (ledger->bug[0] || ledger->n_errors || !ledger->done)
    fail_msg("the part \"%s\" without a fault: %s%s", part->name, ledger->bug,
             ledger->errors[0].text);
}

static void make_memory_day(void) {
  static struct fake fake;
  unsigned i = 1;
  fake_start(&fake, "tests/system/small.yaml", 0);
  memory_signer = fake.signer;
  take_memory(i, fake.store, buf_span(&fake.checkpoint));
  fake_end(&fake);
  for (; day_parts[i].where & DAY_IN_MEMORY; i++) {
    const struct day_part *part = &day_parts[i];
    struct fault why = {0};
    begin(part, true);
    day.from.store = store_memory_clone(memory_base[i].store);
    if (part->where & DAY_OPENS)
      assert_int_equal(world_open(&day.w, ledger, NULL, &day.from, part->snapshot_every, &why),
                       SP_OK);
    part->run(&day);
    ledger->done = true;
    no_error(part);
    take_memory(i + 1, day.from.store, buf_span(&day.w.checkpoint));
    world_close(&day.w);
    store_close(day.from.store);
  }
}

static int make_day(void **state) {
  (void)state;
  assert_true(day_parts_n <= parts_max);
  const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(top, sizeof top, "%s/sallyport-faults-XXXXXX", shm);
  assert_non_null(mkdtemp(top));
  snprintf(run_dir, sizeof run_dir, "%s/run", top);
  snprintf(day.dir, sizeof day.dir, "%s/site", run_dir);
  snprintf(day.out, sizeof day.out, "%s/out", run_dir);
  mkdir(run_dir, 0700);
  mkdir(day.out, 0700);
  base[0] = tree_take(run_dir);
  size_t n = (sizeof *ledger + 4095) / 4096 * 4096;
  ledger =
      mmap(NULL, n + sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(ledger != MAP_FAILED);
  shared = (struct intercept *)(void *)((char *)ledger + n);
  world_plan_read(&day.plan, "Small");
  world_plan_read(&day.next_plan, "Small, as of noon");
  day.ledger = ledger;
  stride_all = (unsigned)number("FAULTS_STRIDE", 0);
  seed = number("FAULTS_SEED", (uint64_t)time(NULL));
  print_message("faults: the seed is %llu (FAULTS_SEED), in %s\n", (unsigned long long)seed, shm);
  for (unsigned i = 0; i < day_parts_n; i++) {
    /* The same process twice: what is left by the first is what the next part begins with. */
    begin(&day_parts[i], false);
    pid_t pid = fork();
    if (pid == 0)
      exit(meet_fault(&day_parts[i], NULL, 0));
    wait_for(pid, "a part without a fault");
    no_error(&day_parts[i]);
    memcpy(calls[i], ledger->injected, sizeof calls[i]);
    base[i + 1] = tree_take(run_dir);
    pid = fork();
    if (pid == 0)
      _exit(start_again(&day_parts[i], NULL));
    wait_for(pid, "the start after it");
    no_error(&day_parts[i]);
  }
  make_memory_day();
  return 0;
}

static int end_day(void **state) {
  (void)state;
  for (unsigned i = 0; i <= day_parts_n; i++) {
    tree_free(base[i]);
    store_close(memory_base[i].store);
    buf_free(&memory_base[i].checkpoint);
  }
  world_plan_free(&day.plan);
  world_plan_free(&day.next_plan);
  tree_remove(top);
  return 0;
}

int main(void) {
  enum { n = sizeof orders / sizeof orders[0] };
  struct CMUnitTest tests[n + 1] = {cmocka_unit_test(store_calls)};
  for (int i = 0; i < n; i++)
    tests[i + 1] = (struct CMUnitTest){.name = orders[i].name,
                                       .test_func = calls_of_the_process,
                                       .initial_state = (void *)(uintptr_t)&orders[i]};
  const char *only = getenv("FAULTS_ONLY");
  if (only && *only)
    cmocka_set_test_filter(only);
  return cmocka_run_group_tests(tests, make_day, end_day);
}
