#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static enum sp_err os_fault(struct fault *why, const char *path, int error) {
  if (error == ENOENT || error == ENOTDIR)
    return fault_set(why, SP_NOT_FOUND, "%s: there is no such file", path);
  if (error == EACCES || error == EPERM)
    return fault_set(why, SP_DENIED, "%s: you may not read it (%s)", path, strerror(error));
  return fault_set(why, SP_IO, "%s: cannot be read: %s", path, strerror(error));
}

enum sp_err cli_file_read(const char *path, size_t most, struct buf *out, struct fault *why) {
  bool standard = strcmp(path, "-") == 0;
  int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return os_fault(why, path, errno);
  enum sp_err err = SP_OK;
  size_t start = out->n;
  for (;;) {
    if (!buf_reserve(out, 65536)) {
      err = fault_set(why, SP_NO_MEMORY, "%s: out of memory", path);
      break;
    }
    ssize_t got = read(fd, out->p + out->n, 65536);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      err = os_fault(why, path, errno);
    if (got <= 0)
      break;
    out->n += (size_t)got;
    if (out->n - start > most) {
      err = fault_set(why, SP_LIMIT, "%s: longer than %zu bytes", path, most);
      break;
    }
  }
  if (!standard)
    close(fd);
  return err;
}
