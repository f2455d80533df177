#include "sim/scenario.h"

#include <stdio.h>
#include <string.h>

static const char *short_name(const char *type) {
  return strncmp(type, "passage.", 8) == 0 ? type + 8 : type;
}

static void list_reasons(char *out, size_t size, const struct reasons *r) {
  size_t n = 0;
  out[0] = 0;
  for (uint32_t i = 0; i < r->n && n < size; i++)
    n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", reason_codes[r->at[i].code]);
}

/* "refused dina: stayed": each of them by name, since one may keep all others there. */
static size_t tell_refused(const struct play *p, const struct ev_movement_refused *r, char *out,
                           size_t size) {
  char reasons[512];
  list_reasons(reasons, sizeof reasons, &r->reasons);
  return (size_t)snprintf(out, size, "refused%s%s: %s", r->person == REF_ABSENT ? "" : " ",
                          r->person == REF_ABSENT ? "" : person_name(p, r->person), reasons);
}

void tell_outcome(const struct play *p, char *out, size_t size) {
  const struct outcome *o = &p->out;
  char reasons[512];
  list_reasons(reasons, sizeof reasons, &o->reasons);
  if (o->verdict == VERDICT_REJECTED) {
    snprintf(out, size, "rejected: %s", reasons);
    return;
  }
  size_t n = 0;
  out[0] = 0;
  for (uint32_t i = 0; i < o->n_events && n < size; i++) {
    const struct event *e = &o->events[i];
    const char *name = short_name(event_records[e->type].type);
    n += (size_t)snprintf(out + n, size - n, "%s", i ? "; " : "");
    if (e->type == EVENT_MOVEMENT_REFUSED) {
      n += tell_refused(p, &e->u.movement_refused, out + n, size - n);
      continue;
    }
    n += (size_t)snprintf(out + n, size - n, "%s", name);
    if (o->reasons.n && o->verdict == VERDICT_REFUSED && i == 0)
      n += (size_t)snprintf(out + n, size - n, ": %s", reasons);
    if (e->type == EVENT_PASSAGE_GRANTED && e->u.passage_granted.warnings.n) {
      char warnings[256];
      list_reasons(warnings, sizeof warnings, &e->u.passage_granted.warnings);
      n += (size_t)snprintf(out + n, size - n, " with warning: %s", warnings);
    }
  }
  if (!o->n_events)
    snprintf(out, size, "nothing");
}

void expect(struct play *p, const char *wanted) {
  char told[1024];
  tell_outcome(p, told, sizeof told);
  if (strcmp(told, wanted) != 0)
    FAIL(p, "expected \"%s\", and it was \"%s\"", wanted, told);
  p->lines_checked++;
}
