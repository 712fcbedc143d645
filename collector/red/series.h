// One series' values: adding a span to them, and what outputs asked for beside the explicit histograms. Called by
// red.c.
#pragma once

#include "collector/red/red.h"

// extras: of enum red_extra. What finds no memory is left out; the explicit histograms never are.
void red_series_add(struct red_series *series, const struct span *span, unsigned extras);
void red_series_free(struct red_series *series);
