/* note.h: signed checkpoints: C2SP signed-note, tlog-checkpoint and tlog-cosignature.
 *
 * text "\n" "— " name " " base64(keyid4 || signature) "\n" …; the text of a checkpoint is
 * origin "\n" size "\n" base64(root) "\n" and maybe more lines. Key id = first four bytes of
 * SHA-256(name || 0x0A || type || public key); type 0x01 is Ed25519, 0x04 cosignature/v1.
 *
 * Invariants:
 *   1. nothing of a note is believed before a signature of a known key held: opening fills *c last;
 *   2. a witness counts once, however many lines or names it has;
 *   3. secret bytes are only in struct note_signer, in a PEM buffer of the caller's, and wiped
 *      wherever else they pass.
 */
#ifndef SP_JOURNAL_NOTE_H
#define SP_JOURNAL_NOTE_H

#include "base/record.h"

enum {
  origin_max = 255, /* bytes; of a log's or witness's name too */
  note_signatures_max = 32,
  note_witnesses_max = 32,
  vkey_max = 400,   /* with the NUL */
  note_max = 131072 /* bytes; others' signatures may be of 5 KB each, and 16 must be accepted */
};
enum note_key_type { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

/* A public key with its name: "name+hex8+base64(type || key)". */
struct note_key {
  char name[origin_max + 1];
  uint8_t type;
  uint8_t id[4];
  uint8_t key[32];
};
/* A signing key. Wipe with signer_wipe. */
struct note_signer {
  struct note_key public;
  uint8_t seed[32];
};

/* A name that we give or trust: 1 to origin_max bytes of printable ASCII without space or '+'.
 * (Names of unknown keys in a note may be any UTF-8 without these.) */
bool note_name_valid(struct span name);

/* Key from 32 secret random bytes (RFC 8032). SP_INVALID: the name. */
enum sp_err signer_from_seed(struct note_signer *s, const char *name, const uint8_t seed[32],
                             struct fault *why) SP_MUST_USE;
void signer_wipe(struct note_signer *s);
/* PKCS#8 PEM, as `openssl pkey` reads and writes; one with a passphrase is refused. The caller
 * wipes the buffer. */
enum sp_err signer_to_pem(const struct note_signer *s, struct buf *pem,
                          struct fault *why) SP_MUST_USE;
enum sp_err signer_from_pem(struct note_signer *s, const char *name, struct span pem,
                            struct fault *why) SP_MUST_USE;

/* Writes the text with a NUL. */
void vkey_format(const struct note_key *k, char out[vkey_max]);
/* Both types; the key id must be the right one. */
enum sp_err vkey_parse(struct note_key *k, struct span text, struct fault *why) SP_MUST_USE;

struct checkpoint {
  char origin[origin_max + 1];
  uint64_t size;
  struct hash root;
};

/* Appends the whole signed note. */
enum sp_err checkpoint_sign(const struct checkpoint *c, const struct note_signer *s,
                            struct buf *note, struct fault *why) SP_MUST_USE;

/* Opens a note: at least one signature of `log` must be there and right; signatures of unknown keys
 * are passed over; one of a known key that is wrong rejects the note. Witness keys may be given
 * (type NOTE_COSIGNATURE, at most note_witnesses_max): *cosigned, which may be NULL, tells how many
 * of them signed. *text points into the note and ends with its newline. SP_INVALID when it is no
 * note, SP_CORRUPT when a signature does not hold or the log's is missing, SP_LIMIT for too many
 * witnesses, SP_NO_MEMORY. */
enum sp_err note_open(struct span *text, struct span note, const struct note_key *log,
                      const struct note_key *witnesses, size_t n_witnesses, unsigned *cosigned,
                      struct fault *why) SP_MUST_USE;
/* The same, and reads its checkpoint: SP_INVALID too when it is none, SP_CORRUPT too when its
 * origin is not the key's name. */
enum sp_err checkpoint_open(struct checkpoint *c, struct span note, const struct note_key *log,
                            const struct note_key *witnesses, size_t n_witnesses,
                            unsigned *cosigned, struct fault *why) SP_MUST_USE;
/* The text alone, unverified: three lines and maybe extension lines, which are passed over. */
enum sp_err checkpoint_parse(struct checkpoint *c, struct span text, struct fault *why) SP_MUST_USE;
/* Appends the text alone: what is signed. */
void checkpoint_text(const struct checkpoint *c, struct buf *text);

/* A cosignature/v1 of a checkpoint's text, which the caller has opened and found consistent; time
 * in seconds since 1970. Appends the signature line, to be put after a note or sent alone
 * (tlog-witness). w is of type NOTE_COSIGNATURE: signer_as_witness makes it so. */
enum sp_err cosignature_sign(const struct note_signer *w, struct span text, uint64_t time,
                             struct buf *line, struct fault *why) SP_MUST_USE;
/* Checks one such line, with its newline, against the text that was sent. SP_INVALID: no line of
 * this witness; SP_CORRUPT: its signature does not hold. */
enum sp_err cosignature_verify(const struct note_key *witness, struct span text, struct span line,
                               uint64_t *time, struct fault *why) SP_MUST_USE;
/* The same key and name for cosignatures; its key id differs. */
void signer_as_witness(struct note_signer *s);

/* RFC 4648 section 4 with padding. Decoding is strict: false on white space, missing padding,
 * unused bits that are set, or no memory (out->failed); appended bytes are then to be dropped. */
bool base64_decode(struct buf *out, struct span text);
void base64_encode(struct buf *out, struct span bytes);

#endif
