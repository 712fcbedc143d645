// Protobuf's wire format (protobuf.dev/programming-guides/encoding) written straight into a buffer: no tree, no
// allocation for each message. Called by the packers of points and spans; protobuf-c reads what this writes in their
// tests. A buffer that is full has `failed` set and the rest is ignored: check it at the end, or go back by
// otlp_wire_undo. What each span has many of is inlined: field numbers and keys are constants there.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "collector/core/buffer.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fixed values are copied as they are");

#define OTLP_WIRE_INLINE static inline __attribute__((always_inline))
#define OTLP_WIRE_LENGTH 4 // bytes of an embedded message's length
#define OTLP_WIRE_VARINT 10
#define OTLP_WIRE_TAG    2 // fields up to 2047

enum otlp_wire_type { OTLP_WIRE_IS_VARINT = 0, OTLP_WIRE_IS_64 = 1, OTLP_WIRE_IS_BYTES = 2, OTLP_WIRE_IS_32 = 5 };

// More than a byte.
char *otlp_wire_varint_long(char *to, uint64_t value);

OTLP_WIRE_INLINE char *otlp_wire_varint(char *to, uint64_t value)
{
    if (value >= 0x80)
        return otlp_wire_varint_long(to, value);
    *to = (char)value;
    return to + 1;
}

OTLP_WIRE_INLINE unsigned otlp_wire_varint_size(uint64_t value)
{
    return value < 0x80 ? 1 : (unsigned)(63 - __builtin_clzll(value)) / 7 + 1;
}

OTLP_WIRE_INLINE char *otlp_wire_tag(char *to, unsigned field, enum otlp_wire_type type)
{
    unsigned tag = field << 3 | type;
    if (tag >= 0x80)
        *to++ = (char)(tag | 0x80);
    *to++ = (char)(tag >= 0x80 ? tag >> 7 : tag);
    return to;
}

// Embedded messages whose length is known only at their end: open, write the fields, close. Their length takes 4 bytes
// (a varint may be longer than it must), so a message has at most 256 MiB.
static inline size_t otlp_wire_open(struct buffer *buffer, unsigned field)
{
    char *to = buffer_reserve(buffer, OTLP_WIRE_TAG + OTLP_WIRE_LENGTH);
    if (to)
        buffer->n += (size_t)(otlp_wire_tag(to, field, OTLP_WIRE_IS_BYTES) + OTLP_WIRE_LENGTH - to);
    return buffer->n;
}

static inline void otlp_wire_close(struct buffer *buffer, size_t opened)
{
    uint32_t n = (uint32_t)(buffer->n - opened);
    uint32_t length = 0x808080 | (n & 0x7f) | (n & 0x3f80) << 1 | (n & 0x1fc000) << 2 | (n & 0xfe00000) << 3;
    if (!buffer->failed)
        memcpy(buffer->p + opened - OTLP_WIRE_LENGTH, &length, sizeof length);
}

// As if nothing had been written since the buffer held n bytes.
void otlp_wire_undo(struct buffer *buffer, size_t n);

// Scalars, left out when they are 0 as proto3 has it. uint: also of enums, bools and int64 that are not negative.
static inline void otlp_wire_uint(struct buffer *buffer, unsigned field, uint64_t value)
{
    char *to = value ? buffer_reserve(buffer, OTLP_WIRE_TAG + OTLP_WIRE_VARINT) : NULL;
    if (to)
        buffer->n += (size_t)(otlp_wire_varint(otlp_wire_tag(to, field, OTLP_WIRE_IS_VARINT), value) - to);
}

// n bytes as they lie in memory.
OTLP_WIRE_INLINE void otlp_wire_fixed(struct buffer *buffer, unsigned field, enum otlp_wire_type type,
                                      const void *value, size_t n)
{
    char *to = buffer_reserve(buffer, OTLP_WIRE_TAG + n);
    if (!to)
        return;
    char *content = otlp_wire_tag(to, field, type);
    memcpy(content, value, n);
    buffer->n += (size_t)(content + n - to);
}

static inline void otlp_wire_fixed32(struct buffer *buffer, unsigned field, uint32_t value)
{
    if (value)
        otlp_wire_fixed(buffer, field, OTLP_WIRE_IS_32, &value, sizeof value);
}

// With presence: 0 is written as well.
static inline void otlp_wire_sfixed64(struct buffer *buffer, unsigned field, int64_t value)
{
    otlp_wire_fixed(buffer, field, OTLP_WIRE_IS_64, &value, sizeof value);
}

static inline void otlp_wire_fixed64(struct buffer *buffer, unsigned field, uint64_t value)
{
    if (value)
        otlp_wire_sfixed64(buffer, field, (int64_t)value);
}

void otlp_wire_sint32(struct buffer *buffer, unsigned field, int32_t value);
// With presence.
void otlp_wire_double(struct buffer *buffer, unsigned field, double value);

// Left out when empty. A text must be UTF-8.
static inline void otlp_wire_bytes(struct buffer *buffer, unsigned field, const void *bytes, size_t n)
{
    char *to = n ? buffer_reserve(buffer, OTLP_WIRE_TAG + OTLP_WIRE_VARINT + n) : NULL;
    if (!to)
        return;
    char *content = otlp_wire_varint(otlp_wire_tag(to, field, OTLP_WIRE_IS_BYTES), n);
    memcpy(content, bytes, n);
    buffer->n += (size_t)(content + n - to);
}

static inline void otlp_wire_text(struct buffer *buffer, unsigned field, struct str text)
{
    otlp_wire_bytes(buffer, field, text.p, text.n);
}

// Packed lists.
void otlp_wire_fixed64_list(struct buffer *buffer, unsigned field, const uint64_t *values, unsigned n);
void otlp_wire_double_list(struct buffer *buffer, unsigned field, const double *values, unsigned n);
void otlp_wire_uint_list(struct buffer *buffer, unsigned field, const uint64_t *values, unsigned n);

// A message that was built as a tree.
void otlp_wire_message(struct buffer *buffer, unsigned field, const ProtobufCMessage *message);

// KeyValue{1: key, 2: AnyValue} up to the AnyValue's content, which has `size` bytes and is the caller's to write.
OTLP_WIRE_INLINE char *otlp_wire_attribute(struct buffer *buffer, unsigned field, struct str key, size_t size)
{
    size_t pair = 1 + otlp_wire_varint_size(key.n) + key.n + 1 + otlp_wire_varint_size(size) + size;
    char *to = buffer_reserve(buffer, OTLP_WIRE_TAG + OTLP_WIRE_VARINT + pair);
    if (!to)
        return NULL;
    char *at = otlp_wire_varint(otlp_wire_tag(to, field, OTLP_WIRE_IS_BYTES), pair);
    at = otlp_wire_varint(otlp_wire_tag(at, 1, OTLP_WIRE_IS_BYTES), key.n);
    memcpy(at, key.p, key.n);
    at = otlp_wire_varint(otlp_wire_tag(at + key.n, 2, OTLP_WIRE_IS_BYTES), size);
    buffer->n += (size_t)(at - to) + size;
    return at;
}

// A KeyValue; an empty text adds nothing.
OTLP_WIRE_INLINE void otlp_wire_attribute_text(struct buffer *buffer, unsigned field, struct str key, struct str text)
{
    size_t size = 1 + otlp_wire_varint_size(text.n) + text.n;
    char *at = text.n ? otlp_wire_attribute(buffer, field, key, size) : NULL;
    if (at)
        memcpy(otlp_wire_varint(otlp_wire_tag(at, 1, OTLP_WIRE_IS_BYTES), text.n), text.p, text.n);
}

OTLP_WIRE_INLINE void otlp_wire_attribute_int(struct buffer *buffer, unsigned field, struct str key, int64_t number)
{
    char *at = otlp_wire_attribute(buffer, field, key, 1 + otlp_wire_varint_size((uint64_t)number));
    if (at)
        otlp_wire_varint(otlp_wire_tag(at, 3, OTLP_WIRE_IS_VARINT), (uint64_t)number);
}

OTLP_WIRE_INLINE void otlp_wire_attribute_bool(struct buffer *buffer, unsigned field, struct str key, bool truth)
{
    char *at = otlp_wire_attribute(buffer, field, key, 2);
    if (at)
        otlp_wire_varint(otlp_wire_tag(at, 2, OTLP_WIRE_IS_VARINT), truth);
}
