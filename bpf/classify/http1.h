// Is it an HTTP/1 request, is it a response (RFC 9112 sections 3 and 4)? First bytes only; the real parser is the collector's.
// Compiles in user space too (tests/unit/bpf). The caller guarantees CLASSIFY_ROOM readable bytes behind p, whatever n says.
// XREF(new-protocol): one classifier per protocol, below 80 lines.
#pragma once

#define CLASSIFY_ROOM 32
#define METHOD_SCAN_MAX 24

enum http1_class {
    HTTP1_NO,
    HTTP1_MORE,    // could become one
    HTTP1_REQUEST,
    HTTP1_CONNECT, // a request, too: a 2xx answer makes the connection a tunnel
};

// `text` little-endian in the low bytes of a word: 'G' is the lowest.
#define HTTP1_WORD(a, b, c, d, e, f, g, h)                                                                             \
    ((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 |       \
     (__u64)(g) << 48 | (__u64)(h) << 56)
#define HTTP1_MASK(bytes) ((bytes) == 8 ? ~0ULL : (1ULL << (8 * (bytes))) - 1)

// Characters of a method (RFC 9110 5.6.2 token) that real ones are made of.
static inline bool http1_method_char(__u8 c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// A method that we do not know: token, one space, and a target in origin-, asterisk- or absolute-form.
static inline enum http1_class http1_unknown_method(const __u8 *p, __u32 n)
{
    for (__u32 i = 0; i < METHOD_SCAN_MAX; i++) {
        if (i >= n)
            return HTTP1_MORE;
        if (p[i] == ' ' && i > 0) {
            if (i + 1 >= n)
                return HTTP1_MORE;
            if (i == 3 && p[0] == 'P' && p[1] == 'R' && p[2] == 'I')
                return HTTP1_NO; // the preface of HTTP/2
            return p[i + 1] == '/' || p[i + 1] == '*' || p[i + 1] == 'h' ? HTTP1_REQUEST : HTTP1_NO;
        }
        if (!http1_method_char(p[i]))
            return HTTP1_NO;
    }
    return HTTP1_NO;
}

static inline enum http1_class http1_request_class(const __u8 *p, __u32 n)
{
    __u64 word = *(const __u64 *)p;
    __u64 four = word & HTTP1_MASK(4), five = word & HTTP1_MASK(5);

    if (n >= 8) {
        if (four == HTTP1_WORD('G', 'E', 'T', ' ', 0, 0, 0, 0) || five == HTTP1_WORD('P', 'O', 'S', 'T', ' ', 0, 0, 0) ||
            four == HTTP1_WORD('P', 'U', 'T', ' ', 0, 0, 0, 0) || five == HTTP1_WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0))
            return HTTP1_REQUEST;
        if (word == HTTP1_WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' '))
            return HTTP1_CONNECT;
        if (word == HTTP1_WORD('O', 'P', 'T', 'I', 'O', 'N', 'S', ' '))
            return HTTP1_REQUEST;
    }
    return http1_unknown_method(p, n);
}

// Status of a status line, HTTP1_MORE (< 100) if it is cut off, HTTP1_NO if it is none.
static inline __u32 http1_response_class(const __u8 *p, __u32 n)
{
    static const char start[] = "HTTP/1.";

    for (__u32 i = 0; i < sizeof start - 1; i++) {
        if (i >= n)
            return HTTP1_MORE;
        if (p[i] != (__u8)start[i])
            return HTTP1_NO;
    }
    if (n < 12)
        return HTTP1_MORE;
    if (p[8] != ' ' || p[9] < '1' || p[9] > '9' || p[10] < '0' || p[10] > '9' || p[11] < '0' || p[11] > '9')
        return HTTP1_NO;
    return (p[9] - '0') * 100u + (p[10] - '0') * 10u + (p[11] - '0');
}
