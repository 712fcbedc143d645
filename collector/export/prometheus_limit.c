// See prometheus_limit.h.
#include "collector/export/prometheus_limit.h"

#include <stddef.h>
#include <sys/socket.h>
#include "collector/core/clock.h"

#define ANSWER_NS_MAX      (30 * NS_PER_SEC)
#define ANSWER_NS_MAX_FULL (3 * NS_PER_SEC) // others wait: a reader in earnest takes a fraction of that
#define SILENT_NS_MAX_FULL (500 * NS_PER_MS)

struct prometheus_limited *prometheus_limit_add(struct prometheus_limit *limit, int fd, uint64_t now_ns)
{
    for (unsigned i = 0; i < PROMETHEUS_CONNECTIONS_MAX; i++)
        if (!limit->connection[i].since) {
            limit->connection[i] = (struct prometheus_limited){.fd = fd, .since = now_ns};
            limit->count++;
            return &limit->connection[i];
        }
    return NULL;
}

void prometheus_limit_remove(struct prometheus_limit *limit, struct prometheus_limited *connection)
{
    connection->since = 0;
    limit->count--;
}

void prometheus_limit_enforce(struct prometheus_limit *limit, uint64_t now_ns)
{
    bool full = limit->count == PROMETHEUS_CONNECTIONS_MAX;
    for (unsigned i = 0; i < PROMETHEUS_CONNECTIONS_MAX; i++) {
        struct prometheus_limited *connection = &limit->connection[i];
        uint64_t most = !full ? ANSWER_NS_MAX : connection->asked ? ANSWER_NS_MAX_FULL : SILENT_NS_MAX_FULL;
        if (connection->since && now_ns - connection->since > most)
            shutdown(connection->fd, SHUT_RDWR);
    }
}
