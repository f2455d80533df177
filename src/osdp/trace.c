#include "osdp/trace.h"

#include <string.h>

enum stage { STAGE_NONE, STAGE_CHALLENGED, STAGE_ANSWERED, STAGE_PROVED, STAGE_SECURE };

struct seen { /* the last frame of one direction */
  uint8_t bytes[osdp_frame_max];
  size_t n;
};

struct peer {
  enum stage stage;
  struct osdp_secure secure;
  uint8_t a[osdp_random_bytes], panel[aes_block];
  struct seen last[2]; /* command, reply */
};

struct trace {
  bool cards;
  uint32_t n_keys;
  uint8_t keys[trace_keys_max][osdp_key_bytes];
  struct peer *peers[osdp_broadcast + 1];
  uint8_t plain[osdp_frame_max];
};

struct trace *trace_new(bool cards) {
  struct trace *t = sp_alloc(1, sizeof *t);
  if (t)
    t->cards = cards;
  return t;
}

void trace_forget(struct trace *t) {
  for (uint32_t i = 0; i <= osdp_broadcast; i++)
    if (t->peers[i]) {
      osdp_secure_wipe(&t->peers[i]->secure);
      bytes_wipe(t->peers[i], sizeof *t->peers[i]);
      sp_free(t->peers[i]);
      t->peers[i] = NULL;
    }
}

void trace_free(struct trace *t) {
  if (!t)
    return;
  trace_forget(t);
  bytes_wipe(t, sizeof *t);
  sp_free(t);
}

bool trace_key(struct trace *t, const uint8_t key[osdp_key_bytes]) {
  for (uint32_t i = 0; i < t->n_keys; i++)
    if (bytes_equal_ct(t->keys[i], key, osdp_key_bytes))
      return true;
  if (t->n_keys == trace_keys_max)
    return false;
  memcpy(t->keys[t->n_keys++], key, osdp_key_bytes);
  return true;
}

/* --- The session --- */

static void forget(struct peer *x) {
  osdp_secure_wipe(&x->secure);
  x->stage = STAGE_NONE;
}

/* Whether this key makes the peripheral's cryptogram. */
static bool fits(struct peer *x, const uint8_t *key, const struct osdp_ccrypt *c) {
  uint8_t theirs[aes_block], rmac[aes_block];
  if (osdp_secure_begin(&x->secure, key, x->a))
    return false;
  osdp_secure_cryptograms(&x->secure, c->random, theirs, x->panel, rmac);
  return bytes_equal_ct(theirs, c->cryptogram, aes_block);
}

static enum trace_verdict on_challenge(struct peer *x, const struct osdp_frame *f) {
  forget(x);
  if (f->data.n == osdp_random_bytes) {
    memcpy(x->a, f->data.p, osdp_random_bytes);
    x->stage = STAGE_CHALLENGED;
  }
  return TRACE_CLEAR;
}

static enum trace_verdict on_ccrypt(struct trace *t, struct peer *x, const struct osdp_frame *f) {
  struct osdp_ccrypt c;
  struct span data = f->data;
  if (x->stage != STAGE_CHALLENGED ||
      osdp_decode(osdp_message_of(true, OSDP_CCRYPT), &data, &c, NULL))
    return TRACE_CLOSED;
  bool found = fits(x, osdp_scbk_d, &c);
  for (uint32_t i = t->n_keys; i-- > 0 && !found;)
    found = fits(x, t->keys[i], &c);
  if (!found) {
    forget(x);
    return TRACE_CLOSED;
  }
  x->stage = STAGE_ANSWERED;
  return TRACE_PROVED;
}

static enum trace_verdict on_scrypt(struct peer *x, const struct osdp_frame *f) {
  if (x->stage != STAGE_ANSWERED)
    return TRACE_CLOSED;
  if (f->data.n != aes_block || !bytes_equal_ct(f->data.p, x->panel, aes_block))
    return TRACE_WRONG;
  x->stage = STAGE_PROVED;
  return TRACE_PROVED;
}

static enum trace_verdict on_rmac(struct peer *x, const struct osdp_frame *f) {
  if (x->stage != STAGE_PROVED)
    return TRACE_CLOSED;
  if (f->data.n != aes_block || !bytes_equal_ct(f->data.p, x->secure.reply_mac, aes_block))
    return TRACE_WRONG;
  x->stage = STAGE_SECURE;
  return TRACE_PROVED;
}

static enum trace_verdict follow(struct trace *t, struct peer *x, struct osdp_frame *f) {
  if (!f->reply && f->code == OSDP_CHLNG && f->block == OSDP_SCS_11)
    return on_challenge(x, f);
  if (f->reply && f->code == OSDP_CCRYPT && f->block == OSDP_SCS_12)
    return on_ccrypt(t, x, f);
  if (!f->reply && f->code == OSDP_SCRYPT && f->block == OSDP_SCS_13)
    return on_scrypt(x, f);
  if (f->reply && f->code == OSDP_RMAC_I && f->block == OSDP_SCS_14)
    return on_rmac(x, f);
  if (!osdp_block_has_mac(f->block)) {
    if (!f->reply && f->sequence == 0) /* it begins anew */
      forget(x);
    return TRACE_CLEAR;
  }
  if (x->stage != STAGE_SECURE)
    return TRACE_CLOSED;
  if (osdp_secure_open(&x->secure, f, t->plain))
    return TRACE_WRONG;
  if (!f->reply && f->code == OSDP_KEYSET && f->data.n == 2 + osdp_key_bytes)
    trace_key(t, f->data.p + 2); /* with the oldest full, later sessions stay closed */
  return TRACE_OPENED;
}

/* --- Words --- */

static void put_hex(struct buf *b, struct span s) {
  for (size_t i = 0; i < s.n; i++)
    buf_printf(b, "%02x", s.p[i]);
}

static void put_text(struct buf *b, struct span s) {
  buf_puts(b, "\"");
  for (size_t i = 0; i < s.n; i++)
    if (s.p[i] >= 0x20 && s.p[i] < 0x7F && s.p[i] != '"')
      buf_put(b, s.p + i, 1);
    else
      buf_printf(b, "\\x%02x", s.p[i]);
  buf_puts(b, "\"");
}

static void put_field(const struct trace *t, struct buf *b, const struct osdp_field *f,
                      const uint8_t *from) {
  struct span rest = {0};
  uint16_t half;
  uint32_t whole;
  buf_printf(b, " %s=", f->name);
  if (f->care == OSDP_SECRET || (f->care == OSDP_PERSONAL && !t->cards)) {
    buf_puts(b, "(hidden)");
    return;
  }
  switch ((enum osdp_field_kind)f->kind) {
  case OSDP_U8:
    buf_printf(b, "%u", *from);
    break;
  case OSDP_U16:
    memcpy(&half, from, sizeof half);
    buf_printf(b, "%u", half);
    break;
  case OSDP_U32:
    memcpy(&whole, from, sizeof whole);
    buf_printf(b, "%u", whole);
    break;
  case OSDP_BYTES:
    put_hex(b, span_of(from, f->n));
    break;
  case OSDP_REST:
    memcpy(&rest, from, sizeof rest);
    put_hex(b, rest);
    break;
  case OSDP_REST_TEXT:
    memcpy(&rest, from, sizeof rest);
    put_text(b, rest);
    break;
  }
}

/* What a number means, where the standard says so. */
static void put_meaning(struct buf *b, const struct osdp_message *m, const void *record) {
  if (m->reply && m->code == OSDP_NAK)
    buf_printf(b, " (%s)", osdp_nak_text(*(const uint8_t *)record));
}

static void put_data(const struct trace *t, struct buf *b, const struct osdp_message *m,
                     struct span data) {
  union {
    struct osdp_led led;
    struct osdp_text text;
    struct osdp_ccrypt ccrypt;
    struct osdp_filetransfer file;
    struct osdp_keyset key;
    struct osdp_pdid id;
    struct osdp_raw raw;
    struct osdp_keypad pad;
    struct osdp_nak_reply nak;
    struct osdp_mfg mfg;
    struct osdp_xrd xrd;
    struct osdp_ftstat ft;
  } u;
  struct fault why = {0};
  bool first = true;
  do {
    memset(&u, 0, sizeof u);
    if (osdp_decode(m, &data, &u, &why)) {
      buf_printf(b, "%s (%s)", first ? "" : ";", why.text);
      break;
    }
    if (!first)
      buf_puts(b, ";");
    for (const struct osdp_field *f = m->fields; f->name; f++)
      put_field(t, b, f, (const uint8_t *)&u + f->at);
    put_meaning(b, m, &u);
    first = false;
  } while (m->repeats && data.n);
  bytes_wipe(&u, sizeof u);
}

static void put_line(const struct trace *t, const struct osdp_frame *f, enum trace_verdict verdict,
                     struct buf *b) {
  static const char *const verdicts[] = {
      [TRACE_CLEAR] = "",
      [TRACE_PROVED] = " [key holds]",
      [TRACE_OPENED] = " [MAC holds]",
      [TRACE_AGAIN] = " [once more]",
      [TRACE_CLOSED] = " [no key]",
      [TRACE_WRONG] = " [WRONG]",
      [TRACE_DAMAGED] = "",
  };
  const struct osdp_message *m = osdp_message_of(f->reply, f->code);
  bool sealed = f->block == OSDP_SCS_17 || f->block == OSDP_SCS_18;
  buf_printf(b, f->reply ? "%u -> panel" : "panel -> %u", f->address);
  buf_printf(b, "  #%u  ", f->sequence);
  if (m)
    buf_puts(b, m->name);
  else
    buf_printf(b, "%02X, which the standard does not know", f->code);
  if (sealed && verdict != TRACE_OPENED)
    buf_printf(b, " %zu bytes enciphered", f->data.n);
  else if (m)
    put_data(t, b, m, f->data);
  buf_puts(b, verdicts[verdict]);
  if (!f->crc)
    buf_puts(b, " [checksum]");
}

bool trace_next(struct trace *t, struct span *bytes, struct osdp_frame *frame,
                enum trace_verdict *verdict, struct buf *line) {
  size_t used = 0;
  enum osdp_found found = osdp_frame_find(*bytes, frame, &used);
  *bytes = span_of(bytes->p + used, bytes->n - used);
  if (found == OSDP_FOUND_NOTHING)
    return false;
  if (found == OSDP_FOUND_DAMAGED) {
    *verdict = TRACE_DAMAGED;
    *frame = (struct osdp_frame){0};
    buf_printf(line, "damaged: what begins here is no frame, %zu bytes are left", bytes->n + 1);
    return true;
  }
  struct peer **x = &t->peers[frame->address];
  if (!*x)
    *x = sp_alloc(1, sizeof **x);
  struct seen *last = *x ? &(*x)->last[frame->reply] : NULL;
  bool again = last && last->n == frame->whole.n && frame->sequence &&
               memcmp(last->bytes, frame->whole.p, last->n) == 0;
  *verdict = again ? TRACE_AGAIN : *x ? follow(t, *x, frame) : TRACE_CLOSED;
  if (last) {
    memcpy(last->bytes, frame->whole.p, frame->whole.n);
    last->n = frame->whole.n;
  }
  put_line(t, frame, *verdict, line);
  return true;
}
