// See prometheus_page.h. gzip by ISA-L's fastest level: on pages, which repeat themselves line by line, it takes a
// quarter of zlib's time, and what it leaves is 4 % of the page.
#include "collector/export/prometheus_page.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>

#define PIECE_BYTES_MAX (1 << 20) // far more than a piece takes

struct prometheus_page {
    const struct exposition *exposition;
    struct prometheus_cursor cursor;
    struct prometheus_writer writer;
    struct buffer piece;
    size_t taken;              // of the piece
    bool written;              // there is no further piece
    struct isal_zstream *gzip; // NULL: plain
};

int prometheus_page_new(struct prometheus_page **ret_page, const struct exposition *exposition,
                        enum prometheus_format format, bool gzip)
{
    struct prometheus_page *page = calloc(1, sizeof(*page));
    if (!page)
        return -ENOMEM;
    page->exposition = exposition;
    page->gzip = gzip ? malloc(sizeof(*page->gzip)) : NULL;
    if (gzip && !page->gzip) {
        free(page);
        return -ENOMEM;
    }
    if (gzip) {
        isal_deflate_init(page->gzip);
        page->gzip->gzip_flag = IGZIP_GZIP;
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
    free(page->gzip);
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
    struct isal_zstream *stream = page->gzip;
    stream->next_out = (uint8_t *)to;
    stream->avail_out = (uint32_t)room;
    while (stream->avail_out == room && stream->internal_state.state != ZSTATE_END) {
        int r = piece_fill(page);
        if (r < 0)
            return r;
        stream->next_in = (uint8_t *)page->piece.p + page->taken;
        stream->avail_in = (uint32_t)(page->piece.n - page->taken);
        stream->end_of_stream = page->written;
        if (isal_deflate(stream) != COMP_OK) // a mistake of ours, which a reader sees as a page without its end
            return -EINVAL;
        page->taken = page->piece.n - stream->avail_in;
    }
    return (ssize_t)(room - stream->avail_out);
}

ssize_t prometheus_page_read(struct prometheus_page *page, char *to, size_t room)
{
    return page->gzip ? read_gzip(page, to, room) : read_plain(page, to, room);
}
