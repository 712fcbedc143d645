// Text of addresses; see address.h. Formats by hand: it runs twice per request, and inet_ntop is slower than all the
// rest.
#include "collector/span/address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// "0." to "255.", each in four bytes, and how many of them count.
struct decimal {
    char text[4];
    uint8_t n;
};

static const struct decimal *decimals(void)
{
    static struct decimal table[256];
    for (unsigned i = 0; table[255].n == 0; i++) {
        unsigned n = 0;
        if (i >= 100)
            table[i].text[n++] = (char)('0' + i / 100);
        if (i >= 10)
            table[i].text[n++] = (char)('0' + i / 10 % 10);
        table[i].text[n++] = (char)('0' + i % 10);
        table[i].text[n++] = '.';
        table[i].n = (uint8_t)n;
    }
    return table;
}

static size_t ipv4_write(char *to, const uint8_t *address)
{
    const struct decimal *decimal = decimals();
    size_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        memcpy(to + n, decimal[address[i]].text, sizeof decimal->text);
        n += decimal[address[i]].n;
    }
    to[n - 1] = 0; // the last point
    return n - 1;
}

void address_format_ip(uint8_t family, const uint8_t *address, uint16_t port, struct span_address *ret_address)
{
    ret_address->port = port;
    ret_address->ipv6 = false;
    ret_address->n = 0;
    ret_address->text[0] = 0;
    if (family == AF_INET6 && memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0) {
        ret_address->n = (uint8_t)ipv4_write(ret_address->text, address + sizeof mapped_prefix);
    } else if (family == AF_INET6) {
        ret_address->ipv6 = true;
        if (inet_ntop(AF_INET6, address, ret_address->text, sizeof ret_address->text))
            ret_address->n = (uint8_t)strlen(ret_address->text);
    } else if (family == AF_INET) {
        ret_address->n = (uint8_t)ipv4_write(ret_address->text, address);
    }
}

void address_format_unix(struct str path, struct span_address *ret_address)
{
    bool abstract = path.n > 1 && path.p[0] == 0 && path.p[1] != 0;
    size_t n = abstract ? 1 : 0;
    while (n < path.n && n < ADDRESS_TEXT_MAX - 1 && path.p[n])
        n++;
    memcpy(ret_address->text, path.p ? path.p : "", n);
    if (abstract)
        ret_address->text[0] = '@';
    ret_address->text[n] = 0;
    ret_address->n = (uint8_t)n;
    ret_address->port = 0;
    ret_address->ipv6 = false;
}

// 1 to 65535, else 0.
static uint16_t port_parse(struct str digits)
{
    unsigned value = 0;
    if (digits.n == 0 || digits.n > 5)
        return 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return 0;
        value = value * 10 + (unsigned)(digits.p[i] - '0');
    }
    return value <= UINT16_MAX ? (uint16_t)value : 0;
}

bool address_split_authority(struct str authority, struct str *ret_host, uint16_t *ret_port)
{
    struct str host = authority, port = {"", 0};
    if (authority.n == 0)
        return false;
    const char *at = memrchr(host.p, '@', host.n);
    if (at)
        host = (struct str){at + 1, (size_t)(host.p + host.n - at - 1)};
    const char *end = host.p + host.n;
    const char *bracket = host.n && host.p[0] == '[' ? memchr(host.p, ']', host.n) : NULL;
    const char *behind = bracket ? bracket + 1 : host.n ? memrchr(host.p, ':', host.n) : NULL;
    if (behind && behind < end && *behind == ':')
        port = (struct str){behind + 1, (size_t)(end - behind - 1)};
    if (bracket)
        host = (struct str){host.p + 1, (size_t)(bracket - host.p - 1)};
    else if (behind)
        host.n = (size_t)(behind - host.p);
    if (host.n == 0)
        return false;
    *ret_host = host;
    *ret_port = port_parse(port);
    return true;
}

bool address_is_ip(struct str text)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (text.n == 0 || text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    return strlen(copy) == text.n && (inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1);
}
