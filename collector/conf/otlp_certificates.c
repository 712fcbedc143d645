// See otlp_certificates.h.
#include "collector/conf/otlp_certificates.h"

#include <errno.h>
#include <stdio.h>

static const struct {
    const char *variable, *key;
} tls_names[OTLP_TLS_FILE_MAX] = {
    [OTLP_TLS_CA] = {"CERTIFICATE", "certificate"},
    [OTLP_TLS_CERTIFICATE] = {"CLIENT_CERTIFICATE", "client_certificate"},
    [OTLP_TLS_KEY] = {"CLIENT_KEY", "client_key"},
};

static int tls_set(const struct otlp_endpoint_source *source, struct otlp_endpoint *endpoint, enum otlp_tls_file which,
                   const char *file, const char *name, bool variable)
{
    endpoint->tls_file[which] = file;
    endpoint->tls_said[which].variable = variable;
    endpoint->tls_said[which].name = options_keep(source->options, source->complaint, str_from(name));
    return endpoint->tls_said[which].name ? 0 : -EINVAL;
}

static int tls_take(const struct otlp_endpoint_source *source, struct otlp_endpoint *endpoint)
{
    const struct otlp_target *target = source->target;
    char place[OTLP_PLACE_MAX], name[OTLP_PLACE_MAX + 32];
    int r = 0;
    for (unsigned i = 0; r == 0 && target && i < OTLP_TLS_FILE_MAX; i++) {
        snprintf(name, sizeof name, "%s%s", otlp_endpoint_place(target, place, sizeof place), tls_names[i].key);
        r = target->tls_file[i] ? tls_set(source, endpoint, i, target->tls_file[i], name, false) : 0;
    }
    if (!endpoint->tls_file[OTLP_TLS_CERTIFICATE] != !endpoint->tls_file[OTLP_TLS_KEY])
        return complaint_error(source->complaint, "%sexpected client_certificate and client_key, both or none",
                               otlp_endpoint_place(target, place, sizeof place));
    return r;
}

// A certificate and its key belong together, so they are taken from one place: the variables, else the file. Whether
// the files can be read is looked at by the collector (otlp_files.h): it runs as another user.
int otlp_certificates_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                           struct otlp_endpoint *endpoint)
{
    char name[OTLP_TLS_FILE_MAX][OTLP_VARIABLE_NAME_MAX];
    const char *file[OTLP_TLS_FILE_MAX];
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        file[i] = otlp_endpoint_variable(source, signal, tls_names[i].variable, name[i]);
    if (!file[OTLP_TLS_CERTIFICATE] != !file[OTLP_TLS_KEY]) {
        bool key = file[OTLP_TLS_KEY];
        complaint_warn(source->complaint, "%s: expected %s beside it; ignored",
                       name[key ? OTLP_TLS_KEY : OTLP_TLS_CERTIFICATE],
                       name[key ? OTLP_TLS_CERTIFICATE : OTLP_TLS_KEY]);
        file[OTLP_TLS_CERTIFICATE] = file[OTLP_TLS_KEY] = NULL;
    }
    int r = tls_take(source, endpoint);
    for (unsigned i = 0; r == 0 && i < OTLP_TLS_FILE_MAX; i++)
        r = file[i] ? tls_set(source, endpoint, i, file[i], name[i], true) : 0;
    return r;
}
