/* cli_paper.c: papers of orders, receipts and photographs, as bytes again. */
#include "cli/ask.h"
#include "cli/fields.h"
#include "cli/site.h"
#include "engine/entry_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* --- To a file --- */

static enum sp_err write_all(int fd, struct span s) {
  while (s.n) {
    ssize_t n = write(fd, s.p, s.n);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return SP_IO;
    s = span_of(s.p + n, s.n - (size_t)n);
  }
  return SP_OK;
}

/* Nothing is ever replaced, and nobody else may read it. */
static enum sp_err write_out(struct cli *c, struct span bytes) {
  const char *path = cli_text(c, OPT_OUT);
  bool standard = strcmp(path, "-") == 0;
  int fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    return fault_set(&c->why, SP_EXISTS, "%s is there already: name another file", path);
  enum sp_err err = fd < 0 ? SP_IO : write_all(fd, bytes);
  if (fd >= 0 && !standard && close(fd) != 0)
    err = SP_IO;
  return err ? fault_set(&c->why, err, "%s: cannot be written: %s", path, strerror(errno)) : SP_OK;
}

/* --- Which paper: what entries say of it --- */

struct looking {
  struct span order; /* its id in hex, or none: then by the hash */
  bool found, kept;
  struct hash hash;
  struct id of_order; /* the order whose paper it is; zero: a receipt */
  struct id person;   /* zero: about nobody */
};

static bool is_paper(struct span type, const char **key) {
  *key = span_is(type, "movement.handed_over") ? "receipt" : "document";
  return span_is(type, "order.recorded") || span_is(type, "order.written") ||
         span_is(type, "movement.handed_over");
}

static struct id id_in(struct span data, const char *key) {
  struct span hex = entry_member(data, key);
  struct id id = {{0}}, none = {{0}};
  return hex.n && hex_decode(id.b, sizeof id.b, (const char *)hex.p, hex.n) ? id : none;
}

static enum sp_err look(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct looking *l = ctx;
  struct entry e;
  struct hash hash;
  const char *key;
  (void)n;
  enum sp_err err = entry_parse(&e, bytes, why);
  if (err || !is_paper(e.type, &key))
    return err;
  struct span hex = entry_member(e.data, key);
  if (!hex.n || !hex_decode(hash.b, sizeof hash.b, (const char *)hex.p, hex.n))
    return SP_OK;
  bool this = l->order.n ? span_eq(entry_member(e.data, "order"), l->order)
                         : memcmp(&hash, &l->hash, sizeof hash) == 0;
  if (!this)
    return SP_OK;
  bool kept = entry_member_is_true(e.data, "kept");
  l->found = true;
  if (!kept && !l->order.n)
    return SP_OK; /* whoever names a paper alone does not make it theirs */
  l->hash = hash; /* the writing of an oral order comes last */
  l->kept = kept;
  l->of_order = id_in(e.data, "order");
  l->person = id_in(e.data, "person");
  return SP_OK;
}

static enum sp_err find(struct cli *c, const char *text, struct looking *l) {
  char hex[32];
  uint32_t order;
  *l = (struct looking){0};
  if (strlen(text) == 2 * sizeof l->hash.b) {
    if (!hex_decode(l->hash.b, sizeof l->hash.b, text, strlen(text)))
      return fault_set(&c->why, SP_USAGE, "`%.80s`: a hash has 64 lower-case hex digits", text);
  } else {
    enum sp_err err = site_find_order(c->site, text, &order, &c->why);
    if (err)
      return err;
    hex_encode(hex, site_core(c->site)->orders[order].id.b, sizeof(struct id));
    l->order = span_of(hex, sizeof hex);
  }
  enum sp_err err = site_entries(c->site, 0, look, l, &c->why);
  if (!err && !l->found)
    err = fault_set(&c->why, SP_NOT_FOUND, "no entry names such a paper");
  else if (!err && !l->kept)
    err = fault_set(&c->why, SP_NOT_FOUND,
                    "the paper is held elsewhere: the journal has its SHA-256 alone");
  l->order = (struct span){0};
  return err;
}

/* What is about a person is read as their details are: journaled, with who reads it. */
static enum sp_err tell_who_reads(struct cli *c, enum ref_kind kind, uint32_t index) {
  struct ask *a;
  if (!cli_has(c, OPT_AS))
    return fault_set(&c->why, SP_USAGE,
                     "it is not for everyone, so it is journaled who reads it: give --as NAME");
  enum sp_err err = ask_open(c, &a);
  if (err)
    return err;
  err = ask_details_read(c, a, kind, index);
  ask_close(a);
  return err;
}

static enum sp_err give(struct cli *c, const struct hash *hash) {
  struct buf bytes = {0};
  enum sp_err err = site_paper(c->site, hash, &bytes, &c->why);
  if (err == SP_NOT_FOUND)
    err = fault_set(&c->why, SP_NOT_FOUND, "it was erased; that it was there can still be proven");
  if (!err)
    err = write_out(c, buf_span(&bytes));
  if (bytes.p)
    bytes_wipe(bytes.p, bytes.n);
  buf_free(&bytes);
  return err;
}

/* What is about a person, or sealed: the engine says who may. */
static enum sp_err may_read(struct cli *c, const struct looking *l) {
  const struct core *core = site_core(c->site);
  uint32_t i;
  if (core_find_order(core, l->of_order, &i))
    return core->orders[i].person != REF_ABSENT || core->orders[i].sealed
               ? tell_who_reads(c, REF_ORDER, i)
               : SP_OK;
  if (core_find_person(core, l->person, &i))
    return tell_who_reads(c, REF_PERSON, i);
  return fault_set(&c->why, SP_CORRUPT, "the entry names neither an order nor a person");
}

enum sp_err cli_paper_show(struct cli *c) {
  struct looking l;
  enum sp_err err = site_open(c);
  if (!err)
    err = find(c, c->args.operands[0], &l);
  if (!err)
    err = may_read(c, &l);
  return err ? err : give(c, &l.hash);
}

/* --- Photographs --- */

static enum sp_err keep_photo(void *ctx, uint64_t n, const json_t *details, struct fault *why) {
  const char *hex = json_string_value(json_object_get(details, "photo"));
  const char *kind = json_string_value(json_object_get(details, "kind"));
  struct hash *last = ctx, hash = {{0}};
  (void)n, (void)why;
  if (hex && kind && hex_decode(hash.b, sizeof hash.b, hex, strlen(hex)))
    *last = hash;
  return SP_OK;
}

static enum sp_err show_photo(struct cli *c, uint32_t person) {
  struct hash last = {{0}};
  enum sp_err err = tell_who_reads(c, REF_PERSON, person);
  if (!err)
    err = site_details_of(c->site, &site_core(c->site)->persons[person].id, keep_photo, &last,
                          &c->why);
  if (!err && bytes_are_zero(last.b, sizeof last.b))
    err = fault_set(&c->why, SP_NOT_FOUND, "there is no photograph of them, or it was erased");
  return err ? err : give(c, &last);
}

static enum sp_err take_photo(struct cli *c, uint32_t person) {
  static const struct field photo = {.name = "photo", .kind = FIELD_HASH};
  json_t *hash, *command = ask_command(COMMAND_PERSON_PHOTO);
  char hex[32];
  hex_encode(hex, site_core(c->site)->persons[person].id.b, sizeof(struct id));
  json_object_set_new(command, "person", json_stringn(hex, sizeof hex));
  enum sp_err err = field_json(c, &photo, c->args.operands[1], &hash);
  if (err) {
    json_decref(command);
    return err;
  }
  return ask_and_tell(
      c, (struct asked){.command = command, .details = json_pack("{s:o}", "photo", hash)});
}

enum sp_err cli_person_photo(struct cli *c) {
  uint32_t person;
  if ((c->args.operands[1] != NULL) == cli_has(c, OPT_OUT))
    return fault_set(
        &c->why, SP_USAGE,
        "name the photograph to keep, or with --out where to put the one that is kept");
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_person(c->site, c->args.operands[0], &person, &c->why);
  if (err)
    return err;
  return cli_has(c, OPT_OUT) ? show_photo(c, person) : take_photo(c, person);
}
