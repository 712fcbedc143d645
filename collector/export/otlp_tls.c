// PEM files; see otlp_tls.h.
#include "collector/export/otlp_tls.h"

#include <errno.h>
#include <stdlib.h>
#include "collector/conf/pem.h"

struct otlp_tls {
    const char *path[OTLP_TLS_FILE_MAX]; // NULL: none
    struct pem pem[OTLP_TLS_FILE_MAX];
};

static const struct {
    CURLoption blob;
    enum pem_kind kind;
} tls_files[OTLP_TLS_FILE_MAX] = {
    [OTLP_TLS_CA] = {CURLOPT_CAINFO_BLOB, PEM_CERTIFICATE},
    [OTLP_TLS_CERTIFICATE] = {CURLOPT_SSLCERT_BLOB, PEM_CERTIFICATE},
    [OTLP_TLS_KEY] = {CURLOPT_SSLKEY_BLOB, PEM_KEY},
};

int otlp_tls_new(struct otlp_tls **ret_tls, const char *const file[OTLP_TLS_FILE_MAX])
{
    struct otlp_tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return -ENOMEM;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        tls->path[i] = file[i];
    *ret_tls = tls;
    return 0;
}

void otlp_tls_free(struct otlp_tls *tls)
{
    if (!tls)
        return;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        pem_release(&tls->pem[i]);
    free(tls);
}

static int file_refresh(struct otlp_tls *tls, CURL *easy, unsigned which)
{
    struct pem *pem = &tls->pem[which];
    bool changed = false;
    int r = tls->path[which] ? pem_read(pem, tls->path[which], tls_files[which].kind, &changed) : 0;
    if (r < 0 || !changed)
        return r;
    struct curl_blob blob = {pem->bytes, pem->n, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, tls_files[which].blob, &blob) == CURLE_OK ? 0 : -ENOMEM;
}

int otlp_tls_refresh(struct otlp_tls *tls, CURL *easy, struct otlp_tls_failure *ret_failure)
{
    int first = 0;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++) {
        int r = file_refresh(tls, easy, i);
        if (r < 0 && first == 0) {
            first = r;
            *ret_failure = (struct otlp_tls_failure){tls->path[i], pem_error_text(r, tls_files[i].kind)};
        }
    }
    return first;
}

bool otlp_tls_ready(const struct otlp_tls *tls)
{
    bool ready = true;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        ready &= !tls->path[i] || tls->pem[i].bytes;
    return ready;
}
