#include "engine/site_dir.h"

#include "engine/site_dir_int.h"
#include "journal/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct site_dir {
  char path[site_path_max];
  int fd, lock; /* lock: -1 when open for reading */
  struct slug site;
  char origin[origin_max + 1];
  char vkey[vkey_max];
};

/* --- Files of the directory --- */

enum sp_err site_file_read(int dir, const char *shown, const char *name, size_t most,
                           struct buf *out, struct fault *why) {
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? fault_set(why, SP_NOT_FOUND, "%s/%s: there is none", shown, name)
                           : fault_set(why, SP_IO, "%s/%s: %s", shown, name, strerror(errno));
  enum sp_err err = SP_OK;
  size_t before = out->n;
  ssize_t n = 1;
  while (!err && n > 0) {
    if (!buf_reserve(out, 4096))
      err = fault_set(why, SP_NO_MEMORY, "%s/%s: out of memory", shown, name);
    else if ((n = read(fd, out->p + out->n, 4096)) < 0 && errno != EINTR)
      err = fault_set(why, SP_IO, "%s/%s: %s", shown, name, strerror(errno));
    else if (n > 0 && (out->n += (size_t)n) - before > most)
      err = fault_set(why, SP_LIMIT, "%s/%s: it is longer than %zu bytes", shown, name, most);
    else if (n < 0)
      n = 1; /* interrupted: again */
  }
  close(fd);
  return err;
}

static bool write_all(int fd, struct span bytes) {
  while (bytes.n) {
    ssize_t n = write(fd, bytes.p, bytes.n);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    bytes.p += n;
    bytes.n -= (size_t)n;
  }
  return true;
}

enum sp_err site_file_write(int dir, const char *shown, const char *name, unsigned mode,
                            struct span bytes, struct fault *why) {
  char beside[64];
  snprintf(beside, sizeof beside, "%s.new", name);
  unlinkat(dir, beside, 0); /* what an interrupted one left */
  int fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
  bool ok = fd >= 0 && write_all(fd, bytes) && fsync(fd) == 0;
  int what = errno;
  if (fd >= 0)
    close(fd);
  if (ok && renameat(dir, beside, dir, name) != 0) {
    ok = false;
    what = errno;
  }
  /* A name may go into a folder below; its folder is synced then. */
  if (ok) {
    char folder[64];
    snprintf(folder, sizeof folder, "%s", name);
    char *slash = strrchr(folder, '/');
    if (slash)
      *slash = 0;
    int at = openat(dir, slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = at >= 0 && fsync(at) == 0;
    what = errno;
    if (at >= 0)
      close(at);
  }
  return ok ? SP_OK
            : fault_set(why, SP_IO, "%s/%s: %s: is the disk full, or the directory read-only?",
                        shown, name, strerror(what));
}

/* --- Opening --- */

/* Whoever was killed a moment ago holds it until the system has closed their files. */
enum { lock_wait_ms_max = 1000, lock_look_ms = 10 };

static bool lock_comes(int fd, struct flock *all) {
  const struct timespec look = {.tv_nsec = lock_look_ms * 1000000L};
  bool held = fcntl(fd, F_OFD_SETLK, all) == 0;
  for (int ms = 0; !held && ms < lock_wait_ms_max && (errno == EAGAIN || errno == EACCES);
       ms += lock_look_ms) {
    nanosleep(&look, NULL);
    held = fcntl(fd, F_OFD_SETLK, all) == 0;
  }
  return held;
}

static enum sp_err take_lock(struct site_dir *d, struct fault *why) {
  d->lock = openat(d->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (d->lock < 0)
    return fault_set(why, SP_IO, "%s/lock: %s: is the directory writable?", d->path,
                     strerror(errno));
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (lock_comes(d->lock, &all))
    return SP_OK;
  return errno == EAGAIN || errno == EACCES
             ? fault_set(why, SP_BUSY,
                         "%s: another process has this site open; is an engine running already?",
                         d->path)
             : fault_set(why, SP_IO, "%s/lock: %s", d->path, strerror(errno));
}

static enum sp_err read_meta(struct store *s, const char *path, const char *key, char *out,
                             size_t size, struct fault *why) {
  struct buf value = {0};
  enum sp_err err = store_meta_get(s, key, &value, why);
  if (!err && (value.n == 0 || value.n >= size || memchr(value.p, 0, value.n)))
    err = SP_NOT_FOUND;
  if (err == SP_NOT_FOUND)
    err = fault_set(why, SP_CORRUPT, "%s/site.db: the site's \"%s\" is missing or damaged", path,
                    key);
  if (!err) {
    memcpy(out, value.p, value.n);
    out[value.n] = 0;
  }
  buf_free(&value);
  return err;
}

static enum sp_err read_names(struct site_dir *d, struct fault *why) {
  struct store *s;
  char slug[slug_max + 1] = {0};
  enum sp_err err = site_dir_store(d, STORE_READ, &s, why);
  if (err == SP_NOT_FOUND)
    return fault_set(why, SP_NOT_FOUND,
                     "%s: there is no site here: `sallyport init %s --plan FILE` makes one",
                     d->path, d->path);
  if (err)
    return err;
  err = read_meta(s, d->path, "site", slug, sizeof slug, why);
  if (!err && !slug_valid(span_str(slug)))
    err = fault_set(why, SP_CORRUPT, "%s/site.db: the site's name is damaged", d->path);
  if (!err)
    err = read_meta(s, d->path, "origin", d->origin, sizeof d->origin, why);
  if (!err)
    err = read_meta(s, d->path, "vkey", d->vkey, sizeof d->vkey, why);
  memcpy(d->site.s, slug, sizeof slug);
  store_close(s);
  return err;
}

enum sp_err site_dir_open(struct site_dir **out, const char *path, enum site_dir_mode mode,
                          struct fault *why) {
  struct site_dir *d = sp_alloc(1, sizeof *d);
  if (!d)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = SP_OK;
  d->fd = d->lock = -1;
  if ((size_t)snprintf(d->path, sizeof d->path, "%s", path) >= sizeof d->path)
    err = fault_set(why, SP_LIMIT, "the directory's name is longer than %zu bytes",
                    sizeof d->path - 1);
  if (!err && (d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
    err = errno == ENOENT
              ? fault_set(why, SP_NOT_FOUND,
                          "%s: there is no such directory: `sallyport init %s --plan FILE` makes a "
                          "site",
                          path, path)
              : fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
  /* Only then may a lock be made: not in a directory that is no site. */
  if (!err)
    err = read_names(d, why);
  if (!err && mode == SITE_DIR_WRITE)
    err = take_lock(d, why);
  if (err)
    site_dir_close(d);
  else
    *out = d;
  return err;
}

void site_dir_close(struct site_dir *d) {
  if (!d)
    return;
  if (d->lock >= 0)
    close(d->lock);
  if (d->fd >= 0)
    close(d->fd);
  sp_free(d);
}

const char *site_dir_path(const struct site_dir *d) {
  return d->path;
}

const struct slug *site_dir_site(const struct site_dir *d) {
  return &d->site;
}

const char *site_dir_origin(const struct site_dir *d) {
  return d->origin;
}

int site_dir_fd(const struct site_dir *d) {
  return d->fd;
}

enum sp_err site_dir_store(const struct site_dir *d, enum store_mode mode, struct store **out,
                           struct fault *why) {
  char path[site_path_max + 16];
  SP_ASSERT(mode == STORE_READ || d->lock >= 0);
  snprintf(path, sizeof path, "%s/site.db", d->path);
  return store_sqlite_open(path, d->site.s[0] ? d->site.s : NULL, mode, out, why);
}

/* --- Checkpoint and keys --- */

enum sp_err site_dir_checkpoint_read(const struct site_dir *d, struct buf *note,
                                     struct fault *why) {
  return site_file_read(d->fd, d->path, "checkpoint", note_max, note, why);
}

enum sp_err site_dir_checkpoint_write(const struct site_dir *d, struct span note,
                                      struct fault *why) {
  return site_file_write(d->fd, d->path, "checkpoint", 0644, note, why);
}

enum sp_err site_dir_vkey(const struct site_dir *d, struct note_key *key, struct fault *why) {
  enum sp_err err = vkey_parse(key, span_str(d->vkey), why);
  if (!err && strcmp(key->name, d->origin) != 0)
    err = fault_set(why, SP_CORRUPT, "its name is not the log's origin");
  if (err)
    fault_prefix(why, "%s/site.db: the verifier key", d->path);
  return err;
}

static enum sp_err read_secret(const struct site_dir *d, const char *name, size_t most,
                               struct buf *out, struct fault *why) {
  struct stat st;
  if (fstatat(d->fd, name, &st, 0) == 0 && st.st_mode & (S_IRWXG | S_IRWXO))
    return fault_set(why, SP_DENIED,
                     "%s/%s: others may read this secret key: `chmod 600 %s/%s`, and think about "
                     "who has",
                     d->path, name, d->path, name);
  enum sp_err err = site_file_read(d->fd, d->path, name, most, out, why);
  return err == SP_NOT_FOUND
             ? fault_set(why, SP_NOT_FOUND,
                         "%s/%s: this key is missing: put it back from where you keep a copy",
                         d->path, name)
             : err;
}

static void forget(struct buf *b) {
  if (b->p)
    bytes_wipe(b->p, b->cap);
  buf_free(b);
}

static enum sp_err read_signer(const struct site_dir *d, struct note_signer *s, struct fault *why) {
  struct buf pem = {0};
  struct note_key key;
  enum sp_err err = read_secret(d, SITE_SIGNING_KEY, 16384, &pem, why);
  if (!err && (err = signer_from_pem(s, d->origin, buf_span(&pem), why)))
    fault_prefix(why, "%s/%s", d->path, SITE_SIGNING_KEY);
  forget(&pem);
  if (!err)
    err = site_dir_vkey(d, &key, why);
  if (!err && memcmp(key.key, s->public.key, sizeof key.key) != 0)
    err = fault_set(why, SP_CORRUPT, "%s/%s: this is not the key that this log is signed with",
                    d->path, SITE_SIGNING_KEY);
  return err;
}

static enum sp_err read_site_key(const struct site_dir *d, uint8_t key[32], struct fault *why) {
  struct buf text = {0};
  enum sp_err err = read_secret(d, SITE_TAG_KEY, 128, &text, why);
  size_t n = text.n;
  if (!err && n == 65 && text.p[64] == '\n')
    n--;
  if (!err && !hex_decode(key, 32, (const char *)text.p, n))
    err = fault_set(why, SP_CORRUPT, "%s/%s: 64 hex digits are expected", d->path, SITE_TAG_KEY);
  forget(&text);
  return err;
}

enum sp_err site_dir_keys(const struct site_dir *d, struct site_keys *keys, struct fault *why) {
  memset(keys, 0, sizeof *keys);
  enum sp_err err = read_signer(d, &keys->signer, why);
  if (!err)
    err = read_site_key(d, keys->site_key, why);
  if (err)
    site_keys_wipe(keys);
  return err;
}

void site_keys_wipe(struct site_keys *keys) {
  bytes_wipe(keys, sizeof *keys);
}
