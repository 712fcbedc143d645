// Is it an HTTP/1 request, is it a response (RFC 9112 sections 3 and 4)? First bytes only; the real parser is the
// collector's. The bytes come as words, so that the verifier looks at each function once, whatever the caller knows
// of them. Compiles in user space too (tests/unit/bpf). XREF(new-protocol): one classifier per protocol, below 80
// lines.
#pragma once

#ifndef SUBPROGRAM // in BPF: a global function, verified on its own
#define SUBPROGRAM static inline
#endif

#define CLASSIFY_ROOM   32
#define METHOD_SCAN_MAX 24

// The first bytes of something: read them as bytes, hand them on as little-endian words.
union first_bytes {
    __u8 byte[CLASSIFY_ROOM];
    __u64 word[CLASSIFY_ROOM / 8];
};

enum http1_class {
    HTTP1_NO,
    HTTP1_MORE, // could become one
    HTTP1_REQUEST,
    HTTP1_CONNECT, // a request, too: a 2xx answer makes the connection a tunnel
};

// `text` in the low bytes of a word: 'G' is the lowest.
#define HTTP1_WORD(a, b, c, d, e, f, g, h)                                                                             \
    ((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | (__u64)(f) << 40 |        \
     (__u64)(g) << 48 | (__u64)(h) << 56)
#define HTTP1_MASK(bytes) ((1ULL << (8 * (bytes))) - 1)

// Characters of a method that real ones are made of (of the token of RFC 9110 5.6.2).
static inline bool http1_method_char(__u8 c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static inline __u8 http1_byte(__u64 low, __u64 middle, __u64 high, __u32 i)
{
    return (i < 8 ? low : i < 16 ? middle : high) >> (8 * (i & 7));
}

// One of the methods that nearly all requests have, by the first n bytes.
static inline int http1_known_method(__u64 low, __u32 n)
{
    __u32 four = low;
    __u64 five = low & HTTP1_MASK(5);

    if (n < 8)
        return HTTP1_NO;
    if (four == HTTP1_WORD('G', 'E', 'T', ' ', 0, 0, 0, 0) || four == HTTP1_WORD('P', 'U', 'T', ' ', 0, 0, 0, 0) ||
        five == HTTP1_WORD('P', 'O', 'S', 'T', ' ', 0, 0, 0) || five == HTTP1_WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0))
        return HTTP1_REQUEST;
    return low == HTTP1_WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ') ? HTTP1_CONNECT : HTTP1_NO;
}

// Of the first n bytes (24 at most are looked at): a token, one space, and a target in origin-, asterisk-, absolute- or
// authority-form.
SUBPROGRAM int http1_request_class(__u64 low, __u64 middle, __u64 high, __u32 n)
{
    int known = http1_known_method(low, n);

    if (known)
        return known;
    for (__u32 i = 0; i < METHOD_SCAN_MAX; i++) {
        if (i >= n)
            return HTTP1_MORE;
        __u8 c = http1_byte(low, middle, high, i);
        if (c == ' ' && i > 0) {
            if ((low & HTTP1_MASK(4)) == HTTP1_WORD('P', 'R', 'I', ' ', 0, 0, 0, 0))
                return HTTP1_NO; // the preface of HTTP/2
            if (i + 1 >= n || i + 1 >= METHOD_SCAN_MAX)
                return HTTP1_MORE;
            c = http1_byte(low, middle, high, i + 1);
            return c == '/' || c == '*' || c == 'h' ? HTTP1_REQUEST : HTTP1_NO;
        }
        if (!http1_method_char(c))
            return HTTP1_NO;
    }
    return HTTP1_NO;
}

// Status of a status line by its first n bytes, HTTP1_MORE (< 100) if it is cut off, HTTP1_NO if it is none.
SUBPROGRAM int http1_response_class(__u64 low, __u64 high, __u32 n)
{
    __u64 known = n >= 7 ? HTTP1_MASK(7) : HTTP1_MASK(n & 7);

    if ((low ^ HTTP1_WORD('H', 'T', 'T', 'P', '/', '1', '.', 0)) & known)
        return HTTP1_NO;
    if (n < 12)
        return HTTP1_MORE;
    __u8 space = high, first = high >> 8, second = high >> 16, third = high >> 24;
    if (space != ' ' || first < '1' || first > '9' || second < '0' || second > '9' || third < '0' || third > '9')
        return HTTP1_NO;
    return (first - '0') * 100 + (second - '0') * 10 + (third - '0');
}

// Does a final answer begin with these 16 bytes, not an interim one? For few instructions: digits, and the same with 6
// added, have 3 in their high half.
static inline bool http1_final_answer(__u64 low, __u64 high)
{
    __u32 code = high;

    return (low & HTTP1_MASK(7)) == HTTP1_WORD('H', 'T', 'T', 'P', '/', '1', '.', 0) &&
           (code & 0xf0f0f0ff) == 0x30303020 && ((code + 0x06060600) & 0xf0f0f000) == 0x30303000 &&
           (code & 0xff00) >= '2' << 8;
}

static inline int http1_request_class_of(const union first_bytes *first, __u32 n)
{
    return http1_request_class(first->word[0], first->word[1], first->word[2], n);
}

static inline int http1_response_class_of(const union first_bytes *first, __u32 n)
{
    return http1_response_class(first->word[0], first->word[1], n);
}
