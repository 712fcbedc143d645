// A request head of a stranger, for each order of propagators: ids that are found are never zero, and the text that
// goes along lies inside the input.
#include <stdint.h>
#include <stdlib.h>
#include "collector/span/trace_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct propagators orders[] = {
        {1, {PROPAGATOR_TRACECONTEXT}}, {1, {PROPAGATOR_B3}}, {2, {PROPAGATOR_TRACECONTEXT, PROPAGATOR_B3}}};
    struct str input = {(const char *)data, size};
    struct http1_request request;
    struct trace_context context;
    if (http1_request_parse(input, &request) == PARSE_BAD)
        return 0;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        trace_context_read(&orders[i], &request.headers, &context);
        bool zero = all_zero(context.trace_id, sizeof context.trace_id) ||
                    all_zero(context.parent_id, sizeof context.parent_id);
        struct str state = context.trace_state;
        if (zero == context.has_parent || (context.sampled && !context.decided))
            abort();
        if (state.n && (state.p < input.p || state.p + state.n > input.p + input.n))
            abort();
    }
    return 0;
}
