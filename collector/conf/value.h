// Values as people write them: numbers, truth, addresses, lists of key=value. Pure; used by the command and the
// collector. The text comes from whoever starts redstart: trusted in intent, not in form.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

// Decimal digits only, min <= value <= max. 0 or -EINVAL.
int value_number(struct str text, uint64_t min, uint64_t max, uint64_t *ret_number) must_check;
// OpenTelemetry's rule: only "true" is true, "false" false, any case. 0 or -EINVAL.
int value_boolean(const char *text, bool *ret_boolean) must_check;
// Beyla's rule (Go's strconv.ParseBool): 1 t T TRUE true True, 0 f F FALSE false False. 0 or -EINVAL.
int value_boolean_go(const char *text, bool *ret_boolean) must_check;
// A decimal fraction from 0 to 1. 0 or -EINVAL.
int value_ratio(const char *text, double *ret_ratio) must_check;

// Whole numbers with units one behind the other: 1h30m, 60s, 500ms; d h m s ms us ns; 0 needs none. 0 or -EINVAL.
int value_duration(struct str text, uint64_t *ret_ns) must_check;
#define VALUE_DURATION_SIZE 48
// The same form: "1h30m".
void value_duration_write(uint64_t ns, char text[VALUE_DURATION_SIZE]);

// "PORT", ":PORT", "ADDR:PORT", "[V6]:PORT". ret_address: p == NULL for a bare port, n == 0 for ":PORT", else the
// address as written without brackets: an IP address or "localhost" (which is p == NULL as well). 0 or -EINVAL.
int value_listen(const char *text, struct str *ret_address, uint16_t *ret_port) must_check;

// "8080", or "9000-9010" with low <= high: the same twice for one port. 0 or -EINVAL.
struct value_ports {
    uint16_t low, high;
};
int value_ports(struct str text, struct value_ports *ret_ports) must_check;

// Cuts the first item off a comma list, with spaces around it removed; false at the end. Empty items are skipped.
bool value_list_next(struct str *list, struct str *ret_item);
// "key = value" without the spaces; the key is not empty, the value may be and may contain '='. 0 or -EINVAL.
int value_pair(struct str item, struct str *ret_key, struct str *ret_value) must_check;
// In place: %XX becomes its byte. Returns the new length, or -EINVAL (also for %00).
int value_percent_decode(char *text, size_t size, size_t *ret_size) must_check;
// "http://host[:port][/path]", https, or "unix:///path", any case; no spaces or control bytes. 0 or -EINVAL.
int value_url(const char *text) must_check;
// A name of an HTTP header (RFC 9110 token) and a value without control bytes. 0 or -EINVAL.
int value_header(struct str name, struct str value) must_check;
