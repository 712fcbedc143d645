// From bytes to calls; see dispatch.h.
#include "collector/intake/dispatch.h"

#include <errno.h>
#include <string.h>

static int map_dispatch(const struct dispatch *dispatch, const struct dispatch_receiver *receiver, const void *bytes,
                        size_t size, int *fd)
{
    struct message_map_fd map;
    if (size != sizeof map || *fd < 0 || dispatch->ready)
        return -EBADMSG;
    memcpy(&map, bytes, sizeof map);
    if (map.map != MESSAGE_MAP_RING && map.map != MESSAGE_MAP_COUNTERS && map.map != MESSAGE_MAP_RESERVE)
        return -EBADMSG;
    return receiver->map(receiver->context, &map, fd_take(fd));
}

static int ready_dispatch(struct dispatch *dispatch, const struct dispatch_receiver *receiver, const void *bytes,
                          size_t size)
{
    struct message_ready ready;
    if (size != sizeof ready || dispatch->ready)
        return -EBADMSG;
    memcpy(&ready, bytes, sizeof ready);
    if (ready.rings == 0 || ready.rings > MESSAGE_RINGS_MAX)
        return -EBADMSG;
    dispatch->ready = true;
    return receiver->ready(receiver->context, ready.rings);
}

static int process_dispatch(const struct dispatch_receiver *receiver, const void *bytes, size_t size)
{
    struct message_process process;
    if (size != sizeof process)
        return -EBADMSG;
    memcpy(&process, bytes, sizeof process);
    if (process.exe_size > MESSAGE_EXE_MAX)
        return -EBADMSG;
    receiver->process(receiver->context, &process);
    return 0;
}

static int executable_dispatch(const struct dispatch_receiver *receiver, const void *bytes, size_t size)
{
    struct message_executable executable;
    if (size != sizeof executable)
        return -EBADMSG;
    memcpy(&executable, bytes, sizeof executable);
    if (!executable_check(&executable.executable))
        return -EBADMSG;
    receiver->executable(receiver->context, &executable);
    return 0;
}

static int exit_dispatch(const struct dispatch_receiver *receiver, const void *bytes, size_t size)
{
    struct message_exit ended;
    if (size != sizeof ended)
        return -EBADMSG;
    memcpy(&ended, bytes, sizeof ended);
    receiver->process_exit(receiver->context, ended.pid);
    return 0;
}

static int walk_dispatch(const struct dispatch_receiver *receiver, const void *bytes, size_t size)
{
    struct message_walk walk;
    if (size != sizeof walk)
        return -EBADMSG;
    memcpy(&walk, bytes, sizeof walk);
    if (walk.ends > 1)
        return -EBADMSG;
    receiver->walk(receiver->context, walk.ends);
    return 0;
}

int dispatch_message(struct dispatch *dispatch, const struct dispatch_receiver *receiver, const void *bytes,
                     size_t size, int *fd)
{
    uint32_t kind;
    if (size < sizeof kind)
        return -EBADMSG;
    memcpy(&kind, bytes, sizeof kind);
    if (kind == MESSAGE_MAP)
        return map_dispatch(dispatch, receiver, bytes, size, fd);
    if (*fd >= 0)
        return -EBADMSG;
    if (kind == MESSAGE_READY)
        return ready_dispatch(dispatch, receiver, bytes, size);
    if (kind == MESSAGE_BUSY)
        return -EBUSY;
    if (!dispatch->ready)
        return -EBADMSG;
    switch (kind) {
    case MESSAGE_PROCESS:
        return process_dispatch(receiver, bytes, size);
    case MESSAGE_EXECUTABLE:
        return executable_dispatch(receiver, bytes, size);
    case MESSAGE_EXIT:
        return exit_dispatch(receiver, bytes, size);
    case MESSAGE_WALK:
        return walk_dispatch(receiver, bytes, size);
    default:
        return -EBADMSG;
    }
}
