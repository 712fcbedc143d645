// Users and capabilities; see identity.h.
#include "loader/identity.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "common/lib/log.h"

static const cap_value_t load_needs[] = {CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
static const cap_value_t serve_needs[] = {CAP_SYS_PTRACE, CAP_BPF}; // the second only if it must be

// Permitted set to these (of what we hold), effective to the first of them; inheritable and ambient sets emptied.
static int capabilities_set(const cap_value_t *values, int count, int effective)
{
    cap_t held = cap_get_proc(), wanted = cap_init();
    int r = held && wanted ? 0 : -ENOMEM;

    for (int i = 0; !r && i < count; i++) {
        cap_flag_value_t permitted = CAP_CLEAR;
        cap_get_flag(held, values[i], CAP_PERMITTED, &permitted);
        if (permitted == CAP_SET && (cap_set_flag(wanted, CAP_PERMITTED, 1, &values[i], CAP_SET) < 0 ||
                                     (i < effective && cap_set_flag(wanted, CAP_EFFECTIVE, 1, &values[i], CAP_SET) < 0)))
            r = -errno;
    }
    if (!r && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || cap_set_proc(wanted) < 0))
        r = -errno;
    cap_free(held);
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
    for (cap_value_t value = 0; value <= CAP_LAST_CAP; value++)
        (void)prctl(PR_CAPBSET_DROP, value, 0, 0, 0);
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
    if (!r)
        r = capabilities_set(load_needs, array_size(load_needs), array_size(load_needs));
    if (!r && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
        r = -errno;
    if (r)
        log_error("cannot become uid %u with the capabilities to load: %s", uid, strerror(-r));
    return r;
}

// What was given up must not be to be had again.
static bool capability_returns(cap_value_t value)
{
    cap_t set = cap_init();
    bool returns = set && cap_set_flag(set, CAP_PERMITTED, 1, &value, CAP_SET) == 0 && cap_set_proc(set) == 0;

    cap_free(set);
    return returns;
}

int identity_seal(bool (*probe)(void *context), void *context)
{
    static const cap_value_t gone[] = {CAP_PERFMON, CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN, CAP_SETUID};
    int r = capabilities_set(serve_needs, 2, 1); // of load's four, only these are left
    int count = !r && probe(context) ? 1 : 2;

    if (!r)
        r = capabilities_set(serve_needs, count, count);
    for (unsigned i = 0; !r && i < array_size(gone); i++)
        if (capability_returns(gone[i]))
            r = -EPERM;
    if (r)
        log_error("cannot give up the privileges that serving does not need: %s", strerror(-r));
    return r;
}
