// The protobuf format, byte by byte for small families (as protoc decodes them from upstream's metrics.proto), and the
// native histograms' numbers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include "collector/export/prometheus_writer.h"
#include "common/lib/cleanup.h"

struct bench {
    struct buffer page;
    struct prometheus_writer writer;
};

static void bench_open(struct bench *bench)
{
    buffer_init(&bench->page, 1 << 20);
    prometheus_writer_init(&bench->writer, PROMETHEUS_PROTOBUF, &bench->page);
}

static void bench_close(struct bench *bench)
{
    prometheus_writer_release(&bench->writer);
    buffer_release(&bench->page);
}

static void assert_page(const struct bench *bench, const char *bytes, size_t n)
{
    assert_false(bench->page.failed);
    assert_int_equal(bench->page.n, n);
    assert_memory_equal(bench->page.p, bytes, n);
}
#define assert_bytes(bench, literal) assert_page(bench, literal, sizeof(literal) - 1)

static void counters_and_gauges(void **state)
{
    static const struct prometheus_family counter = {"a", PROMETHEUS_COUNTER, "seconds", "H."};
    static const struct prometheus_family gauge = {"b", PROMETHEUS_GAUGE, NULL, "G."};
    static const struct prometheus_family empty = {"c", PROMETHEUS_GAUGE, NULL, "no samples: not on the page"};
    struct bench bench;
    bench_open(&bench);
    prometheus_family_begin(&bench.writer, &empty, false);
    prometheus_family_end(&bench.writer);
    prometheus_family_begin(&bench.writer, &counter, false);
    prometheus_label(&bench.writer, "k", STR("v\"\n\x01"));
    prometheus_label(&bench.writer, "unknown", STR(""));
    prometheus_value(&bench.writer, 1500000000, 1000000000);
    prometheus_family_end(&bench.writer);
    prometheus_family_begin(&bench.writer, &gauge, false);
    prometheus_value(&bench.writer, 2, 1);
    prometheus_family_end(&bench.writer);
    prometheus_page_end(&bench.writer);
    // clang-format off
    assert_bytes(&bench, "\x32"
                         "\x0a\x07" "a_total" "\x12\x02H." "\x18\x00" "\x2a\x07seconds"
                         "\x22\x18" "\x0a\x0b" "\x0a\x01k" "\x12\x06v\"\n\xef\xbf\xbd"
                         "\x1a\x09\x09" "\x00\x00\x00\x00\x00\x00\xf8\x3f"
                         "\x16"
                         "\x0a\x01" "b" "\x12\x02G." "\x18\x01"
                         "\x22\x0b" "\x12\x09\x09" "\x00\x00\x00\x00\x00\x00\x00\x40");
    // clang-format on
    bench_close(&bench);
}

static uint64_t varint(const char **at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char c = (unsigned char)*(*at)++;
        value |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return value;
    }
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

// The fields of one histogram as text: numbers as they are, lengths of what is in bytes.
static void histogram_text(struct str message, char *to, size_t room)
{
    const char *at = message.p, *end = at + message.n;
    size_t n = 0;
    to[0] = 0;
    while (at < end) {
        uint64_t tag = varint(&at), field = tag >> 3;
        const char *value = at;
        double number;
        switch (tag & 7) {
        case 0:
            n += (size_t)snprintf(to + n, room - n, "%u=%lld ", (unsigned)field,
                                  field == 5 ? (long long)unzigzag(varint(&at)) : (long long)varint(&at));
            break;
        case 1:
            memcpy(&number, at, sizeof(number));
            at += sizeof(number);
            n += (size_t)snprintf(to + n, room - n, "%u=%g ", (unsigned)field, number);
            break;
        default: {
            size_t size = varint(&value);
            at = value + size;
            if (field == 12) { // a span: offset and length
                value++;
                long long offset = unzigzag(varint(&value));
                value++;
                n += (size_t)snprintf(to + n, room - n, "span(%lld,%u) ", offset, (unsigned)varint(&value));
            }
            while (field == 13 && value < at)
                n += (size_t)snprintf(to + n, room - n, "%+lld ", (long long)unzigzag(varint(&value)));
        }
        }
    }
    assert_ptr_equal(at, end);
}

// Skips the family's head, the metric's tag and length, and the histogram's.
static struct str histogram_of(const struct bench *bench)
{
    const char *at = bench->page.p;
    (void)varint(&at);
    while (*at != 0x22) {
        uint64_t tag = varint(&at);
        uint64_t value = varint(&at);
        at += (tag & 7) == 2 ? value : 0;
    }
    at++;
    (void)varint(&at);
    assert_int_equal((unsigned char)*at, 7 << 3 | 2);
    at++;
    size_t n = varint(&at);
    assert_ptr_equal(at + n, bench->page.p + bench->page.n);
    return (struct str){at, n};
}

static void native_histograms(void **state)
{
    static const struct {
        struct exponential exponential;
        const char *expected;
    } cases[] = {
        // OpenTelemetry's example, buckets one further up
        {{.offset = 3, .used = 6, .scale = 2, .bucket = {10, 0, 0, 20, 5, 2}},
         "5=2 6=1e-128 7=0 span(4,1) span(2,3) +10 +10 -15 -3 "},
        {{.zero_count = 3, .offset = -8, .used = 2, .scale = 0, .bucket = {0, 7}}, "5=0 6=1e-128 7=3 span(-6,1) +7 "},
        {{.zero_count = 9, .scale = 20}, "5=8 6=1e-128 7=9 "},
        // finer than Prometheus knows: pairs of buckets become one
        {{.offset = 0, .used = 4, .scale = 9, .bucket = {1, 2, 3, 4}}, "5=8 6=1e-128 7=0 span(1,2) +3 +4 "},
    };
    static const struct prometheus_family family = {"h", PROMETHEUS_HISTOGRAM, "seconds", "H."};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct bench bench;
        struct packed *packed = NULL;
        assert_true(packed_store(&packed, &cases[i].exponential));
        struct red_series series = {.kind = SPAN_KIND_SERVER, .start_unix_ns = 1, .exponential = {packed}};
        char text[512], *native;
        bench_open(&bench);
        prometheus_family_begin(&bench.writer, &family, false);
        prometheus_histogram(&bench.writer, &series, RED_DURATION);
        prometheus_family_end(&bench.writer);
        histogram_text(histogram_of(&bench), text, sizeof(text));
        native = strstr(text, "5=");
        assert_non_null(native);
        assert_string_equal(native, cases[i].expected);
        bench_close(&bench);
        free(packed);
    }
}

// A series that nobody measured natively so far: the explicit buckets' counts, so that both agree.
static void a_native_histogram_that_begins_late(void **state)
{
    struct bench bench;
    struct red_series series = {.kind = SPAN_KIND_SERVER, .start_unix_ns = 1};
    struct histogram *histogram = &series.histogram[RED_REQUEST_SIZE];
    static const uint64_t values[] = {0, 0, 20, 32, 50, 3000000};
    for (size_t i = 0; i < array_size(values); i++)
        histogram_add(histogram, &histogram_bounds_size, values[i]);
    static const struct prometheus_family family = {"h", PROMETHEUS_HISTOGRAM, "bytes", "H."};
    char text[512];
    bench_open(&bench);
    prometheus_family_begin(&bench.writer, &family, false);
    prometheus_histogram(&bench.writer, &series, RED_REQUEST_SIZE);
    prometheus_family_end(&bench.writer);
    histogram_text(histogram_of(&bench), text, sizeof(text));
    // 2 zeros; 2 at 32 = 2^5, 1 at 64 = 2^6, 1 at 3,000,000; at scale 3 a bucket is an eighth of a doubling
    assert_string_equal(text, "1=6 2=3.0001e+06 5=3 6=1e-128 7=2 span(40,1) span(7,1) span(124,1) +2 -1 +0 ");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges),
        cmocka_unit_test(native_histograms),
        cmocka_unit_test(a_native_histogram_that_begins_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
