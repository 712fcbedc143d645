// Spans and series pushed into a real OpenTelemetry Collector and read back from its file, by value. Runs if
// REDSTART_OTELCOL names a Collector built by tests/peers/otelcol/build, or the end-to-end tests have built one; else
// its cases are skipped. Long, because what comes back is compared field by field.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "collector/core/buffer.h"
#include "collector/core/clock.h"
#include "collector/export/otlp.h"
#include "collector/red/self_metrics.h"
#include "tests/unit/export/otlp_sample.h"

#define START_TIMEOUT_NS (20 * NS_PER_SEC)
#define FILE_MAX         (32 << 20)

struct fixture {
    pid_t collector;
    char folder[64], output[96], url[SELF_SIGNAL_MAX][128], grpc_url[SELF_SIGNAL_MAX][128];
    struct loop *loop;
    struct red *red;
    struct process_table *processes;
    const struct process *process;
    struct self self;
    struct otlp_settings settings;
    struct otlp *otlp;
    struct buffer file;
};

static void own_ignore(void *context)
{
}

static void own_metric(void *context, const struct self_metric *metric)
{
}

static void own_count(void *context, const struct self_label *labels, unsigned n, uint64_t value)
{
    (*(unsigned *)context)++;
}

// Points of our own metrics.
static unsigned own_points(const struct fixture *fixture)
{
    static const struct self_visitor visitor = {own_metric, own_count, own_ignore, true};
    unsigned n = 0;
    self_metrics_walk(&fixture->self, fixture->red, &visitor, &n);
    return n;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void file_read(struct buffer *file, const char *path)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    buffer_reset(file);
    while (fd >= 0 && n > 0) {
        char *to = buffer_reserve(file, 1 << 16);
        assert_non_null(to);
        n = read(fd, to, 1 << 16);
        file->n += n > 0 ? (size_t)n : 0;
    }
    buffer_add_char(file, 0);
}

// config.yaml.in with the ports and the file filled in.
static void config_write(const char *path, uint16_t port, uint16_t grpc_port, const char *output)
{
    struct buffer config;
    char *next;
    buffer_init(&config, 1 << 18);
    file_read(&config, "tests/peers/otelcol/config.yaml.in");
    FILE *to = fopen(path, "we");
    assert_non_null(to);
    for (char *line = config.p; (next = strchr(line, '\n')); line = next + 1) {
        *next = 0;
        char *mark = line[0] == '#' ? NULL : strchr(line, '@');
        if (!mark)
            fprintf(to, "%s\n", line);
        else if (strcmp(mark, "@PORT@") == 0)
            fprintf(to, "%.*s%u\n", (int)(mark - line), line, port);
        else if (strcmp(mark, "@GRPC_PORT@") == 0)
            fprintf(to, "%.*s%u\n", (int)(mark - line), line, grpc_port);
        else
            fprintf(to, "%.*s%s\n", (int)(mark - line), line, output);
    }
    fclose(to);
    buffer_release(&config);
}

static void collector_wait(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    for (uint64_t end = clock_monotonic_ns() + START_TIMEOUT_NS; clock_monotonic_ns() < end; usleep(50000)) {
        cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
            return;
    }
    fail_msg("the Collector does not listen");
}

static void collector_start(struct fixture *fixture, const char *program)
{
    char config[96], option[128];
    uint16_t port = free_port(), grpc_port = free_port();
    strcpy(fixture->folder, "/tmp/redstart-otlp-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(config, sizeof(config), "%s/config.yaml", fixture->folder);
    snprintf(option, sizeof(option), "--config=file:%s", config);
    snprintf(fixture->output, sizeof(fixture->output), "%s/out.json", fixture->folder);
    static const char *const paths[SELF_SIGNAL_MAX][2] = {
        [SELF_SIGNAL_METRICS] = {"v1/metrics", "opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
        [SELF_SIGNAL_TRACES] = {"v1/traces", "opentelemetry.proto.collector.trace.v1.TraceService/Export"},
    };
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++) {
        snprintf(fixture->url[i], sizeof(fixture->url[i]), "http://127.0.0.1:%u/%s", port, paths[i][0]);
        snprintf(fixture->grpc_url[i], sizeof(fixture->grpc_url[i]), "http://127.0.0.1:%u/%s", grpc_port, paths[i][1]);
    }
    config_write(config, port, grpc_port, fixture->output);
    fixture->collector = fork();
    assert_true(fixture->collector >= 0);
    if (fixture->collector == 0) {
        execl(program, program, option, (char *)NULL);
        _exit(127);
    }
    collector_wait(port);
    collector_wait(grpc_port);
}

static bool collector_find(char *ret_path, size_t room)
{
    const char *given = getenv("REDSTART_OTELCOL");
    glob_t built = {0};
    bool found = given || glob("tests/.cache/otelcol-*/otelcol", 0, NULL, &built) == 0;
    if (found)
        snprintf(ret_path, room, "%s", given ? given : built.gl_pathv[0]);
    globfree(&built);
    return found;
}

static int setup(void **state)
{
    char program[256];
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct process_facts facts = {
        .pid = 4242, .start_ns = 1, .listen_port = 8080, .exe = STR("/usr/bin/shopd"), .comm = STR("shopd")};
    *state = fixture;
    buffer_init(&fixture->file, FILE_MAX);
    if (!collector_find(program, sizeof(program)))
        return 0;
    collector_start(fixture, program);
    if (loop_new(&fixture->loop) || red_new(&fixture->red, 5000, 0) ||
        process_table_new(&fixture->processes, NULL, "host", 64) || process_table_update(fixture->processes, &facts))
        return -1;
    fixture->process = process_table_find(fixture->processes, 4242);
    fixture->settings = (struct otlp_settings){
        .destination = {{{{.url = fixture->url[0], .timeout_ns = 10 * NS_PER_SEC},
                          {.url = fixture->url[1], .timeout_ns = 10 * NS_PER_SEC}}}},
        .destinations = 1,
        .metric_interval_ns = 3600 * NS_PER_SEC,
        .batch_delay_ns = 5 * NS_PER_SEC,
        .batch_max = 512,
        .queue_max = 2048,
        .give_up_ns = {300 * NS_PER_SEC, 300 * NS_PER_SEC},
        .resource = {{"deployment.environment.name", "test"}},
    };
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char config[96];
    snprintf(config, sizeof(config), "%s/config.yaml", fixture->folder);
    otlp_free(fixture->otlp);
    red_free(fixture->red);
    process_table_free(fixture->processes);
    loop_free(fixture->loop);
    buffer_release(&fixture->file);
    if (fixture->collector) {
        kill(fixture->collector, SIGTERM);
        waitpid(fixture->collector, NULL, 0);
        unlink(config);
        unlink(fixture->output);
        rmdir(fixture->folder);
    }
    free(fixture);
    return 0;
}

static unsigned occurrences(const struct buffer *file, const char *text)
{
    unsigned n = 0;
    for (const char *at = file->p; (at = strstr(at, text)); at += strlen(text))
        n++;
    return n;
}

// Reads the Collector's file until the text is there so often.
static void file_await(struct fixture *fixture, const char *text, unsigned wanted)
{
    unsigned n = 0;
    for (uint64_t end = clock_monotonic_ns() + 5 * NS_PER_SEC; n < wanted && clock_monotonic_ns() < end;
         usleep(50000)) {
        file_read(&fixture->file, fixture->output);
        n = occurrences(&fixture->file, text);
    }
    assert_int_equal(n, wanted);
}

static void assert_has(const struct fixture *fixture, const char *text)
{
    if (!strstr(fixture->file.p, text))
        fail_msg("not found: %s\nin: %.8000s", text, fixture->file.p);
}

#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define INT(key, value)  "{\"key\":\"" key "\",\"value\":{\"intValue\":\"" value "\"}}"
#define TRACE_ID         "\"traceId\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\""

// The sample's server span as the Collector writes it.
// clang-format off
static const char server_span[] =
    "{" TRACE_ID ",\"spanId\":\"b2b2b2b2b2b2b2b2\",\"flags\":257,\"name\":\"GET\",\"kind\":2,"
    "\"startTimeUnixNano\":\"1764000000123456789\",\"endTimeUnixNano\":\"1764000000334366789\",\"attributes\":["
    TEXT("http.request.method", "GET") ","
    TEXT("url.path", "/hello") ","
    TEXT("url.query", "name=x") ","
    TEXT("url.scheme", "http") ","
    INT("http.response.status_code", "200") ","
    INT("http.request.body.size", "0") ","
    INT("http.response.body.size", "6") ","
    TEXT("network.protocol.version", "1.1") ","
    TEXT("client.address", "127.0.0.1") ","
    INT("client.port", "51234") ","
    TEXT("server.address", "shop.example") ","
    INT("server.port", "8080") ","
    TEXT("network.local.address", "127.0.0.1") ","
    INT("network.local.port", "8080") ","
    TEXT("user_agent.original", "curl/8") ","
    INT("process.pid", "4242")
    "],\"status\":{}}";
// clang-format on

static void use_grpc(struct fixture *fixture)
{
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++) {
        fixture->settings.destination[0].endpoint[i].url = fixture->grpc_url[i];
        fixture->settings.destination[0].endpoint[i].protocol = OTLP_PROTOCOL_GRPC;
    }
}

static void spans_and_points_arrive_by_value(void **state, bool grpc, bool gzip)
{
    struct fixture *fixture = *state;
    if (!fixture->collector)
        skip();
    if (grpc)
        use_grpc(fixture);
    struct span server = sample_server_span(), client = sample_client_span();
    server.process = client.process = fixture->process;
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_METRICS].gzip =
        fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].gzip = gzip;
    fixture->self.spans[SPAN_KIND_SERVER] = 7;
    assert_int_equal(otlp_new(&fixture->otlp, fixture->loop, &fixture->settings,
                              &(const struct otlp_sources){
                                  .red = fixture->red, .processes = fixture->processes, .self = &fixture->self}),
                     0);
    red_record(fixture->red, &server);
    red_record(fixture->red, &client);
    otlp_span(fixture->otlp, &server);
    otlp_span(fixture->otlp, &client);
    otlp_flush(fixture->otlp, 5 * NS_PER_SEC);
    assert_int_equal(fixture->self.exports[0][SELF_SIGNAL_TRACES].sent, 4);
    assert_int_equal(fixture->self.exports[0][SELF_SIGNAL_METRICS].sent, own_points(fixture) + 6);
    file_await(fixture, "\"resourceSpans\"", 1);
    file_await(fixture, "\"resourceMetrics\"", 2);

    char resource[1024];
    snprintf(resource, sizeof(resource),
             "{\"resource\":{\"attributes\":[" TEXT("service.name", "shopd") "," TEXT(
                 "service.instance.id", "%s") "," TEXT("process.executable.name", "shopd"),
             fixture->process->service->instance_id);
    assert_int_equal(occurrences(&fixture->file, resource), 2);
    assert_has(fixture, TEXT("telemetry.sdk.name", "redstart") "," TEXT("telemetry.sdk.version", REDSTART_VERSION));
    assert_has(fixture, TEXT("deployment.environment.name", "test") "]}");
    assert_has(fixture, server_span);
    assert_has(fixture, "\"parentSpanId\":\"b2b2b2b2b2b2b2b2\",\"flags\":257,\"name\":\"in queue\",\"kind\":1,"
                        "\"startTimeUnixNano\":\"1764000000123456789\",\"endTimeUnixNano\":\"1764000000131086789\"");
    assert_has(fixture, "\"parentSpanId\":\"b2b2b2b2b2b2b2b2\",\"flags\":257,\"name\":\"processing\",\"kind\":1,"
                        "\"startTimeUnixNano\":\"1764000000131086789\",\"endTimeUnixNano\":\"1764000000334366789\"");
    assert_has(fixture, "{" TRACE_ID ",\"spanId\":\"c3c3c3c3c3c3c3c3\",\"parentSpanId\":\"d4d4d4d4d4d4d4d4\","
                        "\"flags\":257,\"name\":\"POST\",\"kind\":3,");
    assert_has(fixture, TEXT("url.full", "http://api.example:9000/order") "],\"status\":{\"code\":2}}");
    assert_has(fixture, "\"scope\":{\"name\":\"redstart\",\"version\":\"" REDSTART_VERSION "\"}");
    assert_has(fixture, "\"schemaUrl\":\"https://opentelemetry.io/schemas/1.44.0\"");

    assert_has(
        fixture,
        "{\"name\":\"http.server.request.duration\",\"description\":\"Duration of HTTP server requests.\","
        "\"unit\":\"s\",\"histogram\":{\"dataPoints\":[{\"attributes\":[" TEXT("http.request.method", "GET") "," INT(
            "http.response.status_code",
            "200") "," TEXT("url.scheme", "http") "," INT("server.port",
                                                          "8080") "," TEXT("network.protocol.version",
                                                                           "1.1") "],\"startTimeUnixNano\":\"");
    assert_has(fixture, "\"count\":\"1\",\"sum\":0.21091,\"bucketCounts\":[\"0\",\"0\",\"0\",\"0\",\"0\",\"0\",\"1\","
                        "\"0\",\"0\",\"0\",\"0\",\"0\",\"0\",\"0\",\"0\"],\"explicitBounds\":[0.005,0.01,0.025,0.05,"
                        "0.075,0.1,0.25,0.5,0.75,1,2.5,5,7.5,10],\"min\":0.21091,\"max\":0.21091}],"
                        "\"aggregationTemporality\":2}}");
    assert_has(fixture, "{\"name\":\"redstart.http.server.queue.duration\"");
    assert_has(fixture, "\"sum\":0.00763,");
    assert_has(fixture, TEXT("url.scheme", "http") "," TEXT("server.address", "api.example") "," INT(
                            "server.port", "9000") "," TEXT("network.protocol.version", "1.1") "," TEXT("error.type",
                                                                                                        "404") "]");
    assert_has(fixture, "{\"resource\":{\"attributes\":[" TEXT("service.name", "redstart") ",");
    assert_has(fixture, "{\"name\":\"redstart.spans\",\"description\":\"Spans that were "
                        "built.\",\"unit\":\"{span}\",\"sum\":{\"dataPoints\":[{\"attributes\":[" TEXT(
                            "outcome", "built") "," TEXT("kind", "server") "],\"startTimeUnixNano\":\"");
    assert_has(fixture, "\"asInt\":\"7\"}");
    assert_has(fixture, "],\"aggregationTemporality\":2,\"isMonotonic\":true}}");
    assert_has(fixture, "{\"name\":\"redstart.connections\",\"description\":\"Observed connections that are "
                        "open.\",\"unit\":\"{connection}\",\"gauge\":{\"dataPoints\":[{");
    assert_int_equal(occurrences(&fixture->file, "\"name\":\"http.client.response.body.size\""), 0);
}

static void plain_arrives_by_value(void **state)
{
    spans_and_points_arrive_by_value(state, false, false);
}

static void gzip_arrives_by_value(void **state)
{
    spans_and_points_arrive_by_value(state, false, true);
}

static void grpc_arrives_by_value(void **state)
{
    spans_and_points_arrive_by_value(state, true, false);
}

static void grpc_gzip_arrives_by_value(void **state)
{
    spans_and_points_arrive_by_value(state, true, true);
}

// 2,000 spans and 2,000 series in many requests: as many arrive.
static void many_arrive(void **state)
{
    struct fixture *fixture = *state;
    if (!fixture->collector)
        skip();
    use_grpc(fixture);
    assert_int_equal(otlp_new(&fixture->otlp, fixture->loop, &fixture->settings,
                              &(const struct otlp_sources){
                                  .red = fixture->red, .processes = fixture->processes, .self = &fixture->self}),
                     0);
    for (unsigned i = 0; i < 2000; i++) {
        char route[32];
        struct span span = sample_server_span();
        snprintf(route, sizeof(route), "/r/%u", i);
        span.process = fixture->process;
        span.route = str_from(route);
        red_record(fixture->red, &span);
        otlp_span(fixture->otlp, &span);
    }
    otlp_flush(fixture->otlp, 20 * NS_PER_SEC);
    assert_int_equal(fixture->self.exports[0][SELF_SIGNAL_TRACES].sent, 6000);
    assert_int_equal(fixture->self.exports[0][SELF_SIGNAL_METRICS].sent, own_points(fixture) + 8000);
    assert_int_equal(fixture->self.spans_dropped[SELF_SPANS_DROPPED_QUEUE_FULL], 0);
    file_await(fixture, "\"spanId\":", 6000);
    file_await(fixture, "\"explicitBounds\":", 8000);
    file_await(fixture, "\"name\":\"in queue\"", 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_arrives_by_value, setup, teardown),
        cmocka_unit_test_setup_teardown(gzip_arrives_by_value, setup, teardown),
        cmocka_unit_test_setup_teardown(grpc_arrives_by_value, setup, teardown),
        cmocka_unit_test_setup_teardown(grpc_gzip_arrives_by_value, setup, teardown),
        cmocka_unit_test_setup_teardown(many_arrive, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
