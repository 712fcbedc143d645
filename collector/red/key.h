// What makes a series: the attribute values of a request that a view of its kind has. Called by red.c for each request
// and view.
#pragma once

#include "collector/red/red.h"

// Some instruments of a kind and the attributes that they have (bits by enum red_attribute). Every instrument is in one
// view, so what is left out of a metric merges its series there, and nowhere else.
struct red_view {
    unsigned instruments, attributes;
};

// Texts are clean, and cut to what a series can hold.
struct red_key {
    enum span_kind kind;
    unsigned instruments;
    const struct service *service;
    enum http_method method;
    bool without_method;
    uint16_t status, server_port;
    struct str server_address, route, path, client_address;
    const char *scheme, *version, *error_type;
    bool overflow;
};

// Where a key's texts are if they had to be changed.
struct red_key_texts {
    char address[RED_ADDRESS_SIZE], route[RED_ROUTE_SIZE], path[RED_PATH_SIZE], client[RED_ADDRESS_SIZE];
};

void red_key_of(const struct span *span, const struct red_view *view, struct red_key_texts *texts,
                struct red_key *ret_key);
// The key of the series for what finds no room.
struct red_key red_key_overflow(const struct span *span, const struct red_view *view);
uint64_t red_key_hash(const struct red_key *key, uint64_t seed);
bool red_key_fits(const struct red_key *key, const struct red_series *series);
// Copies the key's values. False: out of memory.
bool red_key_store(const struct red_key *key, struct red_series *series);
