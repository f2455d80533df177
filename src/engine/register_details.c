#include "engine/register_details.h"

#include "core/register_fields.h"
#include "plan/json_bytes.h"
#include "plan/plan_scalar.h"

#include <string.h>

static const struct {
  enum register_answer answer;
  const char *word;
} answers[] = {{ANSWER_NONE, "none"}, {ANSWER_DECLINED, "declined"}, {ANSWER_UNKNOWN, "unknown"}};
enum { answers_n = sizeof answers / sizeof answers[0] };

static const char *name_at(const void *ctx, uint32_t i) {
  (void)ctx;
  return register_field_names[i];
}

static enum sp_err find_field(const char *name, uint32_t *f, struct fault *why) {
  for (*f = 0; *f < REGISTER_FIELD_COUNT; ++*f)
    if (strcmp(register_field_names[*f], name) == 0)
      return SP_OK;
  const char *near = plan_nearest(name, name_at, NULL, REGISTER_FIELD_COUNT);
  return fault_set(why, SP_INVALID,
                   "details: the register has no field \"%.40s\"%s%s%s docs/register.md lists them",
                   name, near ? "; is \"" : ":", near ? near : "", near ? "\" meant?" : "");
}

/* "…; or "none", "declined"" for those that this field takes. */
static enum sp_err expected(const struct register_row *row, const char *what, struct fault *why) {
  char words[64] = "";
  for (size_t i = 0; i < answers_n; i++)
    if (row->answers & answers[i].answer)
      snprintf(words + strlen(words), sizeof words - strlen(words), "%s\"%s\"",
               words[0] ? ", " : ", or one of ", answers[i].word);
  return fault_set(why, SP_INVALID, "details: %s: %s is expected%s", row->name, what, words);
}

static enum sp_err read_text(const struct register_row *row, const json_t *v, const char *what,
                             struct fault *why) {
  const char *text = json_string_value(v);
  if (!text || !text[strspn(text, " \t\r\n")])
    return expected(row, what, why);
  return strlen(text) <= register_text_bytes_max
             ? SP_OK
             : fault_set(why, SP_LIMIT, "details: %s: a text has %d bytes at most", row->name,
                         register_text_bytes_max);
}

static enum sp_err read_list(const struct register_row *row, const json_t *v, struct fault *why) {
  static const char what[] = "a list of texts with one at least";
  enum sp_err err = SP_OK;
  if (!json_array_size(v))
    return expected(row, what, why);
  if (json_array_size(v) > register_list_items_max)
    return fault_set(why, SP_LIMIT, "details: %s: a list has %d texts at most", row->name,
                     register_list_items_max);
  for (size_t i = 0; i < json_array_size(v) && !err; i++)
    err = read_text(row, json_array_get(v, i), what, why);
  return err;
}

static enum sp_err read_time(const struct register_row *row, const json_t *v, struct fault *why) {
  const char *text = json_string_value(v);
  usec t;
  return text && strlen(text) > 10 && time_parse_lenient(&t, text, strlen(text))
             ? SP_OK
             : expected(row, "an instant like \"2026-11-23T07:14Z\" or with +01:00 for Z", why);
}

static enum sp_err read_hash(const struct register_row *row, const json_t *v, struct fault *why) {
  const char *text = json_string_value(v);
  struct hash h;
  return text && hex_decode(h.b, sizeof h.b, text, strlen(text))
             ? SP_OK
             : expected(row, "a SHA-256 of 64 lower-case hex digits", why);
}

static enum sp_err read_choice(const struct register_row *row, const json_t *v, struct fault *why) {
  const char *text = json_string_value(v);
  char list[128] = "one of ";
  for (size_t i = 0; identity_ways[i]; i++) {
    if (text && strcmp(text, identity_ways[i]) == 0)
      return SP_OK;
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s\"%s\"", i ? ", " : "",
             identity_ways[i]);
  }
  return expected(row, list, why);
}

static enum sp_err read_value(const struct register_row *row, const json_t *v, struct fault *why) {
  switch (row->shape) {
  case REGISTER_TEXT:
    return read_text(row, v, "a text", why);
  case REGISTER_LIST:
    return read_list(row, v, why);
  case REGISTER_TIME:
    return read_time(row, v, why);
  case REGISTER_HASH:
    return read_hash(row, v, why);
  case REGISTER_CHOICE:
    return read_choice(row, v, why);
  case REGISTER_SHAPE_COUNT:
    break;
  }
  SP_NEVER("a row has a shape");
}

/* The word instead of a value, if it is one; those that this field does not take are told. */
static enum sp_err read_answer(const struct register_row *row, const json_t *v, unsigned *answer,
                               struct fault *why) {
  const char *text = json_string_value(v);
  *answer = 0;
  for (size_t i = 0; i < answers_n; i++)
    if (text && strcmp(text, answers[i].word) == 0)
      *answer = answers[i].answer;
  if (*answer && !(row->answers & *answer)) {
    char what[64];
    snprintf(what, sizeof what, "not \"%s\", but a %s", text, register_shape_names[row->shape]);
    return expected(row, what, why);
  }
  return SP_OK;
}

enum sp_err register_details_read(struct span json, uint32_t *recorded, uint32_t *outstanding,
                                  struct fault *why) {
  json_t *details, *v;
  const char *name;
  *recorded = *outstanding = 0;
  enum sp_err err = json_bytes_read(&details, json, NULL, why);
  if (err)
    return fault_prefix(why, "details");
  if (!json_is_object(details))
    err = fault_set(why, SP_INVALID,
                    "details: an object with the fields of the register is "
                    "expected: `sallyport booking template` prints one");
  json_object_foreach(details, name, v) {
    uint32_t f = 0;
    unsigned answer = 0;
    if (err || (err = find_field(name, &f, why)))
      break;
    const struct register_row *row = register_row(f);
    err = read_answer(row, v, &answer, why);
    if (!err && !answer)
      err = read_value(row, v, why);
    *recorded |= 1u << f;
    *outstanding |= answer & ANSWER_OUTSTANDING ? 1u << f : 0;
  }
  json_decref(details);
  return err;
}
