#include "line/secret_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { path_most = 4096, digits_max = 2 * secret_file_bytes_max };

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

static enum sp_err parse(const char *path, char *text, ssize_t got, uint8_t *out, size_t n,
                         struct fault *why) {
  while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == '\r'))
    got--;
  for (ssize_t i = 0; i < got; i++)
    text[i] = (char)tolower((unsigned char)text[i]);
  if (!hex_decode(out, n, text, (size_t)got))
    return fault_set(why, SP_INVALID, "%s holds no key: it should be %zu hex digits", path, 2 * n);
  return SP_OK;
}

enum sp_err secret_file_read(const char *path, uint8_t *out, size_t n, struct fault *why) {
  char text[digits_max + 4];
  SP_ASSERT(n <= secret_file_bytes_max);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fault_set(why,
                     errno == ENOENT   ? SP_NOT_FOUND
                     : errno == EACCES ? SP_DENIED
                                       : SP_IO,
                     "%s: %s", path, strerror(errno));
  enum sp_err err = check_owner(fd, path, why);
  ssize_t got = err ? -1 : read(fd, text, sizeof text);
  if (!err && got < 0)
    err = fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
  if (!err)
    err = parse(path, text, got, out, n, why);
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

enum sp_err secret_file_write(const char *path, const uint8_t *bytes, size_t n, struct fault *why) {
  char text[digits_max + 1], beside[path_most];
  SP_ASSERT(n <= secret_file_bytes_max);
  if (strlen(path) + sizeof ".new" > sizeof beside)
    return fault_set(why, SP_LIMIT, "the name of the key's file is too long");
  snprintf(beside, sizeof beside, "%s.new", path);
  unlink(beside); /* of one that did not end well */
  hex_encode(text, bytes, n);
  text[2 * n] = '\n';
  int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && write(fd, text, 2 * n + 1) == (ssize_t)(2 * n + 1) && fsync(fd) == 0;
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
