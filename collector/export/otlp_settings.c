// Endpoints compared and copied; see otlp_settings.h. A stream outlives the options that it was made from.
#include "collector/export/otlp_settings.h"

#include <stdlib.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool otlp_endpoint_same(const struct otlp_endpoint *a, const struct otlp_endpoint *b)
{
    bool same = same_text(a->url, b->url) && same_text(a->unix_path, b->unix_path) && a->protocol == b->protocol &&
                a->gzip == b->gzip && a->timeout_ns == b->timeout_ns;
    for (unsigned i = 0; same && i < OTLP_TLS_FILE_MAX; i++)
        same = same_text(a->tls_file[i], b->tls_file[i]);
    for (unsigned i = 0; same && i < OTLP_HEADERS_MAX && (a->headers[i] || b->headers[i]); i++)
        same = same_text(a->headers[i], b->headers[i]);
    return same;
}

// Appends the text at *to, if there is room for it, and points at it; counts its bytes in any case.
static const char *text_copy(const char *text, char *to, size_t *used)
{
    size_t n = text ? strlen(text) + 1 : 0;
    char *copy = to ? to + *used : NULL;
    *used += n;
    return text && copy ? memcpy(copy, text, n) : NULL;
}

// to: NULL, count only.
static size_t texts_copy(const struct otlp_endpoint *endpoint, struct otlp_endpoint *copy, char *to)
{
    size_t used = 0;
    copy->url = text_copy(endpoint->url, to, &used);
    copy->unix_path = text_copy(endpoint->unix_path, to, &used);
    for (unsigned i = 0; i < OTLP_HEADERS_MAX; i++)
        copy->headers[i] = text_copy(endpoint->headers[i], to, &used);
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++) {
        copy->tls_file[i] = text_copy(endpoint->tls_file[i], to, &used);
        copy->tls_said[i].name = text_copy(endpoint->tls_said[i].name, to, &used);
    }
    return used;
}

struct otlp_endpoint *otlp_endpoint_copy(const struct otlp_endpoint *endpoint)
{
    struct otlp_endpoint scratch;
    size_t size = texts_copy(endpoint, &scratch, NULL);
    struct otlp_endpoint *copy = malloc(sizeof *copy + size);
    if (!copy)
        return NULL;
    *copy = *endpoint;
    texts_copy(endpoint, copy, (char *)(copy + 1));
    return copy;
}
