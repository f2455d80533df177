#include "line/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

enum { again_ms = 1000, unsent_max = 64 << 10 };

struct link { /* a connection, or the open device */
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } is;
  struct port *port;
};

struct sending {
  uv_write_t write;
  uint8_t bytes[];
};

struct port {
  struct port_options o;
  struct port_ops ops;
  uv_loop_t *loop;
  uv_timer_t again;
  uv_tcp_t listener;
  uv_connect_t connecting;
  struct sockaddr_storage address;
  struct link *link; /* the one in use */
  uint32_t handles;  /* not closed yet */
  bool closing, listens, told;
  uint8_t in[4096];
};

static void free_if_done(struct port *p) {
  if (p->closing && p->handles == 0)
    sp_free(p);
}

static void on_link_closed(uv_handle_t *h) {
  struct link *l = h->data;
  struct port *p = l->port;
  sp_free(l);
  p->handles--;
  free_if_done(p);
}

static void drop(struct link *l) {
  if (!uv_is_closing(&l->is.handle))
    uv_close(&l->is.handle, on_link_closed);
}

static void try_again(uv_timer_t *t);

static void wait_again(struct port *p) {
  if (!p->closing && !p->o.once && (p->o.kind == PORT_DEVICE || p->o.kind == PORT_CONNECT))
    uv_timer_start(&p->again, try_again, again_ms, 0);
}

static void lose(struct link *l) {
  struct port *p = l->port;
  bool current = p->link == l;
  drop(l);
  if (!current)
    return;
  p->link = NULL;
  if (!p->closing)
    p->ops.up(p->ops.ctx, false);
  wait_again(p);
}

/* Once, until it is there again. */
static void tell(struct port *p, const char *what) {
  char text[256];
  if (p->told)
    return;
  p->told = true;
  snprintf(text, sizeof text, p->o.once ? "%s: %s" : "%s: %s; it is tried again", p->o.where, what);
  p->ops.say(p->ops.ctx, text);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out) {
  struct link *l = h->data;
  (void)suggested;
  *out = uv_buf_init((char *)l->port->in, sizeof l->port->in);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *bytes) {
  struct link *l = s->data;
  struct port *p = l->port;
  if (n < 0) {
    tell(p, uv_strerror((int)n));
    lose(l);
  } else if (n > 0 && p->link == l) {
    p->ops.bytes(p->ops.ctx, span_of(bytes->base, (size_t)n));
    bytes_wipe(bytes->base, (size_t)n);
  }
}

static void use(struct link *l) {
  struct port *p = l->port;
  if (p->link) { /* who comes anew: the connection before is dead */
    struct link *old = p->link;
    p->link = NULL;
    drop(old);
    p->ops.up(p->ops.ctx, false);
  }
  if (uv_read_start(&l->is.stream, on_alloc, on_read) < 0) {
    drop(l);
    wait_again(p);
    return;
  }
  p->link = l;
  p->told = false;
  p->ops.up(p->ops.ctx, true);
}

static struct link *new_link(struct port *p) {
  struct link *l = sp_alloc(1, sizeof *l);
  if (!l)
    return NULL;
  l->port = p;
  bool file = p->o.kind == PORT_DEVICE || p->o.kind == PORT_OPEN;
  int code = file ? uv_pipe_init(p->loop, &l->is.pipe, 0) : uv_tcp_init(p->loop, &l->is.tcp);
  SP_ASSERT(code == 0); /* nothing is asked of the system yet */
  l->is.handle.data = l;
  p->handles++;
  return l;
}

/* --- TCP --- */

static void on_connection(uv_stream_t *listener, int status) {
  struct port *p = listener->data;
  struct link *l = status < 0 || p->closing ? NULL : new_link(p);
  if (!l)
    return;
  if (uv_accept(listener, &l->is.stream) != 0) {
    drop(l);
    return;
  }
  uv_tcp_nodelay(&l->is.tcp, 1);
  use(l);
}

static void on_connected(uv_connect_t *c, int status) {
  struct link *l = c->handle->data;
  struct port *p = l->port;
  if (status == 0 && !p->closing) {
    uv_tcp_nodelay(&l->is.tcp, 1);
    use(l);
    return;
  }
  if (!p->closing)
    tell(p, uv_strerror(status));
  drop(l);
  wait_again(p);
}

static void try_connect(struct port *p) {
  struct link *l = new_link(p);
  if (l && uv_tcp_connect(&p->connecting, &l->is.tcp, (const struct sockaddr *)&p->address,
                          on_connected) == 0)
    return;
  if (l)
    drop(l);
  wait_again(p);
}

static enum sp_err resolve(struct port *p, struct fault *why) {
  char host[256], *end;
  const char *where = p->o.where, *port = strrchr(where, ':');
  if (!port || port == where || port - where >= (int)sizeof host)
    return fault_set(why, SP_USAGE, "`%.80s` is not HOST:PORT", where);
  snprintf(host, sizeof host, "%.*s", (int)(port - where), where);
  char *from = host;
  if (host[0] == '[' && (end = strchr(host, ']')) && !end[1]) {
    *end = '\0';
    from++;
  }
  /* A gate does not wait for a name server, nor believe one. */
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  int code = getaddrinfo(from, port + 1, &hints, &found);
  if (code != 0 || !found)
    return fault_set(why, SP_USAGE, "%.80s: %s: it is an address in numbers, like 127.0.0.1:4701",
                     where, gai_strerror(code));
  memcpy(&p->address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return SP_OK;
}

static void tell_listening(struct port *p) {
  struct sockaddr_storage a;
  int n = sizeof a;
  char host[INET6_ADDRSTRLEN] = "", text[128];
  if (uv_tcp_getsockname(&p->listener, (struct sockaddr *)&a, &n) != 0)
    return;
  bool six = a.ss_family == AF_INET6;
  uv_ip_name((const struct sockaddr *)&a, host, sizeof host);
  in_port_t port = six ? ((const struct sockaddr_in6 *)&a)->sin6_port
                       : ((const struct sockaddr_in *)&a)->sin_port;
  snprintf(text, sizeof text, six ? "listening on tcp://[%s]:%u" : "listening on tcp://%s:%u", host,
           ntohs(port));
  p->ops.say(p->ops.ctx, text);
}

static enum sp_err start_listening(struct port *p, struct fault *why) {
  uv_tcp_init(p->loop, &p->listener);
  p->listener.data = p;
  p->listens = true;
  p->handles++;
  int code = uv_tcp_bind(&p->listener, (const struct sockaddr *)&p->address, 0);
  if (code == 0)
    code = uv_listen((uv_stream_t *)&p->listener, 4, on_connection);
  if (code != 0)
    return fault_set(why, SP_IO, "%s: %s", p->o.where, uv_strerror(code));
  tell_listening(p);
  return SP_OK;
}

/* --- Serial --- */

static bool set_speed(struct termios *t, uint32_t baud) {
  static const struct {
    uint32_t baud;
    speed_t speed;
  } speeds[] = {{9600, B9600},   {19200, B19200},   {38400, B38400},
                {57600, B57600}, {115200, B115200}, {230400, B230400}};
  for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
    if (speeds[i].baud == baud)
      return cfsetspeed(t, speeds[i].speed) == 0;
  return false;
}

/* The lock keeps other processes of ours away, root's too, and ends with this one. Of others
 * TIOCEXCL keeps those away that are not root's. A pseudo terminal, whose other end stays, would
 * keep that flag after a process that was killed. */
static bool have_alone(int fd) {
  enum { pty_major_min = 136, pty_major_max = 143 };
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  struct stat is;
  if (fcntl(fd, F_OFD_SETLK, &all) != 0)
    return errno != EAGAIN && errno != EACCES; /* else the kernel has no such lock for it */
  bool pty = fstat(fd, &is) == 0 && major(is.st_rdev) >= pty_major_min &&
             major(is.st_rdev) <= pty_major_max;
  if (!pty)
    (void)ioctl(fd, TIOCEXCL);
  return true;
}

static const char held[] = "another process uses it: a line that runs, or another program";

/* Raw, 8 bits, no parity, no flow control. The direction of an RS-485 line is its driver's. */
static int open_device(struct port *p) {
  struct termios t;
  int fd = open(p->o.where, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    tell(p, errno == EBUSY ? held : strerror(errno));
    return -1;
  }
  bool ok = tcgetattr(fd, &t) == 0;
  if (ok && !have_alone(fd)) { /* before its speed is touched */
    tell(p, held);
    close(fd);
    return -1;
  }
  if (ok) {
    cfmakeraw(&t);
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSTOPB | CRTSCTS)) | CLOCAL | CREAD;
    ok = set_speed(&t, p->o.baud) && tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIOFLUSH) == 0;
  }
  if (ok)
    return fd;
  tell(p, "it is no serial device, or does not know that speed");
  close(fd);
  return -1;
}

bool port_baud(struct port *p, uint32_t baud) {
  struct termios t;
  uv_os_fd_t fd = -1;
  p->o.baud = baud;
  return p->link && uv_fileno(&p->link->is.handle, &fd) == 0 && tcgetattr(fd, &t) == 0 &&
         set_speed(&t, baud) && tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIFLUSH) == 0;
}

static bool use_file(struct port *p, int fd) {
  struct link *l = new_link(p);
  if (l && uv_pipe_open(&l->is.pipe, fd) == 0) {
    use(l);
    return true;
  }
  if (l)
    drop(l);
  close(fd);
  return false;
}

static void try_device(struct port *p) {
  int fd = open_device(p);
  if (fd < 0 || !use_file(p, fd))
    wait_again(p);
}

static void try_again(uv_timer_t *t) {
  struct port *p = t->data;
  if (p->closing)
    return;
  if (p->o.kind == PORT_DEVICE)
    try_device(p);
  else
    try_connect(p);
}

/* --- --- */

static void on_sent(uv_write_t *w, int status) {
  (void)status; /* the reading side tells */
  sp_free(w->data);
}

void port_send(struct port *p, struct span bytes) {
  struct link *l = p->link;
  if (!l || bytes.n == 0 || (p->o.kind == PORT_OPEN && l->is.stream.write_queue_size))
    return; /* a wire that ends nowhere takes what nobody reads */
  struct sending *s =
      l->is.stream.write_queue_size > unsent_max ? NULL : sp_alloc(1, sizeof *s + bytes.n);
  if (!s) {
    tell(p, "it takes no more");
    lose(l);
    return;
  }
  memcpy(s->bytes, bytes.p, bytes.n);
  s->write.data = s;
  uv_buf_t all = uv_buf_init((char *)s->bytes, (unsigned)bytes.n);
  if (uv_write(&s->write, &l->is.stream, &all, 1, on_sent) < 0) {
    sp_free(s);
    lose(l);
  }
}

enum sp_err port_open(struct port **out, uv_loop_t *loop, const struct port_options *options,
                      const struct port_ops *ops, struct fault *why) {
  struct port *p = sp_alloc(1, sizeof *p);
  enum sp_err err = SP_OK;
  *out = p;
  if (!p) {
    if (options->kind == PORT_OPEN)
      close(options->fd);
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  }
  p->o = *options;
  p->ops = *ops;
  p->loop = loop;
  uv_timer_init(loop, &p->again);
  p->again.data = p;
  p->handles++;
  switch (p->o.kind) {
  case PORT_DEVICE:
    try_device(p);
    break;
  case PORT_CONNECT:
    err = resolve(p, why);
    if (!err)
      try_connect(p);
    break;
  case PORT_LISTEN:
    err = resolve(p, why);
    if (!err)
      err = start_listening(p, why);
    break;
  case PORT_OPEN:
    if (!use_file(p, p->o.fd))
      err = fault_set(why, SP_IO, "%s: it cannot be waited for", p->o.where);
    break;
  }
  return err;
}

static void on_closed(uv_handle_t *h) {
  struct port *p = h->data;
  p->handles--;
  free_if_done(p);
}

void port_close(struct port *p) {
  if (!p)
    return;
  p->closing = true;
  if (p->link)
    lose(p->link);
  uv_close((uv_handle_t *)&p->again, on_closed);
  if (p->listens)
    uv_close((uv_handle_t *)&p->listener, on_closed);
}
