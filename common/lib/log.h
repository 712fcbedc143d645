// Log lines on standard error: one line each, `level` + message with key=value pairs, text or JSON.
// Owners of a stage log; library-like files return errors. Payload bytes never go into a log line.
#pragma once

#include <stdbool.h>
#include "common/lib/cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_MAX };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_MAX };

// As options and files have them; each ends in NULL.
extern const char *const log_level_names[LOG_LEVEL_MAX + 1];
extern const char *const log_format_names[LOG_FORMAT_MAX + 1];

// First of all: standard error is where it was, whoever starts us. Of descriptors 0 to 2 those that are closed become
// /dev/null; otherwise what is opened later could be one of them, and get what we write.
void log_open(void);
// program: "redstart", "redstart-loader" ...; kept, not copied.
void log_init(const char *program, enum log_level level, enum log_format format);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

// At most one line per call site and second; the rest are counted and said with the next line.
#define log_limited(level, format, ...)                                                                                \
    do {                                                                                                               \
        static struct log_limit limit_;                                                                                \
        unsigned long skipped_;                                                                                        \
        if (log_limit_pass(&limit_, &skipped_))                                                                        \
            log_write(level, format " suppressed=%lu", ##__VA_ARGS__, skipped_);                                       \
    } while (0)

struct log_limit {
    long long second;
    unsigned long skipped;
};
bool log_limit_pass(struct log_limit *limit, unsigned long *ret_skipped);
