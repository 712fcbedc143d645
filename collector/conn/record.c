// See record.h.
#include "collector/conn/record.h"

struct str record_path(const struct http1_record *record)
{
    return (struct str){(const char *)record->data + record->path_offset, record->path_captured};
}

static uint16_t part_add(struct http1_record *to, size_t *used, struct str part, size_t max)
{
    size_t n = part.n < max ? part.n : max;
    if (n)
        memcpy(to->data + *used, part.p, n);
    *used += n;
    return (uint16_t)n;
}

void record_compose(struct http1_record *to, const struct http1_record *facts, struct str request, struct str response,
                    struct str path)
{
    size_t used = 0;
    memmove(to, facts, sizeof *facts);
    to->request_captured = part_add(to, &used, request, HEAD_CAPTURE_MAX);
    to->response_offset = (uint16_t)used;
    to->response_captured = part_add(to, &used, response, HEAD_CAPTURE_MAX);
    to->path_offset = (uint16_t)used;
    to->path_captured = part_add(to, &used, path, UNIX_PATH_CAPTURE);
    to->size = (uint16_t)(sizeof *to + used);
}
