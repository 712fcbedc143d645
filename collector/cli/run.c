// `redstart run`: starts the loader (which leaves root by itself) and the collector (another user) at once, says when
// both are ready, and ends both, in this order: collector, so that it flushes what is queued; loader, so that nothing
// stays attached; directories. The launcher itself reads no byte of traffic; from its children it takes their pids'
// "READY=1" and exit codes only.
#include "collector/cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include "collector/cli/child.h"
#include "collector/cli/plan.h"
#include "collector/cli/run_options.h"
#include "collector/cli/runtime.h"
#include "common/lib/log.h"
#include "common/lib/notify.h"

#define COLLECTOR_STOP_MS 6000 // it flushes for at most 5 s
#define LOADER_STOP_MS    5000
#define NOTIFICATION_MAX  512

enum exit_code { EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_PRIVILEGE };

struct run {
    struct run_options options;
    struct identity loader_identity, collector_identity;
    struct runtime runtime;
    struct child loader, collector;
    int config_fd;    // the file as the collector reads it; 0: there is none
    struct plan plan; // what it means
    int signal_fd;
    bool ready;
};

static int run_configure(struct run *run, int argc, char **argv, char **environment)
{
    struct complaint complaint;
    if (run_options_parse(&run->options, argc, argv, environment, &complaint) < 0) {
        fprintf(stderr, "redstart run: %s\n", complaint.error);
        return EXIT_CODE_USAGE;
    }
    log_init("redstart", run->options.log_level, run->options.log_format);
    if (run->options.help)
        return EXIT_CODE_DONE;
    if (geteuid() != 0) {
        fprintf(stderr, "redstart run: needs root, to load and attach its probes. Try: sudo redstart run ...\n");
        return EXIT_CODE_PRIVILEGE;
    }
    int r = identity_choose(run->options.user, "redstart", 0, &run->collector_identity);
    if (r == 0)
        r = identity_choose(NULL, "redstart-loader", run->collector_identity.uid, &run->loader_identity);
    if (r == -ENOENT || r == -EPERM)
        fprintf(stderr, "redstart run: --user %s: expected %s\n", run->options.user ? run->options.user : "redstart",
                r == -EPERM ? "a user that is neither root nor the loader's" : "the name of an existing user");
    else if (r < 0)
        fprintf(stderr,
                "redstart run: two uids from %d to %d must be free for the programs; name the collector's by --user\n",
                IDENTITY_DYNAMIC_MIN, IDENTITY_DYNAMIC_MAX);
    return r < 0 ? EXIT_CODE_USAGE : EXIT_CODE_DONE;
}

// The file, copied and understood by somebody else.
static int run_plan(struct run *run, char **environment)
{
    if (!run->options.config)
        return EXIT_CODE_DONE;
    int r = plan_copy(run->options.config);
    if (r < 0) {
        fprintf(stderr, "redstart run: %s: cannot be read: %s; expected a configuration file, see redstart.yaml(5)\n",
                run->options.config, strerror(-r));
        return EXIT_CODE_USAGE;
    }
    run->config_fd = r;
    r = plan_make(&run->options, run->config_fd, &run->collector_identity, environment, true, &run->plan);
    if (r < 0 && r != -EINVAL)
        fprintf(stderr, "redstart run: %s: cannot be read without privilege: %s\n", run->options.config, strerror(-r));
    run->options.log_level = run->plan.log_level;
    run->options.log_format = run->plan.log_format;
    log_init("redstart", run->options.log_level, run->options.log_format);
    return r == 0 ? EXIT_CODE_DONE : r == -EINVAL ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

static int signals_open(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

static struct str selection_text(const struct plan *plan)
{
    return (struct str){plan->selection.text, plan->selection.size};
}

static int loader_start(struct run *run, char **environment)
{
    char *arguments[RUN_LOADER_ARGUMENTS_MAX], uid[16], gid[16], collector_uid[16], pid[16];
    unsigned n = 0;
    snprintf(uid, sizeof uid, "%u", run->loader_identity.uid);
    snprintf(gid, sizeof gid, "%u", run->loader_identity.gid);
    snprintf(collector_uid, sizeof collector_uid, "%u", run->collector_identity.uid);
    snprintf(pid, sizeof pid, "%d", getpid());
    arguments[n++] = "redstart-loader";
    arguments[n++] = "--socket";
    arguments[n++] = run->runtime.loader_socket;
    arguments[n++] = "--uid";
    arguments[n++] = uid;
    arguments[n++] = "--gid";
    arguments[n++] = gid;
    arguments[n++] = "--collector-uid";
    arguments[n++] = collector_uid;
    if (run->runtime.pins[0]) {
        arguments[n++] = "--pin";
        arguments[n++] = run->runtime.pins;
    }
    arguments[n++] = "--exclude-pid";
    arguments[n++] = pid;
    arguments[n++] = "--log-level";
    arguments[n++] = (char *)log_level_names[run->options.log_level];
    arguments[n++] = "--log-format";
    arguments[n++] = (char *)log_format_names[run->options.log_format];
    if (run->options.config) {
        arguments[n++] = "--config";
        arguments[n++] = run->runtime.loader_conf;
    }
    if (run->options.variant) {
        arguments[n++] = "--variant";
        arguments[n++] = (char *)run->options.variant;
    }
    memcpy(arguments + n, run->options.selectors.argument, run->options.selectors.count * sizeof *arguments);
    arguments[n + run->options.selectors.count] = NULL;

    cleanup_fd int fd = child_find("redstart-loader");
    struct child_start start = {.arguments = arguments, .environment = environment};
    return fd < 0 ? fd : child_start(&run->loader, fd, &start);
}

static int collector_start(struct run *run, char **environment)
{
    char *arguments[RUN_COLLECTOR_ARGUMENTS_MAX + 6] = {"redstart-collector", "--loader", run->runtime.loader_socket};
    char path[32], number[16];
    unsigned n = 3 + run->options.collector_count;
    memcpy(arguments + 3, run->options.collector_arguments, run->options.collector_count * sizeof *arguments);
    cleanup_fd int config = -1; // its own: to be read only
    if (run->config_fd) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", run->config_fd);
        config = open(path, O_RDONLY | O_CLOEXEC);
        snprintf(number, sizeof number, "%d", config);
        arguments[n++] = "--config-fd";
        arguments[n++] = number;
    }

    cleanup_fd int fd = child_find("redstart-collector");
    struct child_start start = {
        .arguments = arguments,
        .environment = environment,
        .identity = &run->collector_identity,
        .keep_stdout = true,
        .urgent = true,
        .keep_fd = config < 0 ? 0 : config,
    };
    return fd < 0 ? fd : child_start(&run->collector, fd, &start);
}

static int run_start(struct run *run)
{
    notify_init(); // ours, if a service manager started us; the children get the runtime's
    if (setenv("NOTIFY_SOCKET", run->runtime.notify_socket, 1) < 0)
        return -errno;
    int r = run->options.config ? runtime_rules(&run->runtime, selection_text(&run->plan)) : 0;
    if (r == 0)
        r = loader_start(run, environ);
    if (r == 0)
        r = collector_start(run, environ);
    if (r < 0)
        log_error("cannot start redstart-loader and redstart-collector: %s; they are looked for beside this program "
                  "and in ../libexec/redstart",
                  strerror(-r));
    return r;
}

// One datagram of one of the children; the kernel says of which.
static void notification_read(struct run *run)
{
    char text[NOTIFICATION_MAX + 1], control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {text, NOTIFICATION_MAX};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(run->runtime.notify_fd, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
        return;
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    text[n] = 0;
    if (strncmp(text, "READY=1", 7) != 0 && !strstr(text, "\nREADY=1"))
        return;
    if (sender.pid == run->loader.pid)
        run->loader.ready = true;
    if (sender.pid == run->collector.pid)
        run->collector.ready = true;
    if (run->loader.ready && run->collector.ready && !run->ready) {
        run->ready = true;
        fprintf(stderr, "redstart: ready\n");
        notify_send("READY=1");
    }
}

// What a child's unexpected end means for us; the child has said why. Its own 2 and 3 tell more than 1.
static int run_failed(struct run *run)
{
    bool loader = child_reap(&run->loader), collector = child_reap(&run->collector);
    if (!loader && !collector)
        return -1;
    int loader_code = loader ? child_exit_code(&run->loader) : 0;
    int collector_code = collector ? child_exit_code(&run->collector) : 0;
    int code = loader_code > 1 ? loader_code : collector_code > 1 ? collector_code : EXIT_CODE_FAILED;
    log_error("%s ended with code %d: stopping", loader ? "redstart-loader" : "redstart-collector",
              loader ? loader_code : collector_code);
    return code;
}

// A changed file: whoever it concerns reads it again. One that is no good changes nothing.
static void run_reload(struct run *run)
{
    static struct plan plan;
    cleanup_fd int fd = run->options.config ? plan_copy(run->options.config) : -1;
    if (!run->options.config) {
        log_info("SIGHUP: there is no configuration file to read again");
        return;
    }
    int r = fd < 0 ? fd : plan_make(&run->options, fd, &run->collector_identity, environ, false, &plan);
    if (r == 0)
        r = plan_copy_replace(run->config_fd, fd);
    if (r < 0) {
        log_error("%s: cannot be taken%s%s: the configuration stays as it was", run->options.config,
                  r == -EINVAL ? "" : ": ", r == -EINVAL ? "" : strerror(-r));
        return;
    }
    bool selects = !str_equal(selection_text(&plan), selection_text(&run->plan));
    run->plan = plan;
    log_init("redstart", plan.log_level, plan.log_format);
    if (selects && (r = runtime_rules(&run->runtime, selection_text(&plan))) < 0)
        log_error("cannot write %s: %s: what is observed stays as it was", run->runtime.loader_conf, strerror(-r));
    else if (selects)
        child_signal(&run->loader, SIGHUP);
    child_signal(&run->collector, SIGHUP);
}

// The exit code once the run is to end.
static int run_serve(struct run *run)
{
    struct pollfd fds[] = {{run->signal_fd, POLLIN, 0}, {run->runtime.notify_fd, POLLIN, 0}};
    for (;;) {
        if (poll(fds, array_size(fds), -1) < 0 && errno != EINTR)
            return EXIT_CODE_FAILED;
        if (fds[1].revents)
            notification_read(run);
        struct signalfd_siginfo info;
        while (read(run->signal_fd, &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM)
                return EXIT_CODE_DONE;
            if (info.ssi_signo == SIGHUP)
                run_reload(run);
            int code = info.ssi_signo == SIGCHLD ? run_failed(run) : -1;
            if (code >= 0)
                return code;
        }
    }
}

static void run_stop(struct run *run)
{
    child_signal(&run->collector, SIGTERM);
    child_await(&run->collector, COLLECTOR_STOP_MS);
    child_signal(&run->loader, SIGTERM);
    child_await(&run->loader, LOADER_STOP_MS);
    runtime_close(&run->runtime);
}

int run_main(int argc, char **argv, char **environment)
{
    static struct run run = {.loader.name = "redstart-loader", .collector.name = "redstart-collector"};
    int code = run_configure(&run, argc, argv, environment);
    if (code != EXIT_CODE_DONE)
        return code;
    if (run.options.help)
        return fputs(run_help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
    code = run_plan(&run, environment);
    if (code != EXIT_CODE_DONE)
        return code;

    int stdout_flags = fcntl(STDOUT_FILENO, F_GETFL); // the collector makes it non-blocking, for a shell's terminal too
    run.signal_fd = signals_open();
    runtime_clear_stale();
    int r = run.signal_fd < 0 ? run.signal_fd : runtime_open(&run.runtime, &run.loader_identity);
    if (r < 0) {
        log_error("cannot make %s: %s", run.runtime.directory, strerror(-r));
        return EXIT_CODE_FAILED;
    }
    code = run_start(&run) == 0 ? run_serve(&run) : EXIT_CODE_FAILED;
    run_stop(&run);
    if (stdout_flags >= 0)
        fcntl(STDOUT_FILENO, F_SETFL, stdout_flags);
    return code;
}
