// Reading of PEM files; see pem.h.
#include "collector/conf/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "collector/conf/file.h"

#define PEM_MAX (1 << 20)

// "-----BEGIN X-----" to "-----END X-----" with a label of the kind: CERTIFICATE, TRUSTED CERTIFICATE, PRIVATE KEY,
// RSA PRIVATE KEY ... -EINVAL: there is none.
static int text_check(const char *text, enum pem_kind kind)
{
    const char *wanted = kind == PEM_KEY ? "PRIVATE KEY" : "CERTIFICATE";
    for (const char *begin = text; (begin = strstr(begin, "-----BEGIN ")); begin++) {
        const char *label = begin + 11, *end = strstr(label, "-----");
        size_t n = end ? (size_t)(end - label) : 0;
        if (n < strlen(wanted) || memcmp(end - strlen(wanted), wanted, strlen(wanted)) != 0)
            continue;
        const char *closed = strstr(end, "-----END ");
        if (!closed || strncmp(closed + 9, label, n + 5) != 0)
            return -EINVAL; // cut off
        const char *sealed = strstr(end, "\nProc-Type: 4,ENCRYPTED");
        bool encrypted = memmem(label, n, "ENCRYPTED", 9) || (sealed && sealed < closed);
        return encrypted ? -ENOKEY : 0;
    }
    return -EINVAL;
}

static bool file_same(const struct pem *pem, const struct stat *now)
{
    return pem->bytes && pem->seen.st_dev == now->st_dev && pem->seen.st_ino == now->st_ino &&
           pem->seen.st_size == now->st_size && pem->seen.st_mtim.tv_sec == now->st_mtim.tv_sec &&
           pem->seen.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

int pem_read(struct pem *pem, const char *path, enum pem_kind kind, bool *ret_changed)
{
    struct stat now;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &now) != 0)
        return -errno;
    if (!S_ISREG(now.st_mode))
        return -EINVAL;
    *ret_changed = !file_same(pem, &now);
    if (!*ret_changed)
        return 0;
    char *bytes;
    size_t size;
    int r = file_read_fd(fd, PEM_MAX, &bytes, &size);
    if (r < 0)
        return r;
    r = text_check(bytes, kind);
    if (r < 0) {
        explicit_bzero(bytes, size); // it may be a private key
        free(bytes);
        return r;
    }
    pem_release(pem);
    *pem = (struct pem){bytes, size, now};
    return 0;
}

void pem_release(struct pem *pem)
{
    if (pem->bytes)
        explicit_bzero(pem->bytes, pem->n);
    free(pem->bytes);
    pem->bytes = NULL;
    pem->n = 0;
}

const char *pem_error_text(int error, enum pem_kind kind)
{
    switch (error) {
    case -EINVAL:
        return kind == PEM_KEY ? "expected a PEM file with a private key" : "expected a PEM file with certificates";
    case -ENOKEY:
        return "the key is encrypted; expected one without a passphrase";
    case -EFBIG:
        return "longer than 1 MiB; expected a PEM file";
    case -EACCES:
        return "may not be read by the collector's user";
    default:
        return strerror(-error);
    }
}
