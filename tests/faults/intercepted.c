/* intercepted.so: preloaded into a real program, the calls of intercept.c take their order from the
 * file beside it, intercepted.so.order, which is a struct intercept that a test writes. It is
 * mapped before main, so that no containment is in the way. Without that file nothing is changed.
 */
#include "intercept.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((constructor)) static void take_order(void) {
  Dl_info self;
  char path[4096];
  void *here[1];
  (void)backtrace(here, 1); /* loads what it needs before it may not be loaded any more */
  if (!dladdr((void *)&intercept, &self) ||
      snprintf(path, sizeof path, "%s.order", self.dli_fname) >= (int)sizeof path)
    return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return;
  void *p = mmap(NULL, sizeof *intercept, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p != MAP_FAILED)
    intercept = p;
  close(fd);
}
