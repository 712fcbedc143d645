// Errors and warnings about options and files; see complaint.h.
#include "collector/conf/complaint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int complaint_error(struct complaint *complaint, const char *format, ...)
{
    if (complaint->error[0])
        return -EINVAL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint->error, COMPLAINT_TEXT_MAX, format, arguments);
    va_end(arguments);
    complaint->errors = 1;
    return -EINVAL;
}

int complaint_error_add(struct complaint *complaint, const char *format, va_list arguments)
{
    size_t used = strlen(complaint->error);
    complaint->errors++;
    if (used + 1 + COMPLAINT_TEXT_MAX > sizeof complaint->error)
        return -EINVAL;
    if (used)
        complaint->error[used++] = '\n';
    vsnprintf(complaint->error + used, COMPLAINT_TEXT_MAX, format, arguments);
    return -EINVAL;
}

void complaint_warn(struct complaint *complaint, const char *format, ...)
{
    if (complaint->warnings == COMPLAINT_WARNINGS_MAX)
        return;
    char *warning = complaint->warning[complaint->warnings];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(warning, COMPLAINT_TEXT_MAX, format, arguments);
    va_end(arguments);
    for (unsigned i = 0; i < complaint->warnings; i++)
        if (strcmp(complaint->warning[i], warning) == 0)
            return; // one variable may be read for several destinations
    complaint->warnings++;
}
