/* plan_zone.c: reads TZif version 2 or later: the 64-bit transitions, and the rule in the footer
 * for the years after them (a POSIX TZ string, RFC 9636 section 3.3). */
#include "plan/plan_zone.h"

#include "plan/plan_scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { zone_file_max = 1 << 20, offset_max_s = 26 * 3600, first_year = 1970, end_year = 2100 };
static const char zone_dir[] = "/usr/share/zoneinfo";

/* --- The footer: "CET-1CEST,M3.5.0,M10.5.0/3" --- */

struct rule_date {
  char kind; /* 'M' month.week.day, 'J' day 1-365 without 29 February, 'D' day 0-365 */
  int32_t a, week, day, at_s;
};

struct rule {
  int32_t standard_s, daylight_s;
  bool has_daylight;
  struct rule_date start, end; /* of daylight saving time, in the local time before each */
};

static bool take_number(const char **p, int32_t most, int32_t *out) {
  int32_t v = 0;
  if (**p < '0' || **p > '9')
    return false;
  for (; **p >= '0' && **p <= '9'; (*p)++) {
    v = v * 10 + (**p - '0');
    if (v > most)
      return false;
  }
  *out = v;
  return true;
}

/* "[+-]h[hh][:mm[:ss]]" in seconds. */
static bool take_time(const char **p, int32_t *out) {
  int32_t sign = 1, h, m = 0, s = 0;
  if (**p == '-' || **p == '+')
    sign = *(*p)++ == '-' ? -1 : 1;
  if (!take_number(p, 167, &h))
    return false;
  if (**p == ':' && ((*p)++, !take_number(p, 59, &m)))
    return false;
  if (**p == ':' && ((*p)++, !take_number(p, 59, &s)))
    return false;
  *out = sign * (h * 3600 + m * 60 + s);
  return true;
}

/* How far west of UTC clocks are: less than a time of a rule may be. */
static bool take_offset(const char **p, int32_t *out) {
  return take_time(p, out) && *out <= offset_max_s && *out >= -offset_max_s;
}

/* Letters, or anything within <>. */
static bool take_name(const char **p) {
  const char *from = *p;
  if (**p == '<') {
    const char *end = strchr(*p, '>');
    *p = end ? end + 1 : *p;
    return end != NULL;
  }
  while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
    (*p)++;
  return *p - from >= 3;
}

static bool take_date(const char **p, struct rule_date *d) {
  d->at_s = 7200;
  d->kind = 'D';
  if (**p == 'M' || **p == 'J')
    d->kind = *(*p)++;
  if (!take_number(p, d->kind == 'M' ? 12 : 365, &d->a) || (d->kind != 'D' && d->a == 0))
    return false;
  if (d->kind == 'M' && (*(*p)++ != '.' || !take_number(p, 5, &d->week) || d->week == 0 ||
                         *(*p)++ != '.' || !take_number(p, 6, &d->day)))
    return false;
  if (**p != '/')
    return true;
  (*p)++;
  return take_time(p, &d->at_s);
}

static bool parse_rule(const char *p, struct rule *r) {
  int32_t west;
  *r = (struct rule){0};
  if (!take_name(&p) || !take_offset(&p, &west))
    return false;
  r->standard_s = -west;
  if (!*p)
    return true;
  r->has_daylight = true;
  r->daylight_s = r->standard_s + 3600;
  if (!take_name(&p))
    return false;
  if (*p != ',') {
    if (!take_offset(&p, &west))
      return false;
    r->daylight_s = -west;
  }
  if (*p++ != ',' || !take_date(&p, &r->start) || *p++ != ',' || !take_date(&p, &r->end))
    return false;
  return *p == 0;
}

/* Local midnight of the date in that year, as days since 1970. */
static int32_t day_of_rule(const struct rule_date *d, int32_t year) {
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  int32_t january = days_from_civil(year, 1, 1);
  if (d->kind == 'D')
    return january + d->a;
  if (d->kind == 'J')
    return january + d->a - 1 + (leap && d->a >= 60);
  int32_t first = days_from_civil(year, (unsigned)d->a, 1);
  int32_t next =
      d->a == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, (unsigned)d->a + 1, 1);
  int32_t weekday = ((int32_t)weekday_of_days(first) + 1) % 7; /* 0 = Sunday, as POSIX counts */
  int32_t day = first + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);
  return day < next ? day : day - 7; /* week 5 is the last one */
}

/* --- Transitions --- */

struct zone {
  struct plan *p;
  int32_t offset;
  bool begun;
};

static enum sp_err broken(struct fault *why) {
  return fault_set(why, SP_CORRUPT, "the zone's file is no TZif of version 2: reinstall tzdata");
}

/* From this instant the offset holds; what does not change it is left out. Of two that hold from
 * the same instant the later one said counts: the footer comes after the table. */
static enum sp_err change(struct zone *z, int64_t from_s, int32_t offset, struct fault *why) {
  uint32_t i;
  enum sp_err err;
  struct plan_zone_transition *last = z->begun ? &z->p->zone_transitions[z->p->n_zone - 1] : NULL;
  if (last && from_s < last->from_s)
    return broken(why); /* a rule whose turns overtake each other */
  if (last && offset == z->offset)
    return SP_OK;
  if (last && from_s == last->from_s) {
    last->offset_s = z->offset = offset;
    return SP_OK;
  }
  if ((err = plan_add(z->p, NULL, PLAN_ARRAY_zone_transitions, 0, &i, why)))
    return err;
  z->p->zone_transitions[i] = (struct plan_zone_transition){from_s, offset};
  z->offset = offset;
  z->begun = true;
  return SP_OK;
}

static int64_t start_of_year(int32_t year) {
  return (int64_t)days_from_civil(year, 1, 1) * 86400;
}

/* What the rule says after the last transition of the table. */
static enum sp_err apply_rule(struct zone *z, const struct rule *r, int64_t after,
                              struct fault *why) {
  if (!r->has_daylight)
    return change(z, after < 0 ? 0 : after, r->standard_s, why);
  enum sp_err err = SP_OK;
  for (int32_t year = first_year - 1; !err && year < end_year; year++) {
    struct {
      int64_t at;
      int32_t offset;
    } turn[2] = {
        {(int64_t)day_of_rule(&r->start, year) * 86400 + r->start.at_s - r->standard_s,
         r->daylight_s},
        {(int64_t)day_of_rule(&r->end, year) * 86400 + r->end.at_s - r->daylight_s, r->standard_s},
    };
    int first = turn[0].at <= turn[1].at ? 0 : 1;
    for (int k = 0; !err && k < 2; k++) {
      int64_t at = turn[first ^ k].at;
      if (at > after && at <= 0) /* in force when 1970 begins */
        z->p->zone_transitions[0].offset_s = z->offset = turn[first ^ k].offset;
      else if (at > after && at < start_of_year(end_year))
        err = change(z, at, turn[first ^ k].offset, why);
    }
  }
  return err;
}

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p) {
  return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

enum { header_n = 44, type_n = 6 };
struct header {
  uint32_t isutc, isstd, leaps, times, types, chars;
};

static bool take_header(struct span *s, struct header *h) {
  if (s->n < header_n || memcmp(s->p, "TZif", 4) != 0 || s->p[4] < '2')
    return false;
  *h = (struct header){be32(s->p + 20), be32(s->p + 24), be32(s->p + 28),
                       be32(s->p + 32), be32(s->p + 36), be32(s->p + 40)};
  s->p += header_n;
  s->n -= header_n;
  return h->times <= 4096 && h->types >= 1 && h->types <= 256 && h->chars <= 4096 &&
         h->leaps <= 4096 && h->isutc <= 256 && h->isstd <= 256;
}

static size_t body_n(const struct header *h, size_t time_n) {
  return h->times * (time_n + 1) + h->types * type_n + h->chars + h->leaps * (time_n + 4) +
         h->isstd + h->isutc;
}

enum sp_err plan_zone_parse(struct plan *p, struct span s, struct fault *why) {
  struct header h;
  struct zone z = {.p = p};
  struct rule rule;
  char footer[128];
  if (!take_header(&s, &h) || body_n(&h, 4) > s.n)
    return broken(why);
  s.p += body_n(&h, 4);
  s.n -= body_n(&h, 4);
  if (!take_header(&s, &h) || body_n(&h, 8) + 2 > s.n || h.leaps)
    return broken(why); /* leap seconds ("right/"): site time does not count them */
  const uint8_t *times = s.p, *kinds = times + 8 * h.times, *types = kinds + h.times;
  struct span rest = span_of(s.p + body_n(&h, 8), s.n - body_n(&h, 8));
  const uint8_t *end = rest.p[0] == '\n' ? memchr(rest.p + 1, '\n', rest.n - 1) : NULL;
  if (!end || (size_t)(end - rest.p) > sizeof footer)
    return broken(why);
  size_t n = (size_t)(end - rest.p) - 1;
  memcpy(footer, rest.p + 1, n);
  footer[n] = 0;
  if (strlen(footer) != n || (n && !parse_rule(footer, &rule)))
    return broken(why);

  uint32_t now = 0; /* before the first transition, the first type holds */
  int64_t last = INT64_MIN;
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i <= h.times && !err; i++) {
    int64_t at = i < h.times ? be64(times + (size_t)8 * i) : INT64_MAX;
    uint32_t kind = i < h.times ? kinds[i] : now;
    int32_t offset = (int32_t)be32(types + (size_t)type_n * now);
    if (kind >= h.types || (i < h.times && at <= last) || offset > offset_max_s ||
        offset < -offset_max_s)
      return broken(why);
    if (at > 0 && !z.begun)
      err = change(&z, 0, offset, why);
    if (!err && i < h.times && at >= 0 && at < start_of_year(end_year)) {
      int32_t next = (int32_t)be32(types + (size_t)type_n * kind);
      if (next > offset_max_s || next < -offset_max_s)
        return broken(why);
      err = change(&z, at, next, why);
    }
    if (i < h.times)
      last = at;
    now = kind;
  }
  if (!err && n)
    err = apply_rule(&z, &rule, last, why);
  return err;
}

/* --- The database --- */

static enum sp_err read_all(const char *path, struct buf *out) {
  FILE *f = fopen(path, "rbe");
  if (!f)
    return SP_NOT_FOUND;
  uint8_t piece[4096];
  for (size_t n; out->n <= zone_file_max && (n = fread(piece, 1, sizeof piece, f)) > 0;)
    buf_put(out, piece, n);
  bool bad = ferror(f) != 0; /* a directory opens and does not read */
  (void)fclose(f);
  return out->failed ? SP_NO_MEMORY : bad || out->n > zone_file_max ? SP_NOT_FOUND : SP_OK;
}

struct names {
  char (*at)[64];
  uint32_t n, room;
};

static const char *name_at(const void *ctx, uint32_t i) {
  return ((const struct names *)ctx)->at[i];
}

/* Names of zones ("Z name …") and their other names ("L zone name") of the database's text. */
static void take_names(struct names *names, char *text) {
  for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
    char name[64] = "";
    if (sscanf(line, "Z %63s", name) != 1 && sscanf(line, "L %*s %63s", name) != 1)
      continue;
    if (names->n < names->room)
      memcpy(names->at[names->n++], name, sizeof name);
  }
}

static enum sp_err unknown_zone(const char *zone, struct fault *why) {
  struct names names = {.at = sp_alloc(1024, sizeof *names.at), .room = 1024};
  struct buf text = {0};
  char path[160];
  snprintf(path, sizeof path, "%s/tzdata.zi", zone_dir);
  const char *near = NULL;
  if (names.at && read_all(path, &text) == SP_OK && buf_cstr(&text)) {
    take_names(&names, (char *)text.p);
    near = plan_nearest(zone, name_at, &names, names.n);
  }
  enum sp_err err =
      near
          ? fault_set(why, SP_NOT_FOUND, "\"%s\" is no time zone: did you mean \"%s\"?", zone, near)
          : fault_set(why, SP_NOT_FOUND,
                      "\"%s\" is no time zone: a name like Europe/Berlin or UTC is expected", zone);
  sp_free(names.at);
  buf_free(&text);
  return err;
}

/* Letters, digits and a few signs, no part that is empty or begins with a dot. */
static bool name_plausible(const char *zone) {
  for (const char *c = zone; *c; c++)
    if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
          *c == '_' || *c == '-' || *c == '+' || (*c == '/' && c > zone && c[1] && c[1] != '/')))
      return false;
  return zone[0] != 0;
}

enum sp_err plan_zone_compile(struct plan *p, const char *zone, struct fault *why) {
  char path[160];
  struct buf file = {0};
  snprintf(path, sizeof path, "%s/UTC", zone_dir);
  FILE *any = fopen(path, "rbe");
  if (!any)
    return fault_set(why, SP_UNAVAILABLE, "there is no zone database in %s: install tzdata",
                     zone_dir);
  (void)fclose(any);
  snprintf(path, sizeof path, "%s/%s", zone_dir, zone);
  p->n_zone = 0; /* a second try in the same plan begins anew */
  enum sp_err err =
      name_plausible(zone) && strlen(zone) < 64 ? read_all(path, &file) : SP_NOT_FOUND;
  if (!err && (file.n < 4 || memcmp(file.p, "TZif", 4) != 0))
    err = SP_NOT_FOUND; /* some other file of the database */
  if (err == SP_NOT_FOUND)
    err = unknown_zone(zone, why);
  else if (err)
    (void)fault_set(why, err, "out of memory");
  else
    err = plan_zone_parse(p, buf_span(&file), why);
  buf_free(&file);
  return err;
}
