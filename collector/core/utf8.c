// UTF-8 sequences; see utf8.h. Called by whatever shows or keeps foreign text: buffer.c, red.c.
#include "collector/core/utf8.h"

// Table 3-7 of the Unicode standard: which second byte may follow a first byte; the rest are 80..BF.
static bool second_byte_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf; // shorter would be overlong
    case 0xed:
        return second >= 0x80 && second <= 0x9f; // above are surrogates
    case 0xf0:
        return second >= 0x90 && second <= 0xbf; // shorter would be overlong
    case 0xf4:
        return second >= 0x80 && second <= 0x8f; // above U+10FFFF
    default:
        return second >= 0x80 && second <= 0xbf;
    }
}

static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0; // a continuation byte, C0 and C1 (overlong), F5 and up
}

size_t utf8_sequence(struct str s)
{
    if (s.n == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)s.p;
    size_t length = sequence_length(bytes[0]);
    if (length == 0 || length > s.n)
        return 0;
    if (length > 1 && !second_byte_fits(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool utf8_control(struct str s, size_t length)
{
    unsigned char first = (unsigned char)s.p[0];
    if (length == 2)
        return first == 0xc2 && (unsigned char)s.p[1] < 0xa0;
    return length == 1 && (first < 0x20 || first == 0x7f);
}

static bool text_is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f) // char may be signed: bytes from 0x80 on are then below 0x20
            return false;
    return true;
}

struct str utf8_clean(struct str s, char *to, size_t room)
{
    if (s.n < room && text_is_plain(s))
        return s;
    size_t n = 0;
    while (s.n) {
        size_t length = utf8_sequence(s), taken = length ? length : 1;
        bool good = length && !utf8_control(s, length);
        struct str piece = good ? (struct str){s.p, length} : STR(UTF8_REPLACEMENT);
        if (piece.n >= room - n)
            break;
        memcpy(to + n, piece.p, piece.n);
        n += piece.n;
        s.p += taken;
        s.n -= taken;
    }
    return (struct str){to, n};
}
