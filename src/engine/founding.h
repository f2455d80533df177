/* founding.h: what stands at the beginning of every log: who the site is, its plan, and its first
 * operators, as one batch, with the first checkpoint. */
#ifndef SP_ENGINE_FOUNDING_H
#define SP_ENGINE_FOUNDING_H

#include "core/command.h"
#include "engine/io.h"
#include "journal/note.h"
#include "store/store.h"

struct site_operator {
  const char *name; /* to log in: UTF-8, 1 to operator_name_bytes_max bytes */
  uint32_t role;    /* enum role */
  struct span password;
};

struct founding {
  const struct plan *plan; /* checked; its name is the site's slug */
  struct span source;      /* the YAML it was made of */
  const struct site_operator *operators;
  uint32_t n_operators;
  uint32_t password_n;              /* 0: the usual cost; tests take less */
  const struct note_signer *signer; /* its name is the log's origin */
  const struct io *io;              /* random, checkpoint_read and checkpoint_write */
  usec at;
};

/* Founds the site in an empty store of its name. SP_INVALID (a name, password or role), SP_EXISTS
 * (an operator named twice), SP_LIMIT, SP_IO, SP_NO_MEMORY: the store is then of no use. */
enum sp_err founding_make(struct store *store, const struct founding *f,
                          struct fault *why) SP_MUST_USE;
/* What of it is wrong whatever the store; looked at by founding_make too. */
enum sp_err founding_check(const struct founding *f, struct fault *why) SP_MUST_USE;

#endif
