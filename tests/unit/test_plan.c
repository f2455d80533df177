/* Plans: what is wrong is told with its line; what is right comes back from its blob the same. */
#include "plan/plan_blob.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD  "site: { name: s, zone: UTC }\n"
#define AREAS "areas: [{ name: hall, kind: room }]\n"
#define GATES                                                                                      \
  "gates:\n  - { name: main, from: outside, to: hall, doors: [{ name: d, readers: [{ name: r, "    \
  "direction: in }] }] }\n"
#define LEVELS "levels: [{ name: all, access: [{ gates: all }] }]\n"
#define REST   GATES LEVELS

static const struct {
  const char *yaml, *told;
  uint32_t line;
} faults[] = {
    {"", "empty", 1},
    {"- a\n", "keys", 0},
    {"site: { name: s, zone: UTC }\n\tareas: 3\n", "a tab", 2},
    {HEAD AREAS, "\"gates\" is missing", 0},
    {HEAD AREAS GATES, "\"levels\" is missing", 0},
    {"site: { name: s, zone: Mars/Base }\n" AREAS REST, "no time zone", 1},
    {"site: { name: S!, zone: UTC }\n" AREAS REST, "is no name", 1},
    {HEAD AREAS REST "gattes: []\n", "did you mean \"gates\"", 0},
    {HEAD "areas: [{ name: hall, kind: room }, { name: hall, kind: room }]\n" REST, "hall", 2},
    {HEAD "areas: [{ name: hall, kind: saloon }]\n" REST, "none of", 2},
    {HEAD "areas: [{ name: hall, kind: room, colour: red }]\n" REST, "no key of areas", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: -1 }]\n" REST, "whole number", 2},
    {HEAD "areas: [{ name: hall, kind: room, floor-area: big }]\n" REST, "square metres", 2},
    {HEAD "areas: [{ name: hall, kind: room }, { name: lost, kind: room }]\n" REST,
     "cannot be reached", 2},
    {HEAD
     "areas: [{ name: hall, kind: room, capacity: 1, areas: [{ name: a, kind: room, capacity: 2 "
     "}] }]\n" REST,
     "the areas within it 2", 2},
    {HEAD "areas: [{ name: hall, kind: room, capacity: 4, bunks: 5 }]\n" REST, "bunks", 2},
    {HEAD "areas: [{ name: hall, kind: room, anti-passback: timed }]\n" REST, "anti-passback-time",
     2},
    {HEAD "areas: [{ name: hall, kind: room, anti-passback: hard }]\n" REST, "come back", 2},
    {HEAD "areas: [{ name: hall, kind: cell }]\n" REST "rules: { second-operator: false }\n",
     "second-operator", 2},
    {HEAD "areas: &a [{ name: hall, kind: room }]\ngates: *a\n" LEVELS, "alias", 0},
    {HEAD AREAS "gates:\n  - { name: main, from: outside, to: hal, doors: [{ name: d }] }\n" LEVELS,
     "did you mean \"hall\"", 4},
    {HEAD "areas: [{ name: hall, kind: room }, { name: v, kind: vestibule }]\n"
          "gates:\n  - { name: main, from: outside, to: hall, vestibule: v, doors: [{ name: d }] "
          "}\n" LEVELS,
     "interlock partner", 4},
    {HEAD AREAS "gates:\n  - { name: main, from: outside, to: hall, doors: [{ name: d, "
                "unlock-time: 5 }] }\n" LEVELS,
     "no duration", 4},
    {HEAD AREAS
     "gates:\n"
     "  - { name: main, from: outside, to: hall, doors: [{ name: d, readers: [{ name: r, "
     "direction: "
     "in, line: l, address: 3 }, { name: q, direction: out, line: l, address: 3 }] }] }\n" LEVELS
     "lines: [{ name: l, kind: serial, where: /dev/ttyS0 }]\n",
     "address 3", 4},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: [mian] }] }]\n", "no gate \"mian\"",
     5},
    {HEAD AREAS GATES "levels: [{ name: all, access: [{ gates: all, schedule: never }] }]\n",
     "no schedule \"never\"", 5},
    {HEAD AREAS REST "schedules: [{ name: w, week: { mon: 08:00-25:00 } }]\n", "", 6},
    {HEAD AREAS REST "schedules: [{ name: w, week: { mon: \"08:00-12:00, 11:00-13:00\" } }]\n",
     "overlap", 6},
    {HEAD AREAS REST
     "schedules: [{ name: w, week: { mon: 08:00-09:00 }, exceptions: { 2026-12-24: closed, "
     "2026-12-23..2026-12-25: closed } }]\n",
     "overlap", 6},
    {HEAD AREAS REST "interlocks: [[d]]\n", "partner", 6},
    {HEAD AREAS REST "rules: { witness-quorum: 1 }\n", "quorum", 0},
    {HEAD AREAS REST "---\nsite: 1\n", "second document", 0},
    {HEAD "areas: [{ name: hall, kind: room, title: \"\xff\" }]\n" REST, "UTF-8", 0},
};

static void each_fault_is_told_with_its_line(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    struct plan *p = NULL;
    struct plan_faults f = {0};
    if (plan_read(span_str(faults[i].yaml), &p, &f) != SP_INVALID)
      fail_msg("row %zu was not refused", i);
    assert_null(p);
    bool found = false;
    for (uint32_t k = 0; k < f.kept; k++)
      found |= strstr(f.at[k].text, faults[i].told) &&
               (!faults[i].line || f.at[k].line == faults[i].line);
    if (!found) {
      wrong++;
      print_error("row %zu: expected \"%s\" in line %u, and first was line %u: %s\n", i,
                  faults[i].told, faults[i].line, f.kept ? f.at[0].line : 0,
                  f.kept ? f.at[0].text : "nothing");
    }
    plan_faults_free(&f);
  }
  assert_int_equal(wrong, 0);
}

static struct buf read_file(const char *name) {
  struct buf b = {0};
  char path[600];
  snprintf(path, sizeof path, "%s/examples/%s",
           getenv("SALLYPORT_SOURCE") ? getenv("SALLYPORT_SOURCE") : ".", name);
  FILE *f = fopen(path, "rb");
  if (!f)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  uint8_t piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
    buf_put(&b, piece, n);
  fclose(f);
  return b;
}

static void examples_are_right_and_come_back(void **state) {
  (void)state;
  const char *const names[] = {"three-sections.yaml", "makerspace.yaml"};
  for (int i = 0; i < 2; i++) {
    struct buf yaml = read_file(names[i]), once = {0}, again = {0};
    struct plan *p, *q;
    struct plan_faults f = {0};
    struct fault why = {0};
    if (plan_read(buf_span(&yaml), &p, &f))
      fail_msg("%s:%u: %s", names[i], f.at[0].line, f.at[0].text);
    assert_int_equal(f.n, 0);
    uint64_t bunks = 0;
    for (uint32_t a = 0; a < p->n_areas; a++)
      bunks += p->areas[a].bunks;
    assert_int_equal(bunks, i == 0 ? 20000 : 0);
    assert_int_equal(plan_blob_encode(p, &once, &why), SP_OK);
    if (plan_blob_decode(buf_span(&once), &q, &why))
      fail_msg("%s", why.text);
    assert_int_equal(plan_blob_encode(q, &again, &why), SP_OK);
    assert_true(span_eq(buf_span(&once), buf_span(&again)));
    plan_free(p);
    plan_free(q);
    plan_faults_free(&f);
    buf_free(&yaml);
    buf_free(&once);
    buf_free(&again);
  }
}

/* No cut and no changed byte of a plan or a blob does harm: it is refused, or is a sound plan. */
static void hostile_bytes_do_no_harm(void **state) {
  (void)state;
  struct buf yaml = read_file("makerspace.yaml"), blob = {0};
  struct plan *p = NULL;
  struct plan_faults f = {0};
  struct fault why = {0};
  assert_int_equal(plan_read(buf_span(&yaml), &p, &f), SP_OK);
  assert_int_equal(plan_blob_encode(p, &blob, &why), SP_OK);
  plan_free(p);
  plan_faults_free(&f);
  const size_t cut_by = yaml.n / 60 + 1;
  for (size_t n = 0; n < yaml.n; n += cut_by) {
    (void)!plan_read(span_of(yaml.p, n), &p, &f);
    plan_free(p);
    plan_faults_free(&f);
  }
  uint64_t seed = 88172645463325252u;
  for (int i = 0; i < 400; i++) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    struct buf *b = i % 4 ? &blob : &yaml;
    size_t at = seed % b->n;
    uint8_t was = b->p[at];
    b->p[at] = (uint8_t)(seed >> 40);
    if (i % 4) {
      (void)!plan_blob_decode(buf_span(b), &p, &why);
    } else {
      (void)!plan_read(buf_span(b), &p, &f);
      plan_faults_free(&f);
    }
    plan_free(p);
    b->p[at] = was;
  }
  for (size_t n = 0; n < blob.n; n += 37)
    assert_int_not_equal(plan_blob_decode(span_of(blob.p, n), &p, &why), SP_OK);
  buf_free(&yaml);
  buf_free(&blob);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_fault_is_told_with_its_line),
      cmocka_unit_test(examples_are_right_and_come_back),
      cmocka_unit_test(hostile_bytes_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
