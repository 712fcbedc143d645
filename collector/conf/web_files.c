// See web_files.h.
#include "collector/conf/web_files.h"

#include <errno.h>
#include <unistd.h>
#include "collector/conf/pem.h"
#include "collector/conf/web_config.h"

static int file_check(const char *path, const struct web_pem *source, const char *key, enum pem_kind kind,
                      struct complaint *complaint)
{
    struct pem pem = {0};
    bool changed;
    int r = source->file[0] ? pem_read(&pem, source->file, kind, &changed) : 0;
    pem_release(&pem);
    if (r == 0 || r == -EACCES)
        return 0;
    return complaint_error(complaint, "%s: tls_server_config.%s: %s: %s", path, key, source->file,
                           pem_error_text(r, kind));
}

int web_files_check(const char *path, struct complaint *complaint)
{
    struct web_config config;
    if (access(path, R_OK) < 0 && errno == EACCES)
        return 0;
    int r = web_config_read(&config, path, complaint);
    if (r < 0)
        return r == -ENOMEM ? complaint_error(complaint, "%s: not enough memory to read it", path) : r;
    r = file_check(path, &config.cert, "cert_file", PEM_CERTIFICATE, complaint);
    if (r == 0)
        r = file_check(path, &config.key, "key_file", PEM_KEY, complaint);
    if (r == 0)
        r = file_check(path, &config.client_ca, "client_ca_file", PEM_CERTIFICATE, complaint);
    web_config_release(&config);
    return r;
}
