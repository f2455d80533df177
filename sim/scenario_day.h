/* scenario_day.h: a scenario amid a simulated day. Its plan is the site's, a clerk of its own asks
 * its commands on a connection of its own, its persons hold their cards to readers and open doors;
 * meanwhile others walk and clerks ask, messages wait, the process dies. All oracles hold as ever
 * (watch.h), and each line must come to the result and the reasons that it states.
 *
 * The clerk asks again what got no answer, after having looked in the entries for what was done.
 * Long times are steps of the wall clock to what is due next, so that a night costs nothing. */
#ifndef SIM_SCENARIO_DAY_H
#define SIM_SCENARIO_DAY_H

#include "sim/run.h"

/* What it finds wrong is complained about (watch.h). */
void day_play(struct world *w, struct result *r);
void day_free(struct world *w);

#endif
