/* The rule of likeness.h, pair by pair; and that the index finds all whom the rule calls alike. */
#include "engine/like_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct like_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};

static void read_into(struct like_room *r, const char *text) {
  json_error_t at;
  struct fault why = {0};
  json_t *j = json_loads(text, 0, &at);
  if (!j)
    fail_msg("%s: %s", text, at.text);
  if (like_read(r, j, &key, &why))
    fail_msg("%s: %s", text, why.text);
  json_decref(j);
}

static unsigned score_of(const char *a, const char *b, unsigned *why) {
  static struct like_room x, y;
  unsigned back;
  read_into(&x, a);
  read_into(&y, b);
  unsigned score = like_score(&x.is, &y.is, why);
  assert_int_equal(like_score(&y.is, &x.is, &back), score); /* either way */
  assert_int_equal(back, *why);
  return score;
}

/* --- Names, both with the same birth date --- */

enum wanted { DIFFERENT, ALIKE, SAME };

static const struct {
  const char *a, *b;
  enum wanted wanted;
} names[] = {
    {"José García", "Jose Garcia", SAME},
    {"JOSÉ GARCÍA", "josé garcía", SAME},
    {"Iker Muñoz", "Iker Munoz", SAME},
    {"Jürgen Groß", "Juergen Gross", ALIKE},
    {"Łukasz Żółty", "Lukasz Zolty", SAME},
    {"Nguyễn Văn Đức", "Nguyen Van Duc", SAME},
    {"Ali Mohammed", "Ali Muhamad", ALIKE},
    {"Ali Mohammed", "Ali Mohamed", ALIKE},
    {"Yousef Khalil", "Yusuf Halil", ALIKE},
    {"Pat O'Neil", "Pat ONeil", SAME},
    {"Pat O’Neil", "Pat O'Neil", SAME},
    {"Dina Alvarez", "Alvarez Dina", SAME},
    {"Alvarez, Dina", "Dina Alvarez", SAME},
    {"Kilmar Abrego Garcia", "Kilmar Garcia Abrego", SAME},
    {"Kilmar Abrego-Garcia", "Kilmar Abrego Garcia", SAME},
    {"Kilmar Armando Abrego Garcia", "Kilmar Abrego Garcia", ALIKE},
    {"Kilmar Armando Abrego Garcia", "Kilmar Abrego", ALIKE},
    {"María de la Cruz", "Maria Cruz", SAME},
    {"Omar al-Hassan", "Omar Hassan", SAME},
    {"Abdul Rahman Ali", "Abdulrahman Ali", SAME}, /* the same letters in a row */
    {"Ana González", "Ana Gonzales", ALIKE},
    {"Ana Garcia", "Anna Garcia", ALIKE},
    {"Jon Smith", "John Smith", ALIKE},
    {"Jhon Smith", "John Smith", ALIKE},
    {"J. Garcia", "Juan Garcia", ALIKE},
    {"Пётр Иванов", "ПЁТР ИВАНОВ", SAME},
    {"Пётр Иванов", "Пётр Иваноф", ALIKE},
    {"محمد علي", "محمد علی", SAME}, /* two keyboards' letters for one */
    {"أحمد", "احمد", SAME},
    {"Сергей", "Сергей", SAME},
    {"Maria", "Maria", SAME},
    /* Twins are registered on the same day of birth, with one family name. */
    {"Ana Garcia", "Luis Garcia", DIFFERENT},
    {"Luis Garcia", "Lisa Garcia", DIFFERENT},
    {"Maria Jose Lopez", "Maria Luisa Lopez", DIFFERENT},
    {"Ana Garcia", "Ina Garcia", DIFFERENT},
    {"Lee Wong", "Leo Wong", DIFFERENT},
    {"J. Garcia", "Luis Garcia", DIFFERENT},
    {"J. G.", "Juan Garcia", DIFFERENT},        /* initials alone tell nothing */
    {"Daniel Garcia", "Daniela Garcia", ALIKE}, /* one letter: the desk has to look */
    /* Too little in common. */
    {"Maria", "Maria Lopez", DIFFERENT},
    {"Dina Alvarez", "Dora Alvarez", DIFFERENT},
    {"Juan Perez", "Juan Perez Perez Garcia", ALIKE},
    {"Juan Juan", "Juan Perez", DIFFERENT}, /* each word has one of its own */
    {"Human 12", "Human 13", DIFFERENT},    /* numbers are the same, or are not */
    {"de la", "de la", SAME},               /* nothing but particles */
};

static void test_names(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char a[200], b[200];
    unsigned why;
    snprintf(a, sizeof a, "{\"name\":\"%s\",\"birth_date\":\"1984-03-02\"}", names[i].a);
    snprintf(b, sizeof b, "{\"name\":\"%s\",\"birth_date\":\"1984-03-02\"}", names[i].b);
    unsigned score = score_of(a, b, &why);
    unsigned name = names[i].wanted == SAME    ? LIKE_NAME_SAME
                    : names[i].wanted == ALIKE ? LIKE_NAME_ALIKE
                                               : 0;
    if ((why & (LIKE_NAME_SAME | LIKE_NAME_ALIKE)) != name || (score > 0) != (name > 0))
      fail_msg("\"%s\" and \"%s\": why %u", names[i].a, names[i].b, why);
  }
}

/* --- Everything together --- */

#define BORN(date) ",\"birth_date\":\"" date "\"}"

static const struct {
  const char *a, *b;
  unsigned score;
} pairs[] = {
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), 90},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Anna Diaz\"" BORN("1984-03-02"), 80},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"" BORN("1984-02-03"), 70},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Anna Diaz\"" BORN("1984-02-03"), 60},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"" BORN("1984-03-12"), 50},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"" BORN("1985-03-02"), 50},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Anna Diaz\"" BORN("1984-03-12"), 0},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"" BORN("1985-04-02"), 0},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"}", 40},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Ana Diaz\"" BORN("1984"), 40},
    {"{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), "{\"name\":\"Anna Diaz\"}", 0},
    {"{\"name\":\"Ana Diaz\"}", "{\"name\":\"Diaz, Ana\"}", 40},
    /* Given and family names in their own members; aliases. */
    {"{\"given_name\":\"Ana\",\"family_name\":\"Diaz\"" BORN("1984-03-02"),
     "{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), 90},
    {"{\"name\":\"Someone Else\",\"aliases\":[\"Ana Diaz\"]" BORN("1984-03-02"),
     "{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), 90},
    {"{\"name\":\"Someone "
     "Else\",\"aliases\":[{\"given_name\":\"Ana\",\"family_name\":\"Diaz\"}]" BORN("1984-03-02"),
     "{\"name\":\"Ana Diaz\"" BORN("1984-03-02"), 90},
    /* Identifiers, whatever the name. */
    {"{\"name\":\"A B\",\"identifiers\":[{\"type\":\"passport\",\"number\":\"X 123-456\"}]}",
     "{\"name\":\"C D\",\"identifiers\":[{\"type\":\"Passport\",\"number\":\"x123456\"}]}", 100},
    {"{\"identifiers\":[{\"type\":\"passport\",\"number\":\"123456\"}]}",
     "{\"identifiers\":[{\"type\":\"visa\",\"number\":\"123456\"}]}", 0},
    {"{\"identifiers\":[{\"type\":\"passport\",\"number\":\"123456\"}]}",
     "{\"document\":\"123456\"}", 100},
    {"{\"document\":\"P-1\"}", "{\"document\":\"P1\"}", 100},
    {"{\"document\":\"P-1\"}", "{\"document\":\"P2\"}", 0},
    {"{\"external_id\":\"7\"}", "{\"external_id\":\"7\"}", 100},
    {"{\"external_id\":\"7\"}", "{\"identifiers\":[{\"type\":\"badge\",\"number\":\"7\"}]}", 0},
    /* What is not there is not alike. */
    {"{}", "{}", 0},
    {"{\"name\":\"\"}", "{\"name\":\" - \"}", 0},
    {"{\"birth_date\":\"1984-03-02\"}", "{\"birth_date\":\"1984-03-02\"}", 0},
    {"{\"document\":\"\"}", "{\"document\":\"--\"}", 0},
};

static void test_pairs(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    unsigned why, score = score_of(pairs[i].a, pairs[i].b, &why);
    if (score != pairs[i].score || (score > 0) != (why > 0))
      fail_msg("%s and %s: %u, and %u was expected", pairs[i].a, pairs[i].b, score, pairs[i].score);
  }
}

static void test_sounds(void **state) {
  (void)state;
  static const char *const words[][2] = {{"mohammed", "mhmd"},
                                         {"muhamad", "mhmd"},
                                         {"garcia", "grs"},
                                         {"gonzalez", "gnsls"},
                                         {"gonzales", "gnsls"},
                                         {"yusuf", "isf"},
                                         {"philippe", "flp"},
                                         {"schwarz", "sbrs"},
                                         {"aaaaa", "a"},
                                         {"x", "s"},
                                         {"", ""},
                                         {"valdes", "blds"},
                                         {"baldez", "blds"},
                                         {"bcdfghjklmnpqrstvwxz", "bkdfgjklmnpkrst"}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    char sound[16];
    like_sound(words[i][0], sound);
    assert_string_equal(sound, words[i][1]);
  }
}

/* The vector of the paper: bytes 0, 1, … under the key 0, 1, … */
static void test_hash(void **state) {
  (void)state;
  uint8_t bytes[15];
  for (uint8_t i = 0; i < sizeof bytes; i++)
    bytes[i] = i;
  assert_true(like_hash(&key, bytes, sizeof bytes) == 0xa129ca6149be45e5u);
  assert_true(like_hash(&key, bytes, 0) == 0x726fdb47dd0e0e31u);
}

/* --- What is told of details that are not as they should be --- */

static void test_odd_details(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum sp_err err;
  } odd[] = {
      {"{\"name\":7}", SP_INVALID},
      {"{\"aliases\":\"Ana\"}", SP_INVALID},
      {"{\"aliases\":[7]}", SP_INVALID},
      {"{\"birth_date\":1984}", SP_INVALID},
      {"{\"identifiers\":{}}", SP_INVALID},
      {"{\"identifiers\":[\"7\"]}", SP_INVALID},
      {"{\"identifiers\":[{\"type\":\"passport\"}]}", SP_INVALID},
      {"{\"identifiers\":[{\"type\":1,\"number\":\"2\"}]}", SP_INVALID},
      {"{\"document\":{}}", SP_INVALID},
      {"{\"aliases\":[\"a a\",\"a b\",\"a c\",\"a d\",\"a e\",\"a f\",\"a g\",\"a h\",\"a i\"]}",
       SP_LIMIT},
      {"{\"height\":180,\"eyes\":[\"brown\"]}", SP_OK},
  };
  static struct like_room r;
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    struct fault why = {0};
    json_t *j = json_loads(odd[i].text, 0, NULL);
    assert_non_null(j);
    assert_int_equal(like_read(&r, j, &key, &why), odd[i].err);
    json_decref(j);
  }
  /* The rest was read all the same, and nothing grows out of its room. */
  struct buf b = {0};
  buf_puts(&b, "{\"name\":7,\"document\":\"P1\",\"aliases\":[");
  for (int i = 0; i < 40; i++) {
    buf_puts(&b, i ? ",\"" : "\"");
    for (int k = 0; k < 30; k++)
      buf_puts(&b, "abcdefghijklmnopqrstuvwx ");
    buf_puts(&b, "\"");
  }
  buf_puts(&b, "],\"identifiers\":[");
  for (int i = 0; i < 40; i++)
    buf_printf(&b, "%s{\"number\":\"%d\"}", i ? "," : "", i);
  buf_puts(&b, "]}");
  json_t *j = json_loads(buf_cstr(&b), 0, NULL);
  struct fault why = {0};
  assert_int_equal(like_read(&r, j, &key, &why), SP_INVALID);
  assert_int_equal(r.is.n_names, like_names_max);
  assert_int_equal(r.is.n_identifiers, like_identifiers_max);
  assert_true(r.is.n_words <= like_names_max * like_words_max);
  json_decref(j);
  buf_free(&b);
}

/* --- The index --- */

static uint32_t draw(uint32_t *seed, uint32_t n) {
  *seed = *seed * 1664525u + 1013904223u;
  return (*seed >> 8) % n;
}

static void draw_details(uint32_t *seed, char *out, size_t size) {
  static const char *const given[] = {"Ana",      "Anna",    "José", "Jose", "Juan",  "Joan",
                                      "Mohammed", "Muhamad", "Luis", "Lisa", "Maria", "Mario"};
  static const char *const family[] = {"García", "Garcia", "Gonzalez", "Gonzales", "Lopez",
                                       "Muñoz",  "Munoz",  "O'Neil",   "Oneil",    "Perez"};
  size_t n = (size_t)snprintf(out, size, "{\"name\":\"%s %s%s%s\"", given[draw(seed, 12)],
                              family[draw(seed, 10)], draw(seed, 3) ? "" : " ",
                              draw(seed, 3) ? "" : family[draw(seed, 10)]);
  if (draw(seed, 8))
    n += (size_t)snprintf(out + n, size - n, ",\"birth_date\":\"1984-0%u-0%u\"", 1 + draw(seed, 2),
                          1 + draw(seed, 2));
  if (!draw(seed, 4))
    n += (size_t)snprintf(out + n, size - n, ",\"identifiers\":[{%s\"number\":\"N%u\"}]",
                          draw(seed, 2) ? "" : "\"type\":\"passport\",", draw(seed, 60));
  snprintf(out + n, size - n, "}");
}

/* Whoever the rule calls alike is found, and nobody else, and the likest first. */
static void test_index_finds_all(void **state) {
  (void)state;
  enum { people = 900 };
  static struct like_room rooms[people];
  struct like_index *x = like_index_new(&key);
  assert_non_null(x);
  uint32_t seed = 7, found_once = 0, found_many = 0;
  for (uint32_t i = 0; i < people; i++) {
    char text[300];
    struct like_found found;
    uint32_t expected = 0;
    draw_details(&seed, text, sizeof text);
    read_into(&rooms[i], text);
    like_index_search(x, &rooms[i].is, UINT32_MAX, &found);
    for (uint32_t k = 0; k < i; k++) {
      unsigned why;
      bool listed = false;
      expected += like_score(&rooms[i].is, &rooms[k].is, &why) > 0;
      for (uint32_t f = 0; f < found.n; f++)
        listed |= found.at[f].person == k;
      if (listed)
        assert_true(why != 0);
    }
    assert_int_equal(found.n, expected < like_found_max ? expected : like_found_max);
    assert_int_equal(found.more, expected > like_found_max);
    for (uint32_t f = 1; f < found.n; f++)
      assert_true(found.at[f - 1].score >= found.at[f].score);
    found_once += found.n > 0;
    found_many += found.more;
    assert_int_equal(like_index_ready(x, &rooms[i].is, i, NULL), SP_OK);
    like_index_add(x, i);
  }
  if (found_once < 100 || found_many < 10)
    fail_msg("too few meet: %u, %u", found_once, found_many);
  /* Who is forgotten is not found. */
  for (uint32_t i = 0; i < people; i += 2)
    like_index_drop(x, i);
  for (uint32_t i = 0; i < people; i++) {
    struct like_found found;
    like_index_search(x, &rooms[i].is, UINT32_MAX, &found);
    for (uint32_t f = 0; f < found.n; f++)
      assert_int_equal(found.at[f].person % 2, 1);
  }
  like_index_free(x);
}

static void know(struct like_index *x, uint32_t person, const char *text) {
  static struct like_room r;
  read_into(&r, text);
  assert_int_equal(like_index_ready(x, &r.is, person, NULL), SP_OK);
  like_index_add(x, person);
}

/* What is learnt later counts together with what was known; who was alike before is not told
 * again. */
static void test_more_is_known(void **state) {
  (void)state;
  static struct like_room r;
  struct like_found found;
  struct like_index *x = like_index_new(&key);
  know(x, 0, "{\"name\":\"Ana Diaz\",\"birth_date\":\"1984-03-02\"}");
  know(x, 1, "{\"name\":\"Rosa Vega\",\"birth_date\":\"1984-03-02\"}");
  know(x, 2, "{\"name\":\"Rosa Vega\",\"birth_date\":\"1984-03-02\"}");
  read_into(&r, "{\"aliases\":[\"Ana Dias\"]}");
  like_index_search(x, &r.is, 1, &found); /* her date, the other name */
  assert_int_equal(found.n, 1);
  assert_int_equal(found.at[0].person, 0);
  assert_int_equal(like_index_ready(x, &r.is, 1, NULL), SP_OK);
  like_index_add(x, 1);
  like_index_search(x, &r.is, 1, &found);
  assert_int_equal(found.n, 0);
  read_into(&r, "{\"name\":\"Ana Dias\",\"birth_date\":\"1984-03-02\"}");
  like_index_search(x, &r.is, UINT32_MAX, &found);
  assert_int_equal(found.n, 2);
  /* At most so many sets of one person; each bounded. */
  struct fault why = {0};
  for (uint32_t i = 2; i < like_sets_max; i++)
    know(x, 1, "{\"document\":\"P1\"}");
  assert_int_equal(like_index_ready(x, &r.is, 1, &why), SP_LIMIT);
  like_index_free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),         cmocka_unit_test(test_pairs),
      cmocka_unit_test(test_sounds),        cmocka_unit_test(test_hash),
      cmocka_unit_test(test_odd_details),   cmocka_unit_test(test_index_finds_all),
      cmocka_unit_test(test_more_is_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
