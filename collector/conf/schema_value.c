// Questions to the table of schema.c: which keys there are, what a value must be, what it means.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "collector/conf/route_options.h"
#include "collector/conf/schema.h"
#include "collector/conf/value.h"

const struct schema_row *schema_find(struct str path)
{
    for (unsigned i = 0; i < schema_rows; i++)
        if (str_equal(path, str_from(schema[i].path)))
            return &schema[i];
    return NULL;
}

// Is there a row whose path is this one and `then` and more?
static bool continues(struct str path, const char *then)
{
    for (unsigned i = 0; i < schema_rows; i++)
        if (str_starts(str_from(schema[i].path), path) && strncmp(schema[i].path + path.n, then, strlen(then)) == 0)
            return true;
    return false;
}

bool schema_is_section(struct str path)
{
    return path.n == 0 || continues(path, ".");
}

bool schema_is_list(struct str path)
{
    return continues(path, "[].");
}

bool schema_is_any(struct str path)
{
    return path.n && continues(path, ".*.");
}

struct str schema_key_below(const struct schema_row *row, struct str section)
{
    const char *key = row->path + section.n;
    if (!str_starts(str_from(row->path), section) || (section.n && *key++ != '.'))
        return (struct str){"", 0};
    return (struct str){key, strcspn(key, ".[")};
}

static void names_write(const char *const *names, char text[SCHEMA_EXPECTED_SIZE])
{
    size_t used = 0;
    for (unsigned i = 0; names[i] && used < SCHEMA_EXPECTED_SIZE; i++)
        used += (size_t)snprintf(text + used, SCHEMA_EXPECTED_SIZE - used, "%s%s",
                                 i == 0         ? ""
                                 : names[i + 1] ? ", "
                                                : " or ",
                                 names[i]);
}

static void duration_write(const struct schema_row *row, uint64_t bare_unit, char text[SCHEMA_EXPECTED_SIZE])
{
    char low[VALUE_DURATION_SIZE], high[VALUE_DURATION_SIZE];
    value_duration_write(row->min, low);
    value_duration_write(row->max, high);
    if (bare_unit)
        snprintf(text, SCHEMA_EXPECTED_SIZE, "%s from %" PRIu64 " to %" PRIu64,
                 bare_unit == 1000000 ? "milliseconds" : "seconds", row->min / bare_unit, row->max / bare_unit);
    else
        snprintf(text, SCHEMA_EXPECTED_SIZE, "a duration such as 500ms, 60s or 1h30m, from %s to %s", low, high);
}

const char *schema_expected(const struct schema_row *row, uint64_t bare_unit, char text[SCHEMA_EXPECTED_SIZE])
{
    switch (row->type) {
    case SCHEMA_TEXT:
        snprintf(text, SCHEMA_EXPECTED_SIZE, "%" PRIu64 " to %" PRIu64 " bytes in one line", row->min, row->max);
        return text;
    case SCHEMA_BOOLEAN:
        return "true or false";
    case SCHEMA_NUMBER:
        snprintf(text, SCHEMA_EXPECTED_SIZE, "a number from %" PRIu64 " to %" PRIu64, row->min, row->max);
        return text;
    case SCHEMA_RATIO:
        return "a number from 0 to 1";
    case SCHEMA_DURATION:
        duration_write(row, bare_unit, text);
        return text;
    case SCHEMA_CHOICE:
        names_write(row->names, text);
        return text;
    case SCHEMA_LISTEN:
        return "PORT (localhost), :PORT (all addresses), ADDR:PORT or [V6]:PORT, with a port from 1 to 65535";
    case SCHEMA_PATH:
        return "a path that starts with /";
    case SCHEMA_PORTS:
        return "a port from 1 to 65535, or a range such as 9000-9010";
    case SCHEMA_ROUTE:
        return "a path such as /users/{id} or /static/*";
    case SCHEMA_TEXTS:
        return "a map of keys and texts";
    }
    return "";
}

static bool text_in_line(struct str text, uint64_t min, uint64_t max)
{
    for (size_t i = 0; i < text.n; i++)
        if (iscntrl((unsigned char)text.p[i]))
            return false;
    return text.n >= min && text.n <= max;
}

static int choice_parse(const struct schema_row *row, struct str text, uint64_t *ret_index)
{
    for (unsigned i = 0; row->names[i]; i++)
        if (str_equal_nocase(text, str_from(row->names[i]))) {
            *ret_index = i;
            return 0;
        }
    return -EINVAL;
}

static int duration_parse(const struct schema_row *row, struct str text, uint64_t bare_unit, uint64_t *ret_ns)
{
    uint64_t ns;
    if (bare_unit && value_number(text, 0, UINT64_MAX / bare_unit, &ns) == 0)
        ns *= bare_unit;
    else if (value_duration(text, &ns) < 0)
        return -EINVAL;
    if (ns < row->min || ns > row->max)
        return -EINVAL;
    *ret_ns = ns;
    return 0;
}

int schema_parse_list(const struct schema_row *row, struct str text, uint64_t bare_unit, struct schema_value *ret_value)
{
    struct str rest = text, item;
    struct schema_value value = {0};
    if (!row->many)
        return schema_parse(row, text, bare_unit, ret_value);
    unsigned items = 0;
    for (; value_list_next(&rest, &item); items++)
        if (schema_parse(row, item, bare_unit, &value) < 0)
            return -EINVAL;
    *ret_value = (struct schema_value){.text = text};
    return items ? 0 : -EINVAL;
}

int schema_parse(const struct schema_row *row, struct str text, uint64_t bare_unit, struct schema_value *ret_value)
{
    char copy[256];
    bool truth = false;
    struct str address;
    uint16_t port;
    struct value_ports ports;
    struct schema_value value = {.text = text};
    int r = text_in_line(text, 0, sizeof copy - 1) || row->type == SCHEMA_TEXT ? 0 : -EINVAL;
    if (r < 0)
        return r;
    snprintf(copy, sizeof copy, STR_FMT, STR_ARG(text));
    switch (row->type) {
    case SCHEMA_TEXT:
        r = text_in_line(text, row->min, row->max) ? 0 : -EINVAL;
        break;
    case SCHEMA_BOOLEAN:
        r = value_boolean(copy, &truth);
        value.number = truth;
        break;
    case SCHEMA_NUMBER:
        r = value_number(text, row->min, row->max, &value.number);
        break;
    case SCHEMA_RATIO:
        r = value_ratio(copy, &value.ratio);
        break;
    case SCHEMA_DURATION:
        r = duration_parse(row, text, bare_unit, &value.number);
        break;
    case SCHEMA_CHOICE:
        r = choice_parse(row, text, &value.number);
        break;
    case SCHEMA_LISTEN:
        r = value_listen(copy, &address, &port);
        break;
    case SCHEMA_PATH:
        r = copy[0] == '/' ? 0 : -EINVAL;
        break;
    case SCHEMA_PORTS:
        r = value_ports(text, &ports);
        break;
    case SCHEMA_ROUTE:
        r = route_options_problem(copy) ? -EINVAL : 0;
        break;
    case SCHEMA_TEXTS:
        r = -EINVAL; // is no single value
        break;
    }
    if (r == 0)
        *ret_value = value;
    return r;
}
