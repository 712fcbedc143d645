// Users and capabilities; see identity.h.
#include "loader/identity.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "common/lib/log.h"

static const uint64_t load_needs =
    CAPABILITY(CAP_BPF) | CAPABILITY(CAP_PERFMON) | CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_DAC_READ_SEARCH);
static const uint64_t serve_needs = CAPABILITY(CAP_SYS_PTRACE);
static const uint64_t serve_may_need = CAPABILITY(CAP_BPF);

uint64_t identity_capabilities(void)
{
    cap_t held = cap_get_proc();
    cap_flag_value_t permitted;
    uint64_t found = 0;

    for (cap_value_t i = 0; held && i <= CAP_LAST_CAP; i++)
        if (cap_get_flag(held, i, CAP_PERMITTED, &permitted) == 0 && permitted == CAP_SET)
            found |= CAPABILITY(i);
    cap_free(held);
    return found;
}

// The inheritable set is emptied, and with it the ambient one.
static int capabilities_set(uint64_t permitted, uint64_t effective)
{
    cap_t wanted = cap_init();
    int r = wanted ? 0 : -ENOMEM;

    for (cap_value_t i = 0; !r && i <= CAP_LAST_CAP; i++)
        if ((permitted & CAPABILITY(i) && cap_set_flag(wanted, CAP_PERMITTED, 1, &i, CAP_SET) < 0) ||
            (effective & CAPABILITY(i) && cap_set_flag(wanted, CAP_EFFECTIVE, 1, &i, CAP_SET) < 0))
            r = -errno;
    if (!r && cap_set_proc(wanted) < 0)
        r = -errno;
    cap_free(wanted);
    return r;
}

static int user_change(uid_t uid, gid_t gid)
{
    int death_signal = 0;

    // A change of user clears the parent-death signal that a launcher has set: without it we would outlive the
    // launcher.
    prctl(PR_GET_PDEATHSIG, &death_signal);
    // Only root may; whoever starts us as another user has done it (CapabilityBoundingSet= of the unit).
    for (cap_value_t i = 0; i <= CAP_LAST_CAP; i++)
        (void)cap_drop_bound(i);
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0 || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ||
        prctl(PR_SET_PDEATHSIG, death_signal) < 0)
        return -errno;
    return setresuid(0, 0, 0) == 0 || geteuid() == 0 ? -EPERM : 0; // must not come back
}

int identity_take(uid_t uid, gid_t gid)
{
    int r = 0;

    if (geteuid() == 0)
        r = uid && gid ? user_change(uid, gid) : -EINVAL;
    uint64_t kept = load_needs & identity_capabilities();
    if (!r)
        r = capabilities_set(kept, kept);
    if (!r && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
        r = -errno;
    if (r)
        log_error("cannot become uid %u with the capabilities to load: %s", uid, strerror(-r));
    return r;
}

int identity_seal(bool (*probe)(void *context), void *context)
{
    uint64_t held = identity_capabilities(), kept = held & serve_needs;
    int r = capabilities_set(held & (serve_needs | serve_may_need), kept);

    if (!r && !probe(context))
        kept = held & (serve_needs | serve_may_need);
    if (!r)
        r = capabilities_set(kept, kept);
    // What was given up must not be to be had again.
    for (int i = 0; !r && i <= CAP_LAST_CAP; i++)
        if (capabilities_set(kept | CAPABILITY(i), kept) == 0 && identity_capabilities() != kept)
            r = -EPERM;
    if (r)
        log_error("cannot give up the privileges that serving does not need: %s", strerror(-r));
    return r;
}
