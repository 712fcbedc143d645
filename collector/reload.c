// See reload.h.
#include "collector/reload.h"

#include <stdlib.h>
#include <string.h>

// "none" for what is not there.
static const char *shown(const char *text)
{
    return text[0] ? text : "none";
}

// A line for each setting that is another now.
static void changes_say(const struct reload *reload, const struct collector_options *next)
{
    for (unsigned i = 0; i < SETTING_MAX; i++) {
        const struct collector_options *before = schema[i].at_start ? reload->started : reload->current;
        char old[SETTING_TEXT_SIZE], fresh[SETTING_TEXT_SIZE];
        setting_write(before, (enum setting)i, old);
        setting_write(next, (enum setting)i, fresh);
        if (strcmp(old, fresh) == 0)
            continue;
        if (schema[i].at_start)
            log_warn("%s stays %s: it is read at the start only; restart redstart for %s", schema[i].path, shown(old),
                     shown(fresh));
        else
            log_info("%s is %s now, was %s", schema[i].path, shown(fresh), shown(old));
    }
}

static void errors_say(char *text)
{
    for (char *line; (line = strsep(&text, "\n"));)
        log_error("%s", line);
    log_error("the configuration stays as it was");
}

void reload_run(struct reload *reload, struct stages *stages, struct outputs *outputs)
{
    static struct complaint complaint;
    struct collector_options *next = calloc(1, sizeof *next);
    if (!next) {
        log_error("not enough memory: the configuration stays as it was");
        return;
    }
    if (options_parse(next, reload->argc, reload->argv, reload->environment, &complaint) < 0) {
        errors_say(complaint.error);
        options_release(next);
        free(next);
        return;
    }
    for (unsigned i = 0; i < complaint.warnings; i++)
        log_warn("%s", complaint.warning[i]);
    changes_say(reload, next);
    log_init("redstart-collector", next->log_level, next->log_format);
    stages_reload(stages, next);
    outputs_reload(outputs, next);
    log_info("%s", next->config ? "configuration read again" : "there is no configuration file to read again");
    if (reload->current != reload->started) {
        options_release(reload->current);
        free(reload->current);
    }
    reload->current = next;
}

void reload_release(struct reload *reload)
{
    if (reload->current != reload->started) {
        options_release(reload->current);
        free(reload->current);
    }
    options_release(reload->started);
}
