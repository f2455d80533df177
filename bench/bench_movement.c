/* bench_movement.c: how long it takes to decide a manifest of 240 persons, on a site of 5,000
 * staff, 20,000 detainees and 2,000 orders besides those that hold and move them. */
#include "big_site.h"
#include "core/register_fields.h"
#include "core/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { staff = 5000, detainees = 20000, others = 2000, seats = 240, rounds = 200 };

static usec now = 1800000000 * USEC_PER_S;

static struct id id_of(uint32_t kind, uint32_t n) {
  struct id id;
  uint64_t s = ((uint64_t)kind << 32 | n) * UINT64_C(0x9e3779b97f4a7c15) + 1;
  for (int i = 0; i < 2; i++)
    store_le64(id.b + 8 * i, bench_random(&s));
  return id;
}

static void happen(struct core *core, struct event e) {
  e.at = now += 1000;
  e.n = core_next_entry(core);
  core_apply(core, &e);
}

static struct slug slug_of(const char *name) {
  struct slug s = {{0}};
  snprintf(s.s, sizeof s.s, "%s", name);
  return s;
}

/* Two operators, one above the other court, a law, two places, a class of whom nobody knows. */
static void found(struct core *core) {
  for (uint32_t i = 0; i < 2; i++) {
    struct event e = {.type = EVENT_OPERATOR_ADDED};
    e.u.operator_added = (struct ev_operator_added){id_of(1, i), i ? ROLE_LEGAL : ROLE_GATE};
    happen(core, e);
  }
  struct event e = {.type = EVENT_AUTHORITY_ADDED};
  e.u.authority_added = (struct ev_authority_added){slug_of("court"), REF_ABSENT};
  happen(core, e);
  e = (struct event){.type = EVENT_PLACE_ADDED};
  e.u.place_added = (struct ev_place_added){slug_of("elsewhere"), 0};
  happen(core, e);
  e = (struct event){.type = EVENT_BASIS_ADDED};
  e.u.basis_added = (struct ev_basis_added){.basis = slug_of("code"),
                                            .replaces = REF_ABSENT,
                                            .country = REF_ABSENT,
                                            .place = REF_ABSENT,
                                            .from = TIME_ABSENT,
                                            .until = TIME_ABSENT};
  happen(core, e);
  for (uint32_t i = 0; i < 16; i++) {
    char name[16];
    snprintf(name, sizeof name, "class-%u", i);
    e = (struct event){.type = EVENT_CLASS_ADDED};
    e.u.class_added = (struct ev_class_added){slug_of(name), MEMBERSHIP_NON_MEMBER};
    happen(core, e);
  }
}

static uint32_t order(struct core *core, enum order_kind kind, uint32_t person, uint32_t class) {
  uint32_t i = core->head.n_orders;
  bool rests = order_does(kind) == ORDER_HOLDS || order_does(kind) == ORDER_MOVES;
  struct event e = {.type = EVENT_ORDER_RECORDED};
  e.u.order_recorded = (struct ev_order_recorded){.order = id_of(2, i),
                                                  .number = person_number(i),
                                                  .kind = kind,
                                                  .person = person,
                                                  .other = REF_ABSENT,
                                                  .class = class,
                                                  .on_basis = REF_ABSENT,
                                                  .basis = rests ? 0 : REF_ABSENT,
                                                  .from = REF_ABSENT,
                                                  .to = REF_ABSENT,
                                                  .ends = REF_ABSENT,
                                                  .effective = TIME_ABSENT,
                                                  .expires = TIME_ABSENT,
                                                  .due = TIME_ABSENT};
  happen(core, e);
  e = (struct event){.type = EVENT_ORDER_AUTHENTICATED};
  e.u.order_authenticated = (struct ev_order_authenticated){i, 1};
  happen(core, e);
  return i;
}

static void admit(struct core *core, uint32_t n) {
  uint32_t person = core->head.n_persons;
  struct event e = {.type = EVENT_PERSON_ADDED};
  e.u.person_added = (struct ev_person_added){id_of(3, n), PERSON_DETAINEE, person_number(person),
                                              TIME_ABSENT, TIME_ABSENT};
  happen(core, e);
  uint32_t held = order(core, ORDER_COMMITMENT, person, REF_ABSENT);
  e = (struct event){.type = EVENT_BOOKING_OPENED};
  e.u.booking_opened = (struct ev_booking_opened){.booking = id_of(4, n),
                                                  .number = person_number(core->head.n_bookings),
                                                  .person = person,
                                                  .order = held,
                                                  .recorded = register_required()};
  happen(core, e);
  e = (struct event){.type = EVENT_PERSON_LOCATED};
  e.u.person_located = (struct ev_person_located){person, area_outside, 2};
  happen(core, e);
}

/* Half of the others forbid something to a detainee who is not on the manifest, the rest inform of
 * those who are; some bind classes, to which all those are no members. */
static void crowd(struct core *core) {
  for (uint32_t i = 0; i < others; i++)
    if (i % 40 == 0)
      order(core, ORDER_STAY, REF_ABSENT, i / 40 % 16);
    else
      order(core, i % 2 ? ORDER_STAY : ORDER_DETAINER,
            i % 2 ? staff + seats + i : staff + i % seats, REF_ABSENT);
}

static struct command asks(enum command_type type, bool two) {
  return (struct command){.type = type,
                          .at = now,
                          .known_at = now,
                          .clock_trusted = true,
                          .by = {ACTOR_OPERATOR, 0},
                          .second = two ? 1 : REF_ABSENT};
}

static void must(const struct outcome *out, const char *what) {
  if (out->verdict == VERDICT_DONE)
    return;
  fprintf(stderr, "bench_movement: %s was not permitted: %s\n", what,
          reason_codes[out->reasons.at[0].code]);
  exit(1);
}

static void do_step(struct core *core, struct command c, struct outcome *out, const char *what) {
  core_decide(core, &c, out);
  must(out, what);
  for (uint32_t i = 0; i < out->n_events; i++)
    core_apply(core, &out->events[i]);
}

/* Everybody onto the manifest and aboard; returns nanoseconds a decision, of these. */
static double board_all(struct core *core, struct outcome *out) {
  uint64_t ns = 0;
  for (uint32_t i = 0; i < seats; i++) {
    uint32_t person = staff + i, by = order(core, ORDER_TRANSFER, person, REF_ABSENT);
    struct command c = asks(COMMAND_MANIFEST_ADD, false);
    c.by.index = 1;
    c.u.manifest_add = (struct cmd_manifest_add){0, person, by, false};
    uint64_t t = bench_ns();
    core_decide(core, &c, out);
    ns += bench_ns() - t;
    do_step(core, c, out, "adding");
    c = asks(COMMAND_IDENTITY_CONFIRM, false);
    c.u.identity_confirm = (struct cmd_identity_confirm){0, person, person, false, BIOMETRIC_MATCH};
    do_step(core, c, out, "confirming");
    c = asks(COMMAND_MOVEMENT_BOARD, false);
    c.u.member_ref = (struct cmd_member_ref){0, person};
    do_step(core, c, out, "boarding");
  }
  return (double)ns / seats;
}

int main(void) {
  struct big_site s = big_site_make(staff);
  struct outcome *out = malloc(sizeof *out);
  uint64_t begun = bench_ns();
  if (!out)
    return 1;
  now = core_last_at(s.core) > now ? core_last_at(s.core) : now;
  found(s.core);
  for (uint32_t i = 0; i < detainees; i++)
    admit(s.core, i);
  crowd(s.core);
  struct event e = {.type = EVENT_MOVEMENT_PROPOSED};
  e.u.movement_proposed = (struct ev_movement_proposed){
      id_of(5, 0), person_number(0), MOVEMENT_TRANSFER, 0, REF_ABSENT, 0, seats, false,
      false,       TIME_ABSENT,      TIME_ABSENT,       0};
  happen(s.core, e);
  e = (struct event){.type = EVENT_MOVEMENT_AUTHORISED};
  e.u.movement_authorised = (struct ev_movement_authorised){0, 1};
  happen(s.core, e);
  printf("%u persons, %u of them detainees; %u orders; made in %.1f s\n", s.core->head.n_persons,
         detainees, s.core->head.n_orders, (double)(bench_ns() - begun) / 1e9);
  double add = board_all(s.core, out);
  static uint64_t times[rounds];
  for (int i = 0; i < rounds; i++) {
    struct command c = asks(COMMAND_MOVEMENT_DEPART, true);
    uint64_t t = bench_ns();
    core_decide(s.core, &c, out);
    times[i] = bench_ns() - t;
    must(out, "departing");
  }
  uint64_t half = bench_quantile(times, rounds, 0.5), most = bench_quantile(times, rounds, 0.99);
  printf("adding one to the manifest: %.1f us\n", add / 1e3);
  printf("departing with %d aboard: p50 %.3f ms, p99 %.3f ms of the 5 ms allowed\n", seats,
         (double)half / 1e6, (double)most / 1e6);
  free(out);
  big_site_free(&s);
  return 0;
}
