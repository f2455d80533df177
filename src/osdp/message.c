#include "osdp/message.h"

#include <stddef.h>
#include <string.h>

#define F(kind, s, member)                                                                         \
  { .name = #member, OSDP_##kind, .at = offsetof(struct osdp_##s, member) }
#define BYTES(s, member)                                                                           \
  {                                                                                                \
    .name = #member, OSDP_BYTES, sizeof(((struct osdp_##s *)0)->member),                           \
    .at = offsetof(struct osdp_##s, member)                                                        \
  }
#define HIDDEN(s, member)                                                                          \
  {                                                                                                \
    .name = #member, OSDP_BYTES, sizeof(((struct osdp_##s *)0)->member), .care = OSDP_SECRET,      \
    .at = offsetof(struct osdp_##s, member)                                                        \
  }
#define REST(kind, how, much, s, member)                                                           \
  {                                                                                                \
    .name = #member, OSDP_##kind, .rest = OSDP_REST_##how, .care = OSDP_##much,                    \
    .at = offsetof(struct osdp_##s, member)                                                        \
  }

static const struct osdp_field nothing_fields[] = {{0}};
static const struct osdp_field select_fields[] = {F(U8, select, type), {0}};
static const struct osdp_field out_fields[] = {
    F(U8, out, output), F(U8, out, control), F(U16, out, timer), {0}};
static const struct osdp_field led_fields[] = {
    F(U8, led, reader),         F(U8, led, led),
    F(U8, led, temp_control),   F(U8, led, temp_on),
    F(U8, led, temp_off),       F(U8, led, temp_on_color),
    F(U8, led, temp_off_color), F(U16, led, temp_timer),
    F(U8, led, perm_control),   F(U8, led, perm_on),
    F(U8, led, perm_off),       F(U8, led, perm_on_color),
    F(U8, led, perm_off_color), {0}};
static const struct osdp_field buz_fields[] = {
    F(U8, buz, reader), F(U8, buz, tone), F(U8, buz, on), F(U8, buz, off), F(U8, buz, count), {0}};
static const struct osdp_field text_fields[] = {F(U8, text, reader),
                                                F(U8, text, control),
                                                F(U8, text, seconds),
                                                F(U8, text, row),
                                                F(U8, text, column),
                                                F(U8, text, length),
                                                REST(REST_TEXT, COUNTED, PLAIN, text, text),
                                                {0}};
static const struct osdp_field comset_fields[] = {
    F(U8, comset, address), F(U32, comset, baud), {0}};
static const struct osdp_field keyset_fields[] = {
    F(U8, keyset, type), F(U8, keyset, length), HIDDEN(keyset, key), {0}};
static const struct osdp_field chlng_fields[] = {BYTES(chlng, random), {0}};
static const struct osdp_field cryptogram_fields[] = {BYTES(cryptogram, bytes), {0}};
static const struct osdp_field ccrypt_fields[] = {
    BYTES(ccrypt, cuid), BYTES(ccrypt, random), BYTES(ccrypt, cryptogram), {0}};
static const struct osdp_field acurxsize_fields[] = {F(U16, acurxsize, bytes), {0}};
static const struct osdp_field filetransfer_fields[] = {
    F(U8, filetransfer, type),
    F(U32, filetransfer, size),
    F(U32, filetransfer, offset),
    F(U16, filetransfer, length),
    REST(REST, COUNTED, PLAIN, filetransfer, bytes),
    {0}};
static const struct osdp_field mfg_fields[] = {
    BYTES(mfg, vendor), REST(REST, ANY, PLAIN, mfg, bytes), {0}};
static const struct osdp_field xwr_fields[] = {
    F(U8, xwr, mode), F(U8, xwr, command), REST(REST, ANY, PERSONAL, xwr, bytes), {0}};
static const struct osdp_field keepactive_fields[] = {F(U16, keepactive, ms), {0}};
static const struct osdp_field nak_fields[] = {
    F(U8, nak_reply, reason), REST(REST, ANY, PLAIN, nak_reply, more), {0}};
static const struct osdp_field pdid_fields[] = {BYTES(pdid, vendor),   F(U8, pdid, model),
                                                F(U8, pdid, version),  F(U32, pdid, serial),
                                                BYTES(pdid, firmware), {0}};
static const struct osdp_field pdcap_fields[] = {
    F(U8, pdcap, function), F(U8, pdcap, compliance), F(U8, pdcap, number), {0}};
static const struct osdp_field lstatr_fields[] = {F(U8, lstatr, tamper), F(U8, lstatr, power), {0}};
static const struct osdp_field status_fields[] = {F(U8, status, state), {0}};
static const struct osdp_field raw_fields[] = {F(U8, raw, reader),
                                               F(U8, raw, format),
                                               F(U16, raw, bits),
                                               REST(REST, BITS, PERSONAL, raw, data),
                                               {0}};
static const struct osdp_field fmt_fields[] = {F(U8, fmt, reader),
                                               F(U8, fmt, direction),
                                               F(U8, fmt, length),
                                               REST(REST_TEXT, COUNTED, PERSONAL, fmt, data),
                                               {0}};
static const struct osdp_field keypad_fields[] = {F(U8, keypad, reader),
                                                  F(U8, keypad, count),
                                                  REST(REST_TEXT, COUNTED, SECRET, keypad, keys),
                                                  {0}};
static const struct osdp_field ftstat_fields[] = {F(U8, ftstat, action),
                                                  F(U16, ftstat, delay_ms),
                                                  F(U16, ftstat, status),
                                                  F(U16, ftstat, length_max),
                                                  {0}};
static const struct osdp_field xrd_fields[] = {
    F(U8, xrd, mode), F(U8, xrd, reply), REST(REST, ANY, PERSONAL, xrd, bytes), {0}};
static const struct osdp_field opaque_fields[] = {REST(REST, ANY, PERSONAL, opaque, bytes), {0}};

enum { ONE = false, MANY = true };

const struct osdp_message osdp_messages[] = {
#define X(NAME, code, profile, use, many, layout, doc)                                             \
  {#NAME, profile, doc, code, OSDP_##use, false, many, layout##_fields},
    OSDP_COMMAND_LIST(X)
#undef X
#define X(NAME, code, profile, use, many, layout, doc)                                             \
  {#NAME, profile, doc, code, OSDP_##use, true, many, layout##_fields},
        OSDP_REPLY_LIST(X)
#undef X
};
const size_t osdp_messages_n = sizeof osdp_messages / sizeof osdp_messages[0];

const struct osdp_message *osdp_message_of(bool reply, uint8_t code) {
  for (size_t i = 0; i < osdp_messages_n; i++)
    if (osdp_messages[i].reply == reply && osdp_messages[i].code == code)
      return &osdp_messages[i];
  return NULL;
}

const char *osdp_nak_text(uint8_t number) {
  switch (number) {
#define X(NAME, n, doc)                                                                            \
  case n:                                                                                          \
    return doc;
    OSDP_NAK_LIST(X)
#undef X
  default:
    return "a reason that the standard does not know";
  }
}

const char *osdp_capability_text(uint8_t number) {
  switch (number) {
#define X(NAME, n, doc)                                                                            \
  case n:                                                                                          \
    return doc;
    OSDP_CAPABILITY_LIST(X)
#undef X
  default:
    return "a function that the standard does not know";
  }
}

/* Bytes of a field that is a number or has a fixed size. */
static size_t width(const struct osdp_field *f) {
  static const uint8_t numbers[] = {[OSDP_U8] = 1, [OSDP_U16] = 2, [OSDP_U32] = 4};
  return f->kind == OSDP_BYTES ? f->n : numbers[f->kind];
}

static bool is_rest(const struct osdp_field *f) {
  return f->kind == OSDP_REST || f->kind == OSDP_REST_TEXT;
}

static bool fits(const struct osdp_field *f, uint32_t told, size_t n) {
  size_t want = f->rest == OSDP_REST_BITS ? (told + 7u) / 8 : told;
  return f->rest == OSDP_REST_ANY || n == want;
}

enum sp_err osdp_decode(const struct osdp_message *m, struct span *data, void *out,
                        struct fault *why) {
  uint32_t told = 0; /* the number before */
  for (const struct osdp_field *f = m->fields; f->name; f++) {
    uint8_t *to = (uint8_t *)out + f->at;
    if (is_rest(f)) {
      if (!fits(f, told, data->n))
        return fault_set(why, SP_INVALID, "%s: %s says %u, and %zu bytes follow", m->name,
                         f[-1].name, told, data->n);
      memcpy(to, data, sizeof *data);
      *data = span_of(data->p + data->n, 0);
      return SP_OK;
    }
    size_t n = width(f);
    if (data->n < n)
      return fault_set(why, SP_INVALID, "%s ends before its %s: %zu of %zu bytes are there",
                       m->name, f->name, data->n, n);
    if (f->kind == OSDP_BYTES) {
      memcpy(to, data->p, n);
    } else {
      told = 0;
      for (size_t i = 0; i < n; i++)
        told |= (uint32_t)data->p[i] << 8 * i;
      uint16_t half = (uint16_t)told;
      if (n == 1)
        *to = (uint8_t)told;
      else
        memcpy(to, n == 2 ? (const void *)&half : &told, n);
    }
    *data = span_of(data->p + n, data->n - n);
  }
  if (data->n && !m->repeats)
    return fault_set(why, SP_INVALID, "%s has %zu bytes too many", m->name, data->n);
  return SP_OK;
}

size_t osdp_encode(const struct osdp_message *m, const void *in, uint8_t *out, size_t n) {
  uint32_t told = 0;
  for (const struct osdp_field *f = m->fields; f->name; f++) {
    const uint8_t *from = (const uint8_t *)in + f->at;
    if (is_rest(f)) {
      struct span rest;
      memcpy(&rest, from, sizeof rest);
      SP_ASSERT(fits(f, told, rest.n));
      if (rest.n > osdp_data_max - n)
        return 0;
      if (rest.n)
        memcpy(out + n, rest.p, rest.n);
      return n + rest.n;
    }
    size_t w = width(f);
    if (w > osdp_data_max - n)
      return 0;
    uint16_t half = 0;
    told = *from;
    if (f->kind == OSDP_U16)
      memcpy(&half, from, sizeof half), told = half;
    else if (f->kind == OSDP_U32)
      memcpy(&told, from, sizeof told);
    for (size_t i = 0; i < w; i++)
      out[n + i] = f->kind == OSDP_BYTES ? from[i] : (uint8_t)(told >> 8 * i);
    n += w;
  }
  return n;
}
