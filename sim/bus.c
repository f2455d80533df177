#include "sim/bus.h"

#include "osdp/message.h"
#include "sim/watch.h"

#include <string.h>

enum { bits_a_char = 10, overheard_max = 32, addresses = osdp_address_max + 1, extra_max = 8 };

struct flight { /* what is on the wires, or will be when its time has come */
  struct bus *bus;
  struct flight *next;
  uint32_t from;
  usec begins, ends;
  bool spoilt; /* by another who spoke at the same time */
  size_t n;
  uint8_t bytes[]; /* room for extra_max more */
};

struct overheard {
  uint32_t from;
  size_t n;
  uint8_t bytes[osdp_frame_max + 1];
};

struct bus {
  struct world *w;
  struct rng rng;
  struct bus_ops ops;
  uint32_t baud;
  void *on[addresses];
  struct flight *flights;
  uint32_t cut_from; /* addresses from here on are cut off; addresses: none is */
  usec cut_until, noisy_until, strange_until;
  bool swallow; /* the next answer never gets on the wires: someone else's takes its place */
  struct overheard overheard[overheard_max];
  uint32_t n_overheard;
};

struct bus *bus_new(struct world *w, const char *name, const struct bus_ops *ops) {
  struct bus *b = sp_alloc(1, sizeof *b);
  SP_ASSERT(b);
  b->w = w;
  b->rng = rng_from(w->settings.seed, name);
  b->ops = *ops;
  b->baud = 9600;
  b->cut_from = addresses;
  return b;
}

void bus_free(struct bus *b) {
  while (b && b->flights) {
    struct flight *f = b->flights;
    b->flights = f->next;
    sp_free(f);
  }
  sp_free(b);
}

void bus_speed(struct bus *b, uint32_t baud) {
  b->baud = baud;
}

void bus_attach(struct bus *b, uint32_t address, void *reader) {
  b->on[address] = reader;
}

/* The panel and whoever listens in are at the near end. */
static bool far_end(const struct bus *b, uint32_t who) {
  return who < addresses && who >= b->cut_from;
}

bool bus_reaches(const struct bus *b, uint32_t address) {
  return !far_end(b, address);
}

/* --- On their way --- */

static usec time_of(const struct bus *b, size_t n) {
  return (usec)n * bits_a_char * USEC_PER_S / b->baud;
}

static bool strikes(struct bus *b, enum fault_kind kind, uint32_t n, uint32_t of) {
  return !b->w->calm && world_strikes(b->w, &b->rng, kind, n, of);
}

static uint8_t any_byte(struct bus *b) {
  return (uint8_t)rng_below(&b->rng, 256);
}

static void flip_bit(struct bus *b, struct flight *f) {
  f->bytes[rng_below(&b->rng, (uint32_t)f->n)] ^= (uint8_t)(1u << rng_below(&b->rng, 8));
}

static void lose_byte(struct bus *b, struct flight *f) {
  size_t at = rng_below(&b->rng, (uint32_t)f->n);
  memmove(f->bytes + at, f->bytes + at + 1, --f->n - at);
}

static void put_noise(struct bus *b, struct flight *f) {
  for (uint32_t k = 1 + rng_below(&b->rng, extra_max); k > 0; k--) {
    size_t at = rng_below(&b->rng, (uint32_t)f->n + 1);
    memmove(f->bytes + at + 1, f->bytes + at, f->n++ - at);
    f->bytes[at] = rng_chance(&b->rng, 1, 4) ? osdp_som : any_byte(b);
  }
}

static void truncate_it(struct bus *b, struct flight *f) {
  f->n = rng_below(&b->rng, (uint32_t)f->n);
}

static void spoil(struct bus *b, struct flight *f) {
  for (size_t i = 0; i < f->n; i++)
    if (rng_chance(&b->rng, 1, 2))
      f->bytes[i] = any_byte(b);
}

static void (*const noises[])(struct bus *b, struct flight *f) = {flip_bit,  flip_bit,    lose_byte,
                                                                  put_noise, truncate_it, spoil};

static void overhear(struct bus *b, const struct flight *f) {
  /* Half of the places keep what was just said, the others what was said long ago. */
  uint32_t at = b->n_overheard++ % (overheard_max / 2);
  if (rng_chance(&b->rng, 1, 100))
    at = overheard_max / 2 + rng_below(&b->rng, overheard_max / 2);
  struct overheard *o = &b->overheard[at];
  if (f->n > sizeof o->bytes)
    return;
  o->from = f->from;
  o->n = f->n;
  memcpy(o->bytes, f->bytes, f->n);
}

static void deliver(struct bus *b, const struct flight *f) {
  struct span bytes = span_of(f->bytes, f->n);
  bool far = far_end(b, f->from);
  for (uint32_t a = 0; a < addresses && f->n; a++)
    if (b->on[a] && a != f->from && far_end(b, a) == far)
      b->ops.reader(b->on[a], bytes);
  if (f->n && f->from != bus_panel && !far)
    b->ops.panel(b->ops.ctx, bytes);
}

static void on_end(void *ctx, uint64_t arg) {
  struct flight *f = ctx;
  struct bus *b = f->bus;
  struct flight **at = &b->flights;
  (void)arg;
  while (*at != f)
    at = &(*at)->next;
  *at = f->next;
  if (b->w->settings.faults & 1u << FAULT_REPLAY)
    overhear(b, f);
  if (f->spoilt)
    spoil(b, f);
  else if (world_now(b->w) < b->noisy_until ? strikes(b, FAULT_NOISE, 1, 5)
                                            : strikes(b, FAULT_NOISE, 1, 400))
    noises[rng_below(&b->rng, sizeof noises / sizeof noises[0])](b, f);
  deliver(b, f);
  sp_free(f);
}

static void begin(struct bus *b, uint32_t who, struct span bytes, usec wait) {
  struct flight *f = sp_alloc(1, sizeof *f + bytes.n + extra_max);
  SP_ASSERT(f);
  *f = (struct flight){.bus = b,
                       .from = who,
                       .begins = world_now(b->w) + wait,
                       .ends = world_now(b->w) + wait + time_of(b, bytes.n),
                       .n = bytes.n};
  memcpy(f->bytes, bytes.p, bytes.n);
  for (struct flight *o = b->flights; o; o = o->next)
    if (o->begins < f->ends && f->begins < o->ends)
      o->spoilt = f->spoilt = true;
  f->next = b->flights;
  b->flights = f;
  queue_put(&b->w->queue, f->ends, on_end, f, 0);
}

/* --- What others say on it --- */

/* Something said before: an answer in place of the one that is asked for, or a command. */
static void replay(struct bus *b, uint32_t asked, usec wait) {
  bool answer = asked != bus_nobody;
  uint32_t first = rng_below(&b->rng, overheard_max);
  for (uint32_t i = 0; i < overheard_max; i++) {
    const struct overheard *o = &b->overheard[(first + i) % overheard_max];
    if (o->n == 0 || (answer ? o->from != asked : o->from != bus_panel))
      continue;
    begin(b, bus_stranger, span_of(o->bytes, o->n), wait);
    b->swallow = answer && rng_chance(&b->rng, 3, 4);
    world_struck(b->w, FAULT_REPLAY, answer ? "an answer" : "a command");
    return;
  }
}

void bus_say(struct bus *b, uint32_t who, struct span bytes, usec wait) {
  if (who != bus_panel && b->swallow) {
    b->swallow = false;
    return;
  }
  begin(b, who, bytes, wait);
  if (b->w->calm || !(b->w->settings.faults & 1u << FAULT_REPLAY) || !rng_chance(&b->rng, 1, 250))
    return;
  usec until = time_of(b, bytes.n) + wait;
  if (who == bus_panel && bytes.n > 2) /* before the reader that is asked */
    replay(b, bytes.p[2] & osdp_broadcast, until + rng_between(&b->rng, 100, 400));
  else
    replay(b, bus_nobody, until + rng_between(&b->rng, 3, 30) * USEC_PER_MS);
}

/* What a panel that knows no key may say, in clear or as if it began a session. */
static void ask_strangely(struct bus *b) {
  static const uint8_t codes[] = {OSDP_POLL, OSDP_POLL,  OSDP_ID,     OSDP_CAP,
                                  OSDP_OUT,  OSDP_CHLNG, OSDP_KEYSET, OSDP_ISTAT};
  uint8_t frame[osdp_frame_max + 1], data[18];
  uint32_t address = rng_below(&b->rng, addresses);
  while (address < addresses && !b->on[address])
    address++;
  if (address == addresses)
    return;
  struct osdp_frame f = {.address = (uint8_t)address,
                         .sequence = (uint8_t)rng_below(&b->rng, 4),
                         .crc = true,
                         .code = codes[rng_below(&b->rng, sizeof codes)]};
  const struct osdp_out out = {.output = 0, .control = OSDP_OUT_ON_TIMED, .timer = 50};
  size_t n = 0;
  if (f.code == OSDP_OUT) {
    n = osdp_encode(osdp_message_of(false, OSDP_OUT), &out, data, 0);
  } else if (f.code == OSDP_ID || f.code == OSDP_CAP) {
    data[n++] = 0;
  } else if (f.code == OSDP_CHLNG || f.code == OSDP_KEYSET) {
    for (n = 0; n < (f.code == OSDP_CHLNG ? 8u : 18u); n++)
      data[n] = any_byte(b);
    f.sequence = 0;
    f.block = f.code == OSDP_CHLNG ? OSDP_SCS_11 : OSDP_BLOCK_NONE;
    f.n_key = f.code == OSDP_CHLNG;
    f.key = f.n_key != 0;
  }
  f.data = span_of(data, n);
  frame[0] = osdp_mark;
  n = 1 + osdp_frame_close(frame + 1, osdp_frame_open(frame + 1, &f), &f);
  begin(b, bus_stranger, span_of(frame, n), 0);
}

static void on_strange(void *ctx, uint64_t arg) {
  struct bus *b = ctx;
  (void)arg;
  if (world_now(b->w) >= b->strange_until || b->w->calm)
    return;
  ask_strangely(b);
  queue_put(&b->w->queue, world_now(b->w) + rng_between(&b->rng, 20, 1500) * USEC_PER_MS,
            on_strange, b, 0);
}

/* --- What happens to it --- */

static uint32_t last_address(const struct bus *b) {
  uint32_t a = addresses - 1;
  while (a && !b->on[a])
    a--;
  return a;
}

void bus_second(struct bus *b) {
  struct world *w = b->w;
  usec now = world_now(w);
  if (b->cut_from < addresses && (w->calm || now >= b->cut_until)) {
    trace(w, "a bus is whole again");
    b->cut_from = addresses;
  }
  if (b->cut_from == addresses && strikes(b, FAULT_BUS_CUT, 1, 200)) {
    b->cut_until = now + rng_between(&b->rng, 1, 40) * USEC_PER_S;
    b->cut_from = rng_chance(&b->rng, 1, 2) ? 0 : rng_below(&b->rng, last_address(b) + 1);
    trace(w, "FAULT bus-cut: from address %u on", b->cut_from);
  }
  if (now >= b->noisy_until && w->settings.faults & 1u << FAULT_NOISE && !w->calm &&
      rng_chance(&b->rng, 1, 60))
    b->noisy_until = now + rng_between(&b->rng, 200, 4000) * USEC_PER_MS;
  if (now >= b->strange_until && strikes(b, FAULT_SECOND_PANEL, 1, 90)) {
    trace(w, "FAULT second-panel: it asks for a while");
    b->strange_until = now + rng_between(&b->rng, 1, 15) * USEC_PER_S;
    on_strange(b, 0);
  }
}
