// PEM files (RFC 7468) of certificates and keys, read whole. Called by otlp_files.c when redstart starts and by
// export/otlp_tls.c before each request. Files are the administrator's; whether what is in them fits together is the
// TLS library's to say.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "common/lib/cleanup.h"

enum pem_kind { PEM_CERTIFICATE, PEM_KEY };

struct pem {
    char *bytes; // NULL: not read yet
    size_t n;
    struct stat seen; // of the file that they are of
};

// Reads the file unless it is the one that was read last. On failure that one stays: -errno; -EINVAL: there is no whole
// PEM of this kind in it; -ENOKEY: it is encrypted, and there is nobody to ask for a passphrase; -EFBIG: more than 1
// MiB.
int pem_read(struct pem *pem, const char *path, enum pem_kind kind, bool *ret_changed) must_check;
void pem_release(struct pem *pem);
// What pem_read's error means, and what to do.
const char *pem_error_text(int error, enum pem_kind kind);
