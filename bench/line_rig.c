#include "bench/line_rig.h"

#include "base/system.h"
#include "engine/client.h"
#include "engine/json.h"
#include "engine/site_dir.h"
#include "engine/socket_path.h"
#include "line/trial.h"
#include "line/typed_card.h"
#include "plan/card_format.h"
#include "plan/plan_read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { pairs_max = 8, path_max = 4096, patience_s = 60, bits_a_char = 10 };
static char card_text[] = "h10301:17-4711";

struct pair { /* a connection of the line's, and ours to the engine for it */
  int line, engine;
};

struct reader {
  struct rig *rig;
  struct trial *trial;
  bool ready;  /* shows what a reader shows whose line is connected to the engine */
  bool strike; /* on */
};

struct rig {
  char dir[path_max], site[path_max], seam[path_max]; /* seam: where the line finds the engine */
  uint32_t n, baud;
  bool watched;
  struct reader readers[rig_readers_max];
  int listener, bus, slave, door, seam_fd; /* -1: none; slave: of the bus; door: of the seam */
  struct rig_traffic traffic;
  struct pair pairs[pairs_max];
  uint32_t n_pairs;
  pid_t engine, line;
  struct rig_times *at; /* of the passage under way; NULL: none is */
  uint32_t at_reader;
};

static struct fault why;

static _Noreturn void die(const char *what) {
  fprintf(stderr, "bench_line: %s: %s\n", what, why.text[0] ? why.text : strerror(errno));
  exit(1); /* who was started has asked to be killed then */
}
#define MUST(call)                                                                                 \
  do {                                                                                             \
    if (call)                                                                                      \
      die(#call);                                                                                  \
  } while (0)

int64_t rig_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- Readers --- */

static void on_random(void *ctx, void *out, size_t n) {
  (void)ctx;
  system_random(out, n);
}

static bool on_keyset(void *ctx, uint8_t reader, const uint8_t key[osdp_key_bytes]) {
  (void)ctx, (void)reader, (void)key;
  return true; /* it has it for as long as this lasts */
}

static void on_event(void *ctx, const struct trial_event *e) {
  struct reader *r = &((struct rig *)ctx)->readers[e->reader];
  if (strcmp(e->what, "led") == 0 && e->number == 0 && strcmp(e->is, "blue") == 0)
    r->ready = true;
  if (strcmp(e->what, "bolt") == 0)
    r->strike = strcmp(e->is, "drawn") == 0;
}

/* Whether a frame of this code is among the bytes: codes are in clear in a session, too. */
static bool has_frame(struct span bytes, bool reply, uint8_t address, uint8_t code) {
  struct osdp_frame f;
  size_t used = 0;
  enum osdp_found found;
  while ((found = osdp_frame_find(bytes, &f, &used)) != OSDP_FOUND_NOTHING) {
    if (found == OSDP_FOUND_FRAME && f.reply == reply && f.address == address && f.code == code)
      return true;
    bytes = span_of(bytes.p + used, bytes.n - used);
  }
  return false;
}

/* Until the last of so many bytes is on its way; returns when that is. */
static int64_t transmit(const struct rig *r, int64_t from, size_t n) {
  int64_t end = r->baud ? from + (int64_t)n * bits_a_char * 1000000000 / r->baud : from;
  const struct timespec until = {end / 1000000000, end % 1000000000};
  while (r->baud && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    ;
  return end;
}

static void answer(struct rig *r, struct span bytes, int64_t came) {
  for (uint32_t i = 0; i < r->n; i++) {
    bool here = r->at && r->at_reader == i;
    trial_input(r->readers[i].trial, bytes, system_mono());
    struct span out = trial_reply(r->readers[i].trial);
    if (here && !r->at->polled && has_frame(out, true, (uint8_t)i, OSDP_RAW))
      r->at->polled = came;
    r->traffic.bytes += out.n;
    if (out.n)
      transmit(r, came, out.n);
    if (out.n && write(r->bus, out.p, out.n) != (ssize_t)out.n)
      die("the bus");
    if (here && r->at->polled && !r->at->driven && r->readers[i].strike &&
        has_frame(bytes, false, (uint8_t)i, OSDP_OUT))
      r->at->driven = came;
  }
}

static void on_bus(struct rig *r) {
  uint8_t bytes[4096];
  ssize_t n = read(r->bus, bytes, sizeof bytes);
  int64_t came = rig_now();
  if (n <= 0)
    die("the line hung up");
  r->traffic.commands++; /* it is written whole */
  r->traffic.bytes += (size_t)n;
  answer(r, span_of(bytes, (size_t)n), transmit(r, came, (size_t)n));
}

static void on_connection(struct rig *r) {
  int one = 1;
  r->bus = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
  if (r->bus < 0 || setsockopt(r->bus, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
    die("the bus");
}

/* --- Between line and engine --- */

static void on_seam(struct rig *r) {
  struct pair *p = &r->pairs[r->n_pairs];
  if (r->n_pairs++ == pairs_max)
    die("more connections than a line makes");
  p->line = accept4(r->door, NULL, NULL, SOCK_CLOEXEC);
  if (p->line < 0)
    die("the seam");
  MUST(socket_path_connect(r->site, &p->engine, &why));
}

static void note(struct rig *r, bool from_line, struct span bytes, int64_t came) {
  static const char request[] = "\"type\":\"pass\"", unlock[] = "\"unlock\"";
  if (!r->at)
    return;
  if (from_line && !r->at->asked && memmem(bytes.p, bytes.n, request, sizeof request - 1))
    r->at->asked = came;
  if (!from_line && !r->at->decided && memmem(bytes.p, bytes.n, unlock, sizeof unlock - 1))
    r->at->decided = came;
}

/* False: whoever it was is gone. */
static bool pass_on(struct rig *r, const struct pair *p, bool from_line) {
  static uint8_t bytes[64 << 10];
  ssize_t n = read(from_line ? p->line : p->engine, bytes, sizeof bytes);
  int64_t came = rig_now();
  if (n <= 0)
    return false;
  if (write(from_line ? p->engine : p->line, bytes, (size_t)n) != n)
    die("the seam");
  note(r, from_line, span_of(bytes, (size_t)n), came);
  return true;
}

/* --- Going on --- */

static void tick(struct rig *r) {
  for (uint32_t i = 0; i < r->n; i++)
    trial_tick(r->readers[i].trial, system_mono());
}

static int64_t due_ns(const struct rig *r, int64_t until) {
  int64_t now = rig_now(), left = until - now;
  for (uint32_t i = 0; i < r->n; i++) {
    usec due = trial_due(r->readers[i].trial);
    if (due != TIME_ABSENT && due * 1000 - now < left)
      left = due * 1000 - now;
  }
  return left < 0 ? 0 : left;
}

/* One round of whatever comes, or until then. */
static void go_on(struct rig *r, int64_t until) {
  struct pollfd fds[3 + 2 * pairs_max] = {{.fd = r->bus, .events = POLLIN},
                                          {.fd = r->listener, .events = POLLIN},
                                          {.fd = r->door, .events = POLLIN}};
  for (uint32_t i = 0; i < r->n_pairs; i++) {
    fds[3 + 2 * i] = (struct pollfd){.fd = r->pairs[i].line, .events = POLLIN};
    fds[4 + 2 * i] = (struct pollfd){.fd = r->pairs[i].engine, .events = POLLIN};
  }
  int64_t left = due_ns(r, until);
  const struct timespec wait = {left / 1000000000, left % 1000000000};
  uint32_t n_pairs = r->n_pairs;
  if (ppoll(fds, 3 + 2 * n_pairs, &wait, NULL) < 0 && errno != EINTR)
    die("ppoll");
  if (fds[0].revents)
    on_bus(r);
  if (fds[1].revents)
    on_connection(r);
  for (uint32_t i = n_pairs; i-- > 0;) {
    bool there = true;
    if (fds[3 + 2 * i].revents)
      there = pass_on(r, &r->pairs[i], true);
    if (there && fds[4 + 2 * i].revents)
      there = pass_on(r, &r->pairs[i], false);
    if (!there) {
      close(r->pairs[i].line);
      close(r->pairs[i].engine);
      r->pairs[i] = r->pairs[--r->n_pairs];
    }
  }
  if (fds[2].revents)
    on_seam(r);
  tick(r);
}

void rig_idle(struct rig *r, int64_t ns) {
  int64_t until = rig_now() + ns;
  while (rig_now() < until)
    go_on(r, until);
}

void rig_pass(struct rig *r, uint32_t reader, struct rig_times *t) {
  char word[] = "card", *words[] = {word, card_text};
  *t = (struct rig_times){.presented = rig_now()};
  int64_t until = t->presented + (int64_t)patience_s * 1000000000;
  r->at = t;
  r->at_reader = reader;
  MUST(trial_do(r->readers[reader].trial, words, 2, system_mono(), &why));
  while (!t->driven) {
    go_on(r, until);
    if (rig_now() >= until) {
      fault_set(&why, SP_UNAVAILABLE, "nobody opens");
      die("a passage");
    }
  }
  r->at = NULL;
  if (r->watched && (!t->asked || !t->decided)) {
    fault_set(&why, SP_CORRUPT, "it was not seen between line and engine");
    die("a passage");
  }
}

struct rig_traffic rig_traffic(const struct rig *r) {
  return r->traffic;
}

/* --- Its site --- */

static void put_line(const struct rig *r, struct buf *yaml) {
  struct sockaddr_in a = {0};
  socklen_t n = sizeof a;
  char name[128];
  if (r->baud) {
    if (ptsname_r(r->bus, name, sizeof name) != 0)
      die("the pseudo terminal");
    buf_printf(yaml, "lines: [{ name: bus, kind: serial, where: %s, baud: %u }]\n", name, r->baud);
    return;
  }
  if (getsockname(r->listener, (struct sockaddr *)&a, &n) != 0)
    die("the bus");
  buf_printf(yaml, "lines: [{ name: bus, kind: tcp-client, where: \"127.0.0.1:%u\" }]\n",
             ntohs(a.sin_port));
}

static struct plan *make_plan(const struct rig *r, struct buf *yaml) {
  struct plan *plan;
  struct plan_faults faults = {0};
  buf_puts(yaml, "site: { name: bench, zone: UTC }\n"
                 "areas: [{ name: hall, kind: room, anti-passback: none }]\n");
  put_line(r, yaml);
  buf_puts(yaml, "gates:\n");
  for (uint32_t i = 0; i < r->n; i++)
    buf_printf(yaml,
               "  - { name: g%u, from: outside, to: hall, doors: [{ name: d%u, contact: false, "
               "unlock-time: 100ms, readers: [{ name: r%u, direction: in, line: bus, address: %u, "
               "secure: install }] }] }\n",
               i, i, i, i);
  buf_puts(yaml, "levels: [{ name: all, access: [{ gates: all }] }]\n"
                 "formats: [{ name: h10301 }]\n");
  if (plan_read(buf_span(yaml), &plan, &faults)) {
    fprintf(stderr, "bench_line: the plan: %s\n", faults.kept ? faults.at[0].text : "?");
    exit(1);
  }
  plan_faults_free(&faults);
  return plan;
}

static pid_t start(const char *const *words) {
  char program[path_max + 16];
  ssize_t n = readlink("/proc/self/exe", program, path_max);
  char *end = n > 0 ? memrchr(program, '/', (size_t)n) : NULL;
  if (!end)
    die("where this program is");
  strcpy(end, "/../sallyport");
  fflush(NULL);
  pid_t pid = fork();
  if (pid != 0)
    return pid;
  prctl(PR_SET_PDEATHSIG, SIGTERM); /* whatever ends the bench ends what it started */
  int quiet = open("/dev/null", O_WRONLY);
  if (quiet < 0 || dup2(quiet, STDOUT_FILENO) < 0)
    _exit(1);
  execv(program, (char *const *)words);
  perror(program);
  _exit(1);
}

static struct client *serve(struct rig *r) {
  struct client *c;
  const char *const words[] = {"sallyport",     "serve", "--dir",      r->site,
                               "--containment", "weak",  "--no-lines", NULL};
  r->engine = start(words);
  while (client_open(&c, r->site, &why)) {
    if (waitpid(r->engine, NULL, WNOHANG) == r->engine)
      die("sallyport serve");
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return c;
}

static struct span ask(struct client *c, const char *json) {
  struct span reply;
  MUST(client_request(c, span_str(json), &reply, &why));
  if (!memmem(reply.p, reply.n, "\"done\"", 6)) {
    fault_set(&why, SP_REFUSED, "%.*s", (int)reply.n, (const char *)reply.p);
    die("a command");
  }
  return reply;
}

static void card_value(const struct plan *plan, struct card_reading *card) {
  struct typed_card typed;
  MUST(typed_card_bits(&typed, card_text, &why));
  MUST(card_format_read(plan, 1, typed.n, span_of(typed.bytes, (typed.n + 7u) / 8), card) !=
       CARD_READ_OK);
}

/* One person who may go everywhere. */
static void add_person(struct client *c, const struct plan *plan) {
  char session[session_text_len + 1], json[1024], person[33] = {0};
  struct card_reading card;
  card_value(plan, &card);
  MUST(client_login(c, SPAN_LIT("desk"), SPAN_LIT("bench password"), session, &why));
  snprintf(json, sizeof json,
           "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":{\"name\":"
           "\"Bench\"},\"session\":\"%s\"}",
           session);
  struct span id = json_find(json_find(json_find(ask(c, json), "entry"), "data"), "person");
  memcpy(person, id.p + 1, sizeof person - 1);
  snprintf(json, sizeof json,
           "{\"command\":{\"type\":\"credential.issue\",\"person\":\"%s\",\"format\":\"h10301\"},"
           "\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"%s\"}},\"session\":\"%s\"}",
           person, card.hex, session);
  ask(c, json);
  snprintf(json, sizeof json,
           "{\"command\":{\"type\":\"level.grant\",\"person\":\"%s\",\"level\":\"all\"},"
           "\"session\":\"%s\"}",
           person, session);
  ask(c, json);
}

static void make_site(struct rig *r) {
  struct buf yaml = {0};
  struct plan *plan = make_plan(r, &yaml);
  const struct site_operator operators[] = {{"desk", ROLE_DESK, SPAN_LIT("bench password")}};
  const struct site_init init = {.dir = r->site,
                                 .founding = {.plan = plan,
                                              .source = buf_span(&yaml),
                                              .operators = operators,
                                              .n_operators = 1,
                                              .password_n = 1024}};
  MUST(site_dir_init(&init, NULL, &why));
  struct client *c = serve(r);
  add_person(c, plan);
  client_close(c);
  buf_free(&yaml);
  plan_free(plan);
}

/* --- Beginning and end --- */

static void make_readers(struct rig *r) {
  const struct trial_ops ops = {r, on_random, on_event, on_keyset};
  for (uint32_t i = 0; i < r->n; i++) {
    const struct trial_options o = {.address = (uint8_t)i};
    r->readers[i] = (struct reader){.rig = r, .trial = trial_new(&o, &ops)};
    if (!r->readers[i].trial)
      die("a reader");
  }
}

static void make_terminal(struct rig *r) {
  char name[128];
  struct termios raw;
  r->bus = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  bool ok = r->bus >= 0 && grantpt(r->bus) == 0 && unlockpt(r->bus) == 0 &&
            ptsname_r(r->bus, name, sizeof name) == 0;
  r->slave = ok ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1; /* or it hangs up at once */
  if (r->slave < 0 || tcgetattr(r->slave, &raw) != 0)
    die("the pseudo terminal");
  cfmakeraw(&raw);
  if (tcsetattr(r->slave, TCSANOW, &raw) != 0)
    die("the pseudo terminal");
}

static void listen_for_line(struct rig *r) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (r->listener < 0 || bind(r->listener, (const struct sockaddr *)&a, sizeof a) != 0 ||
      listen(r->listener, 1) != 0)
    die("the bus");
}

static void open_seam(struct rig *r) {
  if (mkdir(r->seam, 0700) != 0)
    die(r->seam);
  r->seam_fd = open(r->seam, O_PATH | O_DIRECTORY | O_CLOEXEC);
  MUST(socket_path_listen(r->seam, r->seam_fd, &r->door, &why));
}

static bool all_ready(const struct rig *r) {
  for (uint32_t i = 0; i < r->n; i++)
    if (!r->readers[i].ready)
      return false;
  return true;
}

struct rig *rig_open(const char *dir, uint32_t n_readers, uint32_t baud, bool watched) {
  struct rig *r = sp_alloc(1, sizeof *r);
  if (!r || n_readers > rig_readers_max)
    die("a line");
  signal(SIGPIPE, SIG_IGN);
  r->n = n_readers;
  r->baud = baud;
  r->watched = watched;
  r->listener = r->bus = r->slave = r->door = r->seam_fd = -1;
  snprintf(r->dir, sizeof r->dir, "%.4000s", dir);
  snprintf(r->site, sizeof r->site, "%.4000s/site", dir);
  snprintf(r->seam, sizeof r->seam, "%.4000s/%s", dir, watched ? "seam" : "site");
  if (mkdir(dir, 0700) != 0)
    die(dir);
  if (baud)
    make_terminal(r);
  else
    listen_for_line(r);
  make_readers(r);
  make_site(r);
  if (watched)
    open_seam(r);
  const char *const words[] = {"sallyport", "line", "run", "bus", "--dir", r->seam, NULL};
  r->line = start(words);
  int64_t until = rig_now() + (int64_t)patience_s * 1000000000;
  while (!all_ready(r)) {
    go_on(r, until);
    if (rig_now() >= until) {
      fault_set(&why, SP_UNAVAILABLE, "its readers are not in their sessions");
      die("sallyport line run");
    }
  }
  rig_idle(r, 1000000000); /* what waited at readers until then is late */
  return r;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
  (void)st, (void)flag, (void)at;
  return remove(path);
}

void rig_close(struct rig *r) {
  const int fds[] = {r->bus, r->slave, r->listener, r->door, r->seam_fd};
  kill(r->line, SIGTERM);
  waitpid(r->line, NULL, 0);
  kill(r->engine, SIGTERM);
  waitpid(r->engine, NULL, 0);
  for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
    if (fds[i] >= 0)
      close(fds[i]);
  for (uint32_t i = 0; i < r->n_pairs; i++) {
    close(r->pairs[i].line);
    close(r->pairs[i].engine);
  }
  for (uint32_t i = 0; i < r->n; i++)
    trial_free(r->readers[i].trial);
  nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  sp_free(r);
}
