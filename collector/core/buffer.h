// A growable byte buffer with a hard maximum. A write that does not fit sets `failed` and leaves the contents as they
// were; whoever finishes the buffer checks the flag once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

struct buffer {
    char *p;
    size_t n, room, max;
    bool failed;
};

// No memory is taken until the first write.
void buffer_init(struct buffer *buffer, size_t max);
void buffer_release(struct buffer *buffer);
// Empties it; the memory stays for reuse.
void buffer_reset(struct buffer *buffer);
// The memory, cut to what was written, for the caller to free; the buffer is empty then.
char *buffer_take(struct buffer *buffer, size_t *ret_n);
// The other way round: memory of malloc's with so many bytes becomes the (empty) buffer's, or is freed if it has some.
void buffer_give(struct buffer *buffer, char *p, size_t n);
// Contents and memory change places, maxima stay.
void buffer_swap(struct buffer *a, struct buffer *b);
// More room, for buffer_reserve.
char *buffer_grow(struct buffer *buffer, size_t n);
// Room for n more bytes, or NULL (and failed). The caller adds to buffer->n what it wrote.
static inline char *buffer_reserve(struct buffer *buffer, size_t n)
{
    bool fits = buffer->p && !buffer->failed && n <= buffer->room - buffer->n;
    return __builtin_expect(fits, true) ? buffer->p + buffer->n : buffer_grow(buffer, n);
}
void buffer_add(struct buffer *buffer, const void *bytes, size_t n);
void buffer_add_str(struct buffer *buffer, struct str s);
void buffer_add_text(struct buffer *buffer, const char *text);
// n bytes that stand at `from` in it once more.
void buffer_repeat(struct buffer *buffer, size_t from, size_t n);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_u64(struct buffer *buffer, uint64_t value);
void buffer_add_i64(struct buffer *buffer, int64_t value);
void buffer_add_hex(struct buffer *buffer, const uint8_t *bytes, size_t n);
void buffer_add_format(struct buffer *buffer, const char *format, ...) printf_like(2, 3);

// Foreign text, escaped (escape.c); on failure nothing of it is in the buffer.
// The body of a JSON string (RFC 8259): quotes, backslash, C0, DEL and C1 escaped, invalid UTF-8 replaced by U+FFFD.
void buffer_add_json(struct buffer *buffer, struct str s);
// For a terminal: control bytes (C0, DEL, C1) and invalid UTF-8 as \xHH, backslash doubled; the rest as it is.
void buffer_add_terminal(struct buffer *buffer, struct str s);
// A Prometheus label value (text format 0.0.4): backslash, quote and newline escaped; other control characters, which
// the format would allow, and invalid UTF-8 replaced by U+FFFD.
void buffer_add_label(struct buffer *buffer, struct str s);
// What a reader of that label sees: the same text where nothing needs to be escaped (protobuf strings).
void buffer_add_clean(struct buffer *buffer, struct str s);
