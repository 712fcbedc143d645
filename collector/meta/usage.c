// /proc/PID/stat (proc(5)); see usage.h. A process chooses its name, which stands in it: fields are counted from the
// last closing bracket.
#include "collector/meta/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_SEC UINT64_C(1000000000)

static int stat_read(uint32_t pid, char *text, size_t size)
{
    char path[32] = "/proc/self/stat";
    if (pid)
        snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, size - 1);
    if (n < 0)
        return -errno;
    text[n] = 0;
    return 0;
}

int usage_read(uint32_t pid, struct usage *ret_usage)
{
    char text[1024];
    int r = stat_read(pid, text, sizeof(text));
    if (r < 0)
        return r;
    const char *rest = strrchr(text, ')');
    unsigned long long user_ticks, system_ticks, pages;
    // state, 10 fields up to majflt and cmajflt, utime, stime, 8 up to vsize, rss
    if (!rest || sscanf(rest,
                        ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu"
                        " %*s %*s %*s %*s %*s %*s %*s %*s %llu",
                        &user_ticks, &system_ticks, &pages) != 3)
        return -EBADMSG;
    ret_usage->cpu_ns = (user_ticks + system_ticks) * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
    ret_usage->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}
