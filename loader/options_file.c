// loader.conf: the loader's long options, one per line without dashes; '#' starts a comment. Only lines that look like an option are
// taken apart, into "--name=value"; what they mean is decided where the command line's are. The file is root's.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "loader/options.h"

#define FILE_MAX  65536
#define LINES_MAX 1024
#define LINE_MAX  1024

static int file_refuse(const char *path, unsigned line, const char *why)
{
    if (line)
        fprintf(stderr, "redstart-loader: %s, line %u: %s\n", path, line, why);
    else
        fprintf(stderr, "redstart-loader: %s: %s\n", path, why);
    return -EINVAL;
}

// Blanks at both ends cut off, in place.
static char *trimmed(char *text)
{
    char *end = text + strlen(text);
    while (end > text && strchr(" \t\r", end[-1]))
        *--end = 0;
    return text + strspn(text, " \t");
}

// "port = 8080" > "--port=8080"; "log-level debug" too.
static char *line_option(char *line)
{
    char option[LINE_MAX];
    size_t name = strcspn(line, " \t=");
    char *value = line + name + strspn(line + name, " \t");

    if (*value == '=')
        value += 1 + strspn(value + 1, " \t");
    snprintf(option, sizeof option, *value ? "--%.*s=%s" : "--%.*s", (int)name, line, value);
    return strdup(option);
}

static char *file_text(const char *path)
{
    static char text[FILE_MAX + 1];
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0) {
        file_refuse(path, 0, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || (info.st_uid != 0 && info.st_uid != geteuid()) || info.st_mode & 022) {
        file_refuse(path, 0, "must be a file of root's that nobody else may write (chown root, chmod go-w)");
        return NULL;
    }
    ssize_t n = read(fd, text, sizeof text);
    if (n < 0 || (size_t)n > FILE_MAX || memchr(text, 0, (size_t)n)) {
        file_refuse(path, 0, n < 0 ? strerror(errno) : "must be text of at most 64 KiB");
        return NULL;
    }
    text[n] = 0;
    return text;
}

int options_file_read(const char *path, char ***ret_arguments)
{
    static char *arguments[LINES_MAX + 2];
    char *text = file_text(path), *line;
    int count = 0;

    if (!text)
        return -EINVAL;
    arguments[count++] = "redstart-loader";
    for (unsigned number = 1; (line = strsep(&text, "\n")); number++) {
        line[strcspn(line, "#")] = 0;
        line = trimmed(line);
        if (!*line)
            continue;
        if (count > LINES_MAX || strlen(line) > LINE_MAX - 4)
            return file_refuse(path, number, "too long");
        if (*line < 'a' || *line > 'z' || strncmp(line, "config", 6) == 0)
            return file_refuse(path, number, "expected an option without dashes, as in: port = 8080");
        arguments[count] = line_option(line);
        if (!arguments[count++])
            return -ENOMEM;
    }
    *ret_arguments = arguments;
    return count;
}
