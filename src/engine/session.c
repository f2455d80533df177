#include "engine/session.h"

#include "core/limits.h"
#include "engine/json.h"
#include "journal/sha256.h"

#include <string.h>

enum { login_pending_max = 4 }; /* of one operator: guesses cannot be made in parallel */

struct login {
  char name[operator_name_bytes_max];
  uint32_t name_n; /* 0 = not known here */
  uint32_t failures, pending;
  usec retry_at; /* after too many failures */
  struct password_verifier verifier;
};

struct session {
  struct hash token; /* SHA-256 of it */
  uint32_t operator_index;
  usec ends, used; /* monotonic */
};

struct sessions {
  uint32_t n_sessions, n_logins; /* logins known are below n_logins */
  struct login unknown;          /* stands for every name that is not known */
  struct session at[sessions_max];
  struct login logins[operators_max];
};

struct sessions *sessions_new(void) {
  struct sessions *s = sp_alloc(1, sizeof *s);
  if (s)
    s->unknown.verifier =
        (struct password_verifier){.n = password_n, .r = password_r, .p = password_p};
  return s;
}

void sessions_free(struct sessions *s) {
  if (s)
    bytes_wipe(s, sizeof *s);
  sp_free(s);
}

/* --- Operators --- */

enum sp_err operator_name_check(struct span name, struct fault *why) {
  bool ok = name.n > 0 && name.n <= operator_name_bytes_max && name.p[0] != ' ' &&
            name.p[name.n - 1] != ' ';
  for (size_t i = 0; ok && i < name.n; i++)
    ok = name.p[i] >= 0x20 && name.p[i] != 0x7f;
  return ok ? SP_OK
            : fault_set(why, SP_INVALID,
                        "a login name has 1 to %d bytes, no control characters and no space at "
                        "its ends",
                        operator_name_bytes_max);
}

void operator_details_put(struct buf *out, struct span name, const struct password_verifier *v) {
  buf_puts(out, "{\"name\":");
  json_string_put(out, name);
  buf_puts(out, ",\"scrypt\":");
  password_verifier_put(out, v);
  buf_puts(out, "}");
}

enum sp_err sessions_know(struct sessions *s, uint32_t operator_index, struct span details,
                          struct fault *why) {
  SP_ASSERT(operator_index < operators_max);
  struct login login = {.name_n = 0};
  struct json_member m[] = {{"name", {0}}, {"scrypt", {0}}};
  size_t n;
  enum sp_err err = json_members(details, m, 2, 3, "an operator's details", why);
  if (!err)
    err =
        json_string_read(m[0].value, login.name, sizeof login.name, &n, "an operator's name", why);
  if (!err)
    err = operator_name_check(span_of(login.name, n), why);
  if (!err)
    err = password_verifier_read(&login.verifier, m[1].value, why);
  if (err) {
    if (why)
      why->err = SP_CORRUPT;
    return SP_CORRUPT;
  }
  login.name_n = (uint32_t)n;
  s->logins[operator_index] = login;
  if (s->n_logins <= operator_index)
    s->n_logins = operator_index + 1;
  return SP_OK;
}

uint32_t sessions_find(const struct sessions *s, struct span name) {
  for (uint32_t i = 0; i < s->n_logins; i++)
    if (s->logins[i].name_n && span_eq(name, span_of(s->logins[i].name, s->logins[i].name_n)))
      return i;
  return REF_ABSENT;
}

/* --- Logging in --- */

static struct login *login_of(struct sessions *s, uint32_t operator_index) {
  SP_ASSERT(operator_index == REF_ABSENT || operator_index < operators_max);
  return operator_index == REF_ABSENT ? &s->unknown : &s->logins[operator_index];
}

enum sp_err login_begin(struct sessions *s, uint32_t operator_index, usec mono,
                        struct password_verifier *v, struct fault *why) {
  struct login *l = login_of(s, operator_index);
  if (l->failures >= login_free_tries && mono < l->retry_at)
    return fault_set(why, SP_DENIED, "too many wrong passwords: try again in %lld s",
                     (long long)((l->retry_at - mono + USEC_PER_S - 1) / USEC_PER_S));
  if (l->pending >= login_pending_max)
    return fault_set(why, SP_BUSY, "others log in under this name right now: try again");
  l->pending++;
  *v = l->verifier;
  return SP_OK;
}

void login_end(struct sessions *s, uint32_t operator_index, usec mono, bool right) {
  struct login *l = login_of(s, operator_index);
  SP_ASSERT(l->pending > 0);
  l->pending--;
  if (right) {
    l->failures = 0;
    return;
  }
  l->failures += l->failures < UINT32_MAX;
  if (l->failures < login_free_tries)
    return;
  uint32_t doublings = l->failures - login_free_tries;
  int64_t wait_s = doublings < 16 ? INT64_C(1) << doublings : login_wait_s_max;
  l->retry_at = mono + (wait_s < login_wait_s_max ? wait_s : login_wait_s_max) * USEC_PER_S;
}

/* --- Sessions --- */

static bool is_over(const struct session *x, usec mono) {
  return mono >= x->ends || mono - x->used >= (usec)session_idle_minutes_max * 60 * USEC_PER_S;
}

static void drop(struct sessions *s, uint32_t i) {
  s->at[i] = s->at[--s->n_sessions];
  bytes_wipe(&s->at[s->n_sessions], sizeof s->at[0]);
}

static void drop_over(struct sessions *s, usec mono) {
  for (uint32_t i = s->n_sessions; i-- > 0;)
    if (is_over(&s->at[i], mono))
      drop(s, i);
}

void session_add(struct sessions *s, const struct hash *token, uint32_t operator_index, usec mono) {
  drop_over(s, mono);
  if (s->n_sessions == sessions_max) {
    uint32_t oldest = 0;
    for (uint32_t i = 1; i < s->n_sessions; i++)
      if (s->at[i].used < s->at[oldest].used)
        oldest = i;
    drop(s, oldest);
  }
  s->at[s->n_sessions++] =
      (struct session){.token = sha256_of(span_of(token->b, sizeof token->b)),
                       .operator_index = operator_index,
                       .ends = mono + (usec)session_hours_max * 3600 * USEC_PER_S,
                       .used = mono};
}

/* What is compared is a hash that the asking client does not choose, so how long it takes tells
 * nothing of any token. */
static uint32_t find(const struct sessions *s, const struct hash *token) {
  struct hash h = sha256_of(span_of(token->b, sizeof token->b));
  for (uint32_t i = 0; i < s->n_sessions; i++)
    if (memcmp(s->at[i].token.b, h.b, sizeof h.b) == 0)
      return i;
  return REF_ABSENT;
}

enum sp_err session_use(struct sessions *s, const struct hash *token, usec mono,
                        uint32_t *operator_index, struct fault *why) {
  uint32_t i = find(s, token);
  if (i != REF_ABSENT && is_over(&s->at[i], mono)) {
    drop(s, i);
    i = REF_ABSENT;
  }
  if (i == REF_ABSENT)
    return fault_set(why, SP_DENIED, "this session is not known or is over: log in again");
  s->at[i].used = mono;
  *operator_index = s->at[i].operator_index;
  return SP_OK;
}

void session_end(struct sessions *s, const struct hash *token) {
  uint32_t i = find(s, token);
  if (i != REF_ABSENT)
    drop(s, i);
}

void sessions_end_of(struct sessions *s, uint32_t operator_index) {
  for (uint32_t i = s->n_sessions; i-- > 0;)
    if (s->at[i].operator_index == operator_index)
      drop(s, i);
}

uint32_t sessions_count(const struct sessions *s, usec mono) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_sessions; i++)
    n += !is_over(&s->at[i], mono);
  return n;
}
