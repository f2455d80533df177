/* plan_read_schedules.c: the times of a week and the dates that are exceptions. */
#include "plan/plan_reading.h"

#include "plan/plan_scalar.h"

#include <stdlib.h>
#include <string.h>

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

static int by_from(const void *a, const void *b) {
  return ((const struct plan_span *)a)->from - ((const struct plan_span *)b)->from;
}

/* Sorts, joins what touches, refuses what overlaps, and appends to the plan. */
static void keep_spans(struct reading *r, yaml_node_t *n, struct plan_span *spans, uint32_t count,
                       uint32_t *at, uint32_t *kept) {
  qsort(spans, count, sizeof *spans, by_from);
  *at = r->p->n_spans;
  for (uint32_t i = 0; i < count; i++) {
    if (i && spans[i].from < spans[i - 1].until) {
      FAULT(r, n, "two times overlap: each minute of a week or date may be named once");
      break;
    }
    if (r->p->n_spans > *at && spans[i].from == r->p->spans[r->p->n_spans - 1].until) {
      r->p->spans[r->p->n_spans - 1].until = spans[i].until;
      continue;
    }
    uint32_t index;
    if (!reading_add(r, PLAN_ARRAY_spans, n, &index))
      return;
    r->p->spans[index] = spans[i];
  }
  *kept = r->p->n_spans - *at;
}

static void read_week(struct reading *r, uint32_t schedule, yaml_node_t *n) {
  struct plan_span spans[2 * schedule_spans_max];
  uint32_t count = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "week: days with times are expected, like mon-fri: 06:00-18:00");
    return;
  }
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = reading_node(r, pair->key), *v = reading_node(r, pair->value);
    unsigned days = days_of(plan_yaml_text(k));
    struct plan_span day[32];
    uint32_t n_day = 0;
    struct fault why = {0};
    if (!days) {
      FAULT(r, k, "no days of the week: write mon, mon-fri, \"sat, sun\" or daily");
      continue;
    }
    if (!plan_yaml_is_scalar(v) || plan_times(plan_yaml_text(v), day, 32, &n_day, &why)) {
      FAULT(r, v, "%s", why.text[0] ? why.text : "times are expected");
      continue;
    }
    for (unsigned d = 0; d < 7; d++)
      for (uint32_t i = 0; days >> d & 1 && i < n_day; i++) {
        if (count + 2 > 2 * schedule_spans_max) {
          FAULT(r, v, "more than %d times in one schedule", schedule_spans_max);
          return;
        }
        uint32_t from = d * 1440 + day[i].from, until = d * 1440 + day[i].until;
        spans[count++] =
            (struct plan_span){(uint16_t)from, (uint16_t)(until > 10080 ? 10080 : until)};
        if (until > 10080) /* Sunday night ends on Monday */
          spans[count++] = (struct plan_span){0, (uint16_t)(until - 10080)};
      }
  }
  struct plan_schedule *s = &r->p->schedules[schedule];
  keep_spans(r, n, spans, count, &s->spans_at, &s->n_spans);
}

static bool date_of(const char *s, size_t n, int32_t *day) {
  usec t;
  if (n != 10 || !time_parse_lenient(&t, s, n))
    return false;
  *day = (int32_t)(t / (86400 * USEC_PER_S));
  return true;
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

static void read_exceptions(struct reading *r, uint32_t schedule, yaml_node_t *n) {
  struct plan_exception list[schedule_exceptions_max];
  uint32_t count = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "exceptions: dates with times are expected, like 2026-12-24: closed");
    return;
  }
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = reading_node(r, pair->key), *v = reading_node(r, pair->value);
    struct plan_span times[32];
    uint32_t n_times = 0, at, kept;
    int32_t from, until;
    struct fault why = {0};
    if (!dates_of(plan_yaml_text(k), &from, &until)) {
      FAULT(r, k, "no date: write 2026-12-24 or 2026-12-24..2027-01-01");
      continue;
    }
    if (!plan_yaml_is_scalar(v) || (!span_is(plan_yaml_text(v), "closed") &&
                                    plan_times(plan_yaml_text(v), times, 32, &n_times, &why))) {
      FAULT(r, v, "%s", why.text[0] ? why.text : "times or closed are expected");
      continue;
    }
    for (uint32_t i = 0; i < n_times; i++)
      if (times[i].until > 1440)
        FAULT(r, v, "a time of an exception ends on its day: write the rest under the next date");
    keep_spans(r, v, times, n_times, &at, &kept);
    for (int32_t day = from; day <= until; day++) {
      for (uint32_t i = 0; i < count; i++)
        if (list[i].day == day) {
          FAULT(r, k, "two exceptions overlap: a date may be named once");
          day = until;
          break;
        }
      if (count == schedule_exceptions_max) {
        FAULT(r, k, "more than %d dates are exceptions", schedule_exceptions_max);
        return;
      }
      list[count++] = (struct plan_exception){day, at, kept};
    }
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
