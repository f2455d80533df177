/* bench_likeness.c: what the search for the same human costs a registration, at a site of 25,000
 * persons; what it takes to know them all at start; and the worst birth date. */
#include "base/system.h"
#include "engine/like_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { people = 25000, rounds = 5000 };

static const char *const given[] = {
    "Maria",  "José",   "Juan",  "Ana",     "Luis",   "Carlos",  "Mohammed", "Fatima", "Ahmed",
    "Ali",    "John",   "Mary",  "Michael", "Linda",  "David",   "Sarah",    "Wei",    "Li",
    "Nguyen", "Thi",    "Olga",  "Ivan",    "Sergei", "Elena",   "Miguel",   "Rosa",   "Pedro",
    "Carmen", "Jorge",  "Lucia", "Kwame",   "Amina",  "Ibrahim", "Yusuf",    "Omar",   "Aisha",
    "Pierre", "Claire", "Hans",  "Anna",    "Jürgen", "Søren",   "Łukasz",   "Zoë",    "Chloé",
    "Iker",   "Nerea",  "Diego", "Valeria", "Mateo"};
static const char *const family[] = {
    "García",   "González", "Rodríguez", "López",    "Martínez", "Hernández", "Pérez",   "Sánchez",
    "Ramírez",  "Torres",   "Smith",     "Johnson",  "Brown",    "Jones",     "Miller",  "Davis",
    "Wilson",   "Khan",     "Hassan",    "Hussein",  "Abdi",     "Mohamud",   "Ali",     "Nguyen",
    "Tran",     "Pham",     "Wang",      "Zhang",    "Chen",     "Liu",       "Ivanov",  "Petrov",
    "Kowalski", "Nowak",    "Müller",    "Schmidt",  "Weber",    "Rossi",     "Ferrari", "Dubois",
    "Lefèvre",  "Silva",    "Santos",    "Oliveira", "Muñoz",    "Núñez",     "O'Neil",  "O'Brien",
    "Mensah",   "Okafor",   "Diaz",      "Vega",     "Cruz",     "Reyes",     "Morales", "Flores",
    "Rivera",   "Gómez",    "Castillo",  "Ortiz"};

static uint32_t draw(uint64_t *s, uint32_t n) {
  *s = *s * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*s >> 33) % n;
}

/* Common names are common: the square of a draw. */
static const char *often(uint64_t *s, const char *const *list, uint32_t n) {
  return list[draw(s, n) * draw(s, n) / n];
}

static json_t *person(uint64_t *s, const char *born) {
  char name[200], date[16], number[16];
  bool two = draw(s, 2);
  snprintf(name, sizeof name, "%s%s%s %s %s", often(s, given, sizeof given / sizeof *given),
           two ? " " : "", two ? often(s, given, sizeof given / sizeof *given) : "",
           often(s, family, sizeof family / sizeof *family),
           often(s, family, sizeof family / sizeof *family));
  snprintf(date, sizeof date, "%u-%02u-%02u", 1945 + draw(s, 60), 1 + draw(s, 12), 1 + draw(s, 28));
  snprintf(number, sizeof number, "X%07u", draw(s, 9999999));
  return json_pack("{s:s,s:s,s:[{s:s,s:s}]}", "name", name, "birth_date", born ? born : date,
                   "identifiers", "type", "passport", "number", number);
}

static double us(usec from, uint32_t n) {
  return (double)(system_mono() - from) / n;
}

static void measure(const char *what, const char *born) {
  const struct like_key key = {{1, 2}};
  struct like_index *x = like_index_new(&key);
  static struct like_room r;
  struct fault why = {0};
  uint64_t seed = 42, found_n = 0, more = 0;
  usec from = system_mono();
  for (uint32_t i = 0; i < people; i++) {
    json_t *j = person(&seed, born);
    if (like_read(&r, j, &key, &why) || like_index_ready(x, &r.is, i, &why))
      exit(1);
    like_index_add(x, i);
    json_decref(j);
  }
  double know = us(from, people);
  json_t **asked = calloc(rounds, sizeof *asked);
  for (uint32_t i = 0; i < rounds; i++)
    asked[i] = person(&seed, born);
  from = system_mono();
  for (uint32_t i = 0; i < rounds; i++) {
    struct like_found found;
    if (like_read(&r, asked[i], &key, &why))
      exit(1);
    like_index_search(x, &r.is, UINT32_MAX, &found);
    found_n += found.n;
    more += found.more;
  }
  printf("%-28s %6.1f us a registration's search, %5.1f us to know one at start, %.3f candidates "
         "each, %.1f MB\n",
         what, us(from, rounds), know, (double)found_n / rounds, (double)like_index_bytes(x) / 1e6);
  if (more)
    printf("%-28s %llu of %d found more than %d\n", "", (unsigned long long)more, rounds,
           like_found_max);
  for (uint32_t i = 0; i < rounds; i++)
    json_decref(asked[i]);
  free(asked);
  like_index_free(x);
}

int main(void) {
  measure("25,000 persons", NULL);
  measure("all born on the same day", "1990-01-01");
  return 0;
}
