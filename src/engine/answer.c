#include "engine/answer.h"

#include "core/state.h"
#include "engine/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_integer(struct buf *b, uint64_t v) {
  char digits[20];
  int n = sizeof digits;
  do {
    digits[--n] = (char)('0' + v % 10);
    v /= 10;
  } while (v);
  buf_put(b, digits + n, sizeof digits - (size_t)n);
}

static void put_hex(struct buf *b, const uint8_t *bytes, size_t n) {
  if (!buf_reserve(b, 2 * n))
    return;
  hex_encode((char *)b->p + b->n, bytes, n);
  b->n += 2 * n;
}

static void put_name(struct buf *b, const struct core *core, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(core);
  if (buf_reserve(b, ref_name_max))
    b->n += namer.name(namer.ctx, kind, index, (char *)b->p + b->n);
}

/* A thing as an officer reads it: persons by their short number, secrets by nothing. */
static void put_thing(struct buf *b, const struct core *core, struct ref on) {
  if (on.kind == REF_NONE) {
    buf_puts(b, "it");
    return;
  }
  buf_printf(b, "%s ", ref_kind_names[on.kind]);
  if (on.kind == REF_PERSON)
    put_integer(b, person_number(on.index));
  else if (on.kind == REF_ENTRY)
    put_integer(b, on.index);
  else
    put_name(b, core, (enum ref_kind)on.kind, on.index);
}

/* Sentences and names need no escape in JSON. */
static void put_reason(struct buf *b, const struct core *core, const struct reason_on *r) {
  const char *text = reason_sentence((enum reason)r->code), *gap = strstr(text, "{}");
  buf_puts(b, "{\"code\":\"");
  buf_puts(b, reason_codes[r->code]);
  if (r->on.kind != REF_NONE) {
    buf_puts(b, "\",\"on\":\"");
    buf_puts(b, ref_kind_names[r->on.kind]);
    buf_puts(b, ":");
    if (r->on.kind == REF_ENTRY)
      put_integer(b, r->on.index);
    else
      put_name(b, core, (enum ref_kind)r->on.kind, r->on.index);
  }
  buf_puts(b, "\",\"text\":\"");
  if (gap) {
    buf_put(b, text, (size_t)(gap - text));
    put_thing(b, core, r->on);
    buf_puts(b, gap + 2);
  } else {
    buf_puts(b, text);
  }
  buf_puts(b, "\"}");
}

void answer_decision(struct buf *b, uint64_t id, const struct core *core, const struct outcome *o,
                     struct span head) {
  static const char *const verdicts[] = {[VERDICT_DONE] = "{\"decision\":\"done\"",
                                         [VERDICT_REFUSED] = "{\"decision\":\"refused\"",
                                         [VERDICT_REJECTED] = "{\"decision\":\"rejected\""};
  size_t at = frame_begin(b, FRAME_REPLY, id);
  buf_puts(b, verdicts[o->verdict]);
  if (o->verdict != VERDICT_REJECTED) {
    buf_puts(b, ",\"entries\":");
    put_integer(b, o->n_events);
  }
  if (head.n) {
    buf_puts(b, ",\"entry\":");
    buf_put(b, head.p, head.n);
  }
  for (uint32_t i = 0; i < o->reasons.n; i++) {
    buf_puts(b, i ? "," : ",\"reasons\":[");
    put_reason(b, core, &o->reasons.at[i]);
  }
  buf_puts(b, o->reasons.n ? "]}" : "}");
  frame_end(b, at);
}

void answer_error(struct buf *b, uint64_t id, const struct fault *why) {
  size_t at = frame_begin(b, FRAME_REPLY, id);
  buf_printf(b, "{\"error\":\"%s\",\"text\":", sp_err_name(why->err));
  json_string_put(b, span_str(why->text));
  buf_puts(b, "}");
  frame_end(b, at);
}

void answer_blob(struct buf *b, uint64_t id, const struct hash *hash) {
  size_t at = frame_begin(b, FRAME_REPLY, id);
  buf_puts(b, "{\"blob\":\"");
  put_hex(b, hash->b, sizeof hash->b);
  buf_puts(b, "\"}");
  frame_end(b, at);
}

void answer_login(struct buf *b, uint64_t id, const struct id *operator_id, uint32_t role,
                  const struct hash *session, usec expires) {
  char time[time_text_len];
  size_t at = frame_begin(b, FRAME_REPLY, id);
  time_format(time, expires);
  buf_puts(b, "{\"expires\":\"");
  buf_put(b, time, sizeof time);
  buf_puts(b, "\",\"operator\":\"");
  put_hex(b, operator_id->b, sizeof operator_id->b);
  buf_printf(b, "\",\"role\":\"%s\",\"session\":\"", role_names[role]);
  put_hex(b, session->b, sizeof session->b);
  buf_puts(b, "\"}");
  frame_end(b, at);
}

void answer_done(struct buf *b, uint64_t id) {
  size_t at = frame_begin(b, FRAME_REPLY, id);
  buf_puts(b, "{\"done\":true}");
  frame_end(b, at);
}

void answer_lock(struct buf *b, const struct core *core, uint32_t door, uint64_t n) {
  size_t at = frame_begin(b, FRAME_EFFECT, 0);
  buf_puts(b, "{\"door\":\"");
  put_name(b, core, REF_DOOR, door);
  buf_printf(b, "\",\"effect\":\"lock\",\"n\":%" PRIu64 "}", n);
  frame_end(b, at);
}

void answer_rekey(struct buf *b, const struct core *core, uint32_t reader, uint64_t n) {
  size_t at = frame_begin(b, FRAME_EFFECT, 0);
  buf_printf(b, "{\"effect\":\"rekey\",\"n\":%" PRIu64 ",\"reader\":\"", n);
  put_name(b, core, REF_READER, reader);
  buf_puts(b, "\"}");
  frame_end(b, at);
}

/* The entry that an unlock is of: of two who pass together, the later, as in the state of the door.
 * What its line tells of the door is held against that. */
static uint64_t unlock_entry(const struct outcome *o) {
  uint64_t n = o->events[0].n;
  for (uint32_t i = 0; i < o->n_events; i++)
    if (o->events[i].type == EVENT_PASSAGE_GRANTED)
      n = o->events[i].n;
  return n;
}

void answer_effect(struct buf *b, const struct core *core, const struct outcome *o,
                   const struct effect *effect, usec before) {
  size_t at = frame_begin(b, FRAME_EFFECT, 0);
  uint64_t n = effect->type == EFFECT_UNLOCK ? unlock_entry(o) : o->events[0].n;
  buf_puts(b, "{");
  if (effect->type == EFFECT_ALARM) {
    const struct event *alarm = &o->events[effect->value];
    n = alarm->n;
    buf_printf(b, "\"alarm\":\"%s\",", event_records[alarm->type].type);
  }
  if (effect->type == EFFECT_UNLOCK)
    buf_printf(b, "\"before\":%" PRId64 ",", before);
  if (effect->door != REF_ABSENT) {
    buf_puts(b, "\"door\":\"");
    put_name(b, core, REF_DOOR, effect->door);
    buf_puts(b, "\",");
  }
  buf_puts(b, "\"effect\":\"");
  buf_puts(b, effect_names[effect->type]);
  buf_puts(b, "\",");
  if (effect->type == EFFECT_UNLOCK) {
    buf_puts(b, "\"ms\":");
    put_integer(b, effect->ms);
    buf_puts(b, ",");
  }
  buf_puts(b, "\"n\":");
  put_integer(b, n);
  if (effect->reader != REF_ABSENT) {
    buf_puts(b, ",\"reader\":\"");
    put_name(b, core, REF_READER, effect->reader);
    buf_puts(b, "\"");
  }
  if (effect->type == EFFECT_SIGNAL) {
    buf_puts(b, ",\"signal\":\"");
    buf_puts(b, signal_names[effect->value]);
    buf_puts(b, "\"");
  }
  if (effect->type == EFFECT_ALARM && event_flags(o->events[effect->value].type) & EVENT_SILENT)
    buf_puts(b, ",\"silent\":true");
  buf_puts(b, "}");
  frame_end(b, at);
}
