// See executable.h. Called by each process that receives one from another: the resolver's master, the loader, the
// collector.
#include "common/ipc/executable.h"

#include <stddef.h>

static bool zero_from(const void *bytes, size_t from, size_t size)
{
    for (size_t i = from; i < size; i++)
        if (((const uint8_t *)bytes)[i])
            return false;
    return true;
}

static bool text_check(const char *text, size_t n, size_t size)
{
    if (n > size)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return zero_from(text, n, size);
}

bool executable_check(const struct executable *executable)
{
    return (executable->bits == 32 || executable->bits == 64) && executable->linkage < EXECUTABLE_LINKAGE_MAX &&
           executable->language < EXECUTABLE_LANGUAGE_MAX &&
           text_check(executable->version, executable->version_size, sizeof executable->version) &&
           text_check(executable->module, executable->module_size, sizeof executable->module) &&
           executable->build_id_size <= sizeof executable->build_id &&
           zero_from(executable->build_id, executable->build_id_size, sizeof executable->build_id);
}
