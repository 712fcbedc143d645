// Rings and conversation put together; see intake.h. The rings are drained on a timer: often while there is traffic,
// seldom while there is none, and at once when the kernel says that a ring fills up.
#include "collector/intake/intake.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include "collector/core/clock.h"
#include "collector/intake/check.h"
#include "collector/intake/map_fd.h"
#include "collector/intake/mapping.h"
#include "collector/intake/rings.h"
#include "collector/intake/session.h"

#define DRAIN_BUSY_NS (10 * NS_PER_MS)
#define DRAIN_IDLE_NS (100 * NS_PER_MS)
#define DRAIN_LATE_NS (2 * NS_PER_SEC) // something is wrong
#define RECORDS_MANY  256
#define RECORDS_PER_TURN                                                                                               \
    65536 // more than all rings hold: who writes faster than we read does not get the loop for good

struct intake {
    struct loop *loop;
    struct session *session;
    struct intake_receiver receiver;
    struct self *self;
    struct rings rings;
    const struct counters *counters; // one per CPU
    size_t cpus;
    int timer;
    uint64_t period_ns;
    bool attached;
};

// How long the oldest record had waited when its drain came.
static void delay_note(struct intake *intake, uint64_t emitted)
{
    uint64_t now = clock_monotonic_ns(), delay = now > emitted ? now - emitted : 0;

    intake->self->drain_delay_ns = delay;
    if (delay > intake->self->drain_delay_max_ns)
        intake->self->drain_delay_max_ns = delay;
}

// False if it is none of the records that tell of a process.
static bool process_record_receive(struct intake *intake, const void *record, uint32_t size)
{
    const struct intake_receiver *receiver = &intake->receiver;

    if (environment_record_check(record, size)) {
        const struct environment_record *said = record;
        struct process_environment environment = {
            said->pid, said->start, {said->name, said->name_size}, {said->attributes, said->attributes_size}};
        receiver->environment(receiver->context, &environment);
        return true;
    }
    if (executed_record_check(record, size)) {
        const struct executed_record *told = record;
        struct process_executed executed = {
            told->pid, told->start, {told->cgroup, strnlen(told->cgroup, sizeof told->cgroup)}};
        receiver->executed(receiver->context, &executed);
        return true;
    }
    return false;
}

// What processes say of themselves, of all that is in the rings: when we begin, there may be older records before it.
static void environments_look_ahead(struct intake *intake)
{
    rings_look(&intake->rings, true);
    for (unsigned i = 0; i < intake->rings.readings; i++) {
        struct ring ahead = *intake->rings.reading[i];
        uint64_t nowhere = 0;
        const void *record;
        uint32_t size;
        ahead.consumer = &nowhere; // nothing is taken out
        for (; (record = ring_peek(&ahead, &size, &nowhere)); ring_next(&ahead, size))
            (void)process_record_receive(intake, record, size);
    }
}

// Checked and used in place: only the kernel writes there (map_fd.h), and not before it is told. *waited: the drain's
// first exchange, which waited longest, is yet to come.
static void record_receive(struct intake *intake, const void *record, uint32_t size, bool *waited)
{
    if (!record_check(record, size)) {
        if (!process_record_receive(intake, record, size))
            intake->self->unparsed[SELF_UNPARSED_BAD_RECORD]++;
        return;
    }
    if (*waited)
        delay_note(intake, record_emitted(record, size));
    *waited = false;
    intake->receiver.record(intake->receiver.context, record);
}

// Once more if much came meanwhile: then we are late.
static unsigned rings_drain(struct intake *intake, bool all)
{
    struct rings *rings = &intake->rings;
    const void *record;
    uint32_t size;
    unsigned count = 0, before;
    bool waited = true;

    do {
        before = count;
        rings_look(rings, all);
        while (count < RECORDS_PER_TURN && (record = rings_peek(rings, &size))) {
            record_receive(intake, record, size, &waited);
            rings_next(rings, size);
            count++;
        }
        rings_publish(rings);
    } while (count - before >= RECORDS_MANY && count < RECORDS_PER_TURN);
    return count;
}

static void period_set(struct intake *intake, uint64_t period_ns)
{
    if (intake->period_ns == period_ns)
        return;
    intake->period_ns = period_ns;
    loop_timer_period(intake->loop, intake->timer, period_ns);
}

static void lost_check(struct intake *intake)
{
    if (!(intake->counters && mapping_lost(intake->counters)) && !rings_lost(&intake->rings))
        return;
    intake->self->unparsed[SELF_UNPARSED_RING_LOST]++;
    session_refuse(intake->session, "a map of its went away under us");
}

static void intake_tick(void *context)
{
    struct intake *intake = context;
    unsigned count = rings_drain(intake, false);

    period_set(intake, count                                   ? DRAIN_BUSY_NS
                       : intake->period_ns * 2 < DRAIN_IDLE_NS ? intake->period_ns * 2
                                                               : DRAIN_IDLE_NS);
    intake->receiver.drained(intake->receiver.context);
    lost_check(intake);
}

static void ring_filling(void *context, uint32_t events)
{
    intake_tick(context);
}

static void maps_close(struct intake *intake)
{
    for (unsigned i = 0; i < RINGS_MAX; i++)
        if (intake->rings.ring[i].fd >= 0)
            loop_fd_remove(intake->loop, intake->rings.ring[i].fd);
    rings_close(&intake->rings);
    mapping_free(intake->counters);
    intake->counters = NULL;
}

static int counters_open(struct intake *intake, int fd, size_t size)
{
    if (intake->counters)
        return -EEXIST;
    intake->counters = mapping_new(fd, size, PROT_READ, 0);
    intake->cpus = size / sizeof *intake->counters;
    return intake->counters ? 0 : -errno;
}

static int ring_received(struct intake *intake, int fd, const struct message_map_fd *map)
{
    cleanup_fd int owned = fd;
    if (map->index >= RINGS_MAX)
        return -ERANGE;
    struct ring *ring = &intake->rings.ring[map->index];
    if (ring->fd >= 0)
        return -EEXIST;
    int r = ring_open(ring, fd_take(&owned), map->size);
    if (r == 0) {
        r = loop_fd_add(intake->loop, ring->fd, EPOLLIN | EPOLLET, ring_filling, intake);
        if (r < 0)
            ring_close(ring);
    }
    return r;
}

static int map_received(void *context, const struct message_map_fd *map, int fd)
{
    struct intake *intake = context;
    cleanup_fd int owned = fd;
    int r = map_fd_check(owned, map->map, map->size);

    if (r < 0)
        return r;
    switch (map->map) {
    case MESSAGE_MAP_COUNTERS:
        return counters_open(intake, owned, map->size);
    case MESSAGE_MAP_RESERVE:
        return intake->rings.reserve.fd < 0 ? ring_open_bare(&intake->rings.reserve, fd_take(&owned), map->size)
                                            : -EEXIST;
    default:
        return ring_received(intake, fd_take(&owned), map);
    }
}

static int ready_received(void *context, unsigned rings)
{
    struct intake *intake = context;

    if (rings > RINGS_MAX || !intake->counters)
        return -EBADMSG;
    for (unsigned i = 0; i < rings; i++)
        if (intake->rings.ring[i].fd < 0)
            return -EBADMSG;
    intake->rings.count = rings;
    intake->attached = true;
    // What fits in before something is lost.
    intake->self->ring_bytes = rings ? intake->rings.ring[0].size + intake->rings.reserve.size : 0;
    environments_look_ahead(intake);
    period_set(intake, DRAIN_BUSY_NS);
    intake->receiver.attached(intake->receiver.context);
    return 0;
}

static void process_received(void *context, const struct message_process *process)
{
    struct intake *intake = context;
    struct process_facts facts = {
        .pid = process->pid,
        .parent_pid = process->parent_pid,
        .start_ns = process->start,
        .listen_port = process->listen_port,
        .exe = {process->exe, process->exe_size},
        .comm = {process->comm, strnlen(process->comm, sizeof process->comm)},
    };
    intake->receiver.process(intake->receiver.context, &facts);
}

static void executable_received(void *context, const struct message_executable *message)
{
    struct intake *intake = context;
    struct process_executable found = {
        .pid = message->pid, .start_ns = message->start, .executable = message->executable};
    intake->receiver.executable(intake->receiver.context, &found);
}

static void exit_received(void *context, uint32_t pid)
{
    struct intake *intake = context;
    intake->receiver.process_exit(intake->receiver.context, pid);
}

static void walk_received(void *context, bool ends)
{
    struct intake *intake = context;
    intake->receiver.walk(intake->receiver.context, ends);
}

static void session_ended(void *context)
{
    struct intake *intake = context;
    bool was_attached = intake->attached;

    rings_drain(intake, true);
    intake_counters_refresh(intake);
    intake->attached = false;
    maps_close(intake);
    if (was_attached)
        intake->receiver.detached(intake->receiver.context);
}

int intake_new(struct intake **ret_intake, struct loop *loop, const char *socket_path,
               const struct intake_receiver *receiver, struct self *self)
{
    struct intake *intake = calloc(1, sizeof *intake);
    if (!intake)
        return -ENOMEM;
    intake->loop = loop;
    intake->receiver = *receiver;
    intake->self = self;
    intake->period_ns = DRAIN_IDLE_NS;
    rings_init(&intake->rings, self);
    const struct session_receiver session = {
        .messages = {map_received, ready_received, process_received, executable_received, exit_received, walk_received,
                     intake},
        .ended = session_ended,
    };
    int r = loop_timer_add(loop, intake->period_ns, intake_tick, intake);
    if (r >= 0) {
        intake->timer = r;
        r = session_new(&intake->session, loop, socket_path, &session, self);
    }
    if (r < 0) {
        intake_free(intake);
        return r;
    }
    *ret_intake = intake;
    return 0;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    session_free(intake->session);
    maps_close(intake);
    loop_timer_period(intake->loop, intake->timer, 0);
    free(intake);
}

bool intake_attached(const struct intake *intake)
{
    return intake->attached;
}

const char *intake_not_ready(const struct intake *intake, uint64_t now_ns)
{
    if (!session_connected(intake->session))
        return "not connected to the loader";
    if (!intake->attached)
        return "connected to the loader, which has not attached its probes yet";
    uint64_t looked_ns = intake->rings.looked_ns;
    if (now_ns > looked_ns && now_ns - looked_ns > DRAIN_LATE_NS)
        return "the rings were not drained lately";
    return NULL;
}

uint32_t intake_loader_pid(const struct intake *intake)
{
    return session_peer(intake->session);
}

uint64_t intake_drained_ns(const struct intake *intake)
{
    return intake->rings.looked_ns;
}

void intake_drain(struct intake *intake)
{
    rings_drain(intake, true);
    intake->receiver.drained(intake->receiver.context);
}

void intake_counters_refresh(struct intake *intake)
{
    if (!intake->counters)
        return;
    for (unsigned which = 0; which < COUNTER_MAX; which++) {
        uint64_t sum = 0;
        for (size_t cpu = 0; cpu < intake->cpus; cpu++)
            sum += ((const volatile struct counters *)intake->counters)[cpu].value[which];
        intake->self->kernel[which] = sum;
    }
    intake->self->connections =
        (uint32_t)(intake->self->kernel[COUNTER_CONNECTIONS_OPENED] - intake->self->kernel[COUNTER_CONNECTIONS_CLOSED]);
}
