/* client.h: a small blocking client of the engine's socket, for the command line and the bench.
 * One thread a client. */
#ifndef SP_ENGINE_CLIENT_H
#define SP_ENGINE_CLIENT_H

#include "base/record.h"
#include "engine/frame.h"

struct client;

/* Connects to DIR/engine.sock. SP_UNAVAILABLE: nobody serves this site, and how to. */
enum sp_err client_open(struct client **out, const char *dir, struct fault *why) SP_MUST_USE;
void client_close(struct client *c); /* NULL is fine */
int client_fd(const struct client *c);

/* Puts a frame into the outgoing buffer; *id, which may be NULL, is what its reply will bear. It
 * goes out with client_flush, or when much has gathered, or with the next client_receive. */
enum sp_err client_send(struct client *c, enum frame_kind kind, struct span payload, uint64_t *id,
                        struct fault *why) SP_MUST_USE;
enum sp_err client_flush(struct client *c, struct fault *why) SP_MUST_USE;

struct client_message {
  enum frame_kind kind; /* REPLY, BLOB or EFFECT */
  uint64_t id;
  struct span payload; /* valid until the next call with this client */
};
/* The next message, whichever it is; waits for it. SP_UNAVAILABLE: the engine is gone. */
enum sp_err client_receive(struct client *c, struct client_message *m,
                           struct fault *why) SP_MUST_USE;
/* Whether a whole message lies in the buffer already. */
bool client_has_message(const struct client *c);

/* Sends one request (wiped from the client's memory after it went out) and waits for its reply;
 * effects that come meanwhile are dropped. {"error":…} comes back as its enum sp_err with its
 * sentence; decisions, refused ones too, are SP_OK. */
enum sp_err client_request(struct client *c, struct span json, struct span *reply,
                           struct fault *why) SP_MUST_USE;
/* SP_OK, or the code and sentence of a reply {"error":…}. */
enum sp_err client_reply_error(struct span reply, struct fault *why) SP_MUST_USE;

/* Uploads bytes for a later command of this connection; *hash, which may be NULL, names them. */
enum sp_err client_blob(struct client *c, struct span bytes, struct hash *hash,
                        struct fault *why) SP_MUST_USE;
enum { session_text_len = 64 };
/* Logs an operator in. The session is a secret: wipe it. SP_DENIED. */
enum sp_err client_login(struct client *c, struct span name, struct span password,
                         char session[session_text_len + 1], struct fault *why) SP_MUST_USE;
/* Appends the plan in force (plan/plan_blob.h). SP_NOT_FOUND: there is none yet. */
enum sp_err client_plan(struct client *c, struct buf *blob, struct fault *why) SP_MUST_USE;
enum sp_err client_subscribe(struct client *c, struct fault *why) SP_MUST_USE;

#endif
