#include "journal/tlog_proof.h"

#include <inttypes.h>
#include <string.h>

static const struct span head = {(const uint8_t *)TLOG_PROOF_HEAD, sizeof TLOG_PROOF_HEAD - 1};

static void put_base64_line(struct buf *out, struct span bytes) {
  base64_encode(out, bytes);
  buf_puts(out, "\n");
}

void tlog_proof_write(struct buf *out, const struct tlog_proof *p) {
  buf_put(out, head.p, head.n);
  if (p->extra.n) {
    buf_puts(out, "extra ");
    put_base64_line(out, buf_span(&p->extra));
  }
  buf_printf(out, "index %" PRIu64 "\n", p->index);
  for (uint32_t i = 0; i < p->hashes.n; i++)
    put_base64_line(out, span_of(p->hashes.at[i].b, sizeof p->hashes.at[i].b));
  buf_puts(out, "\n");
  buf_put(out, p->checkpoint.p, p->checkpoint.n);
}

/* --- Reading --- */

/* The next line without its newline; false when none ends in one. */
static bool next_line(struct span *rest, struct span *line) {
  const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
  if (!end)
    return false;
  *line = span_of(rest->p, (size_t)(end - rest->p));
  *rest = span_of(end + 1, rest->n - line->n - 1);
  return true;
}

/* Takes a word and its space off the front of the line. */
static bool takes(struct span *line, const char *word) {
  size_t n = strlen(word);
  if (line->n < n || memcmp(line->p, word, n) != 0)
    return false;
  *line = span_of(line->p + n, line->n - n);
  return true;
}

static bool read_index(uint64_t *out, struct span s) {
  if (s.n == 0 || s.n > 16 || (s.p[0] == '0' && s.n > 1)) /* TREE_SIZE_MAX has 16 digits */
    return false;
  *out = 0;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9')
      return false;
    *out = *out * 10 + (uint64_t)(s.p[i] - '0');
  }
  return *out < TREE_SIZE_MAX;
}

static enum sp_err read_extra(struct tlog_proof *p, struct span text, struct fault *why) {
  bool ok = base64_decode(&p->extra, text);
  if (p->extra.failed)
    return fault_set(why, SP_NO_MEMORY, "out of memory for the extra data");
  if (!ok || p->extra.n == 0 || p->extra.n > tlog_proof_extra_max)
    return fault_set(why, SP_INVALID, "line 2 of the proof: the extra data is no base64");
  return SP_OK;
}

static enum sp_err read_hash(struct proof *hashes, struct span text, struct fault *why) {
  struct buf raw = {0};
  enum sp_err err = SP_OK;
  if (hashes->n == proof_max)
    err = fault_set(why, SP_INVALID, "the proof has more than %d hashes", proof_max);
  else if (text.n != 44 || !base64_decode(&raw, text) || raw.n != sizeof(struct hash))
    err = raw.failed ? fault_set(why, SP_NO_MEMORY, "out of memory")
                     : fault_set(why, SP_INVALID, "hash %u of the proof is no base64 of 32 bytes",
                                 hashes->n + 1);
  else
    memcpy(hashes->at[hashes->n++].b, raw.p, sizeof(struct hash));
  buf_free(&raw);
  return err;
}

static enum sp_err read_lines(struct tlog_proof *p, struct span rest, struct fault *why) {
  struct span line;
  enum sp_err err = SP_OK;
  if (rest.n < head.n || memcmp(rest.p, head.p, head.n) != 0)
    return fault_set(why, SP_INVALID, "not a proof: it does not begin with `%.*s`", (int)head.n - 1,
                     TLOG_PROOF_HEAD);
  rest = span_of(rest.p + head.n, rest.n - head.n);
  bool ok = next_line(&rest, &line);
  if (ok && takes(&line, "extra ")) {
    err = read_extra(p, line, why);
    ok = next_line(&rest, &line);
  }
  if (err)
    return err;
  if (!ok || !takes(&line, "index ") || !read_index(&p->index, line))
    return fault_set(why, SP_INVALID, "the proof has no line `index N`");
  while ((ok = next_line(&rest, &line)) && line.n && !err)
    err = read_hash(&p->hashes, line, why);
  if (!err && !ok)
    err = fault_set(why, SP_INVALID, "no empty line ends the hashes of the proof");
  p->checkpoint = rest;
  return err;
}

enum sp_err tlog_proof_read(struct tlog_proof *p, struct span text, struct fault *why) {
  *p = (struct tlog_proof){0};
  if (text.n > tlog_proof_max)
    return fault_set(why, SP_LIMIT, "a proof has at most %d bytes", tlog_proof_max);
  enum sp_err err = read_lines(p, text, why);
  if (err)
    buf_free(&p->extra);
  return err;
}

enum sp_err tlog_proof_verify(const struct tlog_proof *p, const struct hash *leaf,
                              const struct note_key *log, struct checkpoint *signed_,
                              struct fault *why) {
  struct checkpoint c;
  enum sp_err err = checkpoint_open(&c, p->checkpoint, log, NULL, 0, NULL, why);
  if (err)
    return err;
  if (p->index >= c.size)
    return fault_set(why, SP_CORRUPT,
                     "the proof is of entry %" PRIu64 ", and the checkpoint signs only %" PRIu64,
                     p->index, c.size);
  if (!tree_check_inclusion(&p->hashes, p->index, c.size, leaf, &c.root))
    return fault_set(why, SP_CORRUPT,
                     "this is not entry %" PRIu64
                     " of the log: the proof does not lead from it to the root that was signed",
                     p->index);
  if (signed_)
    *signed_ = c;
  return SP_OK;
}
