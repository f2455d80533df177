/* main.c: sallyport-sim: many worlds, one seed each. */
#include "sim/canary.h"
#include "sim/run.h"

#include "sim/version.h"

#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { progress_s = 10 }; /* between lines of progress where no terminal is */

struct asked {
  struct settings override;
  uint64_t from, seeds;
  double seconds;
  int jobs;
  bool find; /* a canary: until it is found */
};

/* What few days would see if nobody walked whole journeys (journey.h). */
enum journey_part { DEPARTED, RECALLED, REFUSED, HANDED_OVER, JOURNEY_PARTS };

struct totals {
  const struct asked *asked;
  uint64_t done, events, struck[FAULT_COUNT];
  struct watch_counts counts;
  struct host_counts host;
  uint64_t lines, left_out;                              /* of scenarios */
  uint64_t journeys[JOURNEY_PARTS], days[JOURNEY_PARTS]; /* in all; in how many of the days */
  usec length;
  time_t began, told; /* told: progress */
  bool failed;
  struct result first; /* that failed */
};

static void help(void) {
  puts("usage: sallyport-sim [--seed N | --seeds N --from N] [--seconds N] [--jobs N]\n"
       "                     [--people N] [--operators N] [--faults NAME,…|none] [--length "
       "SECONDS]\n"
       "                     [--reference] [--canary NAME] [--tell] [--list] [--help]\n"
       "\n"
       "Plays days at simulated sites: the real engine, store and SQLite, with people, operators,\n"
       "disks, clocks and sockets of one seed each. Whatever must not be ends the run with exit "
       "code\n"
       "1, the failing seed, and its story made as small as it could be.\n"
       "\n"
       "  --seed N       this one alone, told smaller when it fails\n"
       "  --seeds N      so many, from --from (1) on; default 100\n"
       "  --seconds N    until so many seconds are over\n"
       "  --jobs N       so many at a time; default: a core each\n"
       "  --people N, --operators N, --faults LIST, --length S, --reference\n"
       "                 instead of what the seed would say; as a story gives them\n"
       "  --scenario F   with this scenario played amid each day; --scenarios DIR: those of "
       "custody\n"
       "                 in DIR in turn, one a seed, so many times as --rounds says (1)\n"
       "  --canary NAME  with a bug planted; exit code 0 when it was found\n"
       "  --tell         the whole story as it goes (with --seed)\n"
       "  --list         the faults and the canaries");
}

static void list(void) {
  puts("Faults:");
  for (int i = 0; i < FAULT_COUNT; i++)
    printf("  %-14s %s\n", fault_names[i], fault_docs[i]);
  puts("Canaries, bugs planted to see whether they are found:");
  for (int i = 1; i < CANARY_COUNT; i++)
    printf("  %-22s %s\n", canary_names[i], canary_docs[i]);
}

static _Noreturn void wrong_use(const char *what, const char *value) {
  fprintf(stderr, "sallyport-sim: %s: %s; --help tells more\n", value, what);
  exit(2);
}

static uint64_t number(const char *text) {
  char *end;
  uint64_t n = strtoull(text, &end, 10);
  if (!*text || *end || *text == '-')
    wrong_use("a whole number is expected", text);
  return n;
}

static uint32_t faults_of(char *text) {
  uint32_t faults = 1u << 31; /* given: none of them is an answer too */
  for (char *name = strtok(text, ","); name; name = strtok(NULL, ",")) {
    int i = 0;
    while (i < FAULT_COUNT && strcmp(fault_names[i], name) != 0)
      i++;
    if (i == FAULT_COUNT && strcmp(name, "none") != 0)
      wrong_use("there is no such fault (--list)", name);
    faults |= i < FAULT_COUNT ? 1u << i : 0;
  }
  return faults;
}

/* A file of a folder of scenarios, with its plans beside it or one above; or many of a folder. */
static void find_scenarios(struct asked *a, const char *path, const char *pattern) {
  static char dir[600];
  static glob_t found;
  char files[600];
  snprintf(dir, sizeof dir, "%s", path);
  if (!pattern) {
    char *slash = strrchr(dir, '/');
    if (slash)
      *slash = 0;
    size_t n = strlen(dir);
    if (n >= 8 && strcmp(dir + n - 8, "/custody") == 0)
      dir[n - 8] = 0;
  }
  snprintf(files, sizeof files, pattern ? "%s/%s" : "%s", path, pattern);
  if (glob(files, 0, NULL, &found) != 0)
    wrong_use("there is no such scenario", path);
  a->override.scenarios = dir;
  a->override.all_scenarios = found.gl_pathv;
  a->override.n_scenarios = found.gl_pathc;
}

static struct asked read_args(int argc, char **argv) {
  enum {
    SEED = 256,
    SEEDS,
    FROM,
    SECONDS,
    JOBS,
    PEOPLE,
    OPERATORS,
    FAULTS,
    LENGTH,
    REFERENCE,
    CANARY,
    TELL,
    SCENARIO,
    SCENARIOS,
    ROUNDS,
    LIST,
    HELP
  };
  static const struct option options[] = {
      {"seed", 1, NULL, SEED},           {"seeds", 1, NULL, SEEDS},
      {"from", 1, NULL, FROM},           {"seconds", 1, NULL, SECONDS},
      {"jobs", 1, NULL, JOBS},           {"people", 1, NULL, PEOPLE},
      {"operators", 1, NULL, OPERATORS}, {"faults", 1, NULL, FAULTS},
      {"length", 1, NULL, LENGTH},       {"reference", 0, NULL, REFERENCE},
      {"canary", 1, NULL, CANARY},       {"tell", 0, NULL, TELL},
      {"scenario", 1, NULL, SCENARIO},   {"scenarios", 1, NULL, SCENARIOS},
      {"rounds", 1, NULL, ROUNDS},       {"list", 0, NULL, LIST},
      {"help", 0, NULL, HELP},           {0}};
  struct asked a = {.from = 1, .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
  bool one = false;
  uint64_t rounds = 1;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
    case SEED:
      a.from = number(optarg);
      one = true;
      break;
    case SEEDS:
      a.seeds = number(optarg);
      break;
    case FROM:
      a.from = number(optarg);
      break;
    case SECONDS:
      a.seconds = (double)number(optarg);
      break;
    case JOBS:
      a.jobs = (int)number(optarg);
      break;
    case PEOPLE:
      a.override.people = (uint32_t)number(optarg);
      break;
    case OPERATORS:
      a.override.operators = (uint32_t)number(optarg);
      if (a.override.operators < 3 || a.override.operators > 12)
        wrong_use("3 to 12 operators", optarg);
      break;
    case FAULTS:
      a.override.faults = faults_of(optarg);
      break;
    case LENGTH:
      a.override.length = (usec)number(optarg) * USEC_PER_S;
      break;
    case REFERENCE:
      a.override.reference = true;
      break;
    case CANARY:
      a.override.canary = canary_find(optarg);
      a.find = true;
      if (a.override.canary == CANARY_COUNT)
        wrong_use("there is no such canary (--list)", optarg);
      break;
    case SCENARIO:
      find_scenarios(&a, optarg, NULL);
      break;
    case SCENARIOS:
      find_scenarios(&a, optarg, "custody/*.scn");
      break;
    case ROUNDS:
      rounds = number(optarg);
      break;
    case TELL:
      a.override.tell = true;
      break;
    case LIST:
      list();
      exit(0);
    case HELP:
      help();
      exit(0);
    default:
      exit(2);
    }
  }
  if (optind < argc)
    wrong_use("nothing is expected but options", argv[optind]);
  if (a.override.tell && !one)
    wrong_use("it needs --seed", "--tell");
  if (a.override.n_scenarios && !one && !a.seeds)
    a.seeds = a.override.n_scenarios * rounds;
  a.seeds = one ? 1 : a.seeds ? a.seeds : a.seconds > 0 ? UINT64_MAX - a.from : 100;
  return a;
}

static void add_journeys(struct totals *t, const struct watch_counts *c) {
  const uint64_t parts[JOURNEY_PARTS] = {
      [DEPARTED] = c->events[EVENT_MOVEMENT_DEPARTED],
      [RECALLED] = c->events[EVENT_RECALL_RAISED],
      [REFUSED] = c->departures_refused,
      [HANDED_OVER] = c->events[EVENT_MOVEMENT_HANDED_OVER],
  };
  for (int i = 0; i < JOURNEY_PARTS; i++) {
    t->journeys[i] += parts[i];
    t->days[i] += parts[i] > 0;
  }
}

static void add(struct totals *t, const struct result *r) {
  const struct host_counts *h = &r->host;
  t->done++;
  t->events += r->events;
  t->length += r->length;
  add_journeys(t, &r->counts);
  t->lines += r->lines;
  t->left_out += r->left_out;
  for (int i = 0; i < FAULT_COUNT; i++)
    t->struck[i] += r->struck[i];
  t->counts.entries += r->counts.entries;
  t->counts.commands += r->counts.commands;
  t->counts.granted += r->counts.granted;
  t->counts.released += r->counts.released;
  t->counts.taken += r->counts.taken;
  t->counts.refused += r->counts.refused;
  t->counts.checks += r->counts.checks;
  for (int i = 0; i < REASON_COUNT; i++)
    t->counts.reasons[i] += r->counts.reasons[i];
  for (int i = 0; i < EVENT_COUNT; i++)
    t->counts.events[i] += r->counts.events[i];
  t->host.boots += h->boots;
  t->host.kills += h->kills;
  t->host.power_losses += h->power_losses;
  t->host.fatals += h->fatals;
  t->host.lost += h->lost;
  t->host.torn += h->torn;
  t->host.misdirected += h->misdirected;
  t->host.snapshots += h->snapshots;
}

static time_t seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec;
}

static uint64_t all_struck(const struct totals *t) {
  uint64_t n = 0;
  for (int i = 0; i < FAULT_COUNT; i++)
    n += t->struck[i];
  return n;
}

/* To stderr: on a terminal one line that changes, elsewhere a line now and then. */
static void tell_progress(struct totals *t) {
  const struct asked *a = t->asked;
  bool terminal = isatty(2);
  time_t now = seconds();
  if (now - t->told < (terminal ? 1 : progress_s))
    return;
  t->told = now;
  if (terminal)
    fputs("\r\033[K", stderr); /* over the last one */
  fprintf(stderr, "%llu", (unsigned long long)t->done);
  if (a->seconds == 0)
    fprintf(stderr, " of %llu", (unsigned long long)a->seeds);
  fprintf(stderr, " seeds, %.1f a second, %llu decisions, %llu faults%s",
          (double)t->done / (double)(now - t->began), (unsigned long long)t->counts.commands,
          (unsigned long long)all_struck(t), terminal ? "" : "\n");
}

static bool on_done(void *ctx, const struct result *r) {
  struct totals *t = ctx;
  add(t, r);
  if (r->failed) {
    t->failed = true;
    t->first = *r;
  }
  tell_progress(t);
  return !r->failed;
}

static void tell_totals(const struct totals *t) {
  const struct watch_counts *c = &t->counts;
  uint32_t reasons = 0, events = 0;
  for (int i = 0; i < REASON_COUNT; i++)
    reasons += c->reasons[i] > 0;
  for (int i = 0; i < EVENT_COUNT; i++)
    events += c->events[i] > 0;
  printf("%llu seeds, %.2f simulated years, %llu events, %llu decisions, %llu entries\n",
         (unsigned long long)t->done, (double)t->length / USEC_PER_S / 86400 / 365.25,
         (unsigned long long)t->events, (unsigned long long)c->commands,
         (unsigned long long)c->entries);
  printf("  %llu passages granted, %llu taken, %llu refused, doors released %llu times; %u of %d "
         "kinds of entries, %u of %d "
         "reasons\n",
         (unsigned long long)c->granted, (unsigned long long)c->taken,
         (unsigned long long)c->refused, (unsigned long long)c->released, events, EVENT_COUNT,
         reasons, REASON_COUNT);
  printf("  %llu starts, %llu from a kill, %llu from a power failure (%llu writes lost, %llu torn, "
         "%llu misdirected), %llu after a failed disk; %llu snapshots\n",
         (unsigned long long)t->host.boots, (unsigned long long)t->host.kills,
         (unsigned long long)t->host.power_losses, (unsigned long long)t->host.lost,
         (unsigned long long)t->host.torn, (unsigned long long)t->host.misdirected,
         (unsigned long long)t->host.fatals, (unsigned long long)t->host.snapshots);
  printf(
      "  journeys: %llu departures on %llu days, %llu refused at a departure on %llu, %llu recalls "
      "on %llu, %llu handovers on %llu\n",
      (unsigned long long)t->journeys[DEPARTED], (unsigned long long)t->days[DEPARTED],
      (unsigned long long)t->journeys[REFUSED], (unsigned long long)t->days[REFUSED],
      (unsigned long long)t->journeys[RECALLED], (unsigned long long)t->days[RECALLED],
      (unsigned long long)t->journeys[HANDED_OVER], (unsigned long long)t->days[HANDED_OVER]);
  if (t->lines)
    printf("  scenarios: %llu lines came to what they say, %llu could not be meant\n",
           (unsigned long long)t->lines, (unsigned long long)t->left_out);
  printf("  reasons:");
  for (int i = 0; i < REASON_COUNT; i++)
    if (c->reasons[i])
      printf(" %s %llu,", reason_codes[i], (unsigned long long)c->reasons[i]);
  printf(" and never:");
  for (int i = 0; i < REASON_COUNT; i++)
    if (!c->reasons[i])
      printf(" %s", reason_codes[i]);
  printf("\n  faults:");
  for (int i = 0; i < FAULT_COUNT; i++)
    printf(" %s %llu%s", fault_names[i], (unsigned long long)t->struck[i],
           i + 1 < FAULT_COUNT ? "," : "\n");
}

/* How to see this one again. */
static void tell_command(const struct settings *s) {
  printf("again: sallyport-sim --seed %llu --people %u --operators %u --length %lld --faults ",
         (unsigned long long)s->seed, s->people, s->operators,
         (long long)((s->length + USEC_PER_S - 1) / USEC_PER_S));
  bool any = false;
  for (int i = 0; i < FAULT_COUNT; i++)
    if (s->faults & 1u << i) {
      printf("%s%s", any ? "," : "", fault_names[i]);
      any = true;
    }
  if (s->scenario)
    printf(" --scenario %s", s->scenario);
  printf("%s%s%s%s\n", any ? "" : "none", s->reference ? " --reference" : "",
         s->canary ? " --canary " : "", s->canary ? canary_names[s->canary] : "");
}

static void tell_failure(const struct asked *a, struct result *r) {
  struct settings s = run_settings(r->seed, &a->override);
  printf("FAILED: seed %llu: %s\n", (unsigned long long)r->seed, r->wrong);
  s.length = (s.length + USEC_PER_S - 1) / USEC_PER_S * USEC_PER_S;
  int tries = run_shrink(&s, r);
  printf("the smallest of %d that still fails:\n%sWRONG: %s\n", tries, r->story, r->wrong);
  tell_command(&s);
}

int main(int argc, char **argv) {
  const struct asked a = read_args(argc, argv);
  static struct totals t;
  t.asked = &a;
  t.began = t.told = seconds();
  printf("sallyport-sim, commit %s, seed %llu%s\n", SIM_COMMIT, (unsigned long long)a.from,
         a.seeds > 1 ? " and on" : "");
  if (a.override.tell) {
    const struct settings s = run_settings(a.from, &a.override);
    run_seed(&s, &t.first);
    printf("%s\n", t.first.failed ? t.first.wrong : "nothing was wrong");
    return t.first.failed;
  }
  if (!run_many(&a.override, a.from, a.seeds, a.seconds, a.jobs, on_done, &t)) {
    fprintf(stderr, "sallyport-sim: no process could be made\n");
    return 2;
  }
  if (isatty(2) && t.told != t.began)
    fputc('\n', stderr);
  tell_totals(&t);
  if (a.find) {
    printf("%s: %s%s\n", canary_names[a.override.canary], t.failed ? "found: " : "NOT FOUND",
           t.failed ? t.first.wrong : "");
    return t.failed ? 0 : 1;
  }
  if (t.failed)
    tell_failure(&a, &t.first);
  else if (a.seeds == 1)
    puts("nothing was wrong");
  return t.failed;
}
