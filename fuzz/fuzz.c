#include "fuzz/fuzz.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

_Noreturn void fuzz_broken(const char *file, int line, const char *what, const char *why) {
  fprintf(stderr, "%s:%d: this does not hold: %s%s%s\n", file, line, what, why[0] ? ": " : "", why);
  abort();
}

void fuzz_tell(const struct fault *why) {
  if (why->err && getenv("FUZZ_TELL"))
    fprintf(stderr, "%s: %s\n", sp_err_name(why->err), why->text);
}

/* --- The input --- */

static uint64_t cut_le(struct cut *c, size_t bytes) {
  uint64_t v = 0;
  for (size_t i = 0; i < bytes && c->n; i++, c->p++, c->n--)
    v |= (uint64_t)*c->p << 8 * i;
  return v;
}

uint8_t cut_u8(struct cut *c) {
  return (uint8_t)cut_le(c, 1);
}

uint32_t cut_u16(struct cut *c) {
  return (uint32_t)cut_le(c, 2);
}

uint32_t cut_u32(struct cut *c) {
  return (uint32_t)cut_le(c, 4);
}

uint64_t cut_u64(struct cut *c) {
  return cut_le(c, 8);
}

struct span cut_bytes(struct cut *c, size_t most) {
  struct span s = span_of(c->p, most < c->n ? most : c->n);
  c->p += s.n;
  c->n -= s.n;
  return s;
}

struct span cut_line(struct cut *c) {
  const uint8_t *end = c->n ? memchr(c->p, '\n', c->n) : NULL;
  struct span s = cut_bytes(c, end ? (size_t)(end - c->p) : c->n);
  if (end)
    (void)cut_u8(c);
  return s;
}

bool span_has(struct span s, const char *text) {
  return s.n && memmem(s.p, s.n, text, strlen(text));
}

bool span_begins(struct span s, const char *text) {
  return s.n >= strlen(text) && memcmp(s.p, text, strlen(text)) == 0;
}

/* --- Files --- */

struct buf fuzz_source(const char *name) {
  char path[4096];
  struct buf b = {0};
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
  FILE *f = fopen(path, "rbe");
  if (!f)
    fuzz_broken(path, 0, "it can be read", "run from the top of the source");
  size_t n;
  while (buf_reserve(&b, 65536) && (n = fread(b.p + b.n, 1, 65536, f)) > 0)
    b.n += n;
  (void)fclose(f);
  return b;
}

static char folder[4096];
static pid_t owner;

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at) {
  (void)s, (void)kind, (void)at;
  (void)remove(path);
  return 0;
}

static void remove_folder(void) {
  if (getpid() == owner)
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void) {
  if (!folder[0]) {
    const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/sallyport-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
      fuzz_broken(folder, 0, "a folder can be made", strerror(errno));
    owner = getpid();
    (void)atexit(remove_folder);
  }
  return folder;
}

void fuzz_write(const char *name, struct span bytes) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
  for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    (void)mkdir(path, 0700);
    *slash = '/';
  }
  FILE *f = fopen(path, "wbe");
  if (!f || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
    fuzz_broken(path, 0, "it can be written", strerror(errno));
}

/* --- JSON as another reads it --- */

bool fuzz_jansson_canonical(struct span json, struct buf *out) {
  json_error_t error;
  json_t *j =
      json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
  if (!j)
    return false;
  char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
  buf_puts(out, text ? text : "");
  free(text);
  json_decref(j);
  return true;
}
