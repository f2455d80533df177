#include "plan/plan_yaml.h"

#include "plan/plan_read.h"
#include "plan/plan_scalar.h"

#include <string.h>

struct span plan_yaml_text(const yaml_node_t *n) {
  return n->type == YAML_SCALAR_NODE ? span_of(n->data.scalar.value, n->data.scalar.length)
                                     : (struct span){0};
}

/* The line of the first byte that is no UTF-8. */
static uint32_t line_of_bad_byte(struct span s) {
  uint32_t line = 1;
  for (size_t at = 0; at < s.n;) {
    const uint8_t *end = memchr(s.p + at, '\n', s.n - at);
    size_t n = end ? (size_t)(end - s.p) - at : s.n - at;
    if (!utf8_valid(span_of(s.p + at, n)))
      return line;
    at += n + 1;
    line++;
  }
  return line;
}

static void fault_at(struct plan_faults *f, yaml_mark_t m, const char *text) {
  plan_fault_add(f, (uint32_t)m.line + 1, (uint32_t)m.column + 1, false, "%s", text);
}

/* Does a tab stand there? Marks count characters, not bytes. */
static bool is_tab(struct span s, yaml_mark_t m) {
  size_t at = 0, column = 0;
  for (size_t line = 0; line < m.line; line++) {
    const uint8_t *end = at < s.n ? memchr(s.p + at, '\n', s.n - at) : NULL;
    if (!end)
      return false;
    at = (size_t)(end - s.p) + 1;
  }
  for (; at < s.n && column < m.column; column++)
    do
      at++;
    while (at < s.n && (s.p[at] & 0xc0) == 0x80);
  return at < s.n && s.p[at] == '\t';
}

/* libyaml's words for what people do wrong most often, in theirs. */
static void fault_of_parser(const yaml_parser_t *p, struct span yaml, struct plan_faults *f) {
  const char *problem = p->problem ? p->problem : "unreadable";
  yaml_mark_t at = p->problem_mark;
  if (p->error == YAML_MEMORY_ERROR)
    plan_fault_memory(f);
  else if (p->error == YAML_READER_ERROR)
    plan_fault_add(f, 0, 0, false, "not YAML at byte %zu: %s", p->problem_offset, problem);
  else if (is_tab(yaml, at))
    fault_at(f, at, "a tab: YAML is indented with spaces");
  else if (p->context && strcmp(p->context, "while parsing a block mapping") == 0)
    plan_fault_add(f, (uint32_t)at.line + 1, (uint32_t)at.column + 1, false,
                   "not YAML: %s; keys of one thing begin in one column (it began in line %zu)",
                   problem, p->context_mark.line + 1);
  else
    plan_fault_add(f, (uint32_t)at.line + 1, (uint32_t)at.column + 1, false, "not YAML: %s%s%s",
                   problem, p->context ? ", " : "", p->context ? p->context : "");
}

_Static_assert(plan_yaml_depth_max == 32 && plan_yaml_nodes_max == 524288, "the texts say so");

struct guard {
  uint32_t nodes, depth, documents;
};

/* What is wrong with this event, or NULL. */
static const char *look(struct guard *g, const yaml_event_t *e) {
  switch (e->type) {
  case YAML_DOCUMENT_START_EVENT:
    return ++g->documents > 1 ? "a second document (---) begins here: one plan a file" : NULL;
  case YAML_ALIAS_EVENT:
    return "aliases (*name) are not allowed in a plan: write it out, so that each value has one "
           "line";
  case YAML_SEQUENCE_START_EVENT:
  case YAML_MAPPING_START_EVENT:
    if (++g->depth > plan_yaml_depth_max)
      return "nested too deep: a plan needs no more than 32 levels";
    break;
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    g->depth--;
    return NULL;
  case YAML_SCALAR_EVENT:
    break;
  case YAML_NO_EVENT:
  case YAML_STREAM_START_EVENT:
  case YAML_STREAM_END_EVENT:
  case YAML_DOCUMENT_END_EVENT:
    return NULL;
  }
  return ++g->nodes > plan_yaml_nodes_max ? "too many values: 524,288 are the limit of a plan"
                                          : NULL;
}

static bool guard(struct span yaml, struct plan_faults *faults) {
  yaml_parser_t parser;
  struct guard g = {0};
  bool more = yaml_parser_initialize(&parser) != 0, ok = more;
  if (!ok) {
    plan_fault_memory(faults);
    return false;
  }
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, yaml.p, yaml.n);
  while (more) {
    yaml_event_t e;
    if (!yaml_parser_parse(&parser, &e)) {
      fault_of_parser(&parser, yaml, faults);
      ok = false;
      break;
    }
    const char *wrong = look(&g, &e);
    if (wrong) {
      fault_at(faults, e.start_mark, wrong);
      ok = false;
    }
    more = ok && e.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&e);
  }
  if (ok && g.nodes == 0) {
    plan_fault_add(
        faults, 1, 1, false,
        "the file is empty: a site plan is expected, with site, areas, gates and levels");
    ok = false;
  }
  yaml_parser_delete(&parser);
  return ok;
}

bool plan_yaml_load(struct span yaml, yaml_document_t *doc, struct plan_faults *faults) {
  if (!yaml.n)
    yaml = SPAN_LIT(" ");
  if (yaml.n > plan_yaml_bytes_max) {
    plan_fault_add(faults, 0, 0, false, "the file is over %d MiB, the limit of a plan",
                   plan_yaml_bytes_max >> 20);
    return false;
  }
  if (!utf8_valid(yaml)) {
    plan_fault_add(faults, line_of_bad_byte(yaml), 0, false,
                   "not UTF-8: save the file in that encoding");
    return false;
  }
  if (!guard(yaml, faults))
    return false;
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) {
    plan_fault_memory(faults);
    return false;
  }
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, yaml.p, yaml.n);
  bool ok = yaml_parser_load(&parser, doc) != 0;
  if (!ok)
    fault_of_parser(&parser, yaml, faults);
  yaml_parser_delete(&parser);
  return ok;
}
