/* Time zones and schedules: every zone as libc tells it, both days of a change of clocks, spans
 * past midnight, exceptions. */
#include "plan/plan_read.h"
#include "plan/plan_zone.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static const char zone_dir[] = "/usr/share/zoneinfo";

static struct plan *read_plan(const char *zone, const char *schedules) {
  struct buf yaml = {0};
  struct plan *p = NULL;
  struct plan_faults f = {0};
  buf_printf(&yaml,
             "site: { name: s, zone: %s }\n"
             "areas: [{ name: hall, kind: room }]\n"
             "gates: [{ name: main, from: outside, to: hall, doors: [{ name: d, readers: "
             "[{ name: r, direction: in }] }] }]\n"
             "levels: [{ name: all, access: [{ gates: all }] }]\n"
             "schedules:\n%s",
             zone, schedules);
  if (plan_read(buf_span(&yaml), &p, &f))
    fail_msg("line %u: %s", f.at[0].line, f.at[0].text);
  plan_faults_free(&f);
  buf_free(&yaml);
  return p;
}

static uint32_t schedule_of(const struct plan *p, const char *name) {
  uint32_t i;
  assert_true(plan_find(p, REF_SCHEDULE, span_str(name), &i));
  return i;
}

struct moment {
  const char *at; /* UTC */
  bool open;
};

static void check_moments(const struct plan *p, const char *schedule, const struct moment *m,
                          size_t n) {
  for (size_t i = 0; i < n; i++) {
    usec at;
    assert_true(time_parse_lenient(&at, m[i].at, strlen(m[i].at)));
    if (plan_schedule_open(p, schedule_of(p, schedule), at) != m[i].open)
      fail_msg("%s at %s should be %s", schedule, m[i].at, m[i].open ? "open" : "closed");
  }
}
#define MOMENTS(p, schedule, ...)                                                                  \
  check_moments(p, schedule, (const struct moment[]){__VA_ARGS__},                                 \
                sizeof((const struct moment[]){__VA_ARGS__}) / sizeof(struct moment))

/* --- Zones --- */

static int32_t libc_offset(int64_t s) {
  time_t t = (time_t)s;
  struct tm tm;
  localtime_r(&t, &tm);
  return (int32_t)tm.tm_gmtoff;
}

static void compare_zone(const char *zone, unsigned *zones) {
  struct plan p = {0};
  struct fault why = {0};
  char tz[600];
  if (plan_zone_compile(&p, zone, &why))
    fail_msg("%s: %s", zone, why.text);
  snprintf(tz, sizeof tz, ":%s", zone);
  setenv("TZ", tz, 1);
  tzset();
  const int64_t end = INT64_C(4102444800);
  for (int64_t s = 0; s < end; s += 6 * 86400 + 3571)
    if (plan_zone_offset(&p, s) != libc_offset(s))
      fail_msg("%s at %lld: %d, and libc says %d", zone, (long long)s, plan_zone_offset(&p, s),
               libc_offset(s));
  for (uint32_t i = 0; i < p.n_zone; i++)
    for (int64_t s = p.zone_transitions[i].from_s - 1; s <= p.zone_transitions[i].from_s + 1; s++)
      if (s >= 0 && s < end && plan_zone_offset(&p, s) != libc_offset(s))
        fail_msg("%s near its change at %lld", zone, (long long)s);
  sp_free(p.zone_transitions);
  ++*zones;
}

static void compare_folder(const char *below, unsigned *zones) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", zone_dir, below);
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    char name[512], full[1100], magic[4] = "";
    struct stat st;
    snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", e->d_name);
    snprintf(full, sizeof full, "%s/%s", zone_dir, name);
    if (e->d_name[0] == '.' || stat(full, &st) || strcmp(name, "posix") == 0 ||
        strcmp(name, "right") == 0)
      continue; /* posix/ is all of it again; right/ counts leap seconds: no civil clock does */
    if (S_ISDIR(st.st_mode)) {
      compare_folder(name, zones);
      continue;
    }
    FILE *f = fopen(full, "rb");
    assert_non_null(f);
    size_t n = fread(magic, 1, sizeof magic, f);
    fclose(f);
    if (n == sizeof magic && memcmp(magic, "TZif", 4) == 0)
      compare_zone(name, zones);
  }
  closedir(d);
}

static void every_zone_is_as_libc_tells_it(void **state) {
  (void)state;
  unsigned zones = 0;
  compare_folder("", &zones);
  assert_true(zones > 300);
}

/* A file of version 2 or later with an empty first part, one type and this footer. */
static struct buf tzif_of(int32_t offset, const char *footer) {
  struct buf b = {0};
  uint8_t header[44] = "TZif2", type[6] = {(uint8_t)(offset >> 24), (uint8_t)(offset >> 16),
                                           (uint8_t)(offset >> 8), (uint8_t)offset};
  header[39] = 1; /* types */
  header[43] = 4; /* characters of names */
  for (int part = 0; part < 2; part++) {
    buf_put(&b, header, sizeof header);
    buf_put(&b, type, sizeof type);
    buf_put(&b, "LMT", 4);
  }
  buf_printf(&b, "\n%s\n", footer);
  return b;
}

static void rules_of_footers(void **state) {
  (void)state;
  static const struct {
    const char *footer;
    int64_t at;
    int32_t offset;
  } rows[] = {
      {"UTC0", 0, 0},
      {"<+0545>-5:45", 1000000000, 20700},
      {"CET-1CEST,M3.5.0,M10.5.0/3", INT64_C(1774745999), 3600}, /* 2026-03-29 00:59:59 */
      {"CET-1CEST,M3.5.0,M10.5.0/3", INT64_C(1774746000), 7200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", INT64_C(1792889999), 7200}, /* 2026-10-25 00:59:59 */
      {"CET-1CEST,M3.5.0,M10.5.0/3", INT64_C(1792890000), 3600},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", 0, 39600},         /* summer in the south when 1970 begins */
      {"AAA3BBB,J60/0,300", INT64_C(1077937200), -10800}, /* 2004-02-28: 60 is 1 March always */
      {"AAA3BBB,J60/0,300", INT64_C(1078110000), -7200},  /* 2004-03-01 03:00 UTC */
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", INT64_C(1774745999), -7200},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", INT64_C(1774746000), -3600},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct plan p = {0};
    struct fault why = {0};
    struct buf b = tzif_of(0, rows[i].footer);
    if (plan_zone_parse(&p, buf_span(&b), &why))
      fail_msg("%s: %s", rows[i].footer, why.text);
    if (plan_zone_offset(&p, rows[i].at) != rows[i].offset)
      fail_msg("row %zu: %d", i, plan_zone_offset(&p, rows[i].at));
    sp_free(p.zone_transitions);
    buf_free(&b);
  }
}

static void wrong_zone_files_are_refused(void **state) {
  (void)state;
  static const char *const footers[] = {"C",       "CET",          "CET-1CEST,M13.1.0,M1.1.0",
                                        "CET-200", "CET-1CEST,M3", "CET-1CEST,M3.5.0,M10.5.0/3x",
                                        "<CET-1"};
  for (size_t i = 0; i < sizeof footers / sizeof footers[0]; i++) {
    struct plan p = {0};
    struct buf b = tzif_of(3600, footers[i]);
    assert_int_equal(plan_zone_parse(&p, buf_span(&b), NULL), SP_CORRUPT);
    sp_free(p.zone_transitions);
    buf_free(&b);
  }
  struct buf b = tzif_of(3600, "CET-1CEST,M3.5.0,M10.5.0/3");
  for (size_t n = 0; n < b.n; n++) { /* exact copies, so that a byte too far is seen */
    struct plan p = {0};
    uint8_t *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, b.p, n);
    copy = realloc(copy, n ? n : 1);
    assert_int_equal(plan_zone_parse(&p, span_of(copy, n), NULL), SP_CORRUPT);
    sp_free(p.zone_transitions);
    free(copy);
  }
  uint64_t seed = 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 20000; i++) {
    struct plan p = {0};
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    size_t at = seed % b.n;
    uint8_t was = b.p[at];
    b.p[at] = (uint8_t)(seed >> 40);
    if (plan_zone_parse(&p, buf_span(&b), NULL) == SP_OK)
      assert_true(p.n_zone >= 1);
    sp_free(p.zone_transitions);
    b.p[at] = was;
  }
  buf_free(&b);
}

static void names_of_zones(void **state) {
  (void)state;
  static const struct {
    const char *zone, *told;
  } rows[] = {
      {"Europe/Berlim", "did you mean \"Europe/Berlin\""},
      {"europe/berlin", "did you mean \"Europe/Berlin\""},
      {"Europe", "is no time zone"}, /* a folder */
      {"tzdata.zi", "is no time zone"},
      {"../../../etc/passwd", "is no time zone"},
      {"/etc/localtime", "is no time zone"},
      {"Europe//Berlin", "is no time zone"},
      {"", "is no time zone"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct plan p = {0};
    struct fault why = {0};
    assert_int_equal(plan_zone_compile(&p, rows[i].zone, &why), SP_NOT_FOUND);
    if (!strstr(why.text, rows[i].told))
      fail_msg("%s: %s", rows[i].zone, why.text);
  }
}

/* --- Schedules --- */

static void days_of_a_change_of_clocks(void **state) {
  (void)state;
  static const char week[] = "  - { name: early, week: { sun: 01:00-03:30 } }\n"
                             "  - { name: day, week: { daily: 06:00-18:00 } }\n";
  struct plan *p = read_plan("Europe/Berlin", week);
  /* 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC. */
  MOMENTS(p, "early", {"2026-03-28T23:59:59Z", false}, {"2026-03-29T00:00:00Z", true},
          {"2026-03-29T00:59:59Z", true}, {"2026-03-29T01:00:00Z", true},
          {"2026-03-29T01:29:59Z", true}, {"2026-03-29T01:30:00Z", false});
  /* 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC; 02:00 to 03:00 come twice. */
  MOMENTS(p, "early", {"2026-10-24T22:59:59Z", false}, {"2026-10-24T23:00:00Z", true},
          {"2026-10-25T00:59:59Z", true}, {"2026-10-25T01:00:00Z", true},
          {"2026-10-25T02:29:59Z", true}, {"2026-10-25T02:30:00Z", false});
  MOMENTS(p, "day", {"2026-03-28T05:00:00Z", true}, {"2026-03-29T03:59:59Z", false},
          {"2026-03-29T04:00:00Z", true}, {"2026-03-29T16:00:00Z", false},
          {"2026-10-24T04:00:00Z", true}, {"2026-10-25T04:59:59Z", false},
          {"2026-10-25T05:00:00Z", true}, {"2060-07-01T03:59:59Z", false},
          {"2060-07-01T04:00:00Z", true}, {"2060-12-01T04:59:59Z", false});
  plan_free(p);
  p = read_plan("America/New_York", week);
  /* 2026-03-08: 02:00 becomes 03:00, at 07:00 UTC. */
  MOMENTS(p, "early", {"2026-03-08T05:59:59Z", false}, {"2026-03-08T06:00:00Z", true},
          {"2026-03-08T07:00:00Z", true}, {"2026-03-08T07:29:59Z", true},
          {"2026-03-08T07:30:00Z", false});
  /* 2026-11-01: 02:00 becomes 01:00, at 06:00 UTC; 01:00 to 02:00 come twice. */
  MOMENTS(p, "early", {"2026-11-01T04:59:59Z", false}, {"2026-11-01T05:00:00Z", true},
          {"2026-11-01T05:59:59Z", true}, {"2026-11-01T06:00:00Z", true},
          {"2026-11-01T08:29:59Z", true}, {"2026-11-01T08:30:00Z", false});
  plan_free(p);
}

static void spans_past_midnight(void **state) {
  (void)state;
  struct plan *p = read_plan("UTC", "  - { name: night, week: { fri: 22:00-06:00 } }\n"
                                    "  - { name: turn, week: { sun: 20:00-04:00 } }\n"
                                    "  - { name: whole, week: { sat-mon: 00:00-24:00 } }\n"
                                    "  - { name: every, week: { daily: 22:00-06:00 } }\n");
  MOMENTS(p, "night", {"2026-11-20T21:59:59Z", false}, {"2026-11-20T22:00:00Z", true},
          {"2026-11-21T00:00:00Z", true}, {"2026-11-21T05:59:59Z", true},
          {"2026-11-21T06:00:00Z", false}, {"2026-11-20T03:00:00Z", false});
  MOMENTS(p, "turn", {"2026-11-22T19:59:00Z", false}, {"2026-11-22T20:00:00Z", true},
          {"2026-11-23T03:59:59Z", true}, {"2026-11-23T04:00:00Z", false});
  MOMENTS(p, "whole", {"2026-11-20T23:59:59Z", false}, {"2026-11-21T00:00:00Z", true},
          {"2026-11-22T00:00:00Z", true}, {"2026-11-23T23:59:59Z", true},
          {"2026-11-24T00:00:00Z", false});
  MOMENTS(p, "every", {"2026-11-23T05:59:59Z", true}, {"2026-11-23T06:00:00Z", false},
          {"2026-11-23T22:00:00Z", true});
  plan_free(p);
}

static void exceptions(void **state) {
  (void)state;
  struct plan *p = read_plan(
      "Europe/Berlin", "  - name: visits\n"
                       "    week:\n"
                       "      mon-fri: 09:00-12:00, 13:00-17:00\n"
                       "      sat, sun: 10:00-11:00\n"
                       "    exceptions:\n"
                       "      2027-01-01: closed\n"
                       "      2026-12-24..2026-12-26: 10:00-11:00, 15:00-16:00\n"
                       "      2028-02-29: 00:00-24:00\n"
                       "  - { name: night, week: { daily: 22:00-06:00 }, exceptions: { 2026-12-31: "
                       "closed } }\n");
  MOMENTS(p, "visits", {"2026-12-23T08:00:00Z", true}, {"2026-12-24T08:00:00Z", false},
          {"2026-12-24T09:00:00Z", true}, {"2026-12-25T14:59:59Z", true},
          {"2026-12-26T15:00:00Z", false}, {"2026-12-27T09:30:00Z", true},
          {"2027-01-01T08:00:00Z", false}, {"2027-01-04T08:00:00Z", true},
          {"2028-02-28T23:00:00Z", true}, {"2028-02-29T22:59:59Z", true},
          {"2028-02-29T23:00:00Z", false});
  /* An exception takes its whole day: the end of the night before, and the beginning of its own. */
  MOMENTS(p, "night", {"2026-12-30T22:59:59Z", true}, {"2026-12-30T23:00:00Z", false},
          {"2026-12-31T22:00:00Z", false}, {"2026-12-31T23:00:00Z", true});
  plan_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(days_of_a_change_of_clocks),
      cmocka_unit_test(spans_past_midnight),
      cmocka_unit_test(exceptions),
      cmocka_unit_test(names_of_zones),
      cmocka_unit_test(rules_of_footers),
      cmocka_unit_test(wrong_zone_files_are_refused),
      cmocka_unit_test(every_zone_is_as_libc_tells_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
