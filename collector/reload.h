// SIGHUP: options, variables and the file are read again, and what can change while running changes; no request and no
// series is lost. What cannot is said, and stays; so does everything if something is wrong. Called by main.c.
#pragma once

#include "collector/conf/options.h"
#include "collector/export/outputs.h"
#include "collector/stages.h"

struct reload {
    int argc;
    char **argv, **environment;
    struct collector_options *started; // what outputs hold on to
    struct collector_options *current; // what is in force
};

void reload_run(struct reload *reload, struct stages *stages, struct outputs *outputs);
void reload_release(struct reload *reload);
