// Are two settings of pushing the same? Texts are compared, not pointers; see otlp_settings.h.
#include "collector/export/otlp_settings.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_endpoint(const struct otlp_endpoint *a, const struct otlp_endpoint *b)
{
    bool same = same_text(a->url, b->url) && same_text(a->unix_path, b->unix_path) && a->protocol == b->protocol &&
                a->gzip == b->gzip && a->timeout_ns == b->timeout_ns;
    for (unsigned i = 0; same && i < OTLP_TLS_FILE_MAX; i++)
        same = same_text(a->tls_file[i], b->tls_file[i]);
    for (unsigned i = 0; same && i < OTLP_HEADERS_MAX && (a->headers[i] || b->headers[i]); i++)
        same = same_text(a->headers[i], b->headers[i]);
    return same;
}

bool otlp_settings_same_destinations(const struct otlp_settings *a, const struct otlp_settings *b)
{
    bool same = a->destinations == b->destinations;
    for (unsigned i = 0; same && i < a->destinations; i++)
        for (unsigned signal = 0; same && signal < SELF_SIGNAL_MAX; signal++)
            same = same_endpoint(&a->destination[i].endpoint[signal], &b->destination[i].endpoint[signal]);
    return same;
}

bool otlp_settings_same_resource(const struct otlp_settings *a, const struct otlp_settings *b)
{
    unsigned i = 0;
    while (a->resource[i].key && same_text(a->resource[i].key, b->resource[i].key) &&
           same_text(a->resource[i].value, b->resource[i].value))
        i++;
    return !a->resource[i].key && !b->resource[i].key;
}
