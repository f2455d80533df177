/* reader.c: what is said of readers. Each event about one switches one thing of its state on or
 * off; signs that bring no news are no events.
 */
#include "core/reader.h"

#include "core/decide.h"

static const struct {
  enum event_type type;
  size_t at; /* in struct reader_state */
  uint8_t becomes;
} signs[READER_SIGN_COUNT] = {
#define SIGN(NAME, member, value)                                                                  \
  [READER_##NAME] = {EVENT_READER_##NAME, offsetof(struct reader_state, member), value}
    SIGN(ONLINE, offline, 0),
    SIGN(OFFLINE, offline, 1),
    SIGN(TAMPERED, tampered, 1),
    SIGN(RESTORED, tampered, 0),
    SIGN(INSECURE, insecure, 1),
    SIGN(SECURE, insecure, 0),
    SIGN(POWER_FAILED, unpowered, 1),
    SIGN(POWER_RESTORED, unpowered, 0),
#undef SIGN
    [READER_REKEYED] = {EVENT_READER_REKEYED, 0, 0},
};

void reader_changed(struct reader_state *s, const struct event *e) {
  if (e->type == EVENT_READER_REKEY_ORDERED || e->type == EVENT_READER_REKEYED) {
    s->rekey_n = e->type == EVENT_READER_REKEYED ? 0 : e->n;
    return;
  }
  for (uint32_t i = 0; i < READER_REKEYED; i++)
    if (signs[i].type == e->type)
      ((uint8_t *)s)[signs[i].at] = signs[i].becomes;
}

static bool is_news(const struct reader_state *s, enum reader_sign sign) {
  return sign == READER_REKEYED ? s->rekey_n != 0
                                : ((const uint8_t *)s)[signs[sign].at] != signs[sign].becomes;
}

void decide_reader_report(struct deciding *d) {
  const struct cmd_reader_report *r = &d->command->u.reader_report;
  enum event_type type = signs[r->sign].type;
  if (!is_news(&d->core->readers[r->reader], (enum reader_sign)r->sign))
    return; /* said again, or a key that nobody ordered */
  struct event *e =
      event_flags(type) & EVENT_ALARM ? deciding_alarm(d, type) : deciding_event(d, type);
  e->u.reader_ref.reader = r->reader;
}

/* The line makes the key: nobody here, and no journal, ever knows it. */
void decide_reader_rekey(struct deciding *d) {
  uint32_t reader = d->command->u.reader_ref.reader;
  const struct plan_reader *p = &d->core->plan->readers[reader];
  if (p->line == NONE16 || p->secure == SECURE_NONE) {
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_READER, reader));
  } else if (d->core->readers[reader].rekey_n) {
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_READER, reader));
  } else {
    deciding_event(d, EVENT_READER_REKEY_ORDERED)->u.reader_ref.reader = reader;
    deciding_effect(d, EFFECT_REKEY, REF_ABSENT, reader, 0, 0);
  }
}
