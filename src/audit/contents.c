#include "audit/contents.h"

#include "engine/entry_read.h"
#include "engine/query.h"
#include "journal/details.h"
#include "journal/sha256.h"

#include <stdlib.h>
#include <string.h>

/* --- Gathering --- */

/* Room for one more at the end of a list; NULL without memory. */
static void *grow(struct contents *c, void **list, size_t *n, size_t *cap, size_t size) {
  if (c->no_memory)
    return NULL;
  if (*n == *cap) {
    size_t more = *cap ? 2 * *cap : 64;
    void *p = sp_realloc(*list, more * size);
    if (!p) {
      c->no_memory = true;
      return NULL;
    }
    *list = p;
    *cap = more;
  }
  return (uint8_t *)*list + (*n)++ * size;
}
#define GROW(c, list)                                                                              \
  grow(c, (void **)&(c)->list, &(c)->n_##list, &(c)->cap_##list, sizeof *(c)->list)

static bool read_hex(struct span object, const char *key, uint8_t *out, size_t n) {
  struct span s = entry_member(object, key);
  return s.n && hex_decode(out, n, (const char *)s.p, s.n);
}

/* Whose details an entry of this type commits to, or whose were erased. */
static struct id subject_of(const struct entry *e, enum event_type type) {
  static const char *const keys[EVENT_COUNT] = {
      [EVENT_PERSON_ADDED] = "person",
      [EVENT_OPERATOR_ADDED] = "operator",
      [EVENT_ORDER_RECORDED] = "order",
      [EVENT_BOOKING_OPENED] = "booking",
      [EVENT_DEATH_RECORDED] = "person",
      [EVENT_DEATH_CAUSE_FOUND] = "person",
      [EVENT_DEATH_REMAINS_HANDED_OVER] = "person",
      [EVENT_DEATH_RETRACTED] = "person",
      [EVENT_DETAILS_ERASED] = "person",
      [EVENT_PERSON_IDENTIFIED] = "person",
      [EVENT_BOOKING_SUPPLEMENTED] = "booking",
      [EVENT_VISIT_OPENED] = "visit",
      [EVENT_ASSESSMENT_RECORDED] = "assessment",
      [EVENT_PERSON_PHOTOGRAPHED] = "person",
  };
  struct id id = {{0}};
  if (type < EVENT_COUNT && keys[type] && !read_hex(e->data, keys[type], id.b, sizeof id.b))
    id = (struct id){{0}};
  return id;
}

static struct id person_of(const struct entry *e) {
  struct id id = {{0}};
  if (!read_hex(e->data, "person", id.b, sizeof id.b))
    id = (struct id){{0}};
  return id;
}

static void gather_blob(struct contents *c, const struct entry *e, const char *key) {
  struct contents_blob *b = GROW(c, blobs);
  if (!b)
    return;
  *b = (struct contents_blob){.n = e->n};
  if (!read_hex(e->data, key, b->hash.b, sizeof b->hash.b))
    c->n_blobs--; /* the fold tells that it is no plan.applied */
}

/* A paper that came with the entry; those held elsewhere are nobody's business here. */
static void gather_paper(struct contents *c, const struct entry *e, const char *key) {
  if (!entry_member_is_true(e->data, "kept"))
    return;
  struct contents_paper *p = GROW(c, papers);
  if (!p)
    return;
  *p = (struct contents_paper){.n = e->n, .person = person_of(e)};
  if (!read_hex(e->data, key, p->hash.b, sizeof p->hash.b))
    c->n_papers--; /* the fold tells that it is none */
}

void contents_entry(void *ctx, const struct entry *e, enum event_type type) {
  struct contents *c = ctx;
  if (e->n > c->next) {
    struct contents_gap *g = GROW(c, gaps);
    if (g)
      *g = (struct contents_gap){c->next, e->n};
  }
  c->next = e->n + 1;
  if (!bytes_are_zero(e->commit.b, sizeof e->commit.b)) {
    struct contents_commit *m = GROW(c, commits);
    if (m)
      *m = (struct contents_commit){.n = e->n,
                                    .commit = e->commit,
                                    .subject = subject_of(e, type),
                                    .person = person_of(e),
                                    .type = type};
  }
  if (type == EVENT_DETAILS_ERASED) {
    struct contents_erasure *m = GROW(c, erasures);
    if (m)
      *m = (struct contents_erasure){.n = e->n, .subject = subject_of(e, type)};
  } else if (type == EVENT_SNAPSHOT_TAKEN) {
    struct contents_snapshot *m = GROW(c, snapshots);
    if (m) {
      *m = (struct contents_snapshot){.n = e->n};
      if (!read_hex(e->data, "state", m->state.b, sizeof m->state.b))
        c->n_snapshots--;
    }
  } else if (type == EVENT_PLAN_APPLIED) {
    gather_blob(c, e, "compiled");
    gather_blob(c, e, "source");
  } else if (type == EVENT_ORDER_RECORDED || type == EVENT_ORDER_WRITTEN) {
    gather_paper(c, e, "document");
  } else if (type == EVENT_MOVEMENT_HANDED_OVER) {
    gather_paper(c, e, "receipt");
  } else if (type == EVENT_SITE_CREATED && e->n == 0) {
    (void)!read_hex(e->data, "vkey", c->vkey.b, sizeof c->vkey.b);
  }
}

static bool was_read(const struct contents *c, uint64_t n) {
  for (size_t i = 0; i < c->n_gaps; i++)
    if (n >= c->gaps[i].from && n < c->gaps[i].until)
      return false;
  return n < c->next;
}

void contents_free(struct contents *c) {
  sp_free(c->gaps);
  sp_free(c->commits);
  sp_free(c->erasures);
  sp_free(c->snapshots);
  sp_free(c->blobs);
  sp_free(c->papers);
  sp_free(c->photos);
}

static int by_subject(const void *a, const void *b) {
  const struct contents_erasure *x = a, *y = b;
  int d = memcmp(&x->subject, &y->subject, sizeof x->subject);
  return d ? d : (x->n > y->n) - (x->n < y->n);
}

/* Among the first n, which are in order. */
static struct contents_erasure *find_erasure(const struct contents *c, size_t n,
                                             const struct id *subject) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (memcmp(&c->erasures[mid].subject, subject, sizeof *subject) < 0)
      low = mid + 1;
    else
      high = mid;
  }
  bool found = low < n && memcmp(&c->erasures[low].subject, subject, sizeof *subject) == 0;
  return found ? &c->erasures[low] : NULL;
}

static void order_erasures(struct contents *c) {
  qsort(c->erasures, c->n_erasures, sizeof *c->erasures, by_subject);
  size_t kept = 0;
  for (size_t i = 1; i < c->n_erasures; i++) {
    bool same = memcmp(&c->erasures[kept].subject, &c->erasures[i].subject, sizeof(struct id)) == 0;
    c->erasures[same ? kept : ++kept] = c->erasures[i];
  }
  c->n_erasures = kept + 1;
}

/* What was written of a person's bookings and orders before they were erased went with them. */
static void spread_erasures(struct contents *c) {
  const size_t ordered = c->n_erasures;
  for (size_t i = 0; i < c->n_commits; i++) {
    const struct contents_commit *m = &c->commits[i];
    const struct contents_erasure *of = find_erasure(c, ordered, &m->person);
    if (!of || of->n < m->n || bytes_are_zero(m->person.b, sizeof m->person.b) ||
        memcmp(&m->person, &m->subject, sizeof m->person) == 0)
      continue;
    uint64_t n = of->n;
    struct contents_erasure *e = GROW(c, erasures); /* may move them */
    if (e)
      *e = (struct contents_erasure){.n = n, .subject = m->subject};
  }
}

void contents_order(struct contents *c) {
  if (!c->n_erasures)
    return;
  order_erasures(c);
  spread_erasures(c);
  order_erasures(c);
}

bool contents_erased_after(const struct contents *c, const struct id *subject, uint64_t n) {
  const struct contents_erasure *e = find_erasure(c, c->n_erasures, subject);
  return e && e->n > n;
}

/* --- Comparing --- */

struct checking {
  struct contents *c;
  struct contents_counts *counts;
  uint64_t last_n, size;
};

static struct contents_commit *find_commit(struct contents *c, uint64_t n) {
  size_t low = 0, high = c->n_commits;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (c->commits[mid].n < n)
      low = mid + 1;
    else
      high = mid;
  }
  return low < c->n_commits && c->commits[low].n == n ? &c->commits[low] : NULL;
}

/* The entry commits to it through its details, which are what it committed to. */
static void gather_photo(struct contents *c, const struct store_details *d) {
  struct contents_paper *p = GROW(c, photos);
  if (!p)
    return;
  *p = (struct contents_paper){.n = d->n, .person = d->subject};
  if (!read_hex(d->json, "photo", p->hash.b, sizeof p->hash.b)) {
    c->n_photos--;
    report_add(c->report, SP_CORRUPT, "details of entry %llu: they name no photo",
               (unsigned long long)d->n);
  }
}

static enum sp_err check_details(void *ctx, const struct store_details *d) {
  struct checking *k = ctx;
  struct report *report = k->c->report;
  unsigned long long n = d->n;
  struct contents_commit *m = find_commit(k->c, d->n);
  k->last_n = d->n;
  if (!m) {
    if (was_read(k->c, d->n) || d->n >= k->size)
      report_add(report, SP_CORRUPT, "details of entry %llu: the entry commits to none", n);
    return SP_OK;
  }
  m->met = true;
  if (m->type == EVENT_COUNT)
    return SP_OK; /* told with the entry */
  struct slug type = query_entry_type(m->type);
  struct hash is = details_commit(&d->opening, span_str(event_records[m->type].type), d->json);
  if (memcmp(&type, &d->type, sizeof type) != 0)
    report_add(report, SP_CORRUPT, "details of entry %llu: the row names another type", n);
  else if (memcmp(&m->subject, &d->subject, sizeof m->subject) != 0)
    report_add(report, SP_CORRUPT,
               "details of entry %llu: the row names another person, operator, order or booking",
               n);
  else if (memcmp(&is, &m->commit, sizeof is) != 0)
    report_add(report, SP_CORRUPT,
               "details of entry %llu: they, or their opening, are not what the entry committed to",
               n);
  else if (contents_erased_after(k->c, &d->subject, d->n))
    report_add(report, SP_CORRUPT,
               "details of entry %llu: their erasure is journaled, and they are still here", n);
  else {
    k->counts->details++;
    if (m->type == EVENT_PERSON_PHOTOGRAPHED)
      gather_photo(k->c, d);
  }
  return SP_OK;
}

static void check_erased(struct checking *k) {
  for (size_t i = 0; i < k->c->n_commits; i++) {
    const struct contents_commit *m = &k->c->commits[i];
    if (m->met)
      continue;
    if (contents_erased_after(k->c, &m->subject, m->n))
      k->counts->erased++;
    else
      report_add(k->c->report, SP_CORRUPT,
                 "details of entry %llu: missing, and no erasure is journaled",
                 (unsigned long long)m->n);
  }
}

static enum sp_err check_blob(void *ctx, const struct store_blob *b) {
  struct checking *k = ctx;
  char hex[2 * sizeof b->hash.b + 1] = {0};
  hex_encode(hex, b->hash.b, sizeof b->hash.b);
  struct hash is = sha256_of(b->bytes);
  bool named = false;
  for (size_t i = 0; i < k->c->n_blobs; i++)
    if (memcmp(&k->c->blobs[i].hash, &b->hash, sizeof b->hash) == 0)
      named = k->c->blobs[i].met = true;
  if (memcmp(&is, &b->hash, sizeof is) != 0)
    report_add(k->c->report, SP_CORRUPT, "blob %s: its bytes have another hash", hex);
  else if (!named)
    report_add(k->c->report, SP_CORRUPT, "blob %s: no entry names it", hex);
  else
    k->counts->blobs++;
  return SP_OK;
}

static void check_missing_blobs(struct checking *k) {
  for (size_t i = 0; i < k->c->n_blobs; i++)
    if (!k->c->blobs[i].met) {
      char hex[2 * sizeof(struct hash) + 1] = {0};
      hex_encode(hex, k->c->blobs[i].hash.b, sizeof(struct hash));
      report_add(k->c->report, SP_CORRUPT, "blob %s: missing; entry %llu names it", hex,
                 (unsigned long long)k->c->blobs[i].n);
    }
}

/* --- Papers and photos --- */

static struct contents_paper *find_paper(struct contents_paper *list, size_t n_list, uint64_t n) {
  size_t low = 0, high = n_list;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (list[mid].n < n)
      low = mid + 1;
    else
      high = mid;
  }
  return low < n_list && list[low].n == n ? &list[low] : NULL;
}

static bool photo_erased(struct contents *c, uint64_t n) {
  const struct contents_commit *m = find_commit(c, n);
  return m && m->type == EVENT_PERSON_PHOTOGRAPHED && contents_erased_after(c, &m->subject, n);
}

static enum sp_err check_paper(void *ctx, const struct store_paper *p) {
  struct checking *k = ctx;
  struct contents *c = k->c;
  unsigned long long n = p->n;
  struct hash is = sha256_of(p->bytes);
  struct contents_paper *named = find_paper(c->papers, c->n_papers, p->n);
  if (!named)
    named = find_paper(c->photos, c->n_photos, p->n);
  k->last_n = p->n;
  if (!named) {
    if (photo_erased(c, p->n)) /* with the details that named it */
      report_add(c->report, SP_CORRUPT,
                 "paper of entry %llu: its erasure is journaled, and it is still here", n);
    else if (was_read(c, p->n) || p->n >= k->size)
      report_add(c->report, SP_CORRUPT, "paper of entry %llu: the entry names none", n);
    return SP_OK;
  }
  named->met = true;
  if (memcmp(&is, &p->hash, sizeof is) != 0)
    report_add(c->report, SP_CORRUPT, "paper of entry %llu: its bytes have another hash", n);
  else if (memcmp(&named->hash, &p->hash, sizeof is) != 0)
    report_add(c->report, SP_CORRUPT, "paper of entry %llu: the entry names another", n);
  else if (memcmp(&named->person, &p->subject, sizeof p->subject) != 0)
    report_add(c->report, SP_CORRUPT, "paper of entry %llu: the row names another person", n);
  else if (contents_erased_after(c, &p->subject, p->n))
    report_add(c->report, SP_CORRUPT,
               "paper of entry %llu: its erasure is journaled, and it is still here", n);
  else
    k->counts->papers++;
  return SP_OK;
}

static void check_missing_papers(struct checking *k, const struct contents_paper *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (list[i].met)
      continue;
    if (contents_erased_after(k->c, &list[i].person, list[i].n))
      k->counts->papers_erased++;
    else
      report_add(k->c->report, SP_CORRUPT,
                 "paper of entry %llu: missing, and no erasure is journaled",
                 (unsigned long long)list[i].n);
  }
}

/* After the details, which name the photos. */
static enum sp_err check_papers(struct checking *k, struct store *store, struct fault *why) {
  struct fault damage = {0};
  enum sp_err err = store_papers(store, check_paper, k, &damage);
  if (err == SP_CORRUPT)
    report_fault(k->c->report, &damage, "papers behind that of entry %llu",
                 (unsigned long long)k->last_n);
  else if (err)
    return fault_set(why, err, "%s", damage.text);
  else {
    check_missing_papers(k, k->c->papers, k->c->n_papers);
    check_missing_papers(k, k->c->photos, k->c->n_photos);
  }
  return SP_OK;
}

/* The row against its entry. */
static const char *judge_snapshot(const struct contents *c, const struct store_snapshot *s) {
  const struct contents_snapshot *taken = NULL;
  for (size_t i = 0; i < c->n_snapshots && !taken; i++)
    if (c->snapshots[i].n == s->n)
      taken = &c->snapshots[i];
  if (!taken)
    return was_read(c, s->n) ? "no entry snapshot.taken stands at its index"
                             : "its entry cannot be read";
  return memcmp(&taken->state, &s->hash, sizeof s->hash) == 0
             ? NULL
             : "its row names another hash than its entry";
}

static const char *judge_bytes(const struct store_snapshot *s, struct span bytes) {
  struct hash is = sha256_of(bytes);
  return bytes.n != s->bytes ? "it has another length than its row names"
         : memcmp(&is, &s->hash, sizeof is) != 0
             ? "its bytes have another hash than its entry names"
             : NULL;
}

static enum sp_err check_snapshots(struct checking *k, struct store *store, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  struct fault damage = {0};
  struct buf bytes = {0};
  uint32_t n = 0;
  enum sp_err err = store_snapshot_list(store, list, &n, &damage);
  if (err == SP_CORRUPT)
    report_fault(k->c->report, &damage, "snapshots");
  for (uint32_t i = 0; i < n && !err; i++) {
    const char *wrong = judge_snapshot(k->c, &list[i]);
    buf_reset(&bytes);
    if (!wrong) {
      err = store_snapshot_read(store, list[i].n, &bytes, &damage);
      wrong = err ? damage.text : judge_bytes(&list[i], buf_span(&bytes));
    }
    if (err && err != SP_CORRUPT && err != SP_NOT_FOUND)
      break;
    err = SP_OK;
    if (wrong)
      report_add(k->c->report, SP_CORRUPT, "snapshot of entry %llu: %s; `rebuild` makes it anew",
                 (unsigned long long)list[i].n, wrong);
    else
      k->counts->snapshots++;
  }
  buf_free(&bytes);
  return err && err != SP_CORRUPT ? fault_set(why, err, "%s", damage.text) : SP_OK;
}

enum sp_err contents_check(struct contents *c, struct store *store, struct contents_counts *counts,
                           struct fault *why) {
  struct checking k = {.c = c, .counts = counts};
  struct fault damage = {0};
  *counts = (struct contents_counts){0};
  if (store_count(store, &k.size, &damage))
    return fault_set(why, damage.err, "%s", damage.text);
  if (c->no_memory)
    return fault_set(why, SP_NO_MEMORY, "out of memory for what the journal says about details");
  contents_order(c);
  enum sp_err err = store_details(store, NULL, check_details, &k, &damage);
  if (err == SP_CORRUPT)
    report_fault(c->report, &damage, "details behind those of entry %llu",
                 (unsigned long long)k.last_n);
  else if (err)
    return fault_set(why, err, "%s", damage.text);
  else
    check_erased(&k);
  err = store_blobs(store, check_blob, &k, &damage);
  if (err == SP_CORRUPT)
    report_fault(c->report, &damage, "blobs");
  else if (err)
    return fault_set(why, err, "%s", damage.text);
  check_missing_blobs(&k);
  err = check_papers(&k, store, why);
  return err ? err : check_snapshots(&k, store, why);
}
