// See attribute.h.
#include "collector/red/attribute.h"

#include "collector/red/red.h"

const struct red_attribute_name *red_attribute_name(enum red_attribute attribute, enum metric_names names,
                                                    enum span_kind kind)
{
    static const struct red_attribute_name today[RED_ATTRIBUTE_MAX] = {
#define X(id, name, label, ...) [RED_ATTRIBUTE_##id] = {name, label},
        RED_ATTRIBUTES(X)
#undef X
    };
    static const struct red_attribute_name early[SPAN_KIND_MAX][RED_ATTRIBUTE_MAX] = {
        [SPAN_KIND_SERVER] =
            {
#define X(id, name, label, early, early_label, ...) [RED_ATTRIBUTE_##id] = {early, early_label},
                RED_ATTRIBUTES(X)
#undef X
            },
        [SPAN_KIND_CLIENT] =
            {
#define X(id, name, label, early, early_label, client, client_label) [RED_ATTRIBUTE_##id] = {client, client_label},
                RED_ATTRIBUTES(X)
#undef X
            },
    };
    return names == METRIC_NAMES_BEYLA1 ? &early[kind][attribute] : &today[attribute];
}

// INTERFACE.md: what metrics have without rules. A server's own address and a client's come from outside: only if asked
// for.
static bool by_default(enum red_attribute attribute, enum span_kind kind)
{
    switch (attribute) {
    case RED_ATTRIBUTE_PATH:
    case RED_ATTRIBUTE_CLIENT_ADDRESS:
        return false;
    case RED_ATTRIBUTE_SERVER_ADDRESS:
        return kind == SPAN_KIND_CLIENT;
    default:
        return true;
    }
}

unsigned red_attributes_selected(const struct attribute_selection *selection, enum span_kind kind, const char *name,
                                 const char *prometheus_name)
{
    unsigned selected = 0;
    for (unsigned i = 0; i < RED_ATTRIBUTE_MAX; i++) {
        const char *attribute = red_attribute_name(i, METRIC_NAMES_OTEL, kind)->name;
        bool has = by_default(i, kind);
        if (selection)
            has = attribute_selected(selection, name, prometheus_name, attribute, has);
        if (has && !(i == RED_ATTRIBUTE_CLIENT_ADDRESS && kind == SPAN_KIND_CLIENT)) // that is its own address
            selected |= 1u << i;
    }
    return selected;
}

struct walk {
    const struct red_series *series;
    enum metric_names names;
    red_attribute_fn *fn;
    void *context;
};

static void walk_text(const struct walk *walk, enum red_attribute attribute, struct str text)
{
    if (text.n)
        walk->fn(walk->context, red_attribute_name(attribute, walk->names, walk->series->kind), text, 0);
}

static void walk_number(const struct walk *walk, enum red_attribute attribute, unsigned number)
{
    if (number)
        walk->fn(walk->context, red_attribute_name(attribute, walk->names, walk->series->kind), (struct str){NULL, 0},
                 number);
}

void red_attributes_walk(const struct red_series *series, enum metric_names names, red_attribute_fn *fn, void *context)
{
    const struct walk walk = {series, names, fn, context};
    if (!series->without_method)
        walk_text(&walk, RED_ATTRIBUTE_METHOD, str_from(http_method_name(series->method)));
    walk_number(&walk, RED_ATTRIBUTE_STATUS, series->status);
    walk_text(&walk, RED_ATTRIBUTE_ROUTE, str_from(series->route));
    walk_text(&walk, RED_ATTRIBUTE_PATH, str_from(series->path));
    walk_text(&walk, RED_ATTRIBUTE_SCHEME, str_from(series->scheme));
    walk_text(&walk, RED_ATTRIBUTE_CLIENT_ADDRESS, str_from(series->client_address));
    walk_text(&walk, RED_ATTRIBUTE_SERVER_ADDRESS, str_from(series->server_address));
    walk_number(&walk, RED_ATTRIBUTE_SERVER_PORT, series->server_port);
    walk_text(&walk, RED_ATTRIBUTE_VERSION, str_from(series->version));
    walk_text(&walk, RED_ATTRIBUTE_ERROR_TYPE, str_from(series->error_type));
}
