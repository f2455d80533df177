/* plan_yaml.h: a YAML file as a tree of nodes that know their line, whoever wrote it. */
#ifndef SP_PLAN_YAML_H
#define SP_PLAN_YAML_H

#include "base/bytes.h"
#include "plan/plan_faults.h"

#include <yaml.h>

/* Loads one document. The text is looked through first, without keeping any of it, so that a file
 * that is too large, too deep, of too many values, with aliases or with a second document costs
 * next to nothing. False with a fault added; otherwise *doc is the caller's (yaml_document_delete)
 * and has a root. */
bool plan_yaml_load(struct span yaml, yaml_document_t *doc, struct plan_faults *faults);

static inline uint32_t plan_yaml_line(const yaml_node_t *n) {
  return (uint32_t)n->start_mark.line + 1;
}
static inline uint32_t plan_yaml_column(const yaml_node_t *n) {
  return (uint32_t)n->start_mark.column + 1;
}
static inline bool plan_yaml_is_scalar(const yaml_node_t *n) {
  return n->type == YAML_SCALAR_NODE;
}
/* Of a scalar; nothing of any other node. */
struct span plan_yaml_text(const yaml_node_t *n);

#endif
