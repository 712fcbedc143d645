// Processes by pid and services by instance, both in fixed tables; see process.h. Called by intake (facts, exits) and
// by conn/ (find, for each record). One thread.
#include "collector/meta/process.h"

#include <errno.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/meta/cmdline.h"
#include "collector/meta/naming.h"
#include "collector/meta/uuid.h"

#define KEEP_ENDED_NS (10 * NS_PER_SEC)

struct process_entry {
    struct process process;
    uint64_t ended_ns; // when it ended, if it did
    uint32_t next;     // in its bucket or the free list: entry + 1
    uint16_t own_port; // process.listen_port may be its parent's
    uint8_t language;  // enum executable_language, of what it executes
    char runtime_version[EXECUTABLE_VERSION_MAX + 1];
    bool used, ended;
};

struct service_entry {
    struct service service;
    struct service_entry *next; // in its bucket
};

struct process_table {
    struct process_entry *entries;
    uint32_t *buckets;               // entry + 1
    struct service_entry **services; // by index
    struct service_entry **service_buckets;
    uint32_t mask, max, high, free, live, service_count;
    char *forced_name, *host_id;
    process_cmdline_fn *cmdline_source; // NULL: /proc
    void *cmdline_context;
};

int process_table_new(struct process_table **ret_table, const char *forced_service_name, const char *host_id,
                      unsigned max)
{
    struct process_table *table = calloc(1, sizeof *table);
    if (!table)
        return -ENOMEM;
    uint32_t buckets = 16;
    while (buckets < max && buckets < UINT32_C(1) << 22)
        buckets *= 2;
    table->mask = buckets - 1;
    table->max = max;
    table->entries = calloc(max ? max : 1, sizeof *table->entries);
    table->buckets = calloc(buckets, sizeof *table->buckets);
    table->services = calloc(max ? max : 1, sizeof *table->services);
    table->service_buckets = calloc(buckets, sizeof *table->service_buckets);
    table->host_id = strdup(host_id ? host_id : "");
    table->forced_name = forced_service_name ? strdup(forced_service_name) : NULL;
    if (!table->entries || !table->buckets || !table->services || !table->service_buckets || !table->host_id ||
        (forced_service_name && !table->forced_name)) {
        process_table_free(table);
        return -ENOMEM;
    }
    *ret_table = table;
    return 0;
}

void process_table_free(struct process_table *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; i < table->service_count; i++)
        free(table->services[i]);
    free(table->entries);
    free(table->buckets);
    free(table->services);
    free(table->service_buckets);
    free(table->forced_name);
    free(table->host_id);
    free(table);
}

void process_table_cmdline_source(struct process_table *table, process_cmdline_fn *source, void *context)
{
    table->cmdline_source = source;
    table->cmdline_context = context;
}

static uint32_t *bucket_of(const struct process_table *table, uint32_t pid)
{
    return &table->buckets[(pid * UINT32_C(0x9e3779b1) >> 8) & table->mask];
}

static struct process_entry *entry_find(const struct process_table *table, uint32_t pid)
{
    for (uint32_t at = *bucket_of(table, pid); at; at = table->entries[at - 1].next)
        if (table->entries[at - 1].process.pid == pid)
            return &table->entries[at - 1];
    return NULL;
}

const struct process *process_table_find(const struct process_table *table, uint32_t pid)
{
    struct process_entry *entry = entry_find(table, pid);
    return entry ? &entry->process : NULL;
}

static void entry_drop(struct process_table *table, struct process_entry *entry)
{
    uint32_t at = (uint32_t)(entry - table->entries) + 1;
    uint32_t *link = bucket_of(table, entry->process.pid);
    while (*link != at)
        link = &table->entries[*link - 1].next;
    *link = entry->next;
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
    *entry = (struct process_entry){.next = table->free};
    table->free = (uint32_t)(entry - table->entries) + 1;
}

// host.id, namespace, name and port (or executable), each on its own line, are what makes an instance.
static void instance_name(const struct process_table *table, const struct process *process,
                          const struct service *service, char *ret_id)
{
    char text[PROCESS_EXE_MAX + 4 * SERVICE_NAME_MAX], port[8];
    snprintf(port, sizeof port, "%u", process->listen_port);
    int n = snprintf(text, sizeof text, "%.*s\n%s\n%s\n%s", SERVICE_NAME_MAX, table->host_id, service->namespace_,
                     service->name, process->listen_port ? port : process->exe);
    uuid_v5(uuid_namespace_instance, (struct str){text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1}, ret_id);
}

static struct service_entry **service_bucket(const struct process_table *table, const char *instance_id)
{
    uint32_t hash = 2166136261u;
    for (const char *c = instance_id; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return &table->service_buckets[hash & table->mask];
}

// Of an interpreter: which program it runs. 0 bytes if it is already gone, or hidden: its own name must do.
static size_t cmdline_of(const struct process_table *table, uint32_t pid, char *buffer, size_t size)
{
    size_t n;
    int r = table->cmdline_source ? table->cmdline_source(table->cmdline_context, pid, buffer, size, &n)
                                  : cmdline_read(pid, buffer, size, &n);
    return r < 0 ? 0 : n;
}

// The service this process belongs to now, made if it is the first; NULL if there are too many or no memory.
static struct service *service_of(struct process_table *table, const struct process *process)
{
    struct service wanted = {.language = NULL};
    struct str exe = str_from(process->exe);
    char cmdline[CMDLINE_MAX];
    size_t n = 0;
    if (!table->forced_name && naming_language(exe))
        n = cmdline_of(table, process->pid, cmdline, sizeof cmdline);
    naming_copy(wanted.name, sizeof wanted.name,
                table->forced_name ? str_from(table->forced_name) : naming_service(exe, (struct str){cmdline, n}));
    if (!wanted.name[0])
        naming_copy(wanted.name, sizeof wanted.name, str_from(process->comm[0] ? process->comm : "unknown_service"));
    instance_name(table, process, &wanted, wanted.instance_id);

    struct service_entry **bucket = service_bucket(table, wanted.instance_id);
    for (struct service_entry *entry = *bucket; entry; entry = entry->next)
        if (strcmp(entry->service.instance_id, wanted.instance_id) == 0)
            return &entry->service;
    struct service_entry *entry = table->service_count < table->max ? calloc(1, sizeof *entry) : NULL;
    if (!entry)
        return NULL;
    naming_copy(wanted.exe_name, sizeof wanted.exe_name, naming_exe_base(exe));
    wanted.index = table->service_count;
    entry->service = wanted;
    entry->next = *bucket;
    *bucket = entry;
    table->services[table->service_count++] = entry;
    return &entry->service;
}

// The service's language and runtime, from one of its processes. What the file is counts for more than what it is
// called; but interpreters that carry no mark of theirs look like the C or C++ that they are made of.
static void service_describe(struct service *service, const struct process_entry *entry)
{
    const char *language = executable_language_name(entry->language);
    const char *by_name = naming_language(str_from(entry->process.exe));
    if (by_name && (!language || entry->language == EXECUTABLE_C || entry->language == EXECUTABLE_CPP))
        language = by_name;
    if (language)
        service->language = language;
    if (entry->runtime_version[0])
        memcpy(service->runtime_version, entry->runtime_version, sizeof service->runtime_version);
}

static bool exe_same(const struct process *a, const struct process *b)
{
    return strcmp(a->exe, b->exe) == 0;
}

// A worker serves on the listener that its parent opened.
static uint16_t port_of(const struct process_table *table, const struct process_entry *entry)
{
    const struct process_entry *parent = entry_find(table, entry->process.parent_pid);
    if (entry->own_port || !parent || parent == entry || !exe_same(&parent->process, &entry->process))
        return entry->own_port;
    return parent->process.listen_port;
}

// Puts a live process under the service that its facts make it belong to. 0 or -ENOSPC.
static int entry_assign(struct process_table *table, struct process_entry *entry)
{
    entry->process.listen_port = port_of(table, entry);
    struct service *service = service_of(table, &entry->process);
    if (!service)
        return entry->process.service ? 0 : -ENOSPC; // it keeps the one it has
    if (entry->process.service)
        entry->process.service->processes--;
    entry->process.service = service;
    service->processes++;
    service_describe(service, entry);
    return 0;
}

// Workers that were forked before their parent listened.
static void children_assign(struct process_table *table, const struct process_entry *parent)
{
    for (uint32_t i = 0; i < table->high; i++) {
        struct process_entry *entry = &table->entries[i];
        bool child = entry->used && !entry->ended && entry != parent && !entry->own_port &&
                     entry->process.parent_pid == parent->process.pid && exe_same(&entry->process, &parent->process);
        if (child && entry->process.listen_port != parent->process.listen_port && entry_assign(table, entry) < 0)
            return;
    }
}

static void facts_apply(struct process_entry *entry, const struct process_facts *facts)
{
    struct process *process = &entry->process;
    char exe[PROCESS_EXE_MAX];
    size_t n = facts->exe.n < sizeof exe - 1 ? facts->exe.n : sizeof exe - 1;
    memcpy(exe, facts->exe.p ? facts->exe.p : "", n);
    exe[n] = 0;
    bool same = strcmp(exe, process->exe) == 0;
    if (!same) {
        entry->own_port = facts->listen_port;
        entry->language = EXECUTABLE_UNKNOWN;
        entry->runtime_version[0] = 0;
    } else if (facts->listen_port && (!entry->own_port || facts->listen_port < entry->own_port))
        entry->own_port = facts->listen_port;
    memcpy(process->exe, exe, sizeof exe);
    naming_copy(process->comm, sizeof process->comm, facts->comm);
    process->pid = facts->pid;
    process->parent_pid = facts->parent_pid;
    process->start_ns = facts->start_ns;
}

int process_table_update(struct process_table *table, const struct process_facts *facts)
{
    struct process_entry *entry = entry_find(table, facts->pid);
    if (entry &&
        (entry->ended || entry->process.start_ns != facts->start_ns)) { // its number was given to another process
        process_table_exit(table, facts->pid, 0);
        entry_drop(table, entry);
        entry = NULL;
    }
    uint16_t port_before = entry ? entry->process.listen_port : 0;
    bool fresh = !entry;
    if (fresh)
        entry = entry_take(table);
    if (!entry)
        return -ENOSPC;
    facts_apply(entry, facts);
    if (entry_assign(table, entry) < 0) {
        entry_return(table, entry); // only a fresh one can fail
        return -ENOSPC;
    }
    if (fresh) {
        uint32_t *bucket = bucket_of(table, facts->pid);
        entry->used = true;
        entry->next = *bucket;
        *bucket = (uint32_t)(entry - table->entries) + 1;
        table->live++;
    }
    if (entry->process.listen_port != port_before)
        children_assign(table, entry);
    return 0;
}

void process_table_executable(struct process_table *table, const struct process_executable *found)
{
    struct process_entry *entry = entry_find(table, found->pid);
    if (!entry || entry->ended || entry->process.start_ns != found->start_ns)
        return;
    entry->language = found->executable.language;
    memcpy(entry->runtime_version, found->executable.version, found->executable.version_size);
    entry->runtime_version[found->executable.version_size] = 0;
    service_describe(entry->process.service, entry);
}

void process_table_exit(struct process_table *table, uint32_t pid, uint64_t now_ns)
{
    struct process_entry *entry = entry_find(table, pid);
    if (!entry || entry->ended)
        return;
    entry->ended = true;
    entry->ended_ns = now_ns;
    entry->process.service->processes--;
    table->live--;
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
    return index < table->service_count ? &table->services[index]->service : NULL;
}
