/* fields.h: the fields of a command as options: a verb whose row says `fields` takes each field of
 * its command that no operand fills as --FIELD VALUE. What can be given, and what it means, is told
 * by the command's own table (core/command.c). */
#ifndef SP_CLI_FIELDS_H
#define SP_CLI_FIELDS_H

#include "cli/cli.h"

/* The verb's fields as options: the next from *at on; NULL at the end. */
const struct field *verb_next_field(const struct verb *v, size_t *at);
/* A field that the command has. */
const struct field *command_field(enum command_type command, const char *name);
/* "--on-basis", without the dashes, into out. */
enum { field_option_max = 32 };
void field_option(const struct field *f, char out[field_option_max]);
/* What stands for its value in a usage line; NULL: it takes none. */
const char *field_value(const struct field *f);

/* What was typed for a field, as the command's JSON wants it: numbers and names are looked up in
 * the site, lists are split at commas, of a file its SHA-256 is taken. The site is open. */
enum sp_err field_json(struct cli *c, const struct field *f, const char *text,
                       json_t **value) SP_MUST_USE;
/* Every option of these that was given, into the command. */
enum sp_err fields_into(struct cli *c, json_t *command) SP_MUST_USE;

#endif
