// redstart-loader: everything of redstart that runs with privilege. Attaches our own embedded BPF programs, hands their ring buffers to
// the one collector, and tells it which process is which. Phases, each one call: options > environment > features > load > attach >
// listen > serve. Lock-down belongs between listen and serve.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include "common/lib/log.h"
#include "common/lib/notify.h"
#include "loader/features.h"
#include "loader/options.h"
#include "loader/pin.h"
#include "loader/probes.h"
#include "loader/select.h"
#include "loader/serve.h"

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNABLE };

static void environment_trim(void)
{
    notify_init();
    clearenv();
    umask(0077);
    signal(SIGPIPE, SIG_IGN);
}

static int signals_open(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}

// A port nobody listens on is waited for; pids must exist.
static int selection_check(const struct selection *selection)
{
    const struct selectors *include = &selection->options->include;

    for (unsigned i = 0; i < include->pid_count; i++)
        if (kill(include->pid[i], 0) < 0 && errno == ESRCH) {
            log_error("--pid %d: there is no such process", include->pid[i]);
            return -ESRCH;
        }
    return 0;
}

static void silence_say(const struct selection *selection)
{
    const struct port_set *ports = &selection->options->include.ports;

    if (!ports->any)
        return;
    for (uint32_t pid = 1; pid < selection->probes->targets_size; pid++)
        if (probes_target(selection->probes, pid) & (TARGET_CLIENT | TARGET_SERVER))
            return;
    for (uint32_t port = 1; port < 65536; port++)
        if (port_set_has(ports, (uint16_t)port)) {
            log_warn("nobody listens on port %u yet: waiting for a process that does", port);
            return;
        }
}

static int loader_run(struct loader_options *options, struct probes *probes, int signal_fd)
{
    struct selection selection = {.options = options, .probes = probes, .self = (uint32_t)getpid()};

    if (selection_check(&selection) < 0)
        return EXIT_USAGE;
    if (probes_attach(probes) < 0)
        return EXIT_UNABLE;
    if (options->pin_path && pin_all(probes->skeleton, options->pin_path) < 0)
        return EXIT_FAILED;
    int r = selection_start(&selection);
    if (r < 0) {
        log_error("cannot walk the processes and sockets of this host: %s", strerror(-r));
        return EXIT_UNABLE;
    }
    cleanup_fd int listen_fd = serve_listen(options->socket_path);
    if (listen_fd < 0)
        return EXIT_FAILED;
    malloc_trim(0); // loading needed the kernel's type information; serving does not
    silence_say(&selection);
    notify_send("READY=1\nSTATUS=probes attached");
    r = serve_run(&selection, listen_fd, signal_fd);
    notify_send("STOPPING=1");
    unlink(options->socket_path);
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct loader_options options;
    struct probes probes;

    if (options_parse(argc, argv, &options) < 0)
        return EXIT_USAGE;
    environment_trim();
    log_init("redstart-loader", options.log_level, options.log_format);
    if (options.detach)
        return pin_remove(options.pin_path) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (!features_suffice())
        return EXIT_UNABLE;
    cleanup_fd int signal_fd = signals_open();
    if (signal_fd < 0 || probes_load(&probes, &options) < 0)
        return EXIT_UNABLE;
    int code = loader_run(&options, &probes, signal_fd);
    if (options.pin_path)
        pin_remove(options.pin_path);
    probes_release(&probes);
    return code;
}
