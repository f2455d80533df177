/* Who listens to a line: gets every frame as a line of text, whatever the pieces it came in; and
 * one who does not take them is told how many are left out, while nobody waits for it. */
#include "line/tap.h"
#include "osdp/recording.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* --- Bytes into lines --- */

struct lines {
  struct buf text;
};
static void on_piece(void *ctx, bool reply, usec at, struct span bytes) {
  struct lines *l = ctx;
  recording_line(&l->text, reply, at, bytes);
}

static size_t poll_frame(uint8_t *out, bool reply) {
  const struct osdp_frame f = {.address = 5,
                               .sequence = 1,
                               .crc = true,
                               .reply = reply,
                               .code = (uint8_t)(reply ? 0x40 : 0x60)};
  out[0] = osdp_mark;
  return 1 + osdp_frame_close(out + 1, osdp_frame_open(out + 1, &f), &f);
}

static void whatever_the_pieces(void **state) {
  (void)state;
  uint8_t command[32], reply[32];
  size_t n = poll_frame(command, false), m = poll_frame(reply, true);
  for (size_t piece = 1; piece <= m; piece++) {
    struct recording r = {0};
    struct lines l = {0};
    for (int round = 0; round < 2; round++) {
      recording_bytes(&r, false, span_of(command, n), 1000, on_piece, &l);
      for (size_t at = 0; at < m; at += piece)
        recording_bytes(&r, true, span_of(reply + at, m - at < piece ? m - at : piece),
                        2000 + (usec)at, on_piece, &l);
    }
    assert_non_null(buf_cstr(&l.text));
    assert_string_equal((char *)l.text.p, "       1.0 CP>PD ff5305080005608dba\n"
                                          "       2.0 PD>CP ff5385080005403fbc\n"
                                          "       1.0 CP>PD ff5305080005608dba\n"
                                          "       2.0 PD>CP ff5385080005403fbc\n");
    buf_free(&l.text);
  }
}

/* Every byte is told of once, in its order; a frame behind noise is on a line that can be read. */
static void noise_is_kept(void **state) {
  (void)state;
  uint8_t reply[32], all[4000], got[4000];
  size_t m = poll_frame(reply, true), n = 0, n_got = 0;
  struct recording r = {0};
  struct lines l = {0};
  for (size_t i = 0; i < 40; i++)
    all[n++] = 0x11;
  memcpy(all + n, reply, m);
  n += m;
  all[n++] = osdp_som; /* cut short */
  all[n++] = 0x85;
  recording_bytes(&r, true, span_of(all, n), 0, on_piece, &l);
  recording_bytes(&r, false, span_of(reply, 0), 0, on_piece, &l); /* the panel speaks */
  for (size_t i = 0; i < 3000; i++)
    all[n++] = 0x12;
  recording_bytes(&r, true, span_of(all + n - 3000, 3000), 0, on_piece, &l);
  recording_bytes(&r, false, span_of(reply, 0), 0, on_piece, &l);
  assert_non_null(buf_cstr(&l.text));
  struct span text = buf_span(&l.text);
  struct trace_text line;
  unsigned lines = 0;
  for (enum trace_text_found found; (found = trace_text_next(&text, &line)) != TRACE_TEXT_END;) {
    assert_int_equal(found, TRACE_TEXT_BYTES);
    assert_true(line.reply);
    memcpy(got + n_got, line.bytes, line.n);
    n_got += line.n;
    lines++;
    if (lines == 2) { /* after the noise: a frame alone */
      assert_int_equal(line.n, m);
      assert_memory_equal(line.bytes, reply, m);
    }
  }
  assert_int_equal(n_got, n);
  assert_memory_equal(got, all, n);
  assert_int_equal(lines, 3 + 3);
  buf_free(&l.text);
}

/* --- Listeners --- */

struct world {
  uv_loop_t loop;
  struct tap *tap;
  char dir[64], path[100];
};

static void open_world(struct world *w) {
  struct fault why = {0};
  struct stat is;
  char folder[80];
  memset(w, 0, sizeof *w);
  strcpy(w->dir, "/tmp/sallyport-tap-XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  snprintf(folder, sizeof folder, "%s/lines", w->dir);
  assert_int_equal(mkdir(folder, 0700), 0);
  snprintf(w->path, sizeof w->path, "%s/east.sock", folder);
  assert_int_equal(uv_loop_init(&w->loop), 0);
  /* What a process that was killed left is replaced. */
  int left = open(w->path, O_CREAT | O_WRONLY, 0600);
  assert_true(left >= 0);
  close(left);
  assert_int_equal(tap_open(&w->tap, &w->loop, w->dir, "east", &why), SP_OK);
  assert_int_equal(stat(w->path, &is), 0);
  assert_int_equal(is.st_mode & 0777, 0600);
}

static void close_world(struct world *w) {
  tap_close(w->tap);
  while (uv_run(&w->loop, UV_RUN_DEFAULT) != 0)
    ;
  assert_int_equal(uv_loop_close(&w->loop), 0);
  assert_int_not_equal(access(w->path, F_OK), 0);
  *strrchr(w->path, '/') = '\0';
  assert_int_equal(rmdir(w->path), 0);
  assert_int_equal(rmdir(w->dir), 0);
}

static int listen_to(struct world *w) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  snprintf(a.sun_path, sizeof a.sun_path, "%s", w->path);
  assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
  for (int i = 0; i < 3; i++)
    uv_run(&w->loop, UV_RUN_NOWAIT);
  return fd;
}

/* All that comes, until nothing does. */
static void take_all(struct world *w, int fd, struct buf *text) {
  char bytes[64 << 10];
  for (int idle = 0; idle < 3;) {
    ssize_t n = read(fd, bytes, sizeof bytes);
    idle = n > 0 ? 0 : idle + 1;
    if (n > 0)
      buf_put(text, bytes, (size_t)n);
    uv_run(&w->loop, UV_RUN_NOWAIT);
  }
  assert_non_null(buf_cstr(text));
}

static void each_gets_all(void **state) {
  (void)state;
  struct world w;
  uint8_t command[32];
  size_t n = poll_frame(command, false);
  open_world(&w);
  tap_bytes(w.tap, false, span_of(command, n)); /* nobody is there */
  int a = listen_to(&w), b = listen_to(&w);
  for (int i = 0; i < 3; i++)
    tap_bytes(w.tap, false, span_of(command, n));
  assert_int_equal(write(b, "what is this", 12), 12);
  for (int i = 0; i < 2; i++) {
    struct buf text = {0};
    take_all(&w, i ? b : a, &text);
    assert_memory_equal(text.p, "# line east; milliseconds since 2", 33);
    unsigned lines = 0;
    for (const char *x = (char *)text.p; (x = strstr(x, "CP>PD ff5305080005608dba\n")); x++)
      lines++;
    assert_int_equal(lines, 3);
    buf_free(&text);
  }
  close(a); /* one that hangs up makes room */
  int others[tap_listeners_max - 1];
  for (int i = 0; i < tap_listeners_max - 1; i++)
    others[i] = listen_to(&w);
  int more = listen_to(&w);
  struct buf text = {0};
  take_all(&w, more, &text);
  assert_non_null(strstr((char *)text.p, "as many listen already"));
  buf_free(&text);
  close(more);
  close(b);
  for (int i = 0; i < tap_listeners_max - 1; i++)
    close(others[i]);
  close_world(&w);
}

static void one_that_does_not_read(void **state) {
  (void)state;
  enum { frames = 40000 };
  struct world w;
  uint8_t command[32];
  size_t n = poll_frame(command, false);
  struct buf slow_text = {0}, quick_text = {0};
  open_world(&w);
  int slow = listen_to(&w), quick = listen_to(&w);
  for (int i = 0; i < frames; i++) {
    tap_bytes(w.tap, false, span_of(command, n));
    if (i % 100 == 0) {
      uv_run(&w.loop, UV_RUN_NOWAIT);
      take_all(&w, quick, &quick_text);
    }
  }
  take_all(&w, slow, &slow_text);
  take_all(&w, quick, &quick_text);
  tap_bytes(w.tap, false, span_of(command, n)); /* there is room again: it is told */
  take_all(&w, slow, &slow_text);
  take_all(&w, quick, &quick_text);
  unsigned long lines[2] = {0}, left_out = 0;
  for (int k = 0; k < 2; k++)
    for (const char *x = (char *)(k ? quick_text.p : slow_text.p); (x = strstr(x, "CP>PD ")); x++)
      lines[k]++;
  const char *note = strstr(strchr((char *)slow_text.p, '\n'), "# ");
  assert_non_null(note);
  assert_int_equal(sscanf(note, "# %lu frames are left out", &left_out), 1);
  assert_true(left_out > 0);
  assert_int_equal(lines[0] + left_out, frames + 1);
  assert_int_equal(lines[1], frames + 1);
  assert_null(strstr((char *)quick_text.p, "left out"));
  /* Not much more than it may have, and what the system holds, was kept for it. */
  assert_true(slow_text.n < tap_unsent_bytes_max + (1 << 20));
  buf_free(&slow_text);
  buf_free(&quick_text);
  close(slow);
  close(quick);
  close_world(&w);
}

static void nowhere_to_listen(void **state) {
  (void)state;
  struct fault why = {0};
  struct tap *tap;
  uv_loop_t loop;
  char name[200];
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(tap_open(&tap, &loop, "/nonexistent", "east", &why), SP_IO);
  assert_null(tap);
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  assert_int_equal(tap_open(&tap, &loop, "/tmp", name, &why), SP_LIMIT);
  tap_bytes(NULL, true, SPAN_LIT("x"));
  tap_close(NULL);
  assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whatever_the_pieces), cmocka_unit_test(noise_is_kept),
      cmocka_unit_test(each_gets_all),       cmocka_unit_test(one_that_does_not_read),
      cmocka_unit_test(nowhere_to_listen),
  };
  return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
