// See web_auth.h. What is remembered is a keyed digest of user, hash and password with its verdict: no password stays
// in memory, and a changed web.yml makes old verdicts unreachable. Right and wrong ones are remembered apart, so that
// guesses push no right one out.
#include "collector/export/web_auth.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "collector/core/clock.h"

#define JOBS_MAX       16
#define REMEMBERED_MAX 64 // of each verdict
#define PASSWORD_SIZE  257
#define HASH_SIZE      64
#define REST_NS        (200 * NS_PER_MS) // after a wrong password
#define DIGEST_SIZE    32

struct job {
    enum { JOB_FREE, JOB_WAITS, JOB_RUNS, JOB_DONE } state;
    uint64_t number; // order of arrival
    uint8_t digest[DIGEST_SIZE];
    char hash[HASH_SIZE], password[PASSWORD_SIZE];
    bool known, right;
    void *waiter;
};

struct verdicts {
    unsigned count, next;
    uint8_t digest[REMEMBERED_MAX][DIGEST_SIZE];
};

struct web_auth {
    struct loop *loop;
    web_auth_fn *fn;
    uint8_t secret[DIGEST_SIZE];
    struct verdicts verdicts[2]; // wrong, right
    int done_fd;                 // eventfd: a job is done

    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; // over what follows
    pthread_cond_t wake;
    bool stop;
    uint64_t numbers;
    struct job job[JOBS_MAX];
};

static struct job *job_oldest(struct web_auth *auth)
{
    struct job *oldest = NULL;
    for (struct job *job = auth->job; job < auth->job + JOBS_MAX; job++)
        if (job->state == JOB_WAITS && (!oldest || job->number < oldest->number))
            oldest = job;
    return oldest;
}

static bool password_right(const struct job *job, struct crypt_data *scratch)
{
    const char *computed = crypt_r(job->password, job->hash, scratch);
    size_t n = strlen(job->hash);
    bool right = computed && strlen(computed) == n && gnutls_memcmp(computed, job->hash, n) == 0;
    explicit_bzero(scratch, sizeof *scratch);
    return right && job->known;
}

// With the mutex. Ends early when the end comes.
static void thread_rest(struct web_auth *auth)
{
    uint64_t end = clock_monotonic_ns() + REST_NS;
    struct timespec until = {(time_t)(end / NS_PER_SEC), (long)(end % NS_PER_SEC)};
    while (!auth->stop && pthread_cond_timedwait(&auth->wake, &auth->mutex, &until) != ETIMEDOUT)
        ;
}

static void *thread_main(void *context)
{
    struct web_auth *auth = context;
    struct crypt_data *scratch = calloc(1, sizeof *scratch);
    pthread_mutex_lock(&auth->mutex);
    while (!auth->stop) {
        struct job *job = job_oldest(auth);
        if (!job) {
            pthread_cond_wait(&auth->wake, &auth->mutex);
            continue;
        }
        job->state = JOB_RUNS;
        pthread_mutex_unlock(&auth->mutex);
        job->right = scratch && password_right(job, scratch); // out of memory: nobody is let in
        pthread_mutex_lock(&auth->mutex);
        job->state = JOB_DONE;
        (void)!write(auth->done_fd, &(uint64_t){1}, sizeof(uint64_t));
        if (!job->right)
            thread_rest(auth);
    }
    pthread_mutex_unlock(&auth->mutex);
    free(scratch);
    return NULL;
}

static bool digest_known(const struct verdicts *verdicts, const uint8_t *digest)
{
    bool known = false;
    for (unsigned i = 0; i < verdicts->count; i++)
        known |= gnutls_memcmp(verdicts->digest[i], digest, DIGEST_SIZE) == 0;
    return known;
}

static void digest_remember(struct verdicts *verdicts, const uint8_t *digest)
{
    memcpy(verdicts->digest[verdicts->next], digest, DIGEST_SIZE);
    verdicts->next = (verdicts->next + 1) % REMEMBERED_MAX;
    if (verdicts->count < REMEMBERED_MAX)
        verdicts->count++;
}

static void job_finish(struct web_auth *auth, struct job *job, enum web_verdict verdict)
{
    void *waiter = job->waiter;
    if (verdict != WEB_BUSY)
        digest_remember(&auth->verdicts[verdict == WEB_GRANTED], job->digest);
    pthread_mutex_lock(&auth->mutex);
    explicit_bzero(job, sizeof *job); // JOB_FREE
    pthread_mutex_unlock(&auth->mutex);
    auth->fn(waiter, verdict);
}

static void jobs_done(void *context, uint32_t events)
{
    struct web_auth *auth = context;
    uint64_t count;
    (void)!read(auth->done_fd, &count, sizeof count);
    for (struct job *job = auth->job; job < auth->job + JOBS_MAX; job++) {
        pthread_mutex_lock(&auth->mutex);
        bool done = job->state == JOB_DONE;
        pthread_mutex_unlock(&auth->mutex);
        if (done)
            job_finish(auth, job, job->right ? WEB_GRANTED : WEB_DENIED);
    }
}

int web_auth_new(struct web_auth **ret_auth, struct loop *loop, web_auth_fn *fn)
{
    struct web_auth *auth = calloc(1, sizeof *auth);
    if (!auth)
        return -ENOMEM;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&auth->wake, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&auth->mutex, NULL);
    auth->loop = loop;
    auth->fn = fn;
    auth->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int r = auth->done_fd < 0 ? -errno : loop_fd_add(loop, auth->done_fd, EPOLLIN, jobs_done, auth);
    if (r == 0 && gnutls_rnd(GNUTLS_RND_KEY, auth->secret, sizeof auth->secret) < 0)
        r = -EIO;
    if (r < 0)
        web_auth_free(auth);
    else
        *ret_auth = auth;
    return r;
}

static void thread_end(struct web_auth *auth)
{
    pthread_mutex_lock(&auth->mutex);
    auth->stop = true;
    pthread_cond_signal(&auth->wake);
    pthread_mutex_unlock(&auth->mutex);
    pthread_join(auth->thread, NULL);
}

void web_auth_free(struct web_auth *auth)
{
    if (!auth)
        return;
    if (auth->started)
        thread_end(auth);
    for (struct job *job = auth->job; job < auth->job + JOBS_MAX; job++)
        if (job->state != JOB_FREE)
            job_finish(auth, job, WEB_BUSY);
    if (auth->done_fd >= 0) {
        loop_fd_remove(auth->loop, auth->done_fd);
        close(auth->done_fd);
    }
    pthread_cond_destroy(&auth->wake);
    pthread_mutex_destroy(&auth->mutex);
    explicit_bzero(auth, sizeof *auth);
    free(auth);
}

// Each part with the NUL that ends it, so that none can be moved into another.
static int digest_make(const struct web_auth *auth, const char *user, const char *hash, const char *password,
                       uint8_t *ret_digest)
{
    const char *const parts[] = {user, hash, password};
    gnutls_hmac_hd_t hmac;
    if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, auth->secret, sizeof auth->secret) < 0)
        return -ENOMEM;
    int r = 0;
    for (unsigned i = 0; r == 0 && i < array_size(parts); i++)
        r = gnutls_hmac(hmac, parts[i], strlen(parts[i]) + 1) < 0 ? -ENOMEM : 0;
    gnutls_hmac_deinit(hmac, ret_digest);
    return r;
}

static bool thread_start(struct web_auth *auth)
{
    if (!auth->started)
        auth->started = pthread_create(&auth->thread, NULL, thread_main, auth) == 0;
    return auth->started;
}

// A free job, filled and handed to the thread.
static bool job_give(struct web_auth *auth, const struct job *filled)
{
    bool given = false;
    pthread_mutex_lock(&auth->mutex);
    for (struct job *job = auth->job; !given && job < auth->job + JOBS_MAX; job++) {
        if (job->state != JOB_FREE)
            continue;
        *job = *filled;
        job->state = JOB_WAITS;
        job->number = auth->numbers++;
        given = true;
    }
    pthread_cond_signal(&auth->wake);
    pthread_mutex_unlock(&auth->mutex);
    return given;
}

enum web_verdict web_auth_ask(struct web_auth *auth, const char *user, const char *hash, const char *dummy,
                              const char *password, void *waiter)
{
    struct job job = {.known = hash != NULL, .waiter = waiter};
    const char *computed = hash ? hash : dummy;
    if (strlen(password) >= PASSWORD_SIZE || strlen(computed) >= HASH_SIZE)
        return WEB_DENIED;
    if (digest_make(auth, user, hash ? hash : "", password, job.digest) < 0)
        return WEB_BUSY;
    if (digest_known(&auth->verdicts[true], job.digest))
        return WEB_GRANTED;
    if (digest_known(&auth->verdicts[false], job.digest))
        return WEB_DENIED;
    memcpy(job.hash, computed, strlen(computed) + 1);
    memcpy(job.password, password, strlen(password) + 1);
    enum web_verdict verdict = thread_start(auth) && job_give(auth, &job) ? WEB_PENDING : WEB_BUSY;
    explicit_bzero(&job, sizeof job);
    return verdict;
}
