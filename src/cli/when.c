#include "cli/when.h"

#include "base/system.h"
#include "plan/plan_scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

usec when_now(void) {
  return system_wall();
}

static int64_t floor_s(usec t) {
  return t / USEC_PER_S - (t % USEC_PER_S < 0);
}

static usec offset_at(const struct plan *plan, usec t) {
  return plan ? plan_zone_offset(plan, floor_s(t)) * USEC_PER_S : 0;
}

/* The instant at which the site's clocks show this. Where they show it twice, the second (by the
 * offset after the change); where never, as if they had not been changed yet. */
static usec from_wall(const struct plan *plan, usec wall) {
  usec t = wall - offset_at(plan, wall);
  return wall - offset_at(plan, t);
}

static bool parse_relative(usec *out, const char *text, usec now) {
  if (strcmp(text, "now") == 0) {
    *out = now;
    return true;
  }
  if (text[0] != '+' && text[0] != '-')
    return false;
  uint32_t ms;
  usec span;
  size_t digits = strspn(text + 1, "0123456789");
  if (digits && digits < 6 && strcmp(text + 1 + digits, "d") == 0)
    span = (usec)strtoul(text + 1, NULL, 10) * 86400 * USEC_PER_S; /* people plan for years */
  else if (plan_duration(span_str(text + 1), &ms))
    span = (usec)ms * USEC_PER_MS;
  else
    return false;
  *out = text[0] == '+' ? now + span : now - span;
  return true;
}

static bool parse_absolute(usec *out, const char *text, const struct plan *plan, usec now) {
  char utc[64];
  size_t n = strlen(text);
  if (n > 10 && time_parse_lenient(out, text, n))
    return true;
  if (n < 5 || n >= 40)
    return false;
  /* Without a zone: read as UTC, then moved to the wall clock. */
  if (n != 10 || !time_parse_lenient(out, text, n)) {
    char day[when_text_max] = "";
    if (n <= 15 && text[2] == ':') {
      when_format(day, WHEN_DAY, now, plan);
      snprintf(utc, sizeof utc, "%sT%sZ", day, text);
    } else {
      snprintf(utc, sizeof utc, "%sZ", text);
      if (n > 10 && utc[10] == ' ')
        utc[10] = 'T';
    }
    if (!time_parse_lenient(out, utc, strlen(utc)))
      return false;
  }
  *out = from_wall(plan, *out);
  return true;
}

/* At the ends of the calendar the site's clock is in a year that no record can name. */
enum sp_err when_parse(usec *out, const char *text, const struct plan *plan, usec now,
                       struct fault *why) {
  bool is_time = parse_relative(out, text, now) || parse_absolute(out, text, plan, now);
  if (is_time && *out >= USEC_MIN && *out <= USEC_MAX)
    return SP_OK;
  return fault_set(why, SP_INVALID,
                   "`%.40s` is no time: write 2026-11-23, 2026-11-23T07:14 (the site's clock), "
                   "2026-11-23T07:14Z, 07:14, +8h or -30min",
                   text);
}

void when_format(char out[when_text_max], enum when_form form, usec t, const struct plan *plan) {
  usec wall = t + offset_at(plan, t);
  if (wall < USEC_MIN || wall > USEC_MAX)
    wall = t;
  char text[time_text_len];
  time_format(text, wall);
  switch (form) {
  case WHEN_CLOCK:
    snprintf(out, when_text_max, "%.12s", text + 11);
    break;
  case WHEN_FULL:
    snprintf(out, when_text_max, "%.10s %.8s", text, text + 11);
    break;
  case WHEN_DAY:
    snprintf(out, when_text_max, "%.10s", text);
    break;
  }
}
