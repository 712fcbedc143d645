// Protobuf's wire format (protobuf.dev/programming-guides/encoding); see otlp_wire.h.
#include "collector/export/otlp_wire.h"

#include <string.h>

#define LENGTH_SIZE 4
#define VARINT_MAX  10
#define TAG_MAX     2 // fields up to 2047

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fixed64 values are copied as they are");

static char *varint_put(char *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (char)(value | 0x80);
    *to++ = (char)value;
    return to;
}

static unsigned varint_size(uint64_t value)
{
    return (unsigned)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

static char *tag_put(char *to, unsigned field, enum wire_type type)
{
    return varint_put(to, field << 3 | type);
}

size_t otlp_wire_open(struct buffer *buffer, unsigned field)
{
    char *to = buffer_reserve(buffer, TAG_MAX + LENGTH_SIZE);
    if (to)
        buffer->n += (size_t)(tag_put(to, field, WIRE_LENGTH) + LENGTH_SIZE - to);
    return buffer->n;
}

void otlp_wire_close(struct buffer *buffer, size_t opened)
{
    if (buffer->failed)
        return;
    size_t length = buffer->n - opened;
    char *to = buffer->p + opened - LENGTH_SIZE;
    for (unsigned i = 0; i < LENGTH_SIZE; i++)
        to[i] = (char)((length >> (7 * i) & 0x7f) | (i < LENGTH_SIZE - 1 ? 0x80 : 0));
}

void otlp_wire_undo(struct buffer *buffer, size_t n)
{
    buffer->n = n;
    buffer->failed = false;
}

static void varint_field(struct buffer *buffer, unsigned field, uint64_t value)
{
    char *to = buffer_reserve(buffer, TAG_MAX + VARINT_MAX);
    if (to)
        buffer->n += (size_t)(varint_put(tag_put(to, field, WIRE_VARINT), value) - to);
}

void otlp_wire_uint(struct buffer *buffer, unsigned field, uint64_t value)
{
    if (value)
        varint_field(buffer, field, value);
}

void otlp_wire_sint32(struct buffer *buffer, unsigned field, int32_t value)
{
    otlp_wire_uint(buffer, field, (uint32_t)value << 1 ^ (uint32_t)(value >> 31));
}

void otlp_wire_fixed32(struct buffer *buffer, unsigned field, uint32_t value)
{
    char *to = value ? buffer_reserve(buffer, TAG_MAX + sizeof(value)) : NULL;
    if (!to)
        return;
    char *content = tag_put(to, field, WIRE_FIXED32);
    memcpy(content, &value, sizeof(value));
    buffer->n += (size_t)(content + sizeof(value) - to);
}

static void fixed64_field(struct buffer *buffer, unsigned field, const void *value)
{
    char *to = buffer_reserve(buffer, TAG_MAX + 8);
    if (!to)
        return;
    char *content = tag_put(to, field, WIRE_FIXED64);
    memcpy(content, value, 8);
    buffer->n += (size_t)(content + 8 - to);
}

void otlp_wire_fixed64(struct buffer *buffer, unsigned field, uint64_t value)
{
    if (value)
        fixed64_field(buffer, field, &value);
}

void otlp_wire_double(struct buffer *buffer, unsigned field, double value)
{
    fixed64_field(buffer, field, &value);
}

void otlp_wire_sfixed64(struct buffer *buffer, unsigned field, int64_t value)
{
    fixed64_field(buffer, field, &value);
}

void otlp_wire_bytes(struct buffer *buffer, unsigned field, const void *bytes, size_t n)
{
    char *to = n ? buffer_reserve(buffer, TAG_MAX + VARINT_MAX + n) : NULL;
    if (!to)
        return;
    char *content = varint_put(tag_put(to, field, WIRE_LENGTH), n);
    memcpy(content, bytes, n);
    buffer->n += (size_t)(content + n - to);
}

void otlp_wire_text(struct buffer *buffer, unsigned field, struct str text)
{
    otlp_wire_bytes(buffer, field, text.p, text.n);
}

void otlp_wire_fixed64_list(struct buffer *buffer, unsigned field, const uint64_t *values, unsigned n)
{
    otlp_wire_bytes(buffer, field, values, n * sizeof(*values));
}

void otlp_wire_double_list(struct buffer *buffer, unsigned field, const double *values, unsigned n)
{
    otlp_wire_bytes(buffer, field, values, n * sizeof(*values));
}

void otlp_wire_uint_list(struct buffer *buffer, unsigned field, const uint64_t *values, unsigned n)
{
    size_t size = 0;
    for (unsigned i = 0; i < n; i++)
        size += varint_size(values[i]);
    char *to = n ? buffer_reserve(buffer, TAG_MAX + VARINT_MAX + size) : NULL;
    if (!to)
        return;
    char *at = varint_put(tag_put(to, field, WIRE_LENGTH), size);
    for (unsigned i = 0; i < n; i++)
        at = varint_put(at, values[i]);
    buffer->n += (size_t)(at - to);
}

void otlp_wire_message(struct buffer *buffer, unsigned field, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    char *to = buffer_reserve(buffer, TAG_MAX + VARINT_MAX + size);
    if (!to)
        return;
    char *content = varint_put(tag_put(to, field, WIRE_LENGTH), size);
    protobuf_c_message_pack(message, (uint8_t *)content);
    buffer->n += (size_t)(content + size - to);
}

// KeyValue{1: key, 2: AnyValue} up to the AnyValue's content, which has `size` bytes and is the caller's to write.
static char *attribute_begin(struct buffer *buffer, unsigned field, struct str key, size_t size)
{
    size_t pair = 1 + varint_size(key.n) + key.n + 1 + varint_size(size) + size;
    char *to = buffer_reserve(buffer, TAG_MAX + VARINT_MAX + pair);
    if (!to)
        return NULL;
    char *at = varint_put(tag_put(to, field, WIRE_LENGTH), pair);
    at = varint_put(tag_put(at, 1, WIRE_LENGTH), key.n);
    memcpy(at, key.p, key.n);
    at = varint_put(tag_put(at + key.n, 2, WIRE_LENGTH), size);
    buffer->n += (size_t)(at - to) + size;
    return at;
}

void otlp_wire_attribute_text(struct buffer *buffer, unsigned field, struct str key, struct str text)
{
    char *at = text.n ? attribute_begin(buffer, field, key, 1 + varint_size(text.n) + text.n) : NULL;
    if (at)
        memcpy(varint_put(tag_put(at, 1, WIRE_LENGTH), text.n), text.p, text.n);
}

void otlp_wire_attribute_int(struct buffer *buffer, unsigned field, struct str key, int64_t number)
{
    char *at = attribute_begin(buffer, field, key, 1 + varint_size((uint64_t)number));
    if (at)
        varint_put(tag_put(at, 3, WIRE_VARINT), (uint64_t)number);
}

void otlp_wire_attribute_bool(struct buffer *buffer, unsigned field, struct str key, bool truth)
{
    char *at = attribute_begin(buffer, field, key, 2);
    if (at)
        varint_put(tag_put(at, 2, WIRE_VARINT), truth);
}
