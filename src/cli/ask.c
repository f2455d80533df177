#include "cli/ask.h"

#include "plan/card_text.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "engine/client.h"
#include "engine/engine_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Under way at once; far less than the engine allows (conn_requests_max). */
enum { window = 256 };

struct ask {
  struct client *client;
  char session[session_text_len + 1], second[session_text_len + 1]; /* empty = none */
  char request[request_bytes_max];                                  /* wiped after each */
};

unsigned ask_window(void) {
  return window;
}

/* --- JSON --- */

void json_forget(json_t *value) {
  const char *key;
  json_t *v;
  size_t i;
  if (json_is_object(value)) {
    json_object_foreach(value, key, v) json_forget(json_incref(v));
  } else if (json_is_array(value)) {
    json_array_foreach(value, i, v) json_forget(json_incref(v));
  } else if (json_is_string(value)) {
    bytes_wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
  }
  json_decref(value);
}

json_t *ask_command(enum command_type type) {
  return json_pack("{s:s}", "type", command_records[type].type);
}

static void asked_forget(struct asked *a) {
  json_decref(a->command);
  json_forget(a->details);
  json_forget(a->secret);
}

static enum sp_err parse_reply(struct span payload, json_t **reply, struct fault *why) {
  *reply = json_loadb((const char *)payload.p, payload.n, 0, NULL);
  if (!json_is_object(*reply)) {
    json_decref(*reply);
    return fault_set(why, SP_UNAVAILABLE, "the engine's answer is not readable");
  }
  return SP_OK;
}

enum sp_err ask_error(const json_t *reply, struct fault *why) {
  const char *name = json_string_value(json_object_get(reply, "error"));
  const char *text = json_string_value(json_object_get(reply, "text"));
  if (!name)
    return SP_OK;
  for (int e = 1; e < SP_ERR_COUNT; e++)
    if (strcmp(sp_err_name((enum sp_err)e), name) == 0)
      return fault_set(why, (enum sp_err)e, "%s", text ? text : sp_err_text((enum sp_err)e));
  return fault_set(why, SP_UNAVAILABLE, "the engine answered `%.40s`", name);
}

/* --- A connection --- */

static enum sp_err log_in(struct cli *c, struct ask *a, const char *name, enum option_id fd,
                          char session[session_text_len + 1]) {
  char prompt[128];
  struct secret s;
  SP_ASSERT(a);
  snprintf(prompt, sizeof prompt, "password of %.64s", name);
  enum sp_err err = secret_read(&s, cli_fd(c, fd), prompt, &c->why);
  if (!err)
    err = client_login(a->client, span_str(name), span_of(s.text, s.n), session, &c->why);
  secret_forget(&s);
  return err;
}

enum sp_err ask_open_alone(struct cli *c, struct ask **out) {
  struct ask *a = sp_alloc(1, sizeof *a);
  *out = NULL;
  if (!a)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = client_open(&a->client, cli_dir(c), &c->why);
  if (!err && cli_has(c, OPT_AS))
    err = log_in(c, a, cli_text(c, OPT_AS), OPT_PASSWORD_FD, a->session);
  if (err)
    ask_close(a);
  else
    *out = a;
  return err;
}

enum sp_err ask_agree(struct cli *c, struct ask *a, const char *name) {
  return log_in(c, a, name, OPT_SECOND_PASSWORD_FD, a->second);
}

void ask_agree_no_more(struct ask *a) {
  bytes_wipe(a->second, sizeof a->second);
}

enum sp_err ask_open(struct cli *c, struct ask **out) {
  enum sp_err err = ask_open_alone(c, out);
  if (!err && cli_has(c, OPT_SECOND))
    err = ask_agree(c, *out, cli_text(c, OPT_SECOND));
  if (err) {
    ask_close(*out);
    *out = NULL;
  }
  return err;
}

void ask_close(struct ask *a) {
  if (!a)
    return;
  client_close(a->client);
  bytes_wipe(a, sizeof *a);
  sp_free(a);
}

/* Writes the request into a->request, whose memory is known, so that it can be wiped; *n bytes. */
static enum sp_err write_request(struct ask *a, struct asked asked, size_t *n, struct fault *why) {
  SP_ASSERT(a);
  json_t *r = json_object();
  bool ok = r && asked.command && json_object_set(r, "command", asked.command) == 0;
  if (asked.details)
    ok = ok && json_object_set(r, "details", asked.details) == 0;
  if (asked.secret)
    ok = ok && json_object_set(r, "secret", asked.secret) == 0;
  if (a->session[0])
    ok = ok && json_object_set_new(r, "session", json_string(a->session)) == 0;
  if (a->second[0])
    ok = ok && json_object_set_new(r, "second", json_string(a->second)) == 0;
  *n = ok ? json_dumpb(r, a->request, sizeof a->request, JSON_COMPACT) : 0;
  json_decref(r); /* its members are the caller's too, and wiped with them */
  if (!ok || *n == 0)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  if (*n > sizeof a->request)
    return fault_set(why, SP_LIMIT, "the request is longer than %d bytes", request_bytes_max);
  return SP_OK;
}

enum sp_err ask_send(struct ask *a, struct asked asked, uint64_t *id, struct fault *why) {
  size_t n;
  enum sp_err err = write_request(a, asked, &n, why);
  if (!err)
    err = client_send(a->client, FRAME_REQUEST, span_of(a->request, n), id, why);
  bytes_wipe(a->request, sizeof a->request);
  asked_forget(&asked);
  return err;
}

enum sp_err ask_receive(struct ask *a, uint64_t *id, json_t **reply, struct fault *why) {
  struct client_message m;
  do {
    enum sp_err err = client_receive(a->client, &m, why);
    if (err)
      return err;
  } while (m.kind != FRAME_REPLY);
  *id = m.id;
  return parse_reply(m.payload, reply, why);
}

enum sp_err ask_one(struct ask *a, struct asked asked, json_t **reply, struct fault *why) {
  size_t n;
  struct span answer;
  *reply = NULL;
  enum sp_err err = write_request(a, asked, &n, why);
  if (!err)
    err = client_request(a->client, span_of(a->request, n), &answer, why);
  bytes_wipe(a->request, sizeof a->request);
  asked_forget(&asked);
  return err ? err : parse_reply(answer, reply, why);
}

enum sp_err ask_blob(struct ask *a, struct span bytes, struct hash *hash, struct fault *why) {
  SP_ASSERT(a);
  return client_blob(a->client, bytes, hash, why);
}

json_t *ask_status(struct cli *c, pid_t *pid) {
  struct client *client = NULL;
  struct fault unasked = {0}; /* that it does not run is what is asked, no fault */
  struct span answer;
  struct ucred peer;
  socklen_t n = sizeof peer;
  json_t *reply = NULL;
  if (pid)
    *pid = 0;
  enum sp_err err = client_open(&client, cli_dir(c), &unasked);
  if (!err && pid && getsockopt(client_fd(client), SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0)
    *pid = peer.pid;
  if (!err)
    err = client_request(client, SPAN_LIT("{\"status\":{}}"), &answer, &unasked);
  if (!err)
    err = parse_reply(answer, &reply, &unasked);
  client_close(client);
  return err ? NULL : reply;
}

/* --- Telling the answer --- */

static void put_reasons(const struct core *core, const json_t *reply, struct buf *out,
                        const char *between) {
  const json_t *list = json_object_get(reply, "reasons");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *r = json_array_get(list, i);
    const char *text = json_string_value(json_object_get(r, "text"));
    if (i)
      buf_puts(out, between);
    if (core)
      sentence_reason(core, out, r);
    else
      term_put(out, span_str(text ? text : "?"));
  }
}

void ask_reasons(const json_t *reply, struct buf *out) {
  put_reasons(NULL, reply, out, "; ");
}

/* The sentences of an entry's own reasons: one command may refuse several persons. */
static void put_entry_reasons(const struct core *core, const struct entry *e, struct buf *out) {
  json_t *data = json_loadb((const char *)e->data.p, e->data.n, 0, NULL);
  size_t i;
  json_t *reason;
  json_array_foreach(json_object_get(data, "reasons"), i, reason) {
    buf_puts(out, "\n        ");
    sentence_reason(core, out, reason);
  }
  json_decref(data);
}

/* The entries of the command, one line each, as `log` would show them, with their reasons. */
static enum sp_err tell_entries(struct cli *c, const json_t *reply) {
  bool more;
  json_int_t n = json_integer_value(json_object_get(json_object_get(reply, "entry"), "n"));
  json_int_t count = json_integer_value(json_object_get(reply, "entries"));
  if (count == 0) {
    out_line(&c->out, "nothing changed: it is so already");
    return SP_OK;
  }
  enum sp_err err = site_open(c);
  if (!err)
    err = site_refresh(c, &more);
  for (json_int_t i = n; i < n + count && !err; i++) {
    const struct speaker s = {site_core(c->site), &c->out, false};
    struct buf bytes = {0}, line = {0};
    struct entry e;
    err = site_entry(c->site, (uint64_t)i, &bytes, &c->why);
    if (!err)
      err = entry_parse(&e, buf_span(&bytes), &c->why);
    if (!err)
      err = sentence_line(&s, &e, &line, &c->why);
    if (!err)
      put_entry_reasons(s.core, &e, &line);
    if (!err)
      out_line(&c->out, "%s", buf_cstr(&line));
    buf_free(&bytes);
    buf_free(&line);
  }
  return err;
}

static enum sp_err reject(struct cli *c, const json_t *reply) {
  struct buf text = {0};
  const json_t *first = json_array_get(json_object_get(reply, "reasons"), 0);
  const char *code = json_string_value(json_object_get(first, "code"));
  enum sp_err err = code && strcmp(code, "exists") == 0 ? SP_EXISTS : SP_INVALID;
  put_reasons(c->site ? site_core(c->site) : NULL, reply, &text, "; ");
  fault_set(&c->why, err, "not done: %s", buf_cstr(&text) ? buf_cstr(&text) : "");
  buf_free(&text);
  return err;
}

enum sp_err ask_verdict(struct cli *c, const json_t *reply) {
  const char *decision = json_string_value(json_object_get(reply, "decision"));
  return !decision ? fault_set(&c->why, SP_UNAVAILABLE, "the engine's answer has no decision")
         : strcmp(decision, "rejected") == 0 ? reject(c, reply)
         : strcmp(decision, "refused") == 0  ? SP_REFUSED
                                             : SP_OK;
}

enum sp_err ask_tell(struct cli *c, json_t *reply) {
  enum sp_err err = ask_verdict(c, reply);
  if (c->out.json && err != SP_UNAVAILABLE) {
    out_json(json_incref(reply));
  } else if (!err || err == SP_REFUSED) {
    enum sp_err told = tell_entries(c, reply);
    err = told ? told : err;
  }
  json_decref(reply);
  return err;
}

enum sp_err ask_with_paper(struct cli *c, struct ask *a, struct asked asked, json_t **reply) {
  struct hash hash;
  enum sp_err err = SP_OK;
  if (c->paper.n)
    err = ask_blob(a, buf_span(&c->paper), &hash, &c->why);
  if (!err)
    return ask_one(a, asked, reply, &c->why);
  asked_forget(&asked);
  return err;
}

enum sp_err ask_and_tell(struct cli *c, struct asked asked) {
  struct ask *a;
  json_t *reply;
  enum sp_err err = ask_open(c, &a);
  if (err) {
    asked_forget(&asked);
    return err;
  }
  err = ask_with_paper(c, a, asked, &reply);
  ask_close(a);
  return err ? err : ask_tell(c, reply);
}

enum sp_err ask_details_read(struct cli *c, struct ask *a, enum ref_kind kind, uint32_t index) {
  json_t *reply, *command = ask_command(COMMAND_DETAILS_READ);
  if (kind != REF_NONE)
    json_object_set_new(command, ref_kind_names[kind], row_name(site_core(c->site), kind, index));
  enum sp_err err = ask_one(a, (struct asked){.command = command}, &reply, &c->why);
  if (err)
    return err;
  const char *decision = json_string_value(json_object_get(reply, "decision"));
  if (!decision || strcmp(decision, "done") != 0) {
    struct buf text = {0};
    ask_reasons(reply, &text);
    err = fault_set(&c->why, SP_DENIED, "the details may not be read: %s",
                    buf_cstr(&text) ? buf_cstr(&text) : "");
    buf_free(&text);
  }
  json_decref(reply);
  return err;
}

enum sp_err ask_reader_named(struct cli *c) {
  return cli_has(c, OPT_AS)
             ? SP_OK
             : fault_set(&c->why, SP_USAGE,
                         "--details is journaled with who reads them: give --as NAME");
}

enum sp_err ask_for_details_of(struct cli *c, enum ref_kind kind, uint32_t index) {
  struct ask *a = NULL;
  if (!cli_has(c, OPT_DETAILS))
    return SP_OK;
  enum sp_err err = ask_reader_named(c);
  if (!err)
    err = ask_open(c, &a);
  if (!err)
    err = ask_details_read(c, a, kind, index);
  ask_close(a);
  return err;
}

enum sp_err ask_for_details(struct cli *c, uint32_t person) {
  return ask_for_details_of(c, person == REF_ABSENT ? REF_NONE : REF_PERSON, person);
}

/* --- Cards --- */

enum sp_err ask_card(struct cli *c, bool any_format, json_t **card) {
  struct secret s;
  struct card k;
  enum sp_err err = secret_read(&s, cli_fd(c, OPT_CARD_FD), "card (FORMAT:NUMBER)", &c->why);
  if (err)
    return err;
  err = card_parse(&k, s.text, site_plan(c->site), any_format, &c->why);
  secret_forget(&s);
  if (!err)
    *card = json_pack("{s:s,s:s}", "format", k.format, "value", k.hex);
  bytes_wipe(&k, sizeof k);
  if (!err && !*card)
    err = fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  return err;
}
