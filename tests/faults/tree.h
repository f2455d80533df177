/* tree.h: a folder kept in memory, to be put on disk again and again. Blocks of zeros are left out,
 * so sixteen megabytes of an empty log cost nothing. */
#ifndef SP_TESTS_TREE_H
#define SP_TESTS_TREE_H

#include <stdbool.h>

struct tree_copy;

/* These end the program when the disk does not do as it should: they are no part of what is tested.
 */
struct tree_copy *tree_take(const char *folder);
void tree_put(const struct tree_copy *t, const char *folder); /* which must not be there */
void tree_free(struct tree_copy *t);
void tree_remove(const char *folder); /* whatever lies in it; it may be gone */

/* Is there any file below whose bytes hold this? */
bool tree_holds(const char *folder, const char *text);

#endif
