#include "contain/contain.h"

#include "contain/filter.h"
#include "contain/landlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

const char *contained_name(enum contained as) {
  static const char *const names[] = {
#define X(NAME, name, ...) name,
      CONTAINED_LIST(X)
#undef X
  };
  return names[as];
}

const char *const containment_names[] = {
#define X(NAME, name) name,
    CONTAINMENT_LIST(X)
#undef X
        NULL,
};

enum sp_err contain_memory(struct fault *why) {
  const struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fault_set(why, SP_IO, "the process cannot be contained: %s", strerror(errno));
  return SP_OK;
}

/* Refused, or told and gone on without. */
static enum sp_err lacks(bool needed, void (*warn)(const char *text), const char *what,
                         const char *cure, struct fault *why) {
  if (needed)
    return fault_set(why, SP_DENIED, "%s. It does not start so: %s", what, cure);
  if (warn)
    warn(what);
  return SP_OK;
}

enum sp_err contain_possible(enum containment need, struct contain_done *can,
                             void (*warn)(const char *text), struct fault *why) {
  struct fault none = {0};
  const char *reason;
  char text[256];
  enum sp_err err = SP_OK;
  can->calls = !filter_possible(&none);
  if (!can->calls)
    err = lacks(need != CONTAINMENT_WEAK, warn, none.text,
                "take one with CONFIG_SECCOMP_FILTER, or say `--containment weak` and know that "
                "nothing keeps its processes from any call",
                why);
  can->landlock = landlock_version(&reason);
  snprintf(text, sizeof text,
           "files are not confined to the site's directory: there is no Landlock, %s", reason);
  if (!err && !can->landlock)
    err =
        lacks(need == CONTAINMENT_STRICT, warn, text, "`--containment usual` goes without it", why);
  return err;
}

enum sp_err contain(const struct contain_options *options, struct contain_done *done,
                    struct fault *why) {
  *done = (struct contain_done){0};
  enum sp_err err = contain_possible(options->need, done, NULL, why);
  if (!err)
    err = contain_memory(why);
  if (!err && done->landlock)
    err = landlock_confine(options, why);
  if (!err && done->calls)
    err = filter_install(options, &done->calls, why);
  return err;
}

void contain_tell(const struct contain_done *done, const struct contain_options *options,
                  struct buf *out) {
  buf_printf(out, "user %u, no capabilities, ", (unsigned)geteuid());
  if (done->calls)
    buf_printf(out, "%u calls to the system and no others, ", done->calls);
  else
    buf_puts(out, "any call to the system, ");
  if (done->landlock) {
    buf_printf(out, "files below %s", options->dir);
    for (uint32_t i = 0; options->more && options->more[i]; i++)
      buf_printf(out, ", %s", options->more[i]);
    buf_printf(out, " only (Landlock %u)", done->landlock);
  } else
    buf_puts(out, "files that this user may read or write");
}
