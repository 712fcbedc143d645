// What the halves of the page share: prometheus_metrics.c (the services' metrics), prometheus_self.c (redstart's own)
// and prometheus_page.c, which hands out its pieces.
#pragma once

#include "collector/export/prometheus.h"
#include "collector/export/prometheus_writer.h"

// How far a page has come. All zero at its start; between two pieces series may come and go.
struct prometheus_cursor {
    enum { PROMETHEUS_HISTOGRAMS, PROMETHEUS_TARGETS, PROMETHEUS_SELF, PROMETHEUS_END } stage;
    unsigned kind, instrument;
    uint64_t series_id; // the last one on the page, of this kind and instrument; 0: none yet
    uint32_t service;   // the next one
    bool target_begun;
};
// Appends the next piece of a page: some whole histograms, targets, or our own metrics, about PROMETHEUS_PIECE_BYTES.
// False at the end.
#define PROMETHEUS_PIECE_BYTES (32 << 10)
bool prometheus_format_next(struct prometheus_writer *writer, const struct exposition *exposition,
                            struct prometheus_cursor *cursor);
// redstart's own metrics.
void prometheus_format_self(struct prometheus_writer *writer, const struct exposition *exposition);
