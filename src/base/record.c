#include "base/record.h"

#include <stdio.h>
#include <string.h>

const char *const ref_kind_names[REF_KIND_COUNT + 1] = {
#define X(name, text) text,
    REF_KIND_LIST(X)
#undef X
        NULL};

bool slug_valid(struct span s) {
  if (s.n == 0 || s.n > slug_max || s.p[0] == '-' || s.p[s.n - 1] == '-')
    return false;
  for (size_t i = 0; i < s.n; i++) {
    uint8_t c = s.p[i];
    bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && s.p[i - 1] != '-');
    if (!ok)
      return false;
  }
  return true;
}

static const void *at_of(const struct field *f, const void *value) {
  return (const uint8_t *)value + f->offset;
}

static void *at_in(const struct field *f, void *value) {
  return (uint8_t *)value + f->offset;
}

/* A field's C object, by value; the offset table makes every access aligned. */
#define GET(type, p) (*(const type *)(const void *)(p))
#define PUT(type, p) (*(type *)(void *)(p))

void record_clear(const struct record *r, void *value) {
  memset(value, 0, r->size);
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    if (f->kind == FIELD_TIME)
      PUT(usec, at_in(f, value)) = TIME_ABSENT;
    else if (f->kind == FIELD_REF)
      PUT(uint32_t, at_in(f, value)) = REF_ABSENT;
  }
}

/* --- Encoding: room for the longest form of a field is made first, then bytes are written. --- */

enum { ref_text_max = 12 + 1 + ref_name_max, integer_max = 20 };

static uint8_t *put_text(uint8_t *p, const char *s) {
  size_t n = strlen(s);
  memcpy(p, s, n);
  return p + n;
}

static uint8_t *put_integer(uint8_t *p, uint64_t v) {
  uint8_t digits[integer_max];
  int n = 0;
  do {
    digits[n++] = (uint8_t)('0' + v % 10);
    v /= 10;
  } while (v);
  while (n)
    *p++ = digits[--n];
  return p;
}

static uint8_t *put_hex(uint8_t *p, const uint8_t *bytes, size_t n) {
  *p++ = '"';
  hex_encode((char *)p, bytes, n);
  p += 2 * n;
  *p++ = '"';
  return p;
}

static uint8_t *put_name(uint8_t *p, const struct namer *n, enum ref_kind kind, uint32_t index) {
  return p + n->name(n->ctx, kind, index, (char *)p);
}

static uint8_t *put_ref(uint8_t *p, const struct namer *n, struct ref ref) {
  *p++ = '"';
  p = put_text(p, ref_kind_names[ref.kind]);
  *p++ = ':';
  p = ref.kind == REF_ENTRY ? put_integer(p, ref.index) : put_name(p, n, ref.kind, ref.index);
  *p++ = '"';
  return p;
}

static bool is_absent(const struct field *f, const void *at) {
  if (f->flags & FIELD_REQUIRED)
    return false;
  switch (f->kind) {
  case FIELD_BOOL:
    return !GET(bool, at);
  case FIELD_U32:
  case FIELD_ENUM:
  case FIELD_SET:
    return GET(uint32_t, at) == 0;
  case FIELD_U64:
    return GET(uint64_t, at) == 0;
  case FIELD_TIME:
    return GET(usec, at) == TIME_ABSENT;
  case FIELD_ID:
    return bytes_are_zero(at, sizeof(struct id));
  case FIELD_HASH:
    return bytes_are_zero(at, sizeof(struct hash));
  case FIELD_SLUG:
    return GET(struct slug, at).s[0] == 0;
  case FIELD_REF:
    return GET(uint32_t, at) == REF_ABSENT;
  case FIELD_REF_ANY:
    return GET(struct ref, at).kind == REF_NONE;
  case FIELD_REFS:
    return GET(struct refs, at).n == 0;
  case FIELD_REASONS:
    return GET(struct reasons, at).n == 0;
  case FIELD_CONST:
    break;
  }
  return false;
}

static size_t set_room(const struct field *f) {
  size_t n = 0;
  for (uint32_t i = 0; f->names[i]; i++)
    n += strlen(f->names[i]) + 3;
  return n;
}

static size_t room_for(const struct field *f, const void *at) {
  size_t n = strlen(f->name) + 5; /* quotes, colon, comma, brace */
  if (f->kind == FIELD_SET)
    return n + 2 + set_room(f);
  if (f->kind == FIELD_REFS)
    return n + 2 + GET(struct refs, at).n * (ref_text_max + 3u);
  if (f->kind == FIELD_REASONS)
    return n + 2 + GET(struct reasons, at).n * (ref_text_max + 64u);
  return n + 96; /* the longest other value is a type or a hash in quotes */
}

static uint8_t *put_value(uint8_t *p, const struct record *r, const struct field *f, const void *at,
                          const struct namer *n) {
  switch (f->kind) {
  case FIELD_CONST:
    *p++ = '"';
    p = put_text(p, r->type);
    *p++ = '"';
    break;
  case FIELD_BOOL:
    p = put_text(p, GET(bool, at) ? "true" : "false");
    break;
  case FIELD_U32:
    p = put_integer(p, GET(uint32_t, at));
    break;
  case FIELD_U64:
    p = put_integer(p, GET(uint64_t, at));
    break;
  case FIELD_TIME:
    *p++ = '"';
    time_format((char *)p, GET(usec, at));
    p += time_text_len;
    *p++ = '"';
    break;
  case FIELD_ENUM:
    *p++ = '"';
    p = put_text(p, f->names[GET(uint32_t, at)]);
    *p++ = '"';
    break;
  case FIELD_SET:
    *p++ = '[';
    for (uint32_t i = 0, any = 0; f->names[i]; i++) {
      if (!(GET(uint32_t, at) & 1u << i))
        continue;
      p = put_text(p, any++ ? ",\"" : "\"");
      p = put_text(p, f->names[i]);
      *p++ = '"';
    }
    *p++ = ']';
    break;
  case FIELD_ID:
    p = put_hex(p, GET(struct id, at).b, sizeof(struct id));
    break;
  case FIELD_HASH:
    p = put_hex(p, GET(struct hash, at).b, sizeof(struct hash));
    break;
  case FIELD_SLUG:
    *p++ = '"';
    p = put_text(p, GET(struct slug, at).s);
    *p++ = '"';
    break;
  case FIELD_REF:
    *p++ = '"';
    p = put_name(p, n, f->ref, GET(uint32_t, at));
    *p++ = '"';
    break;
  case FIELD_REF_ANY:
    p = put_ref(p, n, GET(struct ref, at));
    break;
  case FIELD_REFS: {
    const struct refs *refs = at;
    *p++ = '[';
    for (uint32_t i = 0; i < refs->n; i++) {
      if (i)
        *p++ = ',';
      p = put_ref(p, n, refs->at[i]);
    }
    *p++ = ']';
    break;
  }
  case FIELD_REASONS: {
    const struct reasons *reasons = at;
    *p++ = '[';
    for (uint32_t i = 0; i < reasons->n; i++) {
      p = put_text(p, i ? ",{\"code\":\"" : "{\"code\":\"");
      p = put_text(p, f->names[reasons->at[i].code]);
      *p++ = '"';
      if (reasons->at[i].on.kind != REF_NONE) {
        p = put_text(p, ",\"on\":");
        p = put_ref(p, n, reasons->at[i].on);
      }
      *p++ = '}';
    }
    *p++ = ']';
    break;
  }
  }
  return p;
}

void record_encode(struct buf *b, const struct record *r, const void *value,
                   const struct namer *n) {
  buf_put(b, "{", 1);
  bool first = true;
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    const void *at = at_of(f, value);
    if (is_absent(f, at) || !buf_reserve(b, room_for(f, at)))
      continue;
    uint8_t *p = b->p + b->n;
    if (!first)
      *p++ = ',';
    first = false;
    *p++ = '"';
    p = put_text(p, f->name);
    *p++ = '"';
    *p++ = ':';
    p = put_value(p, r, f, at, n);
    b->n = (size_t)(p - b->p);
  }
  buf_put(b, "}", 1);
}

/* --- Decoding --- */

struct reader {
  const uint8_t *p, *end;
  bool canonical;
  const struct record *record;
  const struct field *field; /* being read, for faults */
  const struct namer *namer;
  struct fault *why;
};

static enum sp_err bad(const struct reader *r, enum sp_err err, const char *text) {
  return r->field
             ? fault_set(r->why, err, "%s: field \"%s\": %s", r->record->type, r->field->name, text)
             : fault_set(r->why, err, "%s: %s", r->record->type, text);
}

static void skip_space(struct reader *r) {
  while (!r->canonical && r->p < r->end &&
         (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
    r->p++;
}

static bool take(struct reader *r, char c) {
  skip_space(r);
  if (r->p < r->end && *r->p == (uint8_t)c) {
    r->p++;
    return true;
  }
  return false;
}

/* Printable ASCII without escapes: nothing else stands in an entry. */
static enum sp_err read_string(struct reader *r, struct span *s) {
  if (!take(r, '"'))
    return bad(r, SP_INVALID, "a string in double quotes is expected");
  s->p = r->p;
  for (; r->p < r->end && *r->p != '"'; r->p++)
    if (*r->p < 0x20 || *r->p > 0x7e || *r->p == '\\')
      return bad(r, SP_INVALID, "only printable ASCII without escapes may stand here");
  if (r->p == r->end)
    return bad(r, SP_INVALID, "the text ends within a string");
  s->n = (size_t)(r->p - s->p);
  r->p++;
  return SP_OK;
}

static enum sp_err read_integer(struct reader *r, uint64_t most, uint64_t *out) {
  skip_space(r);
  const uint8_t *first = r->p;
  uint64_t v = 0;
  for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
    v = v * 10 + (uint64_t)(*r->p - '0');
    if (v > most)
      return fault_set(r->why, SP_INVALID,
                       "%s: field \"%s\": the number is too large: at most %llu is allowed",
                       r->record->type, r->field->name, (unsigned long long)most);
  }
  bool goes_on = r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E');
  if (r->p == first || (*first == '0' && r->p - first > 1) || goes_on)
    return bad(r, SP_INVALID,
               "a whole number is expected, without sign, leading zeros, fraction or exponent");
  *out = v;
  return SP_OK;
}

static bool take_word(struct reader *r, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
    return false;
  r->p += n;
  return true;
}

static enum sp_err find_index(struct reader *r, enum ref_kind kind, struct span name,
                              uint32_t *index) {
  if (r->namer && r->namer->find(r->namer->ctx, kind, name, index))
    return SP_OK;
  return fault_set(r->why, SP_NOT_FOUND, "%s: field \"%s\": there is no %s \"%.*s\"",
                   r->record->type, r->field->name, ref_kind_names[kind],
                   (int)(name.n > 64 ? 64 : name.n), (const char *)name.p);
}

static enum sp_err parse_ref(struct reader *r, struct span s, struct ref *out) {
  size_t colon = 0;
  while (colon < s.n && s.p[colon] != ':')
    colon++;
  if (colon == s.n)
    return bad(r, SP_INVALID, "\"kind:name\" is expected");
  struct span kind = {s.p, colon}, name = {s.p + colon + 1, s.n - colon - 1};
  for (uint32_t k = REF_NONE + 1; k < REF_KIND_COUNT; k++) {
    if (!span_is(kind, ref_kind_names[k]))
      continue;
    out->kind = k;
    if (k != REF_ENTRY)
      return find_index(r, k, name, &out->index);
    struct reader digits = *r;
    digits.p = name.p;
    digits.end = name.p + name.n;
    digits.canonical = true;
    uint64_t v;
    enum sp_err err = read_integer(&digits, UINT32_MAX - 1, &v);
    if (!err && digits.p != digits.end)
      err = bad(r, SP_INVALID, "\"entry:NUMBER\" is expected");
    out->index = (uint32_t)v;
    return err;
  }
  return bad(r, SP_INVALID, "unknown kind of reference");
}

static enum sp_err parse_enum(struct reader *r, struct span s, uint32_t *out) {
  for (uint32_t i = 0; r->field->names[i]; i++)
    if (span_is(s, r->field->names[i])) {
      *out = i;
      return SP_OK;
    }
  char all[400];
  size_t n = 0;
  for (uint32_t i = 0; r->field->names[i] && n < sizeof all; i++)
    n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", r->field->names[i]);
  return fault_set(r->why, SP_INVALID, "%s: field \"%s\": \"%.*s\" is none of %s%s",
                   r->record->type, r->field->name, (int)(s.n > 64 ? 64 : s.n), (const char *)s.p,
                   all, n < sizeof all ? "" : "…");
}

/* In the order of the names when it is canonical; each once in any case. */
static enum sp_err read_set(struct reader *r, uint32_t *out) {
  if (!take(r, '['))
    return bad(r, SP_INVALID, "a list in brackets is expected");
  if (take(r, ']'))
    return r->canonical ? bad(r, SP_INVALID, "an empty list is left out") : SP_OK;
  do {
    struct span s;
    uint32_t i = 0;
    enum sp_err err = read_string(r, &s);
    if (!err)
      err = parse_enum(r, s, &i);
    if (err)
      return err;
    if (*out & 1u << i || (r->canonical && *out >> i))
      return bad(r, SP_INVALID, "a name stands twice or out of order");
    *out |= 1u << i;
  } while (take(r, ','));
  return take(r, ']') ? SP_OK : bad(r, SP_INVALID, "a closing bracket is expected");
}

static enum sp_err read_refs(struct reader *r, struct refs *out) {
  if (!take(r, '['))
    return bad(r, SP_INVALID, "a list in brackets is expected");
  if (take(r, ']'))
    return r->canonical ? bad(r, SP_INVALID, "an empty list is left out") : SP_OK;
  do {
    struct span s;
    if (out->n == refs_max)
      return bad(r, SP_LIMIT, "the list is too long");
    enum sp_err err = read_string(r, &s);
    if (!err)
      err = parse_ref(r, s, &out->at[out->n]);
    if (err)
      return err;
    out->n++;
  } while (take(r, ','));
  return take(r, ']') ? SP_OK : bad(r, SP_INVALID, "a closing bracket is expected");
}

static enum sp_err read_reason(struct reader *r, struct reason_on *out) {
  struct span s;
  enum sp_err err;
  if (!take(r, '{') || read_string(r, &s) || !span_is(s, "code") || !take(r, ':'))
    return bad(r, SP_INVALID, "{\"code\":…,\"on\":…} is expected");
  if ((err = read_string(r, &s)) || (err = parse_enum(r, s, &out->code)))
    return err;
  out->on = (struct ref){0};
  if (take(r, ',')) {
    if (read_string(r, &s) || !span_is(s, "on") || !take(r, ':'))
      return bad(r, SP_INVALID, "{\"code\":…,\"on\":…} is expected");
    if ((err = read_string(r, &s)) || (err = parse_ref(r, s, &out->on)))
      return err;
  }
  return take(r, '}') ? SP_OK : bad(r, SP_INVALID, "a closing brace is expected");
}

static enum sp_err read_reasons(struct reader *r, struct reasons *out) {
  if (!take(r, '['))
    return bad(r, SP_INVALID, "a list in brackets is expected");
  if (take(r, ']'))
    return r->canonical ? bad(r, SP_INVALID, "an empty list is left out") : SP_OK;
  do {
    if (out->n == reasons_max)
      return bad(r, SP_LIMIT, "the list is too long");
    enum sp_err err = read_reason(r, &out->at[out->n]);
    if (err)
      return err;
    out->n++;
  } while (take(r, ','));
  return take(r, ']') ? SP_OK : bad(r, SP_INVALID, "a closing bracket is expected");
}

/* All zero is how absence is stored, so nobody may name something so. */
static enum sp_err read_hex(struct reader *r, uint8_t *out, size_t n) {
  struct span s;
  enum sp_err err = read_string(r, &s);
  if (err)
    return err;
  if (!hex_decode(out, n, (const char *)s.p, s.n))
    return fault_set(r->why, SP_INVALID, "%s: field \"%s\": %zu lower-case hex digits are expected",
                     r->record->type, r->field->name, 2 * n);
  if (!r->canonical && bytes_are_zero(out, n))
    return bad(r, SP_INVALID, "all zeros is no id or hash: leave the field out if there is none");
  return SP_OK;
}

static enum sp_err read_value(struct reader *r, void *at) {
  const struct field *f = r->field;
  struct span s;
  uint64_t v = 0;
  enum sp_err err;
  switch (f->kind) {
  case FIELD_CONST:
    if ((err = read_string(r, &s)))
      return err;
    return span_is(s, r->record->type) ? SP_OK : bad(r, SP_INVALID, "another type is named");
  case FIELD_BOOL:
    skip_space(r);
    if (take_word(r, "true"))
      PUT(bool, at) = true;
    else if (!take_word(r, "false"))
      return bad(r, SP_INVALID, "true or false is expected");
    return SP_OK;
  case FIELD_U32:
    if ((err = read_integer(r, UINT32_MAX, &v)))
      return err;
    PUT(uint32_t, at) = (uint32_t)v;
    return SP_OK;
  case FIELD_U64:
    if ((err = read_integer(r, (UINT64_C(1) << 53) - 1, &v)))
      return err;
    PUT(uint64_t, at) = v;
    return SP_OK;
  case FIELD_TIME:
    if ((err = read_string(r, &s)))
      return err;
    if (r->canonical ? !time_parse(&PUT(usec, at), (const char *)s.p, s.n)
                     : !time_parse_lenient(&PUT(usec, at), (const char *)s.p, s.n))
      return bad(r, SP_INVALID, "a time like 2026-11-23T07:14:27.123456Z is expected");
    return SP_OK;
  case FIELD_ENUM:
    if ((err = read_string(r, &s)))
      return err;
    return parse_enum(r, s, &PUT(uint32_t, at));
  case FIELD_SET:
    return read_set(r, &PUT(uint32_t, at));
  case FIELD_ID:
    return read_hex(r, PUT(struct id, at).b, sizeof(struct id));
  case FIELD_HASH:
    return read_hex(r, PUT(struct hash, at).b, sizeof(struct hash));
  case FIELD_SLUG:
    if ((err = read_string(r, &s)))
      return err;
    if (!slug_valid(s))
      return bad(r, SP_INVALID, "a name of a-z, 0-9 and inner hyphens is expected");
    memcpy(PUT(struct slug, at).s, s.p, s.n);
    return SP_OK;
  case FIELD_REF:
    if ((err = read_string(r, &s)))
      return err;
    return find_index(r, f->ref, s, &PUT(uint32_t, at));
  case FIELD_REF_ANY:
    if ((err = read_string(r, &s)))
      return err;
    return parse_ref(r, s, &PUT(struct ref, at));
  case FIELD_REFS:
    return read_refs(r, at);
  case FIELD_REASONS:
    return read_reasons(r, at);
  }
  return bad(r, SP_INVALID, "unknown kind of field");
}

enum sp_err record_decode(const struct record *record, void *out, struct span json,
                          const struct namer *n, bool canonical, struct fault *why) {
  if (!json.p)
    json = SPAN_LIT("");
  struct reader r = {json.p, json.p + json.n, canonical, record, NULL, n, why};
  record_clear(record, out);
  SP_ASSERT(record->n_fields <= 32);
  uint32_t seen = 0;
  size_t expected = 0; /* canonical: only fields from here on may come */
  if (!take(&r, '{'))
    return bad(&r, SP_INVALID, "an object in braces is expected");
  if (!take(&r, '}')) {
    do {
      struct span key = {0};
      enum sp_err err = read_string(&r, &key);
      if (err)
        return err;
      size_t i = expected;
      while (i < record->n_fields && !span_is(key, record->fields[i].name))
        i++;
      if (i == record->n_fields)
        return fault_set(why, SP_INVALID, "%s: field \"%.*s\" is unknown%s", record->type,
                         (int)(key.n > 64 ? 64 : key.n), (const char *)key.p,
                         canonical ? " or out of order" : "");
      r.field = &record->fields[i];
      if (seen & 1u << i)
        return bad(&r, SP_INVALID, "is given twice");
      seen |= 1u << i;
      if (!canonical && r.field->flags & FIELD_ENGINE)
        return bad(&r, SP_INVALID, "is filled in by the engine");
      if (canonical)
        expected = i + 1;
      if (!take(&r, ':'))
        return bad(&r, SP_INVALID, "a colon is expected");
      err = read_value(&r, at_in(r.field, out));
      if (err)
        return err;
      if (canonical && is_absent(r.field, at_of(r.field, out)))
        return bad(&r, SP_INVALID, "what is absent is left out");
      r.field = NULL;
    } while (take(&r, ','));
    if (!take(&r, '}'))
      return bad(&r, SP_INVALID, "a comma or closing brace is expected");
  }
  skip_space(&r);
  if (r.p != r.end)
    return bad(&r, SP_INVALID, "something stands after the object");
  for (size_t i = 0; i < record->n_fields; i++)
    if (record->fields[i].flags & FIELD_REQUIRED && !(seen & 1u << i) &&
        (canonical || !(record->fields[i].flags & FIELD_ENGINE))) {
      r.field = &record->fields[i];
      return bad(&r, SP_INVALID, "is missing");
    }
  return SP_OK;
}
