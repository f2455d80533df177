/* bench_peers.c: the same rule asked of SQLite in the process and, where it is installed, of
 * PostgreSQL 15: may the holder of this card pass this gate now? One SELECT and one INSERT,
 * committed.
 *
 *   bench_peers DIR [PERSONS]     DIR is made, and removed at the end
 *
 * Both keep what is committed (synchronous=FULL; fsync on). Neither checks occupancy,
 * anti-passback, companions or interlocks, nor keeps a proof: they are given the easier task.
 */
#include "big_site.h"

#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>
#ifdef HAVE_LIBPQ
#include <libpq-fe.h>
#endif

enum { selects = 300000, commits = 5000, levels = 100, gates = 1000 };

static const char rule[] =
    "SELECT c.person, g.level FROM credential c JOIN person p ON p.id = c.person "
    "JOIN person_level g ON g.person = p.id JOIN access a ON a.level = g.level AND a.gate = %s "
    "WHERE c.tag = %s AND c.state = 0 AND p.state = 0 LIMIT 1";

static void fail(const char *what, const char *why) {
  fprintf(stderr, "bench_peers: %s: %s\n", what, why);
  exit(1);
}

static void show(const char *who, double per_s, uint64_t *times, size_t n) {
  double p50 = (double)bench_quantile(times, n, 0.5) / 1000;
  printf("%-34s %9.0f /s   p50 %7.1f µs   p99 %7.1f µs\n", who, per_s, p50,
         (double)bench_quantile(times, n, 0.99) / 1000);
}

/* --- SQLite --- */

static void exec(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    fail(sql, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *st;
  if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
    fail(sql, sqlite3_errmsg(db));
  return st;
}

static int64_t ask_sqlite(sqlite3_stmt *st, uint64_t *seed, uint32_t persons) {
  sqlite3_reset(st);
  sqlite3_bind_int64(st, 1, (int64_t)(bench_random(seed) % gates));
  sqlite3_bind_int64(st, 2, (int64_t)(bench_random(seed) % persons) * 7919 + 17);
  return sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
}

static void bench_sqlite(const char *dir, uint32_t persons) {
  char path[4200], sql[512];
  sqlite3 *db;
  snprintf(path, sizeof path, "%s/rule.db", dir);
  if (sqlite3_open(path, &db) != SQLITE_OK)
    fail(path, sqlite3_errmsg(db));
  exec(db,
       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-262144;"
       "CREATE TABLE person(id INTEGER PRIMARY KEY, state INT);"
       "CREATE TABLE credential(tag INTEGER PRIMARY KEY, person INT, state INT);"
       "CREATE TABLE person_level(person INT, level INT, PRIMARY KEY(person, level)) WITHOUT ROWID;"
       "CREATE TABLE access(level INT, gate INT, PRIMARY KEY(level, gate)) WITHOUT ROWID;"
       "CREATE TABLE event(id INTEGER PRIMARY KEY, at INT, person INT, gate INT);");
  exec(db, "BEGIN");
  sqlite3_stmt *person = prepare(db, "INSERT INTO person VALUES(?,0)"),
               *card = prepare(db, "INSERT INTO credential VALUES(?,?,0)"),
               *level = prepare(db, "INSERT INTO person_level VALUES(?,?)"),
               *access = prepare(db, "INSERT INTO access VALUES(?,?)");
  for (uint32_t i = 0; i < persons; i++) {
    sqlite3_bind_int64(person, 1, i);
    sqlite3_bind_int64(card, 1, (int64_t)i * 7919 + 17);
    sqlite3_bind_int64(card, 2, i);
    sqlite3_step(person), sqlite3_reset(person);
    sqlite3_step(card), sqlite3_reset(card);
    for (uint32_t l = 0; l < 3; l++) {
      sqlite3_bind_int64(level, 1, i);
      sqlite3_bind_int64(level, 2, (i * 7 + l * 31) % levels);
      sqlite3_step(level), sqlite3_reset(level);
    }
  }
  for (uint32_t l = 0; l < levels; l++)
    for (uint32_t g = l % 2; g < gates; g += 2) {
      sqlite3_bind_int64(access, 1, l);
      sqlite3_bind_int64(access, 2, g);
      sqlite3_step(access), sqlite3_reset(access);
    }
  exec(db, "COMMIT");
  snprintf(sql, sizeof sql, rule, "?1", "?2");
  sqlite3_stmt *ask = prepare(db, sql), *begin = prepare(db, "BEGIN IMMEDIATE"),
               *event = prepare(db, "INSERT INTO event(at,person,gate) VALUES(?,?,?)"),
               *commit = prepare(db, "COMMIT");
  static uint64_t times[selects];
  uint64_t seed = 7, from = bench_ns();
  for (int i = 0; i < selects; i++) {
    uint64_t t = bench_ns();
    ask_sqlite(ask, &seed, persons);
    times[i] = bench_ns() - t;
  }
  show("SQLite, the SELECT alone", selects / ((double)(bench_ns() - from) * 1e-9), times, selects);
  from = bench_ns();
  for (int i = 0; i < commits; i++) {
    uint64_t t = bench_ns();
    sqlite3_step(begin), sqlite3_reset(begin);
    int64_t who = ask_sqlite(ask, &seed, persons);
    sqlite3_reset(ask);
    sqlite3_bind_int64(event, 1, i);
    sqlite3_bind_int64(event, 2, who);
    sqlite3_bind_int64(event, 3, i % gates);
    sqlite3_step(event), sqlite3_reset(event);
    if (sqlite3_step(commit) != SQLITE_DONE)
      fail("COMMIT", sqlite3_errmsg(db));
    sqlite3_reset(commit);
    times[i] = bench_ns() - t;
  }
  show("SQLite, SELECT and INSERT durable", commits / ((double)(bench_ns() - from) * 1e-9), times,
       commits);
  sqlite3_stmt *const all[] = {person, card, level, access, ask, begin, event, commit};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    sqlite3_finalize(all[i]);
  sqlite3_close(db);
}

/* --- PostgreSQL: a server of our own on a Unix socket, for this run --- */

#ifdef HAVE_LIBPQ
static const char pg_bin[] = "/usr/lib/postgresql/15/bin";

/* Runs a server's program as an ordinary user, since it refuses root. */
static pid_t start(const char *const argv[], bool wait) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    if (getuid() == 0 && (setgid(65534) || setuid(65534)))
      _exit(126);
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
      _exit(126);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
  }
  int status = 0;
  if (wait && (waitpid(pid, &status, 0) != pid || status != 0))
    fail(argv[0], "it did not succeed");
  return pid;
}

static void pg_do(PGconn *c, const char *sql) {
  PGresult *r = PQexec(c, sql);
  if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
    fail(sql, PQerrorMessage(c));
  PQclear(r);
}

static void pg_run(PGconn *c, const char *name, int n, const char *const *values) {
  PGresult *r = PQexecPrepared(c, name, n, values, NULL, NULL, 0);
  if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
    fail(name, PQerrorMessage(c));
  PQclear(r);
}

static void ask_pg(PGconn *c, uint64_t *seed, uint32_t persons) {
  char gate[24], tag[24];
  snprintf(gate, sizeof gate, "%" PRIu64, bench_random(seed) % gates);
  snprintf(tag, sizeof tag, "%" PRIu64, bench_random(seed) % persons * 7919 + 17);
  pg_run(c, "ask", 2, (const char *const[]){gate, tag});
}

static void bench_pg(const char *dir, uint32_t persons) {
  char data[4200], initdb[128], postgres[128], where[4300], sql[1024];
  snprintf(data, sizeof data, "%s/pg", dir);
  snprintf(initdb, sizeof initdb, "%s/initdb", pg_bin);
  snprintf(postgres, sizeof postgres, "%s/postgres", pg_bin);
  if (access(postgres, X_OK) != 0) {
    printf("%-34s not installed (postgresql-15)\n", "PostgreSQL");
    return;
  }
  if (mkdir(data, 0700) != 0 || (getuid() == 0 && chown(data, 65534, 65534) != 0))
    fail(data, "cannot be made");
  start((const char *const[]){initdb, "-D", data, "-U", "bench", "-A", "trust", "--no-sync", NULL},
        true);
  pid_t pid = start((const char *const[]){postgres, "-D", data, "-k", data, "-c",
                                          "listen_addresses=", "-c", "shared_buffers=1GB", NULL},
                    false);
  snprintf(where, sizeof where, "host=%s user=bench dbname=postgres", data);
  PGconn *c = NULL;
  for (int i = 0; i < 300; i++) {
    c = PQconnectdb(where);
    if (PQstatus(c) == CONNECTION_OK)
      break;
    PQfinish(c);
    c = NULL;
    usleep(100000);
  }
  if (!c)
    fail("PostgreSQL", "does not answer");
  pg_do(c, "CREATE TABLE person(id INT PRIMARY KEY, state INT);"
           "CREATE TABLE credential(tag BIGINT PRIMARY KEY, person INT, state INT);"
           "CREATE TABLE person_level(person INT, level INT, PRIMARY KEY(person, level));"
           "CREATE TABLE access(level INT, gate INT, PRIMARY KEY(level, gate));"
           "CREATE TABLE event(id BIGSERIAL PRIMARY KEY, at BIGINT, person INT, gate INT);");
  snprintf(
      sql, sizeof sql,
      "INSERT INTO person SELECT i, 0 FROM generate_series(0, %u) i;"
      "INSERT INTO credential SELECT i::bigint * 7919 + 17, i, 0 FROM generate_series(0, %u) i;"
      "INSERT INTO person_level SELECT i, (i * 7 + l * 31) %% 100 FROM generate_series(0, %u) i, "
      "generate_series(0, 2) l;"
      "INSERT INTO access SELECT l, g FROM generate_series(0, 99) l, generate_series(0, 999) g "
      "WHERE l %% 2 = g %% 2; ANALYZE;",
      persons - 1, persons - 1, persons - 1);
  pg_do(c, sql);
  snprintf(sql, sizeof sql, rule, "$1::int", "$2::bigint");
  PQclear(PQprepare(c, "ask", sql, 2, NULL));
  PQclear(PQprepare(c, "event", "INSERT INTO event(at,person,gate) VALUES($1,$2,$3)", 3, NULL));
  enum { pg_selects = 20000, pg_commits = 3000 };
  static uint64_t times[pg_selects];
  uint64_t seed = 7, from = bench_ns();
  for (int i = 0; i < pg_selects; i++) {
    uint64_t t = bench_ns();
    ask_pg(c, &seed, persons);
    times[i] = bench_ns() - t;
  }
  show("PostgreSQL 15, the SELECT alone", pg_selects / ((double)(bench_ns() - from) * 1e-9), times,
       pg_selects);
  from = bench_ns();
  for (int i = 0; i < pg_commits; i++) {
    uint64_t t = bench_ns();
    pg_do(c, "BEGIN");
    ask_pg(c, &seed, persons);
    pg_run(c, "event", 3, (const char *const[]){"1", "2", "3"});
    pg_do(c, "COMMIT");
    times[i] = bench_ns() - t;
  }
  show("PostgreSQL 15, durable", pg_commits / ((double)(bench_ns() - from) * 1e-9), times,
       pg_commits);
  PQfinish(c);
  kill(pid, SIGINT);
  waitpid(pid, NULL, 0);
}
#else
static void bench_pg(const char *dir, uint32_t persons) {
  (void)dir, (void)persons;
  printf("%-34s not measured: libpq-dev was not there at build time\n", "PostgreSQL");
}
#endif

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
  (void)st, (void)flag, (void)at;
  return remove(path);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: bench_peers DIR [PERSONS]\n");
    return 2;
  }
  uint32_t persons = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
  if (mkdir(argv[1], 0755) != 0)
    fail(argv[1], "exists already, or cannot be made");
  printf("the same rule, %u persons, %d gates, %d levels\n", persons, gates, levels);
  char dir[4096];
  if (!realpath(argv[1], dir)) /* a server has a working directory of its own */
    fail(argv[1], "cannot be found");
  bench_sqlite(dir, persons);
  bench_pg(dir, persons);
  nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  return 0;
}
