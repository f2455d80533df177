/* areas.c: which area lies within which, who is counted where, and whether there is room.
 *
 * What stands in comments that begin with an at sign is a contract in ACSL: what a caller sees to
 * (requires), what may change (assigns) and what is then true (ensures). scripts/prove has each
 * proved for every input; formal/README.md says who sees to what is required.
 */
#include "core/areas.h"

/*@ // A parent comes before its children (invariant 2 of plan.h), so every chain of parents ends.
  predicate is_tree(struct plan *p) =
    \valid_read(p) && 1 <= p->n_areas <= areas_max &&
    \valid_read(p->areas + (0 .. p->n_areas - 1)) &&
    (\forall integer a; 0 <= a < p->n_areas ==>
      p->areas[a].parent == NONE16 || p->areas[a].parent < a);

  // The area is outer, or lies within it.
  predicate within(struct plan *p, integer area, integer outer) =
    area != NONE16 && outer <= area &&
    (area == outer || within(p, p->areas[area].parent, outer));

  // So it is what one would write down first, without "outer <= area", which the proofs need.
  lemma within_is_by_parents:
    \forall struct plan *p, integer area, outer; is_tree(p) && 0 <= area < p->n_areas ==>
      (within(p, area, outer) <==>
        area == outer || within(p, p->areas[area].parent, outer));
  lemma nothing_is_within_none:
    \forall struct plan *p, integer outer; !within(p, NONE16, outer);

  predicate is_site(struct core *c) =
    \valid_read(c) && is_tree(c->plan) && \valid_read(c->areas + (0 .. c->plan->n_areas - 1));

  // Whoever goes from one area to another enters this one.
  predicate enters(struct plan *p, integer from, integer to, integer area) =
    within(p, to, area) && !within(p, from, area);

  // Where a walk from an area to its parents is: an index that sinks, -1 at the end.
  logic integer chain_at(integer area) = area == NONE16 ? -1 : area;

  // Of the persons counted and of the places kept, as integers, which do not overflow.
  predicate is_full(struct core *c, integer area, integer own, integer extra) =
    c->plan->areas[area].capacity != 0 &&
    c->areas[area].occupancy + c->areas[area].reserved - own + extra >=
      c->plan->areas[area].capacity;

  // The counts, an array of areas_max, may be written without changing what they are reached by.
  predicate is_apart(struct core *c) =
    \valid(c->areas + (0 .. areas_max - 1)) &&
    \separated(c->areas + (0 .. areas_max - 1), c) &&
    \separated(c->areas + (0 .. areas_max - 1), c->plan) &&
    \separated(c->areas + (0 .. areas_max - 1), c->plan->areas + (0 .. areas_max - 1));
*/

/*@ requires is_tree(p);
    requires area == NONE16 || area < p->n_areas;
    terminates \true;
    assigns \nothing;
    ensures \result <==> within(p, area, outer);
*/
bool plan_area_within(const struct plan *p, uint32_t area, uint32_t outer) {
  /*@ loop invariant area == NONE16 || area < p->n_areas;
      loop invariant within(p, area, outer) <==> within(p, \at(area, Pre), outer);
      loop assigns area;
      loop variant chain_at(area);
  */
  for (; area != NONE16; area = p->areas[area].parent)
    if (area == outer)
      return true;
  return false;
}

/*@ requires is_site(core);
    requires to < core->plan->n_areas && from < core->plan->n_areas;
    requires own <= 1 && extra <= party_max;
    requires \forall integer a; 0 <= a < core->plan->n_areas ==>
      core->areas[a].occupancy <= persons_max &&
      core->areas[a].reserved <= doors_max * party_max;
    requires \forall integer a; 0 <= a < core->plan->n_areas &&
      enters(core->plan, from, to, a) ==> own <= core->areas[a].reserved;
    terminates \true;
    assigns \nothing;
    ensures \result == REF_ABSENT <==>
      \forall integer a; 0 <= a < core->plan->n_areas && enters(core->plan, from, to, a) ==>
        !is_full(core, a, own, extra);
    ensures \result != REF_ABSENT ==>
      \result < core->plan->n_areas && enters(core->plan, from, to, \result) &&
      is_full(core, \result, own, extra);
*/
uint32_t areas_full(const struct core *core, uint32_t from, uint32_t to, uint32_t own,
                    uint32_t extra) {
  const struct plan *p = core->plan;
  /*@ loop invariant a == NONE16 || a < p->n_areas;
      loop invariant \forall integer x; within(p, a, x) ==> within(p, to, x);
      loop invariant \forall integer x; enters(p, from, to, x) && !within(p, a, x) ==>
        !is_full(core, x, own, extra);
      loop assigns a;
      loop variant chain_at(a);
  */
  for (uint32_t a = to; a != NONE16; a = p->areas[a].parent) {
    uint32_t capacity = p->areas[a].capacity;
    if (capacity && !plan_area_within(p, from, a) &&
        core->areas[a].occupancy + core->areas[a].reserved - own + extra >= capacity)
      return a;
  }
  return REF_ABSENT;
}

/*@ requires is_site(core) && is_apart(core);
    requires to < core->plan->n_areas && from < core->plan->n_areas;
    // Who moves is counted where they are, and there are no more than can be.
    requires \forall integer a; 0 <= a < core->plan->n_areas &&
      enters(core->plan, to, from, a) ==> core->areas[a].occupancy >= 1;
    requires \forall integer a; 0 <= a < core->plan->n_areas ==>
      core->areas[a].occupancy <= persons_max;
    terminates \true;
    assigns core->areas[0 .. areas_max - 1].occupancy,
      core->areas[0 .. areas_max - 1].first_in;
    ensures \forall integer a; 0 <= a < core->plan->n_areas ==>
      (enters(core->plan, from, to, a) ==>
        core->areas[a].occupancy == \old(core->areas[a].occupancy) + 1) &&
      (enters(core->plan, to, from, a) ==>
        core->areas[a].occupancy == \old(core->areas[a].occupancy) - 1) &&
      (!enters(core->plan, from, to, a) && !enters(core->plan, to, from, a) ==>
        core->areas[a].occupancy == \old(core->areas[a].occupancy));
    // What the first person allowed ends with the last one's leaving, and not before.
    ensures \forall integer a; 0 <= a < core->plan->n_areas ==>
      (enters(core->plan, to, from, a) && core->areas[a].occupancy == 0 ==>
        core->areas[a].first_in == 0) &&
      (!enters(core->plan, to, from, a) || core->areas[a].occupancy != 0 ==>
        core->areas[a].first_in == \old(core->areas[a].first_in));
*/
void areas_move(struct core *core, uint32_t from, uint32_t to) {
  const struct plan *p = core->plan;
  /*@ loop invariant a == NONE16 || a < p->n_areas;
      loop invariant \forall integer x; a != NONE16 && x <= a ==>
        (within(p, a, x) <==> within(p, to, x));
      loop invariant \forall integer x; 0 <= x < p->n_areas ==>
        (enters(p, from, to, x) && x > chain_at(a) ==>
          core->areas[x].occupancy == \at(core->areas[x].occupancy, Pre) + 1) &&
        (!enters(p, from, to, x) || x <= chain_at(a) ==>
          core->areas[x].occupancy == \at(core->areas[x].occupancy, Pre));
      loop assigns a, core->areas[0 .. areas_max - 1].occupancy;
      loop variant chain_at(a);
  */
  for (uint32_t a = to; a != NONE16; a = p->areas[a].parent)
    if (!plan_area_within(p, from, a))
      core->areas[a].occupancy++;
  /*@ loop invariant a == NONE16 || a < p->n_areas;
      loop invariant \forall integer x; a != NONE16 && x <= a ==>
        (within(p, a, x) <==> within(p, from, x));
      loop invariant \forall integer x; 0 <= x < p->n_areas ==>
        (enters(p, from, to, x) ==>
          core->areas[x].occupancy == \at(core->areas[x].occupancy, Pre) + 1) &&
        (enters(p, to, from, x) && x > chain_at(a) ==>
          core->areas[x].occupancy == \at(core->areas[x].occupancy, Pre) - 1) &&
        (!enters(p, from, to, x) && (!enters(p, to, from, x) || x <= chain_at(a)) ==>
          core->areas[x].occupancy == \at(core->areas[x].occupancy, Pre));
      loop invariant \forall integer x; 0 <= x < p->n_areas ==>
        (enters(p, to, from, x) && x > chain_at(a) && core->areas[x].occupancy == 0 ==>
          core->areas[x].first_in == 0) &&
        (!enters(p, to, from, x) || x <= chain_at(a) || core->areas[x].occupancy != 0 ==>
          core->areas[x].first_in == \at(core->areas[x].first_in, Pre));
      loop assigns a, core->areas[0 .. areas_max - 1].occupancy,
        core->areas[0 .. areas_max - 1].first_in;
      loop variant chain_at(a);
  */
  for (uint32_t a = from; a != NONE16; a = p->areas[a].parent)
    if (!plan_area_within(p, to, a)) {
      SP_ASSERT(core->areas[a].occupancy > 0);
      if (--core->areas[a].occupancy == 0)
        core->areas[a].first_in = 0;
    }
}

/*@ requires 0 <= n + by <= UINT32_MAX;
    terminates \true;
    assigns \nothing;
    ensures \result == n + by;
*/
static uint32_t changed(uint32_t n, int by) {
  return (uint32_t)((int64_t)n + by);
}

/*@ requires is_site(core) && is_apart(core);
    requires to < core->plan->n_areas && from < core->plan->n_areas;
    requires by == 1 || by == -1;
    requires \forall integer a; 0 <= a < core->plan->n_areas &&
      enters(core->plan, from, to, a) ==>
        0 <= core->areas[a].reserved + by <= doors_max * party_max;
    requires 0 <= core->areas[from].leaving + by <= doors_max * party_max;
    terminates \true;
    assigns core->areas[0 .. areas_max - 1].reserved, core->areas[from].leaving;
    ensures \forall integer a; 0 <= a < core->plan->n_areas ==>
      (enters(core->plan, from, to, a) ==>
        core->areas[a].reserved == \old(core->areas[a].reserved) + by) &&
      (!enters(core->plan, from, to, a) ==>
        core->areas[a].reserved == \old(core->areas[a].reserved));
    ensures core->areas[from].leaving == \old(core->areas[from].leaving) + by;
*/
void areas_reserve(struct core *core, uint32_t from, uint32_t to, int by) {
  const struct plan *p = core->plan;
  /*@ loop invariant a == NONE16 || a < p->n_areas;
      loop invariant \forall integer x; a != NONE16 && x <= a ==>
        (within(p, a, x) <==> within(p, to, x));
      loop invariant \forall integer x; 0 <= x < p->n_areas ==>
        (enters(p, from, to, x) && x > chain_at(a) ==>
          core->areas[x].reserved == \at(core->areas[x].reserved, Pre) + by) &&
        (!enters(p, from, to, x) || x <= chain_at(a) ==>
          core->areas[x].reserved == \at(core->areas[x].reserved, Pre));
      loop assigns a, core->areas[0 .. areas_max - 1].reserved;
      loop variant chain_at(a);
  */
  for (uint32_t a = to; a != NONE16; a = p->areas[a].parent)
    if (!plan_area_within(p, from, a))
      core->areas[a].reserved = changed(core->areas[a].reserved, by);
  core->areas[from].leaving = changed(core->areas[from].leaving, by);
}
