#include "audit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum sp_err audit_file_read(const char *path, size_t most, struct buf *out, struct fault *why) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fault_set(why, errno == ENOENT || errno == ENOTDIR ? SP_NOT_FOUND : SP_IO, "%s: %s",
                     path, strerror(errno));
  enum sp_err err = SP_OK;
  while (!err) {
    if (!buf_reserve(out, 65536)) {
      err = fault_set(why, SP_NO_MEMORY, "%s: out of memory", path);
      break;
    }
    ssize_t n = read(fd, out->p + out->n, out->cap - out->n);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      err = fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
    if (n <= 0)
      break;
    out->n += (size_t)n;
    if (out->n > most)
      err = fault_set(why, SP_LIMIT, "%s: more than %zu bytes", path, most);
  }
  close(fd);
  return err;
}

/* Every folder that the path names before its last part. */
static enum sp_err make_folders(const char *path, struct fault *why) {
  char folder[path_max];
  size_t n = strlen(path);
  if (n >= sizeof folder)
    return fault_set(why, SP_LIMIT, "%s: the path is too long", path);
  for (size_t i = 1; i < n; i++) {
    if (path[i] != '/')
      continue;
    memcpy(folder, path, i);
    folder[i] = 0;
    if (mkdir(folder, 0755) && errno != EEXIST)
      return fault_set(why, SP_IO, "%s: %s", folder, strerror(errno));
  }
  return SP_OK;
}

static enum sp_err write_all(int fd, struct span bytes) {
  for (size_t at = 0; at < bytes.n;) {
    ssize_t n = write(fd, bytes.p + at, bytes.n - at);
    if (n < 0 && errno != EINTR)
      return SP_IO;
    at += n > 0 ? (size_t)n : 0;
  }
  return SP_OK;
}

/* A rename is durable when its folder is. */
static int sync_folder_of(const char *path) {
  char folder[path_max];
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  memcpy(folder, slash ? path : ".", slash ? n : 1);
  folder[slash ? n : 1] = 0;
  int fd = open(n || !slash ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  int failed = fsync(fd);
  close(fd);
  return failed;
}

static enum sp_err replace(const char *path, struct span bytes, bool durable, struct fault *why) {
  char beside[path_max];
  if (snprintf(beside, sizeof beside, "%s.tmp", path) >= (int)sizeof beside)
    return fault_set(why, SP_LIMIT, "%s: the path is too long", path);
  int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 && errno == ENOENT) {
    enum sp_err err = make_folders(path, why);
    if (err)
      return err;
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  if (fd < 0)
    return fault_set(why, SP_IO, "%s: %s", beside, strerror(errno));
  enum sp_err err = SP_OK;
  if (write_all(fd, bytes) || (durable && fsync(fd)))
    err = fault_set(why, SP_IO, "%s: %s", beside, strerror(errno));
  close(fd);
  if (!err && (rename(beside, path) || (durable && sync_folder_of(path))))
    err = fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
  if (err)
    unlink(beside);
  return err;
}

enum sp_err audit_file_replace(const char *path, struct span bytes, struct fault *why) {
  return replace(path, bytes, true, why);
}

enum sp_err audit_file_put(const char *path, struct span bytes, struct fault *why) {
  return replace(path, bytes, false, why);
}

enum sp_err audit_files_sync(const char *folder, struct fault *why) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return SP_OK; /* nothing was written */
  int failed = fd < 0 || syncfs(fd);
  int said = errno;
  if (fd >= 0)
    close(fd);
  return failed ? fault_set(why, SP_IO, "%s: %s", folder, strerror(said)) : SP_OK;
}
