// The `redstart` command: one word says what to do, each word has its file. Run by people.
#include <stdio.h>
#include <string.h>
#include "collector/cli/check.h"
#include "collector/cli/run.h"
#include "common/lib/log.h"

static const char help[] =
    "Usage: redstart COMMAND [options]\n"
    "RED metrics and traces of the services on this host, from the kernel, without touching them.\n"
    "\n"
    "  run       observes in the foreground until Ctrl-C: sudo redstart run --port 8080 --print-traces\n"
    "  check     says what this host lacks, and what configuration would be in force\n"
    "  --help, --version\n"
    "\n"
    "redstart COMMAND --help says more; so does redstart(1).\n";

int main(int argc, char **argv, char **environment)
{
    const char *command = argc > 1 ? argv[1] : "";
    log_open();
    if (strcmp(command, "run") == 0)
        return run_main(argc - 1, argv + 1, environment);
    if (strcmp(command, "check") == 0)
        return check_main(argc - 1, argv + 1, environment);
    if (strcmp(command, "--version") == 0)
        return printf("redstart %s (%s)\n", REDSTART_VERSION, REDSTART_COMMIT) < 0;
    if (strcmp(command, "--help") == 0 || strcmp(command, "help") == 0)
        return fputs(help, stdout) < 0;
    if (argc > 1)
        fprintf(stderr, "redstart: %s: unknown command; expected run or check, see redstart --help\n", command);
    else
        fputs(help, stderr);
    return 2;
}
