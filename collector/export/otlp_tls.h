// The PEM files of an endpoint, read by us and handed to libcurl as bytes: a file that changes takes effect with the
// next request, for libcurl reuses no connection that was made with other bytes. Called by otlp_request.c. Files are
// the administrator's.
#pragma once

#include <curl/curl.h>
#include "collector/export/otlp_settings.h"

struct otlp_tls;
// Keeps the file names. 0 or -ENOMEM.
int otlp_tls_new(struct otlp_tls **ret_tls, const char *const file[OTLP_TLS_FILE_MAX]) must_check;
void otlp_tls_free(struct otlp_tls *tls);
// Reads what changed and puts it into the handle. While a file cannot be read, or is no PEM, what was read before
// stays; -errno then, and *ret_failure tells of the first such file.
struct otlp_tls_failure {
    const char *file, *text;
};
int otlp_tls_refresh(struct otlp_tls *tls, CURL *easy, struct otlp_tls_failure *ret_failure) must_check;
// Has every file been read at least once?
bool otlp_tls_ready(const struct otlp_tls *tls);
