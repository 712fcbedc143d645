// `redstart check`: what redstart needs of the kernel, one line each on standard output. Needs no privilege and changes
// nothing; whether the probes attach is known only by `redstart run`.
#include "collector/cli/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include "common/lib/cleanup.h"

#define KERNEL_MAJOR 6 // the tracepoints sock_send_length and sock_recv_length
#define KERNEL_MINOR 3
#define BTF_PATH     "/sys/kernel/btf/vmlinux"

static bool check_kernel(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;
    if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
        return false;
    bool good = major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
    printf("kernel       %s %s%s\n", good ? "ok  " : "MISS", name.release, good ? "" : ": needs Linux 6.3 or later");
    return good;
}

static bool check_btf(void)
{
    bool good = access(BTF_PATH, R_OK) == 0;
    printf("kernel BTF   %s " BTF_PATH "%s\n", good ? "ok  " : "MISS",
           good ? "" : ": needs a kernel with CONFIG_DEBUG_INFO_BTF=y");
    return good;
}

// Under confidentiality lock-down no BPF program may read kernel memory, root's or not.
static bool check_lockdown(void)
{
    char line[128] = "";
    FILE *file = fopen("/sys/kernel/security/lockdown", "re");
    if (file && !fgets(line, sizeof line, file))
        line[0] = 0;
    if (file)
        fclose(file);
    bool good = !strstr(line, "[confidentiality]");
    printf("lock-down    %s %s\n", good ? "ok  " : "MISS",
           good ? "BPF may read kernel memory"
                : "confidentiality mode forbids BPF: boot with lockdown=integrity or none");
    return good;
}

static void check_host(void)
{
    struct statfs info;
    bool bpffs = statfs("/sys/fs/bpf", &info) == 0 && (unsigned long)info.f_type == BPF_FS_MAGIC;
    printf("bpffs        %s\n", bpffs ? "ok   /sys/fs/bpf" : "note not mounted: `redstart run` mounts it");
    printf("privileges   %s\n", geteuid() == 0 ? "ok   root" : "note not root: start with sudo redstart run");
    printf("user         %s\n",
           getpwnam("redstart") ? "ok   redstart" : "note no user redstart: the collector takes an unused uid");
}

int check_main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return puts("Usage: redstart check\nSays whether this kernel and host have what redstart needs. "
                    "Exit codes: 0 yes, 2 bad usage, 3 this kernel cannot.") < 0;
    if (argc > 1) {
        fprintf(stderr, "redstart check: %s: unknown option; see redstart check --help\n", argv[1]);
        return 2;
    }
    printf("redstart     %s (%s)\n", REDSTART_VERSION, REDSTART_COMMIT);
    bool good = check_kernel();
    good = check_btf() && good;
    good = check_lockdown() && good;
    check_host();
    return good ? 0 : 3;
}
