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

  // Of the persons counted and of the places kept, as integers, which do not overflow.
  predicate is_full(struct core *c, integer area, integer own, integer extra) =
    c->plan->areas[area].capacity != 0 &&
    c->areas[area].occupancy + c->areas[area].reserved - own + extra >=
      c->plan->areas[area].capacity;
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
      loop variant area == NONE16 ? -1 : area;
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
      loop variant a == NONE16 ? -1 : a;
  */
  for (uint32_t a = to; a != NONE16; a = p->areas[a].parent) {
    uint32_t capacity = p->areas[a].capacity;
    if (capacity && !plan_area_within(p, from, a) &&
        core->areas[a].occupancy + core->areas[a].reserved - own + extra >= capacity)
      return a;
  }
  return REF_ABSENT;
}
