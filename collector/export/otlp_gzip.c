// gzip by zlib; see otlp_gzip.h. The compressor's 256 KiB are taken for the call only: requests are seconds apart.
#include "collector/export/otlp_gzip.h"

#include <errno.h>
#include <zlib.h>

#define WINDOW_BITS_GZIP (15 + 16)
#define MEMORY_LEVEL     8

int otlp_gzip(const struct buffer *plain, struct buffer *packed)
{
    z_stream stream = {.next_in = (Bytef *)plain->p, .avail_in = (uInt)plain->n};
    buffer_reset(packed);
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    uLong bound = deflateBound(&stream, plain->n);
    stream.next_out = (Bytef *)buffer_reserve(packed, bound);
    stream.avail_out = (uInt)bound;
    int result = stream.next_out ? deflate(&stream, Z_FINISH) : Z_BUF_ERROR;
    packed->n += stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? 0 : -E2BIG;
}
