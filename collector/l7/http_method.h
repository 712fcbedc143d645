// Methods of HTTP: the ones that redstart knows by itself, and the list that an operator may put in their place. Called
// by the parsers, span/ and exporters.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

enum http_method {
    HTTP_METHOD_OTHER, // "_OTHER"
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_CONNECT,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_TRACE,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_QUERY,
    HTTP_METHOD_MAX // and on: names of the operator's list that are none of the above
};

// tchar of RFC 9110 5.6.2: what a name consists of.
extern const bool http_token_bytes[256];

// "GET" ...; "_OTHER".
const char *http_method_name(enum http_method method);
// By its exact name, whatever the list says: what a method means for bodies does not depend on it.
enum http_method http_method_find(struct str name);

// OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: a comma list of the only methods that are shown by their names,
// case-sensitive. Empty: the default. Set once, before the first request. 0, or -EINVAL for what is no list of at most
// HTTP_METHODS_KNOWN_MAX names; then nothing is changed.
#define HTTP_METHODS_KNOWN_MAX 32
int http_method_know(struct str list) must_check;
// As which method a request with this name, of this method by http_method_find, is shown: HTTP_METHOD_OTHER if it is
// not known.
enum http_method http_method_shown(enum http_method method, struct str name);
