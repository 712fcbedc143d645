// SHA-1 (FIPS 180-4) and the UUID made from it; see uuid.h. Called by meta/process.c, once per process event.
#include "collector/meta/uuid.h"

#include <stdio.h>

struct sha1 {
    uint32_t state[5];
    uint64_t size;
    uint8_t block[64];
};

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void sha1_block(struct sha1 *sha)
{
    uint32_t w[80], a = sha->state[0], b = sha->state[1], c = sha->state[2], d = sha->state[3], e = sha->state[4];
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)sha->block[4 * i] << 24 | (uint32_t)sha->block[4 * i + 1] << 16 |
               (uint32_t)sha->block[4 * i + 2] << 8 | sha->block[4 * i + 3];
    for (unsigned i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    sha->state[0] += a;
    sha->state[1] += b;
    sha->state[2] += c;
    sha->state[3] += d;
    sha->state[4] += e;
}

static void sha1_add(struct sha1 *sha, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sha->block[sha->size++ % sizeof sha->block] = ((const uint8_t *)bytes)[i];
        if (sha->size % sizeof sha->block == 0)
            sha1_block(sha);
    }
}

static void sha1_finish(struct sha1 *sha, uint8_t ret_digest[20])
{
    uint64_t bits = sha->size * 8;
    sha1_add(sha, "\x80", 1);
    while (sha->size % sizeof sha->block != 56)
        sha1_add(sha, "", 1);
    for (int shift = 56; shift >= 0; shift -= 8)
        sha1_add(sha, &(uint8_t){(uint8_t)(bits >> shift)}, 1);
    for (unsigned i = 0; i < 20; i++)
        ret_digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

const uint8_t uuid_namespace_instance[16] = {0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee,
                                             0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20};

void uuid_v5(const uint8_t namespace_id[16], struct str name, char ret_text[UUID_TEXT_SIZE])
{
    struct sha1 sha = {.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
    uint8_t digest[20];
    sha1_add(&sha, namespace_id, 16);
    sha1_add(&sha, name.p, name.n);
    sha1_finish(&sha, digest);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50); // version 5
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); // RFC variant
    char *to = ret_text;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        to += snprintf(to, 3, "%02x", digest[i]);
    }
}
