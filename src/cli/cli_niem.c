/* cli_niem.c: export --niem: booking, detention, orders and handovers of one person as JSON-LD, in
 * NIEM's names.
 *
 * Invariants:
 *   1. every name comes from the table of niem.h;
 *   2. details and what sealed orders say are written only when the engine has journaled who reads
 *      them.
 */
#include "cli/ask.h"
#include "cli/niem.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct writing {
  struct cli *c;
  struct ask *ask; /* NULL without --details */
  uint32_t person;
  usec now;
  json_t *doc;
};

static void put(json_t *o, enum niem_name name, json_t *value) {
  json_object_set_new(o, niem_name(name), value);
}

/* {"name": value} */
static json_t *with(enum niem_name name, json_t *value) {
  json_t *o = json_object();
  put(o, name, value);
  return o;
}

static json_t *reference(const struct core *core, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(core);
  char name[ref_name_max];
  size_t n = namer.name(namer.ctx, kind, index, name);
  return json_pack("{s:o}", "@id",
                   json_sprintf("urn:sallyport:%s:%.*s", ref_kind_names[kind], (int)n, name));
}

/* One more object of this kind, with the entry that says it. */
static json_t *begin(struct writing *w, enum niem_name kind, uint64_t entry) {
  json_t *list = json_object_get(w->doc, niem_name(kind)), *o = json_object();
  if (!list) {
    list = json_array();
    put(w->doc, kind, list);
  }
  json_array_append_new(list, o);
  put(o, NIEM_SP_ENTRY, json_integer((json_int_t)entry));
  return o;
}

static json_t *site_of(const struct writing *w, enum niem_name name) {
  return with(name, json_string(site_core(w->c->site)->plan->name.s));
}

static json_t *subject(const struct writing *w) {
  return with(NIEM_ENTITY_PERSON, reference(site_core(w->c->site), REF_PERSON, w->person));
}

static json_t *status_json(const char *word) {
  return with(NIEM_STATUS, json_string(word));
}

/* --- Each kind of entry --- */

static enum sp_err put_person(struct writing *w, const struct entry *e) {
  const struct core *core = site_core(w->c->site);
  json_t *o = begin(w, NIEM_PERSON, e->n), *details = NULL;
  json_object_update_new(o, reference(core, REF_PERSON, w->person));
  put(o, NIEM_OTHER_ID, with(NIEM_ID, row_number(w->person)));
  enum sp_err err =
      w->ask ? site_details(w->c->site, REF_PERSON, w->person, &details, &w->c->why) : SP_OK;
  json_t *name = json_object_get(details, "name"), *born = json_object_get(details, "birth_date");
  if (json_is_string(name))
    put(o, NIEM_PERSON_NAME, with(NIEM_FULL_NAME, json_copy(name)));
  if (json_is_string(born))
    put(o, NIEM_BIRTH_DATE, with(NIEM_DATE, json_copy(born)));
  json_forget(details);
  return err;
}

static void put_booking(struct writing *w, const struct entry *e, uint32_t booking) {
  const struct core *core = site_core(w->c->site);
  const struct booking *b = &core->bookings[booking];
  bool open = b->closed_s == UINT32_MAX;
  struct reasons why_not = {0};
  uint32_t order = REF_ABSENT;
  json_t *o = begin(w, NIEM_BOOKING, e->n);
  json_object_update_new(o, reference(core, REF_BOOKING, booking));
  put(o, NIEM_ACTIVITY_ID, with(NIEM_ID, row_number(booking)));
  put(o, NIEM_ACTIVITY_DATE, with(NIEM_DATE_TIME, json_time(e->at)));
  put(o, NIEM_BOOKING_SUBJECT, subject(w));
  put(o, NIEM_BOOKING_AGENCY, site_of(w, NIEM_ORGANIZATION_NAME));
  put(o, NIEM_SP_ORDER, reference(core, REF_ORDER, b->order));
  o = begin(w, NIEM_DETENTION, e->n);
  put(o, NIEM_SUPERVISION_PERSON, reference(core, REF_PERSON, w->person));
  put(o, NIEM_SUPERVISION_FACILITY, site_of(w, NIEM_FACILITY_NAME));
  put(o, NIEM_SUPERVISION_CURRENT, json_boolean(open));
  put(o, NIEM_CUSTODY_STATUS,
      status_json(!open                                                ? "closed"
                  : held_at(core, w->person, w->now, &order, &why_not) ? "held"
                                                                       : "no_basis_to_hold"));
}

static const char *effect_of(const struct order *o) {
  static const char *const texts[] = {[ORDER_HOLDS] = "holds",
                                      [ORDER_MOVES] = "moves",
                                      [ORDER_FORBIDS] = "forbids",
                                      [ORDER_ENDS] = "ends",
                                      [ORDER_INFORMS] = "informs"};
  return texts[order_does((enum order_kind)o->kind)];
}

static enum sp_err put_order_details(struct writing *w, json_t *o, uint32_t order) {
  json_t *details = NULL;
  enum sp_err err = site_details(w->c->site, REF_ORDER, order, &details, &w->c->why);
  json_t *reference_ = json_object_get(details, "reference");
  json_t *official = json_object_get(details, "official");
  if (json_is_string(reference_))
    put(o, NIEM_SP_REFERENCE, json_copy(reference_));
  if (json_is_string(official))
    put(o, NIEM_ORDER_OFFICIAL, with(NIEM_PERSON_NAME, with(NIEM_FULL_NAME, json_copy(official))));
  json_forget(details);
  return err;
}

/* May what it says be told? With --details the engine is asked, of each order by itself. */
static enum sp_err is_told(struct writing *w, uint32_t order, bool *told, bool *read) {
  bool sealed = site_core(w->c->site)->orders[order].sealed;
  enum sp_err err = w->ask ? ask_details_read(w->c, w->ask, REF_ORDER, order) : SP_OK;
  *read = w->ask && !err;
  *told = !sealed || *read;
  if (err == SP_DENIED && sealed) {
    w->c->why = (struct fault){0};
    err = SP_OK;
  }
  return err;
}

static enum sp_err put_order(struct writing *w, const struct entry *e, uint32_t order) {
  const struct core *core = site_core(w->c->site);
  const struct order *r = &core->orders[order];
  bool told = false, read = false;
  enum sp_err err = is_told(w, order, &told, &read);
  if (err)
    return err;
  json_t *o = begin(w, NIEM_ORDER, e->n), *countries = json_array();
  json_object_update_new(o, reference(core, REF_ORDER, order));
  put(o, NIEM_ACTIVITY_ID, with(NIEM_ID, row_number(order)));
  put(o, NIEM_ORDER_SUBJECT, subject(w));
  put(o, NIEM_ORDER_STATUS, status_json(order_status_names[order_status_at(core, order, w->now)]));
  put(o, NIEM_SP_EFFECT, json_string(effect_of(r)));
  if (r->sealed)
    put(o, NIEM_SP_SEALED, json_true());
  for (uint32_t k = 0; told && k < r->n_countries; k++)
    json_array_append_new(countries, json_string(country_codes[r->countries[k] - 1]));
  if (told) {
    put(o, NIEM_ACTIVITY_DATE, with(NIEM_DATE_TIME, json_time(e->at)));
    put(o, NIEM_SP_KIND, json_string(order_kind_names[r->kind]));
    put(o, NIEM_ORDER_COURT, with(NIEM_COURT_NAME, row_name(core, REF_AUTHORITY, r->issuer)));
    if (r->basis != REF_ABSENT)
      put(o, NIEM_SP_BASIS, row_name(core, REF_BASIS, r->basis));
    if (r->to != REF_ABSENT)
      put(o, NIEM_ORDER_LOCATION, with(NIEM_LOCATION_NAME, row_name(core, REF_PLACE, r->to)));
    if (r->from_s)
      put(o, NIEM_ACTIVITY_EFFECTIVE, with(NIEM_DATE_TIME, row_from(r->from_s)));
    if (r->until_s != UINT32_MAX)
      put(o, NIEM_SP_UNTIL, row_until(r->until_s));
    if (json_array_size(countries))
      put(o, NIEM_SP_COUNTRIES, json_incref(countries));
  }
  json_decref(countries);
  return read ? put_order_details(w, o, order) : SP_OK;
}

static void put_handover(struct writing *w, const struct entry *e, const json_t *data,
                         uint32_t movement) {
  const struct core *core = site_core(w->c->site);
  const struct movement *m = &core->movements[movement];
  json_t *receipt = json_object_get(data, "receipt");
  json_t *o = begin(w, NIEM_TRANSFER, e->n);
  put(o, NIEM_ACTIVITY_ID, with(NIEM_ID, row_number(movement)));
  put(o, NIEM_ACTIVITY_DATE, with(NIEM_DATE_TIME, json_time(e->at)));
  put(o, NIEM_TRANSFER_SUBJECT, subject(w));
  put(o, NIEM_TRANSFER_FROM, site_of(w, NIEM_ORGANIZATION_NAME));
  if (m->receiver != REF_ABSENT)
    put(o, NIEM_TRANSFER_TO,
        with(NIEM_ORGANIZATION_NAME, row_name(core, REF_AUTHORITY, m->receiver)));
  if (m->to != REF_ABSENT)
    put(o, NIEM_ACTIVITY_LOCATION, with(NIEM_LOCATION_NAME, row_name(core, REF_PLACE, m->to)));
  put(o, NIEM_SP_KIND, json_string(movement_kind_names[m->kind]));
  if (json_is_string(receipt))
    put(o, NIEM_SP_RECEIPT, json_copy(receipt));
}

/* --- The journal, read once --- */

static bool find(const json_t *data, const char *key, struct id *id) {
  const char *hex = json_string_value(json_object_get(data, key));
  return hex && hex_decode(id->b, sizeof id->b, hex, strlen(hex));
}

static enum sp_err take_data(struct writing *w, const struct entry *e, enum event_type type,
                             const json_t *data) {
  const struct core *core = site_core(w->c->site);
  struct id id;
  uint32_t i;
  if (!find(data, "person", &id) || memcmp(&id, &core->persons[w->person].id, sizeof id) != 0)
    return SP_OK;
  if (type == EVENT_PERSON_ADDED)
    return put_person(w, e);
  if (type == EVENT_ORDER_RECORDED && find(data, "order", &id) && core_find_order(core, id, &i))
    return put_order(w, e, i);
  if (type == EVENT_BOOKING_OPENED && find(data, "booking", &id) && core_find_booking(core, id, &i))
    put_booking(w, e, i);
  else if (type == EVENT_MOVEMENT_HANDED_OVER && find(data, "movement", &id) &&
           core_find_movement(core, id, &i))
    put_handover(w, e, data, i);
  return SP_OK;
}

static enum sp_err take(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct writing *w = ctx;
  struct entry e;
  (void)n;
  enum sp_err err = entry_parse(&e, bytes, why);
  if (err)
    return err;
  enum event_type type = sentence_type(e.type);
  if (type != EVENT_PERSON_ADDED && type != EVENT_ORDER_RECORDED && type != EVENT_BOOKING_OPENED &&
      type != EVENT_MOVEMENT_HANDED_OVER)
    return SP_OK;
  json_t *data = json_loadb((const char *)e.data.p, e.data.n, 0, NULL);
  err = data ? take_data(w, &e, type, data) : fault_set(why, SP_NO_MEMORY, "out of memory");
  json_decref(data);
  return err;
}

enum sp_err cli_export(struct cli *c) {
  struct writing w = {.c = c, .now = when_now()};
  if (!cli_has(c, OPT_NIEM))
    return fault_set(&c->why, SP_USAGE, "say in whose names: `export --niem`");
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_person(c->site, cli_text(c, OPT_PERSON), &w.person, &c->why);
  if (!err && cli_has(c, OPT_DETAILS)) {
    err = ask_reader_named(c);
    if (!err)
      err = ask_open(c, &w.ask);
    if (!err)
      err = ask_details_read(c, w.ask, REF_PERSON, w.person);
  }
  w.doc =
      json_pack("{s:{s:s,s:s,s:s}}", "@context", "nc",
                "https://docs.oasis-open.org/niemopen/ns/model/niem-core/" NIEM_RELEASE "/", "j",
                "https://docs.oasis-open.org/niemopen/ns/model/domains/justice/" NIEM_RELEASE "/",
                "sp", "urn:sallyport:niem:1:");
  if (!err)
    err = site_entries(c->site, 0, take, &w, &c->why);
  if (!err)
    out_json(json_incref(w.doc));
  json_forget(w.doc);
  ask_close(w.ask);
  return err;
}
