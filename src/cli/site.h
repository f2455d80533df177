/* site.h: a site's data directory, read: the store opened read-only and the state folded from it.
 * Works whether the engine runs or not; nothing here ever writes.
 */
#ifndef SP_CLI_SITE_H
#define SP_CLI_SITE_H

#include "cli/cli.h"

struct site;

/* Opens --dir and folds the state; c->site, and c->out's wall clock. Once is enough: calling again
 * does nothing. SP_NOT_FOUND: no site there, and how to make one. */
enum sp_err site_open(struct cli *c) SP_MUST_USE;
/* Reads what has come since into the state. *more tells whether anything had. */
enum sp_err site_refresh(struct cli *c, bool *more) SP_MUST_USE;
void site_close(struct site *s); /* NULL is fine */

const struct core *site_core(const struct site *s);
/* The worst that is known of a reader now, in a word or two: what the journal says last, as long as
 * its line is among the "lines" of what the engine says of itself (ask_status, or NULL). */
const char *site_reader_state(const struct core *core, const json_t *engine, uint32_t reader);
bool site_line_served(const struct core *core, const json_t *engine, uint32_t line);
const struct plan *site_plan(const struct site *s); /* NULL before the first */
struct site_dir;
const struct site_dir *site_directory(const struct site *s);
struct store;
struct store *site_store(const struct site *s); /* opened to be read */

/* Names that people type, to indexes; SP_NOT_FOUND with the nearest right name. */
enum sp_err site_find_person(const struct site *s, const char *text, uint32_t *index,
                             struct fault *why) SP_MUST_USE;
enum sp_err site_find_credential(const struct site *s, const char *text, uint32_t *index,
                                 struct fault *why) SP_MUST_USE;
/* A number like 1000-9, or the first digits of its id. */
enum sp_err site_find_order(const struct site *s, const char *text, uint32_t *index,
                            struct fault *why) SP_MUST_USE;
enum sp_err site_find_booking(const struct site *s, const char *text, uint32_t *index,
                              struct fault *why) SP_MUST_USE;
enum sp_err site_find_visit(const struct site *s, const char *text, uint32_t *index,
                            struct fault *why) SP_MUST_USE;
enum sp_err site_find_movement(const struct site *s, const char *text, uint32_t *index,
                               struct fault *why) SP_MUST_USE;
enum sp_err site_find_assessment(const struct site *s, const char *text, uint32_t *index,
                                 struct fault *why) SP_MUST_USE;
enum sp_err site_find_count(const struct site *s, const char *text, uint32_t *index,
                            struct fault *why) SP_MUST_USE;
enum sp_err site_find_hearing(const struct site *s, const char *text, uint32_t *index,
                              struct fault *why) SP_MUST_USE;
/* A login name (looked up in the details) or an id. */
enum sp_err site_find_operator(const struct site *s, const char *text, uint32_t *index,
                               struct fault *why) SP_MUST_USE;
enum sp_err site_find_place(const struct site *s, enum ref_kind kind, const char *text,
                            uint32_t *index, struct fault *why) SP_MUST_USE;

/* Entries in order from n on, at most `size` of the log as it was at the last refresh. The visitor
 * returns SP_OK to go on. The bytes are the store's and last until it returns. */
typedef enum sp_err site_visit(void *ctx, uint64_t n, struct span bytes, struct fault *why);
enum sp_err site_entries(const struct site *s, uint64_t from, site_visit *visit, void *ctx,
                         struct fault *why) SP_MUST_USE;
/* One entry's bytes, appended. SP_NOT_FOUND when the log is shorter. */
enum sp_err site_entry(const struct site *s, uint64_t n, struct buf *bytes,
                       struct fault *why) SP_MUST_USE;

/* The first entry not before this time: times never go back. */
enum sp_err site_find_since(const struct site *s, usec since, uint64_t *from,
                            struct fault *why) SP_MUST_USE;

/* Appends a blob's bytes. */
enum sp_err site_blob(const struct site *s, const struct hash *hash, struct buf *out,
                      struct fault *why) SP_MUST_USE;

/* Appends a paper's or a photo's bytes. SP_NOT_FOUND: it is held elsewhere, or was erased. */
enum sp_err site_paper(const struct site *s, const struct hash *hash, struct buf *out,
                       struct fault *why) SP_MUST_USE;

/* The personal details that came with the entry of this person (or operator), parsed; what was
 * learnt of a person later is the list `also` in it; *details is NULL when there are none or they
 * were erased. Reading a person's is journaled by whoever calls (details.h of this folder). */
enum sp_err site_details(const struct site *s, enum ref_kind kind, uint32_t index, json_t **details,
                         struct fault *why) SP_MUST_USE;
/* All details of one subject, by entry. */
typedef enum sp_err site_entry_details_visit(void *ctx, uint64_t n, const json_t *details,
                                             struct fault *why);
enum sp_err site_details_of(const struct site *s, const struct id *subject,
                            site_entry_details_visit *visit, void *ctx,
                            struct fault *why) SP_MUST_USE;
/* The same into a row, and those of their members that tables show beside the rest. */
enum sp_err site_set_details(struct cli *c, json_t *row, uint32_t person) SP_MUST_USE;
/* The details of every person that has any, in one go: a call for each set of them, those of the
 * registration first. *details is the caller's of the visit. */
typedef enum sp_err site_details_visit(void *ctx, uint32_t person, const json_t *details,
                                       struct fault *why);
enum sp_err site_all_details(const struct site *s, site_details_visit *visit, void *ctx,
                             struct fault *why) SP_MUST_USE;

#endif
