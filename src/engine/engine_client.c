/* engine_client.c: connections and their requests. */
#include "engine/engine_int.h"

#include "core/state.h"
#include "engine/answer.h"
#include "engine/details_text.h"
#include "engine/json.h"
#include "engine/papers.h"
#include "engine/register_details.h"
#include "journal/details.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"

#include <inttypes.h>
#include <string.h>

/* --- Sending --- */

static void drop_conn(struct engine *e, struct conn *k, bool now) {
  e->io->close(e->io->ctx, k->id, now);
  conn_remove(&e->conns, k);
}

static void send_bytes(struct engine *e, struct conn *k, struct span bytes) {
  if (e->io->send(e->io->ctx, k->id, bytes) > conn_unsent_bytes_max)
    drop_conn(e, k, true); /* it does not read */
}

static void send_scratch(struct engine *e, uint64_t conn) {
  struct conn *k = conn_find(&e->conns, conn);
  if (k && e->scratch.failed)
    drop_conn(e, k, true); /* no memory for an answer: better none than half */
  else if (k)
    send_bytes(e, k, buf_span(&e->scratch));
}

static void send_error(struct engine *e, uint64_t conn, uint64_t request, const struct fault *why) {
  buf_reset(&e->scratch);
  answer_error(&e->scratch, request, why);
  send_scratch(e, conn);
}

void engine_refusal(const struct fault *why, struct buf *frame) {
  answer_error(frame, 0, why);
}

static void answered(struct conn *k) {
  SP_ASSERT(k->outstanding > 0);
  k->outstanding--;
}

/* --- What was held --- */

static void send_effect(struct engine *e, const struct batch *b, const struct held *h, usec mono) {
  bool late = h->until_mono != TIME_ABSENT && mono > h->until_mono;
  e->counts.unlocks_dropped += late && h->instead;
  if (late != h->instead) /* its reader's timer would run on beyond what was recorded */
    return;
  for (uint32_t i = 0; i < connections_max && e->conns.subscribers; i++)
    if (e->conns.at[i].effects)
      send_bytes(e, &e->conns.at[i], span_of(b->out.p + h->at, h->n));
}

void engine_release(struct engine *e, const struct batch *b) {
  const struct held *held;
  uint32_t n = batch_held(b, &held);
  usec mono = e->io->now(e->io->ctx).mono;
  for (uint32_t i = 0; i < n; i++)
    if (!held[i].conn)
      send_effect(e, b, &held[i], mono);
  for (uint32_t i = 0; i < n;) {
    /* Answers that lie side by side for the same client go out as one. */
    uint32_t from = i;
    struct conn *k = conn_find(&e->conns, held[i].conn);
    size_t end = held[i].at;
    for (; i < n && held[i].conn == held[from].conn && held[i].at == end; i++) {
      end += held[i].n;
      if (k)
        answered(k);
    }
    if (k)
      send_bytes(e, k, span_of(b->out.p + held[from].at, end - held[from].at));
  }
}

void engine_disclaim(struct engine *e, const struct batch *b) {
  const struct held *held;
  uint32_t n = batch_held(b, &held);
  struct fault why = {0};
  for (uint32_t i = 0; i < n; i++) {
    struct conn *k = conn_find(&e->conns, held[i].conn);
    if (!k)
      continue;
    fault_set(&why, SP_UNAVAILABLE, "it is not known whether this was recorded: %.900s",
              e->failure.text);
    answered(k);
    send_error(e, held[i].conn, load_le64(b->out.p + held[i].at + 8), &why);
  }
}

/* --- Jobs with passwords --- */

static enum sp_err wait_new(struct engine *e, struct password_wait **out, struct fault *why) {
  for (uint32_t i = 0; i < password_jobs_max; i++)
    if (!e->waits[i].used) {
      *out = &e->waits[i];
      return SP_OK;
    }
  e->counts.busy++;
  return fault_set(why, SP_BUSY, "others log in right now: try again");
}

static void wait_begin(struct engine *e, struct password_wait *w, struct conn *k, uint64_t request,
                       const struct request *r) {
  w->used = true;
  w->conn = k->id;
  w->request = request;
  w->job.length = r->password_n;
  memcpy(w->job.password, r->password, r->password_n);
  k->outstanding++;
  e->n_waits++;
  e->io->password(e->io->ctx, &w->job);
}

static void wait_end(struct engine *e, struct password_wait *w) {
  struct conn *k = conn_find(&e->conns, w->conn);
  if (k)
    answered(k);
  bytes_wipe(w, sizeof *w);
  e->n_waits--;
}

/* --- Logging in --- */

static enum sp_err start_login(struct engine *e, struct conn *k, uint64_t id,
                               const struct request *r, struct fault *why) {
  struct password_wait *w = NULL;
  enum sp_err err = wait_new(e, &w, why);
  if (err)
    return err;
  uint32_t who = sessions_find(e->sessions, span_of(r->name, r->name_n));
  err = login_begin(e->sessions, who, e->io->now(e->io->ctx).mono, &w->job.verifier, why);
  if (err)
    return err;
  w->job.work = PASSWORD_COMPARE;
  w->operator_index = who;
  wait_begin(e, w, k, id, r);
  return SP_OK;
}

static enum sp_err finish_login(struct engine *e, const struct password_wait *w,
                                struct fault *why) {
  struct io_instant now = e->io->now(e->io->ctx);
  uint32_t who = w->operator_index;
  bool right = !w->job.err && w->job.right && who != REF_ABSENT;
  login_end(e->sessions, who, now.mono, right || w->job.err);
  if (w->job.err)
    return fault_set(why, w->job.err, "no memory to compare the password: try again");
  if (!right)
    return fault_set(why, SP_DENIED, "the name or the password is wrong");
  if (e->core->operators[who].disabled)
    return fault_set(why, SP_DENIED, "this operator may no longer log in");
  struct hash token;
  e->io->random(e->io->ctx, token.b, sizeof token.b);
  session_add(e->sessions, &token, who, now.mono);
  buf_reset(&e->scratch);
  answer_login(&e->scratch, w->request, &e->core->operators[who].id, e->core->operators[who].role,
               &token, now.wall + (usec)session_hours_max * 3600 * USEC_PER_S);
  send_scratch(e, w->conn);
  bytes_wipe(&token, sizeof token);
  if (e->scratch.p)
    bytes_wipe(e->scratch.p, e->scratch.cap);
  return SP_OK;
}

/* --- Commands --- */

/* A line speaks for its own readers, and for the doors that are wired to them. */
static bool is_of_line(const struct plan *p, uint32_t line, const struct command *c) {
  if (c->type == COMMAND_PASS)
    return p->readers[c->u.pass.reader].line == line;
  if (c->type == COMMAND_READER_REPORT)
    return p->readers[c->u.reader_report.reader].line == line;
  if (c->type == COMMAND_DOOR_REPORT)
    return plan_door_board(p, c->u.door_report.door, line) != NONE16;
  return false;
}

static enum sp_err find_line(struct engine *e, const struct conn *k, struct command *c,
                             struct fault *why) {
  c->by.kind = ACTOR_LINE;
  if (!e->plan || !plan_find(e->plan, REF_LINE, span_str(k->line.s), &c->by.index))
    return fault_set(why, SP_NOT_FOUND, "the plan in force has no line \"%s\"", k->line.s);
  if (!is_of_line(e->plan, c->by.index, c))
    return fault_set(why, SP_DENIED,
                     "line \"%s\" speaks for its own readers and their doors, and for nobody else",
                     k->line.s);
  return SP_OK;
}

static enum sp_err find_actor(struct engine *e, const struct conn *k, const struct request *r,
                              struct command *c, struct fault *why) {
  usec mono = e->io->now(e->io->ctx).mono;
  c->second = REF_ABSENT;
  if (k->line.s[0])
    return find_line(e, k, c, why);
  if (!r->has_session) {
    c->by = (struct actor){ACTOR_HAND, 0};
    return k->ours
               ? SP_OK
               : fault_set(why, SP_DENIED, "only the site's own user may ask without a session");
  }
  c->by.kind = ACTOR_OPERATOR;
  enum sp_err err = session_use(e->sessions, &r->session, mono, &c->by.index, why);
  if (!err && r->has_second)
    err = session_use(e->sessions, &r->second, mono, &c->second, why);
  return err;
}

/* Whose details a command may bring: of persons when they are registered, of orders (its official,
 * its reference, what it says), of bookings; what is said of a death. Their entry commits to them.
 */
static const struct id *subject_of(const struct core *core, const struct command *c,
                                   enum event_type *commits) {
  switch ((int)c->type) {
  case COMMAND_PERSON_ADD:
    *commits = EVENT_PERSON_ADDED;
    return &c->u.person_add.person;
  case COMMAND_VISIT_OPEN:
    *commits = EVENT_VISIT_OPENED;
    return &c->u.visit_open.visit;
  case COMMAND_PERSON_IDENTIFY:
    *commits = EVENT_PERSON_IDENTIFIED;
    return &core->persons[c->u.person_identify.person].id;
  case COMMAND_ORDER_RECORD:
    *commits = EVENT_ORDER_RECORDED;
    return &c->u.order_record.order;
  case COMMAND_ASSESSMENT_RECORD:
    *commits = EVENT_ASSESSMENT_RECORDED;
    return &c->u.assessment_record.assessment;
  case COMMAND_PERSON_PHOTO:
    *commits = EVENT_PERSON_PHOTOGRAPHED;
    return &core->persons[c->u.person_photo.person].id;
  case COMMAND_BOOKING_OPEN:
    *commits = EVENT_BOOKING_OPENED;
    return &c->u.booking_open.booking;
  case COMMAND_BOOKING_SUPPLEMENT:
    *commits = EVENT_BOOKING_SUPPLEMENTED;
    return &core->bookings[c->u.booking_supplement.booking].id;
  case COMMAND_DEATH_RECORD:
    *commits = EVENT_DEATH_RECORDED;
    return &core->persons[c->u.death_record.person].id;
  case COMMAND_DEATH_CAUSE:
    *commits = EVENT_DEATH_CAUSE_FOUND;
    return &core->persons[c->u.death_cause.person].id;
  case COMMAND_DEATH_REMAINS:
    *commits = EVENT_DEATH_REMAINS_HANDED_OVER;
    return &core->persons[c->u.death_remains.person].id;
  case COMMAND_DEATH_RETRACT:
    *commits = EVENT_DEATH_RETRACTED;
    return &core->persons[c->u.person_ref.person].id;
  default:
    return NULL;
  }
}

/* What the details of a booking say is checked, and which fields they answer stands in its entry.
 */
static enum sp_err read_register(struct span details, struct command *c, struct fault *why) {
  if (c->type == COMMAND_BOOKING_OPEN)
    return register_details_read(details, &c->u.booking_open.recorded,
                                 &c->u.booking_open.outstanding, why);
  if (c->type == COMMAND_BOOKING_SUPPLEMENT)
    return register_details_read(details, &c->u.booking_supplement.recorded,
                                 &c->u.booking_supplement.outstanding, why);
  return SP_OK;
}

static enum sp_err read_details(struct engine *e, struct conn *k, const struct request *r,
                                struct command *c, struct batch_extra *extra, struct fault *why) {
  if (c->type == COMMAND_PERSON_PHOTO) {
    buf_reset(&e->scratch);
    extra->subject = e->core->persons[c->u.person_photo.person].id;
    enum sp_err err = photo_of_command(k, e->core, c, r->details, &e->scratch, extra, why);
    extra->details = buf_span(&e->scratch);
    return err;
  }
  if (!r->details.p)
    return SP_OK;
  enum event_type commits;
  const struct id *subject = subject_of(e->core, c, &commits);
  if (!subject)
    return fault_set(why, SP_INVALID, "%s: it takes no details", command_records[c->type].type);
  buf_reset(&e->scratch);
  enum sp_err err = details_text(r->details, &e->scratch, why);
  if (!err)
    err = read_register(buf_span(&e->scratch), c, why);
  if (err)
    return err;
  extra->subject = *subject;
  extra->details = buf_span(&e->scratch);
  return SP_OK;
}

static void commit_to(struct engine *e, struct batch_extra *extra, enum event_type type,
                      struct command *c) {
  e->io->random(e->io->ctx, extra->opening.b, sizeof extra->opening.b);
  c->commit = details_commit(&extra->opening, span_str(event_records[type].type), extra->details);
}

static enum sp_err run_with_details(struct engine *e, struct command *c, struct batch_extra *extra,
                                    struct conn *k, uint64_t id, struct fault *why) {
  enum event_type commits;
  enum sp_err err = engine_search_like(e, c, extra->details, why);
  if (err)
    return err;
  if (extra->details.n && subject_of(e->core, c, &commits))
    commit_to(e, extra, commits, c);
  size_t paper = extra->paper ? extra->paper->n : 0;
  err = engine_run(e, c, extra, k->id, id, why);
  if (paper && !extra->paper->n) /* else it was refused, and waits for another command */
    conn_drop_taken(&e->conns, k, paper);
  bytes_wipe(&extra->opening, sizeof extra->opening);
  return err;
}

static enum sp_err run_plan_apply(struct engine *e, struct command *c, struct conn *k, uint64_t id,
                                  struct fault *why) {
  const struct cmd_plan_apply *a = &c->u.plan_apply;
  struct batch_extra extra = {.blobs = {conn_blob(k, &a->compiled), conn_blob(k, &a->source)},
                              .blob_hashes = {a->compiled, a->source}};
  struct plan *plan;
  if (!extra.blobs[0] || !extra.blobs[1])
    return fault_set(why, SP_NOT_FOUND,
                     "plan.apply: the blob of the %s plan was not uploaded on this connection",
                     extra.blobs[0] ? "written" : "compiled");
  if (extra.blobs[0] == extra.blobs[1])
    return fault_set(why, SP_INVALID, "plan.apply: the plan and its source are the same blob");
  enum sp_err err = plan_blob_decode(buf_span(extra.blobs[0]), &plan, why);
  if (err)
    return err;
  if (strcmp(plan->name.s, e->site.s) != 0) {
    fault_set(why, SP_INVALID, "plan.apply: this is the plan of site \"%s\", and here is \"%s\"",
              plan->name.s, e->site.s);
    plan_free(plan);
    return SP_INVALID;
  }
  uint64_t bytes = extra.blobs[0]->n + extra.blobs[1]->n;
  c->plan = plan;
  err = engine_run(e, c, &extra, k->id, id, why);
  if (e->plan != plan)
    plan_free(plan); /* refused, rejected, or an error */
  else
    conn_drop_taken(&e->conns, k, bytes);
  return err;
}

static enum sp_err name_is_free(const struct engine *e, struct span name, struct fault *why) {
  return sessions_find(e->sessions, name) == REF_ABSENT
             ? SP_OK
             : fault_set(why, SP_EXISTS, "there is an operator of this name already");
}

/* operator.add waits for its password to be hashed. Its details are {"name":…}. */
static enum sp_err start_operator_add(struct engine *e, const struct command *c, struct conn *k,
                                      uint64_t id, const struct request *r, struct span name,
                                      struct fault *why) {
  struct password_wait *w = NULL;
  enum sp_err err = operator_name_check(name, why);
  if (!err)
    err = name_is_free(e, name, why);
  if (!err && r->password_n < password_bytes_min)
    err = fault_set(why, SP_INVALID, "a password has %d bytes at least", password_bytes_min);
  if (!err)
    err = wait_new(e, &w, why);
  if (err)
    return err;
  w->job.work = PASSWORD_MAKE;
  w->job.verifier =
      (struct password_verifier){.n = e->password_n, .r = password_r, .p = password_p};
  e->io->random(e->io->ctx, w->job.verifier.salt, sizeof w->job.verifier.salt);
  w->command = *c;
  w->name_n = (uint32_t)name.n;
  memcpy(w->name, name.p, name.n);
  wait_begin(e, w, k, id, r);
  return SP_OK;
}

static enum sp_err operator_add_request(struct engine *e, const struct command *c, struct conn *k,
                                        uint64_t id, const struct request *r, struct fault *why) {
  char name[operator_name_bytes_max];
  struct json_member m[] = {{"name", {0}}};
  size_t n;
  if (!r->details.p)
    return fault_set(why, SP_INVALID, "operator.add: details with their \"name\" are missing");
  enum sp_err err = json_members(r->details, m, 1, 1, "details", why);
  if (!err)
    err = json_string_read(m[0].value, name, sizeof name, &n, "details name", why);
  return err ? err : start_operator_add(e, c, k, id, r, span_of(name, n), why);
}

static enum sp_err finish_operator_add(struct engine *e, struct password_wait *w,
                                       struct fault *why) {
  struct command *c = &w->command;
  struct span name = span_of(w->name, w->name_n);
  struct buf details = {0};
  if (w->job.err)
    return fault_set(why, w->job.err, "no memory to hash the password: try again");
  enum sp_err err = engine_ready(e, why);
  if (!err)
    err = name_is_free(e, name, why);
  operator_details_put(&details, name, &w->job.verifier);
  if (!err && details.failed)
    err = fault_set(why, SP_NO_MEMORY, "out of memory: nothing was changed");
  if (!err) {
    uint32_t before = e->core->head.n_operators;
    struct batch_extra extra = {.subject = c->u.operator_add.operator_id,
                                .details = buf_span(&details)};
    commit_to(e, &extra, EVENT_OPERATOR_ADDED, c);
    struct conn *k = conn_find(&e->conns, w->conn);
    if (k)
      k->outstanding++; /* for the decision, which is held */
    err = engine_run(e, c, &extra, k ? k->id : 0, w->request, why);
    if (err && k)
      answered(k);
    bytes_wipe(&extra, sizeof extra);
    if (!err && e->core->head.n_operators > before)
      err = sessions_know(e->sessions, before, buf_span(&details), why);
  }
  if (details.p)
    bytes_wipe(details.p, details.n);
  buf_free(&details);
  return err;
}

void engine_on_password(struct engine *e, struct password_job *job) {
  struct fault why = {0};
  struct password_wait *w = NULL;
  for (uint32_t i = 0; i < password_jobs_max; i++)
    if (e->waits[i].used && &e->waits[i].job == job)
      w = &e->waits[i];
  SP_ASSERT(w);
  enum sp_err err =
      job->work == PASSWORD_COMPARE ? finish_login(e, w, &why) : finish_operator_add(e, w, &why);
  if (err)
    send_error(e, w->conn, w->request, &why);
  wait_end(e, w);
}

static enum sp_err command_request(struct engine *e, struct conn *k, uint64_t id,
                                   const struct request *r, struct fault *why) {
  struct command c;
  struct batch_extra extra = {0};
  enum sp_err err = request_command(r, e->core, &c, why);
  if (!err)
    err = find_actor(e, k, r, &c, why);
  if (!err)
    err = request_fill(r, e->core, &e->tags, e->io, &c, why);
  if (err)
    return err;
  if (c.type == COMMAND_OPERATOR_ADD)
    return operator_add_request(e, &c, k, id, r, why);
  err = read_details(e, k, r, &c, &extra, why);
  if (err)
    return err;
  paper_of_command(k, e->core, &c, &extra);
  k->outstanding++;
  uint64_t conn = k->id;
  if (c.type == COMMAND_PLAN_APPLY)
    err = run_plan_apply(e, &c, k, id, why);
  else
    err = run_with_details(e, &c, &extra, k, id, why);
  k = conn_find(&e->conns, conn);
  if (err && k)
    answered(k);
  return err;
}

/* --- Questions --- */

static uint64_t durable_entries(const struct engine *e) {
  return e->committing ? e->committing->rows.first : e->gathering->rows.first;
}

static void put_status(struct engine *e, uint64_t id) {
  struct buf *b = &e->scratch;
  struct engine_counts n = engine_counts(e);
  const struct core_head *h = &e->core->head;
  uint64_t durable = durable_entries(e);
  uint32_t served = 0;
  char at[time_text_len + 1] = {0}, plan[2 * sizeof h->plan_hash.b + 1] = {0};
  if (h->next_entry)
    time_format(at, h->last_at);
  hex_encode(plan, h->plan_hash.b, sizeof h->plan_hash.b);
  size_t from = frame_begin(b, FRAME_REPLY, id);
  buf_printf(b,
             "{\"alarms\":%u,\"batches\":%" PRIu64 ",\"busy\":%" PRIu64
             ",\"clock\":\"%s\",\"commands\":%" PRIu64 ",\"connections\":%u,\"credentials\":%u,"
             "\"entries\":%" PRIu64 ",\"last_at\":\"%s\",\"lines\":[",
             h->n_alarms, n.batches, n.busy, e->clock_behind ? "untrusted" : "trusted", n.commands,
             n.connections, h->n_credentials, durable, at);
  for (uint32_t i = 0; e->plan && i < e->plan->n_lines; i++)
    if (conn_of_line(&e->conns, &e->plan->lines[i].name))
      buf_printf(b, "%s\"%s\"", served++ ? "," : "", e->plan->lines[i].name.s);
  buf_printf(b,
             "],\"operators\":%u,\"persons\":%u,\"plan\":\"%s\",\"sessions\":%u,\"site\":\"%s\","
             "\"snapshots\":%" PRIu64
             ",\"status\":\"%s\",\"subscribers\":%u,\"unlocks_dropped\":%" PRIu64 "}",
             h->n_operators, h->n_persons, plan, n.sessions, e->site.s, n.snapshots,
             e->failed     ? "failed"
             : e->stopping ? "stopping"
                           : "serving",
             n.subscribers, n.unlocks_dropped);
  frame_end(b, from);
}

/* What the answer tells may still be on its way to the disk: whoever asks acts on no more than the
 * wiring of it, and asks again. */
static enum sp_err send_plan(struct engine *e, struct conn *k, uint64_t id, struct fault *why) {
  struct buf answer = {0};
  size_t at = frame_begin(&answer, FRAME_BLOB, id);
  enum sp_err err = e->plan ? plan_blob_encode(e->plan, &answer, why)
                            : fault_set(why, SP_NOT_FOUND, "the site has no plan yet");
  frame_end(&answer, at);
  if (!err && answer.failed)
    err = fault_set(why, SP_NO_MEMORY, "out of memory for the plan");
  if (!err)
    send_bytes(e, k, buf_span(&answer));
  buf_free(&answer);
  return err;
}

static enum sp_err has_room(struct engine *e, const struct conn *k, struct fault *why) {
  const struct batch *b = e->gathering;
  if (k->outstanding < conn_requests_max && b->n_commands < batch_commands_max &&
      b->entries.n < batch_entry_bytes_max && b->details_json.n < batch_details_bytes_max &&
      b->paper_bytes < batch_paper_bytes_max &&
      b->held.n < batch_commands_max * 4 * sizeof(struct held))
    return SP_OK;
  e->counts.busy++;
  return fault_set(why, SP_BUSY,
                   "more is asked than can be written down: wait for answers, then try again");
}

static enum sp_err handle(struct engine *e, struct conn *k, uint64_t id, struct request *r,
                          struct fault *why) {
  enum sp_err err = SP_OK;
  switch (r->kind) {
  case REQUEST_STATUS:
    buf_reset(&e->scratch);
    put_status(e, id);
    send_scratch(e, k->id);
    return SP_OK;
  case REQUEST_PLAN:
    return send_plan(e, k, id, why);
  case REQUEST_LOGOUT:
    session_end(e->sessions, &r->session);
    buf_reset(&e->scratch);
    answer_done(&e->scratch, id);
    send_scratch(e, k->id);
    return SP_OK;
  case REQUEST_LOGIN:
  case REQUEST_COMMAND:
    err = engine_ready(e, why);
    if (!err)
      err = has_room(e, k, why);
    if (err)
      return err;
    return r->kind == REQUEST_LOGIN ? start_login(e, k, id, r, why)
                                    : command_request(e, k, id, r, why);
  }
  return err;
}

static void on_request(struct engine *e, struct conn *k, uint64_t id, struct span payload) {
  struct request r;
  struct fault why;
  why.err = SP_OK; /* not zeroed: a kilobyte a request */
  uint64_t conn = k->id;
  enum sp_err err = request_read(&r, payload, &why);
  if (!err)
    err = handle(e, k, id, &r, &why);
  if (err)
    send_error(e, conn, id, &why);
  request_wipe(&r);
}

static void on_blob(struct engine *e, struct conn *k, uint64_t id, struct span bytes) {
  struct fault why = {0};
  struct hash hash;
  uint64_t conn = k->id;
  enum sp_err err = conn_keep_blob(&e->conns, k, bytes, &hash, &why);
  buf_reset(&e->scratch);
  if (err)
    answer_error(&e->scratch, id, &why);
  else
    answer_blob(&e->scratch, id, &hash);
  send_scratch(e, conn);
}

/* A line that comes anew may have missed unlocks, and does not know which: every door that counts
 * as unlocked is locked, and the line then says so. What is not durable yet still comes to it. */
static void put_locks(struct engine *e) {
  const struct core *core = e->core;
  for (uint32_t d = 0; d < core->head.n_doors; d++)
    if (core->doors[d].unlocked && core->doors[d].unlock_n < durable_entries(e))
      answer_lock(&e->scratch, core, d, core->doors[d].unlock_n);
}

/* Keys that were ordered and that nobody has said to be set. */
static void put_rekeys(struct engine *e) {
  const struct core *core = e->core;
  for (uint32_t r = 0; r < core->head.n_readers; r++)
    if (core->readers[r].rekey_n && core->readers[r].rekey_n < durable_entries(e))
      answer_rekey(&e->scratch, core, r, core->readers[r].rekey_n);
}

/* From now on it speaks for a line, and for nobody else. */
static enum sp_err take_line(struct engine *e, struct conn *k, struct span value,
                             struct fault *why) {
  struct slug line = {0};
  uint32_t index;
  size_t n;
  enum sp_err err = json_string_read(value, line.s, slug_max, &n, "the subscription's line", why);
  if (err)
    return err;
  if (!e->plan || !plan_find(e->plan, REF_LINE, span_str(line.s), &index))
    return fault_set(why, SP_NOT_FOUND, "the plan in force has no line \"%s\"", line.s);
  struct conn *other = conn_of_line(&e->conns, &line);
  if (other && other != k)
    return fault_set(why, SP_EXISTS, "line \"%s\" is served by another process already", line.s);
  if (k->line.s[0] && strcmp(k->line.s, line.s) != 0)
    return fault_set(why, SP_DENIED, "this connection speaks for line \"%s\"", k->line.s);
  k->line = line;
  return SP_OK;
}

/* Nobody serves it: its readers are offline, unless it is known already. */
static enum sp_err note_unserved(struct engine *e, uint32_t line, struct fault *why) {
  enum sp_err err = SP_OK;
  for (uint32_t r = 0; r < e->plan->n_readers && !err; r++) {
    struct command report = {.type = COMMAND_READER_REPORT,
                             .by = {ACTOR_LINE, line},
                             .second = REF_ABSENT,
                             .u.reader_report = {r, READER_OFFLINE}};
    if (e->plan->readers[r].line == line && !e->core->readers[r].offline)
      err = engine_run(e, &report, NULL, 0, 0, why);
  }
  return err;
}

/* A gate that nobody watches must not pass for one that is watched: what cannot be noted ends us.
 */
void engine_note_lost_lines(struct engine *e) {
  struct conns *c = &e->conns;
  struct fault why = {0};
  while (c->n_lost && engine_ready(e, &why) == SP_OK) {
    struct slug line = c->lost[--c->n_lost];
    uint32_t index;
    if (conn_of_line(c, &line) || !plan_find(e->plan, REF_LINE, span_str(line.s), &index))
      continue; /* it is there again, or gone for good */
    if (note_unserved(e, index, &why))
      engine_on_failure(e, &why);
  }
}

void engine_miss_lines(struct engine *e) {
  struct fault why = {0};
  for (uint32_t i = 0; e->plan && i < e->plan->n_lines && engine_ready(e, &why) == SP_OK; i++)
    if (!conn_of_line(&e->conns, &e->plan->lines[i].name) && note_unserved(e, i, &why))
      engine_on_failure(e, &why);
}

static void on_subscribe(struct engine *e, struct conn *k, uint64_t id, struct span payload) {
  struct fault why = {0};
  struct json_member m[] = {{"effects", {0}}, {"line", {0}}};
  enum sp_err err = json_members(payload, m, 2, 1, "the subscription", &why);
  bool yes = span_is(m[0].value, "true");
  if (!err && !yes && !span_is(m[0].value, "false"))
    err = fault_set(&why, SP_INVALID, "the subscription: {\"effects\":true} is expected");
  if (!err && m[1].value.p)
    err = take_line(e, k, m[1].value, &why);
  if (err) {
    send_error(e, k->id, id, &why);
    return;
  }
  e->conns.subscribers += yes;
  e->conns.subscribers -= k->effects;
  k->effects = yes;
  buf_reset(&e->scratch);
  answer_done(&e->scratch, id);
  if (yes) {
    put_locks(e);
    put_rekeys(e);
  }
  send_scratch(e, k->id);
}

/* --- What the host tells --- */

enum sp_err engine_on_connect(struct engine *e, const struct engine_peer *peer, uint64_t *conn,
                              struct fault *why) {
  if (!peer->ours)
    return fault_set(why, SP_DENIED, "user %u may not talk to this engine", peer->uid);
  struct conn *k = conn_add(&e->conns, peer->ours);
  if (!k) {
    e->counts.busy++;
    return fault_set(why, SP_BUSY, "%d clients are connected already: try again later",
                     connections_max);
  }
  *conn = k->id;
  return SP_OK;
}

void engine_on_closed(struct engine *e, uint64_t conn) {
  struct conn *k = conn_find(&e->conns, conn);
  if (k)
    conn_remove(&e->conns, k);
}

static void on_frame(struct engine *e, struct conn *k, const struct frame *f, struct span payload) {
  struct fault why = {0};
  if (f->kind == FRAME_REQUEST)
    on_request(e, k, f->id, payload);
  else if (f->kind == FRAME_BLOB)
    on_blob(e, k, f->id, payload);
  else if (f->kind == FRAME_SUBSCRIBE)
    on_subscribe(e, k, f->id, payload);
  else {
    fault_set(&why, SP_INVALID, "only the engine sends frames of this kind");
    send_error(e, k->id, f->id, &why);
  }
}

void engine_on_bytes(struct engine *e, uint64_t conn, uint8_t *bytes, size_t n) {
  struct bytes_in in = {bytes, n};
  struct conn *k;
  /* An answer may have ended the connection, so it is looked up each time. */
  while ((k = conn_find(&e->conns, conn))) {
    struct frame f;
    struct fault why;
    uint8_t *payload;
    bool whole;
    why.err = SP_OK;
    if (conn_next(&e->conns, k, &in, &whole, &f, &payload, &why)) {
      send_error(e, conn, 0, &why); /* where the next frame begins is not known */
      if ((k = conn_find(&e->conns, conn)))
        drop_conn(e, k, false);
      break;
    }
    if (!whole)
      break;
    on_frame(e, k, &f, span_of(payload, f.length));
    /* If that ended the connection, what it had kept is wiped and gone; what lies here is ours. */
    k = conn_find(&e->conns, conn);
    bool here = payload >= bytes && payload < bytes + n;
    if (f.kind != FRAME_BLOB && (k || here))
      bytes_wipe(payload, f.length);
    if (k)
      conn_done(&e->conns, k);
  }
}
