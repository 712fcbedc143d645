// redstart-loader: everything of redstart that runs with privilege. Attaches our own embedded BPF programs, hands
// their ring buffers to the one collector, and tells it which process is which. Phases, each one call in main:
// options > environment > features > resolver > identity (never root again) > filter > listen > load > attach (or
// adopt) > lock down > serve.
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/lib/log.h"
#include "common/lib/notify.h"
#include "loader/features.h"
#include "loader/identity.h"
#include "loader/listen.h"
#include "loader/options.h"
#include "loader/pin.h"
#include "loader/probes.h"
#include "loader/resolve.h"
#include "loader/seccomp.h"
#include "loader/select.h"
#include "loader/serve.h"

#define DESCRIPTORS_MAX 256

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNABLE };

struct loader {
    struct loader_options *options;
    struct probes probes;
    struct selection selection;
    struct resolve resolve;
    int signal_fd, pin_fd, listen_fd;
};

static void environment_trim(void)
{
    struct rlimit none = {0, 0}, few = {DESCRIPTORS_MAX, DESCRIPTORS_MAX}, unlimited = {RLIM_INFINITY, RLIM_INFINITY};

    notify_init();
    clearenv();
    umask(0077);
    signal(SIGPIPE, SIG_IGN);
    (void)close_range(3, ~0u, 0); // nothing is inherited; kernels before 5.9 cannot, and are given nothing
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NOFILE, &few);
    setrlimit(RLIMIT_MEMLOCK, &unlimited); // before 5.11 maps and programs count against it
}

static int signals_open(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGHUP); // ends nothing: the rules are read again
    sigprocmask(SIG_BLOCK, &stop, NULL);
    return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Who we are going to be: as told, else the owner of the directory that only we may write.
static int identity_find(struct loader_options *options)
{
    char copy[256];
    struct stat directory;

    snprintf(copy, sizeof copy, "%s", options->socket_path);
    if (geteuid() != 0) {
        options->uid = geteuid();
        options->gid = getegid();
    } else if (!options->uid && stat(dirname(copy), &directory) == 0) {
        options->uid = directory.st_uid;
        options->gid = directory.st_gid;
    }
    if (!options->gid)
        options->gid = options->uid;
    if (!options->uid || options->uid == options->collector_uid) {
        log_error("no user to become: give --uid UID, not root's and not the collector's, or a directory for the "
                  "socket that belongs to that user");
        return -EINVAL;
    }
    return 0;
}

static void silence_say(const struct loader *loader)
{
    for (uint32_t pid = 1; pid < loader->probes.targets_size; pid++)
        if (probes_observed(&loader->probes, pid))
            return;
    log_warn("no process is selected yet, or listens on a selected port: waiting for one that does");
}

// Attaches, or takes over what a loader that was killed left attached, in the best way that this kernel has. 1 if
// taken over, 0, or -errno.
static int loader_try(struct loader *loader)
{
    const char *wanted = loader->options->variant, *variant;
    int r = -ENOENT;

    for (unsigned way = 0; (variant = probes_variant(way)); way++) {
        if (wanted && strcmp(wanted, variant) != 0)
            continue;
        r = probes_load(&loader->probes, way);
        if (!r && loader->pin_fd >= 0)
            r = pin_adopt(loader->pin_fd, &loader->probes);
        if (!r)
            r = probes_attach(&loader->probes);
        log_debug("variant=%s, way %u: %s", variant, way, r < 0 ? strerror(-r) : "attached");
        if (r >= 0) {
            log_info("sees socket I/O by variant=%s", variant);
            return r;
        }
        probes_drop(&loader->probes);
    }
    log_error("the kernel refused the BPF programs of variant=%s: %s (run with --log-level debug for its own words)",
              wanted ? wanted : "any", strerror(-r));
    return r;
}

static int loader_attach(struct loader *loader)
{
    int adopted = loader_try(loader);

    if (adopted < 0)
        return EXIT_UNABLE;
    if (!adopted && loader->pin_fd >= 0 && pin_all(loader->pin_fd, &loader->probes) < 0)
        return EXIT_FAILED;
    int r = probes_map(&loader->probes);
    if (r < 0)
        log_error("cannot map what the kernel side shares: %s", strerror(-r));
    return r < 0 || selection_apply(&loader->selection, 0) < 0 ? EXIT_UNABLE : EXIT_DONE;
}

// Does serving work with what is left? It makes an iterator for each walk.
static bool serving_works(void *context)
{
    cleanup_fd int fd = probes_walk_tasks(context);
    return fd >= 0;
}

static int loader_serve(struct loader *loader)
{
    malloc_trim(0); // loading needed the kernel's type information; serving does not
    if (identity_seal(serving_works, &loader->probes) < 0)
        return EXIT_FAILED;
    silence_say(loader);
    struct server *server = serve_open(&loader->selection, &loader->resolve, loader->listen_fd, loader->signal_fd);
    if (!server || seccomp_before_serve() < 0)
        return EXIT_FAILED;
    notify_send("READY=1\nSTATUS=probes attached");
    int r = serve_run(server);
    notify_send("STOPPING=1");
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

// The socket comes first: it shows whether another loader is at work here, and a collector may already wait at it.
static int loader_run(struct loader *loader)
{
    loader->listen_fd = listen_open(loader->options->socket_path);
    if (loader->listen_fd < 0)
        return EXIT_FAILED;
    int code = loader_attach(loader);
    if (!code)
        code = loader_serve(loader);
    if (loader->pin_fd >= 0)
        pin_remove(loader->pin_fd, loader->options->pin_path);
    unlink(loader->options->socket_path);
    return code; // the kernel closes and unmaps: what the last filter forbids is not tried
}

static int loader_detach(const struct loader_options *options)
{
    cleanup_fd int fd = open(options->pin_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) {
        log_error("%s: %s", options->pin_path, strerror(errno));
        return EXIT_FAILED;
    }
    if (fd >= 0)
        pin_remove(fd, options->pin_path);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    static struct loader_options own_options;
    static struct loader loader = {.options = &own_options, .signal_fd = -1, .pin_fd = -1, .listen_fd = -1};
    struct loader_options *options = loader.options;

    log_open();
    if (options_parse(argv, options) < 0)
        return EXIT_USAGE;
    environment_trim();
    log_init("redstart-loader", options->log_level, options->log_format);
    if (options->detach)
        return loader_detach(options);
    if (!features_suffice())
        return EXIT_UNABLE;
    if (identity_find(options) < 0)
        return EXIT_USAGE;
    if (options->pin_path && (loader.pin_fd = pin_open(options->pin_path, options->uid, options->gid)) < 0)
        return EXIT_FAILED;
    resolve_start(&loader.resolve); // while there is a right to execute, and, as root, to give it another user
    loader.signal_fd = signals_open();
    if (loader.signal_fd < 0 || identity_take(options->uid, options->gid) < 0 || seccomp_before_load() < 0)
        return EXIT_UNABLE;
    loader.selection = (struct selection){argv, options, &loader.probes, .self = (uint32_t)getpid()};
    return loader_run(&loader);
}
