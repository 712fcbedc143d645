// Spans of one likeness: the bytes that are kept and changed in places are those that are written afresh, whatever a
// span of the likeness may differ in; on made-up spans and on all recordings of tests/replay.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/conn/conn.h"
#include "collector/export/otlp_message.h"
#include "collector/export/otlp_span.h"
#include "collector/span/selection.h"
#include "opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "tests/unit/export/otlp_sample.h"
#include "tests/unit/recordings.h"

#define TIMES 20

typedef Opentelemetry__Proto__Trace__V1__ScopeSpans scope_message;

static struct otlp_span_memory *memory, *none;
static struct arena arena;
static struct buffer bodies[2];

// Random ids of children, told apart and then the same in all.
static void children_mask(scope_message *scope)
{
    for (size_t i = 1; i < scope->n_spans; i++) {
        assert_int_equal(scope->spans[i]->span_id.len, 8);
        assert_memory_not_equal(scope->spans[i]->span_id.data, scope->spans[i - 1]->span_id.data, 8);
    }
    for (size_t i = 1; i < scope->n_spans; i++)
        memset(scope->spans[i]->span_id.data, 0xff, 8);
}

static size_t masked(const struct buffer *body, uint8_t *ret_bytes)
{
    scope_message *scope =
        opentelemetry__proto__trace__v1__scope_spans__unpack(NULL, body->n, (const uint8_t *)body->p);
    assert_non_null(scope);
    children_mask(scope);
    size_t n = opentelemetry__proto__trace__v1__scope_spans__pack(scope, ret_bytes);
    opentelemetry__proto__trace__v1__scope_spans__free_unpacked(scope, NULL);
    return n;
}

static void span_write(struct otlp_span_memory *of, const struct span *span, struct buffer *body)
{
    buffer_reset(body);
    assert_true(otlp_span_write(of, span, &arena, body));
}

// The span from the memory, and as if it was like no other.
static void assert_same(const struct span *span)
{
    static uint8_t bytes[2][8192];
    struct span alone = *span;
    alone.likeness = 0;
    span_write(memory, span, &bodies[0]);
    span_write(none, &alone, &bodies[1]);
    assert_int_equal(bodies[0].n, bodies[1].n);
    size_t n = masked(&bodies[0], bytes[0]);
    assert_int_equal(masked(&bodies[1], bytes[1]), n);
    assert_memory_equal(bytes[0], bytes[1], n);
}

static void other_times(struct span *span)
{
    span->start_unix_ns += 12345678901;
    span->duration_ns = 7;
    span->queue_ns = 3;
}

static void no_times(struct span *span)
{
    span->start_unix_ns = span->duration_ns = 0;
}

static void other_ids(struct span *span)
{
    memset(span->trace_id, 0x11, sizeof(span->trace_id));
    memset(span->span_id, 0x22, sizeof(span->span_id));
    memset(span->parent_span_id, 0x33, sizeof(span->parent_span_id));
}

static void a_parent(struct span *span)
{
    other_ids(span);
    span->has_parent = !span->has_parent;
}

static void a_state(struct span *span)
{
    span->trace_state = STR("a=1");
}

static void no_queue(struct span *span)
{
    span->queue_ns = span->processing_ns = SPAN_TIME_UNKNOWN;
}

static void port_of_3_bytes(struct span *span)
{
    span->client.port = 65535;
}

static void port_of_2_bytes(struct span *span)
{
    span->client.port = 16383;
}

static void port_of_1_byte(struct span *span)
{
    span->client.port = 127;
}

static void no_port(struct span *span)
{
    span->client.port = 0;
}

static void another_client(struct span *span)
{
    span->client = sample_address("127.0.0.2", 51234);
}

static void a_longer_client(struct span *span)
{
    span->client = sample_address("2001:db8::1:2:3", 51234);
}

static void a_route(struct span *span)
{
    span->route = STR("/{name}");
}

static void another_route(struct span *span)
{
    span->route = STR("/hello?");
}

static void another_process(struct span *span)
{
    static const struct process other = {.pid = 4243, .service = &sample_service};
    span->process = &other;
}

static void a_selection(struct span *span)
{
    static const struct attribute_selection rules = {
        .count = 1, .rule = {{.target = ATTRIBUTE_TRACES, .attribute = "client.port", .exclude = true}}};
    static struct span_selection *selection;
    if (!selection)
        assert_int_equal(span_selection_new(&selection, &rules), 0);
    assert_false(span_selection_has(selection, "client.port"));
    span->selection = selection;
}

static struct span sample_proxied_span(void)
{
    struct span span = sample_server_span();
    span.forwarded_for = STR("192.0.2.9");
    return span;
}

static void nothing(struct span *span)
{
}

static void spans_of_a_likeness_are_the_same_bytes(void **state)
{
    static void (*const changes[])(struct span * span) = {
        nothing,         other_times,     no_times,        other_ids,       a_parent,    a_state,
        no_queue,        port_of_3_bytes, port_of_2_bytes, port_of_1_byte,  no_port,     another_client,
        a_longer_client, a_route,         another_route,   another_process, a_selection,
    };
    static struct span (*const kinds[])(void) = {sample_server_span, sample_client_span, sample_proxied_span};
    uint64_t likeness = 1;
    for (size_t kind = 0; kind < array_size(kinds); kind++)
        for (size_t i = 0; i < array_size(changes); i++)
            for (size_t j = 0; j < array_size(changes); j++, likeness++) {
                struct span span = kinds[kind]();
                span.likeness = likeness;
                assert_same(&span);
                changes[i](&span);
                assert_same(&span);
                assert_same(&span);
                changes[j](&span);
                assert_same(&span);
                assert_same(&span);
            }
}

// Another path under a likeness does not exist; here it shows whose bytes were taken.
static void what_is_kept_is_used(void **state)
{
    struct span span = sample_server_span();
    span.likeness = 1u << 20;
    span_write(memory, &span, &bodies[0]);
    span.path = STR("/other");
    span_write(memory, &span, &bodies[0]);
    assert_null(memmem(bodies[0].p, bodies[0].n, "/other", 6));
    span.likeness += 128; // in its place
    span_write(memory, &span, &bodies[0]);
    assert_non_null(memmem(bodies[0].p, bodies[0].n, "/other", 6));
}

struct player {
    struct process_table *processes;
    struct conn_table *table;
    struct self self;
    unsigned alike;
};

static void span_compare(void *context, const struct span *span)
{
    struct player *player = context;
    player->alike += span->likeness != 0;
    assert_same(span);
}

static void event_take(void *context, const struct recording_event *event)
{
    struct player *player = context;
    if (event->kind == RECORDING_PROCESS)
        assert_int_equal(process_table_update(player->processes, &event->process), 0);
    else if (event->kind == RECORDING_RECORD)
        conn_table_record(player->table, event->record, event->time_ns);
    else if (event->kind == RECORDING_TICK)
        conn_table_tick(player->table, event->time_ns);
}

static void file_play(void *context, const char *path)
{
    struct player player = {0};
    unsigned *alike = context;
    otlp_span_memory_free(memory); // its likenesses are those of another table
    assert_int_equal(otlp_span_memory_new(&memory), 0);
    assert_int_equal(process_table_new(&player.processes, NULL, "h", 64), 0);
    assert_int_equal(conn_table_new(&player.table, 64, player.processes, &player.self, span_compare, &player), 0);
    for (unsigned times = 0; times < TIMES; times++)
        assert_true(recording_play(path, event_take, &player));
    *alike += player.alike;
    conn_table_free(player.table);
    process_table_free(player.processes);
}

static void recordings_are_the_same_bytes(void **state)
{
    unsigned alike = 0;
    assert_true(recordings_each(file_play, &alike) > 5);
    assert_true(alike > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_of_a_likeness_are_the_same_bytes),
        cmocka_unit_test(what_is_kept_is_used),
        cmocka_unit_test(recordings_are_the_same_bytes),
    };
    buffer_init(&bodies[0], 8192);
    buffer_init(&bodies[1], 8192);
    if (otlp_span_memory_new(&memory) || otlp_span_memory_new(&none) || arena_init(&arena, OTLP_ARENA_SIZE))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
