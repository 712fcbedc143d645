// A span as a line for people (INTERFACE.md "A span as text"). Called by text.c. Method, path and a Unix socket's name
// are foreign bytes and are escaped for a terminal.
//
// Durations are milliseconds with two decimals, whatever their size, so that the eye can compare lines.
#include "collector/export/text.h"

#include <time.h>
#include "collector/core/clock.h"

static void add_time(struct buffer *buffer, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / NS_PER_SEC);
    struct tm local;
    char text[32];
    if (!localtime_r(&seconds, &local) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
        text[0] = 0; // a year beyond int
    buffer_add_format(buffer, "%s.%03u ", text, (unsigned)(unix_ns % NS_PER_SEC / NS_PER_MS));
}

static void add_duration(struct buffer *buffer, uint64_t ns)
{
    uint64_t hundredths = ns / (NS_PER_MS / 100) + (ns % (NS_PER_MS / 100) >= NS_PER_MS / 200); // rounded
    buffer_add_u64(buffer, hundredths / 100);
    buffer_add_char(buffer, '.');
    buffer_add_char(buffer, (char)('0' + hundredths % 100 / 10));
    buffer_add_char(buffer, (char)('0' + hundredths % 10));
    buffer_add_str(buffer, STR("ms"));
}

// "127.0.0.1:80", "[::1]:80", "/run/app.sock", "-" (the unnamed end of a Unix socket).
static void add_address(struct buffer *buffer, const struct span_address *address)
{
    struct str text = {address->text, address->n};
    if (address->ipv6 && address->port)
        buffer_add_char(buffer, '[');
    buffer_add_terminal(buffer, text.n ? text : STR("-"));
    if (address->ipv6 && address->port)
        buffer_add_char(buffer, ']');
    if (address->port) {
        buffer_add_char(buffer, ':');
        buffer_add_u64(buffer, address->port);
    }
}

static void add_size(struct buffer *buffer, int64_t bytes)
{
    if (bytes == SPAN_SIZE_UNKNOWN) {
        buffer_add_char(buffer, '-');
        return;
    }
    buffer_add_i64(buffer, bytes);
    buffer_add_char(buffer, 'B');
}

static void add_durations(struct buffer *buffer, const struct span *span)
{
    buffer_add_char(buffer, '(');
    add_duration(buffer, span->duration_ns);
    if (span->kind == SPAN_KIND_SERVER && span->processing_ns != SPAN_TIME_UNKNOWN) {
        buffer_add_char(buffer, '[');
        add_duration(buffer, span->processing_ns);
        buffer_add_char(buffer, ']');
    }
    buffer_add_str(buffer, STR(") "));
}

static void add_request(struct buffer *buffer, const struct span *span)
{
    bool original = span->method == HTTP_METHOD_OTHER && span->method_original.n;
    buffer_add_text(buffer, span->kind == SPAN_KIND_SERVER ? "SERVER " : "CLIENT ");
    if (span->status)
        buffer_add_u64(buffer, span->status);
    else
        buffer_add_char(buffer, '-');
    buffer_add_char(buffer, ' ');
    buffer_add_terminal(buffer, original ? span->method_original : str_from(http_method_name(span->method)));
    buffer_add_char(buffer, ' ');
    buffer_add_terminal(buffer, span->path.n ? span->path : STR("-"));
}

void text_format_span(struct buffer *buffer, const struct span *span)
{
    add_time(buffer, span->start_unix_ns);
    add_durations(buffer, span);
    add_request(buffer, span);
    buffer_add_char(buffer, ' ');
    add_address(buffer, &span->client);
    buffer_add_str(buffer, STR("->"));
    add_address(buffer, &span->server);
    buffer_add_str(buffer, STR(" size:"));
    add_size(buffer, span->request_body);
    buffer_add_str(buffer, STR("->"));
    add_size(buffer, span->response_body);
    if (span->kind == SPAN_KIND_SERVER && span->queue_ns != SPAN_TIME_UNKNOWN) {
        buffer_add_str(buffer, STR(" queue:"));
        add_duration(buffer, span->queue_ns);
    }
    buffer_add_str(buffer, STR(" svc:"));
    buffer_add_terminal(buffer, str_from(span->process->service->name));
    buffer_add_char(buffer, '\n');
}
