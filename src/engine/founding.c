#include "engine/founding.h"

#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/fold.h"
#include "engine/session.h"
#include "journal/details.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"

#include <string.h>

struct making {
  const struct founding *f;
  struct core *core;
  struct plan *plan; /* decoded from its own blob, as every start will */
  struct batch batch;
  struct entry_writer writer;
  struct outcome outcome;
  char vkey[vkey_max];
  struct fault *why;
};

enum sp_err founding_check(const struct founding *f, struct fault *why) {
  enum sp_err err = SP_OK;
  if (f->n_operators > operators_max)
    return fault_set(why, SP_LIMIT, "at most %d operators", operators_max);
  for (uint32_t i = 0; i < f->n_operators && !err; i++) {
    const struct site_operator *o = &f->operators[i];
    err = operator_name_check(span_str(o->name), why);
    if (!err && o->role >= ROLE_COUNT)
      err = fault_set(why, SP_INVALID, "operator %s: there is no such role", o->name);
    if (!err && (o->password.n < password_bytes_min || o->password.n > password_bytes_max))
      err = fault_set(why, SP_INVALID, "operator %s: a password has %d to %d bytes", o->name,
                      password_bytes_min, password_bytes_max);
    for (uint32_t k = 0; k < i && !err; k++)
      if (strcmp(o->name, f->operators[k].name) == 0)
        err = fault_set(why, SP_EXISTS, "operator %s: named twice", o->name);
  }
  return err;
}

/* --- The entries --- */

static enum sp_err run(struct making *m, struct command *c, struct batch_extra *extra) {
  c->at = c->known_at = m->f->at;
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
  buf_put(&source, m->f->source.p, m->f->source.n);
  if (source.failed)
    return fault_set(m->why, SP_NO_MEMORY, "out of memory");
  c.u.plan_apply.compiled = sha256_of(buf_span(compiled));
  c.u.plan_apply.source = sha256_of(m->f->source);
  struct batch_extra extra = {
      .blobs = {compiled, &source},
      .blob_hashes = {c.u.plan_apply.compiled, c.u.plan_apply.source},
  };
  enum sp_err err = run(m, &c, &extra);
  buf_free(&source); /* nothing is left in it unless there was an error */
  return err;
}

static enum sp_err add_operator(struct making *m, const struct site_operator *o) {
  const struct io *io = m->f->io;
  struct command c = {.type = COMMAND_OPERATOR_ADD};
  struct password_job job = {.work = PASSWORD_MAKE, .length = (uint32_t)o->password.n};
  struct batch_extra extra = {0};
  struct buf details = {0};
  uint32_t n = m->f->password_n ? m->f->password_n : password_n;
  job.verifier = (struct password_verifier){.n = n, .r = password_r, .p = password_p};
  memcpy(job.password, o->password.p, o->password.n);
  io->random(io->ctx, job.verifier.salt, sizeof job.verifier.salt);
  io->random(io->ctx, extra.opening.b, sizeof extra.opening.b);
  io->random(io->ctx, c.u.operator_add.operator_id.b, sizeof(struct id));
  password_job_run(&job);
  enum sp_err err = job.err;
  if (err)
    fault_set(m->why, err, "no memory to hash a password");
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

static enum sp_err make_entries(struct making *m) {
  struct buf compiled = {0};
  enum sp_err err = plan_blob_encode(m->f->plan, &compiled, m->why);
  if (!err)
    err = plan_blob_decode(buf_span(&compiled), &m->plan, m->why);
  if (!err)
    err = create_site(m);
  if (!err)
    err = apply_plan(m, &compiled);
  for (uint32_t i = 0; i < m->f->n_operators && !err; i++)
    err = add_operator(m, &m->f->operators[i]);
  buf_free(&compiled);
  return err;
}

/* --- Making them durable --- */

static enum sp_err put_names(struct making *m, struct store *store) {
  enum sp_err err = store_meta_put(store, "site", span_str(m->f->plan->name.s), m->why);
  if (!err)
    err = store_meta_put(store, "origin", span_str(m->f->signer->public.name), m->why);
  if (!err)
    err = store_meta_put(store, "vkey", span_str(m->vkey), m->why);
  return err;
}

static enum sp_err commit_all(struct making *m, struct store *store) {
  struct committer *c;
  enum sp_err err = committer_open(&c, store, m->f->io, m->f->signer, m->why);
  if (err)
    return err;
  batch_seal(&m->batch);
  err = committer_commit(c, &m->batch.rows, 0, m->why);
  if (!err)
    err = committer_tend(c, 0, true, m->why);
  committer_close(c);
  return err;
}

enum sp_err founding_make(struct store *store, const struct founding *f, struct fault *why) {
  struct making *m = sp_alloc(1, sizeof *m);
  struct core *core = fold_core_new();
  enum sp_err err =
      m && core ? founding_check(f, why) : fault_set(why, SP_NO_MEMORY, "out of memory for a site");
  if (!err && m) { /* the analyser does not know that no error is memory enough */
    m->f = f;
    m->why = why;
    m->core = core;
    vkey_format(&f->signer->public, m->vkey);
    err = make_entries(m);
    if (!err)
      err = put_names(m, store);
    if (!err)
      err = commit_all(m, store);
  }
  if (m) {
    batch_free(&m->batch);
    entry_writer_free(&m->writer);
    plan_free(m->plan);
  }
  fold_core_free(core);
  sp_free(m);
  return err;
}
