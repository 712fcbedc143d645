// Which service a process belongs to; see process_table.h. Called by process.c for each event of a process. What is
// read of /proc is foreign text.
#include <errno.h>
#include <stdio.h>
#include "collector/meta/cgroup.h"
#include "collector/meta/language.h"
#include "collector/meta/naming.h"
#include "collector/meta/process_table.h"
#include "collector/meta/uuid.h"

#define LINEAGE_MAX 16

#if defined(__x86_64__)
#define HOST_ARCH "amd64"
#elif defined(__aarch64__)
#define HOST_ARCH "arm64"
#else
#error "which value of host.arch?"
#endif

// host.id, container.id if any, namespace, name and port (or executable), each on its own line, make an instance.
static void instance_name(const struct process_table *table, const struct process *process,
                          const struct service_identity *identity, char ret_id[UUID_TEXT_SIZE])
{
    char text[PROCESS_EXE_MAX + 5 * SERVICE_NAME_MAX], port[8];
    snprintf(port, sizeof port, "%u", process->listen_port);
    int n = snprintf(text, sizeof text, "%.*s\n%s%s%s\n%s\n%s", SERVICE_NAME_MAX, table->host_id,
                     identity->container_id, identity->container_id[0] ? "\n" : "", identity->namespace_,
                     identity->name, process->listen_port ? port : process->exe);
    uuid_v5(uuid_namespace_instance, (struct str){text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1}, ret_id);
}

// Nothing if it is already gone, or hidden.
static struct str file_read(const struct process_table *table, enum proc_file file, uint32_t pid, char *buffer)
{
    size_t n;
    int r = table->source ? table->source(table->source_context, file, pid, buffer, PROC_FILE_BYTES_MAX, &n)
                          : proc_file_read(file, pid, buffer, PROC_FILE_BYTES_MAX, &n);
    return r < 0 ? STR("") : (struct str){buffer, n};
}

static struct process_entry *parent_of(const struct process_table *table, const struct process_entry *entry)
{
    struct process_entry *parent = process_entry_find(table, entry->process.parent_pid);
    return parent != entry ? parent : NULL;
}

bool process_same_exe(const struct process_entry *a, const struct process_entry *b)
{
    return strcmp(a->process.exe, b->process.exe) == 0;
}

// Keeps what was known when the process cannot be asked any more; of a forked one its parent's.
static void cgroup_refresh(const struct process_table *table, struct process_entry *entry)
{
    char text[PROC_FILE_BYTES_MAX];
    struct str path = cgroup_path(file_read(table, PROC_FILE_CGROUP, entry->process.pid, text));
    const struct process_entry *parent = parent_of(table, entry);
    if (!path.n && !entry->cgroup && parent && process_same_exe(parent, entry))
        path = str_from(parent->cgroup);
    char *copy = path.n ? strndup(path.p, path.n) : NULL;
    if (!copy)
        return;
    free(entry->cgroup);
    entry->cgroup = copy;
}

// A worker serves on the listener that its parent opened.
static const struct process_entry *listener_of(const struct process_table *table, const struct process_entry *entry)
{
    const struct process_entry *parent = parent_of(table, entry);
    return entry->own_port || !parent || !process_same_exe(parent, entry) ? entry : parent;
}

static unsigned lineage_find(const struct process_table *table, const struct process_entry *entry,
                             uint32_t ret_pids[LINEAGE_MAX])
{
    unsigned count = 0;
    for (; entry && count < LINEAGE_MAX; entry = parent_of(table, entry))
        ret_pids[count++] = entry->process.pid;
    return count;
}

// The instance this process belongs to now, made if it is the first; NULL if there are too many or no memory.
static struct service *service_of(struct process_table *table, struct process_entry *entry)
{
    const struct process_entry *listener = listener_of(table, entry), *parent = parent_of(table, entry);
    struct str exe = str_from(entry->process.exe);
    bool interpreter = naming_language(exe);
    char arguments[PROC_FILE_BYTES_MAX], id[UUID_TEXT_SIZE];
    struct service_identity identity;
    uint32_t lineage[LINEAGE_MAX];

    cgroup_refresh(table, entry);
    struct service_identity_source source = {
        .forced_name = table->forced_name,
        .host_id = table->host_id,
        .host_arch = HOST_ARCH,
        .rules = table->rules,
        .rule_count = table->rule_count,
        .subject = {.exe = exe,
                    .cgroup = str_from(entry->cgroup),
                    .lineage = lineage,
                    .lineage_count = lineage_find(table, entry, lineage),
                    .ports = listener->ports,
                    .port_count = listener->port_count},
        .comm = str_from(entry->process.comm),
        .said_name = environment_name(entry->environment),
        .said_attributes = environment_attributes(entry->environment),
    };
    if (interpreter && !table->forced_name)
        source.cmdline = file_read(table, PROC_FILE_CMDLINE, entry->process.pid, arguments);
    if (interpreter && parent && parent->process.service && process_same_exe(parent, entry))
        source.parent_name = str_from(parent->process.service->name);
    service_identity_find(&source, &identity);
    instance_name(table, &entry->process, &identity, id);
    return service_table_take(table->services, &identity, identity.instance_id[0] ? identity.instance_id : id,
                              naming_exe_base(exe));
}

// What the file is counts for more than what it is called; but interpreters that carry no mark of theirs look like the
// C or C++ that they are made of.
void process_describe(const struct process_entry *entry)
{
    struct service *service = entry->process.service;
    const char *language = language_name(entry->language);
    const char *by_name = naming_language(str_from(entry->process.exe));
    if (by_name && (!language || entry->language == EXECUTABLE_C || entry->language == EXECUTABLE_CPP))
        language = by_name;
    if (language)
        service->language = language;
    if (entry->runtime_version[0])
        memcpy(service->runtime_version, entry->runtime_version, sizeof service->runtime_version);
}

int process_assign(struct process_table *table, struct process_entry *entry)
{
    const struct process_entry *listener = listener_of(table, entry);
    entry->process.listen_port = listener == entry ? entry->own_port : listener->process.listen_port;
    struct service *service = service_of(table, entry);
    if (!service)
        return entry->process.service ? 0 : -ENOSPC; // it keeps the one it has
    if (entry->process.service)
        entry->process.service->processes--;
    entry->process.service = service;
    service->processes++;
    process_describe(entry);
    return 0;
}

void process_assign_children(struct process_table *table, const struct process_entry *parent)
{
    for (uint32_t i = 0; i < table->high; i++) {
        struct process_entry *entry = &table->entries[i];
        if (!entry->used || entry->ended || entry == parent || entry->process.parent_pid != parent->process.pid ||
            !process_same_exe(entry, parent))
            continue;
        bool port = !entry->own_port && entry->process.listen_port != parent->process.listen_port;
        bool environment = !entry->environment && parent->environment;
        if (environment)
            entry->environment = environment_share(parent->environment);
        if ((port || environment) && process_assign(table, entry) < 0)
            return;
    }
}
