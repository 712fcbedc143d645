// Prometheus' protobuf format: io.prometheus.client.MetricFamily messages, each behind its length (client_model
// metrics.proto). Histograms carry both their explicit buckets and a native histogram; who reads the second ignores the
// first. Called through prometheus_writer.h. A family that takes several pieces of a page comes as several messages of
// the same name, which readers put together.
//
// Written by hand rather than by protobuf-c, as pieces of bytes from the tables: no tree of messages for each scrape.
#include <math.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_writer.h"
#include "collector/red/seed.h"

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

enum { FAMILY_NAME = 1, FAMILY_HELP = 2, FAMILY_TYPE = 3, FAMILY_METRIC = 4, FAMILY_UNIT = 5 };
enum { TYPE_COUNTER = 0, TYPE_GAUGE = 1, TYPE_HISTOGRAM = 4 };
enum { METRIC_LABEL = 1, METRIC_GAUGE = 2, METRIC_COUNTER = 3, METRIC_HISTOGRAM = 7 };
enum { PAIR_NAME = 1, PAIR_VALUE = 2 };      // LabelPair
enum { NUMBER_VALUE = 1 };                   // Gauge, Counter
enum { SPAN_OFFSET = 1, SPAN_LENGTH = 2 };   // BucketSpan
enum { STAMP_SECONDS = 1, STAMP_NANOS = 2 }; // google.protobuf.Timestamp
enum { EXEMPLAR_LABEL = 1, EXEMPLAR_VALUE = 2, EXEMPLAR_TIMESTAMP = 3 };
enum { BUCKET_CUMULATIVE_COUNT = 1, BUCKET_UPPER_BOUND = 2, BUCKET_EXEMPLAR = 3 };
enum {
    HISTOGRAM_SAMPLE_COUNT = 1,
    HISTOGRAM_SAMPLE_SUM = 2,
    HISTOGRAM_BUCKET = 3,
    HISTOGRAM_SCHEMA = 5,
    HISTOGRAM_ZERO_THRESHOLD = 6,
    HISTOGRAM_ZERO_COUNT = 7,
    HISTOGRAM_POSITIVE_SPAN = 12,
    HISTOGRAM_POSITIVE_DELTA = 13,
    HISTOGRAM_START = 15,
};

#define NATIVE_SCHEMA_MAX     8      // the finest that Prometheus knows
#define NATIVE_ZERO_THRESHOLD 1e-128 // counted as 0 up to this

#define PART_MAX 2048 // bytes of a message inside a message: an exemplar, a label pair, the counts of all buckets

static void add_varint(struct buffer *to, uint64_t value)
{
    while (value >= 0x80) {
        buffer_add_char(to, (char)(value | 0x80));
        value >>= 7;
    }
    buffer_add_char(to, (char)value);
}

static size_t varint_size(uint64_t value)
{
    size_t n = 1;
    while (value >>= 7)
        n++;
    return n;
}

static void add_tag(struct buffer *to, unsigned field, enum wire wire)
{
    add_varint(to, field << 3 | wire);
}

static void add_number(struct buffer *to, unsigned field, uint64_t value)
{
    add_tag(to, field, WIRE_VARINT);
    add_varint(to, value);
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static void add_double(struct buffer *to, unsigned field, double value)
{
    uint8_t bytes[8];
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(bits >> 8 * i);
    add_tag(to, field, WIRE_FIXED64);
    buffer_add(to, bytes, sizeof(bytes));
}

static void add_bytes(struct buffer *to, unsigned field, struct str bytes)
{
    add_tag(to, field, WIRE_BYTES);
    add_varint(to, bytes.n);
    buffer_add_str(to, bytes);
}

static void add_pair(struct buffer *to, unsigned field, const char *name, struct str value)
{
    struct str key = str_from(name);
    size_t size = 1 + varint_size(key.n) + key.n + 1 + varint_size(value.n) + value.n;
    add_tag(to, field, WIRE_BYTES);
    add_varint(to, size);
    add_bytes(to, PAIR_NAME, key);
    add_bytes(to, PAIR_VALUE, value);
}

static void add_stamp(struct buffer *to, unsigned field, uint64_t unix_ns)
{
    uint64_t seconds = unix_ns / NS_PER_SEC, nanos = unix_ns % NS_PER_SEC;
    add_tag(to, field, WIRE_BYTES);
    add_varint(to, 2 + varint_size(seconds) + varint_size(nanos));
    add_number(to, STAMP_SECONDS, seconds);
    add_number(to, STAMP_NANOS, nanos);
}

static void protobuf_label(struct prometheus_writer *writer, const char *name, struct str value)
{
    struct buffer clean;
    buffer_init(&clean, PART_MAX);
    buffer_add_clean(&clean, value);
    writer->labels.failed |= clean.failed;
    add_pair(&writer->labels, METRIC_LABEL, name, (struct str){clean.p, clean.n});
    buffer_release(&clean);
}

static void protobuf_family_begin(struct prometheus_writer *writer, bool continued)
{
    buffer_reset(&writer->metrics);
}

// The labels and writer->message, which is the metric's value, as one more metric of the family.
static void add_metric(struct prometheus_writer *writer, unsigned field)
{
    const struct buffer *labels = &writer->labels, *value = &writer->message;
    struct buffer *metrics = &writer->metrics;
    writer->page->failed |= labels->failed || value->failed;
    add_tag(metrics, FAMILY_METRIC, WIRE_BYTES);
    add_varint(metrics, labels->n + 1 + varint_size(value->n) + value->n);
    buffer_add(metrics, labels->p, labels->n);
    add_bytes(metrics, field, (struct str){value->p, value->n});
}

static void protobuf_value(struct prometheus_writer *writer, uint64_t value, uint64_t unit)
{
    buffer_reset(&writer->message);
    add_double(&writer->message, NUMBER_VALUE, (double)value / (double)unit);
    add_metric(writer, writer->family->type == PROMETHEUS_COUNTER ? METRIC_COUNTER : METRIC_GAUGE);
}

static void add_exemplar(struct buffer *to, const struct red_exemplar *exemplar, const struct histogram_bounds *bounds)
{
    struct buffer part, id;
    buffer_init(&part, PART_MAX);
    buffer_init(&id, PART_MAX);
    buffer_add_hex(&id, exemplar->trace_id, sizeof(exemplar->trace_id));
    add_pair(&part, EXEMPLAR_LABEL, "trace_id", (struct str){id.p, id.n});
    buffer_reset(&id);
    buffer_add_hex(&id, exemplar->span_id, sizeof(exemplar->span_id));
    add_pair(&part, EXEMPLAR_LABEL, "span_id", (struct str){id.p, id.n});
    add_double(&part, EXEMPLAR_VALUE, histogram_exported(bounds, exemplar->value));
    add_stamp(&part, EXEMPLAR_TIMESTAMP, exemplar->unix_ns);
    add_bytes(to, BUCKET_EXEMPLAR, (struct str){part.p, part.n});
    buffer_release(&part);
    buffer_release(&id);
}

// Explicit buckets. The one without a bound is left out where it has no exemplar: it equals the count.
static void add_buckets(struct buffer *to, const struct red_series *series, enum red_instrument instrument)
{
    const struct histogram_bounds *bounds = red_instruments[series->kind][instrument].bounds;
    const struct histogram *histogram = &series->histogram[instrument];
    const struct red_exemplar *exemplars = series->exemplar[instrument];
    struct buffer part;
    uint64_t cumulative = 0;
    buffer_init(&part, PART_MAX);
    for (unsigned i = 0; i <= bounds->count; i++) {
        bool exemplified = exemplars && exemplars[i].unix_ns;
        cumulative += histogram->bucket[i];
        if (i == bounds->count && !exemplified)
            break;
        buffer_reset(&part);
        add_number(&part, BUCKET_CUMULATIVE_COUNT, cumulative);
        add_double(&part, BUCKET_UPPER_BOUND,
                   i < bounds->count ? histogram_exported(bounds, bounds->value[i]) : (double)INFINITY);
        if (exemplified)
            add_exemplar(&part, &exemplars[i], bounds);
        add_bytes(to, HISTOGRAM_BUCKET, (struct str){part.p, part.n});
    }
    buffer_release(&part);
}

static void add_native_span(struct buffer *to, int32_t offset, uint32_t length)
{
    add_tag(to, HISTOGRAM_POSITIVE_SPAN, WIRE_BYTES);
    add_varint(to, 2 + varint_size(zigzag(offset)) + varint_size(length));
    add_number(to, SPAN_OFFSET, zigzag(offset));
    add_number(to, SPAN_LENGTH, length);
}

// The same values as a native histogram. Prometheus numbers a bucket by its upper end, OpenTelemetry by its lower one.
// Runs of buckets in use are spans, their counts differences to the bucket in use before.
static void add_native(struct buffer *to, const struct exponential *exponential)
{
    const uint64_t *bucket = exponential->bucket;
    int32_t gap = exponential->offset + 1;
    int64_t before = 0;
    struct buffer deltas;
    buffer_init(&deltas, PART_MAX);
    add_number(to, HISTOGRAM_SCHEMA, zigzag(exponential->scale));
    add_double(to, HISTOGRAM_ZERO_THRESHOLD, NATIVE_ZERO_THRESHOLD);
    add_number(to, HISTOGRAM_ZERO_COUNT, exponential->zero_count);
    for (unsigned i = 0, end; i < exponential->used; i = end) {
        for (end = i; end < exponential->used && bucket[end]; end++) {
            add_varint(&deltas, zigzag((int64_t)bucket[end] - before));
            before = (int64_t)bucket[end];
        }
        if (end > i)
            add_native_span(to, gap, end - i);
        for (gap = end > i ? 0 : gap; end < exponential->used && !bucket[end]; end++)
            gap++;
    }
    to->failed |= deltas.failed;
    if (deltas.n)
        add_bytes(to, HISTOGRAM_POSITIVE_DELTA, (struct str){deltas.p, deltas.n});
    buffer_release(&deltas);
}

static void protobuf_histogram(struct prometheus_writer *writer, const struct red_series *series,
                               enum red_instrument instrument)
{
    const struct histogram_bounds *bounds = red_instruments[series->kind][instrument].bounds;
    const struct histogram *histogram = &series->histogram[instrument];
    struct buffer *to = &writer->message;
    struct exponential exponential;
    if (series->exponential[instrument])
        packed_load(series->exponential[instrument], &exponential);
    else
        seed_exponential(histogram, bounds, &exponential);
    if (exponential.scale > NATIVE_SCHEMA_MAX)
        exponential_downscale(&exponential, (unsigned)(exponential.scale - NATIVE_SCHEMA_MAX));
    buffer_reset(to);
    add_number(to, HISTOGRAM_SAMPLE_COUNT, histogram->count);
    add_double(to, HISTOGRAM_SAMPLE_SUM, histogram_exported(bounds, histogram->sum));
    add_buckets(to, series, instrument);
    add_native(to, &exponential);
    add_stamp(to, HISTOGRAM_START, series->start_unix_ns);
    add_metric(writer, METRIC_HISTOGRAM);
}

static void protobuf_family_end(struct prometheus_writer *writer)
{
    static const uint8_t types[] = {[PROMETHEUS_COUNTER] = TYPE_COUNTER,
                                    [PROMETHEUS_GAUGE] = TYPE_GAUGE,
                                    [PROMETHEUS_INFO] = TYPE_GAUGE,
                                    [PROMETHEUS_HISTOGRAM] = TYPE_HISTOGRAM};
    const struct prometheus_family *family = writer->family;
    struct buffer *head = &writer->message, *metrics = &writer->metrics;
    const char *suffix = family->type == PROMETHEUS_COUNTER ? "_total" : family->type == PROMETHEUS_INFO ? "_info" : "";
    if (!metrics->n)
        return;
    buffer_reset(head);
    add_tag(head, FAMILY_NAME, WIRE_BYTES);
    add_varint(head, strlen(family->name) + strlen(suffix));
    buffer_add_text(head, family->name);
    buffer_add_text(head, suffix);
    add_bytes(head, FAMILY_HELP, str_from(family->help));
    add_number(head, FAMILY_TYPE, types[family->type]);
    if (family->unit)
        add_bytes(head, FAMILY_UNIT, str_from(family->unit));
    writer->page->failed |= head->failed || metrics->failed;
    add_varint(writer->page, head->n + metrics->n);
    buffer_add(writer->page, head->p, head->n);
    buffer_add(writer->page, metrics->p, metrics->n);
    buffer_reset(metrics);
}

static void protobuf_page_end(struct prometheus_writer *writer)
{
}

const struct prometheus_syntax prometheus_syntax_protobuf = {
    protobuf_family_begin, protobuf_family_end, protobuf_label, protobuf_value, protobuf_histogram, protobuf_page_end};
