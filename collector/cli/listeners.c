// Which TCP ports have a listener, by the kernel's own tables in /proc/net (this network namespace only: a container's
// listeners are not seen here, so the line says "here"). Advice for people; the loader decides by events.
#include "collector/cli/listeners.h"

#include <stdio.h>
#include <stdlib.h>
#include "common/lib/log.h"

#define STATE_LISTEN 0x0a
#define PORTS        65536

static void table_read(const char *path, bool *listened)
{
    char line[512];
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        unsigned port, state;
        if (sscanf(line, " %*u: %*32[0-9A-Fa-f]:%4x %*32[0-9A-Fa-f]:%*4x %2x", &port, &state) == 2 && state == STATE_LISTEN)
            listened[port] = true;
    }
    fclose(file);
}

void listeners_report(const struct selectors *selectors)
{
    static bool listened[PORTS];
    table_read("/proc/net/tcp", listened);
    table_read("/proc/net/tcp6", listened);
    for (unsigned i = 0; i + 1 < selectors->count; i += 2) {
        if (strcmp(selectors->argument[i], "--port") != 0)
            continue;
        char *end = NULL;
        unsigned long low = strtoul(selectors->argument[i + 1], &end, 10); // checked by selectors_add
        unsigned long high = *end == '-' ? strtoul(end + 1, NULL, 10) : low;
        bool any = false;
        for (unsigned long port = low; port <= high && port < PORTS; port++)
            any |= listened[port];
        if (!any)
            log_info("nobody listens on TCP port %s here yet: waiting for one that does", selectors->argument[i + 1]);
    }
}
