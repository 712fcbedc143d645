// Header lines of HTTP/1 (RFC 9110 section 5, RFC 9112 sections 5 and 6). Called by http1.c; the input is a stranger's.
// Names are told apart by first letter and by where the colon stands, so that a line of no interest costs one memchr.
#include "collector/l7/http1_headers.h"

struct header_state {
    struct http1_headers *headers;
    bool transfer_coded;  // a Transfer-Encoding was seen: Content-Length does not count (RFC 9112 6.3)
    bool length_conflict; // Content-Length lines that contradict each other or make no sense
    bool forwarded;       // the standard's header was seen; it wins over those with an X
};

static struct str str_trim(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

// Cuts the text up to `separator` (or all of it) off *rest, trimmed.
static struct str str_split(struct str *rest, char separator)
{
    const char *at = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    struct str part = {rest->p, n};
    size_t used = at ? n + 1 : n;
    rest->p += used;
    rest->n -= used;
    return str_trim(part);
}

static inline uint64_t bytes_load(const char *p, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, p, n);
    return word;
}

// Do the first n bytes (at most 8) say the same in any case? Letters, and nothing else in a name, have the bit 0x40:
// only there 0x20 does not count.
static inline bool name_part_is(const char *p, const char *lower, size_t n)
{
    uint64_t want = bytes_load(lower, n), letters = (want & UINT64_C(0x4040404040404040)) >> 1;
    return (bytes_load(p, n) | letters) == want;
}

// Is the line this header? lower: its name in lower case, a constant. By words: it runs for most lines of a head.
static inline __attribute__((always_inline)) bool header_is(struct str line, struct str lower, struct str *ret_value)
{
    size_t at = 0;
    if (line.n <= lower.n || line.p[lower.n] != ':')
        return false;
    for (; at + 8 <= lower.n; at += 8)
        if (!name_part_is(line.p + at, lower.p + at, 8))
            return false;
    if (lower.n >= 8 ? !name_part_is(line.p + lower.n - 8, lower.p + lower.n - 8, 8)
                     : !name_part_is(line.p, lower.p, lower.n))
        return false;
    *ret_value = str_trim((struct str){line.p + lower.n + 1, line.n - lower.n - 1});
    return true;
}

// 1*DIGIT that fits, else HTTP1_LENGTH_UNKNOWN.
static int64_t length_parse(struct str digits)
{
    int64_t value = 0;
    if (digits.n == 0 || digits.n > 18)
        return HTTP1_LENGTH_UNKNOWN;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return HTTP1_LENGTH_UNKNOWN;
        value = value * 10 + (digits.p[i] - '0');
    }
    return value;
}

// Several equal values are one (RFC 9110 8.6), different ones are none.
static void header_content_length(struct header_state *state, struct str value)
{
    do {
        int64_t length = length_parse(str_split(&value, ','));
        int64_t known = state->headers->content_length;
        if (length == HTTP1_LENGTH_UNKNOWN || (known != HTTP1_LENGTH_UNKNOWN && known != length))
            state->length_conflict = true;
        state->headers->content_length = length;
    } while (value.n);
}

static void header_transfer_encoding(struct header_state *state, struct str value)
{
    struct str coding = {"", 0};
    do
        coding = str_split(&value, ',');
    while (value.n);
    state->transfer_coded = true;
    state->headers->chunked = str_equal_nocase(coding, STR("chunked"));
}

static void header_connection(struct http1_headers *headers, struct str value)
{
    do {
        struct str option = str_split(&value, ',');
        if (str_equal_nocase(option, STR("keep-alive")))
            headers->keep_alive = true;
        else if (str_equal_nocase(option, STR("close")))
            headers->close = true;
        else if (str_equal_nocase(option, STR("upgrade")))
            headers->upgrade = true;
    } while (value.n);
}

// Forwarded: for=192.0.2.43;proto=https, for=...  (RFC 7239): the first element is the one nearest to the client.
static void header_forwarded(struct header_state *state, struct str value)
{
    struct http1_headers *headers = state->headers;
    struct str element = str_split(&value, ',');
    while (element.n) {
        struct str pair = str_split(&element, ';');
        struct str name = str_split(&pair, '=');
        if (pair.n >= 2 && pair.p[0] == '"' && pair.p[pair.n - 1] == '"')
            pair = (struct str){pair.p + 1, pair.n - 2};
        if (str_equal_nocase(name, STR("proto")))
            headers->forwarded_proto = pair;
        else if (str_equal_nocase(name, STR("host")))
            headers->forwarded_host = pair;
        else if (str_equal_nocase(name, STR("for")))
            headers->forwarded_for = pair;
    }
    state->forwarded = true;
}

// X-Forwarded-Proto, -Host, -For: a list, the first is the client's.
static void header_forwarded_x(struct http1_headers *headers, struct str line)
{
    struct str value;
    if (!headers->forwarded_proto.p && header_is(line, STR("x-forwarded-proto"), &value))
        headers->forwarded_proto = str_split(&value, ',');
    else if (!headers->forwarded_host.p && header_is(line, STR("x-forwarded-host"), &value))
        headers->forwarded_host = str_split(&value, ',');
    else if (!headers->forwarded_for.p && header_is(line, STR("x-forwarded-for"), &value))
        headers->forwarded_for = str_split(&value, ',');
}

// A header that says nothing when it is there twice.
static void header_once(struct str *kept, struct str value)
{
    *kept = kept->p ? STR("") : value;
}

// X-B3-TraceId, -SpanId, -Sampled, -Flags.
static void header_b3_x(struct http1_b3 *b3, struct str line)
{
    struct str value;
    if (header_is(line, STR("x-b3-traceid"), &value))
        header_once(&b3->trace_id, value);
    else if (header_is(line, STR("x-b3-spanid"), &value))
        header_once(&b3->span_id, value);
    else if (header_is(line, STR("x-b3-sampled"), &value))
        header_once(&b3->sampled, value);
    else if (header_is(line, STR("x-b3-flags"), &value))
        header_once(&b3->flags, value);
}

static void header_line(struct header_state *state, struct str line)
{
    struct http1_headers *headers = state->headers;
    struct str value;
    switch (line.p[0] | 0x20) {
    case 'b':
        if (header_is(line, STR("b3"), &value))
            header_once(&headers->b3.single, value);
        break;
    case 'c':
        if (header_is(line, STR("content-length"), &value))
            header_content_length(state, value);
        else if (header_is(line, STR("connection"), &value))
            header_connection(headers, value);
        break;
    case 'h':
        if (!headers->host.p && header_is(line, STR("host"), &value))
            headers->host = value;
        break;
    case 'u':
        if (!headers->user_agent.p && header_is(line, STR("user-agent"), &value))
            headers->user_agent = value;
        break;
    case 't':
        if (header_is(line, STR("transfer-encoding"), &value))
            header_transfer_encoding(state, value);
        else if (header_is(line, STR("traceparent"), &value)) // two of them are none (Trace Context 3.2)
            header_once(&headers->traceparent, value);
        else if (header_is(line, STR("tracestate"), &value)) // several are one list (3.3.1.2), which is no slice
            header_once(&headers->tracestate, value);
        break;
    case 'f':
        if (!state->forwarded && header_is(line, STR("forwarded"), &value))
            header_forwarded(state, value);
        break;
    case 'x':
        if (line.n > 4 && line.p[4] == '-')
            header_b3_x(&headers->b3, line);
        else
            header_forwarded_x(headers, line);
        break;
    }
}

const struct http1_headers http1_headers_none = {.content_length = HTTP1_LENGTH_UNKNOWN};

bool http1_headers_parse(const char **cursor, const char *end, struct http1_headers *ret_headers)
{
    *ret_headers = http1_headers_none;
    struct header_state state = {.headers = ret_headers};
    struct str line;
    bool complete = false;
    while (!complete && http1_line_next(cursor, end, &line)) {
        if (line.n == 0)
            complete = true;
        else
            header_line(&state, line);
    }
    if (state.transfer_coded || state.length_conflict)
        ret_headers->content_length = HTTP1_LENGTH_UNKNOWN;
    return complete;
}
