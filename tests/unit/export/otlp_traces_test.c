// Spans as OTLP messages: packed, unpacked again, compared by value; batches cut by count and by size.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "collector/export/otlp_traces.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "tests/unit/export/otlp_sample.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest trace_request;
typedef Opentelemetry__Proto__Trace__V1__Span span_message;

static struct otlp_settings settings = {
    .resource = {{"deployment.environment.name", "test"}, {"host.name", "given"}, {"service.name", "ignored"}},
};
static const struct otlp_origin origin = {.settings = &settings, .host_name = "real"};

struct fixture {
    struct otlp_queue *queue;
    struct arena arena;
    struct buffer body;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    buffer_init(&fixture->body, OTLP_REQUEST_MAX);
    *state = fixture;
    return otlp_queue_new(&fixture->queue, 4000, 2 * OTLP_REQUEST_MAX) || arena_init(&fixture->arena, OTLP_ARENA_SIZE);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    otlp_queue_free(fixture->queue);
    arena_release(&fixture->arena);
    buffer_release(&fixture->body);
    free(fixture);
    return 0;
}

static trace_request *pack_and_read(struct fixture *fixture, unsigned max, struct otlp_batch *ret_batch)
{
    *ret_batch = otlp_traces_pack(fixture->queue, max, &origin, &fixture->arena, &fixture->body);
    assert_true(fixture->body.n <= OTLP_REQUEST_MAX);
    trace_request *request = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
        NULL, fixture->body.n, (const uint8_t *)fixture->body.p);
    assert_non_null(request);
    return request;
}

static void request_free(trace_request *request)
{
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
}

static void assert_attributes(otlp_key_value **list, size_t n, const char *expected)
{
    char text[4096];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const otlp_any_value *value = list[i]->value;
        char *to = text + used;
        size_t room = sizeof(text) - used;
        used += (size_t)(value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE
                             ? snprintf(to, room, "%s=\"%s\"\n", list[i]->key, value->string_value)
                         : value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE
                             ? snprintf(to, room, "%s=%lld\n", list[i]->key, (long long)value->int_value)
                             : snprintf(to, room, "%s=%s\n", list[i]->key, value->bool_value ? "true" : "false"));
    }
    assert_string_equal(text, expected);
}

static void assert_id(ProtobufCBinaryData id, uint8_t byte, size_t size)
{
    assert_int_equal(id.len, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(id.data[i], byte);
}

static void a_server_span_has_two_children(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    struct otlp_batch batch;
    assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    trace_request *request = pack_and_read(fixture, 512, &batch);
    assert_int_equal(batch.taken, 1);
    assert_int_equal(batch.spans, 3);
    assert_int_equal(otlp_queue_count(fixture->queue), 0);
    assert_int_equal(request->n_resource_spans, 1);
    assert_string_equal(request->resource_spans[0]->schema_url, "https://opentelemetry.io/schemas/1.44.0");
    assert_attributes(request->resource_spans[0]->resource->attributes,
                      request->resource_spans[0]->resource->n_attributes,
                      "service.name=\"shop\"\nservice.namespace=\"store\"\n"
                      "service.instance.id=\"6ba7b810-9dad-51d1-80b4-00c04fd430c8\"\n"
                      "telemetry.sdk.name=\"redstart\"\n"
                      "telemetry.sdk.version=\"" REDSTART_VERSION "\"\ntelemetry.sdk.language=\"go\"\n"
                      "process.runtime.version=\"go1.22.3\"\n"
                      "process.executable.name=\"shop-daemon\"\nservice.version=\"1.2\"\n"
                      "deployment.environment.name=\"test\"\nhost.name=\"given\"\n");
    assert_int_equal(request->resource_spans[0]->n_scope_spans, 1);
    assert_string_equal(request->resource_spans[0]->scope_spans[0]->scope->name, "redstart");
    assert_string_equal(request->resource_spans[0]->scope_spans[0]->scope->version, REDSTART_VERSION);
    assert_int_equal(request->resource_spans[0]->scope_spans[0]->n_spans, 3);
    span_message **spans = request->resource_spans[0]->scope_spans[0]->spans;

    assert_string_equal(spans[0]->name, "GET");
    assert_int_equal(spans[0]->kind, OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_SERVER);
    assert_id(spans[0]->trace_id, 0xa1, 16);
    assert_id(spans[0]->span_id, 0xb2, 8);
    assert_int_equal(spans[0]->parent_span_id.len, 0);
    assert_int_equal(spans[0]->flags, 0x101);
    assert_int_equal(spans[0]->start_time_unix_nano, SAMPLE_START_NS);
    assert_int_equal(spans[0]->end_time_unix_nano, SAMPLE_START_NS + 210910000);
    assert_null(spans[0]->status);
    assert_attributes(spans[0]->attributes, spans[0]->n_attributes,
                      "http.request.method=\"GET\"\nurl.path=\"/hello\"\nurl.query=\"name=x\"\nurl.scheme=\"http\"\n"
                      "http.response.status_code=200\nhttp.request.body.size=0\nhttp.response.body.size=6\n"
                      "network.protocol.version=\"1.1\"\nclient.address=\"127.0.0.1\"\nclient.port=51234\n"
                      "server.address=\"shop.example\"\nserver.port=8080\nnetwork.local.address=\"127.0.0.1\"\n"
                      "network.local.port=8080\nuser_agent.original=\"curl/8\"\nprocess.pid=4242\n");

    static const char *const names[] = {"in queue", "processing"};
    const uint64_t times[][2] = {{SAMPLE_START_NS, SAMPLE_START_NS + 7630000},
                                 {SAMPLE_START_NS + 7630000, SAMPLE_START_NS + 210910000}};
    for (size_t i = 0; i < 2; i++) {
        const span_message *child = spans[1 + i];
        assert_string_equal(child->name, names[i]);
        assert_int_equal(child->kind, OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_INTERNAL);
        assert_id(child->trace_id, 0xa1, 16);
        assert_id(child->parent_span_id, 0xb2, 8);
        assert_int_equal(child->span_id.len, 8);
        assert_int_equal(child->flags, 0x101);
        assert_int_equal(child->start_time_unix_nano, times[i][0]);
        assert_int_equal(child->end_time_unix_nano, times[i][1]);
        assert_int_equal(child->n_attributes, 0);
    }
    assert_memory_not_equal(spans[1]->span_id.data, spans[2]->span_id.data, 8);
    request_free(request);
}

static void a_client_span_stands_alone(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_client_span();
    struct otlp_batch batch;
    assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    trace_request *request = pack_and_read(fixture, 512, &batch);
    assert_int_equal(batch.spans, 1);
    const span_message *message = request->resource_spans[0]->scope_spans[0]->spans[0];
    assert_string_equal(message->name, "POST");
    assert_int_equal(message->kind, OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT);
    assert_id(message->parent_span_id, 0xd4, 8);
    assert_int_equal(message->flags, 0x101);
    assert_int_equal(message->status->code, OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR);
    assert_attributes(message->attributes, message->n_attributes,
                      "http.request.method=\"POST\"\nurl.path=\"/order\"\nurl.scheme=\"http\"\n"
                      "http.response.status_code=404\nhttp.request.body.size=100\nnetwork.protocol.version=\"1.1\"\n"
                      "client.address=\"10.0.0.1\"\nclient.port=40000\nserver.address=\"api.example\"\n"
                      "server.port=9000\nnetwork.peer.address=\"10.0.0.2\"\nnetwork.peer.port=9000\n"
                      "error.type=\"404\"\nprocess.pid=4242\nurl.full=\"http://api.example:9000/order\"\n");
    request_free(request);
}

static void status_follows_the_conventions(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum span_kind kind;
        uint16_t status;
        const char *error_type;
        bool failed;
    } cases[] = {
        {SPAN_KIND_SERVER, 200, NULL, false},
        {SPAN_KIND_CLIENT, 200, NULL, false},
        {SPAN_KIND_SERVER, 399, NULL, false},
        {SPAN_KIND_CLIENT, 399, NULL, false},
        {SPAN_KIND_SERVER, 400, NULL, false},
        {SPAN_KIND_CLIENT, 400, "400", true},
        {SPAN_KIND_SERVER, 499, "499", false},
        {SPAN_KIND_CLIENT, 499, "499", true},
        {SPAN_KIND_SERVER, 500, "500", true},
        {SPAN_KIND_CLIENT, 500, "500", true},
        {SPAN_KIND_SERVER, 0, "connection_closed", true},
        {SPAN_KIND_CLIENT, 0, "connection_closed", true},
        {SPAN_KIND_SERVER, 0, NULL, true},
        {SPAN_KIND_SERVER, 200, "connection_reset", true},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct span span = sample_server_span();
        struct otlp_batch batch;
        span.kind = cases[i].kind;
        span.status = cases[i].status;
        span.error_type = cases[i].error_type;
        assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
        trace_request *request = pack_and_read(fixture, 1, &batch);
        assert_int_equal(request->resource_spans[0]->scope_spans[0]->spans[0]->status != NULL, cases[i].failed);
        request_free(request);
    }
}

static void a_remote_parent_is_flagged(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    struct otlp_batch batch;
    span.has_parent = true;
    span.trace_state = STR("a=1,b=2");
    span.queue_ns = span.processing_ns = SPAN_TIME_UNKNOWN;
    memset(span.parent_span_id, 0xee, sizeof(span.parent_span_id));
    assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    trace_request *request = pack_and_read(fixture, 1, &batch);
    assert_int_equal(batch.spans, 1);
    assert_int_equal(request->resource_spans[0]->scope_spans[0]->spans[0]->flags, 0x301);
    assert_id(request->resource_spans[0]->scope_spans[0]->spans[0]->parent_span_id, 0xee, 8);
    assert_string_equal(request->resource_spans[0]->scope_spans[0]->spans[0]->trace_state, "a=1,b=2");
    request_free(request);
}

static void foreign_text_becomes_utf8(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        struct str path;
        const char *expected;
    } cases[] = {
        {{"/\xff\xfe", 3}, "/\xef\xbf\xbd\xef\xbf\xbd"},
        {{"/a\0b", 4},
         "/a\xef\xbf\xbd"
         "b"},
        {{"/\xc3\xa4\xe2\x82\xac", 6}, "/\xc3\xa4\xe2\x82\xac"},
        {{"/\xc3", 2}, "/\xef\xbf\xbd"},
        {{"/\"\\\x01", 4}, "/\"\\\x01"},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct span span = sample_server_span();
        struct otlp_batch batch;
        span.path = cases[i].path;
        assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
        trace_request *request = pack_and_read(fixture, 1, &batch);
        const otlp_key_value *path = request->resource_spans[0]->scope_spans[0]->spans[0]->attributes[1];
        assert_string_equal(path->key, "url.path");
        assert_string_equal(path->value->string_value, cases[i].expected);
        request_free(request);
    }
}

// Text that is passed on as it is is told by words: of every length, with every kind of byte at every place.
static void plain_text_is_told_at_every_place(void **state)
{
    static const struct {
        char byte;
        bool plain;
    } cases[] = {{'\0', false}, {'\x01', true}, {'\x7f', true}, {'\x80', false}, {'\xff', false}};
    char text[33];
    assert_true(otlp_text_plain(STR("")));
    for (size_t n = 1; n <= sizeof(text); n++)
        for (size_t at = 0; at < n; at++)
            for (size_t i = 0; i < array_size(cases); i++) {
                memset(text, 'x', n);
                text[at] = cases[i].byte;
                assert_int_equal(otlp_text_plain((struct str){text, n}), cases[i].plain);
            }
}

static void services_get_a_resource_each(void **state)
{
    struct fixture *fixture = *state;
    static struct service other_service = {.name = "other", .instance_id = "x", .exe_name = "o"};
    const struct process other = {.pid = 7, .service = &other_service};
    struct otlp_batch batch;
    for (unsigned i = 0; i < 5; i++) {
        struct span span = sample_client_span();
        span.process = i % 2 ? &other : &sample_process;
        assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    }
    trace_request *request = pack_and_read(fixture, 4, &batch);
    assert_int_equal(batch.taken, 4);
    assert_int_equal(otlp_queue_count(fixture->queue), 1);
    assert_int_equal(request->n_resource_spans, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(request->resource_spans[i]->scope_spans[0]->n_spans, 2);
        assert_string_equal(request->resource_spans[i]->resource->attributes[0]->value->string_value,
                            i ? "other" : "shop");
    }
    request_free(request);
}

static void client_spans_push(struct fixture *fixture, unsigned n, const struct process *process)
{
    for (unsigned i = 0; i < n; i++) {
        struct span span = sample_client_span();
        span.start_unix_ns += i;
        span.process = process;
        assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    }
}

// What is of one service becomes the request where it lies, from the second time on: the same bytes as put together
// anew, also when a batch was longer, shorter or of several services meanwhile.
static void a_batch_in_place_is_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    static struct service other_service = {.name = "other", .instance_id = "x", .exe_name = "o"};
    const struct process other = {.pid = 7, .service = &other_service};
    static const unsigned sizes[] = {100, 100, 1, 500, 100};
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < array_size(sizes); i++) {
            struct fixture fresh = {0};
            buffer_init(&fresh.body, OTLP_REQUEST_MAX);
            fresh.arena = fixture->arena;
            assert_int_equal(otlp_queue_new(&fresh.queue, 4000, OTLP_REQUEST_MAX), 0);
            client_spans_push(fixture, sizes[i], round == 1 ? &other : &sample_process);
            client_spans_push(&fresh, sizes[i], round == 1 ? &other : &sample_process);
            const char *queued = fixture->queue->bytes.p;
            bool in_place = i > 0; // the resource was as long before
            struct otlp_batch batch = otlp_traces_pack(fixture->queue, 512, &origin, &fixture->arena, &fixture->body);
            assert_int_equal(batch.taken, sizes[i]);
            assert_int_equal(fixture->body.p == queued, in_place);
            batch = otlp_traces_pack(fresh.queue, 512, &origin, &fresh.arena, &fresh.body);
            assert_int_equal(batch.spans, sizes[i]);
            assert_int_equal(fixture->body.n, fresh.body.n);
            assert_memory_equal(fixture->body.p, fresh.body.p, fresh.body.n);
            otlp_queue_free(fresh.queue);
            buffer_release(&fresh.body);
            assert_int_equal(otlp_queue_count(fixture->queue), 0);
        }
}

// 4,000 spans, some with long texts: every request stays below the limit and no span is lost on the way.
static void big_queues_are_cut(void **state)
{
    struct fixture *fixture = *state;
    static char path[600];
    unsigned requests = 0, spans = 0, taken = 0;
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    for (unsigned i = 0; i < 4000; i++) {
        struct span span = sample_server_span();
        if (i % 3 == 0)
            span.path = (struct str){path, sizeof(path)};
        assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    }
    struct span span = sample_server_span();
    assert_false(otlp_queue_push(fixture->queue, &span, &fixture->arena));
    while (otlp_queue_count(fixture->queue)) {
        struct otlp_batch batch;
        trace_request *request = pack_and_read(fixture, 4000, &batch);
        assert_int_equal(request->resource_spans[0]->scope_spans[0]->n_spans, batch.spans);
        assert_true(batch.taken > 100);
        requests++;
        spans += batch.spans;
        taken += batch.taken;
        request_free(request);
    }
    assert_int_equal(taken, 4000);
    assert_int_equal(spans, 12000);
    assert_true(requests < 40);
}

// An arena or a body that is far too small: the span is taken alone and nothing is sent, whatever its size.
static void what_cannot_fit_is_lost_alone(void **state)
{
    struct fixture *fixture = *state;
    for (size_t size = 0; size < 5000; size += 7) {
        struct arena tiny;
        struct span span = sample_server_span();
        assert_int_equal(arena_init(&tiny, size + 1), 0);
        assert_true(otlp_queue_push(fixture->queue, &span, &fixture->arena));
        struct otlp_batch batch = otlp_traces_pack(fixture->queue, 512, &origin, &tiny, &fixture->body);
        assert_int_equal(batch.taken, 1);
        assert_true(batch.spans == 0 || batch.spans == 3);
        assert_int_equal(otlp_queue_count(fixture->queue), 0);
        arena_release(&tiny);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_span_has_two_children, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_span_stands_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(status_follows_the_conventions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_remote_parent_is_flagged, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_text_becomes_utf8, setup, teardown),
        cmocka_unit_test(plain_text_is_told_at_every_place),
        cmocka_unit_test_setup_teardown(services_get_a_resource_each, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_in_place_is_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(big_queues_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_fit_is_lost_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
