// See hand_over.h. Called by serve.c for a collector whose hello was right.
#include "loader/hand_over.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "common/abi/counters.h"
#include "common/ipc/message.h"
#include "common/ipc/send_fd.h"
#include "common/lib/log.h"

int hand_over(const struct probes *probes, int peer_fd)
{
    struct message_map_fd counters = {MESSAGE_MAP, MESSAGE_MAP_COUNTERS, 0,
                                      probes->cpus * (uint32_t)sizeof(struct counters)};
    struct message_map_fd reserve = {MESSAGE_MAP, MESSAGE_MAP_RESERVE, 0, PROBES_RESERVE_SIZE};
    int r = send_fd(peer_fd, &counters, sizeof counters, probes->counters_fd);

    r = r ? r : send_fd(peer_fd, &reserve, sizeof reserve, probes->reserve_fd);
    for (uint32_t i = 0; !r && i < probes->rings; i++) {
        struct message_map_fd ring = {MESSAGE_MAP, MESSAGE_MAP_RING, i, PROBES_RING_SIZE};
        r = send_fd(peer_fd, &ring, sizeof ring, probes->ring_fd[i]);
    }
    // Before it may read: what processes say of themselves is then in the rings, however old the records are beside it.
    if (!r && probes->walk_environs >= 0 && probes_walk(probes->walk_environs) < 0)
        log_limited(LOG_LEVEL_WARN, "cannot walk the environments of processes: %s", strerror(errno));
    struct message_ready ready = {MESSAGE_READY, probes->rings};
    if (!r && send(peer_fd, &ready, sizeof ready, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        r = -errno;
    return r;
}
