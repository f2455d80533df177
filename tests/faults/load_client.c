/* load_client DIR CONNECTIONS LEDGER CARD: asks the engine of the site in DIR without pause, on
 * several connections, until it is gone. Then LEDGER has a line for each entry that was shown in an
 * answer, and each unlocking that was told:
 *
 *   a INDEX SHA256-OF-THE-ENTRY        u INDEX
 *
 * It ends by itself after a minute. Exit code 0: the engine went away; 1: something else went
 * wrong.
 */
#include "engine/client.h"
#include "engine/json.h"
#include "journal/sha256.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { connections_most = 64, in_flight = 4, run_s_max = 60 };

struct asking {
  const char *dir, *card;
  unsigned number;
  bool watches; /* effects, and asks nothing */
  struct buf ledger;
  struct fault why;
};

/* The rounds of a day at the main gate: someone passes, the door opens and closes; the wrong card.
 */
static void put_request(const struct asking *a, uint64_t i, char *out, size_t n) {
  static const char *const signs[] = {"opened", "closed"};
  switch ((i + a->number) % 5) {
  case 0:
  case 3:
    snprintf(out, n,
             "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-%s\"},"
             "\"secret\":{\"card\":{\"format\":\"long\",\"value\":\"%s\"}}}",
             i % 2 ? "in" : "out", (i + a->number) % 5 ? a->card : "f00d");
    break;
  case 4:
    snprintf(out, n,
             "{\"command\":{\"type\":\"reader.report\",\"reader\":\"vault-in\",\"sign\":\"%s\"}}",
             i % 2 ? "online" : "offline");
    break;
  default:
    snprintf(out, n, "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"%s\"}}",
             signs[(i + a->number) % 5 - 1]);
  }
}

static uint64_t index_of(struct span object) {
  struct span n = json_find(object, "n");
  uint64_t v = 0;
  for (size_t i = 0; i < n.n; i++)
    v = v * 10 + (uint64_t)(n.p[i] - '0');
  return v;
}

static void note(struct asking *a, const struct client_message *m) {
  if (m->kind == FRAME_EFFECT) {
    if (span_is(json_find(m->payload, "effect"), "\"unlock\""))
      buf_printf(&a->ledger, "u %" PRIu64 "\n", index_of(m->payload));
    return;
  }
  struct span entry = json_find(m->payload, "entry");
  if (!entry.p)
    return;
  struct hash h = sha256_of(entry);
  char hex[2 * sizeof h.b + 1] = {0};
  hex_encode(hex, h.b, sizeof h.b);
  buf_printf(&a->ledger, "a %" PRIu64 " %s\n", index_of(entry), hex);
}

static void *ask(void *ctx) {
  struct asking *a = ctx;
  struct client *c = NULL;
  struct client_message m;
  uint64_t sent = 0, received = 0;
  enum sp_err err = client_open(&c, a->dir, &a->why);
  if (!err && a->watches)
    err = client_subscribe(c, &a->why);
  while (!err) {
    char text[512];
    while (!err && !a->watches && sent - received < in_flight) {
      put_request(a, sent++, text, sizeof text);
      err = client_send(c, FRAME_REQUEST, span_str(text), NULL, &a->why);
    }
    if (!err)
      err = client_receive(c, &m, &a->why);
    if (!err)
      note(a, &m);
    received += !err && m.kind == FRAME_REPLY;
  }
  client_close(c);
  return NULL;
}

static bool write_ledger(const char *path, const struct asking *all, unsigned n) {
  FILE *f = fopen(path, "w");
  bool ok = f != NULL;
  for (unsigned i = 0; ok && i < n; i++)
    ok = !all[i].ledger.failed && fwrite(all[i].ledger.p, 1, all[i].ledger.n, f) == all[i].ledger.n;
  return f && fclose(f) == 0 && ok;
}

int main(int argc, char **argv) {
  static struct asking all[connections_most];
  pthread_t threads[connections_most];
  unsigned n = argc == 5 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
  if (n == 0 || n > connections_most) {
    fprintf(stderr, "load_client DIR CONNECTIONS LEDGER CARD\n");
    return 2;
  }
  alarm(run_s_max);
  for (unsigned i = 0; i < n; i++) {
    all[i] = (struct asking){.dir = argv[1], .card = argv[4], .number = i, .watches = i == 0};
    if (pthread_create(&threads[i], NULL, ask, &all[i]) != 0)
      return 1;
  }
  int code = 0;
  for (unsigned i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
    /* The engine may also have said that it stops, before it went. */
    if (all[i].why.err != SP_UNAVAILABLE) {
      fprintf(stderr, "connection %u: %s: %s\n", i, sp_err_name(all[i].why.err), all[i].why.text);
      code = 1;
    }
  }
  return write_ledger(argv[3], all, n) ? code : 1;
}
