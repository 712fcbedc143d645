// Spans on standard output: one line each, for people (INTERFACE.md "A span as text") or one JSON object each, for
// programs. Lines are collected in a bounded buffer and written without blocking, so that a reader that stops costs
// spans (counted), never time.
#pragma once

#include <stdint.h>
#include "collector/core/buffer.h"
#include "collector/core/loop.h"
#include "collector/red/self.h"
#include "collector/span/span.h"

enum text_format { TEXT_FORMAT_TEXT, TEXT_FORMAT_JSON };

// The two formats as pure functions (text_format.c, json_format.c): append one line with its newline. A buffer that
// failed holds part of it.
void text_format_span(struct buffer *buffer, const struct span *span);
void json_format_span(struct buffer *buffer, const struct span *span);

struct text_sink;
// fd is made non-blocking if it is not a regular file; written to from the loop. The program ignores SIGPIPE: a reader
// that went away is an error of write(2), counted. 0 or -errno.
int text_sink_new(struct text_sink **ret_sink, struct loop *loop, struct self *self, int fd,
                  enum text_format format) must_check;
// Puts the fd back into the mode it was found in and does not close it. What is still queued is lost: flush first.
void text_sink_free(struct text_sink *sink);
void text_sink_span(void *sink, const struct span *span); // a span_sink_fn
// Writes what is queued, waiting up to timeout_ns for the reader; the rest is dropped and counted.
void text_sink_flush(struct text_sink *sink, uint64_t timeout_ns);
