// Fuzz target: a conversation with a loader, as session.c gives it to dispatch.c. The input is messages one after
// another: 1 byte length / 2 (longer ones do not exist), 1 byte whether an fd came with it, the message. What is handed
// on must be what the protocol allows, in its order, and each fd is taken or left, never both.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/intake/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    unsigned maps, ready, after;
    uint64_t touched;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int on_map(void *context, const struct message_map_fd *map, int fd)
{
    struct seen *seen = context;
    require(fd >= 0 && seen->ready == 0 && map->map <= MESSAGE_MAP_RESERVE);
    seen->maps++;
    close(fd);
    return 0;
}

static int on_ready(void *context, unsigned rings)
{
    struct seen *seen = context;
    require(rings > 0 && rings <= MESSAGE_RINGS_MAX && seen->ready == 0);
    seen->ready++;
    return 0;
}

static void on_process(void *context, const struct message_process *process)
{
    struct seen *seen = context;
    require(seen->ready == 1 && process->exe_size <= MESSAGE_EXE_MAX);
    for (unsigned i = 0; i < process->exe_size; i++)
        seen->touched += (uint8_t)process->exe[i];
    seen->after++;
}

static void on_executable(void *context, const struct message_executable *executable)
{
    struct seen *seen = context;
    require(seen->ready == 1 && executable_check(&executable->executable));
    seen->after++;
}

static void on_walk(void *context, bool ends)
{
    struct seen *seen = context;
    require(seen->ready == 1);
    seen->after += ends;
}

static void on_exit_of(void *context, uint32_t pid)
{
    struct seen *seen = context;
    require(seen->ready == 1);
    seen->after++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.maps = 0};
    struct dispatch dispatch = {.ready = false};
    const struct dispatch_receiver receiver = {on_map, on_ready, on_process, on_executable, on_exit_of, on_walk, &seen};
    while (size >= 2) {
        size_t n = 2 * (size_t)data[0];
        int fd = data[1] & 1 ? dup(STDERR_FILENO) : -1;
        data += 2;
        size -= 2;
        n = n < size ? n : size;
        uint8_t *message = malloc(n + 1); // of exactly its size, but for 0
        require(message);
        memcpy(message, data, n);
        int before = fd;
        int r = dispatch_message(&dispatch, &receiver, message, n, &fd);
        require(fd == before || fd == -1);
        cleanup_fd_close(&fd);
        free(message);
        if (r < 0)
            break;
        data += n;
        size -= n;
    }
    return 0;
}
