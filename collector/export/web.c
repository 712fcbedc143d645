// See web.h.
#include "collector/export/web.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "collector/core/clock.h"
#include "common/lib/log.h"

#define LOOK_NS NS_PER_SEC

// What tells a file from what it was.
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

// What one reading of the files gave.
struct web_state {
    struct web_config config;
    struct web_tls *tls; // NULL: none
};

struct web {
    const char *path;
    struct web_state *state;
    struct stamp stamp[WEB_FILES_MAX];
    uint64_t looked_ns;
    uint64_t rate_full_ns; // when the bucket is full again
};

static void state_free(struct web_state *state)
{
    if (!state)
        return;
    web_tls_unref(state->tls);
    web_config_release(&state->config);
    free(state);
}

static int state_new(struct web_state **ret_state, const char *path, struct complaint *complaint)
{
    struct web_state *state = calloc(1, sizeof *state);
    if (!state)
        return -ENOMEM;
    int r = web_config_read(&state->config, path, complaint);
    if (r == 0 && state->config.tls)
        r = web_tls_new(&state->tls, &state->config, complaint);
    if (r < 0)
        state_free(state);
    else
        *ret_state = state;
    return r;
}

void web_files(const struct web *web, const char *ret_files[WEB_FILES_MAX + 1])
{
    const struct web_config *config = &web->state->config;
    const char *const files[] = {config->cert.file, config->key.file, config->client_ca.file};
    unsigned count = 0;
    ret_files[count++] = web->path;
    for (unsigned i = 0; i < array_size(files); i++)
        if (files[i][0])
            ret_files[count++] = files[i];
    ret_files[count] = NULL;
}

static void stamps_take(const struct web *web, struct stamp stamps[WEB_FILES_MAX])
{
    const char *files[WEB_FILES_MAX + 1];
    web_files(web, files);
    memset(stamps, 0, WEB_FILES_MAX * sizeof *stamps);
    for (unsigned i = 0; files[i]; i++) {
        struct stat now;
        if (stat(files[i], &now) < 0)
            continue;
        stamps[i].device = now.st_dev;
        stamps[i].inode = now.st_ino;
        stamps[i].size = now.st_size;
        stamps[i].modified = now.st_mtim;
        stamps[i].changed = now.st_ctim;
    }
}

int web_new(struct web **ret_web, const char *path, struct complaint *complaint)
{
    struct web *web = calloc(1, sizeof *web);
    if (!web)
        return -ENOMEM;
    web->path = path;
    int r = state_new(&web->state, path, complaint);
    if (r < 0) {
        free(web);
        return r;
    }
    stamps_take(web, web->stamp);
    *ret_web = web;
    return 0;
}

void web_free(struct web *web)
{
    if (!web)
        return;
    state_free(web->state);
    free(web);
}

// False: something is wrong with what the files hold now.
static bool web_reload(struct web *web)
{
    struct complaint *complaint = calloc(1, sizeof *complaint);
    struct web_state *state;
    int r = complaint ? state_new(&state, web->path, complaint) : -ENOMEM;
    if (r == 0 && state->config.tls != web->state->config.tls) {
        log_warn("prometheus: %s: tls_server_config came or went: start redstart again; the old one stays", web->path);
        state_free(state);
    } else if (r == 0) {
        log_info("prometheus: read %s and its certificates again", web->path);
        state_free(web->state);
        web->state = state;
    } else {
        log_limited(LOG_LEVEL_ERROR, "prometheus: %s; the old one stays",
                    complaint && complaint->error[0] ? complaint->error : strerror(-r));
    }
    free(complaint);
    return r == 0;
}

void web_refresh(struct web *web, uint64_t now_ns)
{
    struct stamp stamps[WEB_FILES_MAX];
    if (now_ns - web->looked_ns < LOOK_NS)
        return;
    web->looked_ns = now_ns;
    stamps_take(web, stamps);
    if (memcmp(stamps, web->stamp, sizeof stamps) == 0)
        return;
    if (web_reload(web))
        stamps_take(web, web->stamp);
}

bool web_has_tls(const struct web *web)
{
    return web->state->config.tls;
}

struct web_tls *web_tls(const struct web *web)
{
    return web->state->tls;
}

const struct web_config *web_config(const struct web *web)
{
    return &web->state->config;
}

const char *web_hash(const struct web *web, const char *user)
{
    const struct web_config *config = &web->state->config;
    for (unsigned i = 0; i < config->user_count; i++)
        if (strcmp(config->user[i].name, user) == 0)
            return config->user[i].hash;
    return NULL;
}

// A bucket of `burst` tokens, one more each interval, as the time at which it is full.
bool web_rate_pass(struct web *web, uint64_t now_ns)
{
    const struct web_config *config = &web->state->config;
    uint64_t interval = config->rate_interval_ns;
    if (!interval)
        return true;
    uint64_t full = web->rate_full_ns > now_ns ? web->rate_full_ns : now_ns;
    if (full - now_ns > interval * (config->rate_burst - 1))
        return false;
    web->rate_full_ns = full + interval;
    return true;
}
