/* port.h: what a line runs over: a serial device, a TCP connection that is made or waited for, or a
 * descriptor that is open already. Lost ones are tried again by themselves.
 *
 * A serial device is locked as long as it is open: two who speak on one bus answer for each other.
 */
#ifndef SP_LINE_PORT_H
#define SP_LINE_PORT_H

#include "base/bytes.h"

#include <uv.h>

enum port_kind {
  PORT_DEVICE,  /* where: a serial device's path */
  PORT_CONNECT, /* where: HOST:PORT, an IPv6 address in brackets */
  PORT_LISTEN,  /* likewise; who comes last is on it */
  PORT_OPEN,    /* fd, which is the port's from then on: a wire that may end nowhere */
};
struct port_options {
  enum port_kind kind;
  const char *where; /* outlives the port */
  uint32_t baud;     /* of PORT_DEVICE */
  bool once;         /* what is lost, or not there, is told and not tried again */
  int fd;
};

struct port_ops {
  void *ctx;
  void (*up)(void *ctx, bool up);
  void (*bytes)(void *ctx, struct span bytes);
  void (*say)(void *ctx, const char *text); /* where it listens; why it is not there, once */
};

struct port; /* opaque */
/* SP_USAGE: where is not HOST:PORT; SP_IO: nobody can listen there. *out is to be closed in any
 * case. */
enum sp_err port_open(struct port **out, uv_loop_t *loop, const struct port_options *options,
                      const struct port_ops *ops, struct fault *why) SP_MUST_USE;
/* Copies. What a port that is not there is given is dropped. */
void port_send(struct port *p, struct span bytes);
/* Another speed, at once, of PORT_DEVICE that is there; what came in until now is dropped. False:
 * the device does not know it. */
bool port_baud(struct port *p, uint32_t baud) SP_MUST_USE;
/* Ends it; the loop must run on until its handles are closed. NULL is fine. */
void port_close(struct port *p);

#endif
