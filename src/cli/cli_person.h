/* cli_person.h: what verbs about persons share. */
#ifndef SP_CLI_CLI_PERSON_H
#define SP_CLI_CLI_PERSON_H

#include "cli/cli.h"

#include <jansson.h>

/* The details that options of this verb bring, into *details; NULL: none. */
enum sp_err take_details(struct cli *c, json_t **details) SP_MUST_USE;
/* Those that these options bring, and no others. */
enum sp_err take_details_of(struct cli *c, option_set of, json_t **details) SP_MUST_USE;
/* Adds a PIN to the request's secrets; twice: as a new one is typed. */
enum sp_err take_pin(struct cli *c, json_t *secret, const char *key, int fd, const char *prompt,
                     bool twice) SP_MUST_USE;
/* Of an answer to person.add or person.identify: whom they are like, and how that is answered. For
 * people; programs read it in the command of its entry. */
void candidates_tell(struct cli *c, const json_t *reply);

#endif
