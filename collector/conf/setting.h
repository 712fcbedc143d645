// Settings of one value, layer by layer: default < file < variable < option, each remembering who said it. Rows and
// types are the schema's; called by options.c, a layer after the other, lowest first.
#pragma once

#include "collector/conf/complaint.h"
#include "collector/conf/schema.h"
#include "collector/conf/yaml.h"
#include "collector/span/sampler.h"

struct collector_options;

enum setting_layer { SETTING_DEFAULT, SETTING_FILE, SETTING_VARIABLE, SETTING_OPTION };

// Where a value comes from. name: of the variable; of options and defaults the row tells.
struct setting_origin {
    enum setting_layer layer;
    const char *name;
    unsigned line; // of the file
};

void setting_defaults(struct collector_options *options);
// From a document that schema_check passed. 0 or -EINVAL with an error in its complaint.
int setting_file(struct collector_options *options, const struct yaml *yaml) must_check;
// All variables of all settings; a bad one is warned about and ignored.
void setting_variables(struct collector_options *options, char *const *environment, struct complaint *complaint);
// value: NULL where the option has none. 0 or -EINVAL with complaint->error, which names the option.
int setting_option(struct collector_options *options, enum setting setting, const char *value,
                   struct complaint *complaint) must_check;

// One judged value; text is kept, not copied, but for parts of it. False: what the texts need does not fit.
bool setting_store(struct collector_options *options, enum setting setting, const struct schema_value *value,
                   struct setting_origin origin);

// Of SETTING_TRACES_SAMPLER's names the index, and the ratio.
struct sampler setting_sampler(unsigned name, double ratio);

// The value as the file would say it; "" for none.
#define SETTING_TEXT_SIZE 512
void setting_write(const struct collector_options *options, enum setting setting, char text[SETTING_TEXT_SIZE]);
