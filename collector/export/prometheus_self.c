// redstart's own metrics (red/self_metrics.h) on the page. Called by prometheus_metrics.c.
#include "collector/export/prometheus_format.h"
#include "collector/red/self_metrics.h"

struct page {
    struct prometheus_writer *writer;
    struct prometheus_family family; // must outlive its samples
    uint64_t scale;
};

static void metric_begin(void *context, const struct self_metric *metric)
{
    static const enum prometheus_type types[] = {
        [SELF_COUNTER] = PROMETHEUS_COUNTER, [SELF_GAUGE] = PROMETHEUS_GAUGE, [SELF_INFO] = PROMETHEUS_INFO};
    struct page *page = context;
    page->scale = metric->scale;
    page->family =
        (struct prometheus_family){metric->prometheus_name, types[metric->type], metric->prometheus_unit, metric->help};
    prometheus_family_begin(page->writer, &page->family, false);
}

static void metric_value(void *context, const struct self_label *labels, unsigned n, uint64_t value)
{
    struct page *page = context;
    for (unsigned i = 0; i < n; i++)
        prometheus_label(page->writer, labels[i].name, str_from(labels[i].value));
    prometheus_value(page->writer, value, page->scale);
}

static void metric_end(void *context)
{
    struct page *page = context;
    prometheus_family_end(page->writer);
}

void prometheus_format_self(struct prometheus_writer *writer, const struct exposition *exposition)
{
    static const struct self_visitor visitor = {metric_begin, metric_value, metric_end, false};
    struct page page = {.writer = writer};
    self_metrics_walk(exposition->self, exposition->red, &visitor, &page);
}
