// Selection; see select.h.
#include "loader/select.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/lib/log.h"

#define LINEAGE_PASSES_MAX 16 // children with a lower pid than their parent's need another pass

#define KTHREADD     2 // is the host's, whoever else is not
#define OWN_PROGRAMS "redstart?(-loader|-collector|-resolver)"

// The executable's path as the kernel links it; without the mark of a deleted file. Returns its length, 0 if there is
// none.
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

static struct target selection_judge(struct selection *selection, const struct process_event *event, const char *path)
{
    const struct rules *rules = &selection->options->rules;
    const char *slash = strrchr(path, '/');

    if (event->pid == selection->self || event->pid == selection->collector)
        return (struct target){TARGET_EXCLUDED | TARGET_OWN, 0};
    uint8_t known = event->kind == EVENT_TASK ? TARGET_KNOWN | TARGET_GONE : 0;
    if (fnmatch(OWN_PROGRAMS, slash ? slash + 1 : path, FNM_EXTMATCH) == 0) // anybody can be called so
        return (struct target){TARGET_EXCLUDED, 0};
    uint8_t lineage = probes_target(selection->probes, event->pid).rules;
    lineage |= probes_target(selection->probes, event->parent_pid).rules;
    bool contained = event->pid > KTHREADD && memcmp(selection->host, event->namespaces, sizeof selection->host) != 0;
    struct rules_verdict verdict = rules_judge(rules, event, path, lineage & rules->policy.lineage, contained);
    // A selected port makes its own mark when the process listens; that stays until the process executes something
    // else.
    bool keeps = !verdict.excluded && (event->kind != EVENT_MOVE || event->notes & EVENT_BY_PORT);
    uint8_t flags = probes_target(selection->probes, event->pid).flags & (keeps ? known | TARGET_CLIENT : known);
    if (verdict.excluded)
        flags |= TARGET_EXCLUDED;
    else if (verdict.selected)
        flags |= TARGET_CLIENT | TARGET_SERVER;
    return (struct target){flags, verdict.bits};
}

bool selection_decide(struct selection *selection, const struct process_event *event)
{
    char path[EXE_PATH_MAX];

    if (event->pid == KTHREADD)
        memcpy(selection->host, event->namespaces, sizeof selection->host);
    if (!exe_read(event->pid, path)) {
        if (event->kind != EVENT_EXEC)
            return false; // a kernel thread, or gone
        snprintf(path, sizeof path, "%.*s", EVENT_FILENAME_MAX, event->filename);
    }
    struct target target = selection_judge(selection, event, path);
    probes_target_set(selection->probes, event->pid, target);
    snprintf(path, sizeof path, "/proc/%u", event->pid);
    if (access(path, F_OK) < 0)
        probes_target_set(selection->probes, event->pid, (struct target){0}); // its pid will be used again
    return target.flags & (TARGET_CLIENT | TARGET_SERVER);
}

void selection_collector(struct selection *selection, uint32_t pid)
{
    selection->collector = pid;
    probes_target_set(selection->probes, pid, (struct target){TARGET_EXCLUDED | TARGET_OWN, 0});
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
            uint8_t before = probes_target(selection->probes, events[i].pid).rules;
            selection_decide(selection, &events[i]);
            news += probes_target(selection->probes, events[i].pid).rules != before;
        }
    return n < 0 ? -errno : news;
}

// Nobody is observed; who descends from a pid is known as before, if the rules have the same pids.
static void targets_reset(struct probes *probes, uint8_t lineage)
{
    for (uint32_t pid = 0; pid < probes->targets_size; pid++) {
        struct target target = probes_target(probes, pid);
        uint8_t gone = target.flags & (TARGET_CLIENT | TARGET_SERVER) ? TARGET_GONE : 0;
        gone |= target.flags & (TARGET_KNOWN | TARGET_GONE);
        if (target.flags || target.rules)
            probes_target_set(probes, pid, (struct target){gone, target.rules & lineage});
    }
}

int selection_apply(struct selection *selection, uint8_t lineage)
{
    struct probes *probes = selection->probes;
    const struct policy *policy = &selection->options->rules.policy;
    int r = 1;

    probes->policy->settled = 0;
    __sync_synchronize();
    targets_reset(probes, lineage);
    memcpy((struct policy *)probes->policy, policy, sizeof *policy);
    for (int pass = 0; r > 0 && pass < (policy->lineage ? LINEAGE_PASSES_MAX : 1); pass++)
        r = tasks_pass(selection);
    __sync_synchronize();
    probes->policy->settled = POLICY_SETTLED(policy->open);
    // Twice: the first walk finds listeners, and thereby processes, whose connections the second one marks.
    for (int pass = 0; r >= 0 && pass < 2; pass++)
        r = probes_walk(probes->walk_files);
    if (r < 0)
        log_error("cannot walk the processes and sockets of this host: %s", strerror(-r));
    return r;
}

int selection_reload(struct selection *selection)
{
    static struct loader_options options;

    if (options_parse(selection->arguments, &options) < 0) {
        log_error("the rules stay as they were");
        return -EINVAL;
    }
    uint8_t lineage = options.rules.lineages == selection->options->rules.lineages ? options.rules.policy.lineage : 0;
    selection->options->rules = options.rules;
    log_info("observing by the rules as they are now");
    return selection_apply(selection, lineage);
}

bool selection_describe(const struct process_event *event, uint16_t listen_port, struct message_process *ret_message)
{
    char path[EXE_PATH_MAX];
    size_t n = exe_read(event->pid, path);

    if (!n) // gone already, but its records may be in a ring
        n = (size_t)snprintf(path, sizeof path, "%.*s", EVENT_FILENAME_MAX, event->filename);
    if (!n && event->kind != EVENT_TASK)
        n = (size_t)snprintf(path, sizeof path, "%.*s", EVENT_COMM_MAX, event->comm);
    if (!n)
        return false;
    // The end of an overlong path says more than its start.
    size_t skip = n > MESSAGE_EXE_MAX ? n - MESSAGE_EXE_MAX : 0;
    *ret_message = (struct message_process){
        MESSAGE_PROCESS, event->pid, event->parent_pid, listen_port, (uint16_t)(n - skip), event->start, {0}, {0}};
    memcpy(ret_message->comm, event->comm, sizeof ret_message->comm);
    memcpy(ret_message->exe, path + skip, n - skip);
    return true;
}
