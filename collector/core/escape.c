// Foreign bytes in a buffer, made harmless for whoever reads them: a JSON parser, a terminal, a Prometheus scraper.
// Called by the exporters with text from the wire and from the host. Each function walks the bytes once and copies runs
// that need no change as a whole; on failure nothing of the text is in the buffer.
#include "collector/core/buffer.h"

#include "collector/core/utf8.h"

// Adds the sequence of `length` bytes at s.p (0: one byte that is not UTF-8) in its escaped form.
typedef void escape_fn(struct buffer *buffer, struct str s, size_t length);
// Is this sequence copied as it is?
typedef bool plain_fn(struct str s, size_t length);

static void escape_run(struct buffer *buffer, struct str s, plain_fn *plain, escape_fn *escape)
{
    size_t before = buffer->n, start = 0, i = 0;
    while (i < s.n) {
        struct str rest = {s.p + i, s.n - i};
        size_t length = utf8_sequence(rest);
        if (length && plain(rest, length)) {
            i += length;
            continue;
        }
        buffer_add(buffer, s.p + start, i - start);
        escape(buffer, rest, length);
        i += length ? length : 1;
        start = i;
    }
    buffer_add(buffer, s.p + start, i - start);
    if (buffer->failed)
        buffer->n = before;
}

// Inside double quotes, for JSON and labels alike.
static bool quoted_plain(struct str s, size_t length)
{
    return !utf8_control(s, length) && s.p[0] != '"' && s.p[0] != '\\';
}

static void json_escape(struct buffer *buffer, struct str s, size_t length)
{
    static const char short_form[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    unsigned char c = (unsigned char)s.p[0];
    if (length == 0) {
        buffer_add_str(buffer, STR(UTF8_REPLACEMENT));
    } else if (c == '"' || c == '\\' || (c < 0x20 && short_form[c])) {
        buffer_add_char(buffer, '\\');
        buffer_add_char(buffer, c < 0x20 ? short_form[c] : (char)c);
    } else { // C0, DEL; of C1 the second byte is the code point
        uint8_t code = length == 2 ? (uint8_t)s.p[1] : c;
        buffer_add_str(buffer, STR("\\u00"));
        buffer_add_hex(buffer, &code, 1);
    }
}

void buffer_add_json(struct buffer *buffer, struct str s)
{
    escape_run(buffer, s, quoted_plain, json_escape);
}

static bool terminal_plain(struct str s, size_t length)
{
    return !utf8_control(s, length) && s.p[0] != '\\';
}

static void terminal_escape(struct buffer *buffer, struct str s, size_t length)
{
    if (length == 1 && s.p[0] == '\\') {
        buffer_add_str(buffer, STR("\\\\"));
        return;
    }
    for (size_t i = 0; i < (length ? length : 1); i++) {
        buffer_add_str(buffer, STR("\\x"));
        buffer_add_hex(buffer, (const uint8_t *)s.p + i, 1);
    }
}

void buffer_add_terminal(struct buffer *buffer, struct str s)
{
    escape_run(buffer, s, terminal_plain, terminal_escape);
}

static void label_escape(struct buffer *buffer, struct str s, size_t length)
{
    char c = s.p[0];
    if (length == 1 && (c == '"' || c == '\\' || c == '\n')) {
        buffer_add_char(buffer, '\\');
        buffer_add_char(buffer, c == '\n' ? 'n' : c);
    } else {
        buffer_add_str(buffer, STR(UTF8_REPLACEMENT));
    }
}

void buffer_add_label(struct buffer *buffer, struct str s)
{
    escape_run(buffer, s, quoted_plain, label_escape);
}

static bool clean_plain(struct str s, size_t length)
{
    return !utf8_control(s, length) || s.p[0] == '\n';
}

static void clean_escape(struct buffer *buffer, struct str s, size_t length)
{
    buffer_add_str(buffer, STR(UTF8_REPLACEMENT));
}

void buffer_add_clean(struct buffer *buffer, struct str s)
{
    escape_run(buffer, s, clean_plain, clean_escape);
}
