/* host.h: the machine that the engine runs on: its process, disk, clock and sockets (link.h), all
 * of them simulated; the engine's logic, commit side, store and SQLite are the real ones.
 *
 * The process dies at an effect (a write, a sync, a rename, a message) when a fault says so, and is
 * started again after a while, as a service manager would. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "journal/note.h"
#include "plan/plan_read.h"
#include "sim/link.h"
#include "store/store.h"

struct host;

extern const char sim_password[];
/* The operators that a site starts with; names are "op0", "op1", … */
struct host *host_new(struct world *w, struct span plan_yaml, const uint32_t *roles,
                      uint32_t n_operators);
void host_free(struct host *h);

/* A client of the engine's socket (link.h). */
struct link *host_link(struct host *h, const char *name, const struct link_ops *ops);

bool host_is_up(const struct host *h);
/* Ends the process now, at no effect of its own. */
void host_kill(struct host *h, bool power_fails);
/* Asks for a clean stop; host_is_up is false when it is done, and it is not started again. */
void host_stop(struct host *h);
bool host_stopped(const struct host *h);

/* The engine's store while it is up; the oracles read it between effects, and no fault strikes
 * them. */
struct store *host_store(const struct host *h);
const struct core *host_core(const struct host *h);
/* Opens the stored site for reading while the process is down. */
struct store *host_open_store(struct host *h, struct fault *why);
const struct note_key *host_log_key(const struct host *h);
/* The file of the last signed checkpoint; false: there is none. */
bool host_read_checkpoint(const struct host *h, struct buf *note);

struct host_counts {
  uint64_t boots, kills, power_losses, fatals, lost, torn, misdirected;
  uint64_t snapshots;
};
struct host_counts host_counts(const struct host *h);

#endif
