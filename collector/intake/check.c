// Checking a record's lengths; see check.h.
#include "collector/intake/check.h"

#include <sys/socket.h>

static bool part_fits(const struct http1_record *record, size_t data, unsigned offset, unsigned size, unsigned max)
{
    return size <= max && offset + size <= data;
}

bool record_check(const void *bytes, size_t size)
{
    const struct http1_record *record = bytes;

    if (size < sizeof *record || size > HTTP1_RECORD_SIZE_MAX || (uintptr_t)bytes % 8)
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

bool environment_record_check(const void *bytes, size_t size)
{
    const struct environment_record *record = bytes;

    return size >= offsetof(struct environment_record, attributes) && (uintptr_t)bytes % 8 == 0 &&
           record->kind == RECORD_KIND_ENVIRONMENT && record->size <= size &&
           record->size == offsetof(struct environment_record, attributes) + record->attributes_size &&
           record->name_size <= sizeof record->name && record->attributes_size <= sizeof record->attributes;
}

bool executed_record_check(const void *bytes, size_t size)
{
    const struct executed_record *record = bytes;
    return size >= sizeof *record && (uintptr_t)bytes % 8 == 0 && record->kind == RECORD_KIND_EXECUTED &&
           record->size == sizeof *record;
}

uint64_t record_emitted(const void *bytes, size_t size)
{
    const struct http1_record *http1 = bytes;
    const struct environment_record *environment = bytes;
    const struct executed_record *executed = bytes;

    if (size >= sizeof *executed && executed->kind == RECORD_KIND_EXECUTED)
        return executed->emitted;
    if (size >= offsetof(struct environment_record, attributes) && environment->kind == RECORD_KIND_ENVIRONMENT)
        return environment->emitted;
    return size >= sizeof *http1 ? http1->emitted : 0;
}
