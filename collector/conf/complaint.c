// Errors and warnings about options; see complaint.h.
#include "collector/conf/complaint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int complaint_error(struct complaint *complaint, const char *format, ...)
{
    if (complaint->error[0])
        return -EINVAL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint->error, sizeof complaint->error, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

void complaint_warn(struct complaint *complaint, const char *format, ...)
{
    if (complaint->warnings == COMPLAINT_WARNINGS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint->warning[complaint->warnings++], COMPLAINT_TEXT_MAX, format, arguments);
    va_end(arguments);
}
