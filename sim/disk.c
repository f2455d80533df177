#include "sim/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum {
  page_bytes = 4096,
  sector_bytes = 512,
  files_max = 8,
  name_max = 64,
  shm_max = 64,
  slots = 8
};

/* Pages that are all zero are not there. */
struct image {
  uint8_t **pages;
  size_t n_pages; /* room */
  int64_t size;
};

struct pending {
  int64_t at;
  int n;          /* bytes; -1: the file was cut to `at` */
  uint8_t *bytes; /* NULL: zeros */
};

struct file {
  char name[name_max];
  bool there;
  struct image live, durable;
  struct pending *pending;
  size_t n_pending, cap_pending;
  /* Who has which lock, by handle. */
  struct handle *handles;
  uint8_t *shm[shm_max];
};

struct handle {
  sqlite3_file base;
  struct disk *disk;
  struct file *file;
  struct handle *next;
  int lock;
  uint32_t shared, exclusive; /* slots of the shared memory's locks */
  int persist_wal;
};

struct disk {
  sqlite3_vfs vfs;
  struct disk_world world;
  struct rng rng;
  bool dead, lies;
  struct disk_counts counts;
  struct file files[files_max];
};

/* --- Images --- */

static bool is_zero(const uint8_t *p, size_t n) {
  return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static void image_free(struct image *m) {
  for (size_t i = 0; i < m->n_pages; i++)
    sp_free(m->pages[i]);
  sp_free(m->pages);
  *m = (struct image){0};
}

static void image_write(struct image *m, int64_t at, const uint8_t *bytes, int64_t n) {
  for (int64_t done = 0; done < n;) {
    size_t page = (size_t)((at + done) / page_bytes), in = (size_t)((at + done) % page_bytes);
    size_t some = page_bytes - in;
    if ((int64_t)some > n - done)
      some = (size_t)(n - done);
    if (page >= m->n_pages) {
      size_t more = page + 1 > 2 * m->n_pages ? page + 1 : 2 * m->n_pages;
      m->pages = sp_realloc(m->pages, more * sizeof *m->pages);
      SP_ASSERT(m->pages);
      memset(m->pages + m->n_pages, 0, (more - m->n_pages) * sizeof *m->pages);
      m->n_pages = more;
    }
    if (!m->pages[page] && bytes && !is_zero(bytes + done, some)) {
      m->pages[page] = sp_alloc(1, page_bytes);
      SP_ASSERT(m->pages[page]);
    }
    if (m->pages[page] && bytes)
      memcpy(m->pages[page] + in, bytes + done, some);
    else if (m->pages[page])
      memset(m->pages[page] + in, 0, some);
    done += (int64_t)some;
  }
  if (at + n > m->size)
    m->size = at + n;
}

static void image_read(const struct image *m, int64_t at, uint8_t *out, int64_t n) {
  memset(out, 0, (size_t)n);
  for (int64_t done = 0; done < n && at + done < m->size;) {
    size_t page = (size_t)((at + done) / page_bytes), in = (size_t)((at + done) % page_bytes);
    size_t some = page_bytes - in;
    if ((int64_t)some > n - done)
      some = (size_t)(n - done);
    if (page < m->n_pages && m->pages[page])
      memcpy(out + done, m->pages[page] + in, some);
    done += (int64_t)some;
  }
}

static void image_cut(struct image *m, int64_t size) {
  if (size < m->size) {
    int64_t edge = (size + page_bytes - 1) / page_bytes * page_bytes;
    image_write(m, size, NULL, (edge < m->size ? edge : m->size) - size);
    for (size_t i = (size_t)(edge / page_bytes); i < m->n_pages; i++) {
      sp_free(m->pages[i]);
      m->pages[i] = NULL;
    }
  }
  m->size = size;
}

static void image_copy(struct image *to, const struct image *from) {
  image_cut(to, 0);
  for (size_t i = 0; i < from->n_pages; i++)
    if (from->pages[i])
      image_write(to, (int64_t)i * page_bytes, from->pages[i], page_bytes);
  to->size = from->size;
}

/* --- Files --- */

static void put(struct image *m, const struct pending *p) {
  if (p->n < 0)
    image_cut(m, p->at);
  else
    image_write(m, p->at, p->bytes, p->n);
}

static void forget_pending(struct file *f) {
  for (size_t i = 0; i < f->n_pending; i++)
    sp_free(f->pending[i].bytes);
  f->n_pending = 0;
}

static void change(struct file *f, int64_t at, const uint8_t *bytes, int n) {
  struct pending p = {.at = at, .n = n};
  if (n > 0 && !is_zero(bytes, (size_t)n)) {
    p.bytes = sp_alloc((size_t)n, 1);
    SP_ASSERT(p.bytes);
    memcpy(p.bytes, bytes, (size_t)n);
  }
  if (f->n_pending == f->cap_pending) {
    f->cap_pending = f->cap_pending ? 2 * f->cap_pending : 64;
    f->pending = sp_realloc(f->pending, f->cap_pending * sizeof *f->pending);
    SP_ASSERT(f->pending);
  }
  f->pending[f->n_pending++] = p;
  put(&f->live, &p);
}

static void make_durable(struct file *f) {
  for (size_t i = 0; i < f->n_pending; i++)
    put(&f->durable, &f->pending[i]);
  forget_pending(f);
}

static struct file *find(struct disk *d, const char *name) {
  for (int i = 0; i < files_max; i++)
    if (d->files[i].there && strcmp(d->files[i].name, name) == 0)
      return &d->files[i];
  return NULL;
}

static struct file *make(struct disk *d, const char *name) {
  for (int i = 0; i < files_max; i++)
    if (!d->files[i].there && !d->files[i].handles) {
      snprintf(d->files[i].name, sizeof d->files[i].name, "%s", name);
      d->files[i].there = true;
      return &d->files[i];
    }
  return NULL;
}

static void empty(struct file *f) {
  forget_pending(f);
  image_free(&f->live);
  image_free(&f->durable);
  for (int i = 0; i < shm_max; i++) {
    sp_free(f->shm[i]);
    f->shm[i] = NULL;
  }
  f->there = false;
}

/* --- Effects --- */

/* False: the process has ended, here or before. */
static bool goes_on(struct disk *d, const char *what) {
  if (!d->dead && d->world.effect && d->world.effect(d->world.ctx, what))
    d->dead = true;
  return !d->dead;
}

static int failure(struct disk *d, bool sync) {
  return d->world.fails ? d->world.fails(d->world.ctx, sync) : SQLITE_OK;
}

/* --- SQLite's file --- */

static struct handle *own(sqlite3_file *f) {
  return (struct handle *)(void *)f;
}

static int file_close(sqlite3_file *base) {
  struct handle *h = own(base);
  struct handle **at = &h->file->handles;
  while (*at && *at != h)
    at = &(*at)->next;
  if (*at)
    *at = h->next;
  h->base.pMethods = NULL;
  return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *out, int n, sqlite3_int64 at) {
  const struct handle *h = own(base);
  if (h->disk->dead)
    return SQLITE_IOERR_READ;
  image_read(&h->file->live, at, out, n);
  return at + n > h->file->live.size ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 at) {
  struct handle *h = own(base);
  struct disk *d = h->disk;
  if (!goes_on(d, "write"))
    return SQLITE_IOERR_WRITE;
  int rc = failure(d, false);
  if (rc)
    return rc;
  d->counts.writes++;
  d->counts.bytes += (uint64_t)n;
  change(h->file, at, bytes, n);
  return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size) {
  struct handle *h = own(base);
  if (!goes_on(h->disk, "cut"))
    return SQLITE_IOERR_TRUNCATE;
  change(h->file, size, NULL, -1);
  return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags) {
  struct handle *h = own(base);
  struct disk *d = h->disk;
  (void)flags;
  if (!goes_on(d, "sync"))
    return SQLITE_IOERR_FSYNC;
  int rc = failure(d, true);
  if (rc)
    return rc;
  d->counts.syncs++;
  if (!d->lies)
    make_durable(h->file);
  return goes_on(d, "synced") ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size) {
  *size = own(base)->file->live.size;
  return SQLITE_OK;
}

/* --- Locks, as SQLite's documentation of its file layer has them --- */

static int file_lock(sqlite3_file *base, int level) {
  struct handle *h = own(base);
  int highest = SQLITE_LOCK_NONE;
  for (const struct handle *o = h->file->handles; o; o = o->next)
    if (o != h && o->lock > highest)
      highest = o->lock;
  bool free = level == SQLITE_LOCK_SHARED     ? highest < SQLITE_LOCK_PENDING
              : level == SQLITE_LOCK_RESERVED ? highest < SQLITE_LOCK_RESERVED
                                              : highest == SQLITE_LOCK_NONE;
  if (!free)
    return SQLITE_BUSY;
  if (level > h->lock)
    h->lock = level;
  return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level) {
  own(base)->lock = level;
  return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *yes) {
  *yes = 0;
  for (const struct handle *o = own(base)->file->handles; o; o = o->next)
    *yes |= o->lock >= SQLITE_LOCK_RESERVED;
  return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg) {
  struct handle *h = own(base);
  if (op != SQLITE_FCNTL_PERSIST_WAL)
    return SQLITE_NOTFOUND;
  int *keep = arg;
  if (*keep < 0)
    *keep = h->persist_wal;
  else
    h->persist_wal = *keep;
  return SQLITE_OK;
}

static int file_sector(sqlite3_file *base) {
  (void)base;
  return sector_bytes;
}

static int file_character(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- Shared memory of the WAL's index --- */

static int shm_map(sqlite3_file *base, int region, int bytes, int extend, void volatile **out) {
  struct file *f = own(base)->file;
  *out = NULL;
  if (region >= shm_max)
    return SQLITE_NOMEM;
  if (!f->shm[region] && extend && !(f->shm[region] = sp_alloc(1, (size_t)bytes)))
    return SQLITE_NOMEM;
  *out = f->shm[region];
  return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int at, int n, int flags) {
  struct handle *h = own(base);
  uint32_t mask = ((1u << n) - 1) << at;
  if (flags & SQLITE_SHM_UNLOCK) {
    h->shared &= ~mask;
    h->exclusive &= ~mask;
    return SQLITE_OK;
  }
  for (const struct handle *o = h->file->handles; o; o = o->next)
    if (o != h && ((o->exclusive & mask) || (flags & SQLITE_SHM_EXCLUSIVE && o->shared & mask)))
      return SQLITE_BUSY;
  *(flags & SQLITE_SHM_EXCLUSIVE ? &h->exclusive : &h->shared) |= mask;
  return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base) {
  (void)base;
}

static int shm_unmap(sqlite3_file *base, int erase) {
  struct file *f = own(base)->file;
  for (int i = 0; erase && i < shm_max; i++) {
    sp_free(f->shm[i]);
    f->shm[i] = NULL;
  }
  return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_character,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- SQLite's view of the system --- */

static struct disk *disk_of(sqlite3_vfs *vfs) {
  return vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out) {
  struct disk *d = disk_of(vfs);
  struct handle *h = own(base);
  *h = (struct handle){.disk = d};
  struct file *f = name && !d->dead ? find(d, name) : NULL;
  if (!f && name && flags & SQLITE_OPEN_CREATE && goes_on(d, "create"))
    f = make(d, name);
  if (!f)
    return SQLITE_CANTOPEN;
  h->file = f;
  h->next = f->handles;
  f->handles = h;
  h->base.pMethods = &methods;
  if (out)
    *out = flags;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
  struct disk *d = disk_of(vfs);
  struct file *f = find(d, name);
  (void)sync;
  if (!f)
    return SQLITE_IOERR_DELETE_NOENT;
  if (!goes_on(d, "remove"))
    return SQLITE_IOERR_DELETE;
  empty(f);
  return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
  (void)flags;
  *out = find(disk_of(vfs), name) != NULL;
  return SQLITE_OK;
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int n, char *out) {
  (void)vfs;
  snprintf(out, (size_t)n, "%s", name);
  return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int n, char *out) {
  for (int i = 0; i < n; i++)
    out[i] = (char)rng_next(&disk_of(vfs)->rng);
  return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us) {
  (void)vfs;
  return us;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  const struct disk *d = disk_of(vfs);
  usec wall = d->world.wall ? d->world.wall(d->world.ctx) : 0;
  *out = INT64_C(210866760000000) + wall / 1000; /* ms since noon in Greenwich, 24 Nov 4714 BC */
  return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *vfs, int n, char *out) {
  (void)vfs;
  (void)n;
  (void)out;
  return 0;
}

/* --- What the simulator calls --- */

struct disk *disk_new(uint64_t seed, const struct disk_world *world) {
  struct disk *d = sp_alloc(1, sizeof *d);
  if (!d)
    return NULL;
  d->world = *world;
  d->rng = rng_from(seed, "disk");
  d->vfs = (sqlite3_vfs){.iVersion = 2,
                         .szOsFile = sizeof(struct handle),
                         .mxPathname = name_max - 1,
                         .zName = "sim",
                         .pAppData = d,
                         .xOpen = vfs_open,
                         .xDelete = vfs_delete,
                         .xAccess = vfs_access,
                         .xFullPathname = vfs_path,
                         .xRandomness = vfs_random,
                         .xSleep = vfs_sleep,
                         .xGetLastError = vfs_error,
                         .xCurrentTimeInt64 = vfs_time};
  sqlite3_randomness(0, NULL); /* what another disk gave is forgotten */
  if (sqlite3_vfs_register(&d->vfs, 1) != SQLITE_OK) {
    sp_free(d);
    return NULL;
  }
  return d;
}

void disk_free(struct disk *d) {
  if (!d)
    return;
  sqlite3_vfs_unregister(&d->vfs);
  for (int i = 0; i < files_max; i++) {
    SP_ASSERT(!d->files[i].handles);
    empty(&d->files[i]);
    sp_free(d->files[i].pending);
  }
  sp_free(d);
}

void disk_kill(struct disk *d) {
  d->dead = false;
  for (int i = 0; i < files_max; i++) {
    SP_ASSERT(!d->files[i].handles);
    for (int k = 0; k < shm_max; k++) {
      sp_free(d->files[i].shm[k]);
      d->files[i].shm[k] = NULL;
    }
  }
}

/* Some sectors of a write, each kept or not. */
static void put_torn(struct disk *d, struct image *m, const struct pending *p, int64_t at) {
  for (int done = 0; done < p->n;) {
    int some = sector_bytes - (int)((p->at + done) % sector_bytes);
    some = some > p->n - done ? p->n - done : some;
    if (rng_chance(&d->rng, 1, 2))
      image_write(m, at + done, p->bytes ? p->bytes + done : NULL, some);
    done += some;
  }
}

static void lose(struct disk *d, struct file *f, bool misdirects, struct disk_loss *loss) {
  uint32_t keeps = rng_below(&d->rng, 4); /* of 3: none, some, most, all */
  for (size_t i = 0; i < f->n_pending; i++) {
    const struct pending *p = &f->pending[i];
    const struct pending *other = &f->pending[rng_below(&d->rng, (uint32_t)f->n_pending)];
    if (misdirects && p->n > 0 && other->n >= p->n && other != p && rng_chance(&d->rng, 1, 4)) {
      image_write(&f->durable, other->at, p->bytes, p->n);
      loss->misdirected++;
    } else if (rng_chance(&d->rng, keeps, 3)) {
      put(&f->durable, p);
      loss->kept++;
    } else if (p->n > 0 && rng_chance(&d->rng, 1, 2)) {
      put_torn(d, &f->durable, p, p->at);
      loss->torn++;
    } else {
      loss->lost++;
    }
  }
  forget_pending(f);
  image_copy(&f->live, &f->durable);
}

struct disk_loss disk_power_loss(struct disk *d, bool misdirects) {
  struct disk_loss loss = {0};
  disk_kill(d);
  for (int i = 0; i < files_max; i++)
    if (d->files[i].there)
      lose(d, &d->files[i], misdirects, &loss);
  return loss;
}

void disk_lies(struct disk *d, bool yes) {
  d->lies = yes;
}

struct disk_counts disk_counts(const struct disk *d) {
  return d->counts;
}

bool disk_replace(struct disk *d, const char *name, struct span bytes) {
  if (!goes_on(d, "write beside"))
    return false;
  bool done = goes_on(d, "rename") || rng_chance(&d->rng, 1, 2);
  if (done) {
    struct file *f = find(d, name);
    f = f ? f : make(d, name);
    SP_ASSERT(f);
    image_cut(&f->live, 0);
    image_write(&f->live, 0, bytes.p, (int64_t)bytes.n);
    image_copy(&f->durable, &f->live);
  }
  return !d->dead;
}

bool disk_read(struct disk *d, const char *name, struct buf *out) {
  const struct file *f = find(d, name);
  if (!f || !buf_reserve(out, (size_t)f->live.size))
    return false;
  image_read(&f->live, 0, out->p + out->n, f->live.size);
  out->n += (size_t)f->live.size;
  return true;
}
