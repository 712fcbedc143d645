// Mappings that survive the loss of their pages; see mapping.h.
#include "collector/intake/mapping.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

// Read by the signal handler, which runs on the thread that touched the page: between two of its own instructions.
static struct mapping {
    uint8_t *address; // NULL: free
    size_t size;
    int protection;
    volatile bool lost;
} mappings[MAPPINGS_MAX];

static struct mapping *mapping_of(const void *address)
{
    for (unsigned i = 0; i < MAPPINGS_MAX; i++)
        if (mappings[i].address && (uintptr_t)address - (uintptr_t)mappings[i].address < mappings[i].size)
            return &mappings[i];
    return NULL;
}

// mmap is a plain system call and safe here. Any other SIGBUS is a bug of ours: the access runs again, and ends us.
static void page_gone(int signal_number, siginfo_t *info, void *context)
{
    struct mapping *mapping = mapping_of(info->si_addr);
    int saved = errno;
    if (!mapping || mmap(mapping->address, mapping->size, mapping->protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                         -1, 0) == MAP_FAILED)
        signal(SIGBUS, SIG_DFL);
    else
        mapping->lost = true;
    errno = saved;
}

void *mapping_new(int fd, size_t size, int protection, off_t offset)
{
    const struct sigaction action = {.sa_sigaction = page_gone, .sa_flags = SA_SIGINFO};
    struct mapping *mapping = NULL;
    for (unsigned i = 0; !mapping && i < MAPPINGS_MAX; i++)
        mapping = mappings[i].address ? NULL : &mappings[i];
    if (!mapping) {
        errno = ENFILE;
        return NULL;
    }
    if (sigaction(SIGBUS, &action, NULL) < 0)
        return NULL;
    void *address = mmap(NULL, size, protection, MAP_SHARED, fd, offset);
    if (address == MAP_FAILED)
        return NULL;
    *mapping = (struct mapping){.address = address, .size = size, .protection = protection};
    return address;
}

void mapping_free(const void *address)
{
    struct mapping *mapping = address ? mapping_of(address) : NULL;
    if (!mapping)
        return;
    munmap(mapping->address, mapping->size);
    mapping->address = NULL;
}

bool mapping_lost(const void *address)
{
    const struct mapping *mapping = mapping_of(address);
    return mapping && mapping->lost;
}
