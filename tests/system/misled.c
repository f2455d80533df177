/* misled.so: preloaded, it makes the engine do at its first client what someone who had taken it
 * over would: reach for the network. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);

int accept4(int fd, struct sockaddr *address, socklen_t *n, int flags) {
  int out = socket(AF_INET, SOCK_STREAM, 0);
  if (out >= 0)
    return out;
  return (int)syscall(SYS_accept4, fd, address, n, flags);
}
