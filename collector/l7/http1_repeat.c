// See http1_repeat.h. Bytes are compared whole: who sends others can make his own heads cost what they cost without all
// this, and not change what they mean.
#include "collector/l7/http1_repeat.h"

#include "collector/core/hash.h"
#include "collector/l7/http1_headers.h"

#define SETS        16 // powers of two
#define WAYS        4
#define BLOCK_MIN   16
#define BLOCK_MAX   256
#define KEEP_ONE_IN 4 // of what was not known: heads that are never the same twice are not all worth keeping

struct block {
    uint16_t n; // bytes compared: up to the empty line, or if there was none all; 0: free
    uint16_t used;
    bool complete, texts;
    struct http1_headers headers; // texts lie in `bytes`
    char bytes[BLOCK_MAX];
};

static struct block blocks[SETS][WAYS];

// The word at this place, or the last one.
static uint64_t word_near(const char *bytes, size_t n, size_t place)
{
    uint64_t word;
    memcpy(&word, bytes + (place + sizeof word < n ? place : n - sizeof word), sizeof word);
    return word;
}

// By a few words of the first lines. Where a head is shorter than that, its body may choose the set: no harm but time.
static struct block *set_of(const char *bytes, size_t n)
{
    uint64_t first = word_near(bytes, n, 0) ^ word_near(bytes, n, 16) << 1;
    uint64_t second = word_near(bytes, n, 32) ^ word_near(bytes, n, 56) << 1;
    return blocks[hash_mix(first, second) % SETS];
}

// What follows an empty line does not count.
static bool block_fits(const struct block *block, const char *bytes, size_t n)
{
    if (!block->n || (block->complete ? n < block->n : n != block->n))
        return false;
    return word_near(bytes, block->n, block->n) == word_near(block->bytes, block->n, block->n) &&
           memcmp(block->bytes, bytes, block->n) == 0;
}

// The texts of a block's headers, a pointer to each.
#define TEXTS_EACH(headers, X)                                                                                         \
    X(&(headers)->host)                                                                                                \
    X(&(headers)->user_agent)                                                                                          \
    X(&(headers)->traceparent)                                                                                         \
    X(&(headers)->tracestate)                                                                                          \
    X(&(headers)->b3.single)                                                                                           \
    X(&(headers)->b3.trace_id)                                                                                         \
    X(&(headers)->b3.span_id)                                                                                          \
    X(&(headers)->b3.sampled)                                                                                          \
    X(&(headers)->b3.flags)                                                                                            \
    X(&(headers)->forwarded_proto)                                                                                     \
    X(&(headers)->forwarded_host)                                                                                      \
    X(&(headers)->forwarded_for)

// From where they were to the same place elsewhere. What is empty stays as it is: it may be a constant.
static void text_move(struct str *text, const char *from, const char *to)
{
    if (text->n)
        text->p = to + (text->p - from);
}

static void headers_move(struct http1_headers *headers, const char *from, const char *to)
{
#define MOVE(text) text_move(text, from, to);
    TEXTS_EACH(headers, MOVE)
#undef MOVE
}

static bool headers_have_texts(const struct http1_headers *headers)
{
    size_t n = 0;
#define ADD(text) n |= (text)->n;
    TEXTS_EACH(headers, ADD)
#undef ADD
    return n != 0;
}

static void block_keep(struct block *block, const char *bytes, size_t n, size_t used, bool complete,
                       const struct http1_headers *headers)
{
    block->n = (uint16_t)(complete ? used : n);
    block->used = (uint16_t)used;
    block->complete = complete;
    block->texts = headers_have_texts(headers);
    block->headers = *headers;
    memcpy(block->bytes, bytes, block->n);
    headers_move(&block->headers, bytes, block->bytes);
}

bool http1_repeat_parse(const char **cursor, const char *end, struct http1_headers *ret_headers)
{
    static unsigned unknown;
    const char *bytes = *cursor;
    size_t n = (size_t)(end - bytes);
    if (n < BLOCK_MIN || n > BLOCK_MAX)
        return http1_headers_parse(cursor, end, ret_headers);
    struct block *set = set_of(bytes, n);
    for (const struct block *block = set; block < set + WAYS; block++) {
        if (!block_fits(block, bytes, n))
            continue;
        *ret_headers = block->headers;
        if (block->texts)
            headers_move(ret_headers, block->bytes, bytes);
        *cursor = bytes + block->used;
        return block->complete;
    }
    bool complete = http1_headers_parse(cursor, end, ret_headers);
    if (*cursor - bytes >= (ptrdiff_t)sizeof(uint64_t) && unknown++ % KEEP_ONE_IN == 0)
        block_keep(&set[unknown / KEEP_ONE_IN % WAYS], bytes, n, (size_t)(*cursor - bytes), complete, ret_headers);
    return complete;
}
