/* contained.h: how the kernel holds a process, for `status`: asked of the kernel, not of the
 * process. */
#ifndef SP_CLI_CONTAINED_H
#define SP_CLI_CONTAINED_H

#include <jansson.h>
#include <sys/types.h>

/* {"uid","user","capabilities","no_new_privileges","seccomp"} of the process; NULL when it cannot
 * be seen. */
json_t *contained_look(pid_t pid);
/* The same as a sentence, a JSON string. */
json_t *contained_sentence(const json_t *look);

#endif
