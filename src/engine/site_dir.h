/* site_dir.h: a site's data directory: its lock, keys, database path and checkpoint file.
 *
 *   site.db            the store                    checkpoint   the last signed one, replaced at
 * once keys/signing.pem   Ed25519, PKCS#8, 0600        engine.sock  while the engine runs, 0600
 *   keys/site.key      32 bytes as hex, 0600        lock         held by whoever writes
 *
 * Invariants:
 *   1. a site is made beside its place and renamed into it: there is never half a site;
 *   2. secret keys are only in struct site_keys, wiped by site_keys_wipe.
 */
#ifndef SP_ENGINE_SITE_DIR_H
#define SP_ENGINE_SITE_DIR_H

#include "engine/founding.h"
#include "journal/note.h"
#include "store/store.h"

struct site_dir; /* one open directory */

enum site_dir_mode {
  SITE_DIR_READ,  /* no lock; the engine may run */
  SITE_DIR_WRITE, /* locked: SP_BUSY when another process has it */
};
/* SP_NOT_FOUND: no site there; SP_BUSY; SP_IO; SP_VERSION: of a newer program. */
enum sp_err site_dir_open(struct site_dir **out, const char *path, enum site_dir_mode mode,
                          struct fault *why) SP_MUST_USE;
void site_dir_close(struct site_dir *d); /* gives the lock back; NULL is fine */
const char *site_dir_path(const struct site_dir *d);
/* The site's slug and the log's origin, from files beside the keys and the store's meta. */
const struct slug *site_dir_site(const struct site_dir *d);
const char *site_dir_origin(const struct site_dir *d);
/* Opens site.db. mode STORE_READ or STORE_WRITE (the directory is then open for writing). */
enum sp_err site_dir_store(const struct site_dir *d, enum store_mode mode, struct store **out,
                           struct fault *why) SP_MUST_USE;

/* The checkpoint file. Appends; SP_NOT_FOUND: nothing was signed yet. */
enum sp_err site_dir_checkpoint_read(const struct site_dir *d, struct buf *note,
                                     struct fault *why) SP_MUST_USE;
enum sp_err site_dir_checkpoint_write(const struct site_dir *d, struct span note,
                                      struct fault *why) SP_MUST_USE;

/* The public key alone: needed to verify, secret to nobody. */
enum sp_err site_dir_vkey(const struct site_dir *d, struct note_key *key,
                          struct fault *why) SP_MUST_USE;
struct site_keys {
  struct note_signer signer; /* its name is the origin */
  uint8_t site_key[32];
};
/* SP_DENIED when others may read a key file; SP_CORRUPT; SP_IO. */
enum sp_err site_dir_keys(const struct site_dir *d, struct site_keys *keys,
                          struct fault *why) SP_MUST_USE;
void site_keys_wipe(struct site_keys *keys);

/* --- A new site --- */

struct site_init {
  const char *dir;          /* must not exist, or be empty */
  const char *origin;       /* NULL: "sallyport.local/SITE" */
  struct founding founding; /* but its signer, io and time, which are made here */
};
/* Makes the directory with everything in it: keys, journal with site.created, plan.applied and the
 * operators, first checkpoint. vkey, which may be NULL, is the log's verifier key. SP_EXISTS,
 * SP_INVALID (a name, password, origin or role), SP_IO. */
enum sp_err site_dir_init(const struct site_init *init, char vkey[vkey_max],
                          struct fault *why) SP_MUST_USE;

#endif
