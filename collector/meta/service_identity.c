// See service_identity.h.
#include "collector/meta/service_identity.h"

#include <string.h>
#include "collector/meta/cgroup.h"
#include "collector/meta/naming.h"
#include "common/lib/cleanup.h"

// A service is called as its Kubernetes workload, by the first of these that is there (semantic conventions, "Specify
// resource attributes using Kubernetes annotations" and labels; annotations and labels as the Collector names them).
static const char *const kubernetes_names[] = {
    "k8s.pod.annotation.resource.opentelemetry.io/service.name",
    "k8s.pod.label.app.kubernetes.io/instance",
    "k8s.pod.label.app.kubernetes.io/name",
    "k8s.deployment.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
    "k8s.pod.name",
    "k8s.container.name",
};
static const char *const kubernetes_namespaces[] = {
    "k8s.pod.annotation.resource.opentelemetry.io/service.namespace",
    "k8s.namespace.name",
};

// Those that have a field of their own, or are ours to say.
static const char *const own_prefixes[] = {"service.name", "service.namespace", "service.instance.id",
                                           "telemetry.sdk."};

static void set_detected(struct attribute_set *resource, const struct service_identity_source *source,
                         const struct cgroup_facts *cgroup)
{
    char uid[40];
    struct str name = cgroup->container_name;
    if (source->host_id[0])
        attribute_set_put(resource, STR("host.id"), str_from(source->host_id));
    attribute_set_put(resource, STR("host.arch"), str_from(source->host_arch));
    attribute_set_put(resource, STR("os.type"), STR("linux"));
    if (cgroup->container_id.n)
        attribute_set_put(resource, STR("container.id"), cgroup->container_id);
    if (name.n)
        attribute_set_put(resource, STR("container.name"), name);
    if (!cgroup->pod_uid.n || cgroup->pod_uid.n > sizeof uid)
        return;
    for (size_t i = 0; i < cgroup->pod_uid.n; i++)
        uid[i] = cgroup->pod_uid.p[i] == '_' ? '-' : cgroup->pod_uid.p[i];
    attribute_set_put(resource, STR("k8s.pod.uid"), (struct str){uid, cgroup->pod_uid.n});
}

// What the matching rules give: their attributes at once, the names to the two pointers.
static void rules_apply(const struct service_identity_source *source, const struct naming_subject *subject,
                        struct attribute_set *resource, const char **ret_name, const char **ret_namespace)
{
    *ret_name = *ret_namespace = NULL;
    for (unsigned i = 0; i < source->rule_count; i++) {
        const struct naming_rule *rule = &source->rules[i];
        if (!naming_rule_matches(rule, subject))
            continue;
        for (unsigned j = 0; j < rule->attribute_count; j++)
            attribute_set_put(resource, str_from(rule->attributes[j].key), str_from(rule->attributes[j].value));
        *ret_name = rule->name ? rule->name : *ret_name;
        *ret_namespace = rule->namespace_ ? rule->namespace_ : *ret_namespace;
    }
}

static const char *first_of(const struct attribute_set *resource, const char *const *keys, size_t count)
{
    const char *value = NULL;
    for (size_t i = 0; i < count && !(value && value[0]); i++)
        value = attribute_set_get(resource, keys[i]);
    return value;
}

// The first of a name's sources that says something; each is asked only if those before were silent.
static void name_find(const struct service_identity_source *source, const struct cgroup_facts *cgroup,
                      const char *rule_name, const struct attribute_set *resource, char *ret_name)
{
    char unit[CGROUP_UNIT_MAX];
    bool has_unit = cgroup_unit_name(cgroup->unit, unit, sizeof unit);
    const struct str candidates[] = {
        str_from(source->forced_name),
        str_from(rule_name),
        source->said_name,
        str_from(attribute_set_get(resource, "service.name")),
        str_from(first_of(resource, kubernetes_names, array_size(kubernetes_names))),
        has_unit && cgroup->unit_inside ? str_from(unit) : STR(""), // nearer than the container around it
        str_from(attribute_set_get(resource, "container.name")),
        has_unit ? str_from(unit) : STR(""),
        naming_program(source->subject.exe, source->cmdline),
        source->parent_name,
        naming_exe_base(source->subject.exe),
        source->comm,
        STR("unknown_service"),
    };
    ret_name[0] = 0;
    for (size_t i = 0; i < array_size(candidates) && !ret_name[0]; i++)
        if (candidates[i].n)
            naming_copy(ret_name, SERVICE_NAME_MAX, candidates[i]);
}

static void copy_attribute(char *to, const struct attribute_set *resource, const char *key)
{
    naming_copy(to, SERVICE_NAME_MAX, str_from(attribute_set_get(resource, key)));
}

void service_identity_find(const struct service_identity_source *source, struct service_identity *ret_identity)
{
    struct service_identity *identity = ret_identity;
    struct attribute_set *resource = &identity->resource;
    struct naming_subject subject = source->subject;
    const char *rule_name, *rule_namespace;
    struct cgroup_facts cgroup;

    cgroup_read(subject.cgroup, &cgroup);
    subject.unit = cgroup.unit;
    subject.container = cgroup.container_id.n || cgroup.container_name.n;
    attribute_set_init(resource);
    set_detected(resource, source, &cgroup);
    attribute_set_put_list(resource, source->said_attributes);
    rules_apply(source, &subject, resource, &rule_name, &rule_namespace);

    name_find(source, &cgroup, rule_name, resource, identity->name);
    naming_copy(identity->container_id, sizeof identity->container_id, cgroup.container_id);
    copy_attribute(identity->instance_id, resource, "service.instance.id");
    copy_attribute(identity->namespace_, resource, "service.namespace");
    if (rule_namespace)
        naming_copy(identity->namespace_, sizeof identity->namespace_, str_from(rule_namespace));
    else if (!identity->namespace_[0])
        naming_copy(identity->namespace_, sizeof identity->namespace_,
                    str_from(first_of(resource, kubernetes_namespaces, array_size(kubernetes_namespaces))));
    for (size_t i = 0; i < array_size(own_prefixes); i++)
        attribute_set_remove(resource, own_prefixes[i]);
}
