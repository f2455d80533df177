/* site_init.c: a new site: keys, database, and the first entries, made beside the place it shall
 * have and renamed into it when all of it is durable. */
#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/fold.h"
#include "engine/session.h"
#include "engine/site_dir_int.h"
#include "journal/details.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct making {
  const struct site_init *init;
  char path[site_path_max + 16]; /* beside init->dir */
  int fd;
  char origin[origin_max + 1], vkey[vkey_max];
  struct site_keys keys;
  struct store *store;
  struct core *core;
  struct plan *plan; /* decoded from its own blob, as every start will */
  struct batch batch;
  struct entry_writer writer;
  struct outcome outcome;
  usec at;
  struct fault *why;
};

static enum sp_err random_bytes(void *out, size_t n, struct fault *why) {
  return getrandom(out, n, 0) == (ssize_t)n
             ? SP_OK
             : fault_set(why, SP_IO, "the system gives no random bytes: %s", strerror(errno));
}

/* --- What is asked for --- */

static enum sp_err check_asked(const struct site_init *init, struct fault *why) {
  enum sp_err err = SP_OK;
  if (init->n_operators > operators_max)
    return fault_set(why, SP_LIMIT, "at most %d operators", operators_max);
  for (uint32_t i = 0; i < init->n_operators && !err; i++) {
    const struct site_operator *o = &init->operators[i];
    err = operator_name_check(span_str(o->name), why);
    if (!err && o->role >= ROLE_COUNT)
      err = fault_set(why, SP_INVALID, "operator %s: there is no such role", o->name);
    if (!err && (o->password.n < password_bytes_min || o->password.n > password_bytes_max))
      err = fault_set(why, SP_INVALID, "operator %s: a password has %d to %d bytes", o->name,
                      password_bytes_min, password_bytes_max);
    for (uint32_t k = 0; k < i && !err; k++)
      if (strcmp(o->name, init->operators[k].name) == 0)
        err = fault_set(why, SP_EXISTS, "operator %s: named twice", o->name);
  }
  return err;
}

/* --- The directory --- */

static enum sp_err make_folder(struct making *m) {
  struct stat st;
  const char *dir = m->init->dir;
  size_t n = strlen(dir);
  while (n > 1 && dir[n - 1] == '/')
    n--;
  if (n >= site_path_max)
    return fault_set(m->why, SP_LIMIT, "the directory's name is longer than %d bytes",
                     site_path_max - 1);
  if (stat(dir, &st) == 0 && rmdir(dir) != 0)
    return fault_set(m->why, SP_EXISTS,
                     errno == ENOTEMPTY || errno == EEXIST
                         ? "%s: there is something already: name another directory"
                         : "%s: it exists and cannot be replaced: name another directory",
                     dir);
  snprintf(m->path, sizeof m->path, "%.*s.new-XXXXXX", (int)n, dir);
  if (!mkdtemp(m->path)) {
    m->path[0] = 0;
    return fault_set(m->why, SP_IO, "%s: %s: does its parent directory exist, and is it writable?",
                     dir, strerror(errno));
  }
  m->fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (m->fd < 0 || mkdirat(m->fd, "keys", 0700) != 0)
    return fault_set(m->why, SP_IO, "%s: %s", m->path, strerror(errno));
  return SP_OK;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
  (void)st;
  (void)flag;
  (void)at;
  return remove(path);
}

static void remove_folder(const struct making *m) {
  if (m->path[0])
    nftw(m->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static enum sp_err put_in_place(struct making *m) {
  const char *dir = m->init->dir;
  char parent[site_path_max + 16];
  if (rename(m->path, dir) != 0)
    return fault_set(m->why, SP_IO, "%s: %s", dir, strerror(errno));
  snprintf(parent, sizeof parent, "%s/..", dir);
  int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0)
    close(fd);
  m->path[0] = 0; /* it is no longer there to be removed */
  return ok ? SP_OK : fault_set(m->why, SP_IO, "%s: %s", parent, strerror(errno));
}

/* --- Keys --- */

static enum sp_err make_keys(struct making *m) {
  uint8_t seed[32];
  char hex[65];
  struct buf pem = {0};
  const char *origin = m->init->origin;
  if (origin && strlen(origin) > origin_max)
    return fault_set(m->why, SP_INVALID, "the log's origin is longer than %d bytes", origin_max);
  snprintf(m->origin, sizeof m->origin, "%s%s", origin ? origin : "sallyport.local/",
           origin ? "" : m->plan->name.s);
  enum sp_err err = random_bytes(seed, sizeof seed, m->why);
  if (!err)
    err = signer_from_seed(&m->keys.signer, m->origin, seed, m->why);
  if (!err)
    err = random_bytes(m->keys.site_key, sizeof m->keys.site_key, m->why);
  if (!err)
    err = signer_to_pem(&m->keys.signer, &pem, m->why);
  if (!err)
    err = site_file_write(m->fd, m->path, SITE_SIGNING_KEY, 0600, buf_span(&pem), m->why);
  hex_encode(hex, m->keys.site_key, sizeof m->keys.site_key);
  hex[64] = '\n';
  if (!err)
    err = site_file_write(m->fd, m->path, SITE_TAG_KEY, 0600, span_of(hex, sizeof hex), m->why);
  if (!err)
    vkey_format(&m->keys.signer.public, m->vkey);
  bytes_wipe(seed, sizeof seed);
  bytes_wipe(hex, sizeof hex);
  if (pem.p)
    bytes_wipe(pem.p, pem.cap);
  buf_free(&pem);
  return err;
}

/* --- The first entries: one batch --- */

static enum sp_err run(struct making *m, struct command *c, struct batch_extra *extra) {
  c->at = c->known_at = m->at;
  c->clock_trusted = true;
  c->by = (struct actor){ACTOR_INIT, 0};
  c->second = REF_ABSENT;
  core_decide(m->core, c, &m->outcome);
  if (m->outcome.verdict != VERDICT_DONE)
    return fault_set(m->why, SP_INVALID, "%s: %s", command_records[c->type].type,
                     reason_codes[m->outcome.reasons.at[0].code]);
  enum sp_err err = batch_command(&m->batch, &m->writer, m->core, &m->plan->name, c, &m->outcome,
                                  extra, 0, 0, 0, m->why);
  for (uint32_t i = 0; i < m->outcome.n_events && !err; i++)
    core_apply(m->core, &m->outcome.events[i]);
  return err;
}

static enum sp_err create_site(struct making *m) {
  struct command c = {.type = COMMAND_SITE_CREATE};
  c.u.site_create.vkey = sha256_of(span_str(m->vkey));
  return run(m, &c, NULL);
}

static enum sp_err apply_plan(struct making *m, struct buf *compiled) {
  struct command c = {.type = COMMAND_PLAN_APPLY, .plan = m->plan};
  struct buf source = {0};
  buf_put(&source, m->init->source.p, m->init->source.n);
  if (source.failed)
    return fault_set(m->why, SP_NO_MEMORY, "out of memory");
  c.u.plan_apply.compiled = sha256_of(buf_span(compiled));
  c.u.plan_apply.source = sha256_of(m->init->source);
  struct batch_extra extra = {
      .blobs = {compiled, &source},
      .blob_hashes = {c.u.plan_apply.compiled, c.u.plan_apply.source},
  };
  enum sp_err err = run(m, &c, &extra);
  buf_free(&source); /* nothing is left in it unless there was an error */
  return err;
}

static enum sp_err add_operator(struct making *m, const struct site_operator *o) {
  struct command c = {.type = COMMAND_OPERATOR_ADD};
  struct password_job job = {.work = PASSWORD_MAKE, .length = (uint32_t)o->password.n};
  struct batch_extra extra = {0};
  struct buf details = {0};
  uint32_t n = m->init->password_n ? m->init->password_n : password_n;
  job.verifier = (struct password_verifier){.n = n, .r = password_r, .p = password_p};
  memcpy(job.password, o->password.p, o->password.n);
  enum sp_err err = random_bytes(job.verifier.salt, sizeof job.verifier.salt, m->why);
  if (!err)
    err = random_bytes(extra.opening.b, sizeof extra.opening.b, m->why);
  if (!err)
    err = random_bytes(c.u.operator_add.operator_id.b, sizeof(struct id), m->why);
  if (!err) {
    password_job_run(&job);
    if (job.err)
      err = fault_set(m->why, job.err, "no memory to hash a password");
  }
  operator_details_put(&details, span_str(o->name), &job.verifier);
  if (!err && details.failed)
    err = fault_set(m->why, SP_NO_MEMORY, "out of memory");
  if (!err) {
    c.u.operator_add.role = o->role;
    extra.subject = c.u.operator_add.operator_id;
    extra.details = buf_span(&details);
    c.commit = details_commit(&extra.opening, span_str(event_records[EVENT_OPERATOR_ADDED].type),
                              extra.details);
    err = run(m, &c, &extra);
  }
  bytes_wipe(&job, sizeof job);
  bytes_wipe(&extra, sizeof extra);
  if (details.p)
    bytes_wipe(details.p, details.cap);
  buf_free(&details);
  return err;
}

static enum sp_err first_entries(struct making *m) {
  struct buf compiled = {0};
  enum sp_err err = plan_blob_encode(m->init->plan, &compiled, m->why);
  if (!err)
    err = plan_blob_decode(buf_span(&compiled), &m->plan, m->why);
  if (!err)
    err = make_keys(m);
  if (!err)
    err = create_site(m);
  if (!err)
    err = apply_plan(m, &compiled);
  for (uint32_t i = 0; i < m->init->n_operators && !err; i++)
    err = add_operator(m, &m->init->operators[i]);
  buf_free(&compiled);
  return err;
}

/* --- Making it durable --- */

static enum sp_err read_checkpoint(void *ctx, struct buf *note, struct fault *why) {
  struct making *m = ctx;
  return site_file_read(m->fd, m->path, "checkpoint", note_max, note, why);
}

static enum sp_err write_checkpoint(void *ctx, struct span note, struct fault *why) {
  struct making *m = ctx;
  return site_file_write(m->fd, m->path, "checkpoint", 0644, note, why);
}

static enum sp_err commit_all(struct making *m) {
  struct committer *c;
  const struct io io = {
      .ctx = m, .checkpoint_read = read_checkpoint, .checkpoint_write = write_checkpoint};
  enum sp_err err = committer_open(&c, m->store, &io, &m->keys.signer, m->why);
  if (err)
    return err;
  batch_seal(&m->batch);
  err = committer_commit(c, &m->batch.rows, 0, m->why);
  if (!err)
    err = committer_tend(c, 0, true, m->why);
  committer_close(c);
  return err;
}

static enum sp_err make_store(struct making *m) {
  char path[sizeof m->path + 16];
  snprintf(path, sizeof path, "%s/site.db", m->path);
  enum sp_err err = store_sqlite_open(path, m->plan->name.s, STORE_CREATE, &m->store, m->why);
  if (!err)
    err = store_meta_put(m->store, "site", span_str(m->plan->name.s), m->why);
  if (!err)
    err = store_meta_put(m->store, "origin", span_str(m->origin), m->why);
  if (!err)
    err = store_meta_put(m->store, "vkey", span_str(m->vkey), m->why);
  if (!err)
    err = commit_all(m);
  store_close(m->store);
  return err;
}

enum sp_err site_dir_init(const struct site_init *init, char vkey[vkey_max], struct fault *why) {
  struct timespec now;
  struct making *m = sp_alloc(1, sizeof *m);
  struct core *core = fold_core_new();
  enum sp_err err =
      m && core ? check_asked(init, why) : fault_set(why, SP_NO_MEMORY, "out of memory for a site");
  if (!m || err)
    goto done;
  m->init = init;
  m->why = why;
  m->core = core;
  m->fd = -1;
  clock_gettime(CLOCK_REALTIME, &now);
  m->at = (usec)now.tv_sec * USEC_PER_S + now.tv_nsec / 1000;
  err = make_folder(m);
  if (!err)
    err = first_entries(m);
  if (!err)
    err = make_store(m);
  if (!err)
    err = put_in_place(m);
  if (err)
    remove_folder(m);
  else if (vkey)
    memcpy(vkey, m->vkey, sizeof m->vkey);
  if (m->fd >= 0)
    close(m->fd);
  batch_free(&m->batch);
  entry_writer_free(&m->writer);
  plan_free(m->plan);
  site_keys_wipe(&m->keys);
done:
  fold_core_free(core);
  sp_free(m);
  return err;
}
