/* desk_people.h: who stands at the vehicle's door: the names of those on a manifest.
 *
 * Invariants:
 *   1. nobody's details are read before the engine has journaled who reads them: one entry for all
 *      who are on the manifest when the desk opens, one for each who comes onto it later; drawing
 *      anew reads nothing;
 *   2. whoever may not read them boards people by number all the same.
 */
#ifndef SP_CLI_DESK_PEOPLE_H
#define SP_CLI_DESK_PEOPLE_H

#include "cli/ask.h"

struct desk_people {
  struct cli *c;
  struct ask *ask;
  uint32_t movement;
  json_t *known; /* number: {"name","birth_date"}, of those whose details were read */
  bool may_not;  /* read details: what the engine said is in `why` */
  struct fault why;
};

/* Asks for all on the manifest now. Errors are the connection's; that they may not be read is none.
 */
enum sp_err desk_people_open(struct desk_people *p, struct cli *c, struct ask *a,
                             uint32_t movement) SP_MUST_USE;
/* After the state has been refreshed: asks for those who have come onto the manifest since. */
enum sp_err desk_people_refresh(struct desk_people *p) SP_MUST_USE;
void desk_people_close(struct desk_people *p);

/* Adds "name", "birth_date" and "photo" (is there one in the register?) to a row of member_row. */
void desk_people_name(const struct desk_people *p, json_t *row, uint32_t person);
/* Prints who it is, a line each: the whole name, the birth date. Nothing when it is not known. */
void desk_people_who(const struct desk_people *p, uint32_t person);

/* Prints the manifest, as wide as `columns`; 0: as wide as it is. */
void desk_people_print(const struct desk_people *p, unsigned columns);

#endif
