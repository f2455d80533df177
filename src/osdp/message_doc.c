#include "osdp/message.h"

static const char *use_text(const struct osdp_message *m) {
  static const char *const sent[] = {[OSDP_DONE] = "sent",
                                     [OSDP_OPAQUE] = "sent as given",
                                     [OSDP_KNOWN] = "not sent; named in a trace"};
  static const char *const heard[] = {[OSDP_DONE] = "understood",
                                      [OSDP_OPAQUE] = "told as bytes, not acted upon",
                                      [OSDP_KNOWN] = "named, not acted upon"};
  return m->reply ? heard[m->use] : sent[m->use];
}

static void put_fields(struct buf *out, const struct osdp_message *m) {
  for (const struct osdp_field *f = m->fields; f->name; f++)
    buf_printf(out, "%s%s", f == m->fields ? "" : ", ", f->name);
  if (m->repeats)
    buf_puts(out, "; repeated");
}

void osdp_messages_markdown(struct buf *out) {
  buf_puts(out,
           "| code | name | | profile | what the panel does | data |\n|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < osdp_messages_n; i++) {
    const struct osdp_message *m = &osdp_messages[i];
    buf_printf(out, "| %s %02X | %s | %s | %s | %s | ", m->reply ? "reply" : "command", m->code,
               m->name, m->doc, m->profile, use_text(m));
    put_fields(out, m);
    buf_puts(out, " |\n");
  }
}
