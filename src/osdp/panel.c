#include "osdp/panel_int.h"

#include <string.h>

static usec time_of(const struct panel *p, size_t n_bytes) {
  return p->options.baud ? (usec)n_bytes * bits_a_char * USEC_PER_S / p->options.baud : 0;
}

struct panel *panel_new(const struct panel_options *options, const struct panel_ops *ops) {
  struct panel *p = sp_alloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->options = *options;
  p->ops = *ops;
  if (p->options.poll_ms == 0)
    p->options.poll_ms = panel_poll_ms;
  return p;
}

static void forget(struct panel *p, uint8_t address) {
  struct peer *x = p->peers[address];
  while (x->n_queue)
    queue_drop(p, x, 0);
  osdp_secure_wipe(&x->session);
  bytes_wipe(x, sizeof *x);
  sp_free(x);
  p->peers[address] = NULL;
}

void panel_free(struct panel *p) {
  for (uint32_t i = 0; p && i < panel_peripherals_max; i++)
    if (p->peers[i])
      forget(p, (uint8_t)i);
  if (p)
    bytes_wipe(p, sizeof *p);
  sp_free(p);
}

enum sp_err panel_put(struct panel *p, const struct panel_peripheral *is, usec now) {
  if (is->address > osdp_address_max)
    return SP_INVALID;
  struct peer *x = p->peers[is->address];
  if (x)
    peer_lost(p, x, PANEL_WHY_DROPPED, now);
  else if (!(x = sp_alloc(1, sizeof *x)))
    return SP_NO_MEMORY;
  p->peers[is->address] = x;
  x->is = *is;
  x->installs = is->security == PANEL_INSTALL;
  if (is->security == PANEL_KEY)
    memcpy(x->known_key, is->key, osdp_key_bytes);
  else
    bytes_wipe(x->known_key, sizeof x->known_key);
  x->crc = !p->options.checksum;
  x->next_at = now;
  x->probe_ms = 0;
  x->tried_other = false;
  return SP_OK;
}

void panel_remove(struct panel *p, uint8_t address, usec now) {
  if (address > osdp_address_max || !p->peers[address])
    return;
  peer_lost(p, p->peers[address], PANEL_WHY_DROPPED, now);
  forget(p, address);
}

void panel_line(struct panel *p, bool up, usec now) {
  p->up = up;
  p->n_in = 0;
  p->asked = NULL;
  p->free_at = p->probe_at = now;
  for (uint32_t i = 0; i < panel_peripherals_max; i++)
    if (p->peers[i]) {
      peer_lost(p, p->peers[i], PANEL_WHY_DROPPED, now);
      p->peers[i]->probe_ms = 0;
      p->peers[i]->answered_at = now;
    }
}

/* --- What comes in --- */

/* Who takes long to say that there is nothing new is asked less often, so that of many one has no
 * more than a share of the line. Where all are alike that is how often it would be its turn anyway.
 */
static void share_line(const struct panel *p, struct peer *x, usec now) {
  uint32_t others = 0;
  for (uint32_t i = 0; i < panel_peripherals_max && others < shares_max; i++)
    others += p->peers[i] && p->peers[i]->told_online;
  usec at = p->asked_at + (usec)others * (now - p->asked_at);
  if (x->step == STEP_ONLINE && x->n_frame == 0 && x->drained_at == x->made_at && at > x->next_at)
    x->next_at = at;
}

/* Looks through what came in; true: the answer was among it. *damaged: what looks like it and is
 * none. */
static bool look(struct panel *p, bool *damaged, usec now) {
  struct peer *x = p->asked;
  bool answered = false;
  for (;;) {
    struct osdp_frame f;
    size_t used = 0;
    enum osdp_found found = osdp_frame_find(span_of(p->in, p->n_in), &f, &used);
    if (found == OSDP_FOUND_DAMAGED && x) {
      x->status.damaged++;
      *damaged |= p->n_in > used && p->in[used] == (x->is.address | 0x80);
    }
    if (found == OSDP_FOUND_FRAME && x && f.reply && f.address == x->is.address)
      answered = peer_answer(p, x, &f, now);
    if (answered)
      share_line(p, x, now);
    if (answered)
      used = p->n_in; /* one answer a question: what follows is nobody's */
    bytes_wipe(p->in, used);
    memmove(p->in, p->in + used, p->n_in - used);
    p->n_in -= used;
    if (answered || found == OSDP_FOUND_NOTHING)
      return answered;
  }
}

/* Noise prolongs what is waited for by a gap; only what begins like its answer by a frame. */
static void wait_for_more(struct panel *p, usec now) {
  bool answers = p->n_in && (p->n_in < 2 || p->in[1] == (p->asked->is.address | 0x80));
  usec last = answers ? p->deadline_frame : p->deadline_noise;
  usec gap = now + gap_ms * USEC_PER_MS;
  gap = gap < last ? gap : last;
  p->deadline = gap > p->deadline ? gap : p->deadline;
}

void panel_input(struct panel *p, struct span bytes, usec now) {
  /* Silence is waited for, but not for ever: one who never stops would stop us from noticing. */
  usec idle = now + time_of(p, idle_chars);
  p->free_at = idle < p->deadline_noise ? idle : p->deadline_noise;
  while (bytes.n && p->up) {
    size_t n = sizeof p->in - p->n_in;
    n = bytes.n < n ? bytes.n : n;
    memcpy(p->in + p->n_in, bytes.p, n);
    p->n_in += n;
    bytes = span_of(bytes.p + n, bytes.n - n);
    bool damaged = false;
    if (look(p, &damaged, now) || !p->asked)
      p->n_in = 0;
    else if (p->n_in == sizeof p->in) /* cannot be: a frame is half as long */
      p->n_in = 0;
    if (p->asked && damaged) /* another will not come by itself */
      p->deadline = now + damage_ms * USEC_PER_MS;
    else if (p->asked)
      wait_for_more(p, now);
  }
}

/* --- Silence --- */

static bool anyone_online(const struct panel *p) {
  for (uint32_t i = 0; i < panel_peripherals_max; i++)
    if (p->peers[i] && p->peers[i]->told_online)
      return true;
  return false;
}

static void wait_longer(struct panel *p, struct peer *x, usec now) {
  static const uint16_t again_ms[] = {0, 100, 500, 1000, 1500, 2000};
  uint32_t last = sizeof again_ms / sizeof again_ms[0] - 1;
  if (x->told_online) {
    x->next_at = now + (usec)again_ms[x->tries < last ? x->tries : last] * USEC_PER_MS;
    return;
  }
  x->probe_ms = x->probe_ms < probe_ms_min ? probe_ms_min : x->probe_ms * 2;
  x->probe_ms = x->probe_ms > probe_ms_max ? probe_ms_max : x->probe_ms;
  x->next_at = now + (usec)x->probe_ms * USEC_PER_MS;
  if (anyone_online(p))
    p->probe_at = now + probe_pause_ms * USEC_PER_MS;
}

/* Whoever did not answer a try and has not answered for so long is gone. That is looked at after
 * every try, whosever it was: on a line that is cut a round of them takes seconds. */
static void give_up(struct panel *p, usec now) {
  for (uint32_t i = 0; i < panel_peripherals_max; i++) {
    struct peer *x = p->peers[i];
    if (x && (x->told_online || x->told_insecure) && x->tries &&
        now - x->answered_at >= (usec)panel_offline_ms * USEC_PER_MS) {
      peer_lost(p, x, PANEL_WHY_SILENT, now);
      wait_longer(p, x, now);
    }
  }
}

static void on_silence(struct panel *p, usec now) {
  struct peer *x = p->asked;
  bool damaged = false;
  while (p->n_in && p->asked == x) { /* a 53 in noise may hide the answer */
    memmove(p->in, p->in + 1, --p->n_in);
    if (look(p, &damaged, now))
      return;
  }
  if (p->asked != x)
    return;
  p->asked = NULL;
  x->status.retries++;
  if (x->told_online && now - x->answered_at >= (usec)panel_offline_ms * USEC_PER_MS)
    peer_lost(p, x, PANEL_WHY_SILENT, now);
  wait_longer(p, x, now);
  x->tries++;
  if (!x->told_online && x->step == STEP_IDENTIFY && x->sequence == 0) {
    x->crc = !x->crc; /* it may not know the one kind of check */
    x->n_frame = 0;
  } else if (!x->told_online) {
    peer_restart(p, x, PANEL_WHY_SILENT, x->next_at);
  }
  give_up(p, now);
}

/* --- What goes out --- */

/* When this one may be asked: a command before the poll that is due anyway. */
static usec due_at(const struct panel *p, const struct peer *x) {
  usec at = x->next_at;
  if (!x->told_online && p->probe_at > at)
    at = p->probe_at;
  if (x->step == STEP_ONLINE && x->n_frame == 0 && x->n_queue && x->queue[0].due < at)
    return x->queue[0].due;
  return at;
}

static struct peer *next(const struct panel *p, usec *due) {
  struct peer *best = NULL;
  for (uint32_t i = 0; i < panel_peripherals_max; i++) {
    struct peer *x = p->peers[i];
    usec at = x ? due_at(p, x) : 0;
    if (x && (!best || at < *due)) {
      best = x;
      *due = at;
    }
  }
  return best;
}

/* A command that was sent and whose time is over: sent once more, it would come too late. */
static bool too_late(const struct peer *x, usec now) {
  return x->n_frame && x->has_command && x->queue[0].before != TIME_ABSENT &&
         x->queue[0].before < now;
}

struct span panel_output(struct panel *p, usec now) {
  static const struct span nothing = {0};
  usec due = 0;
  if (p->up && p->asked && now >= p->deadline)
    on_silence(p, now);
  if (!p->up || p->asked || now < p->free_at || !events_have_room(p))
    return nothing;
  struct peer *x = next(p, &due);
  if (!x || due > now)
    return nothing;
  if (too_late(x, now))
    peer_restart(p, x, PANEL_WHY_RESTARTED, now);
  if (x->n_frame == 0) {
    if (!peer_ask(p, x, now)) {
      x->next_at = now + USEC_PER_S; /* no memory */
      return nothing;
    }
    x->made_at = now;
  }
  usec end = now + time_of(p, x->n_frame);
  p->asked = x;
  p->asked_at = now;
  p->n_in = 0;
  p->deadline = end + panel_reply_ms * USEC_PER_MS;
  p->deadline_noise = p->deadline + gap_ms * USEC_PER_MS;
  p->deadline_frame = p->deadline_noise + time_of(p, osdp_frame_max);
  x->next_at = now + (usec)p->options.poll_ms * USEC_PER_MS;
  x->status.polls += x->code == OSDP_POLL;
  return span_of(x->frame, x->n_frame);
}

usec panel_due(const struct panel *p) {
  usec due = TIME_ABSENT;
  if (!p->up)
    return TIME_ABSENT;
  if (p->asked)
    return p->deadline;
  if (!events_have_room(p) || !next(p, &due))
    return TIME_ABSENT;
  return due > p->free_at ? due : p->free_at;
}

bool panel_status(const struct panel *p, uint8_t address, struct panel_status *s) {
  const struct peer *x = address <= osdp_address_max ? p->peers[address] : NULL;
  if (!x)
    return false;
  *s = x->status;
  s->online = x->told_online;
  s->secure = x->secure;
  s->why = x->told_online ? PANEL_WHY_NONE : x->why;
  s->queued = x->n_queue;
  return true;
}
