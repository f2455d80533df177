#include "line/key_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { digits = 2 * osdp_key_bytes, path_most = 4096 };

static enum sp_err check_owner(int fd, const char *path, struct fault *why) {
  struct stat s;
  if (fstat(fd, &s) != 0)
    return fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
  if (!S_ISREG(s.st_mode))
    return fault_set(why, SP_INVALID, "%s is no file", path);
  if (s.st_mode & 077)
    return fault_set(why, SP_DENIED, "others may read the key in %s: `chmod 600 %s`", path, path);
  return SP_OK;
}

static enum sp_err parse(const char *path, char *text, ssize_t n, uint8_t *key, struct fault *why) {
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
    n--;
  for (ssize_t i = 0; i < n; i++)
    text[i] = (char)tolower((unsigned char)text[i]);
  if (n != digits || !hex_decode(key, osdp_key_bytes, text, digits))
    return fault_set(why, SP_INVALID, "%s holds no key: it should be %d hex digits", path, digits);
  if (bytes_equal_ct(key, osdp_scbk_d, osdp_key_bytes))
    return fault_set(why, SP_INVALID,
                     "%s holds the key that everyone knows: without the file the reader waits for "
                     "one of its own",
                     path);
  return SP_OK;
}

enum sp_err key_file_read(const char *path, uint8_t key[osdp_key_bytes], struct fault *why) {
  char text[digits + 4];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fault_set(why,
                     errno == ENOENT   ? SP_NOT_FOUND
                     : errno == EACCES ? SP_DENIED
                                       : SP_IO,
                     "%s: %s", path, strerror(errno));
  enum sp_err err = check_owner(fd, path, why);
  ssize_t n = err ? -1 : read(fd, text, sizeof text);
  if (!err && n < 0)
    err = fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
  if (!err)
    err = parse(path, text, n, key, why);
  bytes_wipe(text, sizeof text);
  close(fd);
  return err;
}

static bool sync_folder(const char *path) {
  char folder[path_most];
  const char *slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0)
    close(fd);
  return ok;
}

enum sp_err key_file_write(const char *path, const uint8_t key[osdp_key_bytes], struct fault *why) {
  char text[digits + 1], beside[path_most];
  if (strlen(path) + sizeof ".new" > sizeof beside)
    return fault_set(why, SP_LIMIT, "the name of the key's file is too long");
  snprintf(beside, sizeof beside, "%s.new", path);
  unlink(beside); /* of one that did not end well */
  hex_encode(text, key, osdp_key_bytes);
  text[digits] = '\n';
  int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && write(fd, text, sizeof text) == (ssize_t)sizeof text && fsync(fd) == 0;
  int what = errno;
  bytes_wipe(text, sizeof text);
  if (fd >= 0)
    close(fd);
  if (ok && (rename(beside, path) != 0 || !sync_folder(path))) {
    ok = false;
    what = errno;
  }
  if (ok)
    return SP_OK;
  unlink(beside);
  return fault_set(why, SP_IO, "the key cannot be kept in %s: %s", path, strerror(what));
}
