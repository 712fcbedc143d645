// One exchange while it is being looked at: the kernel's record and its two parsed heads; and the span it becomes.
// Called by conn/. The record's lengths are checked by intake; its bytes are a stranger's.
#pragma once

#include "collector/l7/http1.h"
#include "collector/span/span.h"
#include "collector/span/trace_context.h"
#include "common/abi/record.h"
#include "common/lib/cleanup.h"

struct exchange {
    const struct http1_record *record; // times, totals, addresses; the heads point into it
    struct http1_request request;
    struct http1_response response; // status 0: no answer
    enum parse_status request_status, response_status;
};

struct str exchange_request_capture(const struct http1_record *record);
struct str exchange_response_capture(const struct http1_record *record);

// Parses both captures. PARSE_OK: a span can be made of it; PARSE_BAD: a head is not HTTP/1, or has no status though
// there was an answer.
enum parse_status exchange_parse(const struct http1_record *record, struct exchange *ret_exchange);

// Bytes of this request: head plus Content-Length, if both are known and it is not chunked; else 0.
uint64_t exchange_request_size(const struct exchange *exchange);

// The span; its slices point into the record (or into *ret_span itself), so neither may move before it is used.
// propagators NULL: only what is measured is asked for; a server's span then has no ids, no parent and of its ends
// only the ports.
void exchange_to_span(const struct exchange *exchange, const struct process *process,
                      const struct propagators *propagators, struct span *ret_span);

// Parts of that, for conn/repeat.c: a span of an exchange that says the same becomes this one's.
// Is more asked for than what is measured? A client's series names the server: where no Host does, its address.
bool exchange_is_particular(const struct http1_record *record, const struct propagators *propagators);
void exchange_parent(const struct http1_headers *headers, const struct propagators *propagators,
                     struct trace_context *ret_parent);
// The client's end.
void exchange_client(const struct http1_record *record, struct span *span);
// Times and ids. parent NULL: no ids.
void exchange_measure(const struct http1_record *record, const struct process *process,
                      const struct trace_context *parent, struct span *span);
