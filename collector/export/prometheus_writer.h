// One page of metrics on its way into a buffer, whatever its format: prometheus_metrics.c and prometheus_self.c say
// what is on it, prometheus_text.c and prometheus_protobuf.c how it looks. Calls come in this order: a family's begin;
// for each of its samples labels and then one value or histogram; its end. At the end of the page prometheus_page_end.
#pragma once

#include "collector/core/buffer.h"
#include "collector/red/red.h"

enum prometheus_format {
    PROMETHEUS_TEXT,        // Prometheus text 0.0.4 (and 1.0.0, which differs in names that we do not use)
    PROMETHEUS_OPENMETRICS, // OpenMetrics text 1.0.0 (and 0.0.1)
    PROMETHEUS_PROTOBUF,    // delimited io.prometheus.client.MetricFamily
    PROMETHEUS_FORMAT_MAX
};

enum prometheus_type { PROMETHEUS_COUNTER, PROMETHEUS_GAUGE, PROMETHEUS_INFO, PROMETHEUS_HISTOGRAM };

struct prometheus_family {
    const char *name; // without the "_total" or "_info" of its samples
    enum prometheus_type type;
    const char *unit; // "seconds", "bytes"; NULL: none
    const char *help; // one line, without quotes and backslashes
};

struct prometheus_writer;
struct prometheus_syntax {
    void (*family_begin)(struct prometheus_writer *writer, bool continued);
    void (*family_end)(struct prometheus_writer *writer);
    void (*label)(struct prometheus_writer *writer, const char *name, struct str value);
    void (*value)(struct prometheus_writer *writer, uint64_t value, uint64_t unit);
    void (*histogram)(struct prometheus_writer *writer, const struct red_series *series,
                      enum red_instrument instrument);
    void (*page_end)(struct prometheus_writer *writer);
};
extern const struct prometheus_syntax prometheus_syntax_text, prometheus_syntax_protobuf;

// The bounds of a histogram as text, one behind the other.
#define PROMETHEUS_LIMITS_SIZE (HISTOGRAM_BUCKETS_MAX * 32)
struct prometheus_limits {
    const struct histogram_bounds *bounds; // NULL: none yet
    uint16_t end[HISTOGRAM_BUCKETS_MAX];
    char text[PROMETHEUS_LIMITS_SIZE];
};

struct prometheus_writer {
    enum prometheus_format format;
    const struct prometheus_syntax *syntax;
    struct buffer *page;
    const struct prometheus_family *family;
    struct buffer labels;            // of the next sample, as the format wants them
    struct buffer metrics, message;  // protobuf: the family's samples so far, a part of one
    struct prometheus_limits limits; // text
};

void prometheus_writer_init(struct prometheus_writer *writer, enum prometheus_format format, struct buffer *page);
void prometheus_writer_release(struct prometheus_writer *writer);
// Bytes that the page has or will have from what was written.
static inline size_t prometheus_writer_size(const struct prometheus_writer *writer)
{
    return writer->page->n + writer->metrics.n;
}

// continued: an earlier piece of this page began it. The family must live until its end.
static inline void prometheus_family_begin(struct prometheus_writer *writer, const struct prometheus_family *family,
                                           bool continued)
{
    writer->family = family;
    writer->syntax->family_begin(writer, continued);
}

static inline void prometheus_family_end(struct prometheus_writer *writer)
{
    writer->syntax->family_end(writer);
}

// A label of the next sample; what is unknown (empty) is left out. value: foreign text is fine.
static inline void prometheus_label(struct prometheus_writer *writer, const char *name, struct str value)
{
    if (value.n)
        writer->syntax->label(writer, name, value);
}

// One sample of value / unit: unit 1, or what makes the value's unit the family's (NS_PER_SEC for nanoseconds). Takes
// the labels.
static inline void prometheus_value(struct prometheus_writer *writer, uint64_t value, uint64_t unit)
{
    writer->syntax->value(writer, value, unit);
    buffer_reset(&writer->labels);
}

static inline void prometheus_histogram(struct prometheus_writer *writer, const struct red_series *series,
                                        enum red_instrument instrument)
{
    writer->syntax->histogram(writer, series, instrument);
    buffer_reset(&writer->labels);
}

static inline void prometheus_page_end(struct prometheus_writer *writer)
{
    writer->syntax->page_end(writer);
}
