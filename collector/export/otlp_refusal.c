// See otlp_refusal.h.
#include "collector/export/otlp_refusal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "google/rpc/status.pb-c.h"

static bool type_is(const char *content_type, const char *wanted)
{
    size_t n = strlen(wanted);
    return content_type && strncasecmp(content_type, wanted, n) == 0 && strchr("; ", content_type[n]);
}

static void status_read(struct str body, char *text)
{
    Google__Rpc__Status *status = google__rpc__status__unpack(NULL, body.n, (const uint8_t *)body.p);
    if (status)
        snprintf(text, OTLP_REFUSAL_MAX, "%s", status->message);
    google__rpc__status__free_unpacked(status, NULL);
}

void otlp_refusal_read(const char *content_type, struct str body, char ret_text[OTLP_REFUSAL_MAX])
{
    ret_text[0] = 0;
    if (type_is(content_type, "application/x-protobuf")) {
        status_read(body, ret_text);
    } else if (type_is(content_type, "text/plain") && body.n) {
        const char *end = memchr(body.p, '\n', body.n);
        size_t n = end ? (size_t)(end - body.p) : body.n;
        snprintf(ret_text, OTLP_REFUSAL_MAX, "%.*s", n < OTLP_REFUSAL_MAX ? (int)n : OTLP_REFUSAL_MAX - 1, body.p);
    }
}
