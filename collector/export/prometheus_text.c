// The two text formats: Prometheus 0.0.4 and OpenMetrics 1.0.0, which differ in the lines that introduce a metric, in
// how numbers of "le" look, in exemplars and in the last line. Called through prometheus_writer.h. Label values are
// foreign text and are escaped.
//
// Values are exact: seconds are written from integer nanoseconds, never through a double.
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_writer.h"

static bool is_openmetrics(const struct prometheus_writer *writer)
{
    return writer->format == PROMETHEUS_OPENMETRICS;
}

// What the names of a family's samples have behind the family's.
static const char *suffix_of(const struct prometheus_family *family)
{
    switch (family->type) {
    case PROMETHEUS_COUNTER:
        return "_total";
    case PROMETHEUS_INFO:
        return "_info";
    case PROMETHEUS_GAUGE:
    case PROMETHEUS_HISTOGRAM:
        break;
    }
    return "";
}

static void text_family_begin(struct prometheus_writer *writer, bool continued)
{
    static const char *const types[] = {[PROMETHEUS_COUNTER] = "counter",
                                        [PROMETHEUS_GAUGE] = "gauge",
                                        [PROMETHEUS_INFO] = "info",
                                        [PROMETHEUS_HISTOGRAM] = "histogram"};
    const struct prometheus_family *family = writer->family;
    const char *suffix = suffix_of(family);
    if (continued)
        return;
    if (is_openmetrics(writer)) {
        buffer_add_format(writer->page, "# TYPE %s %s\n", family->name, types[family->type]);
        if (family->unit)
            buffer_add_format(writer->page, "# UNIT %s %s\n", family->name, family->unit);
        buffer_add_format(writer->page, "# HELP %s %s\n", family->name, family->help);
        return;
    }
    // 0.0.4 knows no info, and names a counter as its samples.
    enum prometheus_type type = family->type == PROMETHEUS_INFO ? PROMETHEUS_GAUGE : family->type;
    buffer_add_format(writer->page, "# HELP %s%s %s\n", family->name, suffix, family->help);
    buffer_add_format(writer->page, "# TYPE %s%s %s\n", family->name, suffix, types[type]);
}

static void text_family_end(struct prometheus_writer *writer)
{
}

static void text_label(struct prometheus_writer *writer, const char *name, struct str value)
{
    struct buffer *labels = &writer->labels;
    if (labels->n)
        buffer_add_char(labels, ',');
    buffer_add_text(labels, name);
    buffer_add_str(labels, STR("=\""));
    buffer_add_label(labels, value);
    buffer_add_char(labels, '"');
}

// value / unit, with no digit lost or added. unit: a power of ten.
static void add_exact(struct buffer *page, uint64_t value, uint64_t unit)
{
    buffer_add_u64(page, value / unit);
    uint64_t rest = value % unit;
    if (rest)
        buffer_add_char(page, '.');
    for (uint64_t digit = unit / 10; rest; rest %= digit, digit /= 10)
        buffer_add_char(page, (char)('0' + rest / digit));
}

// OpenMetrics' canonical form of a number, by which readers tell buckets apart: 0.005, 1.0, 1.048576e+06, as Go's
// shortest %g and ".0" behind what would look like an integer.
static void add_canonical(struct buffer *page, uint64_t value, uint64_t unit)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value), exponent = n - 1;
    for (uint64_t power = unit; power > 1; power /= 10)
        exponent--;
    if (!value || (exponent >= -4 && exponent < 6)) {
        add_exact(page, value, unit);
        if (value % unit == 0)
            buffer_add_str(page, STR(".0"));
        return;
    }
    while (n > 1 && digits[n - 1] == '0')
        n--;
    buffer_add_char(page, digits[0]);
    if (n > 1)
        buffer_add_char(page, '.');
    buffer_add(page, digits + 1, (size_t)n - 1);
    buffer_add_format(page, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void add_name(struct prometheus_writer *writer, const char *suffix)
{
    buffer_add_text(writer->page, writer->family->name);
    buffer_add_text(writer->page, suffix);
    if (!writer->labels.n)
        return;
    buffer_add_char(writer->page, '{');
    buffer_add(writer->page, writer->labels.p, writer->labels.n);
}

static void text_value(struct prometheus_writer *writer, uint64_t value, uint64_t unit)
{
    writer->page->failed |= writer->labels.failed;
    add_name(writer, suffix_of(writer->family));
    buffer_add_str(writer->page, writer->labels.n ? STR("} ") : STR(" "));
    add_exact(writer->page, value, unit);
    buffer_add_char(writer->page, '\n');
}

// " # {trace_id="...",span_id="..."} value time": a request in this bucket.
static void add_exemplar(struct buffer *page, const struct red_exemplar *exemplar, uint64_t unit)
{
    buffer_add_str(page, STR(" # {trace_id=\""));
    buffer_add_hex(page, exemplar->trace_id, sizeof(exemplar->trace_id));
    buffer_add_str(page, STR("\",span_id=\""));
    buffer_add_hex(page, exemplar->span_id, sizeof(exemplar->span_id));
    buffer_add_str(page, STR("\"} "));
    add_exact(page, exemplar->value, unit);
    buffer_add_char(page, ' ');
    add_exact(page, exemplar->unix_ns, NS_PER_SEC);
}

// What "le" says for each bucket: the same for all histograms of a family.
static const struct prometheus_limits *limits_of(struct prometheus_writer *writer,
                                                 const struct histogram_bounds *bounds, uint64_t unit)
{
    struct prometheus_limits *limits = &writer->limits;
    if (limits->bounds == bounds)
        return limits;
    struct buffer text = {.p = limits->text, .room = sizeof(limits->text), .max = sizeof(limits->text)};
    limits->bounds = bounds;
    for (unsigned i = 0; i <= bounds->count; i++) {
        if (i == bounds->count)
            buffer_add_str(&text, STR("+Inf"));
        else if (is_openmetrics(writer))
            add_canonical(&text, bounds->value[i], unit);
        else
            add_exact(&text, bounds->value[i], unit);
        buffer_add_str(&text, STR("\"} "));
        limits->end[i] = (uint16_t)text.n;
    }
    return limits;
}

static void text_histogram(struct prometheus_writer *writer, const struct red_series *series,
                           enum red_instrument instrument)
{
    const struct histogram_bounds *bounds = red_instruments[series->kind][instrument].bounds;
    const struct histogram *histogram = &series->histogram[instrument];
    const struct red_exemplar *exemplars = is_openmetrics(writer) ? series->exemplar[instrument] : NULL;
    const uint64_t unit = bounds->scale == 1 ? 1 : NS_PER_SEC;
    struct buffer *page = writer->page;
    const struct prometheus_limits *limits = limits_of(writer, bounds, unit);
    uint64_t cumulative = 0;
    page->failed |= writer->labels.failed;
    size_t head = page->n;
    add_name(writer, "_bucket");
    buffer_add_str(page, STR(",le=\""));
    const size_t head_size = page->n - head; // each line begins like the first
    for (unsigned i = 0; i <= bounds->count; i++) {
        size_t limit = i ? limits->end[i - 1] : 0;
        cumulative += histogram->bucket[i];
        if (i)
            buffer_repeat(page, head, head_size);
        buffer_add(page, limits->text + limit, limits->end[i] - limit);
        buffer_add_u64(page, cumulative);
        if (exemplars && exemplars[i].unix_ns)
            add_exemplar(page, &exemplars[i], unit);
        buffer_add_char(page, '\n');
    }
    add_name(writer, "_sum");
    buffer_add_str(page, STR("} "));
    add_exact(page, histogram->sum, unit);
    buffer_add_char(page, '\n');
    add_name(writer, "_count");
    buffer_add_str(page, STR("} "));
    buffer_add_u64(page, histogram->count);
    buffer_add_char(page, '\n');
}

static void text_page_end(struct prometheus_writer *writer)
{
    if (is_openmetrics(writer))
        buffer_add_str(writer->page, STR("# EOF\n"));
}

const struct prometheus_syntax prometheus_syntax_text = {text_family_begin, text_family_end, text_label,
                                                         text_value,        text_histogram,  text_page_end};
