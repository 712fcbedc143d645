// See prometheus_page.h. gzip by zlib with a small window: a page repeats itself line by line and series by series. 8 KiB
// hold a whole series, which costs a third of the bytes and 60 % of the time that 4 KiB do; more gains little, and the
// 256 KiB of the usual 32 for each of many readers would be too much.
#include "collector/export/prometheus_page.h"

#include <errno.h>
#include <zlib.h>

#define PIECE_BYTES_MAX (1 << 20) // far more than a piece takes

#define WINDOW_BITS_GZIP (13 + 16)
#define MEMORY_LEVEL     5

struct prometheus_page {
    const struct exposition *exposition;
    struct prometheus_cursor cursor;
    struct prometheus_writer writer;
    struct buffer piece;
    size_t taken; // of the piece
    bool written; // there is no further piece
    bool gzip;
    z_stream stream;
};

int prometheus_page_new(struct prometheus_page **ret_page, const struct exposition *exposition,
                        enum prometheus_format format, bool gzip)
{
    struct prometheus_page *page = calloc(1, sizeof(*page));
    if (!page)
        return -ENOMEM;
    page->exposition = exposition;
    page->gzip = gzip;
    if (gzip && deflateInit2(&page->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
                             Z_DEFAULT_STRATEGY) != Z_OK) {
        free(page);
        return -ENOMEM;
    }
    buffer_init(&page->piece, PIECE_BYTES_MAX);
    prometheus_writer_init(&page->writer, format, &page->piece);
    *ret_page = page;
    return 0;
}

void prometheus_page_free(struct prometheus_page *page)
{
    if (!page)
        return;
    if (page->gzip)
        deflateEnd(&page->stream);
    prometheus_writer_release(&page->writer);
    buffer_release(&page->piece);
    free(page);
}

// Writes the next piece if the last one is all taken. 0 or -ENOMEM.
static int piece_fill(struct prometheus_page *page)
{
    while (!page->written && page->taken == page->piece.n) {
        page->taken = 0;
        buffer_reset(&page->piece);
        page->written = !prometheus_format_next(&page->writer, page->exposition, &page->cursor);
        if (page->piece.failed)
            return -ENOMEM;
    }
    return 0;
}

static ssize_t read_plain(struct prometheus_page *page, char *to, size_t room)
{
    int r = piece_fill(page);
    if (r < 0)
        return r;
    size_t left = page->piece.n - page->taken, n = left < room ? left : room;
    if (n)
        memcpy(to, page->piece.p + page->taken, n);
    page->taken += n;
    return (ssize_t)n;
}

// Some pieces, until there is something to send; that is nothing only at the end.
static ssize_t read_gzip(struct prometheus_page *page, char *to, size_t room)
{
    z_stream *stream = &page->stream;
    stream->next_out = (Bytef *)to;
    stream->avail_out = (uInt)room;
    while (stream->avail_out == room) {
        int r = piece_fill(page);
        if (r < 0)
            return r;
        stream->next_in = (Bytef *)page->piece.p + page->taken;
        stream->avail_in = (uInt)(page->piece.n - page->taken);
        int result = deflate(stream, page->written ? Z_FINISH : Z_NO_FLUSH);
        page->taken = page->piece.n - stream->avail_in;
        if (result != Z_OK) // the end, or an error of ours, which a reader sees as a stream cut short
            break;
    }
    return (ssize_t)(room - stream->avail_out);
}

ssize_t prometheus_page_read(struct prometheus_page *page, char *to, size_t room)
{
    return page->gzip ? read_gzip(page, to, room) : read_plain(page, to, room);
}
