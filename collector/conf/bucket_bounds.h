// metrics.buckets.*: the bounds of explicit histograms, in place of the semantic conventions'. Called by setting.c.
#pragma once

#include "collector/conf/schema.h"
#include "collector/red/histogram.h"

// A comma list of what the row takes, each larger than the one before. -EINVAL: it is not that, or longer than a
// histogram has room for; bounds is as it was.
int bucket_bounds_parse(const struct schema_row *row, struct str list, struct histogram_bounds *bounds) must_check;
// The same list back.
void bucket_bounds_write(const struct schema_row *row, const struct histogram_bounds *bounds, char *text, size_t size);
