/* term.h: the terminal: how wide text is, what may be shown on it, and secrets typed into it.
 *
 * Invariants:
 *   1. a byte from outside never reaches a terminal as a control character;
 *   2. a secret is read into a buffer that secret_forget wipes, never echoed, never kept elsewhere;
 *   3. the terminal is as it was after every return and every signal that ends the program.
 */
#ifndef SP_CLI_TERM_H
#define SP_CLI_TERM_H

#include "base/bytes.h"

/* Columns that valid parts of the text take (wide letters two, combining marks none); each byte
 * that term_put would replace counts as one. Needs setlocale(LC_CTYPE) to some UTF-8 locale. */
size_t term_width(struct span text);

/* Appends the text with every control character and malformed byte as U+FFFD. */
void term_put(struct buf *out, struct span text);

/* Likewise, in at most so many columns; what is cut off ends in "…". */
void term_put_within(struct buf *out, struct span text, size_t columns);

/* Columns of the terminal; 0: none is known. */
unsigned term_columns(int fd);

/* Is this output one where colours are welcome? A terminal, NO_COLOR unset, TERM not "dumb". */
bool term_colours(int fd);
/* Is it one that can be cleared and drawn anew? */
bool term_redraws(int fd);

enum { secret_max = 1024 };
struct secret {
  char text[secret_max + 1];
  size_t n;
};
void secret_forget(struct secret *s);

/* Reads one secret: the next line of fd (without its newline), or, with fd -1, of the controlling
 * terminal after the prompt and without echo. SP_USAGE when there is no terminal, SP_INVALID when
 * it is empty, too long or not UTF-8, SP_IO when it cannot be read. Several secrets may come from
 * one fd, a line each: nothing is read beyond the newline. */
enum sp_err secret_read(struct secret *s, int fd, const char *prompt,
                        struct fault *why) SP_MUST_USE;
/* Like it, and asks twice on a terminal; SP_INVALID when the two differ. */
enum sp_err secret_read_new(struct secret *s, int fd, const char *prompt,
                            struct fault *why) SP_MUST_USE;

#endif
