// Accept and Accept-Encoding of a stranger's scrape: the input is both, one behind the other with a line feed between.
#include <stdint.h>
#include <stdlib.h>
#include "collector/export/prometheus_accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct prometheus_choice choice;
    struct str accept = {(const char *)bytes, size}, encoding = {"", 0};
    const char *newline = size ? memchr(bytes, '\n', size) : NULL;
    if (newline) {
        accept.n = (size_t)(newline - accept.p);
        encoding = (struct str){newline + 1, size - accept.n - 1};
    }
    prometheus_accept(accept, &choice);
    if (choice.format >= PROMETHEUS_FORMAT_MAX || strlen(choice.content_type) < sizeof("text/plain; version=0.0.4"))
        abort();
    (void)prometheus_accept_gzip(encoding);
    return 0;
}
