/* socket_path.h: DIR/engine.sock, however long DIR is: an address holds 107 bytes only, so longer
 * paths go by way of the open directory. */
#ifndef SP_ENGINE_SOCKET_PATH_H
#define SP_ENGINE_SOCKET_PATH_H

#include "base/err.h"

/* A connected socket. SP_UNAVAILABLE: nobody listens; SP_NOT_FOUND: no such directory. */
enum sp_err socket_path_connect(const char *dir, int *fd, struct fault *why) SP_MUST_USE;
/* A listening one with mode 0600; what an engine that was killed left is replaced. The caller
 * holds the site's lock. dir_fd: the directory, open while the socket is in use. */
enum sp_err socket_path_listen(const char *dir, int dir_fd, int *fd, struct fault *why) SP_MUST_USE;
void socket_path_remove(int dir_fd);

#endif
