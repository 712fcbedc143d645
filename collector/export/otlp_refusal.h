// What the body of an HTTP error says, for logs: a google.rpc.Status where it is protobuf (OTLP 1.11, "Failures"), the
// first line of a plain text, as Prometheus sends it. Called by otlp_request.c. The body is whatever the endpoint sent;
// logs make control bytes harmless.
#pragma once

#include "common/lib/str.h"

#define OTLP_REFUSAL_MAX 200

// content_type: may be NULL. "" if it says nothing.
void otlp_refusal_read(const char *content_type, struct str body, char ret_text[OTLP_REFUSAL_MAX]);
