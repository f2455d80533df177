/* plan_blob.c: each struct of core/plan.h as a row of numbers and texts in the order of one table.
 */
#include "plan/plan_blob.h"

#include "plan/json_bytes.h"
#include "plan/plan_check.h"
#include "plan/plan_wiring.h"

#include <stdlib.h>
#include <string.h>

/* 2: card formats have fields and parity. 3: doors say where they are wired to. 4: the rules say
 * how long what is about custody may take. */
enum { blob_version = 4, blob_version_oldest = 2 };

enum cell_kind {
  CELL_U8,
  CELL_U16,
  CELL_U32,
  CELL_I32,
  CELL_I64,
  CELL_BOOL,
  CELL_SLUG,
  CELL_TEXT,
  CELL_HEX, /* bytes */
};
enum { cell_hex_max = card_bits_max / 8 }; /* bytes of the longest */

struct cell {
  enum cell_kind kind;
  size_t at, size;
  int since; /* version of the blob; each table has the later ones last */
};

#define C_SINCE(version, kind, s, m)                                                               \
  { CELL_##kind, offsetof(struct s, m), sizeof((struct s *)0)->m, version }
#define C(kind, s, m) C_SINCE(blob_version_oldest, kind, s, m)

static const struct cell head_cells[] = {C(SLUG, plan, name), C(TEXT, plan, title),
                                         C(TEXT, plan, zone)};
static const struct cell rules_cells[] = {C(U32, plan_rules, pin_attempts),
                                          C(U32, plan_rules, pin_lock_s),
                                          C(U32, plan_rules, escort_ms),
                                          C(U32, plan_rules, two_person_ms),
                                          C(U32, plan_rules, escorted_kinds),
                                          C(U32, plan_rules, escort_kinds),
                                          C(U32, plan_rules, relock_margin_ms),
                                          C(U32, plan_rules, stale_ms),
                                          C(U32, plan_rules, clock_tolerance_ms),
                                          C(U32, plan_rules, witness_quorum),
                                          C(BOOL, plan_rules, second_operator),
#define X(member, key, least, most, usual, text, doc) C_SINCE(4, U32, plan_rules, member),
                                          RULE_TIME_LIST(X)
#undef X
};
static const struct cell areas_cells[] = {
    C(SLUG, plan_area, name),          C(TEXT, plan_area, title),
    C(U16, plan_area, parent),         C(U8, plan_area, kind),
    C(U8, plan_area, anti_passback),   C(U32, plan_area, capacity),
    C(U32, plan_area, floor_area_dm2), C(U16, plan_area, bunks),
    C(U16, plan_area, toilets),        C(U16, plan_area, sinks),
    C(U16, plan_area, showers),        C(U32, plan_area, anti_passback_s),
    C(U16, plan_area, first_person),   C(BOOL, plan_area, two_person),
    C(BOOL, plan_area, escort)};
static const struct cell gates_cells[] = {C(SLUG, plan_gate, name),    C(TEXT, plan_gate, title),
                                          C(U16, plan_gate, from),     C(U16, plan_gate, to),
                                          C(U16, plan_gate, doors[0]), C(U16, plan_gate, doors[1]),
                                          C(U16, plan_gate, vestibule)};
static const struct cell doors_cells[] = {C(SLUG, plan_door, name),
                                          C(TEXT, plan_door, title),
                                          C(U16, plan_door, gate),
                                          C(U16, plan_door, from),
                                          C(U16, plan_door, to),
                                          C(U8, plan_door, lock),
                                          C(U8, plan_door, egress),
                                          C(U8, plan_door, rex),
                                          C(BOOL, plan_door, contact),
                                          C(BOOL, plan_door, lock_monitor),
                                          C(U32, plan_door, unlock_ms),
                                          C(U32, plan_door, held_open_ms),
                                          C(U32, plan_door, peers_at),
                                          C(U32, plan_door, n_peers),
#define X(NAME, text, usual, doc) C_SINCE(3, U8, plan_door, wiring.number[WIRE_##NAME]),
                                          C_SINCE(3, U16, plan_door, wiring.at),
                                          WIRE_LIST(X) C_SINCE(3, U32, plan_door, wiring.inverted)};
#undef X
static const struct cell readers_cells[] = {
    C(SLUG, plan_reader, name),  C(U16, plan_reader, door),   C(U8, plan_reader, direction),
    C(U8, plan_reader, factors), C(U8, plan_reader, secure),  C(U8, plan_reader, address),
    C(U16, plan_reader, line),   C(BOOL, plan_reader, enroll)};
static const struct cell lines_cells[] = {C(SLUG, plan_line, name), C(U8, plan_line, kind),
                                          C(U32, plan_line, baud), C(TEXT, plan_line, where)};
static const struct cell schedules_cells[] = {
    C(SLUG, plan_schedule, name), C(U32, plan_schedule, spans_at), C(U32, plan_schedule, n_spans),
    C(U32, plan_schedule, exceptions_at), C(U32, plan_schedule, n_exceptions)};
static const struct cell levels_cells[] = {
    C(SLUG, plan_level, name), C(TEXT, plan_level, title), C(U32, plan_level, rules_at),
    C(U32, plan_level, n_rules), C(BOOL, plan_level, in_lockdown)};
static const struct cell threats_cells[] = {
    C(SLUG, plan_threat, name), C(U32, plan_threat, refuse_kinds), C(U8, plan_threat, factors)};
static const struct cell formats_cells[] = {
    C(SLUG, plan_format, name),       C(U16, plan_format, bits),
    C(U32, plan_format, fields_at),   C(U32, plan_format, n_fields),
    C(U32, plan_format, parities_at), C(U32, plan_format, n_parities)};
static const struct cell format_fields_cells[] = {C(SLUG, plan_format_field, name),
                                                  C(U16, plan_format_field, first),
                                                  C(U16, plan_format_field, bits)};
static const struct cell format_parities_cells[] = {C(U16, plan_format_parity, bit),
                                                    C(U8, plan_format_parity, kind),
                                                    C(HEX, plan_format_parity, over)};
static const struct cell witnesses_cells[] = {C(TEXT, plan_witness, vkey),
                                              C(TEXT, plan_witness, url)};
static const struct cell peers_cells[] = {{CELL_U16, 0, sizeof(uint16_t), blob_version_oldest}};
static const struct cell spans_cells[] = {C(U16, plan_span, from), C(U16, plan_span, until)};
static const struct cell exceptions_cells[] = {
    C(I32, plan_exception, day), C(U32, plan_exception, spans_at), C(U32, plan_exception, n_spans)};
static const struct cell level_rules_cells[] = {C(U16, plan_level_rule, gate),
                                                C(U16, plan_level_rule, schedule),
                                                C(U8, plan_level_rule, direction)};
static const struct cell zone_transitions_cells[] = {C(I64, plan_zone_transition, from_s),
                                                     C(I32, plan_zone_transition, offset_s)};

struct cells {
  const struct cell *at;
  size_t n;
};
#define CELLS(name)                                                                                \
  { name##_cells, sizeof name##_cells / sizeof name##_cells[0] }
static const struct cells cells_of[PLAN_ARRAY_COUNT] = {
#define X(member, count, most) CELLS(member),
    PLAN_ARRAYS(X)
#undef X
};
static const struct cells head = CELLS(head), rules = CELLS(rules);

static size_t cells_in(struct cells cells, int version) {
  size_t n = 0;
  while (n < cells.n && cells.at[n].since <= version)
    n++;
  return n;
}

/* --- Encoding --- */

static json_t *cell_json(const struct cell *c, const void *base) {
  const uint8_t *at = (const uint8_t *)base + c->at;
  switch (c->kind) {
  case CELL_U8:
    return json_integer(*at);
  case CELL_U16:
    return json_integer(*(const uint16_t *)(const void *)at);
  case CELL_U32:
    return json_integer(*(const uint32_t *)(const void *)at);
  case CELL_I32:
    return json_integer(*(const int32_t *)(const void *)at);
  case CELL_I64:
    return json_integer(*(const int64_t *)(const void *)at);
  case CELL_BOOL:
    return json_boolean(*(const bool *)(const void *)at);
  case CELL_SLUG:
  case CELL_TEXT:
    return json_string((const char *)at);
  case CELL_HEX: {
    char hex[2 * cell_hex_max];
    SP_ASSERT(c->size <= cell_hex_max);
    hex_encode(hex, at, c->size);
    return json_stringn(hex, 2 * c->size);
  }
  }
  return NULL;
}

static json_t *row_json(struct cells cells, int version, const void *base) {
  json_t *row = json_array();
  for (size_t i = 0; row && i < cells_in(cells, version); i++)
    if (json_array_append_new(row, cell_json(&cells.at[i], base))) {
      json_decref(row);
      return NULL;
    }
  return row;
}

static int put_piece(const char *p, size_t n, void *ctx) {
  buf_put(ctx, p, n);
  return 0;
}

static enum sp_err encode(const struct plan *p, int version, struct buf *out, struct fault *why) {
  json_t *root = json_object();
  bool ok = root && !json_object_set_new(root, "v", json_integer(version)) &&
            !json_object_set_new(root, "head", row_json(head, version, p)) &&
            !json_object_set_new(root, "rules", row_json(rules, version, &p->rules));
  for (enum plan_array a = 0; ok && a < PLAN_ARRAY_COUNT; a++) {
    json_t *list = json_array();
    ok = list != NULL;
    for (uint32_t i = 0; ok && i < plan_array_count(p, a); i++)
      ok = !json_array_append_new(list, row_json(cells_of[a], version, plan_array_at(p, a, i)));
    ok = !json_object_set_new(root, plan_array_name(a), list) && ok;
  }
  ok = ok && json_dump_callback(root, put_piece, out, JSON_COMPACT | JSON_SORT_KEYS) == 0 &&
       !out->failed;
  json_decref(root);
  return ok ? SP_OK : fault_set(why, SP_NO_MEMORY, "out of memory for the compiled plan");
}

enum sp_err plan_blob_encode(const struct plan *p, struct buf *out, struct fault *why) {
  return encode(p, blob_version, out, why);
}

/* --- Decoding --- */

static bool take_integer(const json_t *j, int64_t lo, int64_t hi, int64_t *v) {
  if (!json_is_integer(j))
    return false;
  *v = json_integer_value(j);
  return *v >= lo && *v <= hi;
}

static bool cell_take(const struct cell *c, const json_t *j, void *base) {
  uint8_t *at = (uint8_t *)base + c->at;
  int64_t v;
  switch (c->kind) {
  case CELL_U8:
    return take_integer(j, 0, UINT8_MAX, &v) && (*at = (uint8_t)v, true);
  case CELL_U16:
    return take_integer(j, 0, UINT16_MAX, &v) && (*(uint16_t *)(void *)at = (uint16_t)v, true);
  case CELL_U32:
    return take_integer(j, 0, UINT32_MAX, &v) && (*(uint32_t *)(void *)at = (uint32_t)v, true);
  case CELL_I32:
    return take_integer(j, INT32_MIN, INT32_MAX, &v) && (*(int32_t *)(void *)at = (int32_t)v, true);
  case CELL_I64:
    return take_integer(j, INT64_MIN, INT64_MAX, &v) && (*(int64_t *)(void *)at = v, true);
  case CELL_BOOL:
    return json_is_boolean(j) && (*(bool *)(void *)at = json_is_true(j), true);
  case CELL_SLUG:
  case CELL_TEXT: {
    size_t n = json_string_length(j);
    if (!json_is_string(j) || n >= c->size || memchr(json_string_value(j), 0, n))
      return false;
    memcpy(at, json_string_value(j), n);
    return true;
  }
  case CELL_HEX:
    return json_is_string(j) &&
           hex_decode(at, c->size, json_string_value(j), json_string_length(j));
  }
  return false;
}

static bool row_take(struct cells cells, int version, const json_t *row, void *base) {
  size_t n = cells_in(cells, version);
  if (!json_is_array(row) || json_array_size(row) != n)
    return false;
  for (size_t i = 0; i < n; i++)
    if (!cell_take(&cells.at[i], json_array_get(row, i), base))
      return false;
  return true;
}

/* What a blob of an older version does not say is as it was when nothing else could be said. */
static void fill_in(struct plan *p, int version) {
  for (uint32_t i = 0; version < 3 && i < p->n_doors; i++)
    plan_wiring_usual(&p->doors[i]);
#define X(member, key, least, most, usual, text, doc) p->rules.member = usual;
  if (version < 4) {
    RULE_TIME_LIST(X)
  }
#undef X
}

static enum sp_err take_all(struct plan *p, const json_t *root, int *version, struct fault *why) {
  int64_t v = 0;
  if (!json_is_object(root) || !take_integer(json_object_get(root, "v"), 0, 1 << 20, &v))
    return fault_set(why, SP_INVALID, "compiled plan: not one");
  if (v < blob_version_oldest || v > blob_version)
    return fault_set(why, SP_VERSION,
                     "compiled plan: version %lld, and this program knows %d to %d", (long long)v,
                     blob_version_oldest, blob_version);
  *version = (int)v;
  if (json_object_size(root) != PLAN_ARRAY_COUNT + 3 ||
      !row_take(head, *version, json_object_get(root, "head"), p) ||
      !row_take(rules, *version, json_object_get(root, "rules"), &p->rules))
    return fault_set(why, SP_INVALID, "compiled plan: head or rules are malformed");
  for (enum plan_array a = 0; a < PLAN_ARRAY_COUNT; a++) {
    const json_t *list = json_object_get(root, plan_array_name(a));
    if (!json_is_array(list))
      return fault_set(why, SP_INVALID, "compiled plan: %s are missing", plan_array_name(a));
    for (size_t i = 0; i < json_array_size(list); i++) {
      uint32_t index;
      enum sp_err err = plan_add(p, NULL, a, 0, &index, why);
      if (err)
        return err;
      if (!row_take(cells_of[a], *version, json_array_get(list, i), plan_array_at(p, a, index)))
        return fault_set(why, SP_INVALID, "compiled plan: row %zu of %s is malformed", i,
                         plan_array_name(a));
    }
  }
  fill_in(p, *version);
  return SP_OK;
}

/* One plan, one blob of a version: else two hashes could stand for the same rules. */
static enum sp_err same_bytes(const struct plan *p, int version, struct span blob,
                              struct fault *why) {
  struct buf again = {0};
  enum sp_err err = encode(p, version, &again, why);
  if (!err && !span_eq(buf_span(&again), blob))
    err = fault_set(why, SP_INVALID, "compiled plan: not in its canonical form");
  buf_free(&again);
  return err;
}

enum sp_err plan_blob_decode(struct span blob, struct plan **out, struct fault *why) {
  *out = NULL;
  struct plan *p = plan_new();
  if (blob.n > plan_blob_max) {
    plan_free(p);
    return fault_set(why, SP_LIMIT, "compiled plan: over %d MiB", plan_blob_max >> 20);
  }
  json_t *root = NULL;
  int version = blob_version;
  enum sp_err err = p ? json_bytes_read(&root, blob, NULL, why)
                      : fault_set(why, SP_NO_MEMORY, "out of memory to read a compiled plan");
  if (err == SP_INVALID)
    err = fault_set(why, err, "compiled plan: not JSON");
  if (!err)
    err = take_all(p, root, &version, why);
  json_decref(root);
  struct plan_faults faults = {0};
  if (!err) {
    plan_check(p, NULL, &faults);
    if (faults.no_memory)
      err = fault_set(why, SP_NO_MEMORY, "out of memory to check a compiled plan");
    for (uint32_t i = 0; i < faults.kept && !err; i++)
      if (!faults.at[i].warning)
        err = fault_set(why, SP_INVALID, "compiled plan: %s", faults.at[i].text);
  }
  plan_faults_free(&faults);
  if (!err)
    err = plan_finish(p, why);
  if (!err)
    err = same_bytes(p, version, blob, why);
  if (err)
    plan_free(p);
  else
    *out = p;
  return err;
}
