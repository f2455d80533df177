/* model_drive.h: the core alone, driven at random, with the naive model beside it. */
#ifndef TESTS_MODEL_DRIVE_H
#define TESTS_MODEL_DRIVE_H

#include "core/state.h"
#include "sim/model.h"
#include "sim/rng.h"

enum { drive_plans_max = 64, drive_persons_max = 60 };

struct drive {
  uint64_t seed;
  struct rng rng, site; /* site: as it was when the first plan was made */
  void *mem;
  struct core *core;
  struct model *model;   /* asked of every outcome */
  struct model *follows; /* NULL, or fed with what is in the journal alone */
  struct plan *plans[drive_plans_max];
  struct plan *spoilt; /* what the core decides by, when it is to be wrong; else NULL */
  uint32_t n_plans;
  usec now;
  uint64_t steps;
  struct outcome out;
  struct command last;
};

/* A founded site of this seed, with operators, people, cards and levels. */
void drive_begin(struct drive *d, uint64_t seed, bool follow);
/* The same, with a core that decides by a spoilt plan: a bug that the model must find. Founding a
 * site must not show it. */
void drive_begin_spoilt(struct drive *d, uint64_t seed, void (*spoil)(struct plan *));
void drive_end(struct drive *d);
/* A core and a model of which neither knows anything. */
void drive_begin_empty(struct drive *d, uint64_t seed);
/* One random command, perhaps nonsensical; not yet decided. */
struct command drive_draw(struct drive *d);
/* Decides it in the core, asks the model, applies it, compares everything. False: *story. */
bool drive_run(struct drive *d, struct command *c, struct buf *story);
bool drive_step(struct drive *d, struct buf *story);
/* Decides, asks and applies, without comparing the whole state: for many steps. */
bool drive_run_only(struct drive *d, struct command *c, struct buf *story);

/* What is decided wrong is wrong in every build. So one of them, gcc's, tries a stated number;
 * clang's and the one with the sanitizers, who look for what only the compiler or the memory could
 * bring about, try less, of other seeds: each begins with its own. */
#if defined(__SANITIZE_ADDRESS__)
#define DRIVE_SEED 20001
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DRIVE_SEED 20001
#endif
#endif
#if !defined(DRIVE_SEED) && defined(__clang__)
#define DRIVE_SEED 10001
#endif
#ifdef DRIVE_SEED
#define DRIVE_LESS 1
#else
#define DRIVE_SEED 1
#define DRIVE_LESS 0
#endif

#endif
