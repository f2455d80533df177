#include "line/line_int.h"

#include "base/time.h"
#include "engine/json.h"

#include <inttypes.h>
#include <string.h>

/* --- Saying --- */

static struct asked *remember(struct line *l, enum asked_what what, uint32_t index) {
  struct asked *a = &l->asked[++l->next_id % asked_max];
  bytes_wipe(a, sizeof *a);
  *a = (struct asked){.id = l->next_id, .what = what, .index = index};
  return a;
}

static void send(struct line *l) {
  if (!l->out.failed)
    l->io.to_engine(l->io.ctx, buf_span(&l->out));
  else
    line_say(l, "out of memory: something was not said to the engine");
  if (l->out.p)
    bytes_wipe(l->out.p, l->out.n); /* cards and PINs */
  buf_reset(&l->out);
}

static void put_late(struct line *l, usec wall) {
  char at[time_text_len + 1] = {0};
  time_format(at, wall);
  buf_printf(&l->out, ",\"late\":true,\"occurred_at\":\"%s\"", at);
}

static struct kept *keep(struct line *l) {
  if (l->n_kept == kept_max) {
    bytes_wipe(&l->kept[0].card, sizeof l->kept[0].card);
    memmove(l->kept, l->kept + 1, --l->n_kept * sizeof l->kept[0]);
  }
  struct kept *k = &l->kept[l->n_kept++];
  *k = (struct kept){.reader = REF_ABSENT, .door = REF_ABSENT, .wall = l->io.wall(l->io.ctx)};
  return k;
}

static void put_pass(struct line *l, uint32_t reader, const struct card_reading *card,
                     const char *pin, bool late, usec wall) {
  struct buf *b = &l->out;
  size_t at = frame_begin(b, FRAME_REQUEST, l->next_id);
  buf_puts(b, "{\"command\":{\"biometric\":\"none\"");
  if (late)
    put_late(l, wall);
  buf_printf(b,
             ",\"reader\":\"%s\",\"type\":\"pass\"},\"secret\":{\"card\":{\"format\":\"%s\","
             "\"value\":\"%s\"}",
             l->plan->readers[reader].name.s, l->plan->formats[card->format].name.s, card->hex);
  if (pin && pin[0])
    buf_printf(b, ",\"pin\":\"%s\"", pin);
  buf_puts(b, "}}");
  frame_end(b, at);
  send(l);
}

void engine_say_pass(struct line *l, struct line_reader *r, const struct card_reading *card,
                     const char *pin, bool late) {
  if (!l->engine_up) {
    struct kept *k = keep(l);
    k->reader = r->reader;
    k->card = *card;
    return;
  }
  struct asked *a = remember(l, ASKED_PASS, (uint32_t)(r - l->readers));
  a->asked_pin = late || pin;
  a->card = *card;
  put_pass(l, r->reader, card, pin, late, l->io.wall(l->io.ctx));
}

static void put_door(struct line *l, uint32_t door, const char *sign, uint64_t after, bool late,
                     usec wall) {
  struct buf *b = &l->out;
  size_t at = frame_begin(b, FRAME_REQUEST, l->next_id);
  buf_puts(b, "{\"command\":{");
  if (!late)
    buf_printf(b, "\"after\":%" PRIu64 ",", after);
  buf_printf(b, "\"door\":\"%s\"", l->plan->doors[door].name.s);
  if (late)
    put_late(l, wall);
  buf_printf(b, ",\"sign\":\"%s\",\"type\":\"door.report\"}}", sign);
  frame_end(b, at);
  send(l);
}

void engine_say_door(struct line *l, struct line_door *d, const char *sign) {
  if (!l->engine_up) {
    struct kept *k = keep(l);
    k->door = d->door;
    k->sign = sign;
    return;
  }
  remember(l, ASKED_DOOR, (uint32_t)(d - l->doors));
  put_door(l, d->door, sign, d->carried, false, 0);
}

static void say_reader(struct line *l, uint32_t index, const char *sign) {
  struct buf *b = &l->out;
  if (!l->engine_up)
    return; /* how it is then is said when the engine is there again */
  remember(l, ASKED_READER, index);
  size_t at = frame_begin(b, FRAME_REQUEST, l->next_id);
  buf_printf(b, "{\"command\":{\"reader\":\"%s\",\"sign\":\"%s\",\"type\":\"reader.report\"}}",
             reader_name(l, &l->readers[index]), sign);
  frame_end(b, at);
  send(l);
}

void engine_say_reader(struct line *l, uint32_t index, enum reader_says what) {
  const struct line_reader *r = &l->readers[index];
  const bool answers = r->online || r->insecure;
  /* Else each start of a site would be an alarm for each of its readers. */
  const bool sure = r->heard || l->sure_at == TIME_ABSENT;
  const struct {
    bool known, is;
    const char *yes, *no;
  } rows[SAYS_COUNT] = {
      [SAYS_SECURE] = {answers, r->insecure, "insecure", "secure"},
      [SAYS_ONLINE] = {sure, !answers, "offline", "online"},
      [SAYS_TAMPER] = {r->has_status, r->tampered, "tampered", "restored"},
      [SAYS_POWER] = {r->has_status, r->unpowered, "power_failed", "power_restored"},
  };
  if (rows[what].known)
    say_reader(l, index, rows[what].is ? rows[what].yes : rows[what].no);
}

void engine_say_all_of_reader(struct line *l, uint32_t index) {
  for (uint32_t what = 0; what < SAYS_COUNT; what++)
    engine_say_reader(l, index, (enum reader_says)what);
}

void engine_say_rekeyed(struct line *l, uint32_t index) {
  say_reader(l, index, "rekeyed");
}

/* --- The connection --- */

static void say_kept(struct line *l) {
  for (uint32_t i = 0; i < l->n_kept; i++) {
    struct kept *k = &l->kept[i];
    remember(l, ASKED_NOTHING, 0);
    if (k->sign)
      put_door(l, k->door, k->sign, 0, true, k->wall);
    else
      put_pass(l, k->reader, &k->card, NULL, true, k->wall);
  }
  bytes_wipe(l->kept, sizeof l->kept);
  l->n_kept = 0;
}

/* How everything is, doors before any card. */
static void say_all(struct line *l) {
  for (uint32_t i = 0; i < l->n_doors; i++) {
    l->doors[i].told = l->doors[i].told_locked = false;
    door_tell(l, &l->doors[i]);
  }
  for (uint32_t i = 0; i < l->n_readers; i++)
    engine_say_all_of_reader(l, i);
}

void line_engine(struct line *l, bool up) {
  if (up == l->engine_up)
    return;
  l->engine_up = up;
  if (!up) {
    engine_lost(l);
    return;
  }
  buf_reset(&l->out);
  size_t at = frame_begin(&l->out, FRAME_SUBSCRIBE, ++l->next_id);
  buf_printf(&l->out, "{\"effects\":true,\"line\":\"%s\"}", l->plan->lines[l->index].name.s);
  frame_end(&l->out, at);
  send(l);
  say_kept(l);
  say_all(l);
  for (uint32_t i = 0; i < l->n_readers; i++)
    reader_show(l, &l->readers[i], LOOK_READY);
  line_say(l, "connected to the engine");
}

/* --- What comes --- */

struct effect {
  char what[16], door[slug_max + 1], reader[slug_max + 1], signal[16];
  uint32_t ms;
  uint64_t n;
  usec before;
};

static uint64_t whole(struct span v) {
  uint64_t n = 0;
  for (size_t i = 0; i < v.n && v.p[i] >= '0' && v.p[i] <= '9' && n < UINT64_MAX / 100; i++)
    n = 10 * n + (uint64_t)(v.p[i] - '0');
  return n;
}

static bool word(struct span v, char *out, size_t most) {
  size_t n = 0;
  out[0] = 0;
  if (!v.p)
    return true;
  if (json_string_read(v, out, most, &n, "an effect", NULL))
    return false;
  out[n] = 0;
  return true;
}

static bool effect_read(struct effect *e, struct span json) {
  struct json_member m[] = {{"effect", {0}}, {"door", {0}},  {"reader", {0}}, {"signal", {0}},
                            {"ms", {0}},     {"n", {0}},     {"before", {0}}, {"alarm", {0}},
                            {"entry", {0}},  {"person", {0}}};
  *e = (struct effect){0};
  if (json_members(json, m, sizeof m / sizeof m[0], 8, "an effect", NULL))
    return false;
  uint64_t ms = whole(m[4].value);
  e->ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
  e->n = whole(m[5].value);
  e->before = m[6].value.p ? (usec)whole(m[6].value) : INT64_MAX;
  return word(m[0].value, e->what, sizeof e->what - 1) && word(m[1].value, e->door, slug_max) &&
         word(m[2].value, e->reader, slug_max) && word(m[3].value, e->signal, sizeof e->signal - 1);
}

static void on_effect(struct line *l, struct span json) {
  static const struct {
    const char *signal;
    enum look look;
  } looks[] = {{"granted", LOOK_GRANTED}, {"refused", LOOK_REFUSED}, {"waiting", LOOK_WAIT}};
  struct effect e;
  if (!effect_read(&e, json)) {
    line_say(l, "the engine sent an effect that this program does not know");
    return;
  }
  for (uint32_t i = 0; i < l->n_doors; i++) {
    struct line_door *d = &l->doors[i];
    if (strcmp(door_name(l, d), e.door) != 0)
      continue;
    if (strcmp(e.what, "unlock") == 0)
      door_unlock(l, d, e.ms, e.n, e.before);
    else if (strcmp(e.what, "lock") == 0)
      door_lock(l, d, e.n);
  }
  for (uint32_t i = 0; i < l->n_readers && strcmp(e.what, "rekey") == 0; i++)
    if (strcmp(reader_name(l, &l->readers[i]), e.reader) == 0)
      reader_rekey(l, &l->readers[i]);
  for (uint32_t i = 0; i < l->n_readers && strcmp(e.what, "signal") == 0; i++)
    for (size_t k = 0; k < sizeof looks / sizeof looks[0]; k++)
      if (strcmp(reader_name(l, &l->readers[i]), e.reader) == 0 &&
          strcmp(looks[k].signal, e.signal) == 0)
        reader_show(l, &l->readers[i], looks[k].look);
}

/* One of its reasons. */
static bool for_want_of_a_pin(struct span json) {
  static const char want[] = "\"code\":\"pin_missing\"";
  return memmem(json.p, json.n, want, sizeof want - 1) != NULL;
}

static void on_reply(struct line *l, uint64_t id, struct span json) {
  struct asked *a = &l->asked[id % asked_max];
  if (a->id != id || a->what == ASKED_NOTHING)
    return;
  bool error = json_find(json, "error").p != NULL;
  if (a->what == ASKED_PASS && !error && !a->asked_pin && for_want_of_a_pin(json))
    reader_ask_pin(l, &l->readers[a->index], &a->card);
  else if (a->what == ASKED_PASS && error)
    reader_show(l, &l->readers[a->index], LOOK_REFUSED);
  /* Too much at once: how the door is then is said again. */
  if (a->what == ASKED_DOOR && error)
    l->doors[a->index].say_at = l->io.mono(l->io.ctx) + again_ms * USEC_PER_MS;
  if (error) {
    struct span text = json_find(json, "text");
    line_say(l, "the engine: %.*s", (int)(text.n > 300 ? 300 : text.n), (const char *)text.p);
  }
  bytes_wipe(a, sizeof *a);
}

void line_frame(struct line *l, const struct frame *f, struct span payload) {
  if (f->kind == FRAME_EFFECT)
    on_effect(l, payload);
  else if (f->kind == FRAME_REPLY)
    on_reply(l, f->id, payload);
}
