#include "sim/day_int.h"

#include "sim/doors.h"

#include <string.h>

static bool all_shut(const struct day *d) {
  const struct plan *plan = watch_plan(d->w->watch);
  const struct core *core = watch_core(d->w->watch);
  for (uint32_t i = 0; i < plan->n_doors; i++)
    if (!doors_is_locked(d->w->doors, i) || core->doors[i].unlocked || core->doors[i].open)
      return false;
  return true;
}

/* Nobody else begins to walk, and all doors are shut: as when detainees are moved. */
static void clear_the_way(struct day *d) {
  usec until = world_now(d->w) + 2 * PATIENCE;
  people_keep_clear(d->w->people, true);
  if (d->left_open != REF_ABSENT)
    doors_close(d->w->doors, d->left_open); /* a scenario need not say that they shut it */
  d->left_open = REF_ABSENT;
  while (!all_shut(d) && world_now(d->w) < until)
    day_go_on(d, 200 * USEC_PER_MS);
}

static bool reader_works(const struct day *d, uint32_t reader) {
  const struct reader_state *r = &watch_core(d->w->watch)->readers[reader];
  return !r->offline && !r->insecure;
}

static const struct logged *await_pass(struct day *d, uint32_t reader, const struct human *h,
                                       size_t from) {
  usec until = world_now(d->w) + SHOW_AGAIN;
  const struct core *core = watch_core(d->w->watch);
  const struct id *tag = NULL;
  for (uint32_t i = 0; i < d->n_cards && !tag; i++)
    for (int k = 0; k < d->p->n_named && d->cards[i].human == h && !tag; k++)
      if (d->p->named[k].kind == REF_CREDENTIAL &&
          strcmp(d->p->named[k].name, d->cards[i].name) == 0)
        tag = &core->credentials[thing_of(d->p, REF_CREDENTIAL, d->cards[i].name)].tag;
  for (size_t i = from; world_now(d->w) < until; day_go_on(d, 20 * USEC_PER_MS))
    for (; i < d->n_log; i++) {
      const struct command *c = &d->log[i].c;
      if (c->type == COMMAND_PASS && c->u.pass.reader == reader &&
          (!tag || memcmp(&c->u.pass.tag, tag, sizeof *tag) == 0))
        return &d->log[i];
    }
  return NULL;
}

/* Refused for nothing but what others, or the wires, did to the door just then; or told so late
 * that nobody waits there any more. */
static bool in_the_way(const struct logged *l) {
  if (l->events[0].type == EVENT_PASSAGE_REPORTED_LATE)
    return true;
  const struct reasons *why = &l->events[0].u.passage_refused.reasons;
  bool only = l->events[0].type == EVENT_PASSAGE_REFUSED && why->n > 0;
  for (uint32_t i = 0; only && i < why->n; i++)
    only = why->at[i].code == REASON_GATE_OUT_OF_SERVICE || why->at[i].code == REASON_INTERLOCK;
  return only;
}

static const struct logged *show(struct day *d, struct human *h, uint32_t reader) {
  const struct logged *l = NULL;
  for (int i = 0; i < tries_max && (!l || in_the_way(l)); i++) {
    for (usec until = world_now(d->w) + PATIENCE;
         !reader_works(d, reader) && world_now(d->w) < until;)
      day_go_on(d, 500 * USEC_PER_MS);
    size_t from = d->n_log;
    people_show(d->w->people, h, reader);
    l = await_pass(d, reader, h, from);
  }
  if (!l)
    FAIL(d->p, "nothing comes of a card at reader %s",
         watch_plan(d->w->watch)->readers[reader].name.s);
  return l;
}

void day_ask_pass(struct play *p, const struct asking *a) {
  struct day *d = day_of(p);
  clear_the_way(d);
  d->last = day_human(d, a->card);
  d->last_reader = a->c.u.pass.reader;
  day_read(p, show(d, d->last, d->last_reader));
}

static const struct logged *find_report(struct day *d, const struct cmd_door_report *r,
                                        size_t from) {
  for (size_t i = from; i < d->n_log; i++)
    if (d->log[i].c.type == COMMAND_DOOR_REPORT && d->log[i].c.u.door_report.door == r->door &&
        d->log[i].c.u.door_report.sign == r->sign)
      return &d->log[i];
  return NULL;
}

/* Who was let in pulls the door. One that is locked again meanwhile: the card once more. */
static void pull(struct day *d, uint32_t door) {
  for (int i = 0; i < tries_max; i++) {
    for (int k = 0; k < 20; k++) {
      if (doors_open(d->w->doors, door, false, false))
        return;
      day_go_on(d, 100 * USEC_PER_MS);
    }
    if (d->last && watch_plan(d->w->watch)->readers[d->last_reader].door == door)
      show(d, d->last, d->last_reader);
  }
  FAIL(d->p, "the door does not open");
}

/* A door whose line does not say so is locked when its reader's timer has run out. */
static void await_locked(struct day *d, uint32_t door) {
  usec until = world_now(d->w) + PATIENCE;
  while ((!doors_is_locked(d->w->doors, door) || watch_core(d->w->watch)->doors[door].unlocked) &&
         world_now(d->w) < until)
    day_go_on(d, 100 * USEC_PER_MS);
}

void day_ask_door(struct play *p, const struct asking *a) {
  struct day *d = day_of(p);
  const struct cmd_door_report *r = &a->c.u.door_report;
  size_t from = r->sign == DOOR_LOCKED ? d->mark : d->n_log;
  usec until = world_now(d->w) + PATIENCE;
  const struct logged *l = NULL;
  p->out.verdict = VERDICT_DONE;
  p->out.reasons.n = p->out.n_events = 0;
  if (r->sign == DOOR_OPENED) {
    pull(d, r->door);
    d->left_open = r->door;
  } else if (r->sign == DOOR_CLOSED) {
    doors_close(d->w->doors, r->door);
    d->left_open = REF_ABSENT;
  }
  if (r->sign == DOOR_LOCKED && !watch_plan(d->w->watch)->doors[r->door].tells_locked) {
    await_locked(d, r->door);
    people_keep_clear(d->w->people, false);
    return;
  }
  while (!(l = find_report(d, r, from)) && world_now(d->w) < until)
    day_go_on(d, 20 * USEC_PER_MS);
  if (!l)
    FAIL(p, "nobody says that the door is %s", door_sign_names[r->sign]);
  day_read(p, l);
}
