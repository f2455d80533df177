#include "cli/fields.h"

#include "cli/file.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "engine/engine_limits.h"
#include "journal/sha256.h"
#include "plan/plan_scalar.h"

#include <stdlib.h>
#include <string.h>

static bool by_operand(const struct verb *v, const char *field) {
  for (int i = 0; i < operands_max && v->operands[i].name; i++)
    if (v->operands[i].field && strcmp(v->operands[i].field, field) == 0)
      return true;
  return false;
}

const struct field *verb_next_field(const struct verb *v, size_t *at) {
  const struct record *r = v->fields ? &command_records[v->command - 1] : NULL;
  for (; r && *at < r->n_fields; ++*at) {
    const struct field *f = &r->fields[*at];
    if (f->kind != FIELD_CONST && !(f->flags & FIELD_ENGINE) && !by_operand(v, f->name)) {
      ++*at;
      return f;
    }
  }
  return NULL;
}

const struct field *command_field(enum command_type command, const char *name) {
  const struct record *r = &command_records[command];
  size_t i = 0;
  while (strcmp(r->fields[i].name, name) != 0) { /* tests hold that there is one */
    i++;
    SP_ASSERT(i < r->n_fields);
  }
  return &r->fields[i];
}

void field_option(const struct field *f, char out[field_option_max]) {
  snprintf(out, field_option_max, "%s", f->name);
  for (char *c = out; *c; c++)
    *c = *c == '_' ? '-' : *c;
}

const char *field_value(const struct field *f) {
  switch ((int)f->kind) {
  case FIELD_BOOL:
    return NULL;
  case FIELD_REF:
    return f->ref == REF_PERSON       ? "PERSON"
           : f->ref == REF_ORDER      ? "ORDER"
           : f->ref == REF_PLACE      ? "PLACE"
           : f->ref == REF_COUNTRY    ? "COUNTRY"
           : f->ref == REF_BASIS      ? "BASIS"
           : f->ref == REF_CLASS      ? "CLASS"
           : f->ref == REF_AUTHORITY  ? "AUTHORITY"
           : f->ref == REF_MOVEMENT   ? "MOVEMENT"
           : f->ref == REF_HEARING    ? "HEARING"
           : f->ref == REF_VISIT      ? "VISIT"
           : f->ref == REF_COUNT      ? "COUNT"
           : f->ref == REF_ASSESSMENT ? "ASSESSMENT"
           : f->ref == REF_BOOKING    ? "BOOKING"
                                      : "NAME";
  case FIELD_REFS:
    return "LIST";
  case FIELD_SET:
    return "LIST";
  case FIELD_TIME:
    return "TIME";
  case FIELD_U32:
  case FIELD_U64:
    return "N";
  case FIELD_HASH:
    return "FILE";
  default:
    return "NAME";
  }
}

/* --- Values --- */

static json_t *name_of_ref(const struct core *core, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(core);
  char name[ref_name_max];
  return json_stringn(name, namer.name(namer.ctx, kind, index, name));
}

struct names_of {
  const struct core *core;
  enum ref_kind kind;
};

static const char *given_at(const void *ctx, uint32_t i) {
  const struct names_of *n = ctx;
  const struct core *core = n->core;
  return n->kind == REF_AUTHORITY ? core->authorities[i].name.s
         : n->kind == REF_PLACE   ? core->places[i].name.s
         : n->kind == REF_BASIS   ? core->bases[i].name.s
         : n->kind == REF_CLASS   ? core->classes[i].name.s
                                  : country_codes[i];
}

static uint32_t given_n(const struct core *core, enum ref_kind kind) {
  uint32_t n = 0;
  while (kind == REF_COUNTRY && country_codes[n])
    n++;
  return kind == REF_AUTHORITY ? core->head.n_authorities
         : kind == REF_PLACE   ? core->head.n_places
         : kind == REF_BASIS   ? core->head.n_bases
         : kind == REF_CLASS   ? core->head.n_classes
                               : n;
}

/* A name that operators gave, or a country's. */
static enum sp_err find_given(struct cli *c, enum ref_kind kind, const char *text, json_t **value) {
  struct names_of names = {site_core(c->site), kind};
  uint32_t n = given_n(names.core, kind);
  for (uint32_t i = 0; i < n; i++)
    if (strcmp(given_at(&names, i), text) == 0) {
      *value = json_string(text);
      return SP_OK;
    }
  if (kind == REF_COUNTRY)
    return fault_set(&c->why, SP_NOT_FOUND,
                     "there is no country `%.20s`: its two letters of ISO 3166-1, in lower case",
                     text);
  const char *near = plan_nearest(text, given_at, &names, n);
  return fault_set(&c->why, SP_NOT_FOUND,
                   "there is no %s `%.40s`%s%s%s `sallyport %s list` has them",
                   ref_kind_names[kind], text, near ? "; is `" : ":", near ? near : "",
                   near ? "` meant?" : "", ref_kind_names[kind]);
}

static enum sp_err ref_json(struct cli *c, const struct field *f, const char *text,
                            json_t **value) {
  const struct core *core = site_core(c->site);
  uint32_t index = 0;
  enum sp_err err = f->ref == REF_PERSON     ? site_find_person(c->site, text, &index, &c->why)
                    : f->ref == REF_ORDER    ? site_find_order(c->site, text, &index, &c->why)
                    : f->ref == REF_MOVEMENT ? site_find_movement(c->site, text, &index, &c->why)
                    : f->ref == REF_HEARING  ? site_find_hearing(c->site, text, &index, &c->why)
                    : f->ref == REF_ASSESSMENT
                        ? site_find_assessment(c->site, text, &index, &c->why)
                    : f->ref == REF_VISIT   ? site_find_visit(c->site, text, &index, &c->why)
                    : f->ref == REF_COUNT   ? site_find_count(c->site, text, &index, &c->why)
                    : f->ref == REF_BOOKING ? site_find_booking(c->site, text, &index, &c->why)
                    : f->ref == REF_LEVEL || f->ref == REF_AREA
                        ? site_find_place(c->site, f->ref, text, &index, &c->why)
                        : find_given(c, f->ref, text, value);
  if (!err && !*value)
    *value = name_of_ref(core, f->ref, index);
  return err;
}

static enum sp_err choice(struct cli *c, const struct field *f, const char *text) {
  struct buf list = {0};
  for (int i = 0; f->names[i]; i++) {
    if (strcmp(f->names[i], text) == 0) {
      buf_free(&list);
      return SP_OK;
    }
    buf_printf(&list, "%s%s", i ? ", " : "", f->names[i]);
  }
  const char *all = buf_cstr(&list);
  fault_set(&c->why, SP_USAGE, "%s: `%.40s` is none of %s", f->name, text, all ? all : "them");
  buf_free(&list);
  return SP_USAGE;
}

static enum sp_err list_json(struct cli *c, const struct field *f, const char *text,
                             json_t **value) {
  enum sp_err err = SP_OK;
  char one[64];
  *value = json_array();
  for (const char *s = text; *s && !err; s += strspn(s, ",")) {
    size_t n = strcspn(s, ",");
    snprintf(one, sizeof one, "%.*s", (int)n, s);
    s += n;
    json_t *name = NULL;
    err = f->kind == FIELD_REFS ? find_given(c, REF_COUNTRY, one, &name) : choice(c, f, one);
    json_decref(name);
    if (!err)
      json_array_append_new(*value, f->kind == FIELD_REFS ? json_sprintf("country:%s", one)
                                                          : json_string(one));
  }
  return err;
}

/* The paper goes with the command; "sha256:…" names one that is held elsewhere. */
static enum sp_err paper_json(struct cli *c, const char *text, json_t **value) {
  static const char elsewhere[] = "sha256:";
  struct hash hash;
  char hex[2 * sizeof(struct hash) + 1] = {0};
  if (strncmp(text, elsewhere, sizeof elsewhere - 1) == 0) {
    const char *digits = text + sizeof elsewhere - 1;
    if (!hex_decode(hash.b, sizeof hash.b, digits, strlen(digits)))
      return fault_set(&c->why, SP_USAGE, "`%.80s`: 64 lower-case hex digits follow sha256:", text);
    *value = json_string(digits);
    return SP_OK;
  }
  buf_reset(&c->paper);
  enum sp_err err = cli_file_read(text, blob_bytes_max, &c->paper, &c->why);
  if (err == SP_LIMIT)
    return fault_set(&c->why, SP_LIMIT,
                     "%s: longer than %d bytes: keep it elsewhere and give sha256: and its hash",
                     text, blob_bytes_max);
  if (!err && !c->paper.n)
    err = fault_set(&c->why, SP_INVALID, "%s: it is empty", text);
  if (err)
    return err;
  hash = sha256_of(buf_span(&c->paper));
  hex_encode(hex, hash.b, sizeof hash.b);
  *value = json_string(hex);
  return SP_OK;
}

static enum sp_err time_json(struct cli *c, const char *text, json_t **value) {
  usec t;
  enum sp_err err = when_parse(&t, text, site_plan(c->site), when_now(), &c->why);
  if (!err)
    *value = json_time(t - t % USEC_PER_S); /* the site keeps whole seconds of validity */
  return err;
}

enum sp_err field_json(struct cli *c, const struct field *f, const char *text, json_t **value) {
  char *end;
  enum sp_err err = SP_OK;
  *value = NULL;
  switch ((int)f->kind) {
  case FIELD_BOOL:
    *value = json_true();
    break;
  case FIELD_REF:
    err = ref_json(c, f, text, value);
    break;
  case FIELD_REFS:
  case FIELD_SET:
    err = list_json(c, f, text, value);
    break;
  case FIELD_TIME:
    err = time_json(c, text, value);
    break;
  case FIELD_HASH:
    err = paper_json(c, text, value);
    break;
  case FIELD_U32:
  case FIELD_U64:
    *value = json_integer((json_int_t)strtoull(text, &end, 10));
    if (*end || end == text)
      err = fault_set(&c->why, SP_USAGE, "%s: `%.40s` is no whole number", f->name, text);
    break;
  case FIELD_ENUM:
    err = choice(c, f, text);
    *value = json_string(text);
    break;
  default:
    *value = json_string(text);
    break;
  }
  if (!err && !*value)
    err = fault_set(&c->why, SP_INVALID, "%s: the text is not UTF-8", f->name);
  if (err) {
    json_decref(*value);
    *value = NULL;
  }
  return err;
}

enum sp_err fields_into(struct cli *c, json_t *command) {
  size_t at = 0;
  const struct field *f;
  enum sp_err err = SP_OK;
  while (!err && (f = verb_next_field(c->args.verb, &at))) {
    json_t *value;
    if (!c->args.fields[at - 1])
      continue;
    err = field_json(c, f, c->args.fields[at - 1], &value);
    if (!err)
      json_object_set_new(command, f->name, value);
  }
  return err;
}
