/* socket_path.h: DIR/engine.sock, and other sockets of a site's directory, however long its path
 * is: an address holds 107 bytes only, so longer ones go by way of the open directory. Only the
 * user who listens (and root) may connect. */
#ifndef SP_ENGINE_SOCKET_PATH_H
#define SP_ENGINE_SOCKET_PATH_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* A connected socket. SP_UNAVAILABLE: nobody listens; SP_NOT_FOUND: no such directory. */
enum sp_err socket_path_connect(const char *dir, int *fd, struct fault *why) SP_MUST_USE;
/* A listening one with mode 0600; what an engine that was killed left is replaced. The caller
 * holds the site's lock. dir_fd: the directory, open while the socket is in use. */
enum sp_err socket_path_listen(const char *dir, int dir_fd, int *fd, struct fault *why) SP_MUST_USE;
void socket_path_remove(int dir_fd);

/* The same of any socket, `name` in dir. Whoever listens has a lock of their own for that name. */
enum sp_err socket_path_connect_to(const char *dir, const char *name, int *fd,
                                   struct fault *why) SP_MUST_USE;
enum sp_err socket_path_listen_at(const char *dir, int dir_fd, const char *name, int *fd,
                                  struct fault *why) SP_MUST_USE;
void socket_path_remove_at(int dir_fd, const char *name);
/* Whether who is at the other end of this connection is this process's user, or root. *uid, which
 * may be NULL: who. */
bool socket_path_is_ours(int fd, uint32_t *uid);

#endif
