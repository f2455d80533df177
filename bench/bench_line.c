/* bench_line.c: from the card to the strike, through the processes that do it in service: a reader
 * on TCP with the secure channel, `sallyport line run`, `sallyport serve` on this disk, and back.
 * With one reader and with eight on the line; once watched, so that the time can be told apart, and
 * once not, so that watching is not in it. Beside it, in turn with the passages, what the machine
 * takes at least: a round trip on loopback TCP, one on a Unix socket, each to another process and
 * back, and a bare write and fdatasync on the same disk. Then a round of polls on a serial line, a
 * pseudo terminal whose bytes take their time, against what they take.
 *
 *   bench_line DIR [PASSAGES]   DIR is made and removed; 1,000 passages a row without PASSAGES
 */
#include "bench/line_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  poll_ns = 50000000, /* between two polls of a reader */
  block_bytes = 4096,
  message_bytes = 64,
  passages_most = 100000,
  idle_chars = 2, /* of silence before each command */
  bits_a_char = 10,
};
static const int64_t rounds_ns = 10000000000;

static void check(bool ok, const char *what) {
  if (ok)
    return;
  fprintf(stderr, "bench_line: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* --- What the machine takes at least --- */

struct bare {
  int tcp, local, file;
  pid_t echo;
  off_t at, end;
};

static void echo(int tcp, int local) {
  char bytes[message_bytes];
  for (;;)
    if (read(tcp, bytes, sizeof bytes) != sizeof bytes ||
        write(tcp, bytes, sizeof bytes) != sizeof bytes ||
        read(local, bytes, sizeof bytes) != sizeof bytes ||
        write(local, bytes, sizeof bytes) != sizeof bytes)
      _exit(0);
}

static void tcp_pair(int out[2]) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t n = sizeof a;
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(bind(listener, (const struct sockaddr *)&a, n) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, (struct sockaddr *)&a, &n) == 0,
        "loopback");
  out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(connect(out[0], (const struct sockaddr *)&a, n) == 0, "loopback");
  out[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  for (int i = 0; i < 2; i++)
    check(setsockopt(out[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0, "loopback");
  close(listener);
}

static void bare_open(struct bare *b, const char *path, uint32_t blocks) {
  static const char block[block_bytes];
  int tcp[2], local[2];
  tcp_pair(tcp);
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, local) == 0, "a socket");
  fflush(NULL);
  *b = (struct bare){tcp[0], local[0], -1, fork(), 0, (off_t)blocks * block_bytes};
  if (b->echo == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(tcp[0]);
    close(local[0]);
    echo(tcp[1], local[1]);
  }
  close(tcp[1]);
  close(local[1]);
  b->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool ok = b->echo > 0 && b->file >= 0;
  for (uint32_t i = 0; i < blocks && ok; i++)
    ok = write(b->file, block, sizeof block) == sizeof block;
  check(ok && fsync(b->file) == 0, path);
}

static void bare_close(struct bare *b, const char *path) {
  close(b->tcp);
  close(b->local);
  close(b->file);
  waitpid(b->echo, NULL, 0);
  unlink(path);
}

static int64_t round_trip(int fd) {
  char bytes[message_bytes] = {0};
  int64_t from = rig_now();
  check(write(fd, bytes, sizeof bytes) == sizeof bytes &&
            recv(fd, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes,
        "a round trip");
  return rig_now() - from;
}

static int64_t write_durably(struct bare *b) {
  static const char block[block_bytes];
  int64_t from = rig_now();
  check(pwrite(b->file, block, sizeof block, b->at) == sizeof block && fdatasync(b->file) == 0,
        "the bare write");
  b->at = (b->at + block_bytes) % b->end;
  return rig_now() - from;
}

/* --- Figures --- */

enum column {
  POLL,     /* the card waits for the poll */
  LINE_IN,  /* the poll is at the reader, the request leaves the line */
  ENGINE,   /* it comes to the engine, the unlock leaves it */
  LINE_OUT, /* the command to the strike is at the reader */
  WHOLE,    /* all of it */
  UNPOLLED, /* all but the wait for the poll */
  BARE_TCP,
  BARE_UNIX,
  BARE_WRITE,
  BARE, /* the three together */
  COLUMNS
};

struct figures {
  uint32_t n;
  int64_t *of[COLUMNS];
};

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static double at(const struct figures *f, enum column c, uint32_t percent) {
  uint64_t i = (uint64_t)f->n * percent / 100;
  return (double)f->of[c][i] / 1e3;
}

static void show(const struct figures *f, enum column c, const char *what) {
  printf("  %-46s p50 %9.1f µs   p99 %9.1f µs\n", what, at(f, c, 50), at(f, c, 99));
}

static void run(struct figures *f, const char *dir, uint32_t readers, bool watched) {
  char path[4096];
  struct bare bare;
  struct rig *r = rig_open(dir, readers, 0, watched);
  snprintf(path, sizeof path, "%.4000s/bare", dir);
  bare_open(&bare, path, f->n);
  for (uint32_t i = 0; i < f->n; i++) {
    struct rig_times t;
    rig_pass(r, i % readers, &t);
    f->of[POLL][i] = t.polled - t.presented;
    f->of[LINE_IN][i] = t.asked - t.polled;
    f->of[ENGINE][i] = t.decided - t.asked;
    f->of[LINE_OUT][i] = t.driven - t.decided;
    f->of[WHOLE][i] = t.driven - t.presented;
    f->of[UNPOLLED][i] = t.driven - t.polled;
    rig_idle(r, poll_ns / 4); /* lamp, buzzer and text */
    f->of[BARE_TCP][i] = round_trip(bare.tcp);
    f->of[BARE_UNIX][i] = round_trip(bare.local);
    f->of[BARE_WRITE][i] = write_durably(&bare);
    f->of[BARE][i] = f->of[BARE_TCP][i] + f->of[BARE_UNIX][i] + f->of[BARE_WRITE][i];
    rig_idle(r, random() % poll_ns); /* so that cards come at any time between polls */
  }
  bare_close(&bare, path);
  rig_close(r);
  for (int c = 0; c < COLUMNS; c++)
    qsort(f->of[c], f->n, sizeof *f->of[c], by_size);
}

static void both(struct figures *f, const char *dir, uint32_t readers) {
  printf("%u reader%s on the line, %u passages, watched between line and engine\n", readers,
         readers > 1 ? "s" : "", f->n);
  run(f, dir, readers, true);
  show(f, POLL, "the card waits for the poll");
  show(f, LINE_IN, "line: poll at the reader, request leaves");
  show(f, ENGINE, "engine: request, decided, durable, unlock");
  printf("  %-46s p50 %9.1f µs\n", "  without a bare write + fdatasync (medians)",
         at(f, ENGINE, 50) - at(f, BARE_WRITE, 50));
  show(f, LINE_OUT, "line: unlock, command at the reader");
  show(f, UNPOLLED, "from the poll to the strike");
  printf("%u reader%s, not watched\n", readers, readers > 1 ? "s" : "");
  run(f, dir, readers, false);
  show(f, WHOLE, "from the card to the strike");
  show(f, POLL, "  of it: the card waits for the poll");
  show(f, UNPOLLED, "  of it: from the poll to the strike");
  show(f, BARE_TCP, "bare round trip, loopback TCP");
  show(f, BARE_UNIX, "bare round trip, Unix socket");
  show(f, BARE_WRITE, "bare write + fdatasync");
  show(f, BARE, "the three");
  printf("  %-46s     %9.2f\n", "from the poll to the strike, of the three (p50)",
         at(f, UNPOLLED, 50) / at(f, BARE, 50));
  fflush(stdout);
}

/* bench_osdp has this in virtual time; here processes are woken for it. */
static void rounds(const char *dir, uint32_t readers, uint32_t baud) {
  struct rig *r = rig_open(dir, readers, baud, false);
  struct rig_traffic from = rig_traffic(r);
  int64_t began = rig_now();
  rig_idle(r, rounds_ns);
  double taken = (double)(rig_now() - began) / 1e9;
  struct rig_traffic to = rig_traffic(r);
  double commands = (double)(to.commands - from.commands);
  double chars = (double)(to.bytes - from.bytes) + commands * idle_chars;
  double limit = chars * bits_a_char / baud;
  printf("%2u readers on a serial line, %6u baud: a round %7.1f ms; its bytes and silences %7.1f "
         "ms%s\n",
         readers, baud, 1e3 * taken * readers / commands, 1e3 * limit * readers / commands,
         limit < taken / 2 ? ", the next poll is waited for" : "");
  if (limit >= taken / 2)
    printf("%58s %.3f\n", "of the limit", taken / limit);
  fflush(stdout);
  rig_close(r);
}

int main(int argc, char **argv) {
  static const struct {
    uint32_t readers, baud;
  } lines[] = {{1, 115200}, {8, 115200}, {32, 115200}, {8, 9600}};
  struct figures f = {.n = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000};
  if (argc < 2 || f.n == 0 || f.n > passages_most) {
    fprintf(stderr, "usage: bench_line DIR [PASSAGES]\n");
    return 2;
  }
  for (int c = 0; c < COLUMNS; c++) {
    f.of[c] = calloc(f.n, sizeof *f.of[c]);
    check(f.of[c] != NULL, "memory");
  }
  both(&f, argv[1], 1);
  both(&f, argv[1], 8);
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    rounds(argv[1], lines[i].readers, lines[i].baud);
  for (int c = 0; c < COLUMNS; c++)
    free(f.of[c]);
  return 0;
}
