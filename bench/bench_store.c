/* bench_store.c: how long a commit takes, beside what the disk itself needs in the same directory,
 * and how many entries a second go in with a million persons and 1,000 gates at random.
 *
 *   bench_store [DIR [commits [batches]]]
 *
 * Files are made in DIR (the working directory when none is given) and removed. */
#include "store/store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { entry_bytes = 550, batch_entries = 1024, persons = 1000000, gates = 1000, warm = 200 };

static const char *const suffixes[] = {"", "-wal", "-shm"};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t next_random(uint64_t *seed) {
  uint64_t z = *seed += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Microseconds at a quantile, given in thousandths; sorts. */
static double quantile(uint64_t *ns, uint32_t n, uint32_t thousandths) {
  qsort(ns, n, sizeof *ns, by_size);
  return (double)ns[(uint64_t)(n - 1) * thousandths / 1000] / 1000.0;
}

static void stop(const char *what, const struct fault *why) {
  fprintf(stderr, "bench_store: %s: %s\n", what, why->text);
  exit(1);
}

/* A file whose blocks were all written before. */
enum { bare_bytes = 16 << 20 };
static int bare_open(const char *path) {
  static const uint8_t zeros[1 << 16];
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    stop(path, &(struct fault){.text = "cannot be made"});
  for (off_t at = 0; at < bare_bytes; at += (off_t)sizeof zeros)
    if (pwrite(fd, zeros, sizeof zeros, at) != (ssize_t)sizeof zeros)
      stop(path, &(struct fault){.text = "cannot be written"});
  if (fsync(fd) != 0)
    stop(path, &(struct fault){.text = "cannot be synced"});
  return fd;
}

/* The least that durable means: 512 bytes and fdatasync. */
static uint64_t bare_write(int fd, uint32_t i) {
  static const uint8_t block[512] = {1};
  uint64_t t = now_ns();
  off_t at = (off_t)(i % (bare_bytes / sizeof block)) * (off_t)sizeof block;
  if (pwrite(fd, block, sizeof block, at) != (ssize_t)sizeof block || fdatasync(fd) != 0)
    stop("bare write", &(struct fault){.text = "cannot be written"});
  return now_ns() - t;
}

struct work {
  struct store *store;
  uint64_t n, seed;
  usec at;
  uint8_t *entries;
  struct store_passage *passages;
};

static void slug_put(struct slug *s, const char *kind, unsigned i) {
  snprintf(s->s, sizeof s->s, "%s-%u", kind, i);
}

/* What the engine has ready before it commits: not measured. */
static struct store_batch make_batch(struct work *w, uint32_t count) {
  uint8_t *p = w->entries;
  for (uint32_t i = 0; i < count; i++, p += 2 + entry_bytes) {
    store_be16(p, entry_bytes);
    for (size_t j = 2; j + 8 <= 2 + entry_bytes; j += 8)
      store_le64(p + j, next_random(&w->seed));
    struct store_passage *row = &w->passages[i];
    unsigned gate = (unsigned)(next_random(&w->seed) % gates);
    uint64_t person = next_random(&w->seed) % persons + 1;
    memset(row, 0, sizeof *row);
    row->n = w->n + i;
    row->at = w->at += 10;
    uint64_t mixed = person;
    store_le64(row->person.b, next_random(&mixed));
    store_le64(row->person.b + 8, next_random(&mixed));
    slug_put(&row->gate, "gate", gate);
    slug_put(&row->door, "door", gate * 2);
    slug_put(&row->reader, "reader", gate * 4);
    row->outcome = 1;
  }
  return (struct store_batch){.first = w->n,
                              .n_entries = count,
                              .entries = span_of(w->entries, count * (2 + (size_t)entry_bytes)),
                              .passages = w->passages,
                              .n_passages = count};
}

/* Commits and the upkeep after it, each measured by itself. */
static void commit_one(struct work *w, uint32_t count, uint64_t *commit_ns, uint64_t *upkeep_ns) {
  struct fault why = {0};
  struct store_batch b = make_batch(w, count);
  uint64_t t = now_ns();
  if (store_commit(w->store, &b, &why))
    stop("commit", &why);
  uint64_t u = now_ns();
  if (store_maintain(w->store, &why))
    stop("maintain", &why);
  *commit_ns = u - t;
  *upkeep_ns = now_ns() - u;
  w->n += count;
}

static enum sp_err count_row(void *ctx, const struct store_passage *p) {
  (void)p;
  ++*(uint64_t *)ctx;
  return SP_OK;
}

static void ask(struct work *w, const char *what, struct store_question q) {
  struct fault why = {0};
  uint64_t rows = 0, t = now_ns();
  if (store_passages(w->store, &q, count_row, &rows, &why))
    stop(what, &why);
  printf("query %-28s %10.1f us  %" PRIu64 " rows\n", what, (double)(now_ns() - t) / 1000.0, rows);
}

static void remove_all(const char *path) {
  char name[600];
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    unlink(name);
  }
}

/* One bare write, one commit, in turn: what the disk does meanwhile meets both alike. */
static void one_row(struct work *w, const char *bare_path, uint64_t *bare, uint64_t *ns,
                    uint32_t commits) {
  uint64_t upkeep, most = 0;
  int fd = bare_open(bare_path);
  for (uint32_t i = 0; i < warm; i++)
    commit_one(w, 1, &ns[0], &upkeep);
  for (uint32_t i = 0; i < commits; i++) {
    bare[i] = bare_write(fd, i);
    commit_one(w, 1, &ns[i], &upkeep);
    most = upkeep > most ? upkeep : most;
  }
  close(fd);
  unlink(bare_path);
  double least = quantile(bare, commits, 500), p50 = quantile(ns, commits, 500);
  printf("bare 512-byte write+fdatasync   p50 %8.1f us  p99 %8.1f us\n", least,
         quantile(bare, commits, 990));
  printf("one-row commit                  p50 %8.1f us  p99 %8.1f us  (%.2f x bare)\n", p50,
         quantile(ns, commits, 990), p50 / least);
  printf("longest upkeep after a commit       %8.1f us\n", (double)most / 1000.0);
}

static void in_batches(struct work *w, uint64_t *ns, uint32_t batches) {
  uint64_t commit = 0, upkeep, all = 0;
  for (uint32_t i = 0; i < batches; i++) {
    commit_one(w, batch_entries, &ns[i], &upkeep);
    commit += ns[i];
    all += ns[i] + upkeep;
  }
  double rows = (double)batches * batch_entries;
  printf("batches of %d                 p50 %8.1f us  p99 %8.1f us\n", batch_entries,
         quantile(ns, batches, 500), quantile(ns, batches, 990));
  printf("entries a second                    %8.0f (%.0f without upkeep)\n",
         rows / ((double)all / 1e9), rows / ((double)commit / 1e9));
}

int main(int argc, char **argv) {
  const char *dir = argc > 1 ? argv[1] : ".";
  uint32_t commits = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 5000;
  uint32_t batches = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1000;
  char path[512], bare_path[512];
  snprintf(path, sizeof path, "%s/bench-store.db", dir);
  snprintf(bare_path, sizeof bare_path, "%s/bench-store.bare", dir);
  uint32_t most = commits > batches ? commits : batches;
  uint64_t *ns = calloc(most + 1, sizeof *ns), *bare = calloc(most + 1, sizeof *bare);
  struct work w = {.seed = 42, .at = 1000000};
  w.entries = malloc((size_t)batch_entries * (2 + entry_bytes));
  w.passages = malloc(sizeof *w.passages * batch_entries);
  if (!ns || !bare || !w.entries || !w.passages || !commits || !batches)
    return 1;
  struct fault why = {0};
  remove_all(path);
  if (store_sqlite_open(path, "bench", STORE_CREATE, &w.store, &why))
    stop(path, &why);
  one_row(&w, bare_path, bare, ns, commits);
  in_batches(&w, ns, batches);
  struct store_passage someone = w.passages[0];
  struct store_question q = {
      .since = TIME_ABSENT, .until = TIME_ABSENT, .before = UINT64_MAX, .limit = 50};
  ask(&w, "newest 50", q);
  q.gate = someone.gate;
  ask(&w, "newest 50 of a gate", q);
  q.gate = (struct slug){{0}};
  q.person = someone.person;
  ask(&w, "newest 50 of a person", q);
  struct stat info;
  if (stat(path, &info) == 0)
    printf("database                        %.0f bytes an entry (%.0f MB)\n",
           (double)info.st_size / (double)w.n, (double)info.st_size / 1e6);
  store_close(w.store);
  remove_all(path);
  free(ns);
  free(bare);
  free(w.entries);
  free(w.passages);
  return 0;
}
