// Exchanges that say what one before them said, byte by byte: their span is the one made then, with this exchange's own
// process, times, ids and client. Nothing is parsed or judged again, and what comes out is the same: what is compared
// is all that the long way looks at. Called by pairing.c for connections of which nothing waits; the bytes are a
// stranger's.
#pragma once

#include "collector/span/exchange.h"

struct repeat;

// 0 or -ENOMEM. Memory is touched only as far as it is used.
int repeat_new(struct repeat **ret_repeat) must_check;
void repeat_free(struct repeat *repeat);
// Before other propagators are given than so far.
void repeat_forget(struct repeat *repeat);
// The span of such a record, good until the next call; NULL: none is known that says the same. process: the record's;
// propagators: as exchange_to_span.
struct span *repeat_find(struct repeat *repeat, const struct http1_record *record, const struct process *process,
                         const struct propagators *propagators);
// An exchange whose first record told all of it, and of nothing else: maybe others like it follow. One that has parts
// which are not compared is left alone.
void repeat_keep(struct repeat *repeat, const struct exchange *exchange, const struct propagators *propagators);
