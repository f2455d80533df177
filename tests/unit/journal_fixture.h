/* journal_fixture.h: small journals for tests, made as the engine makes them (decide, write, apply,
 * commit, sign) but without sockets, clock or randomness: the same calls give the same bytes. */
#ifndef SP_TESTS_JOURNAL_FIXTURE_H
#define SP_TESTS_JOURNAL_FIXTURE_H

#include "core/state.h"
#include "engine/committer.h"
#include "engine/entry_write.h"
#include "engine/fold.h"
#include "engine/io.h"

enum { fx_persons_max = 1 << 20 };

struct fx {
  struct store *store;
  struct fold fold;
  struct committer *committer;
  struct note_signer signer;
  struct io io;
  struct slug site;
  struct buf checkpoint; /* the file of its own, unless there is a directory */
  struct site_dir *dir;
  struct entry_writer writer;
  struct outcome out;
  usec at;
  /* Gathered since the last commit. */
  uint64_t first;
  uint32_t n_entries;
  struct buf bundle, passages, details, json, erased, blobs, papers;
  uint32_t random;
};

/* tests/system/small.yaml and the like; run from the top of the source or set SALLYPORT_SOURCE. */
struct buf fx_file(const char *name);

/* An empty site in this store (which becomes fx's): created, plan in force, three operators (admin,
 * shift, desk), committed and signed. */
void fx_new(struct fx *fx, struct store *store, const char *plan);
/* The same in a directory that exists and is empty, without keys. */
void fx_new_dir(struct fx *fx, const char *path, const char *plan);
void fx_end(struct fx *fx);

/* Runs a command as the actor; what it gives waits for fx_commit. Returns the first entry's index.
 */
uint64_t fx_run(struct fx *fx, struct command *c);
void fx_details(struct fx *fx, struct command *c, struct id subject, const char *json);
void fx_commit(struct fx *fx);
void fx_sign(struct fx *fx);
void fx_snapshot(struct fx *fx); /* commits too */
/* A blob and the plan in it, to be applied by the admin and the shift lead. */
void fx_plan(struct fx *fx, const char *plan, struct actor by, uint32_t second);

/* A person with details, a card and a level; returns the index. */
uint32_t fx_person(struct fx *fx, enum person_kind kind, const char *level);
/* Presents that person's card; and through the door, if it opens. */
void fx_pass(struct fx *fx, uint32_t person, const char *reader);
void fx_door(struct fx *fx, const char *door, enum door_sign sign);
void fx_erase(struct fx *fx, uint32_t person);
/* An order recorded with its paper, about a person or (REF_ABSENT) a law; the same bytes may come
 * again. Returns the entry that names the paper. */
uint64_t fx_order(struct fx *fx, uint32_t person, const char *paper);
/* A photo of a person: its details name it. */
uint64_t fx_photo(struct fx *fx, uint32_t person, const char *bytes);
/* n persons in, some refused, some out; ends with the doors closed. Commits every 100 entries. */
void fx_day(struct fx *fx, uint32_t n);

struct id fx_id(uint32_t what, uint32_t n);

#endif
