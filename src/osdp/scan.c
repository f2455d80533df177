#include "osdp/scan.h"

#include "base/record.h"

#include <string.h>

enum {
  bits_a_char = 10,    /* with start and stop */
  idle_chars = 2,      /* that a sender leaves before it sends */
  question_bytes = 10, /* ID, with its mark */
  gap_ms = 50,         /* between two bytes of an answer, over whatever converter */
  settle_ms = 20,      /* after an answer: a second one would be another peripheral's */
  busy_ms = 100,
  tries_max = 3, /* of what was answered by noise, or not to the end */
  busy_max = 20,
  events_max = 4,
  panel_points = 2, /* frames of another panel: a checksum may hold by chance, a CRC-16 hardly */
};

const uint32_t scan_speeds[scan_speeds_max] = {9600, 19200, 38400, 57600, 115200, 230400};

enum question { ASK_NOBODY, ASK_ALL, ASK_ID, ASK_CAP };
enum round { ROUND_LISTEN, ROUND_CRC, ROUND_CHECKSUM, ROUND_OVER };

struct addresses { /* a set */
  uint64_t bits[2];
};

struct scan {
  struct scan_options o;
  enum round round;
  uint8_t speed; /* index of speeds, which are sorted after ROUND_LISTEN */
  uint8_t at;    /* the next address of this speed and round */
  bool heard[scan_speeds_max];
  struct addresses settled[scan_speeds_max]; /* found, or noise: not asked again */
  struct addresses late;                     /* answered when others were asked, at this speed */
  uint32_t asked;

  enum question question;
  uint8_t address;
  bool crc, patient;
  uint32_t tries, busy;

  bool waiting, answered;
  usec deadline, deadline_last, free_at;
  size_t n_frame, n_answer;
  uint8_t frame[16], answer[osdp_frame_max];
  size_t n_in, strange; /* strange: bytes that belong to no frame */
  uint8_t in[2 * osdp_frame_max];
  uint32_t panel;

  struct scan_event found; /* being made */
  bool has_noise;
  struct scan_event noise;
  struct scan_event events[events_max];
  uint32_t n_events;
};

/* --- Sets, times, events --- */

static bool has(const struct addresses *a, uint8_t x) {
  return a->bits[x >> 6] >> (x & 63) & 1;
}
static void add(struct addresses *a, uint8_t x) {
  a->bits[x >> 6] |= UINT64_C(1) << (x & 63);
}
static void take_out(struct addresses *a, uint8_t x) {
  a->bits[x >> 6] &= ~(UINT64_C(1) << (x & 63));
}

static usec time_of(uint32_t baud, size_t n_bytes) {
  return baud ? (usec)n_bytes * bits_a_char * USEC_PER_S / baud : 0;
}

static struct scan_event *event_new(struct scan *s, enum scan_event_kind kind) {
  SP_ASSERT(s->n_events < events_max);
  struct scan_event *e = &s->events[s->n_events++];
  *e = (struct scan_event){.kind = kind};
  return e;
}

bool scan_next_event(struct scan *s, struct scan_event *e) {
  if (s->n_events == 0)
    return false;
  *e = s->events[0];
  s->n_events--;
  memmove(s->events, s->events + 1, s->n_events * sizeof *e);
  return true;
}

static void tell_noise(struct scan *s) {
  if (s->has_noise)
    *event_new(s, SCAN_NOISE) = s->noise;
  s->has_noise = false;
}

/* Neighbours are told of as one: a line without its resistors is noise at every address. */
static void on_noise(struct scan *s) {
  uint32_t baud = scan_speed(s);
  add(&s->settled[s->speed], s->address);
  if (!s->has_noise || s->noise.baud != baud || s->noise.last + 1 != s->address) {
    tell_noise(s);
    s->noise = (struct scan_event){.kind = SCAN_NOISE, .address = s->address, .baud = baud};
    s->has_noise = true;
  }
  s->noise.last = s->address;
}

struct scan *scan_new(const struct scan_options *options) {
  SP_ASSERT(options->first <= options->last && options->last <= osdp_address_max &&
            options->n_speeds >= 1 && options->n_speeds <= scan_speeds_max);
  struct scan *s = sp_alloc(1, sizeof *s);
  if (s)
    s->o = *options;
  return s;
}

void scan_free(struct scan *s) {
  sp_free(s);
}

uint32_t scan_speed(const struct scan *s) {
  return s->o.speeds[s->speed];
}

/* --- What is asked next --- */

/* Where something was heard comes first, else as they were. */
static void sort_speeds(struct scan *s) {
  uint32_t sorted[scan_speeds_max] = {0};
  uint8_t n = 0;
  for (int heard = 1; heard >= 0; heard--)
    for (uint8_t i = 0; i < s->o.n_speeds; i++)
      if (s->heard[i] == heard)
        sorted[n++] = s->o.speeds[i];
  memcpy(s->o.speeds, sorted, n * sizeof sorted[0]);
}

static void over(struct scan *s, enum scan_event_kind how) {
  tell_noise(s);
  s->round = ROUND_OVER;
  s->waiting = false;
  event_new(s, how)->baud = scan_speed(s);
}

static void next_speed(struct scan *s) {
  tell_noise(s);
  s->late = (struct addresses){{0}};
  s->at = s->o.first;
  if (++s->speed < s->o.n_speeds)
    return;
  s->speed = 0;
  if (s->round == ROUND_LISTEN)
    sort_speeds(s);
  s->round++;
  if (s->round == ROUND_OVER)
    over(s, SCAN_DONE);
}

static void begin_question(struct scan *s, enum question q, uint8_t address) {
  s->question = q;
  s->address = address;
  s->crc = s->round != ROUND_CHECKSUM;
  s->patient = false;
  s->tries = s->busy = 0;
}

/* One that answered too late is asked once more, after all others of its speed. */
static bool ask_late(struct scan *s) {
  for (uint8_t a = s->o.first; a <= s->o.last; a++)
    if (has(&s->late, a)) {
      take_out(&s->late, a);
      if (has(&s->settled[s->speed], a))
        continue;
      begin_question(s, ASK_ID, a);
      s->patient = true;
      return true;
    }
  return false;
}

static void next_address(struct scan *s) {
  while (s->round != ROUND_OVER) {
    while (s->at <= s->o.last) {
      uint8_t a = s->at++;
      s->asked++;
      if (!has(&s->settled[s->speed], a)) {
        begin_question(s, ASK_ID, a);
        return;
      }
    }
    if (ask_late(s))
      return;
    next_speed(s);
  }
}

static void next_question(struct scan *s) {
  if (s->round == ROUND_LISTEN && s->question == ASK_NOBODY && s->o.first != s->o.last) {
    begin_question(s, ASK_ALL, osdp_broadcast);
    return;
  }
  if (s->round == ROUND_LISTEN) {
    next_speed(s);
    begin_question(s, ASK_NOBODY, osdp_broadcast);
    if (s->round == ROUND_LISTEN)
      return;
  }
  next_address(s);
}

/* --- What came in --- */

static void look_for_panel(struct scan *s, const struct osdp_frame *f) {
  bool echo = s->n_frame && s->n_frame - 1 == f->whole.n &&
              memcmp(s->frame + 1, f->whole.p, f->whole.n) == 0; /* adapters that hear themselves */
  if (echo)
    return;
  s->panel += f->crc ? panel_points : 1;
  if (s->panel >= panel_points && s->round != ROUND_OVER)
    over(s, SCAN_PANEL);
}

static void take_capabilities(struct scan *s, struct span data) {
  const struct osdp_message *m = osdp_message_of(true, OSDP_PDCAP);
  struct scan_event *e = &s->found;
  e->n_capabilities = 0;
  while (data.n && e->n_capabilities < scan_capabilities_max &&
         osdp_decode(m, &data, &e->capabilities[e->n_capabilities], NULL) == SP_OK)
    e->n_capabilities++;
}

static void take_id(struct scan *s, const struct osdp_frame *f) {
  struct scan_event *e = &s->found;
  struct span data = f->data;
  *e = (struct scan_event){.kind = SCAN_FOUND,
                           .address = s->address,
                           .last = s->address,
                           .baud = scan_speed(s),
                           .crc = f->crc,
                           .late = s->patient,
                           .id_answer = f->code};
  if (f->code == OSDP_NAK)
    e->id_nak = f->data.n ? f->data.p[0] : 0;
  e->has_id = f->code == OSDP_PDID &&
              osdp_decode(osdp_message_of(true, OSDP_PDID), &data, &e->id, NULL) == SP_OK;
}

/* Asked once more, the same or with the other check. */
static void again(struct scan *s, usec after_ms, usec now) {
  s->waiting = false;
  s->free_at = now + after_ms * USEC_PER_MS;
}

static void take_answer(struct scan *s, const struct osdp_frame *f, usec now) {
  uint8_t nak = f->code == OSDP_NAK && f->data.n ? f->data.p[0] : 0;
  if (s->answered) {
    s->found.twice |= !span_eq(f->whole, span_of(s->answer, s->n_answer));
    return;
  }
  if (f->code == OSDP_BUSY && s->busy++ < busy_max) {
    again(s, busy_ms, now);
    return;
  }
  if (nak == OSDP_NAK_CHECK && s->tries++ < tries_max) { /* damaged, or it knows no CRC-16 */
    s->crc = f->crc;
    again(s, 0, now);
    return;
  }
  s->answered = true;
  s->deadline = now + settle_ms * USEC_PER_MS;
  memcpy(s->answer, f->whole.p, f->whole.n);
  s->n_answer = f->whole.n;
  if (s->question == ASK_ID)
    take_id(s, f);
  else if (f->code == OSDP_PDCAP)
    take_capabilities(s, f->data);
}

static void take_frame(struct scan *s, const struct osdp_frame *f, usec now) {
  if (!f->reply) {
    look_for_panel(s, f);
  } else if (s->question == ASK_NOBODY || s->question == ASK_ALL) {
    s->answered = true; /* by whoever; the time is waited for */
  } else if (f->address == s->address && (f->sequence == 0 || f->code == OSDP_NAK)) {
    take_answer(s, f, now);
  } else if (f->address >= s->o.first && f->address <= s->o.last && f->address != s->address) {
    add(&s->late, f->address);
  }
}

/* 00 and FF come from a line whose direction turns. */
static void count_strange(struct scan *s, size_t n) {
  for (size_t i = 0; i < n; i++)
    s->strange += s->in[i] != 0 && s->in[i] != 0xFF;
}

static void look(struct scan *s, usec now) {
  while (s->waiting) {
    struct osdp_frame f;
    size_t used = 0;
    enum osdp_found found = osdp_frame_find(span_of(s->in, s->n_in), &f, &used);
    count_strange(s, found == OSDP_FOUND_FRAME ? used - f.whole.n : used);
    if (found == OSDP_FOUND_FRAME)
      take_frame(s, &f, now);
    memmove(s->in, s->in + used, s->n_in - used);
    s->n_in -= used;
    if (found == OSDP_FOUND_NOTHING)
      return;
  }
}

void scan_input(struct scan *s, struct span bytes, usec now) {
  while (bytes.n && s->waiting) {
    size_t room = sizeof s->in - s->n_in, n = bytes.n < room ? bytes.n : room;
    memcpy(s->in + s->n_in, bytes.p, n);
    s->n_in += n;
    bytes = span_of(bytes.p + n, bytes.n - n);
    usec gap = now + gap_ms * USEC_PER_MS;
    if (!s->answered && gap > s->deadline)
      s->deadline = gap < s->deadline_last ? gap : s->deadline_last;
    look(s, now);
    if (s->n_in == sizeof s->in) /* cannot be: a frame is half as long */
      s->n_in = 0;
  }
}

/* --- Time --- */

/* A 53 in noise may hide the answer; what is left then was never one. */
static void look_behind(struct scan *s, usec now) {
  while (s->n_in && s->waiting && !s->answered) {
    count_strange(s, 1);
    memmove(s->in, s->in + 1, --s->n_in);
    look(s, now);
  }
}

static void on_silence(struct scan *s) {
  bool noise = s->strange > 0;
  switch (s->question) {
  case ASK_NOBODY:
  case ASK_ALL:
    s->heard[s->speed] |= s->answered || (noise && s->question == ASK_ALL);
    next_question(s);
    return;
  case ASK_ID:
    if (s->answered) {
      add(&s->settled[s->speed], s->address);
      tell_noise(s);
      s->question = ASK_CAP;
      s->tries = s->busy = 0;
    } else if (!noise) {
      next_question(s);
    } else if (++s->tries >= tries_max) {
      on_noise(s);
      next_question(s);
    }
    return;
  case ASK_CAP:
    if (s->answered || ++s->tries >= tries_max) {
      *event_new(s, SCAN_FOUND) = s->found;
      next_question(s);
    }
    return;
  }
  SP_NEVER("a question that is none");
}

static struct span ask(struct scan *s, usec now) {
  static const uint8_t standard[] = {0};
  const struct osdp_frame f = {.address = s->address,
                               .crc = s->crc,
                               .code = s->question == ASK_CAP ? OSDP_CAP : OSDP_ID,
                               .data = span_of(standard, 1)};
  s->waiting = true;
  s->answered = false;
  s->n_in = s->strange = 0;
  s->n_frame = 0;
  if (s->question == ASK_NOBODY) {
    s->deadline = s->deadline_last = now + scan_listen_ms * USEC_PER_MS;
    return (struct span){0};
  }
  s->frame[0] = osdp_mark;
  SP_ASSERT(1 + osdp_frame_size(&f) <= sizeof s->frame);
  s->n_frame = 1 + osdp_frame_close(s->frame + 1, osdp_frame_open(s->frame + 1, &f), &f);
  usec end = now + time_of(scan_speed(s), s->n_frame);
  s->deadline = end + (s->patient ? scan_patient_ms : scan_reply_ms) * USEC_PER_MS;
  s->deadline_last = s->deadline + gap_ms * USEC_PER_MS + time_of(scan_speed(s), osdp_frame_max);
  return span_of(s->frame, s->n_frame);
}

struct span scan_output(struct scan *s, usec now) {
  static const struct span nothing = {0};
  if (s->waiting && now >= s->deadline) {
    look_behind(s, now);
    if (s->waiting && now >= s->deadline) {
      s->waiting = false;
      s->free_at = now + time_of(scan_speed(s), idle_chars);
      on_silence(s);
    }
  }
  /* A question may end in two events: noise before it, and itself. */
  if (s->waiting || s->round == ROUND_OVER || now < s->free_at || s->n_events)
    return nothing;
  return ask(s, now);
}

usec scan_due(const struct scan *s) {
  return s->round == ROUND_OVER ? TIME_ABSENT : s->waiting ? s->deadline : s->free_at;
}

/* --- How far it is --- */

static usec question_time(uint32_t baud) {
  return scan_reply_ms * USEC_PER_MS + time_of(baud, question_bytes + idle_chars);
}

struct scan_progress scan_progress(const struct scan *s) {
  uint32_t n = s->o.last - s->o.first + 1u;
  struct scan_progress p = {.asked = s->asked,
                            .of = 2 * n * s->o.n_speeds,
                            .address = s->address,
                            .baud = scan_speed(s),
                            .crc = s->crc};
  for (uint8_t i = 0; i < s->o.n_speeds; i++) {
    usec one = question_time(s->o.speeds[i]);
    uint32_t rounds = s->round == ROUND_OVER ? 0 : s->round == ROUND_CHECKSUM ? 1 : 2;
    uint32_t left = rounds * n;
    if (s->round == ROUND_LISTEN && i >= s->speed)
      p.rest += scan_listen_ms * USEC_PER_MS + one;
    else if (s->round != ROUND_LISTEN && rounds && i < s->speed)
      left -= n;
    else if (s->round != ROUND_LISTEN && rounds && i == s->speed)
      left -= (uint32_t)(s->at - s->o.first);
    p.rest += left * one;
  }
  return p;
}
