// See check_sockio.h. The kernel's type information is searched for names, not parsed: its strings stand between NULs.
#include "collector/cli/check_sockio.h"

#include <stdio.h>
#include <string.h>
#include "collector/conf/file.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define BTF_MAX  (64u << 20)

static bool named(const char *bytes, size_t size, const char *name)
{
    char whole[64];
    int n = snprintf(whole + 1, sizeof whole - 1, "%s", name);
    whole[0] = 0;
    return memmem(bytes, size, whole, (size_t)n + 2);
}

bool check_sockio(void)
{
    cleanup_free char *bytes = NULL;
    size_t size;

    if (file_read(BTF_PATH, BTF_MAX, &bytes, &size) < 0)
        return false;
    if (named(bytes, size, "btf_trace_sock_send_length"))
        printf("socket I/O   ok   sockio-tp: tracepoints of sockets\n");
    else if (named(bytes, size, "tcp_sendmsg") && named(bytes, size, "tcp_recvmsg"))
        printf("socket I/O   note sockio-fentry: functions of TCP, as this kernel (before 6.3) has no tracepoints of "
               "sockets; sockio-sys where they cannot be hooked\n");
    else
        printf("socket I/O   note sockio-sys: ends of system calls, which costs every process of the host some\n");
    return true;
}
