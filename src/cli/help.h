/* help.h: what the table of verbs says, for people: --help, docs/cli.md, man pages, completion. */
#ifndef SP_CLI_HELP_H
#define SP_CLI_HELP_H

#include "cli/verb.h"

/* All verbs, a line each; those of one group ("person") when it is not NULL. */
void help_overview(struct buf *out, const char *group);
void help_verb(struct buf *out, const struct verb *v);

/* docs/cli.md: one section a verb, the options, the exit codes. */
void help_markdown(struct buf *out);
/* sallyport(1), in roff man macros. */
void help_man(struct buf *out);
/* Completion for bash (zsh reads it through bashcompinit). */
void help_bash(struct buf *out);

/* Tables of the core, for docs/decisions.md and docs/journal.md. */
void help_reasons_markdown(struct buf *out);
void help_permissions_markdown(struct buf *out);
void help_entries_markdown(struct buf *out);
void help_commands_markdown(struct buf *out);
/* For docs/register.md. */
void help_register_markdown(struct buf *out);
void help_register_entries_markdown(struct buf *out);

#endif
