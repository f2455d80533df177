#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { block = 4096, files_max = 200 };

struct piece {
  off_t at;
  struct piece *next;
  unsigned char bytes[block];
};
struct node {
  char name[200]; /* below the folder; "" = itself */
  mode_t mode;
  off_t size;
  struct piece *pieces;
};
struct tree_copy {
  unsigned n;
  struct node at[files_max];
};

static void must(bool ok, const char *what) {
  if (ok)
    return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}

/* nftw tells its function nothing of its own. */
static struct tree_copy *taking;
static size_t top_n;
static const char *wanted;
static bool found;

static void take_bytes(struct node *node, const char *path) {
  static const unsigned char zeros[block];
  unsigned char bytes[block];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  must(fd >= 0, path);
  for (off_t at = 0; at < node->size; at += block) {
    ssize_t n = pread(fd, bytes, block, at);
    must(n >= 0, path);
    memset(bytes + n, 0, (size_t)(block - n));
    if (memcmp(bytes, zeros, block) == 0)
      continue;
    struct piece *p = malloc(sizeof *p);
    must(p != NULL, path);
    p->at = at;
    memcpy(p->bytes, bytes, block);
    p->next = node->pieces;
    node->pieces = p;
  }
  close(fd);
}

static int take_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)flag, (void)ftw;
  if (strstr(path, "-shm")) /* made anew by whoever comes first */
    return 0;
  must(taking->n < files_max, "too many files");
  struct node *node = &taking->at[taking->n++];
  snprintf(node->name, sizeof node->name, "%s", path + top_n);
  node->mode = st->st_mode;
  node->size = st->st_size;
  node->pieces = NULL;
  if (S_ISREG(st->st_mode))
    take_bytes(node, path);
  return 0;
}

struct tree_copy *tree_take(const char *folder) {
  taking = calloc(1, sizeof *taking);
  must(taking != NULL, folder);
  top_n = strlen(folder);
  must(nftw(folder, take_one, 16, FTW_PHYS) == 0, folder);
  return taking;
}

static void put_bytes(const struct node *node, const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, node->mode & 07777);
  must(fd >= 0, path);
  for (const struct piece *p = node->pieces; p; p = p->next)
    must(pwrite(fd, p->bytes, block, p->at) == block, path);
  must(ftruncate(fd, node->size) == 0, path);
  close(fd);
}

void tree_put(const struct tree_copy *t, const char *folder) {
  char path[600];
  for (unsigned i = 0; i < t->n; i++) {
    const struct node *node = &t->at[i];
    snprintf(path, sizeof path, "%s%s", folder, node->name);
    if (S_ISDIR(node->mode))
      must(mkdir(path, node->mode & 07777) == 0, path);
    else if (S_ISREG(node->mode))
      put_bytes(node, path);
  }
}

void tree_free(struct tree_copy *t) {
  for (unsigned i = 0; t && i < t->n; i++)
    while (t->at[i].pieces) {
      struct piece *p = t->at[i].pieces;
      t->at[i].pieces = p->next;
      free(p);
    }
  free(t);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)st, (void)flag, (void)ftw;
  return remove(path);
}

void tree_remove(const char *folder) {
  nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int look_in(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)flag, (void)ftw;
  if (!S_ISREG(st->st_mode) || st->st_size == 0)
    return 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  must(fd >= 0, path);
  void *p = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  must(p != MAP_FAILED, path);
  found = found || memmem(p, (size_t)st->st_size, wanted, strlen(wanted)) != NULL;
  munmap(p, (size_t)st->st_size);
  close(fd);
  return 0;
}

bool tree_holds(const char *folder, const char *text) {
  wanted = text;
  found = false;
  nftw(folder, look_in, 16, FTW_PHYS);
  return found;
}
