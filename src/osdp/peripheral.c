#include "osdp/peripheral_int.h"

#include <string.h>

enum { NO_SEQUENCE = 0xFF };

struct peripheral *peripheral_new(const struct peripheral_options *options,
                                  const struct peripheral_ops *ops) {
  struct peripheral *p = sp_alloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->is = *options;
  p->ops = *ops;
  p->sequence = NO_SEQUENCE;
  p->now = p->heard_at = p->polled_at = 0;
  peripheral_dark(p);
  return p;
}

static void end_session(struct peripheral *p) {
  bool was = p->session == SESSION_SECURE;
  osdp_secure_wipe(&p->secure);
  p->session = SESSION_NONE;
  if (was && p->ops.secure)
    p->ops.secure(p->ops.ctx, false);
}

void peripheral_free(struct peripheral *p) {
  if (p) {
    osdp_secure_wipe(&p->secure);
    bytes_wipe(p, sizeof *p);
  }
  sp_free(p);
}

void peripheral_restart(struct peripheral *p, usec now) {
  p->now = now;
  end_session(p);
  bytes_wipe(p->queue, sizeof p->queue);
  bytes_wipe(p->last, sizeof p->last);
  p->n_queue = 0;
  p->n_in = p->n_last = p->n_reply = 0;
  p->reply_waits = p->comset_waits = false;
  p->sequence = NO_SEQUENCE;
  p->busy = 0;
  peripheral_dark(p);
}

/* --- Answers --- */

/* In the session where one stands, else in clear, under the block that is given. */
static void answer(struct peripheral *p, const struct osdp_frame *to, uint8_t block, uint8_t key,
                   const struct answer *a) {
  struct osdp_frame f = {.address = p->is.address,
                         .sequence = to->sequence,
                         .reply = true,
                         .crc = to->crc && p->is.crc,
                         .block = block,
                         .n_key = block != OSDP_BLOCK_NONE,
                         .key = key,
                         .code = a->code ? a->code : OSDP_ACK,
                         .data = span_of(a->data, a->n)};
  uint8_t *out = p->reply + 1;
  p->reply[0] = osdp_mark;
  if (p->session == SESSION_SECURE && osdp_block_has_mac(to->block)) {
    p->n_reply = osdp_secure_seal(&p->secure, &f, out);
  } else {
    SP_ASSERT(osdp_frame_size(&f)); /* answers are short */
    p->n_reply = osdp_frame_close(out, osdp_frame_open(out, &f), &f);
  }
  p->n_reply++;
  p->reply_waits = true;
}

static void refuse(struct peripheral *p, const struct osdp_frame *f, uint8_t reason) {
  struct answer a = {.code = OSDP_NAK, .n = 1, .data = {reason}};
  answer(p, f, OSDP_BLOCK_NONE, 0, &a);
}

struct span peripheral_reply(struct peripheral *p) {
  if (!p->reply_waits)
    return (struct span){0};
  p->reply_waits = false;
  return span_of(p->reply, p->n_reply);
}

/* --- The handshake --- */

static bool challenged(struct peripheral *p, const struct osdp_frame *f) {
  struct osdp_chlng c;
  struct osdp_ccrypt r;
  struct answer a = {.code = OSDP_CCRYPT};
  struct span data = f->data;
  uint8_t panel[aes_block], rmac[aes_block];
  end_session(p);
  if (!p->is.secure || f->block != OSDP_SCS_11 || f->n_key != 1 || f->key > 1)
    refuse(p, f, OSDP_NAK_BLOCK);
  else if (osdp_decode(osdp_message_of(false, OSDP_CHLNG), &data, &c, NULL))
    refuse(p, f, OSDP_NAK_LENGTH);
  else if ((f->key == 1) != p->is.has_key) /* SCBK-D ends with the first key */
    refuse(p, f, OSDP_NAK_SECURE);
  else if (osdp_secure_begin(&p->secure, f->key ? p->is.key : osdp_scbk_d, c.random))
    return false; /* no memory: silence, and it will be asked again */
  else {
    memcpy(r.cuid, p->is.id.vendor, 3);
    r.cuid[3] = p->is.id.model;
    store_le32(r.cuid + 4, p->is.id.serial);
    p->ops.random(p->ops.ctx, r.random, sizeof r.random);
    osdp_secure_cryptograms(&p->secure, r.random, r.cryptogram, panel, rmac);
    a.n = osdp_encode(osdp_message_of(true, OSDP_CCRYPT), &r, a.data, 0);
    p->default_key = f->key == 0;
    answer(p, f, OSDP_SCS_12, f->key, &a);
    p->session = SESSION_CHALLENGED;
  }
  return true;
}

static void proved(struct peripheral *p, const struct osdp_frame *f) {
  struct answer a = {.code = OSDP_RMAC_I, .n = aes_block};
  uint8_t ours[aes_block], panel[aes_block], rmac[aes_block];
  if (p->session != SESSION_CHALLENGED || f->block != OSDP_SCS_13 || f->n_key != 1 ||
      f->key != !p->default_key) {
    end_session(p);
    refuse(p, f, OSDP_NAK_SECURE);
    return;
  }
  osdp_secure_cryptograms(&p->secure, p->secure.b, ours, panel, rmac);
  bool right = f->data.n == aes_block && bytes_equal_ct(panel, f->data.p, aes_block);
  if (right)
    memcpy(a.data, rmac, aes_block);
  answer(p, f, OSDP_SCS_14, right ? 0x01 : 0xFF, &a);
  if (!right) {
    end_session(p);
    return;
  }
  p->session = SESSION_SECURE;
  if (p->ops.secure)
    p->ops.secure(p->ops.ctx, true);
}

static uint8_t set_key(struct peripheral *p, const struct osdp_frame *f) {
  struct osdp_keyset k;
  struct span data = f->data;
  if (p->session != SESSION_SECURE || f->block != OSDP_SCS_17)
    return OSDP_NAK_SECURE;
  if (osdp_decode(osdp_message_of(false, OSDP_KEYSET), &data, &k, NULL))
    return OSDP_NAK_LENGTH;
  if (k.type != 1 || k.length != osdp_key_bytes)
    return OSDP_NAK_RECORD;
  memcpy(p->is.key, k.key, osdp_key_bytes);
  p->is.has_key = true;
  if (p->ops.keyset)
    p->ops.keyset(p->ops.ctx, k.key);
  bytes_wipe(&k, sizeof k);
  return 0;
}

/* --- Commands --- */

/* What anyone may ask. */
static bool is_open(uint8_t code) {
  return code == OSDP_ID || code == OSDP_CAP || code == OSDP_CHLNG || code == OSDP_SCRYPT;
}

/* A frame whose check and sequence hold. False: silence. */
static bool command(struct peripheral *p, struct osdp_frame *f) {
  struct answer a = {0};
  bool in_session = osdp_block_has_mac(f->block);
  if (f->code == OSDP_CHLNG)
    return challenged(p, f);
  if (f->code == OSDP_SCRYPT) {
    proved(p, f);
    return true;
  }
  if (in_session && p->session != SESSION_SECURE) {
    refuse(p, f, OSDP_NAK_SECURE);
    return true;
  }
  if (in_session && osdp_secure_open(&p->secure, f, p->plain))
    return false; /* damaged, forged or of another session: the panel asks again or begins anew */
  if (!in_session && f->block != OSDP_BLOCK_NONE) {
    refuse(p, f, OSDP_NAK_BLOCK);
    return true;
  }
  if (!in_session && p->is.has_key && !is_open(f->code)) {
    refuse(p, f, OSDP_NAK_SECURE);
    return true;
  }
  if (in_session && p->default_key && f->code != OSDP_KEYSET && f->code != OSDP_POLL &&
      !is_open(f->code)) {
    refuse(p, f, OSDP_NAK_SECURE); /* everyone knows that key: it is good for setting another */
    return true;
  }
  bool key = f->code == OSDP_KEYSET;
  uint8_t reason = key ? set_key(p, f) : peripheral_do(p, f->code, f->data, &a);
  if (reason)
    refuse(p, f, reason);
  else
    answer(p, f, OSDP_BLOCK_NONE, 0, &a);
  if (key && !reason)
    end_session(p); /* it was acknowledged in the old one */
  return true;
}

static void take(struct peripheral *p, struct osdp_frame *f) {
  bool broadcast = f->address == osdp_broadcast;
  bool same = f->whole.n == p->n_last && p->n_last && memcmp(f->whole.p, p->last, p->n_last) == 0;
  if (f->reply || (f->address != p->is.address && !broadcast))
    return;
  if (broadcast && f->code != OSDP_ID && f->code != OSDP_CAP && f->code != OSDP_COMSET)
    return;
  if (p->busy) { /* outside the session and its sequence */
    const struct osdp_frame plain = {.crc = f->crc};
    const struct answer a = {.code = OSDP_BUSY};
    p->busy--;
    answer(p, &plain, OSDP_BLOCK_NONE, 0, &a);
    return;
  }
  p->polled_at = p->now;
  if (!p->panel_there && p->ops.panel)
    p->ops.panel(p->ops.ctx, true);
  p->panel_there = true;
  if (same && f->sequence && f->sequence == p->sequence) {
    p->reply_waits = p->n_reply > 0; /* its answer was lost */
    return;
  }
  uint8_t next = p->sequence == 3 ? 1 : (uint8_t)(p->sequence + 1);
  if (f->sequence == 0) {
    end_session(p);
  } else if (p->sequence == NO_SEQUENCE || f->sequence != next) {
    struct osdp_frame first = *f;
    first.sequence = 0;
    first.block = OSDP_BLOCK_NONE;
    end_session(p);
    p->sequence = NO_SEQUENCE;
    p->n_last = 0;
    refuse(p, &first, OSDP_NAK_SEQUENCE);
    return;
  }
  if (!command(p, f))
    return;
  p->sequence = f->sequence;
  memcpy(p->last, f->whole.p, f->whole.n);
  p->n_last = f->whole.n;
}

void peripheral_input(struct peripheral *p, struct span bytes, usec now) {
  p->now = now;
  if (p->n_in && now - p->heard_at > (usec)gap_ms * USEC_PER_MS)
    p->n_in = 0;
  p->heard_at = now;
  while (bytes.n) {
    size_t n = sizeof p->in - p->n_in;
    n = bytes.n < n ? bytes.n : n;
    memcpy(p->in + p->n_in, bytes.p, n);
    p->n_in += n;
    bytes = span_of(bytes.p + n, bytes.n - n);
    enum osdp_found found;
    do {
      struct osdp_frame f;
      size_t used = 0;
      found = osdp_frame_find(span_of(p->in, p->n_in), &f, &used);
      if (found == OSDP_FOUND_FRAME)
        take(p, &f);
      if (found == OSDP_FOUND_NOTHING && used == 0 && p->n_in == sizeof p->in)
        used = p->n_in; /* cannot be: no frame is longer */
      memmove(p->in, p->in + used, p->n_in - used);
      p->n_in -= used;
    } while (found != OSDP_FOUND_NOTHING);
  }
  if (p->comset_waits) {
    p->comset_waits = false;
    p->is.address = p->comset.address;
    p->is.baud = p->comset.baud;
    end_session(p);
    p->sequence = NO_SEQUENCE;
    if (p->ops.comset)
      p->ops.comset(p->ops.ctx, &p->comset);
  }
}

void peripheral_busy(struct peripheral *p, uint32_t n) {
  p->busy = n;
}

bool peripheral_is_secure(const struct peripheral *p) {
  return p->session == SESSION_SECURE;
}
