#include "osdp/panel_int.h"

#include <string.h>

static void tell_insecure(struct panel *p, struct peer *x, enum panel_why why, usec now);

/* --- Going back --- */

/* At every way out of a session, so that nothing of it is left. */
static void begin_anew(struct panel *p, struct peer *x) {
  if (x->has_command && x->queue[0].code == OSDP_KEYSET) { /* it may have taken it */
    SP_ASSERT(x->queue[0].n == 2 + osdp_key_bytes);
    memcpy(x->is.next_key, x->queue[0].data + 2, osdp_key_bytes);
    x->is.has_next = true;
  }
  if (x->has_command)
    queue_end(p, x, PANEL_LOST);
  bytes_wipe(x->frame, sizeof x->frame);
  x->n_frame = 0;
  x->tries = 0;
  x->sequence = 0;
  x->secure = false;
  x->wrong_macs = 0;
  osdp_secure_wipe(&x->session);
  x->step = STEP_IDENTIFY;
  if (p->asked == x)
    p->asked = NULL;
}

void peer_restart(struct panel *p, struct peer *x, enum panel_why why, usec now) {
  x->why = why;
  begin_anew(p, x);
  x->next_at = now;
  if (!x->told_online || ++x->restarts <= restarts_max)
    return;
  if (why == PANEL_WHY_MAC)
    tell_insecure(p, x, why, now);
  else
    peer_lost(p, x, why, now);
}

/* Its session is over, and what waits is lost; nothing is said of itself. */
static void drop(struct panel *p, struct peer *x, enum panel_why why, usec now) {
  x->why = why;
  begin_anew(p, x);
  x->next_at = now;
  x->restarts = 0;
  x->told_online = x->tried_other = false;
  while (x->n_queue) {
    x->has_command = false;
    struct panel_event *e = event_new(p, PANEL_LOST, x);
    e->code = x->queue[0].code;
    e->tag = x->queue[0].tag;
    queue_drop(p, x, 0);
  }
}

void peer_lost(struct panel *p, struct peer *x, enum panel_why why, usec now) {
  bool told = x->told_online || x->told_insecure;
  drop(p, x, why, now);
  x->told_insecure = PANEL_WHY_NONE;
  if (told)
    event_new(p, PANEL_OFFLINE, x);
}

/* It is there, and not as it must be: told once, and asked again ever less often. */
static void tell_insecure(struct panel *p, struct peer *x, enum panel_why why, usec now) {
  drop(p, x, why, now);
  if (x->told_insecure != why)
    event_new(p, PANEL_INSECURE, x);
  x->told_insecure = why;
  x->probe_ms = x->probe_ms < probe_ms_min       ? probe_ms_min
                : x->probe_ms > probe_ms_max / 2 ? probe_ms_max
                                                 : x->probe_ms * 2;
  x->next_at = now + (usec)x->probe_ms * USEC_PER_MS;
}

/* The key that it may have instead, if there is one: of a change or of the installation, whose end
 * nobody has heard. */
static bool take_other_key(struct peer *x, enum panel_why why) {
  if (x->installs) {
    x->is.security = x->is.security == PANEL_KEY ? PANEL_INSTALL : PANEL_KEY;
    return x->step != STEP_SET_KEY; /* there it has said that it takes none */
  }
  if (why != PANEL_WHY_WRONG_KEY || !x->is.has_next)
    return false;
  uint8_t key[osdp_key_bytes];
  memcpy(key, x->is.key, sizeof key);
  memcpy(x->is.key, x->is.next_key, sizeof key);
  memcpy(x->is.next_key, key, sizeof key);
  bytes_wipe(key, sizeof key);
  return true;
}

/* That it has the other of two keys is no alarm: it is told once neither fits. */
static void refuse(struct panel *p, struct peer *x, enum panel_why why, usec now) {
  if (!take_other_key(x, why) || x->tried_other) {
    tell_insecure(p, x, why, now);
    return;
  }
  x->tried_other = true;
  x->why = why;
  begin_anew(p, x);
  x->next_at = now;
}

/* --- Going on --- */

static void go_online(struct panel *p, struct peer *x, usec now) {
  x->step = STEP_ONLINE;
  x->drained = x->quiet = false;
  x->probe_ms = 0;
  x->installs = x->is.has_next = false;
  bytes_wipe(x->is.next_key, sizeof x->is.next_key);
  x->told_insecure = PANEL_WHY_NONE;
  x->tried_other = false;
  if (x->secure && !bytes_equal_ct(x->is.key, x->known_key, osdp_key_bytes)) {
    memcpy(x->known_key, x->is.key, osdp_key_bytes);
    event_new(p, PANEL_KEY_SET, x)->tag = x->key_tag;
  } else if (x->key_tag) {
    struct panel_event *e = event_new(p, PANEL_FAILED, x);
    e->code = OSDP_KEYSET;
    e->tag = x->key_tag;
  }
  x->key_tag = 0;
  /* Said again after a session was lost: whoever knows what its outputs were no longer does. */
  event_new(p, PANEL_ONLINE, x);
  x->told_online = true;
  x->why = PANEL_WHY_NONE;
  x->online_at = now;
  x->status.sessions++;
}

/* One that does not tell it again in its session is taken at its first word. */
static bool take_id(struct peer *x, const struct osdp_frame *f) {
  struct span data = f->data;
  if (f->code == OSDP_NAK)
    return x->secure;
  return f->code == OSDP_PDID &&
         osdp_decode(osdp_message_of(true, OSDP_PDID), &data, &x->status.id, NULL) == SP_OK;
}

/* One that refuses the question tells of no capability. */
static bool take_capabilities(struct peer *x, const struct osdp_frame *f) {
  const struct osdp_message *m = osdp_message_of(true, OSDP_PDCAP);
  struct span data = f->data;
  struct panel_status *s = &x->status;
  s->n_capabilities = 0;
  if (f->code == OSDP_NAK)
    return true;
  while (f->code == OSDP_PDCAP && data.n) {
    struct osdp_pdcap c;
    if (osdp_decode(m, &data, &c, NULL))
      return false;
    if (s->n_capabilities < sizeof s->capabilities / sizeof s->capabilities[0])
      s->capabilities[s->n_capabilities++] = c;
    if (c.function == OSDP_CAP_CHECK && !x->secure)
      x->crc = c.compliance != 0;
  }
  return f->code == OSDP_PDCAP;
}

static bool take_ccrypt(struct panel *p, struct peer *x, const struct osdp_frame *f, usec now) {
  struct osdp_ccrypt c;
  uint8_t theirs[aes_block], ours[aes_block], rmac[aes_block];
  struct span data = f->data;
  bool install = x->is.security == PANEL_INSTALL;
  if (f->code == OSDP_NAK) {
    peer_answered(x, now);
    refuse(p, x, PANEL_WHY_NO_SECURE, now);
    return true;
  }
  if (f->code != OSDP_CCRYPT || f->block != OSDP_SCS_12 || f->n_key != 1 ||
      osdp_decode(osdp_message_of(true, OSDP_CCRYPT), &data, &c, NULL))
    return false;
  peer_answered(x, now);
  osdp_secure_cryptograms(&x->session, c.random, theirs, ours, rmac);
  if (f->key != !install)
    refuse(p, x, install ? PANEL_WHY_WRONG_KEY : PANEL_WHY_DEFAULT_KEY, now);
  else if (!bytes_equal_ct(theirs, c.cryptogram, aes_block))
    refuse(p, x, PANEL_WHY_WRONG_KEY, now);
  else
    x->step = STEP_PROVE;
  return true;
}

static bool take_rmac(struct panel *p, struct peer *x, const struct osdp_frame *f, usec now) {
  if (f->code == OSDP_NAK) {
    peer_answered(x, now);
    refuse(p, x, PANEL_WHY_WRONG_KEY, now);
    return true;
  }
  if (f->code != OSDP_RMAC_I || f->block != OSDP_SCS_14 || f->data.n != aes_block)
    return false;
  peer_answered(x, now);
  if (f->n_key != 1 || f->key != 1 || !bytes_equal_ct(f->data.p, x->session.reply_mac, aes_block)) {
    refuse(p, x, PANEL_WHY_WRONG_KEY, now);
    return true;
  }
  x->secure = true;
  x->step = STEP_IDENTIFY_AGAIN;
  return true;
}

/* The peripheral has the new key, and ends the session. Should it not have kept it after all, the
 * old one is tried too. */
static void take_key_set(struct panel *p, struct peer *x, usec now) {
  if (x->step == STEP_SET_KEY) {
    x->is.security = PANEL_KEY;
  } else {
    const struct waiting *w = &x->queue[0];
    SP_ASSERT(w->n == 2 + osdp_key_bytes);
    memcpy(x->is.next_key, x->is.key, osdp_key_bytes);
    memcpy(x->is.key, w->data + 2, osdp_key_bytes);
    x->is.has_next = true;
    x->key_tag = w->tag;
    queue_drop(p, x, 0); /* told when the session stands */
    x->has_command = false;
  }
  peer_restart(p, x, PANEL_WHY_RESTARTED, now);
}

/* It answers at its old address once more, and then at the new one. */
static bool take_address(struct panel *p, struct peer *x, struct span data, usec now) {
  struct osdp_comset com;
  if (osdp_decode(osdp_message_of(true, OSDP_COM), &data, &com, NULL) ||
      com.address > osdp_address_max || (p->peers[com.address] && p->peers[com.address] != x))
    return false;
  queue_end(p, x, PANEL_DONE);
  p->peers[x->is.address] = NULL;
  p->peers[com.address] = x;
  x->is.address = com.address;
  peer_restart(p, x, PANEL_WHY_RESTARTED, now);
  return true;
}

/* The answer to a poll or a command. */
static void take_online(struct panel *p, struct peer *x, const struct osdp_frame *f, usec now) {
  uint64_t tag = x->has_command ? x->queue[0].tag : 0;
  uint8_t asked = x->code;
  peer_answered(x, now);
  if (f->code == OSDP_NAK) {
    uint8_t reason = f->data.n ? f->data.p[0] : 0;
    if (x->has_command)
      queue_end(p, x, PANEL_FAILED)->nak = reason;
    if (reason == OSDP_NAK_SEQUENCE || reason == OSDP_NAK_SECURE || reason == OSDP_NAK_BLOCK)
      peer_restart(p, x, PANEL_WHY_RESTARTED, now);
    return;
  }
  if (asked == OSDP_KEYSET && f->code == OSDP_ACK) {
    take_key_set(p, x, now);
    return;
  }
  if (asked == OSDP_COMSET && f->code == OSDP_COM && take_address(p, x, f->data, now))
    return;
  if (now - x->online_at >= (usec)settled_ms * USEC_PER_MS)
    x->restarts = 0;
  bool fresh = x->drained && now - x->drained_at <= (usec)panel_late_ms * USEC_PER_MS;
  if (f->code != OSDP_ACK)
    event_reply(p, x, f->code, tag, f->data)->late = tag == 0 && !fresh;
  bool quiet = asked == OSDP_POLL && f->code == OSDP_ACK;
  if (x->has_command)
    queue_end(p, x, asked == OSDP_KEYSET || asked == OSDP_COMSET ? PANEL_FAILED : PANEL_DONE);
  if (quiet && !x->quiet)
    event_new(p, PANEL_QUIET, x);
  x->quiet = quiet;
  if (quiet) {
    x->drained = true;
    x->drained_at = x->made_at;
  }
}

/* In clear it may be anyone's, and the right one may still come. */
static bool no_sense(struct panel *p, struct peer *x, usec now) {
  bool secure = x->secure;
  if (secure)
    refuse(p, x, PANEL_WHY_MAC, now);
  return secure;
}

/* In the order of the steps; false: it is no answer to what was asked. */
static bool take(struct panel *p, struct peer *x, const struct osdp_frame *f, usec now) {
  switch (x->step) {
  case STEP_IDENTIFY:
  case STEP_IDENTIFY_AGAIN:
    if (!take_id(x, f))
      return no_sense(p, x, now);
    break;
  case STEP_CAPABILITIES:
  case STEP_CAPABILITIES_AGAIN:
    if (!take_capabilities(x, f))
      return no_sense(p, x, now);
    break;
  case STEP_CHALLENGE:
    return take_ccrypt(p, x, f, now);
  case STEP_PROVE:
    return take_rmac(p, x, f, now);
  case STEP_SET_KEY:
    peer_answered(x, now);
    if (f->code == OSDP_ACK)
      take_key_set(p, x, now);
    else
      refuse(p, x, PANEL_WHY_NO_SECURE, now);
    return true;
  case STEP_ONLINE:
    take_online(p, x, f, now);
    return true;
  case STEP_COUNT:
    SP_NEVER("a step that is none");
  }
  peer_answered(x, now);
  if (x->step == STEP_CAPABILITIES && x->is.security == PANEL_CLEAR)
    go_online(p, x, now);
  else if (x->step == STEP_CAPABILITIES_AGAIN && x->is.security != PANEL_INSTALL)
    go_online(p, x, now);
  else
    x->step++;
  return true;
}

/* --- What came in --- */

/* The same frame, unless it has not answered anything else for too long. */
static void ask_again(struct panel *p, struct peer *x, usec after_ms, usec now) {
  p->asked = NULL;
  if (x->told_online && now - x->answered_at >= (usec)panel_offline_ms * USEC_PER_MS)
    peer_lost(p, x, PANEL_WHY_SILENT, now);
  x->next_at = now + (x->told_online ? after_ms : probe_ms_min) * USEC_PER_MS;
}

/* In a session only BUSY and NAK come in clear. Anyone can have sent them: they bring nothing about
 * but another question, or a new session. */
static bool answer_in_clear(struct panel *p, struct peer *x, const struct osdp_frame *f, usec now) {
  uint8_t reason = f->data.n ? f->data.p[0] : 0;
  if (f->code != OSDP_NAK)
    return false;
  x->status.naks++;
  if (reason == OSDP_NAK_CHECK)
    ask_again(p, x, 0, now);
  else
    peer_restart(p, x, PANEL_WHY_RESTARTED, now);
  return true;
}

bool peer_answer(struct panel *p, struct peer *x, struct osdp_frame *f, usec now) {
  bool in_clear = f->block == OSDP_BLOCK_NONE;
  uint8_t nak = in_clear && f->code == OSDP_NAK && f->data.n ? f->data.p[0] : 0;
  if (in_clear && f->code == OSDP_BUSY) {
    x->status.busy++;
    ask_again(p, x, busy_ms, now);
    return true;
  }
  /* One that has started anew does not know the number either. */
  if (f->sequence != x->sequence && !(nak == OSDP_NAK_SEQUENCE && f->sequence == 0))
    return false;
  if (x->secure && in_clear)
    return answer_in_clear(p, x, f, now);
  if (x->secure && osdp_secure_open(&x->session, f, p->plain)) {
    x->status.mac_wrong++;
    if (++x->wrong_macs >= wrong_macs_max)
      peer_restart(p, x, PANEL_WHY_MAC, now);
    else
      ask_again(p, x, 0, now);
    return true;
  }
  if (nak == OSDP_NAK_CHECK) { /* the frame was damaged on its way */
    x->status.naks++;
    ask_again(p, x, 0, now);
    return true;
  }
  if (nak == OSDP_NAK_SEQUENCE) {
    x->status.naks++;
    bool first = x->sequence == 0; /* it begins where it likes: no faster than any that fails */
    peer_restart(p, x, PANEL_WHY_RESTARTED, now);
    x->next_at += first ? probe_ms_min * USEC_PER_MS : 0;
    return true;
  }
  if (f->block != OSDP_BLOCK_NONE && !x->secure && x->step != STEP_CHALLENGE &&
      x->step != STEP_PROVE)
    return false;
  if (f->code == OSDP_NAK)
    x->status.naks++;
  x->status.replies++;
  if (!take(p, x, f, now))
    return false;
  if (p->asked == x)
    p->asked = NULL;
  return true;
}
