#include "base/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One field of each kind, and what a decoder of a small thing looks like. */
struct all {
  bool flag, must_flag;
  uint32_t colour, gate, paints;
  uint64_t count;
  uint32_t small;
  struct hash hash;
  struct id id, made;
  struct ref on;
  struct reasons reasons;
  struct refs refs;
  struct slug slug;
  usec at;
};

static const char *const colours[] = {"red", "green", "blue", NULL};
static const char *const codes[] = {"lockdown", "capacity", NULL};

#define ROW(name, kind, flags, member, ref, names)                                                 \
  { name, kind, flags, offsetof(struct all, member), ref, names, "" }

static const struct field all_fields[] = {
    ROW("at", FIELD_TIME, 0, at, REF_NONE, NULL),
    ROW("colour", FIELD_ENUM, FIELD_REQUIRED, colour, REF_NONE, colours),
    ROW("count", FIELD_U64, FIELD_REQUIRED, count, REF_NONE, NULL),
    ROW("flag", FIELD_BOOL, 0, flag, REF_NONE, NULL),
    ROW("gate", FIELD_REF, 0, gate, REF_GATE, NULL),
    ROW("hash", FIELD_HASH, 0, hash, REF_NONE, NULL),
    ROW("id", FIELD_ID, 0, id, REF_NONE, NULL),
    ROW("made", FIELD_ID, FIELD_ENGINE, made, REF_NONE, NULL),
    ROW("must_flag", FIELD_BOOL, FIELD_REQUIRED, must_flag, REF_NONE, NULL),
    ROW("on", FIELD_REF_ANY, 0, on, REF_NONE, NULL),
    ROW("paints", FIELD_SET, 0, paints, REF_NONE, colours),
    ROW("reasons", FIELD_REASONS, 0, reasons, REF_NONE, codes),
    ROW("refs", FIELD_REFS, 0, refs, REF_NONE, NULL),
    ROW("slug", FIELD_SLUG, 0, slug, REF_NONE, NULL),
    ROW("small", FIELD_U32, 0, small, REF_NONE, NULL),
    {"type", FIELD_CONST, FIELD_REQUIRED, 0, REF_NONE, NULL, ""},
};
static const struct record all_record = {
    "all.seen", all_fields, sizeof all_fields / sizeof *all_fields, sizeof(struct all), ""};

/* Ten of each kind, named "gate-3". */
static size_t name_of(void *ctx, enum ref_kind kind, uint32_t index, char out[ref_name_max]) {
  (void)ctx;
  char text[ref_name_max];
  int n = snprintf(text, sizeof text, "%s-%u", ref_kind_names[kind], index);
  memcpy(out, text, (size_t)n);
  return (size_t)n;
}

static bool find(void *ctx, enum ref_kind kind, struct span name, uint32_t *index) {
  for (uint32_t i = 0; i < 10; i++) {
    char text[ref_name_max];
    if (span_eq(name, span_of(text, name_of(ctx, kind, i, text)))) {
      *index = i;
      return true;
    }
  }
  return false;
}
static const struct namer namer = {NULL, name_of, find};

static const char full[] =
    "{\"at\":\"2026-11-23T07:14:27.123456Z\",\"colour\":\"blue\",\"count\":9007199254740991,"
    "\"flag\":true,\"gate\":\"gate-0\",\"hash\":"
    "\"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\","
    "\"id\":\"ffffffffffffffffffffffffffffffff\",\"made\":\"000000000000000000000000000000a1\","
    "\"must_flag\":false,\"on\":\"entry:4294967294\",\"paints\":[\"red\",\"blue\"],\"reasons\":[{"
    "\"code\":\"lockdown\",\"on\":"
    "\"area:area-3\"},{\"code\":\"capacity\"}],\"refs\":[\"credential:credential-9\",\"entry:0\"],"
    "\"slug\":\"east-gate\",\"small\":4294967295,\"type\":\"all.seen\"}";
static const char least[] =
    "{\"colour\":\"red\",\"count\":0,\"must_flag\":false,\"type\":\"all.seen\"}";

static struct all full_value(void) {
  struct all a;
  record_clear(&all_record, &a);
  assert_true(time_parse(&a.at, "2026-11-23T07:14:27.123456Z", time_text_len));
  a.colour = 2;
  a.count = (UINT64_C(1) << 53) - 1;
  a.flag = true;
  a.gate = 0;
  for (int i = 0; i < 32; i++)
    a.hash.b[i] = (uint8_t)(i + 1);
  memset(a.id.b, 0xff, 16);
  a.made.b[15] = 0xa1;
  a.on = (struct ref){REF_ENTRY, UINT32_MAX - 1};
  a.paints = 1u << 0 | 1u << 2;
  a.reasons.n = 2;
  a.reasons.at[0] = (struct reason_on){0, {REF_AREA, 3}};
  a.reasons.at[1] = (struct reason_on){1, {REF_NONE, 0}};
  a.refs.n = 2;
  a.refs.at[0] = (struct ref){REF_CREDENTIAL, 9};
  a.refs.at[1] = (struct ref){REF_ENTRY, 0};
  strcpy(a.slug.s, "east-gate");
  a.small = UINT32_MAX;
  return a;
}

static void encodes_to(const void *value, const char *text) {
  struct buf b = {0};
  record_encode(&b, &all_record, value, &namer);
  assert_false(b.failed);
  assert_string_equal(buf_cstr(&b), text);
  buf_free(&b);
}

/* From memory that ends where the text does, so that a sanitizer sees one byte too far. */
static enum sp_err decode(struct all *a, const char *text, size_t n, bool canonical,
                          struct fault *why) {
  uint8_t *exact = malloc(n ? n : 1);
  memcpy(exact, text, n);
  enum sp_err err = record_decode(&all_record, a, span_of(exact, n), &namer, canonical, why);
  free(exact);
  return err;
}

static void goes_round(void **state) {
  (void)state;
  struct all a = full_value(), back;
  struct fault why = {0};
  encodes_to(&a, full);
  assert_int_equal(decode(&back, full, strlen(full), true, &why), SP_OK);
  encodes_to(&back, full);
  record_clear(&all_record, &a);
  encodes_to(&a, least);
  assert_int_equal(decode(&back, least, strlen(least), true, &why), SP_OK);
  encodes_to(&back, least);
  assert_true(back.gate == REF_ABSENT && back.at == TIME_ABSENT && back.on.kind == REF_NONE);
}

/* Keys in any order and white space for people; but no filling in what is the engine's. */
static void people_may_be_lenient(void **state) {
  (void)state;
  struct all a;
  struct fault why = {0};
  const char *text = " {\n\"type\" : \"all.seen\",\t\"count\":7 , \"flag\":false,\"refs\": [ ],"
                     "\"at\":\"2026-11-23\",\"colour\":\"green\",\"must_flag\":true}\r\n";
  assert_int_equal(decode(&a, text, strlen(text), false, &why), SP_OK);
  encodes_to(&a, "{\"at\":\"2026-11-23T00:00:00.000000Z\",\"colour\":\"green\",\"count\":7,"
                 "\"must_flag\":true,\"type\":\"all.seen\"}");
  assert_int_equal(decode(&a, text, strlen(text), true, &why), SP_INVALID);
}

#define REST ",\"colour\":\"red\",\"count\":0,\"must_flag\":false,\"type\":\"all.seen\"}"
static const struct {
  const char *text, *says;
  bool canonical;
  enum sp_err err;
} refused[] = {
    {"", "object in braces", false, SP_INVALID},
    {"[]", "object in braces", false, SP_INVALID},
    {"{}", "\"colour\": is missing", false, SP_INVALID},
    {"{\"colour\":\"red\",\"colour\":\"red\"}", "\"colour\": is given twice", false, SP_INVALID},
    {"{\"nobody\":1" REST, "\"nobody\" is unknown", false, SP_INVALID},
    {"{\"count\":0,\"colour\":\"red\",\"must_flag\":false,\"type\":\"all.seen\"}", "\"colour\"",
     true, SP_INVALID},
    {"{\"colour\":\"puce\"}", "\"puce\" is none of red, green, blue", false, SP_INVALID},
    {"{\"colour\":2}", "\"colour\": a string", false, SP_INVALID},
    {"{\"count\":01}", "\"count\": a whole number", false, SP_INVALID},
    {"{\"count\":-1}", "\"count\": a whole number", false, SP_INVALID},
    {"{\"count\":1.0}", "\"count\": a whole number", false, SP_INVALID},
    {"{\"count\":1e3}", "\"count\": a whole number", false, SP_INVALID},
    {"{\"count\":\"1\"}", "\"count\": a whole number", false, SP_INVALID},
    {"{\"count\":9007199254740992}", "at most 9007199254740991", false, SP_INVALID},
    {"{\"count\":99999999999999999999999999}", "at most 9007199254740991", false, SP_INVALID},
    {"{\"small\":4294967296}", "\"small\": the number is too large", false, SP_INVALID},
    {"{\"small\":0" REST, "\"small\"", true, SP_INVALID},
    {"{\"flag\":1}", "\"flag\": true or false", false, SP_INVALID},
    {"{\"flag\":null}", "\"flag\": true or false", false, SP_INVALID},
    {"{\"flag\":false}", "\"flag\": what is absent is left out", true, SP_INVALID},
    {"{\"gate\":\"gate-77\"}", "\"gate\": there is no gate \"gate-77\"", false, SP_NOT_FOUND},
    {"{\"gate\":\"g\\u0061te-0\"}", "\"gate\": only printable ASCII without escapes", false,
     SP_INVALID},
    {"{\"gate\":\"gate-\xff\"}", "\"gate\": only printable ASCII", false, SP_INVALID},
    {"{\"gate\":\"gate", "\"gate\": the text ends", false, SP_INVALID},
    {"{\"hash\":\"00\"}", "\"hash\": 64 lower-case hex", false, SP_INVALID},
    {"{\"id\":\"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\"}", "\"id\": 32 lower-case hex", false,
     SP_INVALID},
    {"{\"id\":\"00000000000000000000000000000000\"}", "\"id\": all zeros", false, SP_INVALID},
    {"{\"id\":\"00000000000000000000000000000000\"}", "\"id\": what is absent", true, SP_INVALID},
    {"{\"made\":\"ffffffffffffffffffffffffffffffff\"" REST, "\"made\": is filled in by the engine",
     false, SP_INVALID},
    {"{\"on\":\"gate-1\"}", "\"on\": \"kind:name\"", false, SP_INVALID},
    {"{\"on\":\"none:0\"}", "\"on\": unknown kind", false, SP_INVALID},
    {"{\"on\":\"entry:007\"}", "\"on\"", false, SP_INVALID},
    {"{\"on\":\"entry:4294967295\"}", "\"on\"", false, SP_INVALID},
    {"{\"on\":\"entry:\"}", "\"on\"", false, SP_INVALID},
    {"{\"paints\":\"red\"}", "\"paints\": a list in brackets", false, SP_INVALID},
    {"{\"paints\":[\"puce\"]}", "\"puce\" is none of red, green, blue", false, SP_INVALID},
    {"{\"paints\":[\"red\",\"red\"]}", "\"paints\": a name stands twice", false, SP_INVALID},
    {"{\"paints\":[\"blue\",\"red\"]}", "\"paints\": a name stands twice or out of order", true,
     SP_INVALID},
    {"{\"paints\":[]}", "\"paints\": an empty list", true, SP_INVALID},
    {"{\"reasons\":[{\"on\":\"area:area-3\"}]}", "\"reasons\"", false, SP_INVALID},
    {"{\"reasons\":[{\"code\":\"weather\"}]}", "none of lockdown, capacity", false, SP_INVALID},
    {"{\"reasons\":[]" REST, "\"reasons\": an empty list", true, SP_INVALID},
    {"{\"refs\":[[[[[[[[[[[[[[[[", "\"refs\"", false, SP_INVALID},
    {"{\"refs\":[\"area:area-1\",]}", "\"refs\"", false, SP_INVALID},
    {"{\"slug\":\"East\"}", "\"slug\": a name", false, SP_INVALID},
    {"{\"slug\":\"a--b\"}", "\"slug\": a name", false, SP_INVALID},
    {"{\"slug\":\"abcdefghijklmnopqrstuvwxyzabcdef\"}", "\"slug\": a name", false, SP_INVALID},
    {"{\"at\":\"2026-11-23\"" REST, "\"at\": a time", true, SP_INVALID},
    {"{\"at\":\"2026-02-30\"" REST, "\"at\": a time", false, SP_INVALID},
    {"{\"type\":\"all.heard\"}", "\"type\": another type", false, SP_INVALID},
    {"{\"colour\":\"red\",\"count\":0,\"must_flag\":false,\"type\":\"all.seen\"} x",
     "after the object", false, SP_INVALID},
    {"{\"colour\":\"red\",\"count\":0,\"must_flag\":false,\"type\":\"all.seen\",}", "string", false,
     SP_INVALID},
    {"{\"colour\" :\"red\"" REST, "\"colour\": a colon", true, SP_INVALID},
};

static void refuses_by_name(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    struct all a;
    struct fault why = {0};
    enum sp_err err =
        decode(&a, refused[i].text, strlen(refused[i].text), refused[i].canonical, &why);
    if (err != refused[i].err || !strstr(why.text, refused[i].says))
      fail_msg("%s: %s: %s", refused[i].text, sp_err_name(err), why.text);
    assert_int_equal(why.err, err);
    assert_int_equal(
        decode(&a, refused[i].text, strlen(refused[i].text), refused[i].canonical, NULL), err);
  }
}

/* A list as long as it may be is accepted, one more is a limit that can be read. */
static void lists_end(void **state) {
  (void)state;
  for (unsigned n = refs_max; n <= refs_max + 1; n++) {
    struct all a;
    struct buf b = {0};
    struct fault why = {0};
    buf_puts(&b, "{\"colour\":\"red\",\"count\":0,\"must_flag\":false,\"refs\":[");
    for (unsigned i = 0; i < n; i++)
      buf_printf(&b, "%s\"entry:%u\"", i ? "," : "", i);
    buf_puts(&b, "],\"type\":\"all.seen\"}");
    assert_int_equal(decode(&a, buf_cstr(&b), b.n, true, &why), n == refs_max ? SP_OK : SP_LIMIT);
    buf_free(&b);
  }
  for (unsigned n = reasons_max; n <= reasons_max + 1; n++) {
    struct all a;
    struct buf b = {0};
    struct fault why = {0};
    buf_puts(&b, "{\"colour\":\"red\",\"count\":0,\"must_flag\":false,\"reasons\":[");
    for (unsigned i = 0; i < n; i++)
      buf_printf(&b, "%s{\"code\":\"capacity\",\"on\":\"area:area-1\"}", i ? "," : "");
    buf_puts(&b, "],\"type\":\"all.seen\"}");
    assert_int_equal(decode(&a, buf_cstr(&b), b.n, true, &why),
                     n == reasons_max ? SP_OK : SP_LIMIT);
    buf_free(&b);
  }
}

static void every_cut_is_refused(void **state) {
  (void)state;
  for (size_t n = 0; n < strlen(full); n++)
    for (int canonical = 0; canonical < 2; canonical++) {
      struct all a;
      struct fault why = {0};
      assert_int_not_equal(decode(&a, full, n, canonical, &why), SP_OK);
      assert_true(why.text[0]);
    }
}

/* Whatever byte stands wherever: refused, or exactly what we would have written. */
static void every_byte_is_seen(void **state) {
  (void)state;
  char text[sizeof full];
  for (size_t i = 0; i < strlen(full); i++)
    for (int c = 0; c < 256; c++) {
      struct all a;
      struct fault why = {0};
      memcpy(text, full, sizeof full);
      text[i] = (char)c;
      if (decode(&a, text, strlen(full), true, &why) == SP_OK && c)
        encodes_to(&a, text);
      (void)!decode(&a, text, strlen(full), false, &why);
    }
}

static void out_of_memory_is_told(void **state) {
  (void)state;
  struct all a = full_value();
  struct buf b = {0};
  sp_alloc_fail_after(0, true);
  record_encode(&b, &all_record, &a, &namer);
  sp_alloc_fail_after(UINT64_MAX, false);
  assert_true(b.failed);
  buf_free(&b);
}

static void slugs(void **state) {
  (void)state;
  assert_true(slug_valid(SPAN_LIT("a")));
  assert_true(slug_valid(SPAN_LIT("abcdefghijklmnopqrstuvwxyz01234")));
  const char *no[] = {
      "", "-", "a-", "-a", "a--b", "A", "a_b", "a b", "abcdefghijklmnopqrstuvwxyz012345"};
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    assert_false(slug_valid(span_str(no[i])));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_round),
      cmocka_unit_test(people_may_be_lenient),
      cmocka_unit_test(refuses_by_name),
      cmocka_unit_test(lists_end),
      cmocka_unit_test(every_cut_is_refused),
      cmocka_unit_test(every_byte_is_seen),
      cmocka_unit_test(out_of_memory_is_told),
      cmocka_unit_test(slugs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
