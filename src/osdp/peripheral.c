#include "osdp/peripheral.h"

#include "base/record.h"
#include "osdp/device.h"

#include <string.h>

enum {
  gap = peripheral_gap_ms * USEC_PER_MS,
  lost = peripheral_lost_ms * USEC_PER_MS,
  queued_bytes_max = 4 + peripheral_card_bits_max / 8, /* of one thing that waits */
  display_rows = 4,
  display_columns = 16,
  KEY_DEFAULT = 0, /* what SCS_11 to SCS_13 name */
  KEY_OWN = 1,
  PROOF_RIGHT = 1, /* SCS_14 */
  PROOF_WRONG = 0xFF,
  FILE_OPAQUE = 1,
  FILE_INTERLEAVES = 1,
  FILE_GO_ON = 0,
  FILE_DONE = 1,
  FILE_MALFORMED = 0xFFFD, /* -3 */
};

enum session { SESSION_WAITING, SESSION_CHALLENGED, SESSION_SECURE };

struct queued { /* a reply to a poll */
  uint8_t code, n;
  uint8_t data[queued_bytes_max];
};

struct peripheral {
  struct peripheral_ops ops;
  struct peripheral_options o;
  struct device device;

  enum session session;
  uint8_t session_key; /* KEY_DEFAULT or KEY_OWN */
  struct osdp_secure secure;
  uint8_t panel_proof[aes_block], rmac[aes_block]; /* while challenged */

  bool begun;       /* a command was answered; else only sequence 0 will do */
  uint8_t sequence; /* of that command */
  size_t n_command, n_kept;
  uint8_t command[osdp_frame_max];  /* its bytes */
  uint8_t kept[1 + osdp_frame_max]; /* its answer's */
  uint8_t passing[32];              /* an answer that is not kept: BUSY, a refusal */
  struct span out;
  uint32_t busy;

  /* The answer that is being made. */
  uint8_t code, proof;
  size_t n_data;
  uint8_t data[osdp_data_max];
  bool session_ends; /* once it is made */

  bool com_kept; /* the answer that is kept is COM, not taken yet */
  bool com_gone; /* it was taken, and nobody was told */
  struct osdp_comset com;

  bool panel_there;
  usec now, heard, in_at;
  size_t n_in;
  uint8_t in[2 * osdp_frame_max];

  bool inputs[peripheral_inputs_max];
  struct osdp_lstatr local;
  struct queued queue[peripheral_queue_max];
  uint32_t first, waiting;
  bool inputs_late, local_late; /* changed while the queue was full: told when it is empty */

  uint32_t file_size, file_at;
};

/* --- Sessions --- */

static void drop_session(struct peripheral *p) {
  bool was = p->session == SESSION_SECURE;
  p->session = SESSION_WAITING;
  osdp_secure_wipe(&p->secure);
  bytes_wipe(p->panel_proof, sizeof p->panel_proof);
  bytes_wipe(p->rmac, sizeof p->rmac);
  if (was && p->ops.secure)
    p->ops.secure(p->ops.ctx, false);
}

/* As after a restart: only sequence 0 begins. */
static void forget_panel(struct peripheral *p) {
  drop_session(p);
  p->begun = p->com_kept = false;
  bytes_wipe(p->command, p->n_command);
  bytes_wipe(p->kept, p->n_kept);
  p->n_command = p->n_kept = 0;
  p->out = (struct span){0};
}

static bool needs_session(const struct peripheral *p) {
  return p->o.secure && p->o.has_key;
}

/* --- What waits to be polled for --- */

static struct queued *enqueue(struct peripheral *p, uint8_t code) {
  if (p->waiting == peripheral_queue_max)
    return NULL;
  struct queued *q = &p->queue[(p->first + p->waiting++) % peripheral_queue_max];
  *q = (struct queued){.code = code};
  return q;
}

static void empty_queue(struct peripheral *p) {
  bytes_wipe(p->queue, sizeof p->queue);
  p->first = p->waiting = 0;
  p->inputs_late = p->local_late = false;
}

static uint8_t put_inputs(const struct peripheral *p, uint8_t *out) {
  for (uint8_t i = 0; i < p->o.n_inputs; i++)
    out[i] = p->inputs[i];
  return p->o.n_inputs;
}

static uint8_t put_local(const struct peripheral *p, uint8_t *out) {
  out[0] = p->local.tamper;
  out[1] = p->local.power;
  return 2;
}

static bool queue_inputs(struct peripheral *p) {
  struct queued *q = enqueue(p, OSDP_ISTATR);
  if (q)
    q->n = put_inputs(p, q->data);
  else
    p->inputs_late = true;
  return q != NULL;
}

static bool queue_local(struct peripheral *p) {
  struct queued *q = enqueue(p, OSDP_LSTATR);
  if (q)
    q->n = put_local(p, q->data);
  else
    p->local_late = true;
  return q != NULL;
}

/* --- Commands, once everything about their frames holds. Each returns the reason of a NAK, or 0
 * with the answer made; ACK is there already. --- */

struct command {
  const struct osdp_frame *frame;
  struct span data; /* in clear */
  union {           /* decoded, of one that does not repeat */
    struct osdp_select select;
    struct osdp_buz buz;
    struct osdp_text text;
    struct osdp_comset comset;
    struct osdp_keyset keyset;
    struct osdp_chlng chlng;
    struct osdp_cryptogram cryptogram;
    struct osdp_acurxsize acurxsize;
    struct osdp_filetransfer filetransfer;
    struct osdp_mfg mfg;
    struct osdp_keepactive keepactive;
  } is;
};

static void answer(struct peripheral *p, uint8_t code, const void *record) {
  p->code = code;
  p->n_data = osdp_encode(osdp_message_of(true, code), record, p->data, p->n_data);
}

static uint8_t do_nothing(struct peripheral *p, struct command *c) {
  (void)p;
  (void)c;
  return 0;
}

static uint8_t do_poll(struct peripheral *p, struct command *c) {
  (void)c;
  if (p->waiting) {
    struct queued *q = &p->queue[p->first];
    p->code = q->code;
    p->n_data = q->n;
    memcpy(p->data, q->data, q->n);
    bytes_wipe(q, sizeof *q);
    p->first = (p->first + 1) % peripheral_queue_max;
    p->waiting--;
  } else if (p->inputs_late) {
    p->inputs_late = false;
    p->code = OSDP_ISTATR;
    p->n_data = put_inputs(p, p->data);
  } else if (p->local_late) {
    p->local_late = false;
    p->code = OSDP_LSTATR;
    p->n_data = put_local(p, p->data);
  }
  return 0;
}

static uint8_t do_id(struct peripheral *p, struct command *c) {
  if (c->is.select.type != 0)
    return OSDP_NAK_COMMAND;
  answer(p, OSDP_PDID, &p->o.id);
  return 0;
}

static uint8_t do_cap(struct peripheral *p, struct command *c) {
  const struct peripheral_options *o = &p->o;
  const struct osdp_pdcap rows[] = {
      {OSDP_CAP_INPUTS, o->n_inputs ? 1 : 0, o->n_inputs},
      {OSDP_CAP_OUTPUTS, o->n_outputs ? 3 : 0, o->n_outputs}, /* 3: and for a time */
      {OSDP_CAP_CARD_FORMAT, 1, 0},                           /* 1: bits as they are */
      {OSDP_CAP_LED, o->n_leds ? 4 : 0, o->n_leds},           /* 4: timed, all colours */
      {OSDP_CAP_BUZZER, o->buzzer ? 2 : 0, o->buzzer},        /* 2: timed */
      {OSDP_CAP_TEXT, o->display ? 3 : 0, o->display},        /* 3: 4 rows of 16 */
      {OSDP_CAP_TIME, 0, 0},
      {OSDP_CAP_CHECK, o->crc, 0},
      {OSDP_CAP_SECURITY, o->secure, o->secure && !o->has_key}, /* number: takes SCBK-D */
      {OSDP_CAP_RECEIVE, osdp_frame_max & 0xFF, osdp_frame_max >> 8},
      {OSDP_CAP_LARGEST, 0, 0}, /* no message comes in parts */
      {OSDP_CAP_SMART_CARD, 0, 0},
      {OSDP_CAP_READERS, 0, 1},
      {OSDP_CAP_BIOMETRICS, 0, 0},
      {OSDP_CAP_SECURE_PIN, 0, 0},
      {OSDP_CAP_VERSION, 2, 0},
  };
  if (c->is.select.type != 0)
    return OSDP_NAK_COMMAND;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    answer(p, OSDP_PDCAP, &rows[i]);
  return 0;
}

static uint8_t do_lstat(struct peripheral *p, struct command *c) {
  (void)c;
  answer(p, OSDP_LSTATR, &p->local);
  return 0;
}

static uint8_t do_istat(struct peripheral *p, struct command *c) {
  (void)c;
  if (p->o.n_inputs == 0)
    return OSDP_NAK_COMMAND;
  p->code = OSDP_ISTATR;
  p->n_data = put_inputs(p, p->data);
  return 0;
}

static uint8_t do_ostat(struct peripheral *p, struct command *c) {
  (void)c;
  if (p->o.n_outputs == 0)
    return OSDP_NAK_COMMAND;
  for (uint8_t i = 0; i < p->o.n_outputs; i++)
    answer(p, OSDP_OSTATR, &(struct osdp_status){p->device.outputs[i].on});
  return 0;
}

static uint8_t do_rstat(struct peripheral *p, struct command *c) {
  (void)c;
  answer(p, OSDP_RSTATR, &(struct osdp_status){p->local.tamper ? 2 : 0});
  return 0;
}

/* Commands of several records are carried out whole or not at all. */
static uint8_t do_out(struct peripheral *p, struct command *c) {
  const struct osdp_message *m = osdp_message_of(false, OSDP_OUT);
  struct osdp_out x;
  for (struct span s = c->data; s.n;) {
    if (osdp_decode(m, &s, &x, NULL))
      return OSDP_NAK_LENGTH;
    uint8_t nak = device_may_out(&p->device, &x);
    if (nak)
      return nak;
  }
  for (struct span s = c->data; s.n && !osdp_decode(m, &s, &x, NULL);) {
    if (p->ops.out)
      p->ops.out(p->ops.ctx, &x);
    device_out(&p->device, &x, p->now);
  }
  return 0;
}

static uint8_t do_led(struct peripheral *p, struct command *c) {
  const struct osdp_message *m = osdp_message_of(false, OSDP_LED);
  struct osdp_led x;
  for (struct span s = c->data; s.n;) {
    if (osdp_decode(m, &s, &x, NULL))
      return OSDP_NAK_LENGTH;
    uint8_t nak = device_may_led(&p->device, &x);
    if (nak)
      return nak;
  }
  for (struct span s = c->data; s.n && !osdp_decode(m, &s, &x, NULL);)
    device_led(&p->device, &x, p->now);
  return 0;
}

static uint8_t do_buz(struct peripheral *p, struct command *c) {
  uint8_t nak = device_may_buz(&p->device, &c->is.buz);
  if (!nak)
    device_buz(&p->device, &c->is.buz, p->now);
  return nak;
}

static uint8_t do_text(struct peripheral *p, struct command *c) {
  const struct osdp_text *x = &c->is.text;
  if (!p->o.display || x->reader != 0 || x->control < 1 || x->control > 4 || x->row < 1 ||
      x->row > display_rows || x->column < 1 || x->column > display_columns)
    return OSDP_NAK_COMMAND;
  if (p->ops.text)
    p->ops.text(p->ops.ctx, x);
  return 0;
}

/* What it cannot be is left as it is, and COM tells so. */
static uint8_t do_comset(struct peripheral *p, struct command *c) {
  static const uint32_t speeds[] = {9600, 19200, 38400, 57600, 115200, 230400};
  p->com = (struct osdp_comset){p->o.address, p->o.baud};
  if (c->is.comset.address <= osdp_address_max)
    p->com.address = c->is.comset.address;
  for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
    if (c->is.comset.baud == speeds[i])
      p->com.baud = speeds[i];
  p->com_kept = true;
  answer(p, OSDP_COM, &p->com);
  return 0;
}

static uint8_t do_keyset(struct peripheral *p, struct command *c) {
  const struct osdp_keyset *x = &c->is.keyset;
  if (c->frame->block != OSDP_SCS_17)
    return OSDP_NAK_SECURE;
  if (x->length != osdp_key_bytes)
    return OSDP_NAK_LENGTH;
  if (x->type != 1)
    return OSDP_NAK_COMMAND;
  if (bytes_equal_ct(x->key, osdp_scbk_d, osdp_key_bytes)) /* that is no key */
    return OSDP_NAK_RECORD;
  if (p->ops.keyset && !p->ops.keyset(p->ops.ctx, x->key))
    return OSDP_NAK_RECORD;
  memcpy(p->o.key, x->key, osdp_key_bytes);
  p->o.has_key = true;
  p->session_ends = true;
  return 0;
}

static uint8_t do_chlng(struct peripheral *p, struct command *c) {
  struct osdp_ccrypt x = {0};
  if (c->frame->block != OSDP_SCS_11)
    return OSDP_NAK_BLOCK;
  drop_session(p);
  /* Without a key of its own it says so by naming the other one. */
  p->session_key = p->o.has_key ? KEY_OWN : KEY_DEFAULT;
  if (osdp_secure_begin(&p->secure, p->o.has_key ? p->o.key : osdp_scbk_d, c->is.chlng.random))
    return OSDP_NAK_RECORD;
  memcpy(x.cuid, p->o.id.vendor, 3);
  x.cuid[3] = p->o.id.model;
  store_le32(x.cuid + 4, p->o.id.serial);
  p->ops.random(p->ops.ctx, x.random, sizeof x.random);
  osdp_secure_cryptograms(&p->secure, x.random, x.cryptogram, p->panel_proof, p->rmac);
  p->session = SESSION_CHALLENGED;
  answer(p, OSDP_CCRYPT, &x);
  return 0;
}

static uint8_t do_scrypt(struct peripheral *p, struct command *c) {
  struct osdp_cryptogram x = {{0}};
  if (c->frame->block != OSDP_SCS_13)
    return OSDP_NAK_BLOCK;
  if (c->frame->key != p->session_key) {
    drop_session(p);
    return OSDP_NAK_SECURE;
  }
  bool right = bytes_equal_ct(c->is.cryptogram.bytes, p->panel_proof, aes_block);
  if (right)
    memcpy(x.bytes, p->rmac, aes_block);
  p->proof = right ? PROOF_RIGHT : PROOF_WRONG;
  answer(p, OSDP_RMAC_I, &x);
  if (!right) {
    drop_session(p);
    return 0;
  }
  p->session = SESSION_SECURE;
  if (p->ops.secure)
    p->ops.secure(p->ops.ctx, true);
  return 0;
}

/* The longest answer, in a session, must fit. */
static uint8_t do_acurxsize(struct peripheral *p, struct command *c) {
  (void)p;
  return c->is.acurxsize.bytes < 128 ? OSDP_NAK_RECORD : 0;
}

/* Received in order and dropped. */
static uint8_t do_filetransfer(struct peripheral *p, struct command *c) {
  const struct osdp_filetransfer *x = &c->is.filetransfer;
  struct osdp_ftstat s = {.action = FILE_INTERLEAVES, .status = FILE_MALFORMED};
  if (x->type != FILE_OPAQUE)
    return OSDP_NAK_COMMAND;
  if (x->offset == 0) {
    p->file_size = x->size;
    p->file_at = 0;
  }
  if (x->size == p->file_size && x->offset == p->file_at && x->length <= x->size - x->offset) {
    p->file_at += x->length;
    s.status = p->file_at == p->file_size ? FILE_DONE : FILE_GO_ON;
  }
  answer(p, OSDP_FTSTAT, &s);
  return 0;
}

static uint8_t do_mfg(struct peripheral *p, struct command *c) {
  if (!p->ops.mfg)
    return OSDP_NAK_COMMAND;
  p->ops.mfg(p->ops.ctx, &c->is.mfg);
  return 0;
}

/* --- Which there are --- */

enum { CLEAR = true, BROADCAST = true };
static const struct row {
  uint8_t code;
  bool clear;     /* answered in clear outside a session although there is a key */
  bool broadcast; /* answered at osdp_broadcast too */
  uint8_t (*run)(struct peripheral *p, struct command *c);
} rows[] = {
    {OSDP_POLL, 0, 0, do_poll},
    {OSDP_ID, CLEAR, BROADCAST, do_id},
    {OSDP_CAP, CLEAR, BROADCAST, do_cap},
    {OSDP_LSTAT, 0, 0, do_lstat},
    {OSDP_ISTAT, 0, 0, do_istat},
    {OSDP_OSTAT, 0, 0, do_ostat},
    {OSDP_RSTAT, 0, 0, do_rstat},
    {OSDP_OUT, 0, 0, do_out},
    {OSDP_LED, 0, 0, do_led},
    {OSDP_BUZ, 0, 0, do_buz},
    {OSDP_TEXT, 0, 0, do_text},
    {OSDP_COMSET, 0, BROADCAST, do_comset},
    {OSDP_KEYSET, 0, 0, do_keyset},
    {OSDP_CHLNG, 0, 0, do_chlng},   /* let in by its security block */
    {OSDP_SCRYPT, 0, 0, do_scrypt}, /* likewise */
    {OSDP_ACURXSIZE, 0, 0, do_acurxsize},
    {OSDP_FILETRANSFER, 0, 0, do_filetransfer},
    {OSDP_MFG, 0, 0, do_mfg},
    {OSDP_ABORT, 0, 0, do_nothing},
    {OSDP_KEEPACTIVE, 0, 0, do_nothing},
};

static const struct row *row_of(uint8_t code) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (rows[i].code == code)
      return &rows[i];
  return NULL;
}

static uint8_t carry_out(struct peripheral *p, const struct row *row, const struct osdp_frame *f) {
  struct command c = {.frame = f, .data = f->data};
  struct span rest = f->data;
  if (!row)
    return OSDP_NAK_COMMAND;
  const struct osdp_message *m = osdp_message_of(false, row->code);
  if (m->repeats ? f->data.n == 0 : osdp_decode(m, &rest, &c.is, NULL) != SP_OK)
    return OSDP_NAK_LENGTH;
  uint8_t nak = row->run(p, &c);
  bytes_wipe(&c, sizeof c);
  return nak;
}

/* --- Frames --- */

/* May this frame's command be looked at? 0, or why not. One with a MAC is opened into plain. */
static uint8_t admit(struct peripheral *p, const struct row *row, struct osdp_frame *f,
                     uint8_t *plain) {
  if (f->block == OSDP_BLOCK_NONE) {
    bool free = !needs_session(p) || (row && row->clear);
    return p->session != SESSION_SECURE && free ? 0 : OSDP_NAK_SECURE;
  }
  if (!p->o.secure)
    return OSDP_NAK_BLOCK;
  switch (f->block) {
  case OSDP_SCS_11:
    if (f->code != OSDP_CHLNG || f->n_key != 1 || f->key > KEY_OWN)
      return OSDP_NAK_BLOCK;
    return p->o.has_key && f->key != KEY_OWN ? OSDP_NAK_SECURE : 0;
  case OSDP_SCS_13:
    if (f->code != OSDP_SCRYPT || f->n_key != 1 || f->key > KEY_OWN)
      return OSDP_NAK_BLOCK;
    return p->session == SESSION_CHALLENGED ? 0 : OSDP_NAK_SECURE;
  case OSDP_SCS_15:
  case OSDP_SCS_17:
    if (p->session != SESSION_SECURE || osdp_secure_open(&p->secure, f, plain))
      return OSDP_NAK_SECURE;
    return 0;
  default:
    return OSDP_NAK_BLOCK;
  }
}

static struct osdp_frame reply_to(const struct peripheral *p, const struct osdp_frame *f) {
  return (struct osdp_frame){.address =
                                 f->address == osdp_broadcast ? osdp_broadcast : p->o.address,
                             .sequence = f->sequence,
                             .reply = true,
                             .crc = f->crc && p->o.crc};
}

static size_t write_plain(uint8_t *out, const struct osdp_frame *r) {
  out[0] = osdp_mark;
  return 1 + osdp_frame_close(out + 1, osdp_frame_open(out + 1, r), r);
}

/* An answer that changes nothing and is not kept, outside any session. reason: 0 = BUSY. */
static void answer_passing(struct peripheral *p, const struct osdp_frame *f, uint8_t sequence,
                           uint8_t reason) {
  struct osdp_frame r = reply_to(p, f);
  r.sequence = sequence;
  r.code = reason ? OSDP_NAK : OSDP_BUSY;
  r.data = span_of(&reason, reason ? 1 : 0);
  p->out = span_of(p->passing, write_plain(p->passing, &r));
}

/* Writes the answer that was made, and keeps it with the command that it answers. */
static void keep_answer(struct peripheral *p, const struct osdp_frame *f, bool sealed) {
  struct osdp_frame r = reply_to(p, f);
  r.code = p->code;
  r.data = span_of(p->data, p->n_data);
  if (p->code == OSDP_CCRYPT || p->code == OSDP_RMAC_I) {
    r.block = p->code == OSDP_CCRYPT ? OSDP_SCS_12 : OSDP_SCS_14;
    r.n_key = 1;
    r.key = p->code == OSDP_CCRYPT ? p->session_key : p->proof;
  }
  bytes_wipe(p->kept, p->n_kept);
  if (sealed) {
    p->kept[0] = osdp_mark;
    p->n_kept = 1 + osdp_secure_seal(&p->secure, &r, p->kept + 1);
  } else {
    p->n_kept = write_plain(p->kept, &r);
  }
  bytes_wipe(p->data, p->n_data);
  p->begun = true;
  p->sequence = f->sequence;
  memcpy(p->command, f->whole.p, f->whole.n);
  p->n_command = f->whole.n;
  p->out = span_of(p->kept, p->n_kept);
}

static void take_command(struct peripheral *p, const struct row *row, struct osdp_frame *f) {
  uint8_t plain[osdp_frame_max];
  if (f->sequence == 0)
    drop_session(p);
  uint8_t nak = admit(p, row, f, plain);
  if (nak && p->session == SESSION_SECURE) { /* anyone may have sent that */
    answer_passing(p, f, f->sequence, nak);
    return;
  }
  if (p->session == SESSION_CHALLENGED && f->block != OSDP_SCS_13)
    drop_session(p); /* the proof follows the challenge, or there is none */
  bool sealed = !nak && osdp_block_has_mac(f->block);
  p->code = OSDP_ACK;
  p->n_data = 0;
  p->session_ends = p->com_kept = false;
  if (!nak)
    nak = carry_out(p, row, f);
  if (nak) {
    p->n_data = 0;
    answer(p, OSDP_NAK, &(struct osdp_nak_reply){.reason = nak});
  }
  keep_answer(p, f, sealed);
  if (p->session_ends)
    drop_session(p);
  if (sealed)
    bytes_wipe(plain, sizeof plain);
}

static void hear_panel(struct peripheral *p) {
  p->heard = p->now;
  if (!p->panel_there && p->ops.panel)
    p->ops.panel(p->ops.ctx, true);
  p->panel_there = true;
}

static void take_frame(struct peripheral *p, struct osdp_frame *f) {
  const struct row *row = row_of(f->code);
  bool broadcast = f->address == osdp_broadcast && row && row->broadcast;
  if (f->reply || (f->address != p->o.address && !broadcast))
    return;
  hear_panel(p);
  if (p->begun && f->sequence == p->sequence &&
      span_eq(f->whole, span_of(p->command, p->n_command))) {
    p->out = span_of(p->kept, p->n_kept);
    return;
  }
  uint8_t right = p->begun ? (uint8_t)(p->sequence % 3 + 1) : 0;
  if (f->sequence != 0 && f->sequence != right) {
    answer_passing(p, f, right, OSDP_NAK_SEQUENCE);
  } else if (p->busy) {
    p->busy--;
    answer_passing(p, f, 0, 0);
  } else {
    take_command(p, row, f);
  }
}

static void find_frames(struct peripheral *p) {
  size_t at = 0, used;
  struct osdp_frame f;
  for (;;) {
    enum osdp_found found = osdp_frame_find(span_of(p->in + at, p->n_in - at), &f, &used);
    at += used;
    if (found == OSDP_FOUND_NOTHING)
      break;
    if (found == OSDP_FOUND_FRAME)
      take_frame(p, &f);
  }
  p->n_in -= at;
  memmove(p->in, p->in + at, p->n_in);
}

void peripheral_input(struct peripheral *p, struct span bytes, usec now) {
  peripheral_tick(p, now);
  p->out = (struct span){0};
  if (p->n_in && p->now - p->in_at > gap)
    p->n_in = 0;
  p->in_at = p->now;
  while (bytes.n) {
    size_t room = sizeof p->in - p->n_in, n = bytes.n < room ? bytes.n : room;
    memcpy(p->in + p->n_in, bytes.p, n);
    p->n_in += n;
    bytes = span_of(bytes.p + n, bytes.n - n);
    find_frames(p); /* leaves less than a frame */
  }
}

struct span peripheral_reply(struct peripheral *p) {
  struct span out = p->out;
  p->out = (struct span){0};
  if (p->com_kept && out.p == p->kept) {
    p->com_kept = false;
    p->com_gone = true;
    p->o.address = p->com.address;
    p->o.baud = p->com.baud;
  }
  return out;
}

/* --- Time --- */

usec peripheral_due(const struct peripheral *p) {
  if (p->com_gone)
    return p->now;
  usec due = device_due(&p->device, p->now);
  usec gone = p->heard + lost;
  return p->panel_there && (due == TIME_ABSENT || gone < due) ? gone : due;
}

void peripheral_tick(struct peripheral *p, usec now) {
  if (now > p->now)
    p->now = now;
  if (p->com_gone) {
    p->com_gone = false;
    if (p->ops.comset)
      p->ops.comset(p->ops.ctx, &p->com);
  }
  device_tick(&p->device, p->now);
  if (p->panel_there && p->now - p->heard >= lost) {
    p->panel_there = false;
    forget_panel(p);
    if (p->ops.panel)
      p->ops.panel(p->ops.ctx, false);
  }
}

/* --- What happens at it --- */

bool peripheral_card(struct peripheral *p, uint8_t format, uint16_t bits, struct span data) {
  const struct osdp_raw x = {.format = format, .bits = bits, .data = data};
  uint8_t bytes[osdp_data_max];
  if (bits == 0 || bits > peripheral_card_bits_max || data.n != (bits + 7u) / 8)
    return false;
  struct queued *q = enqueue(p, OSDP_RAW);
  if (!q)
    return false;
  q->n = (uint8_t)osdp_encode(osdp_message_of(true, OSDP_RAW), &x, bytes, 0);
  memcpy(q->data, bytes, q->n);
  bytes_wipe(bytes, q->n);
  return true;
}

bool peripheral_keys(struct peripheral *p, struct span keys) {
  const struct osdp_keypad x = {.count = (uint8_t)keys.n, .keys = keys};
  uint8_t bytes[osdp_data_max];
  if (!p->o.keypad || keys.n == 0 || keys.n > peripheral_keys_max)
    return false;
  struct queued *q = enqueue(p, OSDP_KEYPAD);
  if (!q)
    return false;
  q->n = (uint8_t)osdp_encode(osdp_message_of(true, OSDP_KEYPAD), &x, bytes, 0);
  memcpy(q->data, bytes, q->n);
  bytes_wipe(bytes, q->n);
  return true;
}

bool peripheral_input_set(struct peripheral *p, uint8_t input, bool active) {
  if (input >= p->o.n_inputs)
    return false;
  if (p->inputs[input] == active)
    return true;
  p->inputs[input] = active;
  return queue_inputs(p);
}

static bool set_local(struct peripheral *p, uint8_t *which, bool on) {
  if (*which == on)
    return true;
  *which = on;
  return queue_local(p);
}

bool peripheral_tamper(struct peripheral *p, bool tampered) {
  return set_local(p, &p->local.tamper, tampered);
}

bool peripheral_power(struct peripheral *p, bool failed) {
  return set_local(p, &p->local.power, failed);
}

void peripheral_busy(struct peripheral *p, uint32_t n) {
  p->busy = n;
}

void peripheral_restart(struct peripheral *p, usec now) {
  peripheral_tick(p, now);
  forget_panel(p);
  empty_queue(p);
  p->n_in = 0;
  p->busy = 0;
  p->file_size = p->file_at = 0;
  device_off(&p->device, p->now);
}

bool peripheral_output_is_on(const struct peripheral *p, uint8_t output) {
  return output < p->o.n_outputs && p->device.outputs[output].on;
}

bool peripheral_is_secure(const struct peripheral *p) {
  return p->session == SESSION_SECURE;
}

/* --- Making one --- */

struct peripheral *peripheral_new(const struct peripheral_options *options,
                                  const struct peripheral_ops *ops) {
  SP_ASSERT(options->address <= osdp_address_max && ops->random);
  SP_ASSERT(options->n_inputs <= peripheral_inputs_max &&
            options->n_outputs <= peripheral_outputs_max && options->n_leds <= peripheral_leds_max);
  struct peripheral *p = sp_alloc(1, sizeof *p);
  if (!p)
    return NULL;
  p->o = *options;
  p->ops = *ops;
  p->device = (struct device){.ops = &p->ops,
                              .n_outputs = options->n_outputs,
                              .n_leds = options->n_leds,
                              .has_buzzer = options->buzzer};
  return p;
}

void peripheral_free(struct peripheral *p) {
  if (!p)
    return;
  osdp_secure_wipe(&p->secure);
  bytes_wipe(p, sizeof *p);
  sp_free(p);
}
