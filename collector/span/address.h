// Addresses of a record as text, and host[:port] as it stands in a Host header. Called by span/exchange.c.
#pragma once

#include <stdbool.h>
#include "collector/span/span.h"
#include "common/abi/record.h"

// One end of a connection; IPv4-mapped IPv6 becomes IPv4. address: 16 bytes, IPv4 in the first 4. Not for AF_UNIX.
void address_format_ip(uint8_t family, const uint8_t *address, uint16_t port, struct span_address *ret_address);
// A Unix socket's path, possibly NUL-padded; an abstract name (leading NUL) is shown with '@'. Port 0.
void address_format_unix(struct str path, struct span_address *ret_address);

// Splits an authority (RFC 3986 3.2): user information is dropped, an IPv6 literal loses its brackets.
// port 0: none or not a number. False if there is no host in it.
bool address_split_authority(struct str authority, struct str *ret_host, uint16_t *ret_port);
// Is this an IPv4 or IPv6 address, without brackets and port?
bool address_is_ip(struct str text);
