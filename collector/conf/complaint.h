// What is wrong with options and variables: at most one error (the run ends) and a few warnings (a default is taken).
// Collected instead of logged, because the log is configured by the same options.
#pragma once

#include "common/lib/cleanup.h"

#define COMPLAINT_TEXT_MAX     320
#define COMPLAINT_WARNINGS_MAX 8

struct complaint {
    char error[COMPLAINT_TEXT_MAX]; // "" if there is none
    char warning[COMPLAINT_WARNINGS_MAX][COMPLAINT_TEXT_MAX];
    unsigned warnings; // further ones are left out
};

// Keeps the first error; returns -EINVAL, so that `return complaint_error(...)` reads well.
int complaint_error(struct complaint *complaint, const char *format, ...) printf_like(2, 3);
void complaint_warn(struct complaint *complaint, const char *format, ...) printf_like(2, 3);
