/* port.h: what a line of the plan is connected by: a serial device, a TCP connection that it makes,
 * or one that it waits for. Lost ones are tried again by themselves.
 */
#ifndef SP_LINE_PORT_H
#define SP_LINE_PORT_H

#include "core/plan.h"

#include <uv.h>

struct port_ops {
  void *ctx;
  void (*up)(void *ctx, bool up);
  void (*bytes)(void *ctx, struct span bytes);
  void (*say)(void *ctx, const char *text); /* why it is not there, once */
};

struct port; /* opaque */
/* where: a device's path, or host:port. SP_INVALID: it is neither; SP_IO: nobody can listen there.
 */
enum sp_err port_open(struct port **out, uv_loop_t *loop, const struct plan_line *line,
                      const struct port_ops *ops, struct fault *why) SP_MUST_USE;
/* Copies. What a port that is not there is given is dropped. */
void port_send(struct port *p, struct span bytes);
/* Ends it; the loop must run on until its handles are closed. */
void port_close(struct port *p);

#endif
