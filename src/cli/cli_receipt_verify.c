/* cli_receipt_verify.c: receipt verify: is this what the log holds? With nothing but the file, the
 * log's key and, where it is not in the file, the entry. What holds is told; anything else ends it.
 */
#include "cli/cli.h"
#include "cli/file.h"

#include "engine/details_text.h"
#include "journal/details.h"
#include "journal/entry.h"
#include "journal/tlog_proof.h"
#include "plan/json_bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct checking {
  struct cli *c;
  struct buf text, entry_file, details_file, details; /* details: in the one form committed to */
  struct tlog_proof proof;
  struct note_key key;
  struct checkpoint checkpoint;
  struct span entry; /* its bytes; empty: not known, only its leaf's hash is */
  struct hash leaf;
  struct entry e;
  bool details_hold;
};

static enum sp_err read_given(struct checking *k) {
  struct cli *c = k->c;
  enum sp_err err = vkey_parse(&k->key, span_str(cli_text(c, OPT_KEY)), &c->why);
  if (!err)
    err = cli_file_read(c->args.operands[0], tlog_proof_max, &k->text, &c->why);
  if (!err)
    err = tlog_proof_read(&k->proof, buf_span(&k->text), &c->why);
  if (!err && cli_has(c, OPT_ENTRY))
    err = cli_file_read(cli_text(c, OPT_ENTRY), entry_max + 1, &k->entry_file, &c->why);
  return err;
}

/* The entry as a file (a newline at its end is the editor's), else the extra data: the entry, or
 * the hash of its leaf. Nobody signed the extra data; that it is what was recorded, the proof
 * tells. */
static enum sp_err find_leaf(struct checking *k) {
  struct span given =
      cli_has(k->c, OPT_ENTRY) ? buf_span(&k->entry_file) : buf_span(&k->proof.extra);
  if (!cli_has(k->c, OPT_ENTRY) && given.n == sizeof k->leaf.b) {
    memcpy(k->leaf.b, given.p, given.n);
    return SP_OK;
  }
  if (given.n && given.p[given.n - 1] == '\n')
    given.n--;
  if (!given.n)
    return fault_set(&k->c->why, SP_USAGE,
                     "the file does not hold what was recorded: give the entry with --entry FILE");
  k->entry = given;
  k->leaf = tree_leaf(given);
  return SP_OK;
}

static enum sp_err check_entry(struct checking *k) {
  struct fault *why = &k->c->why;
  if (!k->entry.n)
    return SP_OK;
  enum sp_err err = entry_parse(&k->e, k->entry, why);
  if (!err && k->e.n != k->proof.index)
    err =
        fault_set(why, SP_CORRUPT, "the entry says that it is %" PRIu64 ", and the proof %" PRIu64,
                  k->e.n, k->proof.index);
  return err;
}

/* {"details":{…},"opening":"…"}, as `receipt --details --out` writes it. */
static enum sp_err read_details(struct checking *k, struct hash *opening) {
  struct fault *why = &k->c->why;
  json_t *j = NULL;
  const char *path = cli_text(k->c, OPT_DETAILS_FILE);
  enum sp_err err = cli_file_read(path, 2 * details_max, &k->details_file, why);
  if (!err)
    err = json_bytes_read(&j, buf_span(&k->details_file), NULL, why);
  if (err)
    return err;
  const char *hex = json_string_value(json_object_get(j, "opening"));
  char *text = json_dumps(json_object_get(j, "details"), JSON_COMPACT | JSON_SORT_KEYS);
  if (!text || !hex || !hex_decode(opening->b, sizeof opening->b, hex, strlen(hex)))
    err = fault_set(why, SP_INVALID, "%s: `details` and `opening` are expected", path);
  else
    err = details_text(span_str(text), &k->details, why);
  free(text);
  json_decref(j);
  return err;
}

static enum sp_err check_details(struct checking *k) {
  struct fault *why = &k->c->why;
  struct hash opening;
  if (!cli_has(k->c, OPT_DETAILS_FILE))
    return SP_OK;
  if (!k->entry.n)
    return fault_set(why, SP_USAGE, "what the entry commits to is not known: give it with --entry");
  enum sp_err err = read_details(k, &opening);
  if (err)
    return err;
  struct hash commit = details_commit(&opening, k->e.type, buf_span(&k->details));
  k->details_hold = memcmp(&commit, &k->e.commit, sizeof commit) == 0;
  return k->details_hold
             ? SP_OK
             : fault_set(why, SP_CORRUPT,
                         "these are not the details that entry %" PRIu64 " commits to", k->e.n);
}

static void tell_good(const struct checking *k) {
  const struct out *o = &k->c->out;
  char leaf[2 * sizeof(struct hash)], root[2 * sizeof(struct hash)];
  hex_encode(leaf, k->leaf.b, sizeof k->leaf.b);
  hex_encode(root, k->checkpoint.root.b, sizeof k->checkpoint.root.b);
  json_t *row =
      json_pack("{s:b,s:I,s:s,s:I,s:s%,s:s%}", "good", 1, "entry", (json_int_t)k->proof.index,
                "origin", k->checkpoint.origin, "size", (json_int_t)k->checkpoint.size, "root",
                root, sizeof root, "leaf", leaf, sizeof leaf);
  if (k->entry.n) {
    json_object_set_new(row, "type", json_stringn((const char *)k->e.type.p, k->e.type.n));
    json_object_set_new(row, "site", json_stringn((const char *)k->e.site.p, k->e.site.n));
    json_object_set_new(row, "at", json_time(k->e.at));
    json_object_set_new(row, "data", json_loadb((const char *)k->e.data.p, k->e.data.n, 0, NULL));
  }
  if (k->details_hold)
    json_object_set_new(row, "details", json_true());
  if (o->json) {
    out_json(row);
    return;
  }
  static const struct column columns[] = {
      {"entry", "Entry", COLUMN_NUMBER}, {"origin", "Log", COLUMN_TEXT},
      {"site", "Site", COLUMN_TEXT},     {"type", "What", COLUMN_TEXT},
      {"at", "Recorded", COLUMN_TIME},   {"size", "Entries signed", COLUMN_NUMBER},
      {"root", "Root", COLUMN_TEXT},     {"leaf", "Leaf", COLUMN_TEXT},
  };
  out_object(o, columns, sizeof columns / sizeof columns[0], row);
  if (k->entry.n) {
    struct buf said = {0};
    term_put(&said, k->e.data);
    out_line(o, "%s", buf_cstr(&said) ? buf_cstr(&said) : "");
    buf_free(&said);
    out_line(o, "The log holds this entry, as it stands here%s.",
             k->details_hold ? ", and it commits to these details" : "");
  } else {
    out_line(o,
             "The log holds an entry with this leaf hash. What it says is not in the file: --entry "
             "FILE compares it.");
  }
}

enum sp_err cli_receipt_verify(struct cli *c) {
  struct checking k = {.c = c};
  enum sp_err err = read_given(&k);
  if (!err)
    err = find_leaf(&k);
  if (!err)
    err = tlog_proof_verify(&k.proof, &k.leaf, &k.key, &k.checkpoint, &c->why);
  if (!err)
    err = check_entry(&k);
  if (!err)
    err = check_details(&k);
  if (!err)
    tell_good(&k);
  buf_free(&k.text);
  buf_free(&k.entry_file);
  bytes_wipe(k.details_file.p, k.details_file.n);
  buf_free(&k.details_file);
  bytes_wipe(k.details.p, k.details.n);
  buf_free(&k.details);
  buf_free(&k.proof.extra);
  return err;
}
