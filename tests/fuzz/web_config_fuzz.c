// web.yml: it is taken, or refused with a reason; what is taken keeps the promises of web_config.h.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "collector/conf/web_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool pem_given(const struct web_pem *pem)
{
    return (pem->file[0] != 0) != (pem->text.n != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct web_config config;
    static struct complaint complaint;
    memset(&complaint, 0, sizeof complaint);
    int r = web_config_parse(&config, "f", (struct str){(const char *)bytes, size}, &complaint);
    require(r == 0 || (r == -EINVAL && strncmp(complaint.error, "f:", 2) == 0));
    require((r == 0) == (complaint.errors == 0));
    if (r < 0)
        return 0;
    require(!config.tls || (pem_given(&config.cert) && pem_given(&config.key)));
    require(config.min_version <= config.max_version && config.max_version < WEB_TLS_MAX);
    require(config.curve_count <= WEB_CURVE_MAX && config.header_count <= WEB_HEADERS_MAX);
    for (unsigned i = 0; i < config.user_count; i++)
        require(strlen(config.user[i].hash) == 60 && config.user[i].name);
    web_config_release(&config);
    return 0;
}
