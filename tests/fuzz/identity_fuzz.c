// Fuzz target: what a process says of itself and how it was called. The input is OTEL_SERVICE_NAME, NUL,
// OTEL_RESOURCE_ATTRIBUTES, NUL, the executable, NUL, its arguments. Whatever it says, the service has a name, and all
// texts are printable UTF-8.
#include <stdint.h>
#include <stdlib.h>
#include "collector/core/utf8.h"
#include "collector/meta/cmdline.h"
#include "collector/meta/service_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_printable(const char *text)
{
    struct str rest = str_from(text);
    while (rest.n) {
        size_t n = utf8_sequence(rest);
        if (n == 0 || utf8_control(rest, n))
            abort();
        rest = (struct str){rest.p + n, rest.n - n};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct service_identity identity;
    struct str rest = {(const char *)data, size};
    struct service_identity_source source = {.host_id = "h", .host_arch = "amd64"};
    cmdline_next(&rest, &source.said_name);
    cmdline_next(&rest, &source.said_attributes);
    cmdline_next(&rest, &source.subject.exe);
    source.cmdline = rest;
    service_identity_find(&source, &identity);
    if (!identity.name[0] || identity.resource.used > sizeof identity.resource.text)
        abort();
    require_printable(identity.name);
    require_printable(identity.namespace_);
    require_printable(identity.instance_id);
    for (unsigned i = 0; i < identity.resource.count; i++) {
        require_printable(identity.resource.text + identity.resource.key[i]);
        require_printable(identity.resource.text + identity.resource.value[i]);
    }
    return 0;
}
