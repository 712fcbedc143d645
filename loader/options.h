// The loader's command line: what to observe (root's word) and whom to serve. Trusted input.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "common/lib/cleanup.h"
#include "common/lib/log.h"

#define OPTIONS_GLOBS_MAX 32
#define OPTIONS_PIDS_MAX 64

struct port_set {
    uint8_t bits[65536 / 8];
    bool any;
};

// One side of a selection: with --x what is observed, with --exclude-x what never is.
struct selectors {
    struct port_set ports;
    const char *exe[OPTIONS_GLOBS_MAX];
    unsigned exe_count;
    pid_t pid[OPTIONS_PIDS_MAX];
    unsigned pid_count;
};

struct loader_options {
    struct selectors include, exclude;
    const char *socket_path; // where the collector connects
    const char *pin_path;    // bpffs directory, NULL: nothing is pinned
    const char *config_path; // root's file with more options
    uid_t uid, gid;          // who root becomes; by default the owner of the socket's directory
    uid_t collector_uid;
    bool detach, help, version;
    enum log_level log_level;
    enum log_format log_format;
};

// True if nothing was selected: every process is observed.
bool options_select_all(const struct loader_options *options);
// The file of --config first (long options, one per line without dashes: "port = 8080"; root's, and nobody else's to write), then
// the command line, which wins. 0, or -EINVAL after a message on standard error that names the option or the line. --help and
// --version print and exit(0).
int options_parse(char **argv, struct loader_options *ret_options) must_check;
bool port_set_has(const struct port_set *set, uint16_t port);
void port_set_add(struct port_set *set, uint16_t first, uint16_t last);
