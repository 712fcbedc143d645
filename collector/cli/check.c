// `redstart check`: what redstart needs of the kernel, one line each on standard output, and the configuration that
// would be in force (check_config.c). Needs no privilege and changes nothing; whether the probes attach is known only
// by `redstart run`.
#include "collector/cli/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include "collector/cli/check_config.h"
#include "collector/cli/check_sockio.h"
#include "collector/conf/schema_json.h"

#define KERNEL_MAJOR 5 // the oldest that tests/vm runs on
#define KERNEL_MINOR 10
#define BTF_PATH     "/sys/kernel/btf/vmlinux"

static const char check_help[] =
    "Usage: redstart check [--config FILE] [options of redstart-collector]\n"
    "Says whether this kernel and host have what redstart needs, what configuration would be in force, and where each\n"
    "value comes from: an option, a variable, the file or the default. Starts nothing.\n"
    "\n"
    "  --loader-conf             prints what the file's rules select, for /etc/redstart/loader.conf, and no more\n"
    "  --from-beyla FILE         prints a file of Grafana Beyla's or OpenTelemetry eBPF instrumentation as ours; what "
    "has no\n"
    "                            equivalent goes to standard error, a line each\n"
    "  --json-schema             prints the JSON schema of the file, and no more\n"
    "  --help\n"
    "Exit codes: 0 all is well, 2 bad usage or configuration, 3 this kernel cannot.\n";

static bool check_kernel(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;
    if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
        return false;
    bool good = major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
    printf("kernel       %s %s%s\n", good ? "ok  " : "MISS", name.release, good ? "" : ": needs Linux 5.10 or later");
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

static bool check_needs(void)
{
    printf("redstart     %s (%s)\n", REDSTART_VERSION, REDSTART_COMMIT);
    bool good = check_kernel();
    good = check_btf() && good;
    good = check_sockio() && good;
    good = check_lockdown() && good;
    check_host();
    return good;
}

// Takes the option out of argv; true if it was there.
static bool option_take(int *argc, char **argv, const char *name)
{
    int kept = 1;
    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], name) != 0)
            argv[kept++] = argv[i];
    bool found = kept < *argc;
    *argc = kept;
    argv[kept] = NULL;
    return found;
}

int check_main(int argc, char **argv, char **environment)
{
    if (option_take(&argc, argv, "--help"))
        return fputs(check_help, stdout) < 0;
    if (option_take(&argc, argv, "--json-schema")) {
        schema_json_write(stdout);
        return 0;
    }
    if (argc > 1 && strncmp(argv[1], "--from-beyla", 12) == 0) {
        const char *path = argv[1][12] == '=' ? argv[1] + 13 : argc == 3 && !argv[1][12] ? argv[2] : "";
        if (path[0] && (argc == 2) == (argv[1][12] == '='))
            return check_config_beyla(path, environment);
        fprintf(stderr, "redstart check: --from-beyla: expected one file, and no more\n");
        return 2;
    }
    if (option_take(&argc, argv, "--loader-conf"))
        return check_config_loader(argc, argv, environment);
    bool good = check_needs();
    fflush(stdout);
    int code = check_config_show(argc, argv, environment);
    return code ? code : good ? 0 : 3;
}
