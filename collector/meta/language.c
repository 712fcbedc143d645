// See language.h. Called by meta/ for services, and for log lines.
#include "collector/meta/language.h"

#include <stddef.h>
#include "common/ipc/executable.h"
#include "common/lib/cleanup.h"

static const char *const languages[EXECUTABLE_LANGUAGE_MAX] = {
#define X(name, text) [EXECUTABLE_##name] = text,
    EXECUTABLE_LANGUAGES(X)
#undef X
};

const char *language_name(unsigned language)
{
    return language < array_size(languages) ? languages[language] : NULL;
}
