/* site_init.c: a new site: keys, database, and the first entries, made beside the place it shall
 * have and renamed into it when all of it is durable. */
#include "base/system.h"
#include "engine/site_dir_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct making {
  const struct site_init *init;
  char path[site_path_max + 16]; /* beside init->dir */
  int fd;
  char origin[origin_max + 1], vkey[vkey_max];
  struct site_keys keys;
  struct store *store;
  struct fault *why;
};

static enum sp_err random_bytes(void *out, size_t n, struct fault *why) {
  return getrandom(out, n, 0) == (ssize_t)n
             ? SP_OK
             : fault_set(why, SP_IO, "the system gives no random bytes: %s", strerror(errno));
}

/* --- The directory --- */

static enum sp_err make_folder(struct making *m) {
  struct stat st;
  const char *dir = m->init->dir;
  size_t n = strlen(dir);
  while (n > 1 && dir[n - 1] == '/')
    n--;
  if (n >= site_path_max)
    return fault_set(m->why, SP_LIMIT, "the directory's name is longer than %d bytes",
                     site_path_max - 1);
  if (stat(dir, &st) == 0 && rmdir(dir) != 0)
    return fault_set(m->why, SP_EXISTS,
                     errno == ENOTEMPTY || errno == EEXIST
                         ? "%s: there is something already: name another directory"
                         : "%s: it exists and cannot be replaced: name another directory",
                     dir);
  snprintf(m->path, sizeof m->path, "%.*s.new-XXXXXX", (int)n, dir);
  if (!mkdtemp(m->path)) {
    m->path[0] = 0;
    return fault_set(m->why, SP_IO, "%s: %s: does its parent directory exist, and is it writable?",
                     dir, strerror(errno));
  }
  m->fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (m->fd < 0 || mkdirat(m->fd, "keys", 0700) != 0)
    return fault_set(m->why, SP_IO, "%s: %s", m->path, strerror(errno));
  return SP_OK;
}

/* What there can be in it. By their names: walking a folder needs memory, the lack of which may be
 * why it is removed. */
static void remove_folder(const struct making *m) {
  static const char *const files[] = {
      SITE_SIGNING_KEY, SITE_SIGNING_KEY ".new", SITE_TAG_KEY, SITE_TAG_KEY ".new",
      "checkpoint",     "checkpoint.new",        "site.db",    "site.db-wal",
      "site.db-shm",    "site.db-journal",       "lock",
  };
  if (!m->path[0])
    return;
  for (size_t i = 0; m->fd >= 0 && i < sizeof files / sizeof files[0]; i++)
    unlinkat(m->fd, files[i], 0);
  if (m->fd >= 0)
    unlinkat(m->fd, "keys", AT_REMOVEDIR);
  rmdir(m->path);
}

static enum sp_err put_in_place(struct making *m) {
  const char *dir = m->init->dir;
  char parent[sizeof m->path + 4];
  snprintf(parent, sizeof parent, "%s/..", m->path);
  int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  enum sp_err err = SP_OK;
  if (fd < 0 || rename(m->path, dir) != 0) {
    err = fault_set(m->why, SP_IO, "%s: it cannot be put there: %s", dir, strerror(errno));
  } else if (fsync(fd) != 0) {
    err = fault_set(m->why, SP_IO, "%s: %s: look at the disk and what the kernel logged of it", dir,
                    strerror(errno));
    /* Whoever is told that there is none shall find none, and may try again. */
    if (rename(dir, m->path) != 0) {
      m->path[0] = 0;
      fault_prefix(m->why, "it may not outlast a power failure, so remove it and make it again");
    }
  } else {
    m->path[0] = 0; /* it is no longer there to be removed */
  }
  if (fd >= 0)
    close(fd);
  return err;
}

/* --- Keys --- */

static enum sp_err make_keys(struct making *m) {
  uint8_t seed[32];
  char hex[65];
  struct buf pem = {0};
  const char *origin = m->init->origin;
  if (origin && strlen(origin) > origin_max)
    return fault_set(m->why, SP_INVALID, "the log's origin is longer than %d bytes", origin_max);
  snprintf(m->origin, sizeof m->origin, "%s%s", origin ? origin : "sallyport.local/",
           origin ? "" : m->init->founding.plan->name.s);
  enum sp_err err = random_bytes(seed, sizeof seed, m->why);
  if (!err)
    err = signer_from_seed(&m->keys.signer, m->origin, seed, m->why);
  if (!err)
    err = random_bytes(m->keys.site_key, sizeof m->keys.site_key, m->why);
  if (!err)
    err = signer_to_pem(&m->keys.signer, &pem, m->why);
  if (!err)
    err = site_file_write(m->fd, m->path, SITE_SIGNING_KEY, 0600, buf_span(&pem), m->why);
  hex_encode(hex, m->keys.site_key, sizeof m->keys.site_key);
  hex[64] = '\n';
  if (!err)
    err = site_file_write(m->fd, m->path, SITE_TAG_KEY, 0600, span_of(hex, sizeof hex), m->why);
  if (!err)
    vkey_format(&m->keys.signer.public, m->vkey);
  bytes_wipe(seed, sizeof seed);
  bytes_wipe(hex, sizeof hex);
  if (pem.p)
    bytes_wipe(pem.p, pem.cap);
  buf_free(&pem);
  return err;
}

/* --- Making it durable --- */

static enum sp_err read_checkpoint(void *ctx, struct buf *note, struct fault *why) {
  struct making *m = ctx;
  return site_file_read(m->fd, m->path, "checkpoint", note_max, note, why);
}

static enum sp_err write_checkpoint(void *ctx, struct span note, struct fault *why) {
  struct making *m = ctx;
  return site_file_write(m->fd, m->path, "checkpoint", 0644, note, why);
}

static void random_or_end(void *ctx, void *out, size_t n) {
  struct fault why = {0};
  (void)ctx;
  if (random_bytes(out, n, &why))
    SP_NEVER("the system gave random bytes before, and gives none now");
}

static enum sp_err make_store(struct making *m) {
  char path[sizeof m->path + 16];
  const struct io io = {.ctx = m,
                        .random = random_or_end,
                        .checkpoint_read = read_checkpoint,
                        .checkpoint_write = write_checkpoint};
  struct founding f = m->init->founding;
  f.at = system_wall();
  f.signer = &m->keys.signer;
  f.io = &io;
  snprintf(path, sizeof path, "%s/site.db", m->path);
  enum sp_err err = store_sqlite_open(path, f.plan->name.s, STORE_CREATE, &m->store, m->why);
  if (!err)
    err = founding_make(m->store, &f, m->why);
  store_close(m->store);
  return err;
}

enum sp_err site_dir_init(const struct site_init *init, char vkey[vkey_max], struct fault *why) {
  struct making *m = sp_alloc(1, sizeof *m);
  if (!m)
    return fault_set(why, SP_NO_MEMORY, "out of memory for a site");
  m->init = init;
  m->why = why;
  m->fd = -1;
  enum sp_err err = founding_check(&init->founding, why);
  if (!err)
    err = make_folder(m);
  if (!err)
    err = make_keys(m);
  if (!err)
    err = make_store(m);
  if (!err)
    err = put_in_place(m);
  if (err)
    remove_folder(m);
  else if (vkey)
    memcpy(vkey, m->vkey, sizeof m->vkey);
  if (m->fd >= 0)
    close(m->fd);
  site_keys_wipe(&m->keys);
  sp_free(m);
  return err;
}
