/* plan_read_schedules.c: the times of a week and the dates that are exceptions. */
#include "plan/plan_reading.h"

#include "plan/plan_scalar.h"

#include <stdlib.h>
#include <string.h>

enum { day_spans_max = 32, week_minutes = 7 * 1440, week_list_max = 2 * schedule_spans_max };

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

static int day_of(const char *s, size_t n) {
  for (int d = 0; d < 7; d++)
    if (n == 3 && memcmp(s, day_names[d], 3) == 0)
      return d;
  return -1;
}

/* "mon", "mon-fri", "sat, sun", "daily" as seven bits; 0 when it is none of them. */
static unsigned days_of(struct span s) {
  unsigned days = 0;
  if (span_is(s, "daily"))
    return 127;
  const char *p = (const char *)s.p, *end = p + s.n;
  while (p < end) {
    while (p < end && (*p == ' ' || *p == ','))
      p++;
    const char *from = p;
    while (p < end && *p != ',' && *p != ' ')
      p++;
    size_t n = (size_t)(p - from);
    int a = day_of(from, n >= 3 ? 3 : 0), b = n == 7 && from[3] == '-' ? day_of(from + 4, 3) : a;
    if (a < 0 || b < 0 || (n != 3 && n != 7))
      return 0;
    for (int d = a;; d = (d + 1) % 7) {
      days |= 1u << d;
      if (d == b)
        break;
    }
  }
  return days;
}

/* A span and where it is written. */
struct timed {
  struct plan_span span;
  yaml_node_t *n;
};

static int by_from(const void *a, const void *b) {
  return ((const struct timed *)a)->span.from - ((const struct timed *)b)->span.from;
}

static void tell_overlap(struct reading *r, const struct timed *a, const struct timed *b) {
  yaml_node_t *later = b->n->start_mark.index > a->n->start_mark.index ? b->n : a->n;
  FAULT(r, later, "two times overlap: each minute of a week or date may be named once");
}

/* Sorts, joins what touches, refuses what overlaps, and appends to the plan. */
static void keep_spans(struct reading *r, struct timed *list, uint32_t count, uint32_t *at,
                       uint32_t *kept) {
  qsort(list, count, sizeof *list, by_from);
  *at = r->p->n_spans;
  *kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    const struct plan_span *s = &list[i].span;
    if (i && s->from < list[i - 1].span.until) {
      tell_overlap(r, &list[i - 1], &list[i]);
      break;
    }
    if (*kept && s->from == r->p->spans[r->p->n_spans - 1].until) {
      r->p->spans[r->p->n_spans - 1].until = s->until;
      continue;
    }
    uint32_t index;
    if (!reading_add(r, PLAN_ARRAY_spans, list[i].n, &index))
      return;
    r->p->spans[index] = *s;
    ++*kept;
  }
}

/* The times of one value; false when they are told to be wrong. */
static bool take_times(struct reading *r, yaml_node_t *v, struct plan_span *day, uint32_t *n) {
  struct fault why = {0};
  *n = 0;
  if (plan_yaml_is_scalar(v) && plan_times(plan_yaml_text(v), day, day_spans_max, n, &why) == SP_OK)
    return true;
  FAULT(r, v, "%s", why.text[0] ? why.text : "times are expected, like 06:00-18:00");
  return false;
}

/* One span of a day of the week; what goes on after Sunday ends on Monday. */
static void add_span(struct timed *list, uint32_t *count, uint32_t from, uint32_t until,
                     yaml_node_t *n) {
  list[(*count)++] =
      (struct timed){{(uint16_t)from, (uint16_t)(until > week_minutes ? week_minutes : until)}, n};
  if (until > week_minutes)
    list[(*count)++] = (struct timed){{0, (uint16_t)(until - week_minutes)}, n};
}

static void read_week(struct reading *r, uint32_t schedule, yaml_node_t *n) {
  struct timed list[week_list_max];
  struct plan_schedule *s = &r->p->schedules[schedule];
  uint32_t count = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "week: days with times are expected, like mon-fri: 06:00-18:00");
    return;
  }
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start;
       pair < n->data.mapping.pairs.top && !reading_done(r); pair++) {
    yaml_node_t *k = reading_node(r, pair->key), *v = reading_node(r, pair->value);
    unsigned days = days_of(plan_yaml_text(k));
    struct plan_span day[day_spans_max];
    uint32_t n_day;
    if (!days) {
      FAULT(r, k, "no days of the week: write mon, mon-fri, \"sat, sun\" or daily");
      continue;
    }
    if (!take_times(r, v, day, &n_day))
      continue;
    for (unsigned d = 0; d < 7; d++)
      for (uint32_t i = 0; days >> d & 1 && i < n_day; i++) {
        if (count + 2 > week_list_max) {
          FAULT(r, v, "more than %d times in one schedule", schedule_spans_max);
          return;
        }
        add_span(list, &count, d * 1440 + day[i].from, d * 1440 + day[i].until, v);
      }
  }
  keep_spans(r, list, count, &s->spans_at, &s->n_spans);
  if (s->n_spans > schedule_spans_max)
    FAULT(r, n, "more than %d times in one schedule", schedule_spans_max);
}

static bool date_of(const char *s, size_t n, int32_t *day) {
  usec t;
  if (n != 10 || !time_parse_lenient(&t, s, n))
    return false;
  *day = (int32_t)(t / (86400 * USEC_PER_S));
  return t >= 0 && *day <= plan_day_max;
}

/* "2026-12-24" or "2026-12-24..2026-12-31". */
static bool dates_of(struct span s, int32_t *from, int32_t *until) {
  const char *p = (const char *)s.p;
  if (s.n == 10 && date_of(p, 10, from)) {
    *until = *from;
    return true;
  }
  return s.n == 22 && p[10] == '.' && p[11] == '.' && date_of(p, 10, from) &&
         date_of(p + 12, 10, until) && *from <= *until;
}

/* The dates from..until, with these spans. False when there are too many. */
static bool add_dates(struct reading *r, yaml_node_t *k, struct plan_exception *list,
                      uint32_t *count, struct plan_exception model, int32_t until) {
  bool told = false;
  for (; model.day <= until; model.day++) {
    for (uint32_t i = 0; i < *count && !told; i++)
      if (list[i].day == model.day) {
        FAULT(r, k, "two exceptions overlap: a date may be named once");
        told = true;
      }
    if (*count == schedule_exceptions_max) {
      FAULT(r, k, "more than %d dates are exceptions", schedule_exceptions_max);
      return false;
    }
    list[(*count)++] = model;
  }
  return true;
}

static void read_exceptions(struct reading *r, uint32_t schedule, yaml_node_t *n) {
  struct plan_exception list[schedule_exceptions_max];
  uint32_t count = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "exceptions: dates with times are expected, like 2026-12-24: closed");
    return;
  }
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start;
       pair < n->data.mapping.pairs.top && !reading_done(r); pair++) {
    yaml_node_t *k = reading_node(r, pair->key), *v = reading_node(r, pair->value);
    struct plan_span day[day_spans_max];
    struct timed times[day_spans_max];
    struct plan_exception model = {0};
    uint32_t n_day = 0;
    int32_t until;
    if (!dates_of(plan_yaml_text(k), &model.day, &until)) {
      FAULT(r, k, "no date: write 2026-12-24 or 2026-12-24..2027-01-01, of 1970 to 2099");
      continue;
    }
    if (!span_is(plan_yaml_text(v), "closed") && !take_times(r, v, day, &n_day))
      continue;
    for (uint32_t i = 0; i < n_day; i++) {
      if (day[i].until > 1440)
        FAULT(r, v, "a time of an exception ends on its day: write the rest under the next date");
      times[i] = (struct timed){day[i], v};
    }
    keep_spans(r, times, n_day, &model.spans_at, &model.n_spans);
    if (!add_dates(r, k, list, &count, model, until))
      return;
  }
  /* Insertion sort: few, and mostly in order. */
  for (uint32_t i = 1; i < count; i++)
    for (uint32_t k = i; k && list[k].day < list[k - 1].day; k--) {
      struct plan_exception swap = list[k];
      list[k] = list[k - 1];
      list[k - 1] = swap;
    }
  struct plan_schedule *s = &r->p->schedules[schedule];
  s->exceptions_at = r->p->n_exceptions;
  s->n_exceptions = count;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index;
    if (!reading_add(r, PLAN_ARRAY_exceptions, n, &index))
      return;
    r->p->exceptions[index] = list[i];
  }
}

static void nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (strcmp(key, "week") == 0 ? read_week : read_exceptions)(r, t.index, value);
}

static void read_schedule(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i;
  if (reading_add(r, PLAN_ARRAY_schedules, n, &i))
    reading_element(r, n, "schedules", PLAN_ARRAY_schedules, i, nested);
}

void read_schedules(struct reading *r, yaml_node_t *list) {
  reading_each(r, "schedules", list, read_schedule, NULL);
}
