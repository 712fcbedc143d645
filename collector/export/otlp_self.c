// Our own metrics to OTLP; see otlp_self.h.
#include "collector/export/otlp_self.h"

#include <stdio.h>
#include "collector/export/otlp_wire.h"
#include "collector/meta/host.h"
#include "collector/meta/uuid.h"
#include "collector/red/self_metrics.h"

// Field numbers and values of metrics.proto.
enum { REQUEST_RESOURCES = 1 };
enum { RESOURCE_RESOURCE = 1, RESOURCE_SCOPES = 2, RESOURCE_SCHEMA = 3 };
enum { SCOPE_SCOPE = 1, SCOPE_METRICS = 2, SCOPE_SCHEMA = 3 };
enum { METRIC_NAME = 1, METRIC_DESCRIPTION = 2, METRIC_UNIT = 3, METRIC_GAUGE = 5, METRIC_SUM = 7 };
enum { DATA_POINTS = 1, SUM_TEMPORALITY = 2, SUM_MONOTONIC = 3 };
enum { POINT_START = 2, POINT_TIME = 3, POINT_DOUBLE = 4, POINT_INT = 6, POINT_ATTRIBUTES = 7 };
enum { TEMPORALITY_DELTA = 1, TEMPORALITY_CUMULATIVE = 2 };

struct self_writer {
    struct otlp_self *own;
    struct buffer *body;
    uint64_t now_unix_ns;
    bool delta;
    const struct self_metric *metric;
    size_t metric_opened, data_opened;
    unsigned points;
};

static void metric_begin(void *context, const struct self_metric *metric)
{
    struct self_writer *writer = context;
    writer->metric = metric;
    writer->metric_opened = otlp_wire_open(writer->body, SCOPE_METRICS);
    otlp_wire_text(writer->body, METRIC_NAME, str_from(metric->name));
    otlp_wire_text(writer->body, METRIC_DESCRIPTION, str_from(metric->help));
    otlp_wire_text(writer->body, METRIC_UNIT, str_from(metric->unit));
    writer->data_opened = otlp_wire_open(writer->body, metric->type == SELF_COUNTER ? METRIC_SUM : METRIC_GAUGE);
}

static void metric_end(void *context)
{
    struct self_writer *writer = context;
    if (writer->metric->type == SELF_COUNTER) {
        otlp_wire_uint(writer->body, SUM_TEMPORALITY, writer->delta ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE);
        otlp_wire_uint(writer->body, SUM_MONOTONIC, true);
    }
    otlp_wire_close(writer->body, writer->data_opened);
    otlp_wire_close(writer->body, writer->metric_opened);
}

static uint64_t text_hash(uint64_t hash, const char *text)
{
    do // its NUL as well, so that texts do not run into each other
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return hash;
}

static uint64_t counter_key(const struct self_metric *metric, const struct self_label *labels, unsigned n)
{
    uint64_t key = text_hash(UINT64_C(0xcbf29ce484222325), metric->name);
    for (unsigned i = 0; i < n; i++)
        key = text_hash(key, labels[i].value);
    return key;
}

// The counter of this key, a new one, or one that is no longer there; NULL: all are.
static struct otlp_self_count *counter_find(struct otlp_self *own, uint64_t key)
{
    struct otlp_self_count *unused = NULL;
    for (unsigned i = 0; i < own->counts; i++) {
        if (own->count[i].key == key)
            return &own->count[i];
        if (own->count[i].round + 1 < own->round)
            unused = &own->count[i];
    }
    if (own->counts < OTLP_SELF_COUNTS_MAX)
        unused = &own->count[own->counts++];
    if (unused)
        *unused = (struct otlp_self_count){.key = key, .start_unix_ns = own->previous_unix_ns};
    return unused;
}

// What is sent for a counter that has this value now, and since when it counts.
static uint64_t counter_take(struct self_writer *writer, uint64_t key, uint64_t value, uint64_t *ret_start_unix_ns)
{
    struct otlp_self *own = writer->own;
    struct otlp_self_count *count = counter_find(own, key);
    if (!count) {
        writer->body->failed = true;
        return 0;
    }
    uint64_t last = count->value;
    count->value = value;
    count->round = own->round;
    if (value < last) // a reset: the new start is later than the last time that was reported
        count->start_unix_ns = own->previous_unix_ns + 1;
    *ret_start_unix_ns = writer->delta ? own->previous_unix_ns : count->start_unix_ns;
    return writer->delta && value >= last ? value - last : value;
}

static void metric_value(void *context, const struct self_label *labels, unsigned n, uint64_t value)
{
    struct self_writer *writer = context;
    struct buffer *body = writer->body;
    uint64_t start_unix_ns = 0;
    if (writer->metric->type == SELF_COUNTER)
        value = counter_take(writer, counter_key(writer->metric, labels, n), value, &start_unix_ns);
    size_t opened = otlp_wire_open(body, DATA_POINTS);
    otlp_wire_fixed64(body, POINT_START, start_unix_ns);
    otlp_wire_fixed64(body, POINT_TIME, writer->now_unix_ns);
    if (writer->metric->scale == 1)
        otlp_wire_sfixed64(body, POINT_INT, (int64_t)value);
    else
        otlp_wire_double(body, POINT_DOUBLE, (double)value / (double)writer->metric->scale);
    for (unsigned i = 0; i < n; i++)
        otlp_wire_attribute_text(body, POINT_ATTRIBUTES, str_from(labels[i].name), str_from(labels[i].value));
    otlp_wire_close(body, opened);
    writer->points++;
}

// As of observed services: the same after a restart, another for another pair on the host.
static void instance_choose(struct service *service, const char *instance)
{
    char host_id[HOST_ID_SIZE], name[HOST_ID_SIZE + 256];
    host_id_read(host_id);
    int n = snprintf(name, sizeof(name), "%s\nredstart\n%s", host_id, instance ? instance : "");
    uuid_v5(uuid_namespace_instance, (struct str){name, (size_t)n < sizeof(name) ? (size_t)n : sizeof(name) - 1},
            service->instance_id);
}

void otlp_self_init(struct otlp_self *own, const struct otlp_sources *sources, const struct otlp_origin *origin,
                    uint64_t now_unix_ns)
{
    *own = (struct otlp_self){
        .self = sources->self,
        .red = sources->red,
        .origin = origin,
        .service = {.name = "redstart", .exe_name = "redstart-collector"},
        .previous_unix_ns = now_unix_ns,
    };
    instance_choose(&own->service, sources->instance);
}

unsigned otlp_self_pack(struct otlp_self *own, uint64_t now_unix_ns, struct arena *arena, struct buffer *body)
{
    static const struct self_visitor visitor = {metric_begin, metric_value, metric_end, true};
    struct self_writer writer = {
        .own = own,
        .body = body,
        .now_unix_ns = now_unix_ns > own->previous_unix_ns ? now_unix_ns : own->previous_unix_ns + 2,
        .delta = own->origin->settings->temporality == OTLP_TEMPORALITY_DELTA,
    };
    arena_reset(arena);
    buffer_reset(body);
    own->round++;
    const otlp_resource *resource = otlp_resource_build(arena, own->origin, &own->service);
    if (!resource)
        return 0;
    size_t whole = otlp_wire_open(body, REQUEST_RESOURCES);
    otlp_wire_message(body, RESOURCE_RESOURCE, &resource->base);
    size_t scope = otlp_wire_open(body, RESOURCE_SCOPES);
    otlp_wire_message(body, SCOPE_SCOPE, &otlp_own_scope.base);
    self_metrics_walk(own->self, own->red, &visitor, &writer);
    otlp_wire_text(body, SCOPE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, scope);
    otlp_wire_text(body, RESOURCE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, whole);
    own->previous_unix_ns = writer.now_unix_ns;
    return body->failed ? 0 : writer.points;
}
