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
#include "collector/intake/ring.h"
#include "collector/intake/session.h"
#include "common/lib/log.h"

#define DRAIN_BUSY_NS (10 * NS_PER_MS)
#define DRAIN_IDLE_NS (100 * NS_PER_MS)
#define DRAIN_LATE_NS (2 * NS_PER_SEC) // something is wrong
#define RINGS_MAX     16
#define RECORDS_PER_TURN                                                                                               \
    65536 // more than all rings hold: who writes faster than we read does not get the loop for good
// With several rings, records younger than this wait for the next turn: an older one may still be on its way in another
// ring.
#define MERGE_SLACK_NS   (NS_PER_MS / 5)
#define EMITTED_AHEAD_NS NS_PER_SEC // later than this after now, no record was emitted

struct intake {
    struct loop *loop;
    struct session *session;
    struct intake_receiver receiver;
    struct self *self;
    struct ring ring[RINGS_MAX];
    unsigned rings;
    const struct counters *counters; // one per CPU
    size_t cpus;
    int timer;
    uint64_t period_ns;
    uint64_t drained_ns; // when the rings were looked at last
    bool attached;
};

// The ring whose next record was emitted first; NULL if none has one older than `before`.
static struct ring *oldest_ring(struct intake *intake, uint64_t before, const void **ret_record, uint32_t *ret_size)
{
    struct ring *oldest = NULL;
    uint64_t first = before;

    if (intake->rings == 1) {
        *ret_record = ring_peek(intake->ring, ret_size, &intake->self->unparsed[SELF_UNPARSED_BAD_RECORD]);
        return *ret_record ? intake->ring : NULL;
    }
    for (unsigned i = 0; i < intake->rings; i++) {
        uint32_t size;
        const void *record = ring_peek(&intake->ring[i], &size, &intake->self->unparsed[SELF_UNPARSED_BAD_RECORD]);
        if (!record)
            continue;
        uint64_t emitted = record_emitted(record, size); // a bad one is passed on to be counted
        if (emitted > intake->drained_ns + EMITTED_AHEAD_NS)
            emitted = 0; // nonsense, which must not hold up what is behind it
        if (emitted >= first && oldest)
            continue;
        if (emitted >= before)
            continue;
        first = emitted;
        oldest = &intake->ring[i];
        *ret_record = record;
        *ret_size = size;
    }
    return oldest;
}

// How full the rings were found, for an operator: before a drain.
static void fill_note(struct intake *intake)
{
    for (unsigned i = 0; i < intake->rings; i++) {
        uint64_t filled = ring_filled(&intake->ring[i]);
        if (filled > intake->self->ring_high_water_bytes && filled <= intake->ring[i].size)
            intake->self->ring_high_water_bytes = filled;
    }
}

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
    for (unsigned i = 0; i < intake->rings; i++) {
        struct ring ahead = intake->ring[i];
        uint64_t nowhere = 0;
        const void *record;
        uint32_t size;
        ahead.consumer = &nowhere; // nothing is taken out
        for (; (record = ring_peek(&ahead, &size, &nowhere)); ring_next(&ahead, size))
            (void)process_record_receive(intake, record, size);
    }
}

static unsigned rings_drain(struct intake *intake, uint64_t before)
{
    const void *record;
    struct ring *ring;
    uint32_t size;
    unsigned count = 0;

    fill_note(intake);
    intake->drained_ns = clock_monotonic_ns();
    while (count < RECORDS_PER_TURN && (ring = oldest_ring(intake, before, &record, &size))) {
        // Checked and used in place: only the kernel writes there (map_fd.h), and not before ring_next.
        bool exchange = record_check(record, size);
        if (exchange && !count)
            delay_note(intake, record_emitted(record, size));
        if (exchange) {
            intake->receiver.record(intake->receiver.context, record);
        } else if (!process_record_receive(intake, record, size)) {
            intake->self->unparsed[SELF_UNPARSED_BAD_RECORD]++;
        }
        ring_next(ring, size);
        count++;
    }
    for (unsigned i = 0; i < intake->rings; i++)
        ring_publish(&intake->ring[i]);
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
    bool lost = intake->counters && mapping_lost(intake->counters);
    for (unsigned i = 0; i < RINGS_MAX; i++)
        lost = lost || (intake->ring[i].fd >= 0 && ring_lost(&intake->ring[i]));
    if (!lost)
        return;
    intake->self->unparsed[SELF_UNPARSED_RING_LOST]++;
    session_refuse(intake->session, "a map of its went away under us");
}

static void intake_tick(void *context)
{
    struct intake *intake = context;
    uint64_t before = intake->rings > 1 ? clock_monotonic_ns() - MERGE_SLACK_NS : UINT64_MAX;
    unsigned count = rings_drain(intake, before);

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
    for (unsigned i = 0; i < RINGS_MAX; i++) {
        if (intake->ring[i].fd >= 0)
            loop_fd_remove(intake->loop, intake->ring[i].fd);
        ring_close(&intake->ring[i]);
    }
    intake->rings = 0;
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

static int map_received(void *context, const struct message_map_fd *map, int fd)
{
    struct intake *intake = context;
    cleanup_fd int owned = fd;
    int r = map_fd_check(owned, map->map, map->size);

    if (r < 0)
        return r;
    if (map->map == MESSAGE_MAP_COUNTERS)
        return counters_open(intake, owned, map->size);
    if (map->index >= RINGS_MAX)
        return -ERANGE;
    struct ring *ring = &intake->ring[map->index];
    if (ring->fd >= 0)
        return -EEXIST;
    r = ring_open(ring, fd_take(&owned), map->size);
    if (r == 0) {
        r = loop_fd_add(intake->loop, ring->fd, EPOLLIN | EPOLLET, ring_filling, intake);
        if (r < 0)
            ring_close(ring);
    }
    return r;
}

static int ready_received(void *context, unsigned rings)
{
    struct intake *intake = context;

    if (rings > RINGS_MAX || !intake->counters)
        return -EBADMSG;
    for (unsigned i = 0; i < rings; i++)
        if (intake->ring[i].fd < 0)
            return -EBADMSG;
    intake->rings = rings;
    intake->attached = true;
    intake->drained_ns = clock_monotonic_ns();
    intake->self->ring_bytes = rings ? intake->ring[0].size : 0;
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

    rings_drain(intake, UINT64_MAX);
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
    for (unsigned i = 0; i < RINGS_MAX; i++)
        intake->ring[i].fd = -1;
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
    if (now_ns > intake->drained_ns && now_ns - intake->drained_ns > DRAIN_LATE_NS)
        return "the rings were not drained lately";
    return NULL;
}

uint32_t intake_loader_pid(const struct intake *intake)
{
    return session_peer(intake->session);
}

uint64_t intake_drained_ns(const struct intake *intake)
{
    return intake->drained_ns;
}

void intake_drain(struct intake *intake)
{
    rings_drain(intake, UINT64_MAX);
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
