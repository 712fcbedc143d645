// Checking a record's lengths; see check.h.
#include "collector/intake/check.h"

#include <stdint.h>
#include <sys/socket.h>

static bool part_fits(const struct http1_record *record, size_t data, unsigned offset, unsigned size, unsigned max)
{
    return size <= max && offset + size <= data;
}

bool record_check(const void *bytes, size_t size)
{
    const struct http1_record *record = bytes;

    if (size < sizeof *record || (uintptr_t)bytes % 8)
        return false;
    if (record->size < sizeof *record || record->size > size) // the ring's entry may be larger
        return false;
    size_t data = record->size - sizeof *record;
    return (record->kind == RECORD_KIND_HTTP1 || record->kind == RECORD_KIND_HTTP1_END) &&
           (record->family == AF_INET || record->family == AF_INET6 || record->family == AF_UNIX) &&
           (record->role == RECORD_ROLE_SERVER || record->role == RECORD_ROLE_CLIENT) &&
           part_fits(record, data, 0, record->request_captured, HEAD_CAPTURE_MAX) &&
           part_fits(record, data, record->response_offset, record->response_captured, HEAD_CAPTURE_MAX) &&
           part_fits(record, data, record->path_offset, record->path_captured, UNIX_PATH_CAPTURE);
}
