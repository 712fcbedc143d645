// Files for the resolver's tests: bytes in memory as a source.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "resolver/examine.h"

#define FILE_BYTES_MAX (16 << 20)

struct file {
    uint8_t bytes[FILE_BYTES_MAX];
    size_t size;
    size_t read_max; // at most this many bytes at once; 0: all
};

static inline long file_read(void *context, void *to, size_t size, uint64_t offset)
{
    const struct file *file = context;
    if (offset >= file->size)
        return 0;
    if (size > file->size - offset)
        size = file->size - offset;
    if (file->read_max && size > file->read_max)
        size = file->read_max;
    memcpy(to, file->bytes + offset, size);
    return (long)size;
}

static inline bool file_load(struct file *file, const char *path)
{
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return false;
    file->size = fread(file->bytes, 1, sizeof file->bytes, stream);
    fclose(stream);
    return true;
}

static inline struct source file_source(struct file *file)
{
    return (struct source){.read = file_read, .context = file, .size = file->size};
}
