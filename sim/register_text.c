#include "sim/register_text.h"

#include "core/register_fields.h"

static const char *value_of(const struct register_row *row, bool outstanding) {
  static const char *const values[REGISTER_SHAPE_COUNT] = {
      [REGISTER_TEXT] = "\"as they say\"",
      [REGISTER_LIST] = "[\"one\",\"and another\"]",
      [REGISTER_TIME] = "\"2026-11-23T07:14:00Z\"",
      [REGISTER_HASH] = "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
      [REGISTER_CHOICE] = "\"papers\"",
  };
  if (outstanding && row->answers & ANSWER_DECLINED)
    return "\"declined\"";
  if (outstanding && row->answers & ANSWER_UNKNOWN)
    return "\"unknown\"";
  return values[row->shape];
}

static void put_fields(struct buf *out, uint32_t recorded, uint32_t outstanding) {
  const char *before = "{";
  buf_puts(out, ",\"details\":");
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++) {
    const struct register_row *row = register_row(f);
    if (!(recorded >> f & 1))
      continue;
    buf_printf(out, "%s\"%s\":%s", before, row->name, value_of(row, outstanding >> f & 1));
    before = ",";
  }
  buf_puts(out, recorded ? "}" : "{}");
}

void register_text(struct buf *out, const struct command *c) {
  if (c->type == COMMAND_BOOKING_OPEN)
    put_fields(out, c->u.booking_open.recorded, c->u.booking_open.outstanding);
  else if (c->type == COMMAND_BOOKING_SUPPLEMENT)
    put_fields(out, c->u.booking_supplement.recorded, c->u.booking_supplement.outstanding);
}
