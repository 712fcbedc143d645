// Which attributes spans have: the configuration's rules for traces, looked up once for each name. Called by
// attributes.c.
#pragma once

#include "collector/conf/attribute_selection.h"

struct span_selection;
// *ret_selection is NULL if no rule is for traces. Keeps the rules' pointer. 0 or -ENOMEM.
int span_selection_new(struct span_selection **ret_selection, const struct attribute_selection *rules) must_check;
void span_selection_free(struct span_selection *selection);
// key: a string literal; told from others by its address.
bool span_selection_has(struct span_selection *selection, const char *key);
