// A growable byte buffer; see buffer.h. How foreign bytes are escaped in it is in escape.c.
#include "collector/core/buffer.h"

#include <stdarg.h>
#include <stdio.h>

#define BUFFER_ROOM_FIRST 512

void buffer_init(struct buffer *buffer, size_t max)
{
    *buffer = (struct buffer){.max = max};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->p);
    buffer_init(buffer, buffer->max);
}

void buffer_reset(struct buffer *buffer)
{
    buffer->n = 0;
    buffer->failed = false;
}

char *buffer_take(struct buffer *buffer, size_t *ret_n)
{
    char *cut = buffer->n ? realloc(buffer->p, buffer->n) : NULL, *taken = cut ? cut : buffer->p;
    *ret_n = buffer->n;
    buffer_init(buffer, buffer->max);
    return taken;
}

void buffer_give(struct buffer *buffer, char *p, size_t n)
{
    if (buffer->p) {
        free(p);
        return;
    }
    buffer->p = p;
    buffer->room = p ? n : 0;
}

void buffer_swap(struct buffer *a, struct buffer *b)
{
    struct buffer was = *a;
    *a = *b;
    *b = was;
    b->max = a->max;
    a->max = was.max;
}

char *buffer_grow(struct buffer *buffer, size_t n)
{
    if (buffer->failed || n > buffer->max - buffer->n) {
        buffer->failed = true;
        return NULL;
    }
    size_t room = buffer->room ? buffer->room : BUFFER_ROOM_FIRST;
    while (room < buffer->n + n)
        room *= 2;
    if (room > buffer->max)
        room = buffer->max;
    char *grown = realloc(buffer->p, room ? room : 1); // a maximum of 0 still gives a pointer for 0 bytes
    if (!grown) {
        buffer->failed = true;
        return NULL;
    }
    buffer->p = grown;
    buffer->room = room;
    return buffer->p + buffer->n;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t n)
{
    char *to = n ? buffer_reserve(buffer, n) : NULL;
    if (!to)
        return;
    memcpy(to, bytes, n);
    buffer->n += n;
}

void buffer_add_str(struct buffer *buffer, struct str s)
{
    buffer_add(buffer, s.p, s.n);
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_repeat(struct buffer *buffer, size_t from, size_t n)
{
    char *to = buffer_reserve(buffer, n); // may move what is repeated
    if (!to)
        return;
    memcpy(to, buffer->p + from, n);
    buffer->n += n;
}

void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_add_u64(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buffer_add(buffer, digits + first, sizeof(digits) - first);
}

void buffer_add_i64(struct buffer *buffer, int64_t value)
{
    if (value >= 0) {
        buffer_add_u64(buffer, (uint64_t)value);
        return;
    }
    if (!buffer_reserve(buffer, 20)) // the sign and the longest number, so that the sign never stands alone
        return;
    buffer_add_char(buffer, '-');
    buffer_add_u64(buffer, -(uint64_t)value);
}

void buffer_add_hex(struct buffer *buffer, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char *to = n <= SIZE_MAX / 2 ? buffer_reserve(buffer, 2 * n) : NULL;
    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    buffer->n += 2 * n;
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    char small[256];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        buffer_add(buffer, small, (size_t)n);
    } else {
        char *to = n >= 0 ? buffer_reserve(buffer, (size_t)n + 1) : NULL; // vsnprintf wants to write its NUL
        if (to)
            buffer->n += (size_t)vsnprintf(to, (size_t)n + 1, format, again);
        else
            buffer->failed = true;
    }
    va_end(again);
}
