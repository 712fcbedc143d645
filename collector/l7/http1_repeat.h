// Blocks of header lines that were parsed lately: clients and servers say the same again and again, line by line, and
// comparing bytes costs a fraction of reading them. Called by http1.c in place of http1_headers_parse, with the same
// result for the same bytes, which lie in the input here as there. One thread.
#pragma once

#include "collector/l7/http1.h"

bool http1_repeat_parse(const char **cursor, const char *end, struct http1_headers *ret_headers);
// The same for a response.
bool http1_repeat_response(const char **cursor, const char *end, struct http1_response_headers *ret_headers);
