// Pages read piece by piece: the same bytes whatever room the reader gives, and behind gzip the same again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <zlib.h>
#include "collector/export/prometheus_page.h"
#include "unit/export/spans.h"

#define PAGE_MAX (8 << 20)

struct bench {
    struct red *red;
    struct process_table *processes;
    struct self self;
    struct exposition exposition;
};

static void bench_open(struct bench *bench, unsigned series)
{
    struct process_facts facts = {.pid = 5000000, .start_ns = 1, .exe = STR("/usr/bin/shop"), .comm = STR("shop")};
    *bench = (struct bench){0};
    assert_int_equal(red_new(&bench->red, series, 0), 0);
    assert_int_equal(process_table_new(&bench->processes, NULL, "host-id", 16), 0);
    assert_int_equal(process_table_update(bench->processes, &facts), 0);
    bench->exposition = (struct exposition){
        .red = bench->red, .self = &bench->self, .processes = bench->processes, .host_name = "myhost"};
    for (unsigned i = 0; i < series; i++) {
        struct span span = spans_server();
        span.process = process_table_find(bench->processes, facts.pid);
        span.status = (uint16_t)(100 + i);
        span.duration_ns += i * 1000003;
        red_record(bench->red, &span);
    }
}

static void bench_close(struct bench *bench)
{
    process_table_free(bench->processes);
    red_free(bench->red);
}

// The whole page, read with that room.
static void page_collect(const struct bench *bench, enum prometheus_format format, bool gzip, size_t room,
                         struct buffer *all)
{
    struct prometheus_page *page;
    ssize_t n;
    buffer_init(all, PAGE_MAX);
    assert_int_equal(prometheus_page_new(&page, &bench->exposition, format, gzip), 0);
    do {
        n = prometheus_page_read(page, buffer_reserve(all, room), room);
        assert_true(n >= 0 && (size_t)n <= room);
        all->n += (size_t)n;
    } while (n);
    assert_int_equal(prometheus_page_read(page, buffer_reserve(all, room), room), 0); // the end stays the end
    prometheus_page_free(page);
}

static void inflate_all(const struct buffer *packed, struct buffer *plain)
{
    z_stream stream = {.next_in = (Bytef *)packed->p, .avail_in = (uInt)packed->n};
    buffer_init(plain, PAGE_MAX);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_out = (Bytef *)buffer_reserve(plain, PAGE_MAX);
    stream.avail_out = PAGE_MAX;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    plain->n = stream.total_out;
    inflateEnd(&stream);
}

static void every_format_and_room(void **state)
{
    static const size_t rooms[] = {1, 7, 1000, PROMETHEUS_PIECE_BYTES, 1 << 20};
    struct bench bench;
    bench_open(&bench, 60);
    for (enum prometheus_format format = 0; format < PROMETHEUS_FORMAT_MAX; format++) {
        struct buffer expected;
        buffer_init(&expected, PAGE_MAX);
        prometheus_format(&expected, &bench.exposition, format);
        assert_false(expected.failed);
        assert_true(expected.n > (format == PROMETHEUS_PROTOBUF ? 1 : 2) * PROMETHEUS_PIECE_BYTES);
        for (size_t i = 0; i < array_size(rooms); i++) {
            struct buffer plain, packed, unpacked;
            page_collect(&bench, format, false, rooms[i], &plain);
            assert_int_equal(plain.n, expected.n);
            assert_memory_equal(plain.p, expected.p, expected.n);
            page_collect(&bench, format, true, rooms[i], &packed);
            assert_true(packed.n < expected.n / (format == PROMETHEUS_PROTOBUF ? 2 : 10));
            inflate_all(&packed, &unpacked);
            assert_int_equal(unpacked.n, expected.n);
            assert_memory_equal(unpacked.p, expected.p, expected.n);
            buffer_release(&plain);
            buffer_release(&packed);
            buffer_release(&unpacked);
        }
        buffer_release(&expected);
    }
    bench_close(&bench);
}

static void left_in_the_middle(void **state)
{
    struct bench bench;
    char some[100];
    bench_open(&bench, 60);
    for (unsigned gzip = 0; gzip < 2; gzip++) {
        struct prometheus_page *page;
        assert_int_equal(prometheus_page_new(&page, &bench.exposition, PROMETHEUS_TEXT, gzip), 0);
        assert_true(prometheus_page_read(page, some, sizeof(some)) > 0);
        prometheus_page_free(page); // the sanitizer watches
    }
    prometheus_page_free(NULL);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_and_room),
        cmocka_unit_test(left_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
