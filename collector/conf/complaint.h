// What is wrong with options, variables and files: errors (the run ends; of a command line the first, of a file each)
// and a few warnings (a default is taken). Collected instead of logged, because the log is configured by the same
// options.
#pragma once

#include <stdarg.h>
#include "common/lib/cleanup.h"

#define COMPLAINT_TEXT_MAX     320
#define COMPLAINT_WARNINGS_MAX 8
#define COMPLAINT_ERROR_MAX    8192 // lines that do not fit any more are counted

struct complaint {
    char error[COMPLAINT_ERROR_MAX]; // lines with '\n' between them; "" if there is none
    unsigned errors;                 // also those that are left out
    char warning[COMPLAINT_WARNINGS_MAX][COMPLAINT_TEXT_MAX];
    unsigned warnings; // further ones are left out
};

// Keeps the first error; returns -EINVAL, so that `return complaint_error(...)` reads well.
int complaint_error(struct complaint *complaint, const char *format, ...) printf_like(2, 3);
// One more line of errors. -EINVAL.
int complaint_error_add(struct complaint *complaint, const char *format, va_list arguments) printf_like(2, 0);
void complaint_warn(struct complaint *complaint, const char *format, ...) printf_like(2, 3);
