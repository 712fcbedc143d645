// What is not inlined of otlp_wire.h.
#include "collector/export/otlp_wire.h"

char *otlp_wire_varint_long(char *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (char)(value | 0x80);
    *to++ = (char)value;
    return to;
}

void otlp_wire_undo(struct buffer *buffer, size_t n)
{
    buffer->n = n;
    buffer->failed = false;
}

void otlp_wire_sint32(struct buffer *buffer, unsigned field, int32_t value)
{
    otlp_wire_uint(buffer, field, (uint32_t)value << 1 ^ (uint32_t)(value >> 31));
}

void otlp_wire_double(struct buffer *buffer, unsigned field, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    otlp_wire_sfixed64(buffer, field, bits);
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
        size += otlp_wire_varint_size(values[i]);
    char *to = n ? buffer_reserve(buffer, OTLP_WIRE_TAG + OTLP_WIRE_VARINT + size) : NULL;
    if (!to)
        return;
    char *at = otlp_wire_varint(otlp_wire_tag(to, field, OTLP_WIRE_IS_BYTES), size);
    for (unsigned i = 0; i < n; i++)
        at = otlp_wire_varint(at, values[i]);
    buffer->n += (size_t)(at - to);
}

void otlp_wire_message(struct buffer *buffer, unsigned field, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    char *to = buffer_reserve(buffer, OTLP_WIRE_TAG + OTLP_WIRE_VARINT + size);
    if (!to)
        return;
    char *content = otlp_wire_varint(otlp_wire_tag(to, field, OTLP_WIRE_IS_BYTES), size);
    protobuf_c_message_pack(message, (uint8_t *)content);
    buffer->n += (size_t)(content + size - to);
}
