/* plan_check_wiring.c: doors' wires: that each ends somewhere, that one reader drives a door, and
 * that no two wires end at one place. */
#include "plan/plan_check.h"

#include "base/bytes.h"

/* What ends at an input or output. */
struct end {
  uint16_t door; /* NONE16: nothing does */
  uint8_t wire;
};
enum { ends_max = 2 * (wire_number_max + 1) }; /* of one reader: outputs, then inputs */

static bool faulty(const struct check *c, enum plan_array a, uint32_t index) {
  return plan_place_marks(c->places, a, index) & PLAN_PLACE_FAULTY;
}

static bool on_line(const struct plan *p, uint32_t reader) {
  return p->readers[reader].line < p->n_lines;
}

/* What the reader of the file never lets in; here only a blob can bring it. */
static bool numbers_sound(struct check *c, uint32_t i) {
  const struct plan_door *d = &c->p->doors[i];
  bool sound = d->wiring.at == NONE16 || d->wiring.at < c->p->n_readers;
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    uint8_t n = d->wiring.number[w];
    bool has = plan_door_has(d, w);
    sound = sound && (has ? n <= wire_number_max : n == wire_none) &&
            (has || !(d->wiring.inverted & 1u << w));
  }
  sound = sound && d->wiring.inverted < 1u << WIRE_COUNT;
  if (!sound)
    ERROR(c, doors, i, "door \"%.31s\" has a wire that ends nowhere", d->name.s);
  return sound;
}

/* A door is driven by the reader that the plan names, so by no other line. */
static bool board_sound(struct check *c, uint32_t i) {
  const struct plan *p = c->p;
  const struct plan_door *d = &p->doors[i];
  if (d->wiring.at == NONE16 || faulty(c, PLAN_ARRAY_readers, d->wiring.at))
    return true;
  const struct plan_reader *at = &p->readers[d->wiring.at];
  if (!on_line(p, d->wiring.at)) {
    ERROR(c, doors, i,
          "door \"%.31s\" is wired to reader \"%.31s\", which is on no line: give it one, or name "
          "a reader that is",
          d->name.s, at->name.s);
    return false;
  }
  for (uint32_t r = 0; r < p->n_readers; r++)
    if (p->readers[r].door == i && on_line(p, r) && p->readers[r].line != at->line) {
      ERROR(c, doors, i,
            "door \"%.31s\" is wired to reader \"%.31s\" on line \"%.31s\", and its reader "
            "\"%.31s\" is on line \"%.31s\": one line works a door",
            d->name.s, at->name.s, p->lines[at->line].name.s, p->readers[r].name.s,
            p->lines[p->readers[r].line].name.s);
      return false;
    }
  return true;
}

/* Its wires end at this reader. */
static void take_ends(struct check *c, struct end *of_reader, uint32_t reader, uint32_t i) {
  const struct plan *p = c->p;
  const struct plan_door *d = &p->doors[i];
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    if (!plan_door_has(d, w))
      continue;
    bool output = w == WIRE_STRIKE;
    struct end *e = &of_reader[d->wiring.number[w] + (output ? 0 : wire_number_max + 1)];
    if (e->door == NONE16)
      *e = (struct end){(uint16_t)i, (uint8_t)w};
    else
      ERROR(c, doors, i,
            "door \"%.31s\" has its %s at %s %u of reader \"%.31s\", where the %s of door "
            "\"%.31s\" is: give one of them another number in wiring",
            d->name.s, wire_names[w], output ? "output" : "input", d->wiring.number[w],
            p->readers[reader].name.s, wire_names[e->wire], p->doors[e->door].name.s);
  }
}

/* Of a door that names no reader: on each line where it has readers. */
static void take_all(struct check *c, struct end *ends, uint32_t i) {
  const struct plan *p = c->p;
  uint16_t at = p->doors[i].wiring.at;
  if (at != NONE16) {
    take_ends(c, &ends[(size_t)at * ends_max], at, i);
    return;
  }
  for (uint32_t r = 0; r < p->n_readers; r++)
    if (p->readers[r].door == i && on_line(p, r) && plan_door_board(p, i, p->readers[r].line) == r)
      take_ends(c, &ends[(size_t)r * ends_max], r, i);
}

void check_wiring(struct check *c) {
  const struct plan *p = c->p;
  struct end *ends = sp_alloc((size_t)p->n_readers * ends_max + 1, sizeof *ends);
  if (!ends) {
    check_no_memory(c);
    return;
  }
  for (size_t i = 0; i < (size_t)p->n_readers * ends_max; i++)
    ends[i].door = NONE16;
  for (uint32_t i = 0; i < p->n_doors; i++)
    if (numbers_sound(c, i) && board_sound(c, i) && !faulty(c, PLAN_ARRAY_doors, i))
      take_all(c, ends, i);
  sp_free(ends);
}
