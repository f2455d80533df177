#include "sim/scenario.h"

#include <stdlib.h>
#include <string.h>

/* --- Names --- */

struct id id_of(const char *kind, const char *name) {
  struct id id;
  uint64_t h = 1469598103934665603u;
  for (const char *s = kind; *s; s++)
    h = (h ^ (uint8_t)*s) * 1099511628211u;
  for (int i = 0; i < 16; i++) {
    for (const char *s = name; *s; s++)
      h = (h ^ (uint8_t)*s) * 1099511628211u;
    h = (h ^ (uint64_t)i) * 1099511628211u;
    id.b[i] = (uint8_t)(h >> 32);
  }
  return id;
}

static struct id of_secret(const char *kind, const char *name) {
  return name ? id_of(kind, name) : (struct id){{0}};
}

void fill_by_name(struct command *c, const struct asking *a) {
  const struct record *r = &command_records[c->type];
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    struct id id;
    if (f->kind != FIELD_ID || !(f->flags & FIELD_ENGINE))
      continue;
    if (strcmp(f->name, "tag") == 0)
      id = of_secret("tag", a->card);
    else if (strcmp(f->name, "pin") == 0)
      id = of_secret("pin", a->pin);
    else if (strcmp(f->name, "duress") == 0)
      id = of_secret("pin", a->duress);
    else
      id = of_secret(f->name, a->new_name);
    memcpy((uint8_t *)&c->u + f->offset, &id, sizeof id);
  }
}

void name_it(struct play *p, enum ref_kind kind, const char *name, struct id id) {
  int i = 0;
  while (i < p->n_named && (p->named[i].kind != kind || strcmp(p->named[i].name, name) != 0))
    i++;
  if (i == names_max)
    FAIL(p, "too many names");
  p->n_named += i == p->n_named;
  p->named[i].kind = kind;
  p->named[i].id = id;
  size_t n = strlen(name);
  if (n >= sizeof p->named[i].name)
    FAIL(p, "%s: the name is too long", name);
  memcpy(p->named[i].name, name, n + 1);
}

static bool index_of(const struct play *p, const struct named *named, uint32_t *index) {
  struct namer namer = core_namer(p->core);
  char hex[2 * sizeof named->id.b + 1] = {0};
  hex_encode(hex, named->id.b, sizeof named->id.b);
  return namer.find(namer.ctx, named->kind, span_str(hex), index);
}

uint32_t thing_of(struct play *p, enum ref_kind kind, const char *name) {
  uint32_t index = 0;
  for (int i = 0; i < p->n_named; i++)
    if (p->named[i].kind == kind && strcmp(p->named[i].name, name) == 0 &&
        index_of(p, &p->named[i], &index))
      return index;
  FAIL(p, "no %s is named %s above", ref_kind_names[kind], name);
}

uint32_t person_of(struct play *p, const char *name) {
  return thing_of(p, REF_PERSON, name);
}

const char *person_name(const struct play *p, uint32_t person) {
  uint32_t index;
  for (int i = 0; i < p->n_named; i++)
    if (p->named[i].kind == REF_PERSON && index_of(p, &p->named[i], &index) && index == person)
      return p->named[i].name;
  return "nobody";
}

uint32_t operator_of(struct play *p, const char *name) {
  return thing_of(p, REF_OPERATOR, name);
}

uint32_t plan_thing(struct play *p, enum ref_kind kind, const char *name) {
  uint32_t i = 0;
  if (!core_plan(p->core) || !plan_find(core_plan(p->core), kind, span_str(name), &i))
    FAIL(p, "the plan has no %s %s", ref_kind_names[kind], name);
  return i;
}

/* --- Times --- */

usec duration_of(struct play *p, const char *s) {
  char *end;
  double v = strtod(s, &end);
  const struct {
    const char *unit;
    double us;
  } units[] = {{"ms", 1e3}, {"s", 1e6}, {"min", 6e7}, {"h", 3.6e9}, {"d", 8.64e10}};
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (strcmp(end, units[i].unit) == 0)
      return (usec)(v * units[i].us);
  FAIL(p, "not a time: %s", s);
}

usec instant_of(struct play *p, const char *s) {
  usec t;
  if (!time_parse_lenient(&t, s, strlen(s)))
    FAIL(p, "not a date: %s", s);
  return t;
}

/* --- Words of a line --- */

const char *option(const struct words *w, const char *name) {
  for (int i = 1; i + 1 < w->n; i++)
    if (strcmp(w->at[i], name) == 0)
      return w->at[i + 1];
  return NULL;
}

bool has_word(const struct words *w, const char *name) {
  for (int i = 1; i < w->n; i++)
    if (strcmp(w->at[i], name) == 0)
      return true;
  return false;
}

const char *word(struct play *p, const struct words *w, int i) {
  if (i >= w->n)
    FAIL(p, "the line ends too early");
  return w->at[i];
}

usec date_option(struct play *p, const struct words *w, const char *name) {
  const char *s = option(w, name);
  return s ? instant_of(p, s) : TIME_ABSENT;
}
