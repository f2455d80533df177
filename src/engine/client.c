#include "engine/client.h"

#include "engine/engine_limits.h"
#include "engine/json.h"
#include "engine/socket_path.h"
#include "journal/sha256.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { send_bytes = 256 << 10, receive_bytes = 256 << 10 };

struct client {
  int fd;
  uint64_t next_id;
  struct buf out, in;
  size_t out_at, in_at; /* sent; taken */
};

enum sp_err client_open(struct client **out, const char *dir, struct fault *why) {
  struct client *c = sp_alloc(1, sizeof *c);
  if (!c)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = socket_path_connect(dir, &c->fd, why);
  if (err) {
    sp_free(c);
    return err;
  }
  *out = c;
  return SP_OK;
}

static void forget(struct buf *b) {
  if (b->p)
    bytes_wipe(b->p, b->cap);
  buf_free(b);
}

void client_close(struct client *c) {
  if (!c)
    return;
  close(c->fd);
  forget(&c->out);
  forget(&c->in);
  sp_free(c);
}

int client_fd(const struct client *c) {
  return c->fd;
}

static enum sp_err gone(struct fault *why) {
  return fault_set(why, SP_UNAVAILABLE, "the engine ended the connection: is it still running?");
}

/* --- Sending --- */

static void sent_all(struct client *c) {
  bytes_wipe(c->out.p, c->out.n); /* there may have been secrets in it */
  buf_reset(&c->out);
  c->out_at = 0;
}

/* Reads what there is into the buffer; wait: at least something. */
static enum sp_err fill(struct client *c, bool wait, struct fault *why) {
  if (c->in_at) {
    memmove(c->in.p, c->in.p + c->in_at, c->in.n - c->in_at);
    c->in.n -= c->in_at;
    c->in_at = 0;
  }
  if (!buf_reserve(&c->in, receive_bytes))
    return fault_set(why, SP_NO_MEMORY, "out of memory for an answer");
  for (;;) {
    ssize_t n = recv(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n, wait ? 0 : MSG_DONTWAIT);
    if (n > 0) {
      c->in.n += (size_t)n;
      return SP_OK;
    }
    if (n == 0)
      return gone(why);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return SP_OK;
    if (errno == ECONNRESET)
      return gone(why);
    if (errno != EINTR)
      return fault_set(why, SP_IO, "reading from the engine: %s", strerror(errno));
  }
}

enum sp_err client_flush(struct client *c, struct fault *why) {
  while (c->out_at < c->out.n) {
    ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.n - c->out_at, MSG_NOSIGNAL);
    if (n >= 0) {
      c->out_at += (size_t)n;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      /* The engine may have said why before it hung up. */
      struct fault none = {0};
      enum sp_err err = fill(c, false, &none);
      struct client_message m;
      if (!err && client_has_message(c) && !client_receive(c, &m, &none) &&
          client_reply_error(m.payload, why))
        return why->err;
      return gone(why);
    } else if (errno != EINTR) {
      return fault_set(why, SP_IO, "writing to the engine: %s", strerror(errno));
    }
  }
  sent_all(c);
  return SP_OK;
}

enum sp_err client_send(struct client *c, enum frame_kind kind, struct span payload, uint64_t *id,
                        struct fault *why) {
  size_t most = kind == FRAME_BLOB ? blob_bytes_max : request_bytes_max;
  if (payload.n > most)
    return fault_set(why, SP_LIMIT, "the request has %zu bytes, and at most %zu are taken",
                     payload.n, most);
  uint8_t header[frame_header_bytes];
  frame_put(header, &(struct frame){kind, (uint32_t)payload.n, ++c->next_id});
  if (!buf_reserve(&c->out, sizeof header + payload.n)) {
    c->out.failed = false;
    return fault_set(why, SP_NO_MEMORY, "out of memory for a request");
  }
  buf_put(&c->out, header, sizeof header);
  buf_put(&c->out, payload.p, payload.n);
  if (id)
    *id = c->next_id;
  return c->out.n >= send_bytes ? client_flush(c, why) : SP_OK;
}

/* --- Receiving --- */

/* The whole frame at the front of what was read. */
static enum sp_err peek(const struct client *c, struct frame *f, bool *whole, struct fault *why) {
  size_t n = c->in.n - c->in_at;
  *whole = false;
  if (n < frame_header_bytes)
    return SP_OK;
  enum sp_err err = frame_read(f, c->in.p + c->in_at, why);
  *whole = !err && n - frame_header_bytes >= f->length;
  return err;
}

bool client_has_message(const struct client *c) {
  struct frame f;
  bool whole;
  return peek(c, &f, &whole, NULL) != SP_OK || whole;
}

enum sp_err client_receive(struct client *c, struct client_message *m, struct fault *why) {
  struct frame f;
  bool whole;
  enum sp_err err = client_flush(c, why);
  while (!err && !(err = peek(c, &f, &whole, why)) && !whole)
    err = fill(c, true, why);
  if (err)
    return err;
  *m = (struct client_message){f.kind, f.id,
                               span_of(c->in.p + c->in_at + frame_header_bytes, f.length)};
  c->in_at += frame_header_bytes + f.length;
  return SP_OK;
}

/* --- One request and its reply --- */

enum sp_err client_reply_error(struct span reply, struct fault *why) {
  char name[32], text[fault_text_max];
  size_t name_n, text_n;
  struct fault none;
  struct span error = json_find(reply, "error"), sentence = json_find(reply, "text");
  if (!error.p || json_string_read(error, name, sizeof name, &name_n, "error", &none))
    return SP_OK;
  if (!sentence.p || json_string_read(sentence, text, sizeof text - 1, &text_n, "text", &none))
    text_n = 0;
  for (int e = 1; e < SP_ERR_COUNT; e++)
    if (span_is(span_of(name, name_n), sp_err_name((enum sp_err)e)))
      return fault_set(why, (enum sp_err)e, "%.*s", (int)text_n, text);
  return fault_set(why, SP_UNAVAILABLE, "the engine answered with an error of another version");
}

/* A reply with id 0 says why the engine hangs up. */
static enum sp_err wait_for(struct client *c, uint64_t id, enum frame_kind kind,
                            struct span *payload, struct fault *why) {
  struct client_message m = {0};
  enum sp_err err;
  do
    err = client_receive(c, &m, why);
  while (!err && (m.kind == FRAME_EFFECT || (m.id != id && m.id != 0)));
  if (err)
    return err;
  *payload = m.payload;
  if (m.kind == FRAME_REPLY)
    err = client_reply_error(m.payload, why);
  return err || m.kind == kind
             ? err
             : fault_set(why, SP_UNAVAILABLE, "the engine answered as one of another version");
}

enum sp_err client_request(struct client *c, struct span json, struct span *reply,
                           struct fault *why) {
  uint64_t id = 0;
  enum sp_err err = client_send(c, FRAME_REQUEST, json, &id, why);
  return err ? err : wait_for(c, id, FRAME_REPLY, reply, why);
}

enum sp_err client_blob(struct client *c, struct span bytes, struct hash *hash, struct fault *why) {
  uint64_t id = 0;
  struct span reply = {0};
  enum sp_err err = client_send(c, FRAME_BLOB, bytes, &id, why);
  if (!err)
    err = wait_for(c, id, FRAME_REPLY, &reply, why);
  if (!err && hash)
    *hash = sha256_of(bytes);
  return err;
}

enum sp_err client_login(struct client *c, struct span name, struct span password,
                         char session[session_text_len + 1], struct fault *why) {
  struct buf json = {0};
  struct span reply = {0};
  size_t n;
  buf_puts(&json, "{\"login\":{\"name\":");
  json_string_put(&json, name);
  buf_puts(&json, ",\"password\":");
  json_string_put(&json, password);
  buf_puts(&json, "}}");
  enum sp_err err = json.failed ? fault_set(why, SP_NO_MEMORY, "out of memory")
                                : client_request(c, buf_span(&json), &reply, why);
  forget(&json);
  if (!err)
    err = json_string_read(json_find(reply, "session"), session, session_text_len, &n, "session",
                           why);
  if (!err && n != session_text_len)
    err = fault_set(why, SP_UNAVAILABLE, "the engine answered a login without a session");
  session[err ? 0 : session_text_len] = 0;
  if (c->in.p && !err) /* what was read held the session too */
    bytes_wipe(c->in.p, c->in_at);
  return err;
}

enum sp_err client_plan(struct client *c, struct buf *blob, struct fault *why) {
  uint64_t id = 0;
  struct span plan = {0};
  enum sp_err err = client_send(c, FRAME_REQUEST, SPAN_LIT("{\"plan\":{}}"), &id, why);
  if (!err)
    err = wait_for(c, id, FRAME_BLOB, &plan, why);
  if (!err)
    buf_put(blob, plan.p, plan.n);
  return !err && blob->failed ? fault_set(why, SP_NO_MEMORY, "out of memory for the plan") : err;
}

enum sp_err client_subscribe(struct client *c, struct fault *why) {
  uint64_t id = 0;
  struct span reply = {0};
  enum sp_err err = client_send(c, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"), &id, why);
  return err ? err : wait_for(c, id, FRAME_REPLY, &reply, why);
}
