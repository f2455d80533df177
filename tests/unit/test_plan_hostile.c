/* Whatever bytes come, as YAML or as a compiled plan: they are refused with a reason, or are a plan
 * that the core can work with. */
#include "plan/plan_blob.h"
#include "plan/plan_print.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;
static uint64_t draw(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

static size_t below(size_t n) {
  return draw() % (n ? n : 1);
}

static struct buf read_file(const char *name) {
  struct buf b = {0};
  char path[600];
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/examples/%s", top ? top : ".", name);
  FILE *f = fopen(path, "rb");
  if (!f)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  uint8_t piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
    buf_put(&b, piece, n);
  fclose(f);
  return b;
}

/* All that the core and the printers ask of a plan. */
static void use(const struct plan *p) {
  struct buf out = {0};
  uint32_t i;
  plan_print_text(p, &out);
  assert_false(out.failed);
  json_t *j = plan_print_json(p);
  assert_non_null(j);
  json_decref(j);
  for (uint32_t s = 0; s < p->n_schedules; s++)
    (void)plan_schedule_open(p, s, (usec)(draw() % (UINT64_C(1) << 52)));
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++)
    for (uint32_t n = 0; n < plan_count(p, k); n++)
      assert_true(plan_find(p, k, span_str(plan_name(p, k, n)->s), &i) && i == n);
  for (uint32_t a = 0; a < p->n_areas; a++)
    (void)plan_area_within(p, a, area_site);
  buf_free(&out);
}

/* Reads from a copy of its exact size, so that a byte too far is seen. */
static void try_yaml(struct span s) {
  struct plan *p = NULL;
  struct plan_faults f = {0};
  uint8_t *copy = malloc(s.n ? s.n : 1);
  assert_non_null(copy);
  if (s.n)
    memcpy(copy, s.p, s.n);
  enum sp_err err = plan_read(span_of(copy, s.n), &p, &f);
  free(copy);
  if (err == SP_OK) {
    use(p);
    plan_free(p);
  } else {
    assert_int_equal(err, SP_INVALID);
    assert_true(f.errors > 0 && f.kept > 0 && f.at[0].text[0]);
    assert_null(p);
  }
  plan_faults_free(&f);
}

static bool try_blob(struct span s) {
  struct plan *p = NULL;
  struct fault why = {0};
  struct buf again = {0};
  enum sp_err err = plan_blob_decode(s, &p, &why);
  if (err) {
    assert_null(p);
    assert_true(why.text[0] != 0);
    return false;
  }
  use(p);
  assert_int_equal(plan_blob_encode(p, &again, &why), SP_OK);
  assert_true(span_eq(s, buf_span(&again)));
  buf_free(&again);
  plan_free(p);
  return true;
}

static struct buf blob_of(const char *example) {
  struct buf yaml = read_file(example), blob = {0};
  struct plan *p;
  struct plan_faults f = {0};
  assert_int_equal(plan_read(buf_span(&yaml), &p, &f), SP_OK);
  assert_int_equal(plan_blob_encode(p, &blob, NULL), SP_OK);
  plan_faults_free(&f);
  plan_free(p);
  buf_free(&yaml);
  return blob;
}

static void cut_yaml(void **state) {
  (void)state;
  struct buf yaml = read_file("makerspace.yaml");
  for (size_t n = 0; n <= yaml.n; n++)
    try_yaml(span_of(yaml.p, n));
  buf_free(&yaml);
  yaml = read_file("three-sections.yaml");
  for (size_t n = 0; n < yaml.n; n += 997)
    try_yaml(span_of(yaml.p, n));
  buf_free(&yaml);
}

static void changed_yaml(void **state) {
  (void)state;
  static const char marks[] = "{}[]:-,&*!|>'\"%@`#?\n\t \\0123456789\x80\xff";
  struct buf yaml = read_file("makerspace.yaml");
  for (int i = 0; i < 4000; i++) {
    size_t at = below(yaml.n), other = below(yaml.n);
    uint8_t was = yaml.p[at], was_other = yaml.p[other];
    yaml.p[at] = i % 2 ? (uint8_t)marks[draw() % (sizeof marks - 1)] : (uint8_t)draw();
    if (i % 3 == 0)
      yaml.p[other] = (uint8_t)marks[draw() % (sizeof marks - 1)];
    try_yaml(buf_span(&yaml));
    yaml.p[other] = was_other;
    yaml.p[at] = was;
  }
  buf_free(&yaml);
}

/* Lines doubled, dropped and swapped: keys twice, keys missing, things in wrong places. */
static void moved_lines(void **state) {
  (void)state;
  struct buf yaml = read_file("makerspace.yaml");
  const char *lines[200];
  size_t lengths[200], n = 0;
  for (const char *p = (const char *)yaml.p, *end = p + yaml.n; p < end && n < 200; n++) {
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    lines[n] = p;
    lengths[n] = (size_t)((eol ? eol + 1 : end) - p);
    p += lengths[n];
  }
  for (int i = 0; i < 1500; i++) {
    struct buf out = {0};
    size_t a = below(n), b = below(n);
    for (size_t k = 0; k < n; k++) {
      size_t from = i % 3 == 0 && k == a ? b : k; /* one in the place of another */
      if (i % 3 == 1 && k == a)
        continue;
      buf_put(&out, lines[from], lengths[from]);
      if (i % 3 == 2 && k == a)
        buf_put(&out, lines[b], lengths[b]);
    }
    try_yaml(buf_span(&out));
    buf_free(&out);
  }
  buf_free(&yaml);
}

static void expect_fault(struct buf *yaml, const char *told, uint32_t line) {
  struct plan *p = NULL;
  struct plan_faults f = {0};
  assert_int_equal(plan_read(buf_span(yaml), &p, &f), SP_INVALID);
  if (!strstr(f.at[0].text, told) || f.at[0].line != line)
    fail_msg("line %u: %s", f.at[0].line, f.at[0].text);
  plan_faults_free(&f);
  buf_free(yaml);
}

static void bombs(void **state) {
  (void)state;
  struct buf b = {0};
  /* Nine lists of nine of the one before: 3.8e8 values if they were written out. */
  buf_puts(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
  for (int i = 1; i < 9; i++) {
    buf_printf(&b, "a%d: &a%d [", i, i);
    for (int k = 0; k < 9; k++)
      buf_printf(&b, "%s*a%d", k ? "," : "", i - 1);
    buf_puts(&b, "]\n");
  }
  expect_fault(&b, "aliases", 2);
  buf_puts(&b, "site: &s [*s]\n");
  expect_fault(&b, "aliases", 1);
  for (int i = 0; i < 100000; i++)
    buf_puts(&b, "[");
  expect_fault(&b, "nested too deep", 1);
  for (int i = 0; i < 200; i++)
    buf_printf(&b, "%*sa:\n", i, "");
  expect_fault(&b, "nested too deep", 33);
  buf_puts(&b, "areas:\n");
  for (int i = 0; i < plan_yaml_nodes_max; i++)
    buf_puts(&b, "- a\n");
  expect_fault(&b, "too many values", plan_yaml_nodes_max - 1);
  buf_puts(&b, "#");
  while (b.n <= plan_yaml_bytes_max)
    buf_puts(&b, "0123456789012345678901234567890123456789012345678901234567890123");
  expect_fault(&b, "over 4 MiB", 0);
}

/* More of everything than a site may have, and more faults than are told. */
static void too_many(void **state) {
  (void)state;
  struct buf b = {0};
  buf_puts(&b, "site: { name: s, zone: UTC }\nareas:\n");
  for (int i = 0; i < areas_max; i++)
    buf_printf(&b, "- { name: a%d, kind: room }\n", i);
  struct plan *p = NULL;
  struct plan_faults f = {0};
  assert_int_equal(plan_read(buf_span(&b), &p, &f), SP_INVALID);
  bool found = false;
  for (uint32_t i = 0; i < f.kept; i++)
    found |= strstr(f.at[i].text, "more than 8192 areas") && f.at[i].line == 2 + areas_max - 1;
  assert_true(found);
  plan_faults_free(&f);
  buf_reset(&b);
  buf_puts(&b, "areas:\n");
  for (int i = 0; i < 50000; i++)
    buf_puts(&b, "- { nmae: a, kimd: room }\n");
  assert_int_equal(plan_read(buf_span(&b), &p, &f), SP_INVALID);
  assert_int_equal(f.kept, plan_faults_max);
  struct buf text = {0};
  plan_faults_text(&f, "plan.yaml", &text);
  assert_non_null(strstr(buf_cstr(&text), "plan.yaml: and more\n"));
  buf_free(&text);
  plan_faults_free(&f);
  buf_free(&b);
}

/* What a file says goes to a terminal: no control character of it does. */
static void quotes_steer_no_terminal(void **state) {
  (void)state;
  struct plan *p = NULL;
  struct plan_faults f = {0};
  struct span yaml = SPAN_LIT("\"\\e[31m\\x07\": 1\n\"\\u009b2J\xc3\xa4\xc3\xa4\": 2\n");
  assert_int_equal(plan_read(yaml, &p, &f), SP_INVALID);
  for (uint32_t i = 0; i < f.kept; i++)
    for (const char *c = f.at[i].text; *c; c++)
      assert_true((uint8_t)*c >= 0x20 && *c != 0x7f);
  plan_faults_free(&f);
}

static void cut_and_changed_blobs(void **state) {
  (void)state;
  struct buf blob = blob_of("makerspace.yaml");
  assert_true(try_blob(buf_span(&blob)));
  for (size_t n = 0; n < blob.n; n += n < 64 ? 1 : 61)
    assert_false(try_blob(span_of(blob.p, n)));
  for (int i = 0; i < 3000; i++) {
    size_t at = below(blob.n);
    uint8_t was = blob.p[at];
    blob.p[at] = i % 2 ? (uint8_t)("0123456789[],\"-{}ax "[draw() % 20]) : (uint8_t)draw();
    (void)try_blob(buf_span(&blob));
    blob.p[at] = was;
  }
  buf_free(&blob);
}

/* Every number of a sally port's plan in turn becomes another one. */
static void changed_numbers(void **state) {
  (void)state;
  static const json_int_t values[] = {0,     1,     2,          3,          5,        126,
                                      255,   256,   65534,      65535,      65536,    2147483647,
                                      -1,    -128,  4294967295, 4294967296, 10080,    1440,
                                      20000, 86400, 604801,     INT64_MAX,  INT64_MIN};
  struct span yaml = SPAN_LIT(
      "site: { name: s, zone: Europe/Berlin, capacity: 50 }\n"
      "areas:\n"
      "  - { name: hall, kind: room, anti-passback: soft }\n"
      "  - { name: port, kind: vestibule }\n"
      "  - name: ward\n"
      "    kind: section\n"
      "    cells: [{ name: c, kind: cell, count: 2, bunks: 4, line: bus, address: 8 }]\n"
      "gates:\n"
      "  - { name: main, from: outside, to: hall, doors: [{ name: m, rex: record, wiring: { at: "
      "m-in, strike: 4, contact: 5, inverted: [contact, rex] }, readers: [{ name: m-in, "
      "direction: in, line: bus, address: 1 }, { name: m-out, direction: out }] }] }\n"
      "  - { name: ward, from: hall, to: ward, vestibule: port, doors: [{ name: a }, { name: b }] "
      "}\n"
      "interlocks: [[m, a]]\n"
      "lines: [{ name: bus, kind: serial, where: /dev/ttyS0 }]\n"
      "schedules: [{ name: day, week: { mon-fri: 06:00-18:00 }, exceptions: { 2026-12-24: "
      "08:00-12:00 } }]\n"
      "levels: [{ name: all, access: [{ gates: all, schedule: day }] }]\n"
      "threats: [{ name: normal }, { name: high, refuse: [visitor] }]\n");
  struct plan *p = NULL;
  struct plan_faults f = {0};
  if (plan_read(yaml, &p, &f))
    fail_msg("line %u: %s", f.at[0].line, f.at[0].text);
  plan_faults_free(&f);
  struct buf blob = {0};
  assert_int_equal(plan_blob_encode(p, &blob, NULL), SP_OK);
  plan_free(p);
  json_t *root = json_loadb((const char *)blob.p, blob.n, 0, NULL), *list;
  assert_non_null(root);
  const char *key;
  unsigned accepted = 0, refused = 0;
  json_object_foreach(root, key, list) {
    if (!json_is_array(list) || strcmp(key, "zone_transitions") == 0)
      continue;
    for (size_t row = 0; row < json_array_size(list); row++) {
      json_t *cells = json_array_get(list, row);
      bool flat = !json_is_array(cells); /* head and rules are one row */
      for (size_t i = 0; i < (flat ? 1 : json_array_size(cells)); i++) {
        json_t *cell = flat ? cells : json_array_get(cells, i);
        if (!json_is_integer(cell))
          continue;
        json_int_t was = json_integer_value(cell);
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
          json_integer_set(cell, values[v]);
          char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
          assert_non_null(text);
          if (try_blob(span_str(text)))
            accepted++;
          else
            refused++;
          free(text);
        }
        json_integer_set(cell, was);
      }
    }
  }
  json_decref(root);
  buf_free(&blob);
  assert_true(accepted > 100 && refused > 1000);
}

static void wrong_blobs_say_what(void **state) {
  (void)state;
  static const struct {
    const char *blob, *told;
    enum sp_err err;
  } rows[] = {
      {"", "not JSON", SP_INVALID},
      {"[]", "not one", SP_INVALID},
      {"{\"v\":1}", "version 1", SP_VERSION},
      {"{\"v\":2}", "head or rules", SP_INVALID},
      {"{\"v\":2,\"v\":2}", "not JSON", SP_INVALID},
      {"{\"v\":2} ", "head or rules", SP_INVALID},
      {"{\"v\":3}", "head or rules", SP_INVALID},
      {"{\"v\":4}", "head or rules", SP_INVALID},
      {"{\"v\":5}", "version 5, and this program knows 2 to 4", SP_VERSION},
  };
  struct plan *p;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct fault why = {0};
    assert_int_equal(plan_blob_decode(span_str(rows[i].blob), &p, &why), rows[i].err);
    if (!strstr(why.text, rows[i].told))
      fail_msg("row %zu: %s", i, why.text);
  }
  struct buf blob = blob_of("makerspace.yaml");
  struct fault why = {0};
  buf_puts(&blob, "\n"); /* the same plan, in other bytes */
  assert_int_equal(plan_blob_decode(buf_span(&blob), &p, &why), SP_INVALID);
  assert_non_null(strstr(why.text, "canonical"));
  buf_free(&blob);
  for (int i = 0; i < 5000; i++)
    buf_puts(&blob, "[");
  assert_int_equal(plan_blob_decode(buf_span(&blob), &p, &why), SP_INVALID);
  buf_free(&blob);
}

/* Each request for memory fails in turn, once and for good: an error, and nothing is lost. */
static void without_memory(void **state) {
  (void)state;
  struct buf yaml = read_file("makerspace.yaml"), blob = blob_of("makerspace.yaml");
  for (int kind = 0; kind < 4; kind++) {
    bool done = false;
    for (uint64_t n = 0; !done; n++) {
      struct plan *p = NULL;
      struct plan_faults f = {0};
      assert_true(n < 5000);
      sp_alloc_fail_after(n, kind % 2);
      enum sp_err err = kind < 2 ? plan_read(buf_span(&yaml), &p, &f)
                                 : plan_blob_decode(buf_span(&blob), &p, NULL);
      done = sp_alloc_fail_after(UINT64_MAX, false) <= n;
      if (done)
        assert_int_equal(err, SP_OK);
      else if (err == SP_OK)
        use(p); /* it could do without: a suggestion, say */
      plan_free(p);
      plan_faults_free(&f);
    }
  }
  buf_free(&yaml);
  buf_free(&blob);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cut_yaml),
      cmocka_unit_test(changed_yaml),
      cmocka_unit_test(moved_lines),
      cmocka_unit_test(bombs),
      cmocka_unit_test(too_many),
      cmocka_unit_test(quotes_steer_no_terminal),
      cmocka_unit_test(cut_and_changed_blobs),
      cmocka_unit_test(changed_numbers),
      cmocka_unit_test(wrong_blobs_say_what),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
