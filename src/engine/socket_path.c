#include "engine/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char socket_name[] = "engine.sock";
enum { waiting_max = 128 };

/* By its own name where that fits, so that tools show it; else through /proc. */
static struct sockaddr_un address(const char *dir, int dir_fd, const char *name) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", dir, name);
  if (n >= (int)sizeof a.sun_path) {
    n = snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    SP_ASSERT(n < (int)sizeof a.sun_path); /* names are ours, and short */
  }
  return a;
}

enum sp_err socket_path_connect_to(const char *dir, const char *name, int *fd, struct fault *why) {
  int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC); /* lines may not read in it */
  if (dir_fd < 0)
    return fault_set(why, SP_NOT_FOUND, "%s: %s: is this the site's directory?", dir,
                     strerror(errno));
  struct sockaddr_un a = address(dir, dir_fd, name);
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int done = s < 0 ? -1 : connect(s, (const struct sockaddr *)&a, sizeof a);
  int what = errno;
  close(dir_fd);
  if (done == 0) {
    *fd = s;
    return SP_OK;
  }
  if (s >= 0)
    close(s);
  if (what == ENOENT || what == ECONNREFUSED)
    return fault_set(why, SP_UNAVAILABLE, "%s/%s: nobody listens there", dir, name);
  if (what == EACCES || what == EPERM)
    return fault_set(why, SP_DENIED, "%s/%s: only the user who runs the site may use it", dir,
                     name);
  return fault_set(why, SP_IO, "%s/%s: %s", dir, name, strerror(what));
}

enum sp_err socket_path_connect(const char *dir, int *fd, struct fault *why) {
  struct fault cause = {0};
  enum sp_err err = socket_path_connect_to(dir, socket_name, fd, &cause);
  if (err == SP_UNAVAILABLE)
    return fault_set(why, SP_UNAVAILABLE,
                     "no engine serves %s: start it with `sallyport serve --dir %s`", dir, dir);
  return err ? fault_set(why, err == SP_IO ? SP_UNAVAILABLE : err, "%s", cause.text) : SP_OK;
}

enum sp_err socket_path_listen_at(const char *dir, int dir_fd, const char *name, int *fd,
                                  struct fault *why) {
  struct sockaddr_un a = address(dir, dir_fd, name);
  unlinkat(dir_fd, name, 0);
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* The mode of the socket becomes that of its file: nobody else ever finds it open. */
  bool ok = s >= 0 && fchmod(s, 0600) == 0 && bind(s, (const struct sockaddr *)&a, sizeof a) == 0 &&
            fchmodat(dir_fd, name, 0600, 0) == 0 && listen(s, waiting_max) == 0;
  if (ok) {
    *fd = s;
    return SP_OK;
  }
  int what = errno;
  if (s >= 0)
    close(s);
  return fault_set(why, SP_IO, "%s/%s: %s: is the directory writable?", dir, name, strerror(what));
}

void socket_path_remove_at(int dir_fd, const char *name) {
  unlinkat(dir_fd, name, 0);
}

enum sp_err socket_path_listen(const char *dir, int dir_fd, int *fd, struct fault *why) {
  return socket_path_listen_at(dir, dir_fd, socket_name, fd, why);
}

void socket_path_remove(int dir_fd) {
  socket_path_remove_at(dir_fd, socket_name);
}

bool socket_path_is_ours(int fd, uint32_t *uid) {
  struct ucred c;
  socklen_t n = sizeof c;
  bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) == 0;
  if (uid)
    *uid = known ? c.uid : UINT32_MAX;
  return known && (c.uid == geteuid() || c.uid == 0);
}
