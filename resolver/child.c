// The examination itself, inside the sandbox: of the kernel it uses pread alone. Called by master.c in a fresh child;
// the file is foreign.
#include "resolver/child.h"

#include <unistd.h>
#include "resolver/examine.h"
#include "resolver/sandbox.h"

static long file_read(void *context, void *to, size_t size, uint64_t offset)
{
    return pread(SANDBOX_FILE_FD, to, size, (off_t)offset);
}

void child_examine(uint64_t size, struct resolver_answer *ret_answer)
{
    struct source source = {.read = file_read, .size = size};
    ret_answer->status = examine_file(&source, &ret_answer->executable) ? RESOLVER_DONE : RESOLVER_NOT_ELF;
}
