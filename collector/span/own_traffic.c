// See own_traffic.h. These are sockets of this process, whoever opened them, so there is one table; small, and found
// by the client's port. What falls out of it (more conversations at once than have room) shows as a span, no more.
#include "collector/span/own_traffic.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include "collector/core/clock.h"
#include "collector/span/address.h"

#define SETS        64 // by the client's port
#define WAYS        4
#define IP_TEXT_MAX 48
#define WINDOW_NS   (10 * NS_PER_SEC) // from the note to the span's start: a reader may connect, and ask later
#define HURRY_NS    NS_PER_SEC        // a span may begin a little before its note

struct conversation {
    char client[IP_TEXT_MAX], server[IP_TEXT_MAX];
    uint16_t client_port, server_port;
    uint64_t noted_ns; // 0: empty
};

static struct conversation table[SETS][WAYS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t sets_used; // a bit each: most spans need no lock

static bool conversation_is(const struct conversation *conversation, const char *client, uint16_t client_port,
                            const char *server, uint16_t server_port)
{
    return conversation->noted_ns && conversation->client_port == client_port &&
           conversation->server_port == server_port && strcmp(conversation->client, client) == 0 &&
           strcmp(conversation->server, server) == 0;
}

void own_traffic_note(const char *client, uint16_t client_port, const char *server, uint16_t server_port,
                      uint64_t now_monotonic_ns)
{
    struct conversation *set = table[client_port % SETS], *place = set;
    if (strlen(client) >= IP_TEXT_MAX || strlen(server) >= IP_TEXT_MAX)
        return;
    pthread_mutex_lock(&table_lock);
    for (unsigned i = 0; i < WAYS; i++) {
        if (conversation_is(&set[i], client, client_port, server, server_port)) {
            place = &set[i];
            break;
        }
        if (set[i].noted_ns < place->noted_ns)
            place = &set[i];
    }
    strcpy(place->client, client);
    strcpy(place->server, server);
    place->client_port = client_port;
    place->server_port = server_port;
    place->noted_ns = now_monotonic_ns;
    pthread_mutex_unlock(&table_lock);
    atomic_fetch_or(&sets_used, UINT64_C(1) << client_port % SETS);
}

static bool end_format(const struct sockaddr_storage *end, struct span_address *ret_address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)end;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)end;
    uint8_t address[16] = {0};
    if (end->ss_family == AF_INET)
        memcpy(address, &v4->sin_addr, sizeof v4->sin_addr);
    else if (end->ss_family == AF_INET6)
        memcpy(address, &v6->sin6_addr, sizeof address);
    else
        return false;
    address_format_ip((uint8_t)end->ss_family, address, ntohs(end->ss_family == AF_INET ? v4->sin_port : v6->sin6_port),
                      ret_address);
    return true;
}

void own_traffic_note_accepted(int fd, uint64_t now_monotonic_ns)
{
    struct sockaddr_storage peer, mine;
    struct span_address client, server;
    socklen_t peer_size = sizeof peer, mine_size = sizeof mine;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
        getsockname(fd, (struct sockaddr *)&mine, &mine_size) == 0 && end_format(&peer, &client) &&
        end_format(&mine, &server))
        own_traffic_note(client.text, client.port, server.text, server.port, now_monotonic_ns);
}

bool own_traffic_has(const struct span *span)
{
    const struct conversation *set = table[span->client.port % SETS];
    if (!(atomic_load_explicit(&sets_used, memory_order_relaxed) >> span->client.port % SETS & 1))
        return false;
    bool has = false;
    pthread_mutex_lock(&table_lock);
    for (unsigned i = 0; i < WAYS && !has; i++)
        has = conversation_is(&set[i], span->client.text, span->client.port, span->server.text, span->server.port) &&
              span->start_monotonic_ns + HURRY_NS >= set[i].noted_ns &&
              span->start_monotonic_ns <= set[i].noted_ns + WINDOW_NS;
    pthread_mutex_unlock(&table_lock);
    return has;
}
