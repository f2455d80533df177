/* sentence.h: entries in people's words: one line each for `log`, whole sentences for `explain`.
 *
 * One row of a table an entry type (sentence.c). The words in braces are members of the entry's
 * data: {person} becomes "officer 1042-7", {until} a time of the site's clock, {reasons} the codes.
 * What stands in brackets is left out unless all its members are there; a flag says nothing by
 * itself. {person|18} is padded.
 */
#ifndef SP_CLI_SENTENCE_H
#define SP_CLI_SENTENCE_H

#include "cli/out.h"
#include "core/state.h"
#include "journal/entry.h"

struct speaker {
  const struct core *core; /* folded at least up to what is spoken of */
  const struct out *out;
  bool unsealed; /* to someone who may know what sealed orders say, which was journaled */
};

/* Appends one line without newline: number, clock, word, what. SP_VERSION for a type that this
 * program does not know. */
enum sp_err sentence_line(const struct speaker *s, const struct entry *e, struct buf *line,
                          struct fault *why) SP_MUST_USE;

/* Appends sentences, a line each: what was decided, on what it rests, or each reason why not. */
enum sp_err sentence_explain(const struct speaker *s, const struct entry *e, struct buf *text,
                             struct fault *why) SP_MUST_USE;

/* The same as JSON: {"n","type","at","said":[…],"rests_on":[…],"reasons":[{code,on,text}]}. */
enum sp_err sentence_explain_json(const struct speaker *s, const struct entry *e, json_t **out,
                                  struct fault *why) SP_MUST_USE;

/* Appends "officer 1042-7", "area section-1", "credential 5f0c1234": what a reference means to
 * people. ref is "kind:name" as journals write it. A sealed order is "sealed order 1000-9" and no
 * more. */
void sentence_ref(const struct core *core, struct buf *out, const char *ref);
/* Appends the sentence of a reason, {"code":…,"on":…}. */
void sentence_reason(const struct core *core, struct buf *out, const json_t *reason);
/* "1042-7" */
enum { person_text_max = 16 };
void person_text(char out[person_text_max], uint32_t index);
/* Both forms, with and without the hyphen, or the hex id. */
/* A short number of one of n things, like 1000-9, to its index. */
bool number_parse(const char *text, uint32_t n, uint32_t *index);
bool person_parse(const struct core *core, const char *text, uint32_t *index);

/* The row of a type: what `log` and what `explain` say, braces unfilled. For docs and tests. */
void sentence_words(enum event_type type, const char **line, const char **explain);

/* The type of an entry; EVENT_COUNT when it is not known. */
enum event_type sentence_type(struct span type);

#endif
