/* likeness.h: may two registrations be one human, by what their details say? A small rule that
 * docs/registration.md tells in words:
 *
 *   - an identifier is the same: type and number (one without a type, any type); or
 *   - a name is the same or alike, and a birth date is the same, or is it with day and month
 *     swapped; or
 *   - a name is the same, and a birth date differs in day, month or year alone, or is not known of
 *     one of the two.
 *
 * A name is the same when it has the same words in any order, or the same letters in a row. It is
 * alike when each word of the shorter one has a like word of its own in the other, two at least
 * (or both are one word). Words are alike when they are the same, sound the same, or are the same
 * but for one letter that is missing, added, another, or has changed places with its neighbour (and
 * the longer one has four at least); an initial is like each word that begins with it. Case,
 * accents and apostrophes do not count, nor do "de", "la", "al", "bin".
 *
 * Here are no texts, but keyed hashes of them: what is kept of everyone in memory tells nobody's
 * name. Pure: no clock, no locale, no randomness; the key comes from outside.
 */
#ifndef SP_ENGINE_LIKENESS_H
#define SP_ENGINE_LIKENESS_H

#include "base/bytes.h"

#include <jansson.h>

enum {
  like_names_max = 8,    /* names and aliases that one set of details may bring */
  like_words_max = 12,   /* of one name; what follows is not looked at */
  like_letters_max = 24, /* of a word in which one letter may be wrong */
  like_dates_max = 1,
  like_identifiers_max = 16,
};

struct like_key {
  uint64_t k[2];
};

struct like_date {
  uint64_t whole, swapped;
  uint32_t no_day, no_month, no_year; /* without one of the three */
  uint32_t unused;
};
struct like_identifier {
  uint64_t number; /* whatever its type */
  uint32_t type;   /* 0: it says none */
  uint32_t unused;
};
struct like_word {
  uint32_t whole, sound, initial; /* sound 0: too short to tell */
  uint16_t slips_at;              /* the word without each of its letters */
  uint8_t n_slips, single;        /* single: it is an initial */
};
struct like_name {
  uint64_t words, letters; /* in any order; in a row */
  uint16_t words_at, n_words;
  uint32_t unused;
};

/* What one set of details says. `next` is what was known of the same person before. */
struct likeness {
  const struct likeness *next;
  uint32_t n_names, n_dates, n_identifiers, n_words, n_slips;
  const struct like_name *names;
  const struct like_date *dates;
  const struct like_identifier *identifiers;
  const struct like_word *words;
  const uint32_t *slips;
};

/* Room to read one into. */
struct like_room {
  struct likeness is;
  struct like_name names[like_names_max];
  struct like_date dates[like_dates_max];
  struct like_identifier identifiers[like_identifiers_max];
  struct like_word words[like_names_max * like_words_max];
  uint32_t slips[like_names_max * like_words_max * like_letters_max];
};

/* Reads the members of a person's details: name, given_name, family_name, aliases (texts, or
 * objects with those), birth_date (1984-03-02; anything shorter counts as not known), identifiers
 * ([{type, number}]), document and external_id. Others are nobody's business. SP_INVALID, SP_LIMIT:
 * one of these is not as it should be; the rest was read all the same. */
enum sp_err like_read(struct like_room *out, const json_t *details, const struct like_key *key,
                      struct fault *why) SP_MUST_USE;

enum like_why {
  LIKE_IDENTIFIER = 1,
  LIKE_NAME_SAME = 2,
  LIKE_NAME_ALIKE = 4,
  LIKE_BIRTH_SAME = 8,
  LIKE_BIRTH_SWAPPED = 16,
  LIKE_BIRTH_NEAR = 32,
  LIKE_BIRTH_UNKNOWN = 64,
};
/* How alike the two are, with all that is known of each: 1 to 100; 0: not alike by the rule. */
unsigned like_score(const struct likeness *a, const struct likeness *b, unsigned *why);

/* What is alike of the two, whatever the rule makes of it. */
unsigned like_bits(const struct likeness *a, const struct likeness *b);

/* SipHash-2-4. */
uint64_t like_hash(const struct like_key *key, const void *p, size_t n);
/* The word as it sounds, at most 15 letters and a NUL; for tests and docs. */
void like_sound(const char *word, char out[16]);

#endif
