// Fuzz target: an executable as the resolver's child examines it. What is said of it must stand the loader's check.
#include <stdlib.h>
#include <string.h>
#include "resolver/examine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *bytes;
    size_t size;
};

static long input_read(void *context, void *to, size_t size, uint64_t offset)
{
    const struct input *input = context;
    if (offset > input->size || size > input->size - offset)
        abort(); // outside the file
    memcpy(to, input->bytes + offset, size);
    return (long)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct source source = {.read = input_read, .context = &input, .size = size};
    struct executable executable;
    if (examine_file(&source, &executable) && !executable_check(&executable))
        abort();
    return 0;
}
