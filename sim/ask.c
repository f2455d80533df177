#include "sim/ask.h"

#include "engine/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void asks_init(struct asks *a, struct world *w, struct link *link) {
  *a = (struct asks){.w = w, .link = link, .next_id = 1};
  a->at = sp_alloc(asks_max, sizeof *a->at);
  SP_ASSERT(a->at);
}

void asks_free(struct asks *a) {
  sp_free(a->at);
}

uint64_t asks_send(struct asks *a, enum frame_kind kind, struct span payload, uint32_t what,
                   uint32_t arg) {
  if (!link_is_up(a->link) || a->n == asks_max)
    return 0;
  uint64_t id = a->next_id++;
  asks_send_as(a, kind, id, payload, what, arg);
  return id;
}

void asks_send_as(struct asks *a, enum frame_kind kind, uint64_t id, struct span payload,
                  uint32_t what, uint32_t arg) {
  if (!link_is_up(a->link) || a->n == asks_max)
    return;
  a->at[a->n++] = (struct ask){id, world_now(a->w), what, arg};
  link_send(a->link, kind, id, payload);
}

/* Only what is asked when all has settled counts: before, anything may be slow. */
static void waited(struct asks *a, const struct ask *ask) {
  usec since = ask->at > a->w->settled_at ? ask->at : a->w->settled_at;
  if (a->w->calm && world_now(a->w) - since > a->longest)
    a->longest = world_now(a->w) - since;
}

bool asks_reply(struct asks *a, uint64_t id, struct ask *ask) {
  for (uint32_t i = 0; i < a->n; i++)
    if (a->at[i].id == id) {
      *ask = a->at[i];
      memmove(a->at + i, a->at + i + 1, (--a->n - i) * sizeof a->at[0]);
      waited(a, ask);
      return true;
    }
  return false;
}

void asks_lost(struct asks *a) {
  for (uint32_t i = 0; i < a->n; i++)
    waited(a, &a->at[i]);
  a->n = 0;
}

void reply_string(const char *text, const char *key, char *out, size_t size) {
  struct span v = json_find(span_str(text), key);
  size_t n = v.n >= 2 && v.p[0] == '"' ? v.n - 2 : 0;
  n = n < size ? n : size - 1;
  if (n)
    memcpy(out, v.p + 1, n);
  out[n] = 0;
}

static uint64_t number_of(struct span v) {
  char digits[24] = {0};
  memcpy(digits, v.p ? (const char *)v.p : "", v.n < sizeof digits ? v.n : 0);
  return strtoull(digits, NULL, 10);
}

uint64_t reply_number(const char *text, const char *key) {
  return number_of(json_find(span_str(text), key));
}

bool reply_entry(struct span text, uint64_t *n) {
  struct span entry = json_find(text, "entry");
  struct span v = json_find(entry.p ? entry : text, "n");
  *n = number_of(v);
  return v.p && (entry.p || json_find(text, "effect").p);
}
