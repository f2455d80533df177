/* message.h: the commands and replies of OSDP: codes, names, and what their data is made of.
 *
 * One table of fields a message: encoding, decoding, what `line trace` prints and docs/osdp.md are
 * made from it. Numbers are little endian on the line. A message that repeats (LED, OUT, PDCAP, the
 * status replies) is decoded a record at a time.
 */
#ifndef SP_OSDP_MESSAGE_H
#define SP_OSDP_MESSAGE_H

#include "osdp/frame.h"

/* What the panel does with it. */
enum osdp_use {
  OSDP_DONE,   /* understood and used */
  OSDP_OPAQUE, /* its bytes are handed on as they came */
  OSDP_KNOWN,  /* named in a trace; not sent, and if it comes, told and not acted upon */
};

/* X(NAME, code, profile, use, one record or many, their fields in message.c, what) */
#define OSDP_COMMAND_LIST(X)                                                                       \
  X(POLL, 0x60, "basic", DONE, ONE, nothing, "anything new?")                                      \
  X(ID, 0x61, "basic", DONE, ONE, select, "who are you?")                                          \
  X(CAP, 0x62, "basic", DONE, ONE, select, "what can you do?")                                     \
  X(DIAG, 0x63, "basic", DONE, ONE, select, "run a diagnostic")                                    \
  X(LSTAT, 0x64, "basic", DONE, ONE, nothing, "tamper and power?")                                 \
  X(ISTAT, 0x65, "basic", DONE, ONE, nothing, "inputs?")                                           \
  X(OSTAT, 0x66, "basic", DONE, ONE, nothing, "outputs?")                                          \
  X(RSTAT, 0x67, "basic", DONE, ONE, nothing, "readers attached to it?")                           \
  X(OUT, 0x68, "basic", DONE, MANY, out, "drive outputs")                                          \
  X(LED, 0x69, "basic", DONE, MANY, led, "light LEDs, for a time or for good")                     \
  X(BUZ, 0x6A, "basic", DONE, ONE, buz, "sound the buzzer")                                        \
  X(TEXT, 0x6B, "basic", DONE, ONE, text, "show a text")                                           \
  X(RMODE, 0x6C, "removed in 2.1", KNOWN, ONE, opaque, "reader mode")                              \
  X(TDSET, 0x6D, "removed in 2.1", KNOWN, ONE, opaque, "time and date")                            \
  X(COMSET, 0x6E, "basic", DONE, ONE, comset, "take another address and speed")                    \
  X(BIOREAD, 0x73, "biometric", KNOWN, ONE, opaque, "read a biometric feature")                    \
  X(BIOMATCH, 0x74, "biometric", KNOWN, ONE, opaque, "match a biometric feature")                  \
  X(KEYSET, 0x75, "secure", DONE, ONE, keyset, "take another key")                                 \
  X(CHLNG, 0x76, "secure", DONE, ONE, chlng, "begin a secure session")                             \
  X(SCRYPT, 0x77, "secure", DONE, ONE, cryptogram, "the panel's proof that it has the key")        \
  X(ACURXSIZE, 0x7B, "basic", DONE, ONE, acurxsize, "the longest frame that the panel receives")   \
  X(FILETRANSFER, 0x7C, "basic", DONE, ONE, filetransfer, "a piece of a file")                     \
  X(MFG, 0x80, "basic", DONE, ONE, mfg, "a manufacturer's own")                                    \
  X(XWR, 0xA1, "smart card", DONE, ONE, xwr, "talk to a card through the reader")                  \
  X(ABORT, 0xA2, "smart card", DONE, ONE, nothing, "give up what takes long")                      \
  X(PIVDATA, 0xA3, "smart card", KNOWN, ONE, opaque, "read an object of a PIV card")               \
  X(GENAUTH, 0xA4, "smart card", KNOWN, ONE, opaque, "general authenticate")                       \
  X(CRAUTH, 0xA5, "smart card", KNOWN, ONE, opaque, "challenge and response")                      \
  X(KEEPACTIVE, 0xA7, "smart card", DONE, ONE, keepactive, "keep the card powered")

#define OSDP_REPLY_LIST(X)                                                                         \
  X(ACK, 0x40, "basic", DONE, ONE, nothing, "understood; nothing new")                             \
  X(NAK, 0x41, "basic", DONE, ONE, nak, "not done, and why")                                       \
  X(PDID, 0x45, "basic", DONE, ONE, pdid, "who it is")                                             \
  X(PDCAP, 0x46, "basic", DONE, MANY, pdcap, "what it can do")                                     \
  X(LSTATR, 0x48, "basic", DONE, ONE, lstatr, "tamper and power")                                  \
  X(ISTATR, 0x49, "basic", DONE, MANY, status, "inputs")                                           \
  X(OSTATR, 0x4A, "basic", DONE, MANY, status, "outputs")                                          \
  X(RSTATR, 0x4B, "basic", DONE, MANY, status, "readers attached to it")                           \
  X(RAW, 0x50, "basic", DONE, ONE, raw, "bits of a card")                                          \
  X(FMT, 0x51, "removed in 2.1", KNOWN, ONE, fmt, "a card as characters")                          \
  X(KEYPAD, 0x53, "basic", DONE, ONE, keypad, "keys pressed")                                      \
  X(COM, 0x54, "basic", DONE, ONE, comset, "the address and speed it takes")                       \
  X(BIOREADR, 0x57, "biometric", OPAQUE, ONE, opaque, "a biometric template")                      \
  X(BIOMATCHR, 0x58, "biometric", OPAQUE, ONE, opaque, "the result of a match")                    \
  X(CCRYPT, 0x76, "secure", DONE, ONE, ccrypt, "the peripheral's proof that it has the key")       \
  X(RMAC_I, 0x78, "secure", DONE, ONE, cryptogram, "the first MAC of a session")                   \
  X(BUSY, 0x79, "basic", DONE, ONE, nothing, "ask again")                                          \
  X(FTSTAT, 0x7A, "basic", DONE, ONE, ftstat, "how the file transfer goes on")                     \
  X(PIVDATAR, 0x80, "smart card", OPAQUE, ONE, opaque, "an object of a PIV card")                  \
  X(GENAUTHR, 0x81, "smart card", OPAQUE, ONE, opaque, "the result of GENAUTH")                    \
  X(CRAUTHR, 0x82, "smart card", OPAQUE, ONE, opaque, "the result of CRAUTH")                      \
  X(MFGSTATR, 0x83, "basic", OPAQUE, ONE, opaque, "a manufacturer's own status")                   \
  X(MFGERRR, 0x84, "basic", OPAQUE, ONE, opaque, "a manufacturer's own error")                     \
  X(MFGREP, 0x90, "basic", DONE, ONE, mfg, "a manufacturer's own reply")                           \
  X(XRD, 0xB1, "smart card", DONE, ONE, xrd, "what the card said")

enum osdp_command {
#define X(NAME, code, ...) OSDP_##NAME = code,
  OSDP_COMMAND_LIST(X)
#undef X
};
enum osdp_reply {
#define X(NAME, code, ...) OSDP_##NAME = code,
  OSDP_REPLY_LIST(X)
#undef X
};

/* X(NAME, number, what it means) */
#define OSDP_NAK_LIST(X)                                                                           \
  X(CHECK, 1, "the check of the frame was wrong")                                                  \
  X(LENGTH, 2, "the command is too short or too long")                                             \
  X(COMMAND, 3, "the command or one of its values is not known")                                   \
  X(SEQUENCE, 4, "the sequence number was not the next")                                           \
  X(BLOCK, 5, "the security block is not supported")                                               \
  X(SECURE, 6, "a secure session is needed")                                                       \
  X(BIO_TYPE, 7, "the biometric type is not supported")                                            \
  X(BIO_FORMAT, 8, "the biometric format is not supported")                                        \
  X(RECORD, 9, "the command cannot be carried out")
enum osdp_nak {
#define X(NAME, number, doc) OSDP_NAK_##NAME = number,
  OSDP_NAK_LIST(X)
#undef X
};
const char *osdp_nak_text(uint8_t number); /* static; "reason N" is not among them: "unknown" */

/* X(NAME, number, what): functions that PDCAP tells of */
#define OSDP_CAPABILITY_LIST(X)                                                                    \
  X(INPUTS, 1, "contact status monitoring")                                                        \
  X(OUTPUTS, 2, "output control")                                                                  \
  X(CARD_FORMAT, 3, "card data format")                                                            \
  X(LED, 4, "reader LED control")                                                                  \
  X(BUZZER, 5, "reader audible output")                                                            \
  X(TEXT, 6, "reader text output")                                                                 \
  X(TIME, 7, "time keeping")                                                                       \
  X(CHECK, 8, "check character support: 1 = CRC-16")                                               \
  X(SECURITY, 9, "communication security: bit 0 = AES-128")                                        \
  X(RECEIVE, 10, "receive buffer size")                                                            \
  X(LARGEST, 11, "largest combined message size")                                                  \
  X(SMART_CARD, 12, "smart card support")                                                          \
  X(READERS, 13, "readers")                                                                        \
  X(BIOMETRICS, 14, "biometrics")                                                                  \
  X(SECURE_PIN, 15, "secure PIN entry")                                                            \
  X(VERSION, 16, "OSDP version: 1 = IEC 60839-11-5, 2 = SIA 2.2")
enum osdp_capability {
#define X(NAME, number, doc) OSDP_CAP_##NAME = number,
  OSDP_CAPABILITY_LIST(X)
#undef X
};
const char *osdp_capability_text(uint8_t number);

/* --- What messages are made of. Times are in units of 100 ms unless a name says otherwise. --- */

struct osdp_select { /* ID, CAP, DIAG */
  uint8_t type;
};
struct osdp_out {
  uint8_t output;
  uint8_t control; /* enum osdp_out_control */
  uint16_t timer;
};
enum osdp_out_control {
  OSDP_OUT_NOP,
  OSDP_OUT_OFF,       /* for good, ending a timer */
  OSDP_OUT_ON,        /* likewise */
  OSDP_OUT_OFF_AFTER, /* for good; a timer that runs ends first */
  OSDP_OUT_ON_AFTER,  /* likewise */
  OSDP_OUT_ON_TIMED,  /* for the timer, then as it is for good */
  OSDP_OUT_OFF_TIMED, /* likewise */
};
enum osdp_color {
  OSDP_BLACK,
  OSDP_RED,
  OSDP_GREEN,
  OSDP_AMBER,
  OSDP_BLUE,
  OSDP_MAGENTA,
  OSDP_CYAN,
  OSDP_WHITE,
};
struct osdp_led {
  uint8_t reader, led;
  uint8_t temp_control; /* 0 leave, 1 end and show the permanent one, 2 start */
  uint8_t temp_on, temp_off, temp_on_color, temp_off_color;
  uint16_t temp_timer;
  uint8_t perm_control; /* 0 leave, 1 set */
  uint8_t perm_on, perm_off, perm_on_color, perm_off_color;
};
struct osdp_buz {
  uint8_t reader;
  uint8_t tone; /* 1 off, 2 the usual one */
  uint8_t on, off;
  uint8_t count; /* 0: until told otherwise */
};
struct osdp_text {
  uint8_t reader;
  uint8_t control;     /* 1 for good, wrapped; 2 for good; 3 for a time, wrapped; 4 for a time */
  uint8_t seconds;     /* of 3 and 4 */
  uint8_t row, column; /* from 1 */
  uint8_t length;
  struct span text; /* ASCII */
};
struct osdp_comset { /* and COM */
  uint8_t address;
  uint32_t baud;
};
struct osdp_keyset {
  uint8_t type; /* 1: SCBK */
  uint8_t length;
  uint8_t key[16]; /* secret: wipe it */
};
struct osdp_chlng {
  uint8_t random[8];
};
struct osdp_cryptogram { /* SCRYPT, RMAC_I */
  uint8_t bytes[16];
};
struct osdp_ccrypt {
  uint8_t cuid[8], random[8], cryptogram[16];
};
struct osdp_acurxsize {
  uint16_t bytes;
};
struct osdp_filetransfer {
  uint8_t type; /* 1: opaque to the protocol */
  uint32_t size, offset;
  uint16_t length;
  struct span bytes;
};
struct osdp_mfg { /* and MFGREP */
  uint8_t vendor[3];
  struct span bytes;
};
struct osdp_xwr {
  uint8_t mode, command;
  struct span bytes;
};
struct osdp_keepactive {
  uint16_t ms;
};
struct osdp_nak_reply {
  uint8_t reason; /* enum osdp_nak */
  struct span more;
};
struct osdp_pdid {
  uint8_t vendor[3], model, version;
  uint32_t serial;
  uint8_t firmware[3];
};
struct osdp_pdcap {
  uint8_t function, compliance, number;
};
struct osdp_lstatr {
  uint8_t tamper, power; /* 0 as it should be; 1 tampered with, power failed */
};
struct osdp_status { /* ISTATR: 1 active; OSTATR: 1 on; RSTATR: 0 well, 1 not there, 2 tampered with
                      */
  uint8_t state;
};
struct osdp_raw {
  uint8_t reader;
  uint8_t format; /* 0 not told, 1 Wiegand with parity */
  uint16_t bits;
  struct span data; /* the first bit is the highest of the first byte; personal: not for logs */
};
struct osdp_fmt {
  uint8_t reader, direction, length;
  struct span data;
};
struct osdp_keypad {
  uint8_t reader, count;
  struct span keys; /* '0' to '9', 0x7F for *, 0x0D for #; secret */
};
struct osdp_ftstat {
  uint8_t
      action; /* bit 0: others may be interleaved; 1: leave the session; 2: it is back by itself */
  uint16_t delay_ms;
  uint16_t status; /* signed: below 0 an error; 0 go on, 1 done, 2 restarting, 3 keep asking */
  uint16_t length_max;
};
struct osdp_xrd {
  uint8_t mode, reply;
  struct span bytes;
};
struct osdp_opaque {
  struct span bytes;
};

/* --- The table --- */

enum osdp_field_kind {
  OSDP_U8,
  OSDP_U16,
  OSDP_U32,
  OSDP_BYTES,     /* as many as the field says */
  OSDP_REST,      /* all that are left */
  OSDP_REST_TEXT, /* likewise, characters */
};
/* How many bytes the rest must have. */
enum osdp_rest {
  OSDP_REST_ANY,
  OSDP_REST_COUNTED, /* as the field before it says */
  OSDP_REST_BITS,    /* as many as hold the bits that the field before it says */
};
enum osdp_care { OSDP_PLAIN, OSDP_PERSONAL, OSDP_SECRET }; /* what a trace may show */

struct osdp_field {
  const char *name;
  uint8_t kind, n, rest, care;
  uint16_t at; /* in the struct */
};

struct osdp_message {
  const char *name, *profile, *doc;
  uint8_t code;
  uint8_t use; /* enum osdp_use */
  bool reply;
  bool repeats;                    /* one record after the other */
  const struct osdp_field *fields; /* ended by one without a name */
};
extern const struct osdp_message osdp_messages[];
extern const size_t osdp_messages_n;
/* NULL: the standard does not know it. */
const struct osdp_message *osdp_message_of(bool reply, uint8_t code);

/* The table for docs/osdp.md. */
void osdp_messages_markdown(struct buf *out);

/* The first record of *data into out, a struct as above that the message's fields name; *data moves
 * behind it. Of a message that does not repeat: SP_INVALID as well when more than one is there.
 * Spans lie in the data. */
enum sp_err osdp_decode(const struct osdp_message *m, struct span *data, void *out,
                        struct fault *why) SP_MUST_USE;
/* Appends one record to the n bytes in out, which has osdp_data_max; returns how many there are
 * then; 0: no room. Lengths and spans must agree. */
size_t osdp_encode(const struct osdp_message *m, const void *in, uint8_t *out, size_t n);

#endif
