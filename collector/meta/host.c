// Reads the host's id; see host.h. Called once at start.
#include "collector/meta/host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void host_id_read(char *ret_id)
{
    FILE *file = fopen("/etc/machine-id", "re");
    memset(ret_id, 0, HOST_ID_SIZE);
    if (file && !fgets(ret_id, HOST_ID_SIZE, file))
        ret_id[0] = 0;
    if (file)
        fclose(file);
    ret_id[strcspn(ret_id, "\n")] = 0;
    if (!ret_id[0] && gethostname(ret_id, HOST_ID_SIZE - 1) < 0)
        ret_id[0] = 0;
}
