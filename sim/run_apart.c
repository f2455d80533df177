/* run_apart.c: seeds in processes of their own, many at a time, and a failure made small.
 *
 * A process ends by exit(), not _exit(): where branches are counted (scripts/coverage) its counts
 * are written there. stdout is flushed before each fork, so nothing is printed twice. */
#include "sim/canary.h"
#include "sim/run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { jobs_max = 64, tries_max = 120 };

struct settings run_settings(uint64_t seed, const struct settings *o) {
  struct settings s = settings_of(seed);
  s.people = o->people ? o->people : s.people;
  s.operators = o->operators ? o->operators : s.operators;
  s.faults = o->faults ? o->faults & ((1u << FAULT_COUNT) - 1) : s.faults;
  s.length = o->length ? o->length : s.length;
  s.reference = o->reference || s.reference;
  s.canary = o->canary;
  s.tell = o->tell;
  s.scenarios = o->scenarios;
  s.scenario = o->n_scenarios ? o->all_scenarios[seed % o->n_scenarios] : NULL;
  if (s.canary == CANARY_LOST_ENTRY && !o->faults) /* seen only where the power fails */
    s.faults |= 1u << FAULT_KILL | 1u << FAULT_POWER;
  return s;
}

static bool write_all(int fd, const void *p, size_t n) {
  for (const uint8_t *at = p; n;) {
    ssize_t k = write(fd, at, n);
    if (k <= 0)
      return false;
    at += k;
    n -= (size_t)k;
  }
  return true;
}

static bool read_all(int fd, void *p, size_t n) {
  for (uint8_t *at = p; n;) {
    ssize_t k = read(fd, at, n);
    if (k <= 0)
      return false;
    at += k;
    n -= (size_t)k;
  }
  return true;
}

/* Twice, and both must tell the same: else something in it depends on what no seed tells. */
static void run_twice(const struct settings *s, struct result *r) {
  static struct result again;
  run_seed(s, r);
  if (s->tell)
    return;
  struct settings second = *s;
  second.again = true;
  run_seed(&second, &again);
  if (again.hash != r->hash && !r->failed) {
    r->failed = true;
    snprintf(r->wrong, sizeof r->wrong, "the same seed told two stories: %016llx and %016llx",
             (unsigned long long)r->hash, (unsigned long long)again.hash);
  }
}

/* --- One --- */

static void died(struct result *r, uint64_t seed, int status) {
  *r = (struct result){.seed = seed, .failed = true};
  if (WIFSIGNALED(status))
    snprintf(r->wrong, sizeof r->wrong, "the process of this seed was ended by signal %d (%s)",
             WTERMSIG(status), strsignal(WTERMSIG(status)));
  else
    snprintf(r->wrong, sizeof r->wrong, "the process of this seed ended with exit code %d",
             WEXITSTATUS(status));
  snprintf(r->story, sizeof r->story, "seed %llu: run it with --tell to see what came before",
           (unsigned long long)seed);
}

void run_apart(const struct settings *s, struct result *r) {
  int fds[2], status = 0;
  fflush(stdout);
  pid_t child = pipe(fds) == 0 ? fork() : -1;
  SP_ASSERT(child >= 0);
  if (child == 0) {
    static struct result mine;
    close(fds[0]);
    run_twice(s, &mine);
    fflush(stdout);
    exit(write_all(fds[1], &mine, sizeof mine) ? 0 : 3);
  }
  close(fds[1]);
  bool whole = read_all(fds[0], r, sizeof *r);
  close(fds[0]);
  waitpid(child, &status, 0);
  if (!whole)
    died(r, s->seed, status);
}

/* --- Many --- */

struct job {
  pid_t pid;
  int fd;
  uint64_t seed; /* at work on */
};

/* A child takes seeds first, first + step, …, and writes the result of each. */
static bool start_job(struct job *j, const struct settings *o, uint64_t first, uint64_t until,
                      uint64_t step) {
  int fds[2];
  fflush(stdout);
  if (pipe(fds) != 0)
    return false;
  *j = (struct job){fork(), fds[0], first};
  if (j->pid == 0) {
    static struct result r;
    close(fds[0]);
    for (uint64_t seed = first; seed < until; seed += step) {
      const struct settings s = run_settings(seed, o);
      run_twice(&s, &r);
      if (!write_all(fds[1], &r, sizeof r))
        exit(0); /* nobody wants more */
    }
    exit(0);
  }
  close(fds[1]);
  return j->pid > 0;
}

static double clock_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool run_many(const struct settings *o, uint64_t from, uint64_t n, double seconds, int jobs,
              run_done_fn *done, void *ctx) {
  static struct result r;
  struct job job[jobs_max];
  struct pollfd polls[jobs_max];
  double start = clock_s();
  bool goes_on = true;
  int running = 0;
  jobs = jobs < 1 ? 1 : jobs > jobs_max ? jobs_max : jobs;
  signal(SIGPIPE, SIG_IGN);
  for (; running < jobs && goes_on; running++) {
    goes_on = start_job(&job[running], o, from + (uint64_t)running, from + n, (uint64_t)jobs);
    polls[running] = (struct pollfd){goes_on ? job[running].fd : -1, POLLIN, 0};
  }
  bool made = goes_on;
  for (int open = running; open && goes_on;) {
    int ready = poll(polls, (nfds_t)running, 200);
    for (int i = 0; i < running && ready > 0 && goes_on; i++) {
      int status = 0;
      if (polls[i].fd < 0 || !polls[i].revents)
        continue;
      if (read_all(polls[i].fd, &r, sizeof r)) {
        goes_on = done(ctx, &r);
        job[i].seed += (uint64_t)jobs;
        continue;
      }
      polls[i].fd = -1;
      open--;
      waitpid(job[i].pid, &status, 0);
      job[i].pid = 0;
      if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        died(&r, job[i].seed, status);
        goes_on = done(ctx, &r);
      }
    }
    if (seconds > 0 && clock_s() - start > seconds)
      goes_on = false;
  }
  for (int i = 0; i < running; i++) {
    close(job[i].fd);
    if (job[i].pid > 0) {
      kill(job[i].pid, SIGKILL);
      waitpid(job[i].pid, NULL, 0);
    }
  }
  return made;
}

/* --- Smaller --- */

/* The same complaint: its words, whatever numbers and names stand in it. */
static bool same_wrong(const char *a, const char *b) {
  int words = 0;
  while (*a && *b && words < 4) {
    if (*a != *b)
      return false;
    words += *a == ' ';
    a++;
    b++;
  }
  return true;
}

struct shrinking {
  struct settings *best;
  struct result *result;
  char wrong[512];
  int tries;
};

static bool try(struct shrinking *k, const struct settings *s) {
  static struct result r;
  if (k->tries >= tries_max)
    return false;
  k->tries++;
  run_apart(s, &r);
  if (!r.failed || !same_wrong(r.wrong, k->wrong))
    return false;
  *k->best = *s;
  *k->result = r;
  return true;
}

static bool fewer(struct shrinking *k, uint32_t *of, struct settings *s, uint32_t least) {
  bool any = false;
  for (uint32_t by = (*of - least + 1) / 2; by; by /= 2)
    while (*of >= least + by) {
      *of -= by;
      if (!try(k, s)) {
        *s = *k->best;
        break;
      }
      any = true;
    }
  return any;
}

int run_shrink(struct settings *s, struct result *r) {
  struct shrinking k = {.best = s, .result = r};
  bool again = true;
  memcpy(k.wrong, r->wrong, sizeof k.wrong);
  while (again && k.tries < tries_max) {
    struct settings next = *s;
    again = false;
    for (uint32_t i = 0; i < FAULT_COUNT; i++)
      if (s->faults & 1u << i) {
        next.faults = s->faults & ~(1u << i);
        again |= try(&k, &next);
        next = *s;
      }
    again |= fewer(&k, &next.people, &next, 1);
    next = *s;
    again |= fewer(&k, &next.operators, &next, 3);
    next = *s;
    for (usec half = r->length < s->length ? r->length : s->length / 2; half > USEC_PER_S;
         half /= 2) {
      next.length = half;
      if (!try(&k, &next))
        break;
      again = true;
    }
  }
  return k.tries;
}
