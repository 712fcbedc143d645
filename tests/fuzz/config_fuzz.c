// Fuzz target: redstart.yaml as a whole. It is taken, or refused with a reason that names file, line and column; what
// is taken can be shown, and what is shown of each setting is taken again.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "collector/conf/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void settings_show(const struct collector_options *options)
{
    for (unsigned i = 0; i < SETTING_MAX; i++) {
        char text[SETTING_TEXT_SIZE];
        struct schema_value value;
        setting_write(options, (enum setting)i, text);
        if (text[0] && schema[i].type != SCHEMA_LISTEN && strlen(text) < SETTING_TEXT_SIZE - 1)
            require(schema_parse_list(&schema[i], str_from(text), 0, &value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct collector_options options;
    static struct complaint complaint;
    memset(&options, 0, sizeof options);
    memset(&complaint, 0, sizeof complaint);
    setting_defaults(&options);
    int r = config_parse(&options, "f", (struct str){(const char *)bytes, size}, &complaint);
    require(r == 0 || (r == -EINVAL && strncmp(complaint.error, "f:", 2) == 0));
    require((r == 0) == (complaint.errors == 0));
    if (r == 0)
        settings_show(&options);
    options_release(&options);
    return 0;
}
