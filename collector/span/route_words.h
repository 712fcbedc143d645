// Does a run of letters read like a word? By how usual each three letters in a row are in English and in the terms of
// APIs: 5 KB of figures (route_words_table.c), made by route_words.py. Called by route_shape.c. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/lib/str.h"

#define ROUTE_WORDS_LETTERS 27 // a to z, and 0 for the ends of a word
#define ROUTE_WORDS_BYTES   ((ROUTE_WORDS_LETTERS * ROUTE_WORDS_LETTERS * ROUTE_WORDS_LETTERS + 3) / 4)
extern const uint8_t route_words_levels[ROUTE_WORDS_BYTES];

// letters: a to z in either case, nothing else. Short ones always pass: there is nothing to judge them by.
bool route_words_plausible(struct str letters);
