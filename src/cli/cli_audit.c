/* cli_audit.c: the verbs about the record: verify, replay, rebuild, export-log, backup, restore. */
#include "audit/backup.h"
#include "audit/export_log.h"
#include "audit/rebuild.h"
#include "audit/replay.h"
#include "audit/verify.h"
#include "cli/cli.h"
#include "cli/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *record_dir(const struct cli *c) {
  return c->args.operands[0] ? c->args.operands[0] : cli_dir(c);
}

/* --- How far it is: on a terminal, on standard error --- */

struct shown {
  bool any;
};

static bool show_step(void *ctx, const char *what, uint64_t done, uint64_t total) {
  struct shown *s = ctx;
  s->any = true;
  if (total)
    fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 "\033[K", what, done, total);
  else
    fprintf(stderr, "\r%s: %" PRIu64 "\033[K", what, done);
  return true;
}

static void clear_shown(const struct shown *s) {
  if (s->any)
    fputs("\r\033[K", stderr);
}

static struct progress progress_for(const struct cli *c, struct shown *s) {
  bool show = !c->out.json && isatty(STDERR_FILENO);
  return (struct progress){.step = show ? show_step : NULL, .ctx = s};
}

/* --- Faults --- */

static json_t *faults_json(const struct report *r) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < r->kept; i++)
    json_array_append_new(
        list, json_pack("{s:s,s:s}", "error", sp_err_name(r->at[i].err), "text", r->at[i].text));
  return list;
}

static void tell_faults(const struct cli *c, const struct report *r) {
  for (uint32_t i = 0; i < r->kept; i++) {
    struct buf line = {0};
    out_colour(&c->out, &line, COLOUR_BAD, sp_err_name(r->at[i].err));
    buf_puts(&line, ": ");
    term_put(&line, span_str(r->at[i].text));
    out_line(&c->out, "%s", buf_cstr(&line) ? buf_cstr(&line) : r->at[i].text);
    buf_free(&line);
  }
  if (r->found > r->kept)
    out_line(&c->out, "and %" PRIu64 " more", r->found - r->kept);
}

/* What came of it: for programs all of it, with `key` for whether it is well and the faults; for
 * people the faults, or the figures and a sentence. Takes o. */
static void tell_result(struct cli *c, enum sp_err err, const struct report *report,
                        const char *key, const struct column *columns, size_t n_columns, json_t *o,
                        const char *sentence) {
  if (c->out.json) {
    json_object_set_new(o, key, json_boolean(!err));
    json_object_set_new(o, "faults", faults_json(report));
    out_json(o);
    return;
  }
  tell_faults(c, report);
  if (err) {
    json_decref(o);
    return;
  }
  out_object(&c->out, columns, n_columns, o);
  out_line(&c->out, "%s", sentence);
}

/* --- verify --- */

static const struct column verify_columns[] = {
    {"site", "Site", COLUMN_TEXT},
    {"entries", "Entries", COLUMN_NUMBER},
    {"bytes", "Bytes of entries", COLUMN_NUMBER},
    {"first_at", "From", COLUMN_TIME},
    {"last_at", "To", COLUMN_TIME},
    {"root", "Root", COLUMN_TEXT},
    {"vkey", "Key", COLUMN_TEXT},
    {"signed", "Entries signed", COLUMN_NUMBER},
    {"cosigned", "Witnesses", COLUMN_NUMBER},
    {"details", "Details proven", COLUMN_NUMBER},
    {"erased", "Details erased", COLUMN_NUMBER},
    {"papers", "Papers proven", COLUMN_NUMBER},
    {"papers_erased", "Papers erased", COLUMN_NUMBER},
    {"blobs", "Blobs", COLUMN_NUMBER},
    {"passages", "Passages", COLUMN_NUMBER},
    {"snapshots", "Snapshots", COLUMN_NUMBER},
    {"tiles", "Tiles", COLUMN_NUMBER},
};

/* --key and --checkpoint; what they point at are the caller's. */
static enum sp_err keys_given(struct cli *c, struct note_key *key, const struct note_key **used,
                              struct buf *bytes, struct span *checkpoint) {
  enum sp_err err = SP_OK;
  if (cli_has(c, OPT_KEY)) {
    err = vkey_parse(key, span_str(cli_text(c, OPT_KEY)), &c->why);
    *used = key;
  }
  if (!err && cli_has(c, OPT_CHECKPOINT)) {
    err = cli_file_read(cli_text(c, OPT_CHECKPOINT), note_max, bytes, &c->why);
    *checkpoint = buf_span(bytes);
  }
  return err;
}

static json_t *verify_json(const struct verify_result *r) {
  char root[64];
  hex_encode(root, r->root.b, sizeof r->root.b);
  json_t *o = json_pack("{s:s,s:I,s:I,s:s%,s:s,s:I,s:i,s:I,s:I,s:I,s:I,s:I,s:I}", "site", r->site,
                        "entries", (json_int_t)r->entries, "bytes", (json_int_t)r->bytes, "root",
                        root, sizeof root, "vkey", r->vkey, "signed", (json_int_t)r->signed_size,
                        "cosigned", (int)r->cosigned, "details", (json_int_t)r->details, "erased",
                        (json_int_t)r->erased, "blobs", (json_int_t)r->blobs, "passages",
                        (json_int_t)r->passages, "snapshots", (json_int_t)r->snapshots, "tiles",
                        (json_int_t)r->tiles);
  json_object_set_new(o, "papers", json_integer((json_int_t)r->papers));
  json_object_set_new(o, "papers_erased", json_integer((json_int_t)r->papers_erased));
  if (r->first_at != TIME_ABSENT)
    json_object_set_new(o, "first_at", json_time(r->first_at));
  if (r->last_at != TIME_ABSENT)
    json_object_set_new(o, "last_at", json_time(r->last_at));
  return o;
}

enum sp_err cli_verify(struct cli *c) {
  struct report report;
  struct verify_result result = {.first_at = TIME_ABSENT, .last_at = TIME_ABSENT};
  struct shown shown = {0};
  struct note_key key;
  struct buf checkpoint = {0};
  const struct progress progress = progress_for(c, &shown);
  struct verify_options options = {.progress = &progress};
  enum sp_err err = keys_given(c, &key, &options.key, &checkpoint, &options.checkpoint);
  if (err) {
    buf_free(&checkpoint);
    return err;
  }
  err = report_init(&report, &c->why);
  if (!err)
    err = verify_dir(record_dir(c), &options, &report, &result, &c->why);
  clear_shown(&shown);
  tell_result(c, err, &report, "good", verify_columns,
              sizeof verify_columns / sizeof verify_columns[0], verify_json(&result),
              "The record is whole.");
  report_free(&report);
  buf_free(&checkpoint);
  return err;
}

/* --- replay --- */

enum sp_err cli_replay(struct cli *c) {
  static const struct column columns[] = {
      {"entries", "Entries", COLUMN_NUMBER},
      {"commands", "Commands decided again", COLUMN_NUMBER},
      {"states", "States compared", COLUMN_NUMBER},
  };
  struct report report;
  struct replay_result r = {0};
  struct shown shown = {0};
  const struct progress progress = progress_for(c, &shown);
  enum sp_err err = report_init(&report, &c->why);
  if (!err)
    err = replay_dir(record_dir(c), &progress, &report, &r, &c->why);
  clear_shown(&shown);
  json_t *o = json_pack("{s:I,s:I,s:I,s:I}", "entries", (json_int_t)r.entries, "commands",
                        (json_int_t)r.commands, "states", (json_int_t)r.states, "differing",
                        (json_int_t)r.differing);
  tell_result(c, err, &report, "good", columns, sizeof columns / sizeof columns[0], o,
              "Every decision comes out the same, byte for byte.");
  if (!c->out.json && r.journaled.n) {
    out_line(&c->out, "journaled: %.*s", (int)r.journaled.n, (const char *)r.journaled.p);
    out_line(&c->out, "again:     %.*s", (int)r.again.n, r.again.n ? (const char *)r.again.p : "");
  }
  replay_result_free(&r);
  report_free(&report);
  return err;
}

/* --- rebuild --- */

enum sp_err cli_rebuild(struct cli *c) {
  static const struct column columns[] = {
      {"entries", "Entries", COLUMN_NUMBER},
      {"passages", "Passages", COLUMN_NUMBER},
      {"snapshots", "Snapshots", COLUMN_NUMBER},
  };
  struct report report;
  struct rebuild_result r = {0};
  struct shown shown = {0};
  const struct progress progress = progress_for(c, &shown);
  enum sp_err err = report_init(&report, &c->why);
  if (!err)
    err = rebuild_dir(record_dir(c), &progress, &report, &r, &c->why);
  clear_shown(&shown);
  json_t *o =
      json_pack("{s:I,s:I,s:I,s:I,s:I,s:b}", "entries", (json_int_t)r.entries, "passages",
                (json_int_t)r.passages, "snapshots", (json_int_t)r.snapshots, "passages_differing",
                (json_int_t)r.passages_differing, "snapshots_differing",
                (json_int_t)r.snapshots_differing, "snapshot_made", (int)r.snapshot_made);
  tell_result(c, err, &report, "identical", columns, sizeof columns / sizeof columns[0], o,
              "Made anew from the entries alone, and identical.");
  report_free(&report);
  return err;
}

/* --- export-log --- */

enum sp_err cli_export_log(struct cli *c) {
  struct export_result r = {0};
  struct shown shown = {0};
  const struct progress progress = progress_for(c, &shown);
  const char *out = c->args.operands[0];
  enum sp_err err = export_log(cli_dir(c), out, &progress, &r, &c->why);
  clear_shown(&shown);
  if (err)
    return err;
  if (c->out.json)
    out_json(json_pack("{s:s,s:I,s:I,s:I,s:I}", "out", out, "size", (json_int_t)r.size, "bundles",
                       (json_int_t)r.bundles, "tiles", (json_int_t)r.tiles, "written",
                       (json_int_t)r.written));
  else
    out_line(&c->out,
             "%s holds the log up to its last signed checkpoint: %" PRIu64 " entries (%" PRIu64
             " bundles, %" PRIu64 " tiles; %" PRIu64 " files written now).",
             out, r.size, r.bundles, r.tiles, r.written);
  return SP_OK;
}

/* --- backup and restore --- */

enum sp_err cli_backup(struct cli *c) {
  struct backup_result r = {0};
  const char *file = c->args.operands[0];
  enum sp_err err = backup_make(cli_dir(c), file, &r, &c->why);
  if (err)
    return err;
  if (c->out.json)
    out_json(json_pack("{s:s,s:I,s:I}", "file", file, "entries", (json_int_t)r.entries, "bytes",
                       (json_int_t)r.bytes));
  else
    out_line(&c->out,
             "%s holds %" PRIu64 " entries in %" PRIu64
             " bytes. The keys are not in it: keep a copy of %s/keys apart.",
             file, r.entries, r.bytes, cli_dir(c));
  return SP_OK;
}

static void tell_restored(struct cli *c, const char *dir, const struct restore_result *r) {
  out_line(&c->out, "%s holds the site %s again: %" PRIu64 " entries, all of them verified.", dir,
           r->verified.site, r->verified.entries);
  if (r->signed_size == 0)
    out_line(&c->out, "There was no signed checkpoint to hold it against: if more was signed than "
                      "the backup has, this is a fork.");
  if (r->forked)
    out_line(&c->out,
             "This forks the log: %" PRIu64 " entries had been signed. Tell everyone who verifies "
             "it; the checkpoint that was there is kept as %s/checkpoint.abandoned.",
             r->signed_size, dir);
  if (r->erasures)
    out_line(&c->out, "The details of %" PRIu64 " were erased again.", r->erasures);
  if (r->signing_key_missing)
    out_line(&c->out, "Put signing.pem into %s/keys before `sallyport serve`.", dir);
  if (r->site_key_missing)
    out_line(&c->out,
             "Put site.key into %s/keys before `sallyport serve`: without it no card or "
             "PIN is known.",
             dir);
}

enum sp_err cli_restore(struct cli *c) {
  struct report report;
  struct restore_result r = {0};
  struct shown shown = {0};
  struct note_key key;
  struct buf checkpoint = {0};
  const struct progress progress = progress_for(c, &shown);
  struct restore_options options = {.progress = &progress,
                                    .accept_fork = cli_has(c, OPT_ACCEPT_FORK)};
  const char *file = c->args.operands[0], *dir = c->args.operands[1];
  enum sp_err err = keys_given(c, &key, &options.key, &checkpoint, &options.checkpoint);
  if (err) {
    buf_free(&checkpoint);
    return err;
  }
  err = report_init(&report, &c->why);
  if (!err)
    err = restore_make(file, dir, &options, &report, &r, &c->why);
  clear_shown(&shown);
  if (c->out.json)
    out_json(json_pack("{s:s,s:I,s:I,s:b,s:b,s:b,s:I,s:b,s:o}", "dir", dir, "entries",
                       (json_int_t)r.verified.entries, "signed", (json_int_t)r.signed_size,
                       "forked", (int)r.forked, "signing_key_missing", (int)r.signing_key_missing,
                       "site_key_missing", (int)r.site_key_missing, "erasures",
                       (json_int_t)r.erasures, "good", (int)!err, "faults", faults_json(&report)));
  else
    tell_faults(c, &report);
  if (!err && !c->out.json)
    tell_restored(c, dir, &r);
  report_free(&report);
  buf_free(&checkpoint);
  return err;
}
