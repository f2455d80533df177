#include "line/keys.h"

#include "base/system.h"
#include "line/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

enum {
  master_bytes = 32,
  nonce_bytes = 12,
  tag_bytes = 16,
  plain_bytes = 2 + 2 * osdp_key_bytes, /* which of the two there are, and the two */
  sealed_bytes = nonce_bytes + plain_bytes + tag_bytes,
  path_most = 4096,
};

/* --- The key file --- */

static bool path_of(char out[path_most], const char *dir, const char *reader) {
  int n = reader ? snprintf(out, path_most, "%s/" KEYS_FOLDER "/%s.scbk", dir, reader)
                 : snprintf(out, path_most, "%s/" KEYS_FOLDER "/master.key", dir);
  return n < path_most;
}

/* Several lines may need it first at the same time: one makes it, and the others take that. */
static enum sp_err make_master(const char *dir, const char *path, uint8_t key[master_bytes],
                               struct fault *why) {
  char lock[path_most];
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int n = snprintf(lock, sizeof lock, "%s/" KEYS_FOLDER "/master.lock", dir);
  int fd = n < (int)sizeof lock ? open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1, got = -1;
  while (fd >= 0 && (got = fcntl(fd, F_OFD_SETLKW, &all)) != 0 && errno == EINTR)
    ;
  enum sp_err err =
      got == 0 ? secret_file_read(path, key, master_bytes, why)
               : fault_set(why, SP_IO, "%s: %s: is the directory writable?", lock, strerror(errno));
  if (err == SP_NOT_FOUND) {
    system_random(key, master_bytes);
    err = secret_file_write(path, key, master_bytes, why);
  }
  if (fd >= 0)
    close(fd);
  return err;
}

static enum sp_err master(const char *dir, bool make, uint8_t key[master_bytes],
                          struct fault *why) {
  char path[path_most];
  if (!path_of(path, dir, NULL))
    return fault_set(why, SP_LIMIT, "the name of the site's directory is too long");
  enum sp_err err = secret_file_read(path, key, master_bytes, why);
  return err == SP_NOT_FOUND && make ? make_master(dir, path, key, why) : err;
}

/* --- Sealing --- */

static bool seal(const uint8_t key[master_bytes], const char *reader, const uint8_t *plain,
                 uint8_t out[sealed_bytes]) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  int n = 0;
  system_random(out, nonce_bytes);
  bool ok =
      c && EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), key, out, NULL) &&
      EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)reader, (int)strlen(reader)) &&
      EVP_EncryptUpdate(c, out + nonce_bytes, &n, plain, plain_bytes) &&
      EVP_EncryptFinal_ex(c, out + nonce_bytes + n, &n) &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_bytes, out + nonce_bytes + plain_bytes);
  EVP_CIPHER_CTX_free(c);
  return ok;
}

static bool unseal(const uint8_t key[master_bytes], const char *reader, uint8_t in[sealed_bytes],
                   uint8_t *plain) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  int n = 0;
  bool ok =
      c && EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), key, in, NULL) &&
      EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)reader, (int)strlen(reader)) &&
      EVP_DecryptUpdate(c, plain, &n, in + nonce_bytes, plain_bytes) &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_bytes, in + nonce_bytes + plain_bytes) &&
      EVP_DecryptFinal_ex(c, plain + n, &n) == 1;
  EVP_CIPHER_CTX_free(c);
  return ok;
}

enum sp_err keys_folder(const char *dir, struct fault *why) {
  char path[path_most];
  int n = snprintf(path, sizeof path, "%s/" KEYS_FOLDER, dir);
  if (n < path_most && mkdir(path, 0700) != 0 && errno != EEXIST)
    return fault_set(why, errno == ENOENT ? SP_NOT_FOUND : SP_IO, "%s: %s", path, strerror(errno));
  return SP_OK; /* a name that is too long is told by whoever uses it */
}

const char *keys_master_link(const char *dir, char *out, size_t n) {
  char path[path_most], end[PATH_MAX];
  struct stat st;
  if (!path_of(path, dir, NULL) || lstat(path, &st) != 0 || !S_ISLNK(st.st_mode) ||
      !realpath(path, end) || strlen(end) >= n)
    return NULL;
  memcpy(out, end, strlen(end) + 1);
  return out;
}

enum sp_err keys_read(const char *dir, const char *reader, struct line_key *key,
                      struct fault *why) {
  uint8_t secret[master_bytes], sealed[sealed_bytes] = {0}, plain[plain_bytes] = {0};
  char path[path_most];
  if (!path_of(path, dir, reader))
    return fault_set(why, SP_LIMIT, "the name of the site's directory is too long");
  enum sp_err err = secret_file_read(path, sealed, sizeof sealed, why);
  if (!err)
    err = master(dir, false, secret, why);
  if (!err && !unseal(secret, reader, sealed, plain))
    err = fault_set(why, SP_CORRUPT,
                    "%s was not made with the master.key beside it, or was changed: remove it, and "
                    "set the reader up anew",
                    path);
  if (!err) {
    key->has = plain[0] == 1;
    key->has_next = plain[1] == 1;
    memcpy(key->key, plain + 2, osdp_key_bytes);
    memcpy(key->next, plain + 2 + osdp_key_bytes, osdp_key_bytes);
  }
  bytes_wipe(secret, sizeof secret);
  bytes_wipe(plain, sizeof plain);
  return err;
}

enum sp_err keys_write(const char *dir, const char *reader, const struct line_key *key,
                       struct fault *why) {
  uint8_t secret[master_bytes], sealed[sealed_bytes],
      plain[plain_bytes] = {key->has, key->has_next};
  char path[path_most];
  if (!path_of(path, dir, reader))
    return fault_set(why, SP_LIMIT, "the name of the site's directory is too long");
  memcpy(plain + 2, key->key, osdp_key_bytes);
  memcpy(plain + 2 + osdp_key_bytes, key->next, osdp_key_bytes);
  enum sp_err err = master(dir, true, secret, why);
  if (!err && !seal(secret, reader, plain, sealed))
    err = fault_set(why, SP_NO_MEMORY, "the key of %s could not be enciphered", reader);
  if (!err)
    err = secret_file_write(path, sealed, sizeof sealed, why);
  bytes_wipe(secret, sizeof secret);
  bytes_wipe(plain, sizeof plain);
  return err;
}
