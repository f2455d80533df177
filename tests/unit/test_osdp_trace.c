/* Frames and messages one by one; and recorded sessions of others, where $OSDP_TRACES names a
 * folder of them: read to the last byte, written again as they were, every session opened and every
 * MAC checked. */
#include "osdp/trace.h"
#include "osdp/trace_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char scbk[] = "00112233445566778899aabbccddeeff",
                  other[] = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

/* --- Messages --- */

/* The data of each message, as someone would send it; and what is told of it. */
static const struct vector {
  bool reply;
  uint8_t code;
  const char *data, *told;
} vectors[] = {
    {false, OSDP_POLL, "", "POLL"},
    {false, OSDP_ID, "00", "ID type=0"},
    {false, OSDP_CAP, "00", "CAP type=0"},
    {false, OSDP_DIAG, "01", "DIAG type=1"},
    {false, OSDP_LSTAT, "", "LSTAT"},
    {false, OSDP_ISTAT, "", "ISTAT"},
    {false, OSDP_OSTAT, "", "OSTAT"},
    {false, OSDP_RSTAT, "", "RSTAT"},
    {false, OSDP_OUT, "0005320001010000",
     "OUT output=0 control=5 timer=50; output=1 control=1 timer=0"},
    {false, OSDP_LED, "0000020505020 11e000101000100",
     "LED reader=0 led=0 temp_control=2 temp_on=5 temp_off=5 temp_on_color=2 temp_off_color=1 "
     "temp_timer=30 perm_control=1 perm_on=1 perm_off=0 perm_on_color=1 perm_off_color=0"},
    {false, OSDP_BUZ, "0002020203", "BUZ reader=0 tone=2 on=2 off=2 count=3"},
    {false, OSDP_TEXT, "000105010104484f4c41",
     "TEXT reader=0 control=1 seconds=5 row=1 column=1 length=4 text=\"HOLA\""},
    {false, OSDP_RMODE, "01", "RMODE bytes=(hidden)"},
    {false, OSDP_TDSET, "01", "TDSET bytes=(hidden)"},
    {false, OSDP_COMSET, "0680250000", "COMSET address=6 baud=9600"},
    {false, OSDP_BIOREAD, "00000000", "BIOREAD bytes=(hidden)"},
    {false, OSDP_BIOMATCH, "00000000", "BIOMATCH bytes=(hidden)"},
    {false, OSDP_KEYSET, "0110a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "KEYSET type=1 length=16 key=(hidden)"},
    {false, OSDP_CHLNG, "0001020304050607", "CHLNG random=0001020304050607"},
    {false, OSDP_SCRYPT, "000102030405060708090a0b0c0d0e0f",
     "SCRYPT bytes=000102030405060708090a0b0c0d0e0f"},
    {false, OSDP_ACURXSIZE, "a005", "ACURXSIZE bytes=1440"},
    {false, OSDP_FILETRANSFER, "010500000002000000030061626 3",
     "FILETRANSFER type=1 size=5 offset=2 length=3 bytes=616263"},
    {false, OSDP_MFG, "aabbcc01", "MFG vendor=aabbcc bytes=01"},
    {false, OSDP_XWR, "0101", "XWR mode=1 command=1 bytes=(hidden)"},
    {false, OSDP_ABORT, "", "ABORT"},
    {false, OSDP_PIVDATA, "01", "PIVDATA bytes=(hidden)"},
    {false, OSDP_GENAUTH, "01", "GENAUTH bytes=(hidden)"},
    {false, OSDP_CRAUTH, "01", "CRAUTH bytes=(hidden)"},
    {false, OSDP_KEEPACTIVE, "e803", "KEEPACTIVE ms=1000"},
    {true, OSDP_ACK, "", "ACK"},
    {true, OSDP_NAK, "06", "NAK reason=6 more= (a secure session is needed)"},
    {true, OSDP_PDID, "aabbcc020104030201010203",
     "PDID vendor=aabbcc model=2 version=1 serial=16909060 firmware=010203"},
    {true, OSDP_PDCAP, "010104090101",
     "PDCAP function=1 compliance=1 number=4; function=9 compliance=1 number=1"},
    {true, OSDP_LSTATR, "0100", "LSTATR tamper=1 power=0"},
    {true, OSDP_ISTATR, "0001", "ISTATR state=0; state=1"},
    {true, OSDP_OSTATR, "01", "OSTATR state=1"},
    {true, OSDP_RSTATR, "02", "RSTATR state=2"},
    {true, OSDP_RAW, "00011a009a123440", "RAW reader=0 format=1 bits=26 data=(hidden)"},
    {true, OSDP_FMT, "0000023132", "FMT reader=0 direction=0 length=2 data=(hidden)"},
    {true, OSDP_KEYPAD, "0005313233340d", "KEYPAD reader=0 count=5 keys=(hidden)"},
    {true, OSDP_COM, "0680250000", "COM address=6 baud=9600"},
    {true, OSDP_BIOREADR, "00", "BIOREADR bytes=(hidden)"},
    {true, OSDP_BIOMATCHR, "00", "BIOMATCHR bytes=(hidden)"},
    {true, OSDP_CCRYPT, "aabb020004030201c94f2106d32751951862dcb1c1294a4c25d91ad7070b5124",
     "CCRYPT cuid=aabb020004030201 random=c94f2106d3275195 "
     "cryptogram=1862dcb1c1294a4c25d91ad7070b5124 [no key]"},
    {true, OSDP_RMAC_I, "000102030405060708090a0b0c0d0e0f",
     "RMAC_I bytes=000102030405060708090a0b0c0d0e0f"},
    {true, OSDP_BUSY, "", "BUSY"},
    {true, OSDP_FTSTAT, "0164000000a005", "FTSTAT action=1 delay_ms=100 status=0 length_max=1440"},
    {true, OSDP_PIVDATAR, "01", "PIVDATAR bytes=(hidden)"},
    {true, OSDP_GENAUTHR, "01", "GENAUTHR bytes=(hidden)"},
    {true, OSDP_CRAUTHR, "01", "CRAUTHR bytes=(hidden)"},
    {true, OSDP_MFGSTATR, "01", "MFGSTATR bytes=(hidden)"},
    {true, OSDP_MFGERRR, "01", "MFGERRR bytes=(hidden)"},
    {true, OSDP_MFGREP, "aabbcc0102", "MFGREP vendor=aabbcc bytes=0102"},
    {true, OSDP_XRD, "0101ff", "XRD mode=1 reply=1 bytes=(hidden)"},
};
enum { vectors_n = sizeof vectors / sizeof *vectors };

static size_t from_hex(const char *text, uint8_t *out) {
  char clean[3000];
  size_t n = 0;
  for (; *text; text++)
    if (*text != ' ')
      clean[n++] = *text;
  assert_true(hex_decode(out, n / 2, clean, n));
  return n / 2;
}

static size_t frame_of(const struct vector *v, bool crc, uint8_t *out) {
  uint8_t data[osdp_data_max];
  const struct osdp_frame f = {.address = 5,
                               .sequence = 1,
                               .reply = v->reply,
                               .crc = crc,
                               .code = v->code,
                               .data = span_of(data, from_hex(v->data, data))};
  return osdp_frame_close(out, osdp_frame_open(out, &f), &f);
}

static void each_message_is_told(void **state) {
  (void)state;
  assert_int_equal(vectors_n, osdp_messages_n); /* every row of the table has one */
  for (size_t i = 0; i < vectors_n; i++)
    for (int crc = 0; crc < 2; crc++) {
      uint8_t bytes[osdp_frame_max];
      char want[512];
      struct span s = span_of(bytes, frame_of(&vectors[i], crc, bytes));
      struct osdp_frame f;
      enum trace_verdict verdict;
      struct buf line = {0};
      struct trace *t = trace_new(false);
      assert_true(osdp_message_of(vectors[i].reply, vectors[i].code) != NULL);
      assert_true(trace_next(t, &s, &f, &verdict, &line));
      snprintf(want, sizeof want, "%s  #1  %s%s", vectors[i].reply ? "5 -> panel" : "panel -> 5",
               vectors[i].told, crc ? "" : " [checksum]");
      if (vectors[i].code == OSDP_CCRYPT &&
          vectors[i].reply) /* without its block it is only words */
        *strstr(want, " [no key]") = 0, strcat(want, crc ? "" : " [checksum]");
      assert_string_equal(buf_cstr(&line), want);
      assert_int_equal(s.n, 0);
      buf_free(&line);
      trace_free(t);
    }
}

static bool open_ended(const struct osdp_message *m) {
  const struct osdp_field *f = m->fields, *last = NULL;
  for (; f->name; f++)
    last = f;
  return last && (last->kind == OSDP_REST || last->kind == OSDP_REST_TEXT) &&
         last->rest == OSDP_REST_ANY;
}

/* What is read is written again as it was; with a byte less or more it is refused, or is another
 * message of the same kind, and never read beyond. */
static void each_message_comes_back(void **state) {
  (void)state;
  for (size_t i = 0; i < vectors_n; i++) {
    const struct osdp_message *m = osdp_message_of(vectors[i].reply, vectors[i].code);
    uint8_t data[osdp_data_max], again[osdp_data_max], record[256];
    size_t n = from_hex(vectors[i].data, data), written = 0;
    struct span left = span_of(data, n);
    while (left.n) {
      memset(record, 0, sizeof record);
      assert_int_equal(osdp_decode(m, &left, record, NULL), SP_OK);
      written = osdp_encode(m, record, again, written);
    }
    assert_int_equal(written, n);
    assert_memory_equal(again, data, n);
    for (size_t cut = 0; cut <= n + 1; cut++) {
      uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees a byte too far */
      memset(exact, 0, cut + 1);
      memcpy(exact, data, cut < n ? cut : n);
      left = span_of(exact, cut);
      struct fault why = {0};
      while (left.n) {
        size_t before = left.n;
        if (osdp_decode(m, &left, record, &why)) {
          assert_true(why.text[0] != 0);
          break;
        }
        assert_true(left.n < before);
      }
      free(exact);
      if (cut == n + 1 && !m->repeats && !open_ended(m))
        assert_true(why.text[0] != 0); /* a byte more than it may have */
    }
  }
}

/* What a number means is one line of words, whether or not the standard knows it. */
static void numbers_have_words(void **state) {
  (void)state;
  uint32_t known[2] = {0};
  for (unsigned i = 0; i < 256; i++) {
    const char *const texts[] = {osdp_nak_text((uint8_t)i), osdp_capability_text((uint8_t)i)};
    for (int k = 0; k < 2; k++) {
      assert_true(strlen(texts[k]) > 3 && !strchr(texts[k], '\n'));
      known[k] += strstr(texts[k], "the standard does not know") == NULL;
    }
  }
  assert_int_equal(known[0], 9);
  assert_int_equal(known[1], 16);
}

static void the_table_has_a_row_each(void **state) {
  struct buf b = {0};
  size_t rows = 0;
  (void)state;
  osdp_messages_markdown(&b);
  const char *text = buf_cstr(&b);
  assert_non_null(text);
  for (const char *at = text; (at = strchr(at, '\n')); at++)
    rows++;
  assert_int_equal(rows, osdp_messages_n + 2);
  for (size_t i = 0; i < osdp_messages_n; i++)
    assert_non_null(strstr(text, osdp_messages[i].name));
  buf_free(&b);
}

static void keys_have_an_end(void **state) {
  uint8_t key[osdp_key_bytes] = {0};
  struct trace *t = trace_new(false);
  (void)state;
  for (int again = 0; again < 2; again++)
    for (key[0] = 0; key[0] < trace_keys_max; key[0]++)
      assert_true(trace_key(t, key)); /* one that is there is not another */
  assert_false(trace_key(t, key));
  trace_free(t);
}

/* --- Frames --- */

static void each_flipped_bit_is_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < vectors_n; i++) {
    uint8_t bytes[osdp_frame_max], spoilt[osdp_frame_max];
    size_t n = frame_of(&vectors[i], true, bytes);
    for (size_t bit = 0; bit < 8 * n; bit++) {
      struct osdp_frame f;
      size_t used;
      memcpy(spoilt, bytes, n);
      spoilt[bit / 8] ^= (uint8_t)(1u << bit % 8);
      assert_int_not_equal(osdp_frame_find(span_of(spoilt, n), &f, &used), OSDP_FOUND_FRAME);
      assert_true(used <= n);
    }
  }
}

static void frames_in_noise(void **state) {
  (void)state;
  uint8_t bytes[600], frame[osdp_frame_max];
  size_t n = frame_of(&vectors[8], true, frame);
  for (size_t before = 0; before < 40; before++) {
    struct osdp_frame f;
    size_t used, got = 0;
    memset(bytes, 0x53, sizeof bytes); /* every one could be a beginning */
    for (size_t i = 0; i < before; i++)
      bytes[i] = (uint8_t)(i % 3 ? 0xFF : 0x53);
    memcpy(bytes + before, frame, n);
    memcpy(bytes + before + n, frame, n); /* and another right behind it */
    struct span s = span_of(bytes, before + 2 * n + 100);
    for (enum osdp_found found; s.n; s = span_of(s.p + used, s.n - used)) {
      found = osdp_frame_find(s, &f, &used);
      if (found == OSDP_FOUND_NOTHING) { /* as a panel does when nothing more comes */
        used = 1;
        continue;
      }
      got += found == OSDP_FOUND_FRAME && f.whole.n == n && memcmp(f.whole.p, frame, n) == 0;
    }
    assert_int_equal(got, 2);
  }
}

/* --- Text --- */

static void each_line_of_text(void **state) {
  static const struct {
    const char *text;
    enum trace_text_found found;
    const char *ms;
    bool reply;
    size_t n;
  } rows[] = {
      {"21.0 CP>PD ff53", TRACE_TEXT_BYTES, "21.0", false, 2},
      {"  21 PD>CP\tFf5A  and a note\r", TRACE_TEXT_BYTES, "21", true, 2},
      {"", TRACE_TEXT_NOTE, "", false, 0},
      {" \t", TRACE_TEXT_NOTE, "", false, 0},
      {"# 21.0 CP>PD ff53", TRACE_TEXT_NOTE, "", false, 0},
      {"#", TRACE_TEXT_NOTE, "", false, 0},
      {"hello", TRACE_TEXT_WRONG, "", false, 0},
      {"21.0", TRACE_TEXT_WRONG, "", false, 0},
      {"21.0 CP>PD", TRACE_TEXT_WRONG, "", false, 0},
      {"21.0 CP>PD f", TRACE_TEXT_WRONG, "", false, 0},
      {"21.0 CP>PD fg", TRACE_TEXT_WRONG, "", false, 0},
      {"21.0 CP>P ff", TRACE_TEXT_WRONG, "", false, 0},
      {"21.0 cp>pd ff", TRACE_TEXT_WRONG, "", false, 0},
      {"2.1.0 CP>PD ff", TRACE_TEXT_WRONG, "", false, 0},
      {".1 CP>PD ff", TRACE_TEXT_WRONG, "", false, 0},
      {"1. CP>PD ff", TRACE_TEXT_WRONG, "", false, 0},
      {"nan CP>PD ff", TRACE_TEXT_WRONG, "", false, 0},
      {"-1 CP>PD ff", TRACE_TEXT_WRONG, "", false, 0},
      {"12345678901234567890123 CP>PD ff", TRACE_TEXT_BYTES, "12345678901234567890123", false, 1},
      {"123456789012345678901234 CP>PD ff", TRACE_TEXT_WRONG, "", false, 0},
  };
  struct trace_text line;
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (int more = 0; more < 2; more++) { /* the last of its file, or not */
      char text[128];
      snprintf(text, sizeof text, "%s%s", rows[i].text, more ? "\n9 PD>CP 00" : "");
      struct span s = span_str(text);
      if (!more && s.n == 0)
        continue;
      if (trace_text_next(&s, &line) != rows[i].found)
        fail_msg("%s: it is read otherwise", rows[i].text);
      assert_int_equal(s.n, more ? 10 : 0);
      if (rows[i].found == TRACE_TEXT_BYTES) {
        assert_string_equal(line.ms, rows[i].ms);
        assert_int_equal(line.reply, rows[i].reply);
        assert_int_equal(line.n, rows[i].n);
        assert_int_equal(line.bytes[0], 0xFF);
      }
    }
  struct span nothing = {0};
  assert_int_equal(trace_text_next(&nothing, &line), TRACE_TEXT_END);
  static char longest[2 * trace_text_bytes_max + 16] = "1 CP>PD ";
  memset(longest + 8, 'a', 2 * trace_text_bytes_max);
  struct span s = span_str(longest);
  assert_int_equal(trace_text_next(&s, &line), TRACE_TEXT_BYTES);
  assert_int_equal(line.n, trace_text_bytes_max);
  memset(longest + 8, 'a', 2 * trace_text_bytes_max + 2);
  s = span_str(longest);
  assert_int_equal(trace_text_next(&s, &line), TRACE_TEXT_WRONG);
}

static void text_is_told_from_bytes(void **state) {
  static const struct {
    struct span bytes;
    bool text;
  } rows[] = {{SPAN_LIT(""), false},        {SPAN_LIT("1 CP>PD 00\r\n\t\v\f"), true},
              {SPAN_LIT("a\0b"), false},    {SPAN_LIT("a\x1f"), false},
              {SPAN_LIT("a\xff"), false},   {SPAN_LIT("# \xc3\xa4\n"), true},
              {SPAN_LIT("\x53\x05"), false}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_int_equal(trace_text_is(rows[i].bytes), rows[i].text);
}

/* --- Recorded sessions --- */

struct counts {
  uint32_t of[TRACE_DAMAGED + 1], frames, left;
};

static void write_again(const struct osdp_frame *raw) {
  uint8_t out[osdp_frame_max];
  struct osdp_frame f = *raw;
  size_t n = osdp_frame_close(out, osdp_frame_open(out, &f), &f);
  assert_int_equal(n, raw->whole.n);
  assert_memory_equal(out, raw->whole.p, n);
}

static void read_file(const char *folder, const char *name, struct counts *c) {
  char path[512], line[8192], direction[32], hex[8000];
  uint8_t bytes[4000], key[osdp_key_bytes];
  double ms;
  struct trace *t = trace_new(true);
  for (int i = 0; i < 2; i++) {
    from_hex(i ? other : scbk, key);
    assert_true(trace_key(t, key));
  }
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  memset(c, 0, sizeof *c);
  while (fgets(line, sizeof line, file)) {
    if (line[0] == '#' || sscanf(line, "%lf %31s %7999s", &ms, direction, hex) != 3)
      continue;
    struct span s = span_of(bytes, from_hex(hex, bytes));
    struct osdp_frame f, raw;
    enum trace_verdict verdict;
    size_t used;
    struct buf said = {0};
    for (;;) {
      bool whole = osdp_frame_find(s, &raw, &used) == OSDP_FOUND_FRAME;
      if (!trace_next(t, &s, &f, &verdict, &said))
        break;
      if (whole)
        write_again(&raw);
      c->of[verdict]++;
      c->frames++;
    }
    c->left += s.n > 0;
    buf_free(&said);
  }
  fclose(file);
  trace_free(t);
}

static void recorded(void **state) {
  static const struct {
    const char *name;
    struct counts want; /* clear, proved, opened, again, closed, wrong, damaged */
  } files[] = {
      {"01-plain-session.txt", {{248, 0, 0, 0, 0, 0, 0}, 248, 0}},
      {"01b-plain-checksum.txt", {{252, 0, 0, 0, 0, 0, 0}, 252, 0}},
      {"02-secure-scbk-d.txt", {{12, 10, 74, 0, 0, 0, 0}, 96, 0}},
      {"03-secure-scbk.txt", {{5, 3, 268, 1, 0, 0, 0}, 277, 0}},
      {"04-keyset.txt", {{16, 10, 80, 0, 0, 0, 0}, 106, 0}},
      {"05-pd-restart.txt", {{16, 9, 106, 10, 0, 0, 0}, 141, 0}},
      /* Wrong on purpose: a cryptogram of zeros, a MAC; four damaged frames and one cut short. */
      {"06-nak.txt", {{77, 23, 71, 2, 0, 2, 4}, 179, 1}},
      {"07-multidrop.txt", {{773, 6, 463, 4, 0, 0, 0}, 1246, 0}},
      /* Part B, whose panel goes on after BUSY with a number that it had already used: the reply
       * under a MAC that rests on another command, and damage. */
      {"08-busy.txt", {{18, 9, 32, 2, 1, 1, 1}, 64, 0}},
  };
  const char *folder = getenv("OSDP_TRACES");
  (void)state;
  if (!folder || !*folder) {
    print_message("recorded: OSDP_TRACES names no folder of recorded sessions\n");
    skip();
  }
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    struct counts c;
    read_file(folder, files[i].name, &c);
    for (int v = 0; v <= TRACE_DAMAGED; v++)
      if (c.of[v] != files[i].want.of[v])
        fail_msg("%s: %u frames of verdict %d, and %u were expected", files[i].name, c.of[v], v,
                 files[i].want.of[v]);
    assert_int_equal(c.left, files[i].want.left);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_message_is_told),    cmocka_unit_test(each_message_comes_back),
      cmocka_unit_test(numbers_have_words),      cmocka_unit_test(the_table_has_a_row_each),
      cmocka_unit_test(keys_have_an_end),        cmocka_unit_test(each_flipped_bit_is_seen),
      cmocka_unit_test(frames_in_noise),         cmocka_unit_test(each_line_of_text),
      cmocka_unit_test(text_is_told_from_bytes), cmocka_unit_test(recorded),
  };
  return cmocka_run_group_tests_name("osdp trace", tests, NULL, NULL);
}
