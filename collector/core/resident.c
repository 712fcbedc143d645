// See resident.h. Segments that are not writable are as they are in the file, so that forgetting them loses nothing;
// what relocation wrote lies in writable ones, which are not touched.
#include "collector/core/resident.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define MALLOC_LARGE (128 << 10)

void resident_limit(void)
{
    mallopt(M_MMAP_THRESHOLD, MALLOC_LARGE);
    mallopt(M_TRIM_THRESHOLD, MALLOC_LARGE);
    mallopt(M_ARENA_MAX, 1);
}

// Code that relocation has written into is not as in the file. Compilers have not made any for long.
static bool object_patched(const struct dl_phdr_info *object)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
                return true;
    }
    return false;
}

static int object_trim(struct dl_phdr_info *object, size_t size, void *context)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (unsigned i = 0; i < object->dlpi_phnum && !object_patched(object); i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_filesz;
        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
            madvise((void *)(start & ~(page - 1)), end - (start & ~(page - 1)), MADV_DONTNEED);
    }
    return 0;
}

void resident_trim(void)
{
    dl_iterate_phdr(object_trim, NULL);
}
