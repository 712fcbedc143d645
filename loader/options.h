// The loader's command line: what to observe (root's word) and whom to serve. Trusted input.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "common/lib/cleanup.h"
#include "common/lib/log.h"
#include "loader/rules.h"

#define OPTIONS_FILE_MAX 65536

struct loader_options {
    struct rules rules;
    const char *socket_path; // where the collector connects
    const char *pin_path;    // bpffs directory, NULL: nothing is pinned
    const char *config_path; // root's file with more options
    uid_t uid, gid;          // who root becomes; by default the owner of the socket's directory
    uid_t collector_uid;
    const char *variant; // NULL: the best that this kernel has
    bool detach, help, version;
    enum log_level log_level;
    enum log_format log_format;
    char file[OPTIONS_FILE_MAX + 2]; // the file's text, which the values above point into
};

// The file of --config first (long options, one per line without dashes: "port = 8080"; root's, and nobody else's to
// write), then the command line, which wins. 0, or -EINVAL after a message on standard error that names the option or
// the line. --help and
// --version print and exit(0). May be called again, for other options. Needs no memory.
int options_parse(char **argv, struct loader_options *ret_options) must_check;
