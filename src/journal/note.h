/* note.h: signed checkpoints: C2SP signed-note, tlog-checkpoint and tlog-cosignature.
 *
 * text "\n" "— " name " " base64(keyid4 || signature) "\n" …; the text of a checkpoint is
 * origin "\n" size "\n" base64(root) "\n" and maybe more lines. Key id = first four bytes of
 * SHA-256(name || 0x0A || type || public key); type 0x01 is Ed25519, 0x04 cosignature/v1.
 */
#ifndef SP_JOURNAL_NOTE_H
#define SP_JOURNAL_NOTE_H

#include "base/record.h"

enum { origin_max = 255, note_signatures_max = 32, vkey_max = 400, note_max = 16384 };
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

/* A name of a log or witness: 1 to origin_max bytes, no white space, no '+', no control bytes. */
bool note_name_valid(struct span name);

/* Key from 32 secret random bytes. */
enum sp_err signer_from_seed(struct note_signer *s, const char *name, const uint8_t seed[32],
                             struct fault *why) SP_MUST_USE;
void signer_wipe(struct note_signer *s);
/* PKCS#8 PEM, as `openssl pkey` reads and writes. The caller wipes the buffer. */
enum sp_err signer_to_pem(const struct note_signer *s, struct buf *pem,
                          struct fault *why) SP_MUST_USE;
enum sp_err signer_from_pem(struct note_signer *s, const char *name, struct span pem,
                            struct fault *why) SP_MUST_USE;

void vkey_format(const struct note_key *k, char out[vkey_max]);
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
 * are passed over; one of a known key that is wrong rejects the note. Witness keys may be given:
 * *cosigned tells how many of them signed. SP_INVALID when it is no note or no checkpoint,
 * SP_CORRUPT when a signature does not hold, or the origin is not the key's name. */
enum sp_err checkpoint_open(struct checkpoint *c, struct span note, const struct note_key *log,
                            const struct note_key *witnesses, size_t n_witnesses,
                            unsigned *cosigned, struct fault *why) SP_MUST_USE;
/* The text alone, unverified. */
enum sp_err checkpoint_parse(struct checkpoint *c, struct span text, struct fault *why) SP_MUST_USE;

/* Strict base64 with padding; false on anything else. */
bool base64_decode(struct buf *out, struct span text);
void base64_encode(struct buf *out, struct span bytes);

#endif
