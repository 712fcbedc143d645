// Protobuf written straight into a buffer: no tree, no allocation for each message. Called by the packers of points and
// spans; protobuf-c reads what this writes in their tests. A buffer that is full has `failed` set and the rest is
// ignored: check it at the end, or go back by otlp_wire_undo.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include "collector/core/buffer.h"

// Embedded messages whose length is known only at their end: open, write the fields, close. Their length takes 4 bytes
// (a varint may be longer than it must), so a message has at most 256 MiB.
size_t otlp_wire_open(struct buffer *buffer, unsigned field);
void otlp_wire_close(struct buffer *buffer, size_t opened);
// As if nothing had been written since the buffer held n bytes.
void otlp_wire_undo(struct buffer *buffer, size_t n);

// Scalars, left out when they are 0 as proto3 has it. uint: also of enums, bools and int64 that are not negative.
void otlp_wire_uint(struct buffer *buffer, unsigned field, uint64_t value);
void otlp_wire_sint32(struct buffer *buffer, unsigned field, int32_t value);
void otlp_wire_fixed32(struct buffer *buffer, unsigned field, uint32_t value);
void otlp_wire_fixed64(struct buffer *buffer, unsigned field, uint64_t value);
// With presence: 0 is written as well.
void otlp_wire_double(struct buffer *buffer, unsigned field, double value);
void otlp_wire_sfixed64(struct buffer *buffer, unsigned field, int64_t value);
// Left out when empty. A text must be UTF-8.
void otlp_wire_bytes(struct buffer *buffer, unsigned field, const void *bytes, size_t n);
void otlp_wire_text(struct buffer *buffer, unsigned field, struct str text);
// Packed lists.
void otlp_wire_fixed64_list(struct buffer *buffer, unsigned field, const uint64_t *values, unsigned n);
void otlp_wire_double_list(struct buffer *buffer, unsigned field, const double *values, unsigned n);
void otlp_wire_uint_list(struct buffer *buffer, unsigned field, const uint64_t *values, unsigned n);

// A message that was built as a tree.
void otlp_wire_message(struct buffer *buffer, unsigned field, const ProtobufCMessage *message);

// A KeyValue; an empty text adds nothing.
void otlp_wire_attribute_text(struct buffer *buffer, unsigned field, struct str key, struct str text);
void otlp_wire_attribute_int(struct buffer *buffer, unsigned field, struct str key, int64_t number);
void otlp_wire_attribute_bool(struct buffer *buffer, unsigned field, struct str key, bool truth);
