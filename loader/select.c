// Selection; see select.h.
#include "loader/select.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/lib/log.h"

#define LINEAGE_PASSES_MAX 16 // children with a lower pid than their parent's need another pass

static const char *const own_programs[] = {"redstart", "redstart-loader", "redstart-collector", "redstart-resolver"};

// The executable's path as the kernel links it; without the mark of a deleted file. Returns its length, 0 if there is none.
static size_t exe_read(uint32_t pid, char *path)
{
    static const char deleted[] = " (deleted)";
    char link[32];

    snprintf(link, sizeof link, "/proc/%u/exe", pid);
    ssize_t n = readlink(link, path, EXE_PATH_MAX - 1);
    if (n <= 0)
        return 0;
    size_t size = (size_t)n, mark = sizeof deleted - 1;
    if (size > mark && memcmp(path + size - mark, deleted, mark) == 0)
        size -= mark;
    path[size] = 0;
    return size;
}

bool selection_process_lives(uint32_t pid)
{
    char folder[32];
    snprintf(folder, sizeof folder, "/proc/%u", pid);
    return access(folder, F_OK) == 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool exe_matches(const struct selectors *selectors, const char *path)
{
    for (unsigned i = 0; i < selectors->exe_count; i++) {
        const char *glob = selectors->exe[i];
        if (fnmatch(glob, strchr(glob, '/') ? path : base_name(path), 0) == 0)
            return true;
    }
    return false;
}

static bool pid_listed(const struct selectors *selectors, uint32_t pid)
{
    for (unsigned i = 0; i < selectors->pid_count; i++)
        if ((uint32_t)selectors->pid[i] == pid)
            return true;
    return false;
}

static bool is_own_program(const char *path)
{
    for (unsigned i = 0; i < array_size(own_programs); i++)
        if (strcmp(base_name(path), own_programs[i]) == 0)
            return true;
    return false;
}

static uint8_t selection_flags(const struct selection *selection, const struct process_event *event, const char *path)
{
    const struct loader_options *options = selection->options;
    uint8_t before = probes_target(selection->probes, event->pid);

    if (event->pid == selection->self || pid_listed(&options->exclude, event->pid) || is_own_program(path) ||
        exe_matches(&options->exclude, path))
        return TARGET_EXCLUDED;
    if (before & TARGET_LINEAGE || pid_listed(&options->include, event->pid) ||
        (options->include.pid_count && probes_target(selection->probes, event->parent_pid) & TARGET_LINEAGE))
        return TARGET_CLIENT | TARGET_SERVER | TARGET_LINEAGE;
    if (options_select_all(options) || exe_matches(&options->include, path))
        return TARGET_CLIENT | TARGET_SERVER;
    // A selected port makes its own mark when the process listens; that stays until the process executes something else.
    return before & TARGET_PENDING ? 0 : before & TARGET_CLIENT;
}

bool selection_decide(struct selection *selection, const struct process_event *event)
{
    char path[EXE_PATH_MAX];

    if (!exe_read(event->pid, path)) {
        if (event->kind != EVENT_EXEC)
            return false; // a kernel thread, or gone
        snprintf(path, sizeof path, "%.*s", EVENT_FILENAME_MAX, event->filename);
    }
    uint8_t flags = selection_flags(selection, event, path);
    // Between exec and now the process may have begun to listen on a selected port.
    if (event->kind == EVENT_EXEC && !(flags & (TARGET_EXCLUDED | TARGET_CLIENT)))
        flags |= probes_target(selection->probes, event->pid) & TARGET_CLIENT;
    probes_target_set(selection->probes, event->pid, flags);
    if (!selection_process_lives(event->pid))
        probes_target_set(selection->probes, event->pid, 0); // its pid will be used again
    return flags & (TARGET_CLIENT | TARGET_SERVER);
}

void selection_exclude(struct selection *selection, uint32_t pid)
{
    probes_target_set(selection->probes, pid, TARGET_EXCLUDED);
}

// One pass over all processes; returns how many came to be observed that were not, or -errno.
static int tasks_pass(struct selection *selection)
{
    struct process_event events[16];
    cleanup_fd int fd = probes_walk_tasks(selection->probes);
    int news = 0;
    ssize_t n;

    if (fd < 0)
        return fd;
    while ((n = read(fd, events, sizeof events)) > 0)
        for (size_t i = 0; i < (size_t)n / sizeof events[0]; i++) {
            uint8_t before = probes_target(selection->probes, events[i].pid);
            if (selection_decide(selection, &events[i]) && !(before & (TARGET_CLIENT | TARGET_SERVER)))
                news++;
        }
    return n < 0 ? -errno : news;
}

int selection_start(struct selection *selection)
{
    int r = 1;

    for (int pass = 0; r > 0 && pass < (selection->options->include.pid_count ? LINEAGE_PASSES_MAX : 1); pass++)
        r = tasks_pass(selection);
    // Twice: the first walk finds listeners, and thereby processes, whose connections the second one marks.
    for (int pass = 0; r >= 0 && pass < 2; pass++)
        r = probes_walk_files(selection->probes);
    return r < 0 ? r : 0;
}

bool selection_describe(const struct process_event *event, uint16_t listen_port, struct message_process *ret_message)
{
    char path[EXE_PATH_MAX];
    size_t n = exe_read(event->pid, path);

    memset(ret_message, 0, sizeof *ret_message);
    if (!n) {
        // Gone already, but its records may be in a ring.
        n = strnlen(event->filename, EVENT_FILENAME_MAX);
        memcpy(path, event->filename, n);
        if (!n && event->kind != EVENT_TASK) {
            n = strnlen(event->comm, EVENT_COMM_MAX);
            memcpy(path, event->comm, n);
        }
    }
    if (!n)
        return false;
    ret_message->kind = MESSAGE_PROCESS;
    ret_message->pid = event->pid;
    ret_message->parent_pid = event->parent_pid;
    ret_message->listen_port = listen_port;
    ret_message->start = event->start;
    memcpy(ret_message->comm, event->comm, sizeof ret_message->comm);
    // The end of an overlong path says more than its start.
    size_t skip = n > MESSAGE_EXE_MAX ? n - MESSAGE_EXE_MAX : 0;
    memcpy(ret_message->exe, path + skip, n - skip);
    ret_message->exe_size = (uint16_t)(n - skip);
    return true;
}
