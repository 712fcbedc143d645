// See otlp_files.h.
#include "collector/conf/otlp_files.h"

#include <errno.h>
#include "collector/conf/pem.h"

static int file_check(const struct otlp_endpoint *endpoint, enum otlp_tls_file which, bool reader,
                      struct complaint *complaint)
{
    const struct otlp_tls_said *said = &endpoint->tls_said[which];
    const char *path = endpoint->tls_file[which];
    const enum pem_kind kind = which == OTLP_TLS_KEY ? PEM_KEY : PEM_CERTIFICATE;
    struct pem pem = {0};
    bool changed;
    int r = path ? pem_read(&pem, path, kind, &changed) : 0;
    pem_release(&pem);
    if (r == 0 || (r == -EACCES && !reader))
        return 0;
    if (!said->variable)
        return complaint_error(complaint, "%s %s: %s", said->name, path, pem_error_text(r, kind));
    complaint_warn(complaint, "%s=%s: %s; nothing is sent there until it can be read", said->name, path,
                   pem_error_text(r, kind));
    return 0;
}

int otlp_files_check(const struct otlp_settings *settings, bool reader, struct complaint *complaint)
{
    int r = 0;
    for (unsigned i = 0; i < settings->destinations; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
            for (unsigned which = 0; r == 0 && which < OTLP_TLS_FILE_MAX; which++)
                r = file_check(&settings->destination[i].endpoint[signal], which, reader, complaint);
    return r;
}
