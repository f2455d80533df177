#include "plan/plan_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char zone_dir[] = "/usr/share/zoneinfo";

static int32_t offset_at(int64_t s) {
  time_t t = (time_t)s;
  struct tm tm;
  localtime_r(&t, &tm);
  return (int32_t)tm.tm_gmtoff;
}

static enum sp_err add(struct plan *p, int64_t from, int32_t offset, struct fault *why) {
  uint32_t i;
  enum sp_err err = plan_add(p, NULL, PLAN_ARRAY_zone_transitions, 0, &i, why);
  if (!err)
    p->zone_transitions[i] = (struct plan_zone_transition){from, offset};
  return err;
}

/* No zone has ever changed twice within a day, so a step of a day misses nothing. */
static enum sp_err scan(struct plan *p, struct fault *why) {
  const int64_t day = 86400, last = INT64_C(4102444800); /* 2100-01-01 */
  int32_t offset = offset_at(0);
  enum sp_err err = add(p, 0, offset, why);
  for (int64_t t = 0; !err && t < last; t += day) {
    int32_t next = offset_at(t + day);
    if (next == offset)
      continue;
    int64_t lo = t, hi = t + day;
    while (hi - lo > 1) {
      int64_t mid = lo + (hi - lo) / 2;
      if (offset_at(mid) == offset)
        lo = mid;
      else
        hi = mid;
    }
    offset = next;
    err = add(p, hi, offset, why);
  }
  return err;
}

enum sp_err plan_zone_compile(struct plan *p, const char *zone, struct fault *why) {
  char path[160], value[160];
  if (access(zone_dir, R_OK) != 0)
    return fault_set(why, SP_UNAVAILABLE, "there is no zone database in %s: install tzdata",
                     zone_dir);
  snprintf(path, sizeof path, "%s/%s", zone_dir, zone);
  if (!zone[0] || zone[0] == '/' || strstr(zone, "..") || access(path, R_OK) != 0)
    return fault_set(why, SP_NOT_FOUND,
                     "\"%s\" is no time zone: a name like Europe/Berlin or UTC is expected", zone);
  char *old = getenv("TZ");
  char *kept = old ? strdup(old) : NULL;
  snprintf(value, sizeof value, ":%s", zone);
  setenv("TZ", value, 1);
  tzset();
  enum sp_err err = scan(p, why);
  if (kept)
    setenv("TZ", kept, 1);
  else
    unsetenv("TZ");
  tzset();
  free(kept);
  return err;
}
