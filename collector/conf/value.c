// Reading of values; see value.h.
#include "collector/conf/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include "collector/core/clock.h"

int value_number(struct str text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text.n == 0 || text.n > 20)
        return -EINVAL;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -EINVAL;
        uint64_t digit = (uint64_t)(text.p[i] - '0');
        if (digit > max || number > (max - digit) / 10)
            return -EINVAL;
        number = number * 10 + digit;
    }
    if (number < min)
        return -EINVAL;
    *ret_number = number;
    return 0;
}

int value_boolean(const char *text, bool *ret_boolean)
{
    bool truth = strcasecmp(text, "true") == 0;
    if (!truth && strcasecmp(text, "false") != 0)
        return -EINVAL;
    *ret_boolean = truth;
    return 0;
}

int value_boolean_go(const char *text, bool *ret_boolean)
{
    static const char *const words[2][6] = {{"0", "f", "F", "FALSE", "false", "False"},
                                            {"1", "t", "T", "TRUE", "true", "True"}};
    for (unsigned truth = 0; truth < 2; truth++)
        for (unsigned i = 0; i < array_size(words[truth]); i++)
            if (strcmp(text, words[truth][i]) == 0) {
                *ret_boolean = truth;
                return 0;
            }
    return -EINVAL;
}

int value_ratio(const char *text, double *ret_ratio)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return -EINVAL;
    double ratio = strtod(text, &end);
    if (*end || !(ratio >= 0 && ratio <= 1))
        return -EINVAL;
    *ret_ratio = ratio;
    return 0;
}

static const struct duration_unit {
    const char *name;
    uint64_t ns;
} duration_units[] = {{"d", 86400 * NS_PER_SEC},
                      {"h", 3600 * NS_PER_SEC},
                      {"m", 60 * NS_PER_SEC},
                      {"s", NS_PER_SEC},
                      {"ms", NS_PER_MS},
                      {"us", 1000},
                      {"ns", 1}};

static const struct duration_unit *duration_unit_find(struct str name)
{
    for (unsigned i = 0; i < array_size(duration_units); i++)
        if (str_equal(name, str_from(duration_units[i].name)))
            return &duration_units[i];
    return NULL;
}

int value_duration(struct str text, uint64_t *ret_ns)
{
    uint64_t total = 0, number, ns;
    size_t digits, end;
    if (text.n == 0)
        return -EINVAL;
    for (; text.n && !str_equal(text, STR("0")); text = (struct str){text.p + end, text.n - end}) {
        for (digits = 0; digits < text.n && isdigit((unsigned char)text.p[digits]);)
            digits++;
        for (end = digits; end < text.n && isalpha((unsigned char)text.p[end]);)
            end++;
        const struct duration_unit *unit = duration_unit_find((struct str){text.p + digits, end - digits});
        if (!unit || value_number((struct str){text.p, digits}, 0, UINT64_MAX, &number) < 0 ||
            __builtin_mul_overflow(number, unit->ns, &ns) || __builtin_add_overflow(total, ns, &total))
            return -EINVAL;
    }
    *ret_ns = total;
    return 0;
}

void value_duration_write(uint64_t ns, char text[VALUE_DURATION_SIZE])
{
    size_t used = 0;
    snprintf(text, VALUE_DURATION_SIZE, "0s");
    for (unsigned i = 0; i < array_size(duration_units) && ns; i++) {
        const struct duration_unit *unit = &duration_units[i];
        if (ns >= unit->ns)
            used +=
                (size_t)snprintf(text + used, VALUE_DURATION_SIZE - used, "%" PRIu64 "%s", ns / unit->ns, unit->name);
        ns %= unit->ns;
    }
}

// An address that can be listened on: IPv4 bare, IPv6 in brackets.
static int listen_address(struct str text, bool bracketed)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char binary[16];
    if (text.n == 0 || text.n >= sizeof copy)
        return -EINVAL;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    return inet_pton(bracketed ? AF_INET6 : AF_INET, copy, binary) == 1 ? 0 : -EINVAL;
}

int value_listen(const char *text, struct str *ret_address, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    struct str address = {0}, port = str_from(colon ? colon + 1 : text);
    uint64_t number = 0;
    if (value_number(port, 1, 65535, &number) < 0)
        return -EINVAL;
    if (colon) {
        address = (struct str){text, (size_t)(colon - text)};
        bool bracketed = address.n >= 2 && text[0] == '[' && text[address.n - 1] == ']';
        if (bracketed)
            address = (struct str){text + 1, address.n - 2};
        if (!bracketed && str_equal_nocase(address, STR("localhost")))
            address = (struct str){0};
        else if ((address.n > 0 || bracketed) && listen_address(address, bracketed) < 0)
            return -EINVAL;
    }
    *ret_address = address;
    *ret_port = (uint16_t)number;
    return 0;
}

int value_ports(struct str text, struct value_ports *ret_ports)
{
    const char *dash = memchr(text.p, '-', text.n);
    struct str first = {text.p, dash ? (size_t)(dash - text.p) : text.n};
    uint64_t low, high;
    if (value_number(first, 1, 65535, &low) < 0)
        return -EINVAL;
    high = low;
    if (dash && value_number((struct str){dash + 1, text.n - first.n - 1}, low, 65535, &high) < 0)
        return -EINVAL;
    *ret_ports = (struct value_ports){(uint16_t)low, (uint16_t)high};
    return 0;
}

static struct str spaces_trim(struct str text)
{
    while (text.n && isspace((unsigned char)text.p[0]))
        text = (struct str){text.p + 1, text.n - 1};
    while (text.n && isspace((unsigned char)text.p[text.n - 1]))
        text.n--;
    return text;
}

bool value_list_next(struct str *list, struct str *ret_item)
{
    while (list->n > 0) {
        const char *comma = memchr(list->p, ',', list->n);
        size_t n = comma ? (size_t)(comma - list->p) : list->n, used = n + (comma ? 1 : 0);
        struct str item = spaces_trim((struct str){list->p, n});
        *list = (struct str){list->p + used, list->n - used};
        if (item.n) {
            *ret_item = item;
            return true;
        }
    }
    return false;
}

int value_pair(struct str item, struct str *ret_key, struct str *ret_value)
{
    const char *equals = item.n ? memchr(item.p, '=', item.n) : NULL;
    if (!equals)
        return -EINVAL;
    struct str key = spaces_trim((struct str){item.p, (size_t)(equals - item.p)});
    if (key.n == 0)
        return -EINVAL;
    *ret_key = key;
    *ret_value = spaces_trim((struct str){equals + 1, item.n - (size_t)(equals + 1 - item.p)});
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int value_percent_decode(char *text, size_t size, size_t *ret_size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++, n++) {
        text[n] = text[i];
        if (text[i] != '%')
            continue;
        int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
        int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -EINVAL;
        text[n] = (char)(high * 16 + low);
        i += 2;
    }
    *ret_size = n;
    return 0;
}

int value_url(const char *text)
{
    bool local = strncasecmp(text, "unix:///", 8) == 0;
    size_t scheme = local                                   ? 8
                    : strncasecmp(text, "http://", 7) == 0  ? 7
                    : strncasecmp(text, "https://", 8) == 0 ? 8
                                                            : 0;
    if (!scheme || text[scheme] == 0 || (!local && strchr("/:?#", text[scheme])))
        return -EINVAL;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '#')
            return -EINVAL;
    return 0;
}

int value_header(struct str name, struct str value)
{
    if (name.n == 0)
        return -EINVAL;
    for (size_t i = 0; i < name.n; i++)
        if (!isalnum((unsigned char)name.p[i]) && (name.p[i] == 0 || !strchr("!#$%&'*+-.^_`|~", name.p[i])))
            return -EINVAL;
    for (size_t i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
            return -EINVAL;
    return 0;
}
