// See examine.h. Called by child.c inside the sandbox, by unit tests and the fuzz target outside.
#include "resolver/examine.h"

#include <string.h>
#include "resolver/image.h"
#include "resolver/language.h"

bool examine_file(struct source *source, struct executable *ret_executable)
{
    static struct image image;
    struct executable executable;

    source->budget = EXAMINE_BYTES_MAX;
    if (!image_read(source, &image))
        return false;
    memset(&executable, 0, sizeof executable);
    executable.machine = image.machine;
    executable.bits = image.bits;
    executable.linkage = (uint8_t)image.linkage;
    executable.build_id_size = image.build_id_size;
    memcpy(executable.build_id, image.build_id, image.build_id_size);
    language_read(source, &image, &executable);
    *ret_executable = executable;
    return true;
}
