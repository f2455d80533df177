/* secure.h: OSDP's secure channel (SCS_11 to SCS_18): keys of a session, its handshake, and frames
 * with MACs and enciphered data. The same for panel and peripheral.
 *
 *   keys     S-ENC, M1, M2 = AES(SCBK, 0182 / 0101 / 0102, then RND.A[0..5], then zeros)
 *   CCRYPT   AES(S-ENC, RND.A RND.B)     SCRYPT   AES(S-ENC, RND.B RND.A)
 *   RMAC_I   AES(M2, AES(M1, the panel's cryptogram)), the first link of the chain of MACs
 *   MAC      over 53 to the end of the data: CBC with M1, the last block with M2; 80 00… fills up
 * the last block. A command's chain begins with the last reply's MAC and the other way round. data
 * CBC with S-ENC from the inverse of that same MAC; 80 00… always ends it
 *
 * Invariants:
 *   1. a frame that did not open leaves the session as it was: damage is asked for again;
 *   2. a frame that is sent again is sent byte for byte: it is never made a second time.
 *
 * The command codes and lengths are in clear; nothing here hides that someone holds a card.
 */
#ifndef SP_OSDP_SECURE_H
#define SP_OSDP_SECURE_H

#include "osdp/aes.h"
#include "osdp/frame.h"

enum { osdp_key_bytes = 16, osdp_random_bytes = 8 };
/* The key that everyone knows: for a peripheral's first key alone. */
extern const uint8_t osdp_scbk_d[osdp_key_bytes];

/* Zero-initialise; a secret. */
struct osdp_secure {
  struct aes enc, mac1, mac2;
  uint8_t a[osdp_random_bytes], b[osdp_random_bytes];
  uint8_t command_mac[aes_block], reply_mac[aes_block];
};

/* Derives the keys. SP_NO_MEMORY. */
enum sp_err osdp_secure_begin(struct osdp_secure *s, const uint8_t key[osdp_key_bytes],
                              const uint8_t a[osdp_random_bytes]) SP_MUST_USE;
void osdp_secure_wipe(struct osdp_secure *s);

/* The two cryptograms, once both random numbers are known, and RMAC_I. The chain begins. */
void osdp_secure_cryptograms(struct osdp_secure *s, const uint8_t b[osdp_random_bytes],
                             uint8_t peripheral[aes_block], uint8_t panel[aes_block],
                             uint8_t rmac[aes_block]);

/* Writes a frame under SCS_15 to SCS_18 (by whether it is a reply and has data) into out, which
 * has osdp_frame_max bytes; returns its size; 0: too much data. f->data is in clear; block and mac
 * are filled in. The chain goes on. */
size_t osdp_secure_seal(struct osdp_secure *s, struct osdp_frame *f, uint8_t *out);
/* Checks the MAC of a frame that came in and deciphers its data into plain, which has
 * osdp_frame_max bytes; f->data is that then. SP_DENIED: the MAC is wrong, or the padding. The
 * chain goes on only when all is right. */
enum sp_err osdp_secure_open(struct osdp_secure *s, struct osdp_frame *f,
                             uint8_t *plain) SP_MUST_USE;

#endif
