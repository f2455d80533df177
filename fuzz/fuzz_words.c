/* Small words that people and files write, a line each, behind a letter that says what it is:
 *   w time of a person  t time of a record  c card  p PIN  d duration  h hours of a day  s slug
 *   u UTF-8             x hex               l lenient time
 * What is accepted is within its bounds, and is read back as the same when written again. */
#include "plan/card_text.h"
#include "cli/when.h"
#include "fuzz/site.h"
#include "plan/plan_scalar.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>

static const struct plan *plan;
static const usec now = INT64_C(1795000000) * USEC_PER_S;

static void try_when(const char *text) {
  for (int i = 0; i < 2; i++) {
    usec t, again;
    char written[when_text_max];
    struct fault why = {0};
    if (when_parse(&t, text, i ? plan : NULL, now, &why)) {
      MUST_HOLD(why.err == SP_INVALID);
      continue;
    }
    MUST_HOLD(t >= USEC_MIN && t <= USEC_MAX);
    when_format(written, WHEN_DAY, t, i ? plan : NULL);
    when_format(written, WHEN_CLOCK, t, i ? plan : NULL);
    when_format(written, WHEN_FULL, t, i ? plan : NULL);
    usec second = t / USEC_PER_S - (t % USEC_PER_S < 0);
    /* A clock shows an hour twice when it is set back; and at the ends of the calendar none. */
    if (i == 0) {
      MUST_DO(when_parse(&again, written, NULL, now, must));
      MUST_HOLD(again == second * USEC_PER_S);
    }
  }
}

static void try_time(const char *text) {
  usec t;
  char again[time_text_len];
  if (!time_parse(&t, text, strlen(text)))
    return;
  MUST_HOLD(t >= USEC_MIN && t <= USEC_MAX);
  time_format(again, t);
  MUST_HOLD(memcmp(again, text, time_text_len) == 0);
}

static void try_lenient(const char *text) {
  usec t, again;
  char written[time_text_len];
  if (!time_parse_lenient(&t, text, strlen(text)))
    return;
  MUST_HOLD(t >= USEC_MIN && t <= USEC_MAX);
  time_format(written, t);
  MUST_HOLD(time_parse(&again, written, time_text_len) && again == t);
}

static void try_card(const char *text) {
  struct card c, again;
  struct fault why = {0};
  char written[slug_max + card_hex_max + 8];
  enum sp_err err = card_parse(&c, text, plan, false, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_NOT_FOUND);
  if (err)
    err = card_parse(&c, text, plan, true, &why);
  if (err)
    err = card_parse(&c, text, NULL, false, &why);
  if (err)
    return;
  MUST_HOLD(slug_valid(span_str(c.format)) && c.hex[0]);
  MUST_HOLD(strspn(c.hex, "0123456789abcdef") == strlen(c.hex));
  MUST_HOLD(c.hex[0] != '0' || !c.hex[1]);
  snprintf(written, sizeof written, "%s:0x%s", c.format, c.hex);
  MUST_DO(card_parse(&again, written, NULL, false, must));
  MUST_HOLD(strcmp(again.hex, c.hex) == 0 && strcmp(again.format, c.format) == 0);
}

static void try_pin(const char *text) {
  struct fault why = {0};
  if (!pin_check(text, &why))
    MUST_HOLD(strlen(text) >= 4 && strlen(text) <= 12);
  else
    MUST_HOLD(!text[0] || strlen(text) < 4 || !strstr(why.text, text));
}

static void try_duration(const char *text) {
  uint32_t ms, again;
  char written[32];
  if (!plan_duration(span_str(text), &ms))
    return;
  snprintf(written, sizeof written, "%ums", ms);
  MUST_HOLD(plan_duration(span_str(written), &again) && again == ms);
}

static void try_hours(const char *text) {
  struct plan_span spans[8];
  uint32_t n = 0;
  struct fault why = {0};
  enum sp_err err = plan_times(span_str(text), spans, 8, &n, &why);
  MUST_HOLD(err ? why.text[0] != 0 : n <= 8);
}

static void try_slug(const char *text) {
  if (slug_valid(span_str(text)))
    MUST_HOLD(text[0] && strlen(text) <= slug_max &&
              strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text));
}

static void try_utf8(const char *text) {
  struct buf b = {0};
  bool ours = utf8_valid(span_str(text)), theirs = false;
  json_t *j = json_stringn(text, strlen(text));
  theirs = j != NULL;
  json_decref(j);
  MUST_HOLD(ours == theirs);
  buf_free(&b);
}

static void try_hex(const char *text) {
  uint8_t bytes[64];
  char again[128];
  size_t n = strlen(text) / 2;
  if (n > sizeof bytes || !hex_decode(bytes, n, text, strlen(text)))
    return;
  hex_encode(again, bytes, n);
  MUST_HOLD(memcmp(again, text, 2 * n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static const struct {
    char letter;
    void (*try)(const char *text);
  } kinds[] = {{'w', try_when}, {'t', try_time},     {'l', try_lenient}, {'c', try_card},
               {'p', try_pin},  {'d', try_duration}, {'h', try_hours},   {'s', try_slug},
               {'u', try_utf8}, {'x', try_hex}};
  static struct plan *loaded;
  if (!loaded)
    MUST_DO(fold_load_plan(fuzz_site()->fake.store, &fuzz_site()->compiled[0], &loaded, must));
  plan = loaded;
  struct cut in = {p, n};
  while (in.n) {
    struct span line = cut_line(&in);
    char text[512];
    if (line.n == 0 || line.n > sizeof text || memchr(line.p, 0, line.n))
      continue;
    memcpy(text, line.p + 1, line.n - 1);
    text[line.n - 1] = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
      if ((char)line.p[0] == kinds[i].letter)
        kinds[i].try(text);
  }
  return 0;
}
