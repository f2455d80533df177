#include "osdp/panel_int.h"

#include <string.h>

/* --- Events --- */

struct panel_event *event_new(struct panel *p, enum panel_event_kind kind, const struct peer *x) {
  SP_ASSERT(p->n_events < events_max); /* panel_command and panel_output see to it */
  struct panel_event *e = &p->events[(p->first_event + p->n_events++) % events_max];
  *e = (struct panel_event){.kind = kind, .address = x->is.address, .why = x->why};
  return e;
}

struct panel_event *event_reply(struct panel *p, const struct peer *x, uint8_t code, uint64_t tag,
                                struct span data) {
  SP_ASSERT(p->n_replies < reply_slots && data.n <= osdp_frame_max);
  uint8_t *to = p->replies[(p->first_reply + p->n_replies++) % reply_slots];
  struct panel_event *e = event_new(p, PANEL_REPLY, x);
  if (data.n)
    memcpy(to, data.p, data.n);
  e->code = code;
  e->tag = tag;
  e->data = span_of(to, data.n);
  return e;
}

/* Whatever one exchange adds has room; what waits has too: see panel_command. */
bool events_have_room(const struct panel *p) {
  return p->n_replies < reply_slots &&
         p->n_events + p->n_queued + 4 * panel_peripherals_max < events_max;
}

bool panel_event(struct panel *p, struct panel_event *e) {
  if (p->reply_taken) {
    bytes_wipe(p->replies[p->first_reply], osdp_frame_max);
    p->first_reply = (p->first_reply + 1) % reply_slots;
    p->n_replies--;
    p->reply_taken = false;
  }
  if (p->n_events == 0)
    return false;
  *e = p->events[p->first_event];
  p->first_event = (p->first_event + 1) % events_max;
  p->n_events--;
  p->reply_taken = e->kind == PANEL_REPLY;
  return true;
}

/* --- Commands --- */

void queue_drop(struct panel *p, struct peer *x, uint32_t i) {
  struct waiting *w = &x->queue[i];
  if (w->data)
    bytes_wipe(w->data, w->n);
  sp_free(w->data);
  x->n_queue--;
  p->n_queued--;
  memmove(w, w + 1, (x->n_queue - i) * sizeof *w);
}

static struct panel_event *end(struct panel *p, struct peer *x, uint32_t i,
                               enum panel_event_kind kind) {
  struct waiting *w = &x->queue[i];
  struct panel_event *e = event_new(p, kind, x);
  e->code = w->code;
  e->tag = w->tag;
  e->sent = i == 0 && x->has_command;
  queue_drop(p, x, i);
  return e;
}

struct panel_event *queue_end(struct panel *p, struct peer *x, enum panel_event_kind kind) {
  SP_ASSERT(x->has_command && x->n_queue);
  struct panel_event *e = end(p, x, 0, kind);
  x->has_command = false;
  return e;
}

void queue_expire(struct panel *p, struct peer *x, usec now) {
  for (uint32_t i = x->has_command; i < x->n_queue;)
    if (x->queue[i].before != TIME_ABSENT && x->queue[i].before < now)
      end(p, x, i, PANEL_LOST);
    else
      i++;
}

static enum sp_err put(struct panel *p, uint8_t address, struct waiting w, struct span data,
                       usec now) {
  struct peer *x = address <= osdp_address_max ? p->peers[address] : NULL;
  if (!x)
    return SP_NOT_FOUND;
  if (!x->told_online)
    return SP_UNAVAILABLE;
  if (data.n > osdp_data_max)
    return SP_LIMIT;
  if (x->n_queue == panel_queue_max || !events_have_room(p))
    return SP_BUSY;
  if (data.n && !(w.data = sp_alloc(data.n, 1)))
    return SP_NO_MEMORY;
  if (data.n)
    memcpy(w.data, data.p, data.n);
  w.n = data.n;
  w.due = now - (w.urgent ? urgent_ms : (usec)p->options.poll_ms) * USEC_PER_MS;
  uint32_t at = x->n_queue;
  if (w.urgent) /* behind what is under way and other urgent ones */
    for (at = x->has_command; at < x->n_queue && x->queue[at].urgent;)
      at++;
  memmove(&x->queue[at + 1], &x->queue[at], (x->n_queue - at) * sizeof w);
  x->queue[at] = w;
  x->n_queue++;
  p->n_queued++;
  return SP_OK;
}

enum sp_err panel_command(struct panel *p, uint8_t address, uint8_t code, struct span data,
                          uint64_t tag, usec before, bool urgent, usec now) {
  if (code == OSDP_KEYSET || code == OSDP_COMSET || code == OSDP_CHLNG || code == OSDP_SCRYPT)
    return SP_INVALID;
  return put(p, address,
             (struct waiting){.code = code, .tag = tag, .before = before, .urgent = urgent}, data,
             now);
}

enum sp_err panel_set_key(struct panel *p, uint8_t address, const uint8_t key[osdp_key_bytes],
                          uint64_t tag, usec now) {
  struct osdp_keyset set = {.type = 1, .length = osdp_key_bytes};
  uint8_t data[2 + osdp_key_bytes];
  memcpy(set.key, key, osdp_key_bytes);
  size_t n = osdp_encode(osdp_message_of(false, OSDP_KEYSET), &set, data, 0);
  enum sp_err err =
      put(p, address, (struct waiting){.code = OSDP_KEYSET, .tag = tag, .before = TIME_ABSENT},
          span_of(data, n), now);
  bytes_wipe(&set, sizeof set);
  bytes_wipe(data, sizeof data);
  return err;
}

enum sp_err panel_set_address(struct panel *p, uint8_t address, uint8_t to, uint32_t baud,
                              uint64_t tag, usec now) {
  struct osdp_comset set = {to, baud};
  uint8_t data[5];
  if (to > osdp_address_max || (to != address && p->peers[to]))
    return SP_INVALID;
  size_t n = osdp_encode(osdp_message_of(false, OSDP_COMSET), &set, data, 0);
  return put(p, address, (struct waiting){.code = OSDP_COMSET, .tag = tag, .before = TIME_ABSENT},
             span_of(data, n), now);
}
