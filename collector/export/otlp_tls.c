// PEM files; see otlp_tls.h.
#include "collector/export/otlp_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX (1 << 20)

struct pem {
    const char *path; // NULL: none
    struct stat seen; // of the version that was read
    char *bytes;      // NULL: not read yet
    size_t n;
};

struct otlp_tls {
    struct pem pem[OTLP_TLS_FILE_MAX];
};

static const CURLoption blob_option[OTLP_TLS_FILE_MAX] = {
    [OTLP_TLS_CA] = CURLOPT_CAINFO_BLOB,
    [OTLP_TLS_CERTIFICATE] = CURLOPT_SSLCERT_BLOB,
    [OTLP_TLS_KEY] = CURLOPT_SSLKEY_BLOB,
};

int otlp_tls_new(struct otlp_tls **ret_tls, const char *const file[OTLP_TLS_FILE_MAX])
{
    struct otlp_tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return -ENOMEM;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        tls->pem[i].path = file[i];
    *ret_tls = tls;
    return 0;
}

void otlp_tls_free(struct otlp_tls *tls)
{
    if (!tls)
        return;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++) {
        if (tls->pem[i].bytes)
            explicit_bzero(tls->pem[i].bytes, tls->pem[i].n); // one of them is a private key
        free(tls->pem[i].bytes);
    }
    free(tls);
}

static bool pem_unchanged(const struct pem *pem, const struct stat *now)
{
    return pem->bytes && pem->seen.st_dev == now->st_dev && pem->seen.st_ino == now->st_ino &&
           pem->seen.st_size == now->st_size && pem->seen.st_mtim.tv_sec == now->st_mtim.tv_sec &&
           pem->seen.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

// Replaces pem->bytes by the file's contents.
static int pem_read(struct pem *pem, int fd, const struct stat *now)
{
    if (now->st_size > PEM_MAX)
        return -EFBIG;
    size_t size = (size_t)now->st_size, n = 0;
    cleanup_free char *bytes = malloc(size + 1);
    if (!bytes)
        return -ENOMEM;
    for (ssize_t more = 1; n < size && more > 0; n += more > 0 ? (size_t)more : 0) {
        more = read(fd, bytes + n, size - n);
        if (more < 0)
            return -errno;
    }
    bytes[n] = 0;
    if (!memmem(bytes, n, "-----BEGIN ", 11))
        return -EINVAL;
    if (pem->bytes)
        explicit_bzero(pem->bytes, pem->n);
    free(pem->bytes);
    pem->bytes = bytes;
    bytes = NULL;
    pem->n = n;
    pem->seen = *now;
    return 0;
}

static int pem_refresh(struct pem *pem, CURL *easy, CURLoption option)
{
    struct stat now;
    cleanup_fd int fd = open(pem->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &now) != 0)
        return -errno;
    if (!S_ISREG(now.st_mode))
        return -EINVAL;
    if (pem_unchanged(pem, &now))
        return 0;
    int error = pem_read(pem, fd, &now);
    if (error)
        return error;
    struct curl_blob blob = {pem->bytes, pem->n, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob) == CURLE_OK ? 0 : -ENOMEM;
}

int otlp_tls_refresh(struct otlp_tls *tls, CURL *easy, const char **ret_file)
{
    int first = 0;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++) {
        int error = tls->pem[i].path ? pem_refresh(&tls->pem[i], easy, blob_option[i]) : 0;
        if (error && !first) {
            first = error;
            *ret_file = tls->pem[i].path;
        }
    }
    return first;
}

bool otlp_tls_ready(const struct otlp_tls *tls)
{
    bool ready = true;
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        ready &= !tls->pem[i].path || tls->pem[i].bytes;
    return ready;
}
