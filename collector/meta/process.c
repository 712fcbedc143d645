// Processes by pid, in a fixed table; see process.h. Called by intake (facts, exits) and by conn/ (find, for each
// record). One thread.
#include <errno.h>
#include "collector/core/clock.h"
#include "collector/core/hash.h"
#include "collector/meta/naming.h"
#include "collector/meta/process_table.h"

#define KEEP_ENDED_NS   (10 * NS_PER_SEC)
#define KEEP_WAITING_NS NS_PER_SEC // of processes that nothing is known of but what they execute and say

int process_table_new(struct process_table **ret_table, const char *forced_service_name, const char *host_id,
                      unsigned max)
{
    struct process_table *table = calloc(1, sizeof *table);
    if (!table)
        return -ENOMEM;
    uint32_t buckets = hash_buckets(max);
    table->mask = buckets - 1;
    table->max = max;
    table->entries = calloc(max ? max : 1, sizeof *table->entries);
    table->buckets = calloc(buckets, sizeof *table->buckets);
    table->host_id = strdup(host_id ? host_id : "");
    int r = service_table_new(&table->services, max);
    if (r == 0)
        r = process_table_names(table, forced_service_name, NULL, 0);
    if (r < 0 || !table->entries || !table->buckets || !table->host_id) {
        process_table_free(table);
        return -ENOMEM;
    }
    *ret_table = table;
    return 0;
}

static void entry_release(struct process_entry *entry)
{
    environment_release(entry->environment);
    free(entry->cgroup);
}

void process_table_free(struct process_table *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; table->entries && i < table->high; i++)
        entry_release(&table->entries[i]);
    service_table_free(table->services);
    free(table->entries);
    free(table->buckets);
    free(table->forced_name);
    free(table->host_id);
    free(table);
}

void process_table_source(struct process_table *table, process_source_fn *source, void *context)
{
    table->source = source;
    table->source_context = context;
}

int process_table_names(struct process_table *table, const char *forced_service_name, const struct naming_rule *rules,
                        unsigned count)
{
    char *copy = forced_service_name ? strdup(forced_service_name) : NULL;
    if (forced_service_name && !copy)
        return -ENOMEM;
    free(table->forced_name);
    table->forced_name = copy;
    table->rules = rules;
    table->rule_count = count;
    for (uint32_t i = 0; i < table->high; i++) {
        struct process_entry *entry = &table->entries[i];
        if (entry->used && !entry->ended && process_assign(table, entry) < 0)
            break; // full: the rest keep the service they have
    }
    return 0;
}

static uint32_t *bucket_of(const struct process_table *table, uint32_t pid)
{
    return &table->buckets[(pid * UINT32_C(0x9e3779b1) >> 8) & table->mask];
}

struct process_entry *process_entry_find(const struct process_table *table, uint32_t pid)
{
    for (uint32_t at = *bucket_of(table, pid); at; at = table->entries[at - 1].next)
        if (table->entries[at - 1].process.pid == pid)
            return &table->entries[at - 1];
    return NULL;
}

const struct process *process_table_find(const struct process_table *table, uint32_t pid)
{
    struct process_entry *entry = process_entry_find(table, pid);
    return entry && entry->process.service ? &entry->process : NULL;
}

static void entry_drop(struct process_table *table, struct process_entry *entry)
{
    uint32_t at = (uint32_t)(entry - table->entries) + 1;
    uint32_t *link = bucket_of(table, entry->process.pid);
    while (*link != at)
        link = &table->entries[*link - 1].next;
    *link = entry->next;
    entry_release(entry);
    *entry = (struct process_entry){.next = table->free};
    table->free = at;
}

// Makes room by forgetting the process that ended first.
static void entry_evict(struct process_table *table)
{
    struct process_entry *oldest = NULL;
    for (uint32_t i = 0; i < table->high; i++) {
        struct process_entry *entry = &table->entries[i];
        if (entry->used && entry->ended && (!oldest || entry->ended_ns < oldest->ended_ns))
            oldest = entry;
    }
    if (oldest)
        entry_drop(table, oldest);
}

// A new entry, not yet findable.
static struct process_entry *entry_take(struct process_table *table)
{
    if (!table->free && table->high == table->max)
        entry_evict(table);
    if (table->free) {
        struct process_entry *entry = &table->entries[table->free - 1];
        table->free = entry->next;
        *entry = (struct process_entry){0};
        return entry;
    }
    return table->high < table->max ? &table->entries[table->high++] : NULL;
}

static void entry_return(struct process_table *table, struct process_entry *entry)
{
    entry_release(entry);
    *entry = (struct process_entry){.next = table->free};
    table->free = (uint32_t)(entry - table->entries) + 1;
}

static void entry_link(struct process_table *table, struct process_entry *entry)
{
    uint32_t *bucket = bucket_of(table, entry->process.pid);
    entry->used = true;
    entry->next = *bucket;
    *bucket = (uint32_t)(entry - table->entries) + 1;
}

static void port_add(struct process_entry *entry, uint16_t port)
{
    if (!port)
        return;
    if (!entry->own_port || port < entry->own_port)
        entry->own_port = port;
    for (unsigned i = 0; i < entry->port_count; i++)
        if (entry->ports[i] == port)
            return;
    if (entry->port_count < PROCESS_PORTS_MAX)
        entry->ports[entry->port_count++] = port;
}

static void facts_apply(struct process_entry *entry, const struct process_facts *facts)
{
    struct process *process = &entry->process;
    char exe[PROCESS_EXE_MAX];
    size_t n = facts->exe.n < sizeof exe - 1 ? facts->exe.n : sizeof exe - 1;
    memcpy(exe, facts->exe.p ? facts->exe.p : "", n);
    exe[n] = 0;
    if (strcmp(exe, process->exe) != 0) {
        entry->own_port = 0;
        entry->port_count = 0;
        entry->language = EXECUTABLE_UNKNOWN;
        entry->runtime_version[0] = 0;
    }
    port_add(entry, facts->listen_port);
    memcpy(process->exe, exe, sizeof exe);
    naming_copy(process->comm, sizeof process->comm, facts->comm);
    process->pid = facts->pid;
    process->parent_pid = facts->parent_pid;
    process->start_ns = facts->start_ns;
}

// What a forked child has not said itself, because it executed nothing, its parent has said.
static void environment_inherit(const struct process_table *table, struct process_entry *entry)
{
    const struct process_entry *parent = process_entry_find(table, entry->process.parent_pid);
    if (!entry->environment && parent && parent != entry && process_same_exe(parent, entry))
        entry->environment = environment_share(parent->environment);
}

// Of a process that the loader could not look at any more it tells the comm in the place of a path.
static bool told_late(const struct process_facts *facts)
{
    return !facts->exe.n || !memchr(facts->exe.p, '/', facts->exe.n);
}

// What it executed then, if it was only forked: its parent's file.
static struct str exe_late(const struct process_table *table, const struct process_facts *facts)
{
    const struct process_entry *parent = process_entry_find(table, facts->parent_pid);
    bool forked = parent && parent->process.service && str_equal(str_from(parent->process.comm), facts->comm);
    return forked ? str_from(parent->process.exe) : facts->exe;
}

// It lives: it was new, waited for its facts, or is observed again after it was not for a while.
static void entry_enliven(struct process_table *table, struct process_entry *entry, bool linked)
{
    if (!linked)
        entry_link(table, entry);
    entry->ended = false;
    table->live++;
}

int process_table_update(struct process_table *table, const struct process_facts *told)
{
    struct process_facts copy = *told, *facts = &copy;
    struct process_entry *entry = process_entry_find(table, facts->pid);
    if (entry && entry->process.start_ns != facts->start_ns) { // its number was given to another process
        process_table_exit(table, facts->pid, 0);
        entry_drop(table, entry);
        entry = NULL;
    }
    if (entry)
        entry->told = table->walk;
    if (entry && entry->process.service && told_late(facts))
        return 0;
    if (!entry && told_late(facts))
        facts->exe = exe_late(table, facts);
    uint16_t port_before = entry ? entry->process.listen_port : 0;
    bool linked = entry, asleep = !entry || entry->ended;
    if (!entry)
        entry = entry_take(table);
    if (!entry)
        return -ENOSPC;
    entry->told = table->walk;
    facts_apply(entry, facts);
    if (asleep && entry->process.service)
        entry->process.service->processes++; // as before it ended
    else if (asleep)
        environment_inherit(table, entry);
    if (process_assign(table, entry) < 0) { // only one without a service can fail
        if (!linked)
            entry_return(table, entry);
        return -ENOSPC;
    }
    if (asleep)
        entry_enliven(table, entry, linked);
    if (entry->process.listen_port != port_before)
        process_assign_children(table, entry);
    return 0;
}

// The entry of this very process, or a new one that waits for its facts; NULL: of another time, or no room.
static struct process_entry *entry_expect(struct process_table *table, uint32_t pid, uint64_t start_ns, uint64_t now_ns)
{
    struct process_entry *entry = process_entry_find(table, pid);
    if (entry && entry->process.start_ns == start_ns)
        return entry;
    if (entry && !entry->ended)
        return NULL;
    if (entry)
        entry_drop(table, entry);
    entry = entry_take(table);
    if (!entry)
        return NULL;
    entry->process.pid = pid;
    entry->process.start_ns = start_ns;
    entry->ended = true; // until its facts come
    entry->ended_ns = now_ns - (KEEP_ENDED_NS - KEEP_WAITING_NS);
    entry_link(table, entry);
    return entry;
}

static void environment_set(struct process_table *table, struct process_entry *entry, struct environment *environment)
{
    bool changes = entry->environment || environment;
    environment_release(entry->environment);
    entry->environment = environment;
    if (changes && entry->process.service && !entry->ended && process_assign(table, entry) == 0)
        process_assign_children(table, entry);
}

void process_table_executed(struct process_table *table, const struct process_executed *executed, uint64_t now_ns)
{
    struct process_entry *entry = entry_expect(table, executed->pid, executed->start_ns, now_ns);
    char *cgroup = entry ? strndup(executed->cgroup.p, executed->cgroup.n) : NULL;
    if (!cgroup)
        return;
    free(entry->cgroup);
    entry->cgroup = cgroup;
    environment_set(table, entry, NULL);
}

void process_table_environment(struct process_table *table, const struct process_environment *said, uint64_t now_ns)
{
    struct process_entry *entry = entry_expect(table, said->pid, said->start_ns, now_ns);
    if (!entry)
        return;
    if (!entry->process.service)
        entry->ended_ns = now_ns; // it waits longer: few say anything
    environment_set(table, entry, environment_new(said->service_name, said->attributes));
}

void process_table_executable(struct process_table *table, const struct process_executable *found)
{
    struct process_entry *entry = process_entry_find(table, found->pid);
    if (!entry || entry->ended || entry->process.start_ns != found->start_ns)
        return;
    entry->language = found->executable.language;
    memcpy(entry->runtime_version, found->executable.version, found->executable.version_size);
    entry->runtime_version[found->executable.version_size] = 0;
    process_describe(entry);
}

void process_table_exit(struct process_table *table, uint32_t pid, uint64_t now_ns)
{
    struct process_entry *entry = process_entry_find(table, pid);
    if (!entry || entry->ended)
        return;
    entry->ended = true;
    entry->ended_ns = now_ns;
    entry->process.service->processes--;
    table->live--;
}

void process_table_walk(struct process_table *table, bool ends, uint64_t now_ns)
{
    for (uint32_t i = 0; ends && table->walking && i < table->high; i++) {
        const struct process_entry *entry = &table->entries[i];
        if (entry->used && !entry->ended && entry->told != table->walk)
            process_table_exit(table, entry->process.pid, now_ns);
    }
    table->walk += !ends;
    table->walking = !ends;
}

void process_table_expire(struct process_table *table, uint64_t now_ns)
{
    for (uint32_t i = 0; i < table->high; i++) {
        struct process_entry *entry = &table->entries[i];
        if (entry->used && entry->ended && now_ns > entry->ended_ns + KEEP_ENDED_NS)
            entry_drop(table, entry);
    }
}

unsigned process_table_live(const struct process_table *table)
{
    return table->live;
}

const struct service *process_table_service(const struct process_table *table, uint32_t index)
{
    return service_table_at(table->services, index);
}
