// See recent.h. What is compared are the values that a key is made of, before it is: equal ones make the same key.
// Static strings are compared by their pointers; one that is found elsewhere only costs the longer way.
#include "collector/red/recent.h"

static unsigned place_of(const struct span *span)
{
    if (span->likeness)
        return span->likeness % RECENT_MAX;
    return (span->status ^ (unsigned)span->method << 2 ^ span->server.port ^
            (unsigned)((uintptr_t)span->process->service >> 6)) %
           RECENT_MAX;
}

// A route that was cut or cleaned for its series is never the same here.
static bool route_is(struct str route, const char *kept)
{
    return route.n < RED_ROUTE_SIZE && kept[route.n] == 0 && (!route.n || memcmp(route.p, kept, route.n) == 0);
}

// Of one likeness, nothing but service and route can differ.
static bool alike(const struct recent_request *request, const struct span *span)
{
    if (span->likeness)
        return request->likeness == span->likeness;
    return request->status == span->status && request->method == span->method && request->port == span->server.port &&
           request->version == span->version && request->scheme == span->scheme &&
           request->error_type == span->error_type;
}

struct red_series *recent_find(const struct recent *recent, const struct span *span)
{
    const struct recent_request *request = &recent->request[place_of(span)];
    bool same = request->series && request->service == span->process->service && alike(request, span) &&
                route_is(span->route, request->series->route);
    return same ? request->series : NULL;
}

void recent_keep(struct recent *recent, const struct span *span, struct red_series *series)
{
    recent->request[place_of(span)] = (struct recent_request){
        .series = series,
        .likeness = span->likeness,
        .service = span->process->service,
        .scheme = span->scheme,
        .error_type = span->error_type,
        .method = span->method,
        .version = span->version,
        .status = span->status,
        .port = span->server.port,
    };
}
