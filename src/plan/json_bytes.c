#include "plan/json_bytes.h"

#include <stdlib.h>

static _Thread_local bool lacked;

static void *take(size_t n) {
  void *p = malloc(n);
  lacked = lacked || !p;
  return p;
}

/* Before main, when nobody else is there who could be asking jansson for something. */
__attribute__((constructor)) static void set_up(void) {
  json_set_alloc_funcs(take, free);
}

enum sp_err json_bytes_read(json_t **out, struct span bytes, json_error_t *at, struct fault *why) {
  json_error_t where = {0};
  at = at ? at : &where;
  lacked = false;
  *out = json_loadb(bytes.n ? (const char *)bytes.p : "", bytes.n, JSON_REJECT_DUPLICATES, at);
  if (lacked) {
    json_decref(*out);
    *out = NULL;
    return fault_set(why, SP_NO_MEMORY, "out of memory to read JSON");
  }
  return *out ? SP_OK : fault_set(why, SP_INVALID, "byte %d: %s", at->position, at->text);
}
