/* A real site in a directory, served by a real process: made, opened, locked, asked, stopped,
 * killed.
 */
#include "engine/client.h"
#include "engine/engine_limits.h"
#include "engine/fold.h"
#include "engine/process.h"
#include "engine/site_dir.h"
#include "plan/plan_blob.h"
#include "journal/sha256.h"
#include "plan/plan_read.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MUST(call)                                                                                 \
  do {                                                                                             \
    struct fault must_ = {0};                                                                      \
    struct fault *must = &must_;                                                                   \
    if (call)                                                                                      \
      fail_msg("%s: %s", #call, must->text);                                                       \
  } while (0)

#define PASSWORD "correct horse battery"

struct world {
  char top[64], dir[300];
  struct buf yaml;
  struct plan *plan;
  pid_t pid;
  int stop;          /* closing it stops the engine */
  rlim_t file_bytes; /* of any file that the engine writes; 0: as many as there is room for */
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
  (void)st, (void)flag, (void)at;
  return remove(path);
}

static void read_plan(struct world *w) {
  char path[600];
  struct plan_faults faults = {0};
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/tests/system/small.yaml", top ? top : ".");
  FILE *f = fopen(path, "r");
  if (!f)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  assert_true(buf_reserve(&w->yaml, 1 << 16));
  w->yaml.n = fread(w->yaml.p, 1, 1 << 16, f);
  fclose(f);
  assert_int_equal(plan_read(buf_span(&w->yaml), &w->plan, &faults), SP_OK);
  plan_faults_free(&faults);
}

static enum sp_err init(struct world *w, const char *dir, struct fault *why) {
  const struct site_operator operators[] = {
      {"anna", ROLE_ADMIN, SPAN_LIT(PASSWORD)},
      {"bert", ROLE_DESK, SPAN_LIT(PASSWORD)},
      {"carl", ROLE_SHIFT, SPAN_LIT(PASSWORD)},
  };
  const struct site_init asked = {.dir = dir,
                                  .founding = {.plan = w->plan,
                                               .source = buf_span(&w->yaml),
                                               .operators = operators,
                                               .n_operators = 3,
                                               .password_n = 16}};
  return site_dir_init(&asked, NULL, why);
}

static int start(void **state) {
  struct world *w = calloc(1, sizeof *w);
  snprintf(w->top, sizeof w->top, "/tmp/sallyport-test-XXXXXX");
  assert_non_null(mkdtemp(w->top));
  snprintf(w->dir, sizeof w->dir, "%s/site", w->top);
  read_plan(w);
  MUST(init(w, w->dir, must));
  *state = w;
  return 0;
}

static void kill_engine(struct world *w, int how) {
  int status;
  if (!w->pid)
    return;
  kill(w->pid, how);
  assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
  w->pid = 0;
  close(w->stop);
  if (how == SIGTERM)
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int end(void **state) {
  struct world *w = *state;
  kill_engine(w, SIGKILL);
  nftw(w->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  buf_free(&w->yaml);
  plan_free(w->plan);
  free(w);
  return 0;
}

static void tell_ready(void *ctx, const char *path) {
  (void)path;
  int *fd = ctx;
  if (write(*fd, "r", 1) != 1)
    _exit(99);
  close(*fd);
}

/* The engine in a process of its own, ready when this returns. False: it ended, exit code in *code.
 */
static bool serve(struct world *w, uint64_t snapshot_every, int *code) {
  int ready[2], stop[2];
  char c;
  assert_int_equal(pipe(ready), 0);
  assert_int_equal(pipe(stop), 0);
  fflush(NULL);
  w->pid = fork();
  if (w->pid == 0) {
    struct fault why = {0};
    close(ready[0]);
    close(stop[1]);
    if (w->file_bytes) {
      const struct rlimit most = {w->file_bytes, w->file_bytes};
      signal(SIGXFSZ, SIG_IGN);
      setrlimit(RLIMIT_FSIZE, &most);
    }
    const struct serve_options options = {.dir = w->dir,
                                          .snapshot_every = snapshot_every,
                                          .ready = tell_ready,
                                          .ctx = &ready[1],
                                          .stop_fd = stop[0]};
    enum sp_err err = engine_serve(&options, &why);
    if (err)
      fprintf(stderr, "serve: %s\n", why.text);
    _exit(sp_err_exit(err));
  }
  close(ready[1]);
  close(stop[0]);
  w->stop = stop[1];
  bool is_ready = read(ready[0], &c, 1) == 1;
  close(ready[0]);
  if (!is_ready) {
    int status;
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    w->pid = 0;
    close(w->stop);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  return is_ready;
}

static struct client *connect_to(struct world *w) {
  struct client *c;
  MUST(client_open(&c, w->dir, must));
  return c;
}

static bool has(struct span s, const char *text) {
  return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static const char report[] =
    "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"rex\"}}";

static uint64_t count(struct world *w) {
  struct site_dir *d;
  struct store *s;
  uint64_t n;
  MUST(site_dir_open(&d, w->dir, SITE_DIR_READ, must));
  MUST(site_dir_store(d, STORE_READ, &s, must));
  MUST(store_count(s, &n, must));
  store_close(s);
  site_dir_close(d);
  return n;
}

/* --- The directory --- */

static void a_new_site_is_whole_and_private(void **state) {
  struct world *w = *state;
  struct site_dir *d;
  struct site_keys keys;
  struct note_key vkey;
  struct buf note = {0};
  struct checkpoint c;
  char path[400];
  struct stat st;
  static const char *const secret[] = {"keys/signing.pem", "keys/site.key"};
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", w->dir, secret[i]);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
  }
  assert_int_equal(stat(w->dir, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  MUST(site_dir_open(&d, w->dir, SITE_DIR_READ, must));
  assert_string_equal(site_dir_site(d)->s, "small");
  assert_string_equal(site_dir_origin(d), "sallyport.local/small");
  MUST(site_dir_keys(d, &keys, must));
  MUST(site_dir_vkey(d, &vkey, must));
  assert_memory_equal(vkey.key, keys.signer.public.key, 32);
  MUST(site_dir_checkpoint_read(d, &note, must));
  MUST(checkpoint_open(&c, buf_span(&note), &vkey, NULL, 0, NULL, must));
  assert_int_equal(c.size, 5);
  assert_int_equal(count(w), 5);
  buf_free(&note);
  site_keys_wipe(&keys);
  site_dir_close(d);
  /* Nothing is left beside it. */
  snprintf(path, sizeof path, "%s/..", w->dir);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_nlink, 3);
}

static void what_is_there_is_not_overwritten(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  char path[400];
  struct stat st;
  assert_int_equal(init(w, w->dir, &why), SP_EXISTS);
  assert_int_equal(count(w), 5);
  snprintf(path, sizeof path, "%s/no/such/parent", w->top);
  assert_int_equal(init(w, path, &why), SP_IO);
  snprintf(path, sizeof path, "%s/empty/", w->top);
  assert_int_equal(mkdir(path, 0755), 0);
  MUST(init(w, path, must));
  assert_int_equal(stat(path, &st), 0);
}

static void bad_wishes_make_nothing(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  char path[400];
  struct stat st;
  snprintf(path, sizeof path, "%s/other", w->top);
  struct site_operator o = {"anna", ROLE_ADMIN, SPAN_LIT("short")};
  struct site_init asked = {.dir = path,
                            .founding = {.plan = w->plan,
                                         .source = buf_span(&w->yaml),
                                         .operators = &o,
                                         .n_operators = 1,
                                         .password_n = 16}};
  assert_int_equal(site_dir_init(&asked, NULL, &why), SP_INVALID);
  o.password = SPAN_LIT(PASSWORD);
  o.name = "an\nna";
  assert_int_equal(site_dir_init(&asked, NULL, &why), SP_INVALID);
  o.name = "anna";
  asked.origin = "with space";
  assert_int_equal(site_dir_init(&asked, NULL, &why), SP_INVALID);
  assert_int_equal(stat(path, &st), -1);
  assert_int_equal(stat(w->top, &st), 0);
  assert_int_equal(st.st_nlink, 3); /* only the first site */
}

static void only_one_writes(void **state) {
  struct world *w = *state;
  struct site_dir *a, *b;
  struct fault why = {0};
  MUST(site_dir_open(&a, w->dir, SITE_DIR_WRITE, must));
  assert_int_equal(site_dir_open(&b, w->dir, SITE_DIR_WRITE, &why), SP_BUSY);
  int code = 0;
  assert_false(serve(w, 0, &code));
  assert_int_equal(code, sp_err_exit(SP_BUSY));
  MUST(site_dir_open(&b, w->dir, SITE_DIR_READ, must));
  site_dir_close(b);
  site_dir_close(a);
  MUST(site_dir_open(&a, w->dir, SITE_DIR_WRITE, must));
  site_dir_close(a);
}

static void places_that_are_no_site(void **state) {
  struct world *w = *state;
  struct site_dir *d;
  struct fault why = {0};
  char path[400];
  struct stat st;
  assert_int_equal(site_dir_open(&d, "/nonexistent", SITE_DIR_READ, &why), SP_NOT_FOUND);
  assert_int_equal(site_dir_open(&d, w->top, SITE_DIR_WRITE, &why), SP_NOT_FOUND);
  snprintf(path, sizeof path, "%s/lock", w->top);
  assert_int_equal(stat(path, &st), -1); /* nothing was made there */
  snprintf(path, sizeof path, "%s/site.db", w->top);
  FILE *f = fopen(path, "w");
  fputs("this is no database, but text that is long enough to be looked at", f);
  fclose(f);
  assert_int_equal(site_dir_open(&d, w->top, SITE_DIR_READ, &why), SP_CORRUPT);
  assert_true(strstr(why.text, "site.db"));
}

static void keys_that_are_open_or_wrong(void **state) {
  struct world *w = *state;
  struct site_dir *d;
  struct site_keys keys;
  struct fault why = {0};
  char path[400];
  MUST(site_dir_open(&d, w->dir, SITE_DIR_READ, must));
  snprintf(path, sizeof path, "%s/keys/signing.pem", w->dir);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(site_dir_keys(d, &keys, &why), SP_DENIED);
  assert_true(strstr(why.text, "chmod 600"));
  assert_int_equal(chmod(path, 0600), 0);
  struct note_signer other;
  struct buf pem = {0};
  const uint8_t seed[32] = {1};
  MUST(signer_from_seed(&other, "x", seed, must));
  MUST(signer_to_pem(&other, &pem, must));
  FILE *f = fopen(path, "w");
  fwrite(pem.p, 1, pem.n, f);
  fclose(f);
  buf_free(&pem);
  assert_int_equal(site_dir_keys(d, &keys, &why), SP_CORRUPT);
  assert_int_equal(truncate(path, 10), 0);
  assert_int_not_equal(site_dir_keys(d, &keys, &why), SP_OK);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(site_dir_keys(d, &keys, &why), SP_NOT_FOUND);
  site_dir_close(d);
}

static void the_checkpoint_is_replaced_at_once(void **state) {
  struct world *w = *state;
  struct site_dir *d;
  struct buf note = {0};
  struct fault why = {0};
  char path[400];
  MUST(site_dir_open(&d, w->dir, SITE_DIR_WRITE, must));
  MUST(site_dir_checkpoint_write(d, SPAN_LIT("one"), must));
  /* Where it cannot be written the old one stays. */
  snprintf(path, sizeof path, "%s/checkpoint.new", w->dir);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_int_equal(site_dir_checkpoint_write(d, SPAN_LIT("two"), &why), SP_IO);
  MUST(site_dir_checkpoint_read(d, &note, must));
  assert_true(span_is(buf_span(&note), "one"));
  buf_free(&note);
  site_dir_close(d);
}

/* --- The process --- */

/* Lines are run by what the engine itself decides by: the very bytes that the journal names. */
static void the_plan_in_force_is_told(void **state) {
  struct world *w = *state;
  struct buf blob = {0};
  struct plan *plan;
  struct span status;
  char want[100] = "\"plan\":\"";
  assert_true(serve(w, 0, NULL));
  struct client *c = connect_to(w);
  MUST(client_subscribe(c, must)); /* what comes by itself is not taken for the answer */
  MUST(client_request(c, span_str(report), &status, must));
  MUST(client_plan(c, &blob, must));
  MUST(plan_blob_decode(buf_span(&blob), &plan, must));
  struct hash hash = sha256_of(buf_span(&blob));
  hex_encode(want + strlen(want), hash.b, sizeof hash.b);
  MUST(client_request(c, SPAN_LIT("{\"status\":{}}"), &status, must));
  assert_true(has(status, want));
  plan_free(plan);
  buf_free(&blob);
  client_close(c);
  kill_engine(w, SIGTERM);
}

static void serving_and_stopping(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  struct span reply;
  struct client *c;
  char path[400], session[session_text_len + 1];
  struct stat st;
  assert_int_equal(client_open(&c, w->dir, &why), SP_UNAVAILABLE);
  assert_true(strstr(why.text, "sallyport serve"));
  assert_true(serve(w, 0, NULL));
  snprintf(path, sizeof path, "%s/engine.sock", w->dir);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  c = connect_to(w);
  MUST(client_request(c, SPAN_LIT("{\"status\":{}}"), &reply, must));
  assert_true(has(reply, "\"entries\":5,"));
  assert_int_equal(client_login(c, SPAN_LIT("anna"), SPAN_LIT("wrong one"), session, &why),
                   SP_DENIED);
  MUST(client_login(c, SPAN_LIT("anna"), SPAN_LIT(PASSWORD), session, must));
  struct client *watch = connect_to(w);
  MUST(client_subscribe(watch, must));
  MUST(client_request(c, span_str(report), &reply, must));
  assert_true(has(reply, "\"door.exit_requested\""));
  assert_int_equal(client_request(c, SPAN_LIT("{}"), &reply, &why), SP_INVALID);
  /* A clean stop says nothing that is not so: the snapshot and the checkpoint are there. */
  kill_engine(w, SIGTERM);
  assert_int_equal(client_request(c, span_str(report), &reply, &why), SP_UNAVAILABLE);
  client_close(c);
  client_close(watch);
  assert_int_equal(stat(path, &st), -1);
  struct site_dir *d;
  struct store *s;
  struct fold fold;
  struct buf note = {0};
  struct note_key key;
  struct checkpoint checkpoint;
  MUST(site_dir_open(&d, w->dir, SITE_DIR_READ, must));
  MUST(site_dir_store(d, STORE_READ, &s, must));
  MUST(site_dir_vkey(d, &key, must));
  MUST(site_dir_checkpoint_read(d, &note, must));
  MUST(checkpoint_open(&checkpoint, buf_span(&note), &key, NULL, 0, NULL, must));
  assert_int_equal(checkpoint.size, 7); /* rex, snapshot.taken */
  const struct fold_options options = {.checkpoint = &checkpoint};
  MUST(fold_open(&fold, s, &options, must));
  assert_int_equal(fold.folded_from, 6);
  fold_close(&fold);
  buf_free(&note);
  store_close(s);
  site_dir_close(d);
}

static void stopping_by_a_descriptor(void **state) {
  struct world *w = *state;
  int status;
  assert_true(serve(w, 0, NULL));
  close(w->stop);
  assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  w->pid = 0;
  w->stop = -1;
}

/* Killed at any instant, again and again: what was answered is there. */
static void killing_loses_nothing_answered(void **state) {
  struct world *w = *state;
  uint64_t answered = 5;
  for (unsigned round = 0; round < 12; round++) {
    assert_true(serve(w, 40, NULL));
    struct client *c = connect_to(w);
    struct client_message m;
    struct fault why = {0};
    for (unsigned i = 0; i < 40 + 37 * round; i++)
      MUST(client_send(c, FRAME_REQUEST, span_str(report), NULL, must));
    unsigned stop_at = 20 + 29 * round;
    for (unsigned i = 0; i < stop_at; i++) {
      if (client_receive(c, &m, &why))
        break;
      const uint8_t *n = memmem(m.payload.p, m.payload.n, ",\"n\":", 5);
      assert_non_null(n);
      uint64_t index = strtoull((const char *)n + 5, NULL, 10);
      answered = index + 1 > answered ? index + 1 : answered;
    }
    kill_engine(w, SIGKILL);
    client_close(c);
    assert_true(count(w) >= answered);
  }
  assert_true(serve(w, 40, NULL));
  kill_engine(w, SIGTERM);
}

static void a_site_that_went_back_is_not_served(void **state) {
  struct world *w = *state;
  char from[400], to[400], command[2000];
  int code = 0;
  struct span reply;
  snprintf(from, sizeof from, "%s/site.db", w->dir);
  snprintf(to, sizeof to, "%s/older.db", w->top);
  snprintf(command, sizeof command, "cp %s %s", from, to);
  assert_int_equal(system(command), 0);
  assert_true(serve(w, 0, NULL));
  struct client *c = connect_to(w);
  MUST(client_request(c, span_str(report), &reply, must));
  client_close(c);
  kill_engine(w, SIGTERM);
  snprintf(command, sizeof command, "rm -f %s-wal %s-shm; cp %s %s", from, from, to, from);
  assert_int_equal(system(command), 0);
  assert_false(serve(w, 0, &code));
  assert_int_equal(code, sp_err_exit(SP_FORK));
}

/* No more bytes go into a file: the engine stops and says so, and what it answered is there. */
static void a_full_disk_ends_it(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  struct client_message m;
  uint64_t answered = 0;
  int status;
  w->file_bytes = 17 << 20;
  assert_true(serve(w, 0, NULL));
  struct client *c = connect_to(w);
  enum sp_err err = SP_OK;
  for (unsigned sent = 0, got = 0; !err && got < 400000;) {
    while (!err && sent - got < 1000) {
      err = client_send(c, FRAME_REQUEST, span_str(report), NULL, &why);
      sent++;
    }
    while (!err && sent - got > 500) {
      err = client_receive(c, &m, &why);
      if (!err)
        err = client_reply_error(m.payload, &why);
      answered += !err;
      got++;
    }
  }
  assert_int_equal(err, SP_UNAVAILABLE);
  assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
  w->pid = 0;
  close(w->stop);
  client_close(c);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), sp_err_exit(SP_IO));
  assert_true(count(w) >= 5 + answered);
  w->file_bytes = 0;
  assert_true(serve(w, 0, NULL));
  kill_engine(w, SIGTERM);
}

static void a_client_that_hangs_up_in_the_middle(void **state) {
  struct world *w = *state;
  struct span reply;
  assert_true(serve(w, 0, NULL));
  for (int i = 0; i < 300; i++) { /* more than may be connected at a time */
    struct client *c = connect_to(w);
    struct fault why = {0};
    enum sp_err err = SP_OK;
    for (int k = 0; k < 20 && !err; k++)
      err = client_send(c, FRAME_REQUEST, span_str(report), NULL, &why);
    if (i % 2 && !err)
      err = client_flush(c, &why);
    else if (write(client_fd(c), "SP\1\1\0\1", 6) < 0)
      assert_int_not_equal(errno, 0);
    client_close(c);
  }
  /* It may take a moment until all are gone. */
  struct fault why = {0};
  enum sp_err err = SP_BUSY;
  for (int i = 0; i < 100 && err; i++) {
    struct client *c = connect_to(w);
    err = client_request(c, span_str(report), &reply, &why);
    client_close(c);
    if (err)
      nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  }
  assert_int_equal(err, SP_OK);
  kill_engine(w, SIGTERM);
}

static void a_client_that_never_reads(void **state) {
  struct world *w = *state;
  assert_true(serve(w, 0, NULL));
  struct client *c = connect_to(w), *other = connect_to(w);
  struct fault why = {0};
  struct span reply;
  enum sp_err err = SP_OK;
  /* Status is answered however many ask: until too much lies unread. */
  for (int i = 0; i < 200000 && !err; i++)
    err = client_send(c, FRAME_REQUEST, SPAN_LIT("{\"status\":{}}"), NULL, &why);
  assert_int_not_equal(err, SP_OK); /* cut off */
  MUST(client_request(other, span_str(report), &reply, must));
  client_close(c);
  client_close(other);
  kill_engine(w, SIGTERM);
}

static void a_directory_with_a_long_name(void **state) {
  struct world *w = *state;
  struct span reply;
  for (int i = 0; i < 3; i++) {
    size_t n = strlen(w->dir);
    snprintf(w->dir + n, sizeof w->dir - n, "/%060d", i);
    char *slash = strrchr(w->dir, '/');
    *slash = 0;
    mkdir(w->dir, 0700);
    *slash = '/';
  }
  MUST(init(w, w->dir, must));
  assert_true(serve(w, 0, NULL));
  struct client *c = connect_to(w);
  MUST(client_request(c, span_str(report), &reply, must));
  client_close(c);
  kill_engine(w, SIGTERM);
}

static void another_user_is_refused(void **state) {
  struct world *w = *state;
  if (geteuid() != 0)
    skip(); /* only root can become another */
  assert_true(serve(w, 0, NULL));
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  char path[400];
  snprintf(path, sizeof path, "%s/engine.sock", w->dir);
  assert_true(strlen(path) < sizeof a.sun_path);
  memcpy(a.sun_path, path, strlen(path));
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    /* The file's mode keeps them out; even where it would not, the engine does. */
    if (setuid(65534) != 0 || connect(s, (struct sockaddr *)&a, sizeof a) == 0)
      _exit(1);
    _exit(errno == EACCES ? 0 : 2);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_int_equal(chmod(path, 0666), 0);
  assert_int_equal(chmod(w->dir, 0755), 0);
  assert_int_equal(chmod(w->top, 0755), 0);
  fflush(NULL);
  pid = fork();
  if (pid == 0) {
    char text[500] = {0};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (setuid(65534) != 0 || connect(s, (struct sockaddr *)&a, sizeof a) != 0)
      _exit(1);
    size_t n = 0;
    for (ssize_t k; n < sizeof text - 1 && (k = read(s, text + n, sizeof text - 1 - n)) > 0;)
      n += (size_t)k;
    _exit(memmem(text, n, "{\"error\":\"denied\"", 17) ? 0 : 2);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), 0);
  kill_engine(w, SIGTERM);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
  const struct CMUnitTest tests[] = {
      TEST(a_new_site_is_whole_and_private),
      TEST(what_is_there_is_not_overwritten),
      TEST(bad_wishes_make_nothing),
      TEST(only_one_writes),
      TEST(places_that_are_no_site),
      TEST(keys_that_are_open_or_wrong),
      TEST(the_checkpoint_is_replaced_at_once),
      TEST(the_plan_in_force_is_told),
      TEST(serving_and_stopping),
      TEST(stopping_by_a_descriptor),
      TEST(killing_loses_nothing_answered),
      TEST(a_site_that_went_back_is_not_served),
      TEST(a_full_disk_ends_it),
      TEST(a_client_that_hangs_up_in_the_middle),
      TEST(a_client_that_never_reads),
      TEST(a_directory_with_a_long_name),
      TEST(another_user_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
