#include "cli/desk_people.h"

#include "cli/cli_movement.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "core/register_fields.h"

#include <string.h>

/* --- Reading --- */

static enum sp_err keep(struct desk_people *p, uint32_t person) {
  char number[person_text_max];
  json_t *details = NULL, *kept = json_object();
  static const char *const keys[] = {"name", "birth_date"};
  person_text(number, person);
  enum sp_err err = site_details(p->c->site, REF_PERSON, person, &details, &p->c->why);
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    if (json_is_string(json_object_get(details, keys[i])))
      json_object_set_new(kept, keys[i], json_copy(json_object_get(details, keys[i])));
  json_forget(details);
  json_object_set_new(p->known, number, kept);
  return err;
}

static bool is_known(const struct desk_people *p, uint32_t person) {
  char number[person_text_max];
  person_text(number, person);
  return json_object_get(p->known, number) != NULL;
}

/* Journals it; that it may not be is remembered, and the desk goes on with numbers. */
static enum sp_err ask_first(struct desk_people *p, enum ref_kind kind, uint32_t index) {
  enum sp_err err = ask_details_read(p->c, p->ask, kind, index);
  if (err != SP_DENIED)
    return err;
  p->may_not = true;
  p->why = p->c->why;
  p->c->why = (struct fault){0};
  return SP_OK;
}

enum sp_err desk_people_refresh(struct desk_people *p) {
  const struct core *core = site_core(p->c->site);
  enum sp_err err = SP_OK;
  for (uint32_t i = core->movements[p->movement].members; i && !err && !p->may_not;
       i = core->members[i - 1].next) {
    const struct member *r = &core->members[i - 1];
    if (r->state == MEMBER_REMOVED || is_known(p, r->person))
      continue;
    err = ask_first(p, REF_PERSON, r->person);
    if (!err && !p->may_not)
      err = keep(p, r->person);
  }
  return err;
}

enum sp_err desk_people_open(struct desk_people *p, struct cli *c, struct ask *a,
                             uint32_t movement) {
  const struct core *core = site_core(c->site);
  *p = (struct desk_people){.c = c, .ask = a, .movement = movement, .known = json_object()};
  enum sp_err err = ask_first(p, REF_MOVEMENT, movement);
  for (uint32_t i = core->movements[movement].members; i && !err && !p->may_not;
       i = core->members[i - 1].next)
    if (core->members[i - 1].state != MEMBER_REMOVED)
      err = keep(p, core->members[i - 1].person);
  return err;
}

void desk_people_close(struct desk_people *p) {
  json_forget(p->known);
  p->known = NULL;
}

/* --- Showing --- */

static bool has_photo(const struct core *core, uint32_t person) {
  uint32_t booking = core->custody[person].booking;
  return booking && core->bookings[booking - 1].recorded >> REGISTER_PHOTO & 1;
}

static const json_t *of(const struct desk_people *p, uint32_t person) {
  char number[person_text_max];
  person_text(number, person);
  return json_object_get(p->known, number);
}

void desk_people_name(const struct desk_people *p, json_t *row, uint32_t person) {
  const json_t *known = of(p, person);
  json_object_set_new(row, "photo", json_boolean(has_photo(site_core(p->c->site), person)));
  if (known)
    json_object_update_new(row, json_deep_copy(known));
}

void desk_people_who(const struct desk_people *p, uint32_t person) {
  static const struct {
    const char *key, *before;
  } lines[] = {{"name", ""}, {"birth_date", "born "}};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    const char *said = json_string_value(json_object_get(of(p, person), lines[i].key));
    struct buf line = {0};
    term_put(&line, span_str(said ? said : ""));
    if (said)
      out_line(&p->c->out, "        %s%s", lines[i].before, buf_cstr(&line) ? buf_cstr(&line) : "");
    buf_free(&line);
  }
}

enum {
  number_columns = 8,
  born_columns = 12,
  photo_columns = 7,
  state_columns = 13,
  go_columns = 5
};

/* One field of a line: cut to its columns, and padded when more comes after it. */
static void put_field(const struct desk_people *p, struct buf *line, enum colour colour,
                      const char *text, unsigned columns) {
  struct buf shown = {0};
  term_put_within(&shown, span_str(text), columns > 2 ? columns - 2 : 1);
  size_t width = term_width(buf_span(&shown));
  out_colour(&p->c->out, line, colour, buf_cstr(&shown) ? buf_cstr(&shown) : "");
  buf_printf(line, "%*s", (int)(columns > width ? columns - width : 0), "");
  buf_free(&shown);
}

/* "stayed, capacity", or on a narrow screen "stayed +1". */
static void put_reasons(const struct desk_people *p, struct buf *line, const json_t *reasons,
                        unsigned columns) {
  struct buf all = {0}, shown = {0};
  size_t n = json_array_size(reasons);
  for (size_t i = 0; i < n; i++)
    buf_printf(&all, "%s%s", i ? ", " : "",
               json_string_value(json_object_get(json_array_get(reasons, i), "code")));
  if (n > 1 && columns && all.n > columns) {
    buf_reset(&all);
    buf_printf(&all, "%s +%zu",
               json_string_value(json_object_get(json_array_get(reasons, 0), "code")), n - 1);
  }
  term_put_within(&shown, buf_span(&all), columns ? columns : 4096);
  if (shown.n)
    out_colour(&p->c->out, line, COLOUR_BAD, buf_cstr(&shown) ? buf_cstr(&shown) : "");
  buf_free(&all);
  buf_free(&shown);
}

/* The width of the longest name on the manifest, or of what is left of the screen for it. */
static unsigned name_columns(const struct desk_people *p, json_t *rows, unsigned columns) {
  const unsigned others =
      number_columns + born_columns + photo_columns + state_columns + go_columns;
  unsigned width = 6;
  size_t i;
  json_t *row;
  if (p->may_not)
    return 0;
  json_array_foreach(rows, i, row) {
    const char *name = json_string_value(json_object_get(row, "name"));
    size_t w = name ? term_width(span_str(name)) + 2 : 0;
    width = w > width ? (unsigned)w : width;
  }
  unsigned most = !columns ? 64 : columns > others + 30 ? columns - others - 16 : 14;
  return width < most ? width : most;
}

static void put_line(const struct desk_people *p, const json_t *row, unsigned name,
                     unsigned columns) {
  struct buf line = {0};
  const json_t *may = json_object_get(row, "permitted");
  const char *state = json_string_value(json_object_get(row, "state"));
  unsigned used = number_columns + name + photo_columns + state_columns + go_columns +
                  (name ? born_columns : 0);
  const char *said = json_string_value(json_object_get(row, "name"));
  const char *born = json_string_value(json_object_get(row, "birth_date"));
  put_field(p, &line, COLOUR_STRONG, json_string_value(json_object_get(row, "person")),
            number_columns);
  if (name) {
    put_field(p, &line, COLOUR_NONE, said ? said : "\u2013", name);
    put_field(p, &line, COLOUR_NONE, born ? born : "\u2013", born_columns);
  }
  put_field(p, &line, COLOUR_NONE, json_is_true(json_object_get(row, "photo")) ? "yes" : "\u2013",
            photo_columns);
  put_field(p, &line, COLOUR_NONE, state, state_columns);
  put_field(p, &line, json_is_true(may) ? COLOUR_GOOD : COLOUR_BAD,
            json_is_true(may)    ? "yes"
            : json_is_false(may) ? "NO"
                                 : "",
            go_columns);
  put_reasons(p, &line, json_object_get(row, "reasons"),
              !columns         ? 0
              : columns > used ? columns - used
                               : 1);
  while (line.n && line.p[line.n - 1] == ' ')
    line.n--;
  out_line(&p->c->out, "%s", buf_cstr(&line) ? buf_cstr(&line) : "");
  buf_free(&line);
}

static void put_head(const struct desk_people *p, unsigned name) {
  struct buf line = {0};
  put_field(p, &line, COLOUR_DIM, "NUMBER", number_columns);
  if (name) {
    put_field(p, &line, COLOUR_DIM, "NAME", name);
    put_field(p, &line, COLOUR_DIM, "BORN", born_columns);
  }
  put_field(p, &line, COLOUR_DIM, "PHOTO", photo_columns);
  put_field(p, &line, COLOUR_DIM, "STATE", state_columns);
  put_field(p, &line, COLOUR_DIM, "GO", go_columns);
  out_colour(&p->c->out, &line, COLOUR_DIM, "WHY NOT");
  out_line(&p->c->out, "%s", buf_cstr(&line) ? buf_cstr(&line) : "");
  buf_free(&line);
}

void desk_people_print(const struct desk_people *p, unsigned columns) {
  const struct core *core = site_core(p->c->site);
  json_t *rows = json_array(), *row;
  size_t k;
  for (uint32_t i = core->movements[p->movement].members; i; i = core->members[i - 1].next) {
    const struct member *r = &core->members[i - 1];
    if (r->state == MEMBER_REMOVED)
      continue;
    row = member_row(core, r, when_now());
    desk_people_name(p, row, r->person);
    json_array_insert_new(rows, 0, row);
  }
  if (p->c->out.json) {
    json_array_foreach(rows, k, row) out_json(json_incref(row));
  } else if (!json_array_size(rows)) {
    out_line(&p->c->out, "nobody is on its manifest: `sallyport manifest add` puts somebody there");
  } else {
    unsigned name = name_columns(p, rows, columns);
    put_head(p, name);
    json_array_foreach(rows, k, row) put_line(p, row, name, columns);
    if (p->may_not)
      out_line(&p->c->out, "without names: %s", p->why.text);
  }
  json_decref(rows);
}
