// What a reader of /metrics wants: content negotiation (RFC 9110 12.5.1, Prometheus' content_negotiation.md). Pure
// functions over header values that a stranger sent; called by prometheus.c.
#pragma once

#include <stdbool.h>
#include "collector/export/prometheus_writer.h"
#include "common/lib/str.h"

#define PROMETHEUS_CONTENT_TYPE_MAX 160

struct prometheus_choice {
    enum prometheus_format format;
    char content_type[PROMETHEUS_CONTENT_TYPE_MAX];
};

// accept: the value of Accept, empty if there is none. What is not acceptable by any format of ours, malformed or empty
// gets text 0.0.4.
void prometheus_accept(struct str accept, struct prometheus_choice *ret_choice);
// accept_encoding: the value of Accept-Encoding. Is gzip welcome, and no less than the page as it is?
bool prometheus_accept_gzip(struct str accept_encoding);
