#include "osdp/panel_int.h"

#include <string.h>

/* In clear, or within the session where one stands. */
static bool make(struct panel *p, struct peer *x, struct osdp_frame f) {
  f.address = x->is.address;
  f.sequence = x->sequence;
  f.crc = x->crc;
  x->frame[0] = osdp_mark;
  uint8_t *out = x->frame + 1;
  size_t n = 0;
  (void)p;
  if (x->secure) {
    n = osdp_secure_seal(&x->session, &f, out);
  } else if (osdp_frame_size(&f)) {
    n = osdp_frame_open(out, &f);
    n = osdp_frame_close(out, n, &f);
  }
  if (n == 0)
    return false;
  x->n_frame = n + 1;
  x->code = f.code;
  x->tries = 0;
  return true;
}

static bool ask_plainly(struct panel *p, struct peer *x, uint8_t code) {
  static const uint8_t standard[] = {0};
  return make(p, x, (struct osdp_frame){.code = code, .data = span_of(standard, 1)});
}

static bool challenge(struct panel *p, struct peer *x) {
  uint8_t a[osdp_random_bytes];
  bool install = x->is.security == PANEL_INSTALL;
  p->ops.random(p->ops.ctx, a, sizeof a);
  if (osdp_secure_begin(&x->session, install ? osdp_scbk_d : x->is.key, a))
    return false;
  return make(p, x,
              (struct osdp_frame){.code = OSDP_CHLNG,
                                  .block = OSDP_SCS_11,
                                  .n_key = 1,
                                  .key = !install,
                                  .data = span_of(a, sizeof a)});
}

/* The cryptogram was made when CCRYPT came: cryptograms are functions of both random numbers. */
static bool prove(struct panel *p, struct peer *x) {
  uint8_t theirs[aes_block], ours[aes_block], rmac[aes_block];
  osdp_secure_cryptograms(&x->session, x->session.b, theirs, ours, rmac);
  return make(p, x,
              (struct osdp_frame){.code = OSDP_SCRYPT,
                                  .block = OSDP_SCS_13,
                                  .n_key = 1,
                                  .key = x->is.security != PANEL_INSTALL,
                                  .data = span_of(ours, sizeof ours)});
}

static bool set_first_key(struct panel *p, struct peer *x) {
  struct osdp_keyset set = {.type = 1, .length = osdp_key_bytes};
  uint8_t data[2 + osdp_key_bytes];
  memcpy(set.key, x->is.key, osdp_key_bytes);
  size_t n = osdp_encode(osdp_message_of(false, OSDP_KEYSET), &set, data, 0);
  bool made = make(p, x, (struct osdp_frame){.code = OSDP_KEYSET, .data = span_of(data, n)});
  bytes_wipe(&set, sizeof set);
  bytes_wipe(data, sizeof data);
  return made;
}

static bool go_on(struct panel *p, struct peer *x, usec now) {
  queue_expire(p, x, now);
  /* What waits there since before this session is fetched first, so that what comes then is new. */
  while (x->n_queue && (x->drained || x->queue[0].urgent)) {
    const struct waiting *w = &x->queue[0];
    x->has_command = true;
    if (make(p, x, (struct osdp_frame){.code = w->code, .data = span_of(w->data, w->n)}))
      return true;
    queue_end(p, x, PANEL_FAILED); /* too long for a frame with a MAC */
  }
  return make(p, x, (struct osdp_frame){.code = OSDP_POLL});
}

bool peer_ask(struct panel *p, struct peer *x, usec now) {
  switch (x->step) {
  case STEP_IDENTIFY:
  case STEP_IDENTIFY_AGAIN:
    return ask_plainly(p, x, OSDP_ID);
  case STEP_CAPABILITIES:
  case STEP_CAPABILITIES_AGAIN:
    return ask_plainly(p, x, OSDP_CAP);
  case STEP_CHALLENGE:
    return challenge(p, x);
  case STEP_PROVE:
    return prove(p, x);
  case STEP_SET_KEY:
    return set_first_key(p, x);
  case STEP_ONLINE:
    return go_on(p, x, now);
  case STEP_COUNT:
    break;
  }
  SP_NEVER("a step that is none");
}

void peer_answered(struct peer *x, usec now) {
  bytes_wipe(x->frame, x->n_frame);
  x->n_frame = 0;
  x->sequence = x->sequence == 3 ? 1 : (uint8_t)(x->sequence + 1);
  /* Of one that is online only what holds counts: anyone can answer in clear. */
  if (x->secure || !x->told_online || x->is.security == PANEL_CLEAR)
    x->answered_at = now;
  x->wrong_macs = 0;
  x->tries = 0;
}
