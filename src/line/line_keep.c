#include "line/line_keep.h"

#include "base/system.h"
#include "engine/client.h"
#include "engine/json.h"
#include "line/keys.h"
#include "line/line_plan.h"
#include "line/line_run.h"
#include "plan/plan_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  ask_s = 1,         /* whether another plan is in force; whether the engine is there again */
  again_s_max = 30,  /* until a line that fails again and again is started */
  sound_s = 60,      /* a line that ran for so long begins anew with the shortest wait */
  told_after = 3,    /* times that the engine was missed: it may be starting, too */
  ending_s_max = 10, /* it locks everything first, which takes less than one */
};

struct kept {
  struct slug name;
  uint32_t was;      /* while another plan is taken: in the one before it */
  uint32_t index;    /* in the plan in force; NONE32: it has no such line */
  pid_t pid;         /* 0: it does not run */
  int life;          /* closed to make it end; -1 */
  usec since, again; /* monotonic: started; not to be started before */
  uint32_t failures; /* one after the other */
};
enum { NONE32 = UINT32_MAX };

struct keeper {
  const struct line_keep_options *o;
  struct client *engine; /* NULL: not connected */
  uint32_t missed;       /* how often the engine did not answer, one after the other */
  bool stopping;
  char hash[65]; /* of the plan, as the engine tells it */
  struct plan *plan;
  struct kept *kept;
  uint32_t n;
};

static volatile sig_atomic_t told_to_stop;
static void on_stop(int signal) {
  (void)signal;
  told_to_stop = 1;
}
static void on_child(int signal) {
  (void)signal; /* it ends the wait */
}

/* --- A line's process --- */

struct one { /* what a line says, and of which it is */
  const struct line_keep_options *o;
  const char *name;
};
static void on_say(void *ctx, const char *text) {
  const struct one *one = ctx;
  one->o->say(one->o->ctx, one->name, text);
}

static _Noreturn void become(struct keeper *k, const struct kept *me, int life,
                             const sigset_t *before, pid_t parent) {
  struct one one = {k->o, me->name.s};
  const struct line_run_options o = {.dir = k->o->dir,
                                     .plan = k->plan,
                                     .index = me->index,
                                     .ctx = &one,
                                     .say = on_say,
                                     .stop_fd = life};
  struct fault why = {0};
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_NAME, me->name.s, 0, 0, 0); /* for whoever looks at processes */
  for (uint32_t i = 0; i < k->n; i++)
    if (k->kept[i].life >= 0)
      close(k->kept[i].life); /* or the others would not end when they are told to */
  client_close(k->engine);
  signal(SIGCHLD, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sigprocmask(SIG_SETMASK, before, NULL);
  enum sp_err err = getppid() == parent ? line_run(&o, &why) : SP_OK;
  if (err)
    on_say(&one, why.text);
  exit(sp_err_exit(err));
}

static enum sp_err start(struct keeper *k, struct kept *line, const sigset_t *before,
                         struct fault *why) {
  int life[2];
  if (pipe2(life, O_CLOEXEC) != 0)
    return fault_set(why, SP_IO, "line %s: %s", line->name.s, strerror(errno));
  fflush(NULL);
  pid_t parent = getpid();
  line->pid = fork();
  if (line->pid == 0) {
    close(life[1]);
    become(k, line, life[0], before, parent);
  }
  int failed = errno;
  close(life[0]);
  line->since = system_mono();
  if (line->pid > 0) {
    line->life = life[1];
    return SP_OK;
  }
  line->pid = 0;
  close(life[1]);
  return fault_set(why, SP_IO, "line %s cannot be started: %s", line->name.s, strerror(failed));
}

static void end(struct kept *line) {
  if (line->life >= 0)
    close(line->life);
  line->life = -1;
  if (line->pid)
    line->again = system_mono() + ending_s_max * USEC_PER_S;
}

static void ended(struct keeper *k, struct kept *line, int status) {
  char text[128];
  bool asked = line->life < 0; /* it was told to */
  usec now = system_mono();
  line->pid = 0;
  end(line);
  line->again = now;
  if (asked)
    return;
  line->failures = now - line->since >= sound_s * USEC_PER_S ? 0 : line->failures;
  uint32_t wait = 1u << (line->failures < 5 ? line->failures : 5);
  wait = wait < again_s_max ? wait : again_s_max;
  line->failures++;
  line->again = now + wait * USEC_PER_S;
  if (WIFSIGNALED(status))
    snprintf(text, sizeof text, "its process was ended by signal %d (%s); it is started in %u s",
             WTERMSIG(status), strsignal(WTERMSIG(status)), wait);
  else
    snprintf(text, sizeof text, "its process ended with exit code %d; it is started in %u s",
             WEXITSTATUS(status), wait);
  k->o->say(k->o->ctx, line->name.s, text);
}

static void reap(struct keeper *k) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    for (uint32_t i = 0; i < k->n; i++)
      if (k->kept[i].pid == pid)
        ended(k, &k->kept[i], status);
}

/* --- The plan --- */

static struct kept *find(struct keeper *k, const char *name) {
  for (uint32_t i = 0; i < k->n; i++)
    if (strcmp(k->kept[i].name.s, name) == 0)
      return &k->kept[i];
  return NULL;
}

static enum sp_err want(struct keeper *k, uint32_t index, struct fault *why) {
  const struct slug *name = &k->plan->lines[index].name;
  struct kept *line = find(k, name->s);
  if (k->o->only && strcmp(k->o->only, name->s) != 0)
    return SP_OK;
  if (!line) {
    struct kept *grown = sp_realloc(k->kept, (k->n + 1) * sizeof *grown);
    if (!grown)
      return fault_set(why, SP_NO_MEMORY, "out of memory for line %s", name->s);
    k->kept = grown;
    line = &k->kept[k->n++];
    *line = (struct kept){.name = *name, .life = -1};
  }
  line->index = index;
  return SP_OK;
}

static bool has_key(void *ctx, const char *reader) {
  const struct keeper *k = ctx;
  struct line_key key = {0};
  struct fault none = {0};
  bool has = keys_read(k->o->dir, reader, &key, &none) == SP_OK && key.has;
  bytes_wipe(&key, sizeof key);
  return has;
}

/* SP_NO_MEMORY. */
static enum sp_err differs(struct keeper *k, const struct plan *was, uint32_t was_at,
                           const struct plan *is, uint32_t is_at, bool *yes) {
  struct buf before = {0}, now = {0};
  *yes = was_at == NONE32 || is_at == NONE32;
  if (!*yes) {
    line_plan_text(was, was_at, has_key, k, &before);
    line_plan_text(is, is_at, has_key, k, &now);
    *yes = !span_eq(buf_span(&before), buf_span(&now));
  }
  bool failed = before.failed || now.failed;
  buf_free(&before);
  buf_free(&now);
  return failed ? SP_NO_MEMORY : SP_OK;
}

/* Another plan: lines that it changes, or no longer has, are told to end; those that run on by the
 * plan of before see no difference. */
static enum sp_err take_plan(struct keeper *k, struct plan *plan, struct fault *why) {
  enum sp_err err = SP_OK;
  struct plan *was = k->plan;
  bool first = !was;
  k->plan = plan;
  for (uint32_t i = 0; i < k->n; i++) {
    k->kept[i].was = k->kept[i].index;
    k->kept[i].index = NONE32;
  }
  for (uint32_t i = 0; i < plan->n_lines && !err; i++)
    err = want(k, i, why);
  if (!err && first && k->o->only && !k->n)
    err = fault_set(why, SP_NOT_FOUND,
                    "the plan in force has no line `%s`: `sallyport line list` tells which",
                    k->o->only);
  for (uint32_t i = 0; i < k->n && !err; i++) {
    struct kept *line = &k->kept[i];
    bool yes = false;
    if (line->pid && line->life >= 0 &&
        (err = differs(k, was, line->was, plan, line->index, &yes)) != SP_OK)
      fault_set(why, err, "out of memory for line %s", line->name.s);
    if (!yes)
      continue;
    k->o->say(k->o->ctx, line->name.s,
              line->index == NONE32 ? "the plan has it no longer" : "the plan has changed it");
    end(line);
  }
  plan_free(was);
  return err;
}

/* Fails only by what must end the keeper; an engine that is not there is waited for. */
static enum sp_err ask(struct keeper *k, struct fault *why) {
  struct fault gone = {0};
  struct span status = {0};
  char hash[sizeof k->hash] = {0};
  size_t n = 0;
  struct buf blob = {0};
  struct plan *plan = NULL;
  enum sp_err err = k->engine ? SP_OK : client_open(&k->engine, k->o->dir, &gone);
  if (!err)
    err = client_request(k->engine, SPAN_LIT("{\"status\":{}}"), &status, &gone);
  if (!err)
    err = json_string_read(json_find(status, "plan"), hash, sizeof hash - 1, &n, "plan", &gone);
  if (!err && k->plan && strcmp(hash, k->hash) == 0) {
    k->missed = 0;
    return SP_OK;
  }
  if (!err)
    err = client_plan(k->engine, &blob, &gone);
  if (!err)
    err = plan_blob_decode(buf_span(&blob), &plan, &gone);
  buf_free(&blob);
  if (err) {
    client_close(k->engine);
    k->engine = NULL;
    if (++k->missed == told_after)
      k->o->say(k->o->ctx, NULL, gone.text);
    return SP_OK;
  }
  k->missed = 0;
  memcpy(k->hash, hash,
         sizeof hash); /* should it be of a plan before this one, it is asked again */
  return take_plan(k, plan, why);
}

/* --- --- */

static enum sp_err start_due(struct keeper *k, const sigset_t *before, struct fault *why) {
  usec now = system_mono();
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < k->n && !err; i++) {
    struct kept *line = &k->kept[i];
    if (line->pid && line->life < 0 && now >= line->again)
      err = fault_set(why, SP_UNAVAILABLE, "line %s does not end: nothing else may use its port",
                      line->name.s);
    else if (!k->stopping && !line->pid && line->index != NONE32 && now >= line->again)
      err = start(k, line, before, why);
  }
  return err;
}

static bool running(const struct keeper *k) {
  for (uint32_t i = 0; i < k->n; i++)
    if (k->kept[i].pid)
      return true;
  return false;
}

static void end_all(struct keeper *k) {
  k->stopping = true;
  for (uint32_t i = 0; i < k->n; i++)
    if (k->kept[i].life >= 0)
      end(&k->kept[i]);
}

enum sp_err line_keep(const struct line_keep_options *options, struct fault *why) {
  struct keeper k = {.o = options};
  struct sigaction stop = {.sa_handler = on_stop}, child = {.sa_handler = on_child};
  struct pollfd life = {.fd = options->stop_fd, .events = POLLIN}; /* -1: passed over */
  const struct timespec wait = {.tv_sec = ask_s};
  sigset_t awaited, before;
  enum sp_err err = SP_OK;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  sigaddset(&awaited, SIGINT);
  sigaddset(&awaited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &awaited, &before); /* they come while it waits, and never in between */
  sigdelset(&before, SIGTERM);
  sigdelset(&before, SIGINT);
  sigdelset(&before, SIGCHLD);
  signal(SIGPIPE, SIG_IGN); /* whoever read what lines say, or was at the other end, may be gone */
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGCHLD, &child, NULL);
  while (!err && (!k.stopping || running(&k))) {
    if (!k.stopping)
      err = ask(&k, why);
    if (!err)
      err = start_due(&k, &before, why);
    int ready = err ? 0 : ppoll(&life, 1, &wait, &before);
    if (told_to_stop || ready > 0)
      end_all(&k);
    if (ready > 0)
      life.fd = -1;
    reap(&k);
  }
  /* After a failure whoever is left dies with this process. */
  for (uint32_t i = 0; i < k.n; i++) {
    if (k.kept[i].life >= 0)
      close(k.kept[i].life);
  }
  sp_free(k.kept);
  plan_free(k.plan);
  client_close(k.engine);
  return err;
}
