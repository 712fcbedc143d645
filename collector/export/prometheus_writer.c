// The writer's own memory; see prometheus_writer.h. Called by prometheus_page.c and prometheus_metrics.c.
#include "collector/export/prometheus_writer.h"

#define LABELS_MAX  4096      // of one series, escaped; several times what a series can hold
#define METRICS_MAX (1 << 20) // of a family in one piece of a page; far more than a piece takes
#define MESSAGE_MAX (64 << 10)

void prometheus_writer_init(struct prometheus_writer *writer, enum prometheus_format format, struct buffer *page)
{
    *writer = (struct prometheus_writer){
        .format = format,
        .syntax = format == PROMETHEUS_PROTOBUF ? &prometheus_syntax_protobuf : &prometheus_syntax_text,
        .page = page,
    };
    buffer_init(&writer->labels, LABELS_MAX);
    buffer_init(&writer->metrics, METRICS_MAX);
    buffer_init(&writer->message, MESSAGE_MAX);
}

void prometheus_writer_release(struct prometheus_writer *writer)
{
    buffer_release(&writer->labels);
    buffer_release(&writer->metrics);
    buffer_release(&writer->message);
}
