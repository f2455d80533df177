#include "line/key_file.h"

#include "line/secret_file.h"

enum sp_err key_file_read(const char *path, uint8_t key[osdp_key_bytes], struct fault *why) {
  enum sp_err err = secret_file_read(path, key, osdp_key_bytes, why);
  if (!err && bytes_equal_ct(key, osdp_scbk_d, osdp_key_bytes))
    err = fault_set(
        why, SP_INVALID,
        "%s holds the key that everyone knows: without the file the reader waits for one of "
        "its own",
        path);
  return err;
}

enum sp_err key_file_write(const char *path, const uint8_t key[osdp_key_bytes], struct fault *why) {
  return secret_file_write(path, key, osdp_key_bytes, why);
}
