#include "engine/likeness.h"

#include <string.h>

/* --- Hashes --- */

static uint64_t turn(uint64_t x, int by) {
  return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4]) {
  v[0] += v[1];
  v[2] += v[3];
  v[1] = turn(v[1], 13) ^ v[0];
  v[3] = turn(v[3], 16) ^ v[2];
  v[0] = turn(v[0], 32);
  v[2] += v[1];
  v[0] += v[3];
  v[1] = turn(v[1], 17) ^ v[2];
  v[3] = turn(v[3], 21) ^ v[0];
  v[2] = turn(v[2], 32);
}

static void sip_take(uint64_t v[4], uint64_t m) {
  v[3] ^= m;
  sip_round(v);
  sip_round(v);
  v[0] ^= m;
}

uint64_t like_hash(const struct like_key *key, const void *p, size_t n) {
  const uint8_t *b = p;
  uint64_t v[4] = {key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du,
                   key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u};
  uint64_t last = (uint64_t)n << 56;
  for (; n >= 8; n -= 8, b += 8)
    sip_take(v, load_le64(b));
  for (size_t i = 0; i < n; i++)
    last |= (uint64_t)b[i] << 8 * i;
  sip_take(v, last);
  v[2] ^= 0xff;
  for (int i = 0; i < 4; i++)
    sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Of one kind of thing, so that a name is never a number. */
static uint64_t hash_of(const struct like_key *key, char kind, const void *p, size_t n) {
  struct like_key k = {{key->k[0] ^ (uint64_t)(uint8_t)kind << 56, key->k[1]}};
  return like_hash(&k, p, n);
}

static uint32_t short_hash(const struct like_key *key, char kind, const void *p, size_t n) {
  uint64_t h = hash_of(key, kind, p, n);
  uint32_t s = (uint32_t)(h ^ h >> 32);
  return s ? s : 1; /* 0 is none */
}

/* --- Letters --- */

/* Two letters for each: "n." is n, ".." none that is known. Made from Unicode's decompositions, and
 * from what is written for letters that have none. */
static const char latin[] =
    "a.a.a.a.a.a.aec.e.e.e.e.i.i.i.i.d.n.o.o.o.o.o...o.u.u.u.u.y.thss" /* 00C0 */
    "a.a.a.a.a.a.aec.e.e.e.e.i.i.i.i.d.n.o.o.o.o.o...o.u.u.u.u.y.thy." /* 00E0 */
    "a.a.a.a.a.a.c.c.c.c.c.c.c.c.d.d.d.d.e.e.e.e.e.e.e.e.e.e.g.g.g.g." /* 0100 */
    "g.g.g.g.h.h.h.h.i.i.i.i.i.i.i.i.i.i.ijijj.j.k.k.k.l.l.l.l.l.l.l." /* 0120 */
    "l.l.l.n.n.n.n.n.n.n.n.n.o.o.o.o.o.o.oeoer.r.r.r.r.r.s.s.s.s.s.s." /* 0140 */
    "s.s.t.t.t.t.t.t.u.u.u.u.u.u.u.u.u.u.u.u.w.w.y.y.y.z.z.z.z.z.z.s." /* 0160 */
    "b...................................f.............k............." /* 0180 */
    "o.o...........................u.u.......y......................." /* 01A0 */
    "........dzdzdzljljljnjnjnja.a.i.i.o.o.u.u.u.u.u.u.u.u.u.u...a.a." /* 01C0 */
    "a.a.........g.g.k.k.o.o.o.o.....j.dzdzdzg.g.....n.n.a.a........." /* 01E0 */
    "a.a.a.a.e.e.e.e.i.i.i.i.o.o.o.o.r.r.r.r.u.u.u.u.s.s.t.t.....h.h." /* 0200 */
    "............a.a.e.e.o.o.o.o.o.o.o.o.y.y.......j................." /* 0220 */
    "................................" /* 0240 */;
static const char latin_more[] =
    "a.a.b.b.b.b.b.b.c.c.d.d.d.d.d.d.d.d.d.d.e.e.e.e.e.e.e.e.e.e.f.f." /* 1E00 */
    "g.g.h.h.h.h.h.h.h.h.h.h.i.i.i.i.k.k.k.k.k.k.l.l.l.l.l.l.l.l.m.m." /* 1E20 */
    "m.m.m.m.n.n.n.n.n.n.n.n.o.o.o.o.o.o.o.o.p.p.p.p.r.r.r.r.r.r.r.r." /* 1E40 */
    "s.s.s.s.s.s.s.s.s.s.t.t.t.t.t.t.t.t.u.u.u.u.u.u.u.u.u.u.v.v.v.v." /* 1E60 */
    "w.w.w.w.w.w.w.w.w.w.x.x.x.x.y.y.z.z.z.z.z.z.h.t.w.y...s.....ss.." /* 1E80 */
    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.e.e.e.e.e.e.e.e." /* 1EA0 */
    "e.e.e.e.e.e.e.e.i.i.i.i.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o." /* 1EC0 */
    "o.o.o.o.u.u.u.u.u.u.u.u.u.u.u.u.u.u.y.y.y.y.y.y.y.y............." /* 1EE0 */;

enum { text_letters_max = 256, combining_first = 0x300, combining_last = 0x36f };

/* One code point of valid UTF-8; a byte that is none counts as itself. */
static uint32_t next_point(const uint8_t **p, const uint8_t *end) {
  const uint8_t *s = *p;
  unsigned more = *s < 0xc0 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
  uint32_t c = more ? *s & (0x3fu >> more) : *s;
  if ((size_t)(end - s) <= more)
    more = 0;
  for (unsigned i = 1; i <= more; i++)
    c = c << 6 | (s[i] & 0x3f);
  *p = s + 1 + more;
  return c;
}

/* Marks that are written in a word and say nothing: apostrophes, accents of their own, the soft
 * hyphen, joiners. */
static bool is_mark(uint32_t c) {
  return (c >= combining_first && c <= combining_last) || c == '\'' || c == '`' || c == 0xb4 ||
         c == 0xad || (c >= 0x2b9 && c <= 0x2bf) || c == 0x2018 || c == 0x2019 || c == 0x200c ||
         c == 0x200d || c == 0x640 || (c >= 0x64b && c <= 0x652);
}

/* Punctuation and spaces of other scripts; Latin-1's signs. */
static bool is_gap(uint32_t c) {
  return (c >= 0x80 && c < 0xc0) || (c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x303f) ||
         c == 0x60c || c == 0xfeff;
}

/* Small letters of scripts whose capitals lie side by side with them; and Arabic letters that are
 * written one for the other: forms of alef, yeh, kaf, teh marbuta. */
static uint32_t lower_point(uint32_t c) {
  static const uint16_t same[][2] = {{0x622, 0x627}, {0x623, 0x627}, {0x625, 0x627},
                                     {0x671, 0x627}, {0x649, 0x64a}, {0x6cc, 0x64a},
                                     {0x6a9, 0x643}, {0x629, 0x647}};
  for (size_t i = 0; c >= 0x600 && c < 0x700 && i < sizeof same / sizeof same[0]; i++)
    if (c == same[i][0])
      return same[i][1];
  if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
    return c + 0x20;
  return c >= 0x400 && c <= 0x40f ? c + 0x50 : c;
}

/* The letters of one code point, small and without accents, appended; 0: it ends a word. */
static unsigned fold(uint32_t c, uint32_t out[2]) {
  const char *two = c >= 0xc0 && c <= 0x24f      ? &latin[2 * (c - 0xc0)]
                    : c >= 0x1e00 && c <= 0x1eff ? &latin_more[2 * (c - 0x1e00)]
                                                 : NULL;
  if (two && two[0] != '.') {
    out[0] = (uint8_t)two[0];
    out[1] = (uint8_t)two[1];
    return two[1] == '.' ? 1 : 2;
  }
  if (c < 0x80) {
    out[0] = c >= 'A' && c <= 'Z' ? c + 32 : c;
    return (out[0] >= 'a' && out[0] <= 'z') || (c >= '0' && c <= '9');
  }
  out[0] = lower_point(c);
  return !is_gap(c) && !(two && (c == 0xd7 || c == 0xf7));
}

/* --- Words --- */

struct text_word {
  uint32_t at, n; /* of letters */
};
struct text { /* a name in letters and words */
  uint32_t letters[text_letters_max];
  uint32_t n;
  struct text_word words[like_words_max];
  uint32_t n_words;
};

static void end_word(struct text *t) {
  uint32_t at = t->n_words ? t->words[t->n_words - 1].at + t->words[t->n_words - 1].n : 0;
  if (t->n == at)
    return;
  if (t->n_words == like_words_max)
    t->n = at; /* one word more than are looked at */
  else
    t->words[t->n_words++] = (struct text_word){at, t->n - at};
}

static void split(struct text *t, struct span name) {
  const uint8_t *p = name.p, *end = p + name.n;
  t->n = t->n_words = 0;
  while (p < end) {
    uint32_t two[2], c = next_point(&p, end);
    if (is_mark(c))
      continue;
    unsigned n = fold(c, two);
    if (!n)
      end_word(t);
    for (unsigned i = 0; i < n && t->n < text_letters_max; i++)
      t->letters[t->n++] = two[i];
  }
  end_word(t);
}

static bool word_is(const struct text *t, uint32_t i, const char *s) {
  uint32_t k = 0;
  while (k < t->words[i].n && s[k] && t->letters[t->words[i].at + k] == (uint8_t)s[k])
    k++;
  return k == t->words[i].n && !s[k];
}

/* Words that are left out as often as not. */
static bool is_particle(const struct text *t, uint32_t i) {
  static const char *const particles[] = {"al",  "bin", "bint", "da", "das", "de",  "del", "della",
                                          "den", "der", "di",   "do", "dos", "du",  "e",   "el",
                                          "ibn", "la",  "las",  "le", "los", "van", "von", "y"};
  for (size_t k = 0; k < sizeof particles / sizeof particles[0]; k++)
    if (word_is(t, i, particles[k]))
      return true;
  return false;
}

/* A name of particles alone keeps them. */
static void drop_particles(struct text *t) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < t->n_words; i++)
    if (!is_particle(t, i))
      t->words[kept++] = t->words[i];
  t->n_words = kept ? kept : t->n_words;
}

/* --- Sounds --- */

static bool is_vowel(char c) {
  return c && strchr("aeiouy", c) != NULL;
}

/* How many letters the sound takes, and the sound; vowels have none but at the beginning. */
static unsigned one_sound(const char *s, char *sound) {
  static const struct {
    const char *letters;
    char sound;
  } pairs[] = {{"sch", 's'}, {"ch", 'k'}, {"ck", 'k'}, {"cz", 's'}, {"dh", 'd'},
               {"gh", 'g'},  {"kh", 'k'}, {"ph", 'f'}, {"qu", 'k'}, {"rh", 'r'},
               {"sh", 's'},  {"th", 't'}, {"ts", 's'}, {"tz", 's'}, {"zh", 's'},
               {"x", 's'},   {"q", 'k'},  {"z", 's'},  {"v", 'b'},  {"w", 'b'}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
    if (strncmp(s, pairs[i].letters, strlen(pairs[i].letters)) == 0) {
      *sound = pairs[i].sound;
      return (unsigned)strlen(pairs[i].letters);
    }
  bool soft = s[0] == 'c' && (s[1] == 'e' || s[1] == 'i' || s[1] == 'y');
  *sound = s[0] == 'c' ? (soft ? 's' : 'k') : s[0] == 'y' ? 'i' : s[0];
  return 1;
}

void like_sound(const char *word, char out[16]) {
  unsigned n = 0;
  for (const char *s = word; *s && n < 15;) {
    char sound;
    bool vowel = is_vowel(*s) && s != word;
    s += one_sound(s, &sound);
    if (!vowel && (!n || out[n - 1] != sound))
      out[n++] = sound;
  }
  out[n] = 0;
}

/* --- What is kept of a word, a name --- */

enum { slip_letters_min = 4, sound_letters_min = 3 };

static bool of_letters(const uint32_t *p, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (p[i] < 'a' || p[i] > 'z')
      return false;
  return true;
}

static bool has_digit(const uint32_t *p, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (p[i] >= '0' && p[i] <= '9')
      return true;
  return false;
}

static uint32_t sound_of(const uint32_t *p, uint32_t n, const struct like_key *key) {
  char word[text_letters_max + 1], sound[16];
  if (!of_letters(p, n))
    return 0;
  for (uint32_t i = 0; i < n; i++)
    word[i] = (char)p[i];
  word[n] = 0;
  like_sound(word, sound);
  size_t length = strlen(sound);
  return length < sound_letters_min ? 0 : short_hash(key, 's', sound, length);
}

/* The word without each of its letters. One with digits is a number: it is the same or it is not.
 */
static void put_slips(struct like_room *r, struct like_word *w, const uint32_t *p, uint32_t n,
                      const struct like_key *key) {
  uint32_t less[like_letters_max];
  w->slips_at = (uint16_t)r->is.n_slips;
  if (n + 1 < slip_letters_min || n > like_letters_max || has_digit(p, n))
    return;
  for (uint32_t i = 0; i < n; i++) {
    memcpy(less, p, i * sizeof *p);
    memcpy(less + i, p + i + 1, (n - i - 1) * sizeof *p);
    r->slips[r->is.n_slips++] = short_hash(key, 'w', less, (n - 1) * sizeof *p);
  }
  w->n_slips = (uint8_t)n;
}

static void put_word(struct like_room *r, const struct text *t, uint32_t i,
                     const struct like_key *key) {
  struct like_word *w = &r->words[r->is.n_words++];
  const uint32_t *p = &t->letters[t->words[i].at];
  uint32_t n = t->words[i].n;
  *w = (struct like_word){.whole = short_hash(key, 'w', p, n * sizeof *p),
                          .initial = short_hash(key, 'i', p, sizeof *p),
                          .single = n == 1};
  w->sound = sound_of(p, n, key);
  put_slips(r, w, p, n, key);
}

static void put_name(struct like_room *r, struct span name, const struct like_key *key) {
  struct text t;
  uint32_t row[text_letters_max], n = 0;
  struct like_name *out = &r->names[r->is.n_names];
  split(&t, name);
  drop_particles(&t);
  if (!t.n_words)
    return;
  *out = (struct like_name){.words_at = (uint16_t)r->is.n_words, .n_words = (uint16_t)t.n_words};
  for (uint32_t i = 0; i < t.n_words; i++) {
    const uint32_t *p = &t.letters[t.words[i].at];
    memcpy(row + n, p, t.words[i].n * sizeof *p);
    n += t.words[i].n;
    out->words += hash_of(key, 'm', p, t.words[i].n * sizeof *p);
    put_word(r, &t, i, key);
  }
  out->letters = hash_of(key, 'r', row, n * sizeof *row);
  r->is.n_names++;
}

/* --- Reading details --- */

struct reading {
  struct like_room *r;
  const struct like_key *key;
  struct fault first; /* what was wrong first */
};

static void wrong(struct reading *d, enum sp_err err, const char *text) {
  if (!d->first.err)
    d->first.err = fault_set(&d->first, err, "details: %s", text);
}

/* NULL: it is not there, or no text. */
static const char *text_of(struct reading *d, const json_t *o, const char *key, const char *what) {
  const json_t *v = json_object_get(o, key);
  if (v && !json_is_string(v))
    wrong(d, SP_INVALID, what);
  return json_string_value(v);
}

static void take_name(struct reading *d, const char *text) {
  if (d->r->is.n_names == like_names_max)
    wrong(d, SP_LIMIT, "more than 8 names: give the others with person.identify");
  else
    put_name(d->r, span_str(text), d->key);
}

/* `name`, and given and family names in one. */
static void take_names(struct reading *d, const json_t *o) {
  const char *name = text_of(d, o, "name", "name: a text is expected");
  const char *given = text_of(d, o, "given_name", "given_name: a text is expected");
  const char *family = text_of(d, o, "family_name", "family_name: a text is expected");
  struct buf both = {0};
  if (name)
    take_name(d, name);
  if (!given && !family)
    return;
  buf_printf(&both, "%s %s", given ? given : "", family ? family : "");
  const char *text = buf_cstr(&both);
  if (text)
    take_name(d, text);
  else
    wrong(d, SP_NO_MEMORY, "out of memory");
  if (both.p)
    bytes_wipe(both.p, both.cap);
  buf_free(&both);
}

static void take_aliases(struct reading *d, const json_t *list) {
  const char *expected = "aliases: a list of texts, or of objects with a name, is expected";
  if (list && !json_is_array(list))
    wrong(d, SP_INVALID, expected);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    if (json_is_string(one))
      take_name(d, json_string_value(one));
    else if (json_is_object(one))
      take_names(d, one);
    else
      wrong(d, SP_INVALID, expected);
  }
}

static bool number_at(const char *s, unsigned n, unsigned *out) {
  *out = 0;
  for (unsigned i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9')
      return false;
    *out = *out * 10 + (unsigned)(s[i] - '0');
  }
  return true;
}

static void take_date(struct reading *d, const char *s) {
  unsigned y, m, day;
  struct like_date *out = &d->r->dates[0];
  if (strlen(s) != 10 || s[4] != '-' || s[7] != '-' || !number_at(s, 4, &y) ||
      !number_at(s + 5, 2, &m) || !number_at(s + 8, 2, &day))
    return; /* part of a date tells too little */
  const uint32_t whole[] = {y, m, day}, swapped[] = {y, day, m}, no_day[] = {1, y, m},
                 no_month[] = {2, y, day}, no_year[] = {3, m, day};
  *out = (struct like_date){.whole = hash_of(d->key, 'd', whole, sizeof whole),
                            .swapped = hash_of(d->key, 'd', swapped, sizeof swapped),
                            .no_day = short_hash(d->key, 'p', no_day, sizeof no_day),
                            .no_month = short_hash(d->key, 'p', no_month, sizeof no_month),
                            .no_year = short_hash(d->key, 'p', no_year, sizeof no_year)};
  d->r->is.n_dates = 1;
}

/* Letters and digits count, as folded; nothing else of a number does. */
static uint32_t plain(const char *s, uint32_t out[text_letters_max]) {
  const uint8_t *p = (const uint8_t *)s, *end = p + strlen(s);
  uint32_t n = 0;
  while (p < end) {
    uint32_t two[2], c = next_point(&p, end);
    unsigned k = is_mark(c) ? 0 : fold(c, two);
    for (unsigned i = 0; i < k && n < text_letters_max; i++)
      out[n++] = two[i];
  }
  return n;
}

static void take_identifier(struct reading *d, const char *type, const char *number) {
  uint32_t letters[text_letters_max];
  struct like_identifier *out = &d->r->identifiers[d->r->is.n_identifiers];
  uint32_t n = number ? plain(number, letters) : 0;
  if (!n)
    return;
  if (d->r->is.n_identifiers == like_identifiers_max) {
    wrong(d, SP_LIMIT, "more than 16 identifiers: give the others with person.identify");
    return;
  }
  *out = (struct like_identifier){.number = hash_of(d->key, 'n', letters, n * sizeof *letters)};
  n = type ? plain(type, letters) : 0;
  out->type = n ? short_hash(d->key, 't', letters, n * sizeof *letters) : 0;
  d->r->is.n_identifiers++;
}

static void take_identifiers(struct reading *d, const json_t *list) {
  const char *expected = "identifiers: a list of {\"type\":\"…\",\"number\":\"…\"} is expected";
  if (list && !json_is_array(list))
    wrong(d, SP_INVALID, expected);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    const char *number = json_string_value(json_object_get(one, "number"));
    if (number)
      take_identifier(d, text_of(d, one, "type", expected), number);
    else
      wrong(d, SP_INVALID, expected);
  }
}

enum sp_err like_read(struct like_room *out, const json_t *details, const struct like_key *key,
                      struct fault *why) {
  struct reading d = {.r = out, .key = key};
  out->is = (struct likeness){.names = out->names,
                              .dates = out->dates,
                              .identifiers = out->identifiers,
                              .words = out->words,
                              .slips = out->slips};
  take_names(&d, details);
  take_aliases(&d, json_object_get(details, "aliases"));
  const char *date = text_of(&d, details, "birth_date", "birth_date: a text is expected");
  if (date)
    take_date(&d, date);
  take_identifiers(&d, json_object_get(details, "identifiers"));
  take_identifier(&d, NULL, text_of(&d, details, "document", "document: a text is expected"));
  take_identifier(&d, "external_id",
                  text_of(&d, details, "external_id", "external_id: a text is expected"));
  if (d.first.err && why)
    *why = d.first;
  return d.first.err;
}

/* --- Comparing --- */

/* The word without one letter, of those from this one up to that one. */
static bool without_one(const struct likeness *l, const struct like_word *w, uint32_t from,
                        uint32_t until, uint32_t whole) {
  for (uint32_t i = from; i < until && i < w->n_slips; i++)
    if (l->slips[w->slips_at + i] == whole)
      return true;
  return false;
}

/* Two of three letters are not the same but for a slip: the longer has four. */
static bool slipped(const struct likeness *a, const struct like_word *x, const struct likeness *b,
                    const struct like_word *y) {
  if (x->n_slips < slip_letters_min && y->n_slips < slip_letters_min)
    return false;
  if (without_one(a, x, 0, x->n_slips, y->whole) || without_one(b, y, 0, y->n_slips, x->whole))
    return true;
  for (uint32_t i = 0; i < x->n_slips; i++) /* another letter here, or with its neighbour */
    if (without_one(b, y, i ? i - 1 : 0, i + 2, a->slips[x->slips_at + i]))
      return true;
  return false;
}

static bool words_alike(const struct likeness *a, const struct like_word *x,
                        const struct likeness *b, const struct like_word *y) {
  return x->whole == y->whole || (x->sound && x->sound == y->sound) ||
         ((x->single || y->single) && x->initial == y->initial) || slipped(a, x, b, y);
}

/* Each word of the shorter name is given a word of its own in the other, others making room. */
struct pairing {
  uint32_t n;                     /* words of the other */
  uint32_t alike[like_words_max]; /* of each word: bits of the other's */
  uint32_t of[like_words_max];    /* of each of the other's: the word that has it + 1 */
};

static bool place(struct pairing *p, uint32_t word, uint32_t *tried) {
  for (uint32_t k = 0; k < p->n; k++) {
    if (!(p->alike[word] >> k & 1) || *tried >> k & 1)
      continue;
    *tried |= 1u << k;
    if (!p->of[k] || place(p, p->of[k] - 1, tried)) {
      p->of[k] = word + 1;
      return true;
    }
  }
  return false;
}

static bool names_alike(const struct likeness *a, const struct like_name *x,
                        const struct likeness *b, const struct like_name *y) {
  struct pairing p = {.n = y->n_words};
  bool whole = false; /* some that are no initials are alike */
  if (x->n_words > y->n_words)
    return names_alike(b, y, a, x);
  if (x->n_words == 1 && y->n_words > 1)
    return false;
  for (uint32_t i = 0; i < x->n_words; i++) {
    const struct like_word *mine = &a->words[x->words_at + i];
    uint32_t tried = 0;
    for (uint32_t k = 0; k < y->n_words; k++) {
      const struct like_word *theirs = &b->words[y->words_at + k];
      bool alike = words_alike(a, mine, b, theirs);
      p.alike[i] |= (uint32_t)alike << k;
      whole |= alike && !mine->single && !theirs->single;
    }
    if (!place(&p, i, &tried))
      return false;
  }
  return whole;
}

static unsigned compare_names(const struct likeness *a, const struct likeness *b) {
  unsigned best = 0;
  for (const struct likeness *l = a; l; l = l->next)
    for (const struct likeness *r = b; r; r = r->next)
      for (uint32_t i = 0; i < l->n_names; i++)
        for (uint32_t k = 0; k < r->n_names; k++) {
          const struct like_name *x = &l->names[i], *y = &r->names[k];
          if (x->words == y->words || x->letters == y->letters)
            return LIKE_NAME_SAME;
          if (!best && names_alike(l, x, r, y))
            best = LIKE_NAME_ALIKE;
        }
  return best;
}

/* The best of all; 0: they differ. */
static unsigned compare_dates(const struct likeness *a, const struct likeness *b) {
  unsigned n_a = 0, n_b = 0, found = 0;
  for (const struct likeness *l = a; l; l = l->next)
    n_a += l->n_dates;
  for (const struct likeness *r = b; r; r = r->next)
    n_b += r->n_dates;
  if (!n_a || !n_b)
    return LIKE_BIRTH_UNKNOWN;
  for (const struct likeness *l = a; l; l = l->next)
    for (const struct likeness *r = b; r; r = r->next)
      for (uint32_t i = 0; i < l->n_dates; i++)
        for (uint32_t k = 0; k < r->n_dates; k++) {
          const struct like_date *x = &l->dates[i], *y = &r->dates[k];
          if (x->whole == y->whole)
            return LIKE_BIRTH_SAME;
          if (x->whole == y->swapped)
            found |= LIKE_BIRTH_SWAPPED;
          if (x->no_day == y->no_day || x->no_month == y->no_month || x->no_year == y->no_year)
            found |= LIKE_BIRTH_NEAR;
        }
  return found & LIKE_BIRTH_SWAPPED ? (unsigned)LIKE_BIRTH_SWAPPED : found;
}

static bool same_identifier(const struct likeness *a, const struct likeness *b) {
  for (const struct likeness *l = a; l; l = l->next)
    for (const struct likeness *r = b; r; r = r->next)
      for (uint32_t i = 0; i < l->n_identifiers; i++)
        for (uint32_t k = 0; k < r->n_identifiers; k++) {
          const struct like_identifier *x = &l->identifiers[i], *y = &r->identifiers[k];
          if (x->number == y->number && (x->type == y->type || !x->type || !y->type))
            return true;
        }
  return false;
}

unsigned like_bits(const struct likeness *a, const struct likeness *b) {
  return compare_names(a, b) | compare_dates(a, b) |
         (same_identifier(a, b) ? (unsigned)LIKE_IDENTIFIER : 0);
}

unsigned like_score(const struct likeness *a, const struct likeness *b, unsigned *why) {
  static const struct {
    unsigned name, date, score;
  } rule[] = {
      {LIKE_NAME_SAME, LIKE_BIRTH_SAME, 90},    {LIKE_NAME_ALIKE, LIKE_BIRTH_SAME, 80},
      {LIKE_NAME_SAME, LIKE_BIRTH_SWAPPED, 70}, {LIKE_NAME_ALIKE, LIKE_BIRTH_SWAPPED, 60},
      {LIKE_NAME_SAME, LIKE_BIRTH_NEAR, 50},    {LIKE_NAME_SAME, LIKE_BIRTH_UNKNOWN, 40},
  };
  unsigned name = 0, date = compare_dates(a, b), score = 0;
  *why = 0;
  if (date)
    name = compare_names(a, b);
  for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
    if (rule[i].name == name && rule[i].date == date) {
      score = rule[i].score;
      *why = name | date;
    }
  if (same_identifier(a, b)) {
    score = 100;
    *why |= LIKE_IDENTIFIER;
  }
  return score;
}
