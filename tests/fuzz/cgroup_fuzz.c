// Fuzz target: /proc/PID/cgroup. The path that is chosen lies in the text, what is read out of it in the path.
#include <stdint.h>
#include <stdlib.h>
#include "collector/meta/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_inside(struct str part, struct str whole)
{
    if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[CGROUP_UNIT_MAX];
    struct cgroup_facts facts;
    struct str text = {(const char *)data, size}, path = cgroup_path(text);
    require_inside(path, text);
    cgroup_read(path, &facts);
    require_inside(facts.container_id, path);
    require_inside(facts.container_name, path);
    require_inside(facts.pod_uid, path);
    require_inside(facts.unit, path);
    if (cgroup_unit_name(facts.unit, name, sizeof name) && (!name[0] || strlen(name) >= facts.unit.n))
        abort();
    return 0;
}
