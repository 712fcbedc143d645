// Log lines; see log.h. Used by all programs. Control bytes in arguments are replaced, so that a name taken from the
// host cannot forge a line or move a terminal's cursor.
#include "common/lib/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static const char *log_program = "redstart";
static enum log_level log_max_level = LOG_LEVEL_INFO;
static enum log_format log_line_format = LOG_FORMAT_TEXT;

const char *const log_level_names[] = {"error", "warn", "info", "debug", NULL};
const char *const log_format_names[] = {"text", "json", NULL};

void log_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            abort(); // nowhere to say it
}

void log_init(const char *program, enum log_level level, enum log_format format)
{
    log_program = program;
    log_max_level = level;
    log_line_format = format;
}

bool log_enabled(enum log_level level)
{
    return level <= log_max_level;
}

// Copies text into a JSON string body (or, as text, with control bytes shown as '?'); returns the bytes written.
static size_t line_escape(char *to, size_t room, const char *text, enum log_format format)
{
    size_t n = 0;
    for (; *text && n + 2 < room; text++) {
        unsigned char c = (unsigned char)*text;
        if (format == LOG_FORMAT_JSON && (c == '"' || c == '\\'))
            to[n++] = '\\';
        to[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    to[n] = 0;
    return n;
}

void log_write(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    char message[LINE_MAX_BYTES], escaped[2 * LINE_MAX_BYTES], line[2 * LINE_MAX_BYTES + 256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    line_escape(escaped, sizeof escaped, message, log_line_format);

    int n;
    if (log_line_format == LOG_FORMAT_JSON) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        n = snprintf(line, sizeof line,
                     "{\"time\":%lld.%03ld,\"level\":\"%s\",\"program\":\"%s\",\"message\":\"%s\"}\n",
                     (long long)now.tv_sec, now.tv_nsec / 1000000, log_level_names[level], log_program, escaped);
    } else {
        n = snprintf(line, sizeof line, "%s: %s: %s\n", log_program, log_level_names[level], escaped);
    }
    size_t size = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    ssize_t ignored = write(STDERR_FILENO, line, size);
    (void)ignored; // nowhere left to say it
}

bool log_limit_pass(struct log_limit *limit, unsigned long *ret_skipped)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (limit->second == (long long)now.tv_sec + 1) {
        limit->skipped++;
        return false;
    }
    limit->second = (long long)now.tv_sec + 1; // 0 means never
    *ret_skipped = limit->skipped;
    limit->skipped = 0;
    return true;
}
