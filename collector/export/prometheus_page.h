// A page on its way to one reader: written piece by piece as the reader takes it, compressed if it asked for that, so
// that no page is ever whole in memory. Called by prometheus.c.
#pragma once

#include <sys/types.h>
#include "collector/export/prometheus_format.h"

struct prometheus_page;
// 0 or -ENOMEM.
int prometheus_page_new(struct prometheus_page **ret_page, const struct exposition *exposition,
                        enum prometheus_format format, bool gzip) must_check;
void prometheus_page_free(struct prometheus_page *page);
// The next bytes, at most room; 0 at the end, or -errno.
ssize_t prometheus_page_read(struct prometheus_page *page, char *to, size_t room) must_check;
