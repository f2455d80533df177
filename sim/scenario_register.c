/* scenario_register.c: which fields of the register somebody fills in. A booking has all that
 * admission needs, unless the line says "without FIELD,FIELD"; "recorded" adds others; what is
 * "outstanding" was declined or is unknown. A stage with an engine makes details of that
 * (register_text.h). */
#include "sim/scenario.h"

#include "core/register_fields.h"

#include <stdio.h>
#include <string.h>

static uint32_t fields_after(struct play *p, const struct words *w, const char *name) {
  const char *list = option(w, name);
  char text[512];
  uint32_t bits = 0;
  snprintf(text, sizeof text, "%s", list ? list : "");
  for (char *save, *s = strtok_r(text, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
    uint32_t f = 0;
    while (f < REGISTER_FIELD_COUNT && strcmp(register_field_names[f], s) != 0)
      f++;
    if (f == REGISTER_FIELD_COUNT)
      FAIL(p, "the register has no field %s", s);
    bits |= 1u << f;
  }
  return bits;
}

bool word_of_register(const char *word) {
  return strcmp(word, "recorded") == 0 || strcmp(word, "outstanding") == 0 ||
         strcmp(word, "without") == 0;
}

void fill_register(struct play *p, const struct words *w, struct command *c) {
  uint32_t recorded = fields_after(p, w, "recorded");
  uint32_t outstanding = fields_after(p, w, "outstanding");
  uint32_t without = fields_after(p, w, "without");
  if (c->type == COMMAND_BOOKING_OPEN) {
    c->u.booking_open.recorded = (recorded | outstanding | register_required()) & ~without;
    c->u.booking_open.outstanding = outstanding;
  } else if (c->type == COMMAND_BOOKING_SUPPLEMENT) {
    c->u.booking_supplement.recorded = recorded | outstanding;
    c->u.booking_supplement.outstanding = outstanding;
  }
}
