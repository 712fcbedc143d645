// See bucket_bounds.h.
#include "collector/conf/bucket_bounds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "collector/conf/value.h"

int bucket_bounds_parse(const struct schema_row *row, struct str list, struct histogram_bounds *bounds)
{
    struct histogram_bounds read = {.scale = row->type == SCHEMA_DURATION ? 1e-9 : 1};
    struct schema_value value;
    struct str item;
    while (value_list_next(&list, &item)) {
        if (read.count == HISTOGRAM_BUCKETS_MAX - 1 || schema_parse(row, item, 0, &value) < 0 ||
            (read.count && value.number <= read.value[read.count - 1]))
            return -EINVAL;
        read.value[read.count++] = value.number;
    }
    if (!read.count)
        return -EINVAL;
    *bounds = read;
    return 0;
}

void bucket_bounds_write(const struct schema_row *row, const struct histogram_bounds *bounds, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (unsigned i = 0; i < bounds->count && used < size; i++) {
        char bound[VALUE_DURATION_SIZE];
        if (row->type == SCHEMA_DURATION)
            value_duration_write(bounds->value[i], bound);
        else
            snprintf(bound, sizeof bound, "%" PRIu64, bounds->value[i]);
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", bound);
    }
}
