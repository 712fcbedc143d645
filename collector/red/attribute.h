// The attributes that a series can have, by their names in both expositions, today's and those of early Beyla
// (`--metric-names beyla1`). Order: as they stand on a page.
#pragma once

#include <stdint.h>
#include "collector/conf/attribute_selection.h"
#include "collector/span/span.h"
#include "common/lib/str.h"

// X(id, OTel name, label, early name, early label, a client's early name, early label)
#define RED_ATTRIBUTES(X)                                                                                              \
    X(METHOD, "http.request.method", "http_request_method", "http.method", "http_method", "http.method",               \
      "http_method")                                                                                                   \
    X(STATUS, "http.response.status_code", "http_response_status_code", "http.status_code", "http_status_code",        \
      "http.status_code", "http_status_code")                                                                          \
    X(ROUTE, "http.route", "http_route", "http.route", "http_route", "http.route", "http_route")                       \
    X(PATH, "url.path", "url_path", "http.target", "http_target", "http.target", "http_target")                        \
    X(SCHEME, "url.scheme", "url_scheme", "http.scheme", "http_scheme", "http.scheme", "http_scheme")                  \
    X(CLIENT_ADDRESS, "client.address", "client_address", "net.sock.peer.addr", "net_sock_peer_addr",                  \
      "client.address", "client_address")                                                                              \
    X(SERVER_ADDRESS, "server.address", "server_address", "net.host.name", "net_host_name", "net.sock.peer.name",      \
      "net_sock_peer_name")                                                                                            \
    X(SERVER_PORT, "server.port", "server_port", "net.host.port", "net_host_port", "net.sock.peer.port",               \
      "net_sock_peer_port")                                                                                            \
    X(VERSION, "network.protocol.version", "network_protocol_version", "net.protocol.version", "net_protocol_version", \
      "net.protocol.version", "net_protocol_version")                                                                  \
    X(ERROR_TYPE, "error.type", "error_type", "error.type", "error_type", "error.type", "error_type")

enum red_attribute {
#define X(id, ...) RED_ATTRIBUTE_##id,
    RED_ATTRIBUTES(X)
#undef X
        RED_ATTRIBUTE_MAX
};

struct red_attribute_name {
    const char *name, *label;
};
const struct red_attribute_name *red_attribute_name(enum red_attribute attribute, enum metric_names names,
                                                    enum span_kind kind);

// The attributes (bits by enum red_attribute) that a metric has; names as in red_instruments.
unsigned red_attributes_selected(const struct attribute_selection *selection, enum span_kind kind, const char *name,
                                 const char *prometheus_name);

struct red_series;
// A value: text, or a number where text.p is NULL.
typedef void red_attribute_fn(void *context, const struct red_attribute_name *name, struct str text, int64_t number);
// Calls fn for each attribute that the series has; what is unknown is left out.
void red_attributes_walk(const struct red_series *series, enum metric_names names, red_attribute_fn *fn, void *context);
