/* scenario_asked.c: actions that are one command, told by its own fields. A new one is a row. */
#include "sim/scenario.h"

#include <stdio.h>
#include <string.h>

/* Commands as their table of fields tells them: VERB, then words for these fields in turn, then
 * "FIELD VALUE" for any other, a field that is true or false by its name alone. Lists are
 * "a,b"; times are instants, or +2h from now. */
static const struct {
  const char *verb;
  enum command_type type;
  const char *fields[3];
} asked[] = {
    {"operator-compromised", COMMAND_OPERATOR_COMPROMISE, {"operator", "since"}},
    {"card-compromised", COMMAND_CREDENTIAL_COMPROMISE, {"credential", "since"}},
    {"authority", COMMAND_AUTHORITY_ADD, {"authority"}},
    {"place", COMMAND_PLACE_ADD, {"place", "country"}},
    {"basis", COMMAND_BASIS_ADD, {"basis"}},
    {"repeal", COMMAND_BASIS_REPEAL, {"basis"}},
    {"commit", COMMAND_AGREEMENT_COMMIT, {"agreement", "amount", "currency"}},
    {"pay", COMMAND_AGREEMENT_PAY, {"agreement", "amount", "currency"}},
    {"class", COMMAND_CLASS_ADD, {"class", "unlisted"}},
    {"include", COMMAND_CLASS_INCLUDE, {"person", "class"}},
    {"doubt", COMMAND_CLASS_DOUBT, {"person", "class"}},
    {"exclude", COMMAND_CLASS_EXCLUDE, {"person", "class"}},
    {"order", COMMAND_ORDER_RECORD, {"order", "kind", "issuer"}},
    {"authenticate", COMMAND_ORDER_AUTHENTICATE, {"order"}},
    {"write", COMMAND_ORDER_WRITE, {"order", "document"}},
    {"recall", COMMAND_ORDER_RECALL, {"order"}},
    {"refute", COMMAND_ORDER_REFUTE, {"order"}},
    {"assessment", COMMAND_ASSESSMENT_RECORD, {"assessment", "kind", "person"}},
    {"contest", COMMAND_ASSESSMENT_CONTEST, {"assessment"}},
    {"review", COMMAND_ASSESSMENT_REVIEW, {"assessment", "outcome"}},
    {"booking", COMMAND_BOOKING_OPEN, {"booking", "person", "order"}},
    {"supplement", COMMAND_BOOKING_SUPPLEMENT, {"booking"}},
    {"death", COMMAND_DEATH_RECORD, {"person", "at"}},
    {"cause", COMMAND_DEATH_CAUSE, {"person", "document"}},
    {"remains", COMMAND_DEATH_REMAINS, {"person", "receipt"}},
    {"retract", COMMAND_DEATH_RETRACT, {"person"}},
    {"mark", COMMAND_MARK_SET, {"person", "mark"}},
    {"unmark", COMMAND_MARK_CLEAR, {"person", "mark"}},
    {"link", COMMAND_LINK_RECORD, {"person", "other"}},
    {"unlink", COMMAND_LINK_DISMISS, {"person", "other"}},
    {"movement", COMMAND_MOVEMENT_PROPOSE, {"movement", "kind"}},
    {"authorise", COMMAND_MOVEMENT_AUTHORISE, {"movement"}},
    {"cancel", COMMAND_MOVEMENT_CANCEL, {"movement"}},
    {"manifest", COMMAND_MANIFEST_ADD, {"movement", "person"}},
    {"cite", COMMAND_MANIFEST_CITE, {"movement", "person", "order"}},
    {"offer", COMMAND_MANIFEST_CITE, {"movement", "person", "assessment"}},
    {"promote", COMMAND_MANIFEST_PROMOTE, {"movement", "person"}},
    {"remove", COMMAND_MANIFEST_REMOVE, {"movement", "person"}},
    {"confirm", COMMAND_IDENTITY_CONFIRM, {"movement", "person", "presented"}},
    {"board", COMMAND_MOVEMENT_BOARD, {"movement", "person"}},
    {"disembark", COMMAND_MOVEMENT_DISEMBARK, {"movement", "person"}},
    {"leaves", COMMAND_MOVEMENT_DEPART, {"movement"}},
    {"divert", COMMAND_MOVEMENT_DIVERT, {"movement", "to"}},
    {"arrive", COMMAND_MOVEMENT_ARRIVE, {"movement"}},
    {"visit", COMMAND_VISIT_OPEN, {"visit", "person"}},
    {"close-visit", COMMAND_VISIT_CLOSE, {"visit"}},
    {"hearing", COMMAND_HEARING_SET, {"hearing", "person", "authority"}},
    {"close-hearing", COMMAND_HEARING_CLOSE, {"hearing", "outcome"}},
    {"answer-recall", COMMAND_RECALL_ANSWER, {"movement", "person", "answer"}},
    {"count", COMMAND_COUNT_BEGIN, {"count", "area"}},
    {"tally", COMMAND_COUNT_TALLY, {"count", "area", "seen"}},
    {"close-count", COMMAND_COUNT_CLOSE, {"count"}},
    {"hand-over", COMMAND_MOVEMENT_HANDOVER, {"movement", "person"}},
    {"read", COMMAND_DETAILS_READ, {NULL}}, /* read [order O | person P | movement M] */
};

static void put_hex(struct buf *b, const struct id *id) {
  char hex[33] = {0};
  hex_encode(hex, id->b, sizeof id->b);
  buf_puts(b, hex);
}

/* Things that have ids: by the names that the scenario gave them. */
static bool has_id(enum ref_kind kind) {
  return kind == REF_PERSON || kind == REF_CREDENTIAL || kind == REF_OPERATOR ||
         kind == REF_ORDER || kind == REF_BOOKING || kind == REF_MOVEMENT || kind == REF_HEARING ||
         kind == REF_VISIT || kind == REF_COUNT || kind == REF_ASSESSMENT;
}

static void put_list(struct buf *b, const struct field *f, const char *value) {
  char text[256];
  snprintf(text, sizeof text, "%s", value);
  char *save, *s = strtok_r(text, ",", &save);
  for (int i = 0; s; s = strtok_r(NULL, ",", &save), i++)
    buf_printf(b, "%s\"%s%s\"", i ? "," : "[", f->kind == FIELD_REFS ? "country:" : "", s);
  buf_puts(b, "]");
}

static void put_field(struct play *p, struct buf *b, const struct field *f, const char *value) {
  buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", f->name);
  if (f->kind == FIELD_BOOL) {
    buf_puts(b, "true");
  } else if (f->kind == FIELD_U32 || f->kind == FIELD_U64) {
    buf_puts(b, value);
  } else if (f->kind == FIELD_SET || f->kind == FIELD_REFS) {
    put_list(b, f, value);
  } else if (f->kind == FIELD_TIME) {
    char at[time_text_len + 1] = {0};
    time_format(at, value[0] == '+' ? p->now + duration_of(p, value + 1) : instant_of(p, value));
    buf_printf(b, "\"%s\"", at);
  } else if (f->kind == FIELD_HASH) {
    struct id half = id_of("hash", value);
    buf_puts(b, "\"");
    put_hex(b, &half);
    put_hex(b, &half);
    buf_puts(b, "\"");
  } else if (f->kind == FIELD_REF && has_id(f->ref)) {
    struct namer namer = core_namer(p->core);
    char name[ref_name_max];
    size_t n = namer.name(namer.ctx, f->ref, thing_of(p, f->ref, value), name);
    buf_printf(b, "\"%.*s\"", (int)n, name);
  } else {
    buf_printf(b, "\"%s\"", value);
  }
}

static const struct field *field_named(struct play *p, const struct record *r, const char *name) {
  for (size_t i = 0; i < r->n_fields; i++)
    if (strcmp(r->fields[i].name, name) == 0)
      return &r->fields[i];
  FAIL(p, "%s has no field %s", r->type, name);
}

bool act_asked(struct play *p, const struct words *w) {
  size_t i = 0;
  while (i < sizeof asked / sizeof asked[0] && strcmp(asked[i].verb, w->at[0]) != 0)
    i++;
  if (i == sizeof asked / sizeof asked[0])
    return false;
  const struct record *r = &command_records[asked[i].type];
  struct asking a = asking_by(p, w, asked[i].type);
  struct buf b = {0};
  buf_puts(&b, "{");
  for (int k = 1; k < w->n; k++) {
    const char *first = k <= 3 ? asked[i].fields[k - 1] : NULL;
    bool given = first && (k == 1 || asked[i].fields[k - 2]);
    if (!given && (strcmp(w->at[k], "by") == 0 || strcmp(w->at[k], "and") == 0 ||
                   word_of_register(w->at[k]))) {
      k++;
      continue;
    }
    const struct field *f = field_named(p, r, given ? first : w->at[k]);
    const char *value = given || f->kind == FIELD_BOOL ? w->at[k] : word(p, w, ++k);
    if (f->flags & FIELD_ENGINE)
      a.new_name = value;
    else
      put_field(p, &b, f, value);
  }
  if (asked[i].type == COMMAND_IDENTITY_CONFIRM && !option(w, "biometric"))
    buf_puts(&b, ",\"biometric\":\"none\"");
  buf_printf(&b, "%s\"type\":\"%s\"}", b.n > 1 ? "," : "", r->type);
  struct namer namer = core_namer(p->core);
  struct fault why = {0};
  if (record_decode(r, &a.c.u, buf_span(&b), &namer, false, &why))
    FAIL(p, "%s: %s", buf_cstr(&b), why.text);
  buf_free(&b);
  fill_register(p, w, &a.c);
  ask(p, &a);
  return true;
}
