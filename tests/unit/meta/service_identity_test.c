// The order in which a service's name is looked for, its namespace, and what becomes of the other attributes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include "collector/meta/service_identity.h"
#include "common/lib/cleanup.h"

#define ID "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"
#define S(literal)                                                                                                     \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static const struct naming_attribute tier[] = {{"tier", "web"}, {"team", "rules"}};
static const struct naming_rule rule = {.name = "ruled", .attributes = tier, .attribute_count = 2};
static const struct naming_attribute by_label[] = {{"k8s.pod.label.app.kubernetes.io/name", "labelled"}};
static const struct naming_rule labels = {.attributes = by_label, .attribute_count = 1};

static const struct {
    const char *what;
    struct service_identity_source source;
    const char *name, *namespace_; // NULL: none
} cases[] = {
    {"all of them: forced",
     {.forced_name = "forced", .rules = &rule, .rule_count = 1, .said_name = S("said")},
     "forced",
     NULL},
    {"a rule", {.rules = &rule, .rule_count = 1, .said_name = S("said")}, "ruled", NULL},
    {"said",
     {.said_name = S("said"), .said_attributes = S("service.name=attribute,k8s.deployment.name=d")},
     "said",
     NULL},
    {"said as an attribute",
     {.said_attributes = S("k8s.deployment.name=d,service.name=attribute,service.namespace=eu")},
     "attribute",
     "eu"},
    {"a label", {.rules = &labels, .rule_count = 1, .said_attributes = S("k8s.deployment.name=d")}, "labelled", NULL},
    {"a deployment",
     {.said_attributes = S("k8s.pod.name=d-x-y,k8s.deployment.name=d,container.name=c,k8s.namespace.name=prod")},
     "d",
     "prod"},
    {"a pod",
     {.said_attributes = S("k8s.container.name=c,k8s.pod.name=p,k8s.namespace.name=prod,service.namespace=n")},
     "p",
     "n"},
    {"a container",
     {.said_attributes = S("container.name=c"), .subject.cgroup = S("/system.slice/x.service")},
     "c",
     NULL},
    {"a container's unit", {.subject.cgroup = S("/lxc/web/system.slice/nginx.service")}, "nginx", NULL},
    {"a container without one", {.subject.cgroup = S("/lxc/web/init.scope")}, "web", NULL},
    {"a unit",
     {.subject = {.exe = S("/usr/bin/python3"), .cgroup = S("/system.slice/my\\x2dshop.service")},
      .cmdline = S("python3\0/srv/app.py")},
     "my-shop",
     NULL},
    {"no unit that says anything",
     {.subject = {.exe = S("/bin/x"), .cgroup = S("/user.slice/user-1.slice/user@1.service/a.scope")}},
     "x",
     NULL},
    {"a script",
     {.subject.exe = S("/usr/bin/python3"), .cmdline = S("python3\0/srv/app.py"), .parent_name = S("parent")},
     "app",
     NULL},
    {"an interpreter's child",
     {.subject.exe = S("/usr/bin/python3"),
      .cmdline = S("python3\0-c\0from multiprocessing.spawn ..."),
      .parent_name = S("parent")},
     "parent",
     NULL},
    {"an executable", {.subject.exe = S("/srv/shop (deleted)"), .comm = S("x")}, "shop", NULL},
    {"a comm", {.comm = S("x")}, "x", NULL},
    {"nothing", {.comm = S("")}, "unknown_service", NULL},
    {"odd bytes", {.said_name = S("a\nb\xff")}, "a?b?", NULL},
    {"an empty name is none", {.said_attributes = S("service.name=,container.name=c")}, "c", NULL},
};

static void names(void **state)
{
    for (size_t i = 0; i < array_size(cases); i++) {
        struct service_identity_source source = cases[i].source;
        struct service_identity identity;
        source.host_id = "h";
        source.host_arch = "amd64";
        service_identity_find(&source, &identity);
        if (strcmp(identity.name, cases[i].name) != 0)
            fail_msg("%s: expected %s, saw %s", cases[i].what, cases[i].name, identity.name);
        assert_string_equal(identity.namespace_, cases[i].namespace_ ? cases[i].namespace_ : "");
        assert_null(attribute_set_get(&identity.resource, "service.name"));
        assert_null(attribute_set_get(&identity.resource, "service.namespace"));
        assert_string_equal(attribute_set_get(&identity.resource, "host.id"), "h");
    }
}

// A later rule wins for each thing alone; rules win over what the process says, that over what was found out.
static void attributes(void **state)
{
    static const struct naming_attribute api[] = {{"tier", "api"}}, inside[] = {{"where", "inside"}};
    static const char *const nobody[] = {"nobody"};
    static const struct naming_rule rules[] = {
        {.name = "first", .namespace_ = "one", .attributes = tier, .attribute_count = 2},
        {.namespace_ = "two", .attributes = api, .attribute_count = 1},
        {.name = "not this one", .units = nobody, .unit_count = 1},
        {.attributes = inside, .attribute_count = 1, .containers_only = true},
    };
    struct service_identity identity;
    const struct service_identity_source source = {
        .host_id = "h",
        .host_arch = "amd64",
        .rules = rules,
        .rule_count = array_size(rules),
        .subject = {.cgroup = STR("/docker/" ID)},
        .said_attributes = STR("team=said,color=red,host.id=mine,telemetry.sdk.name=x,telemetry.sdk.language=y,"
                               "service.instance.id=i-1,service.version=3"),
    };
    service_identity_find(&source, &identity);
    assert_string_equal(identity.name, "first");
    assert_string_equal(identity.namespace_, "two");
    assert_string_equal(identity.instance_id, "i-1");
    assert_string_equal(identity.container_id, ID);
    static const char *const expected[][2] = {
        {"tier", "api"},        {"team", "rules"},    {"where", "inside"},
        {"color", "red"},       {"host.id", "mine"},  {"os.type", "linux"},
        {"host.arch", "amd64"}, {"container.id", ID}, {"service.version", "3"},
    };
    for (size_t i = 0; i < array_size(expected); i++)
        assert_string_equal(attribute_set_get(&identity.resource, expected[i][0]), expected[i][1]);
    assert_int_equal(identity.resource.count, array_size(expected));
}

static void pods(void **state)
{
    struct service_identity identity;
    const struct service_identity_source source = {
        .host_id = "",
        .host_arch = "amd64",
        .subject = {.exe = STR("/app"),
                    .cgroup = STR("/kubepods.slice/kubepods-podd7ecb146_0b4b_4f4c_8bb5_9d4c6b5e2f10.slice/"
                                  "cri-containerd-" ID ".scope")},
    };
    service_identity_find(&source, &identity);
    assert_string_equal(attribute_set_get(&identity.resource, "k8s.pod.uid"), "d7ecb146-0b4b-4f4c-8bb5-9d4c6b5e2f10");
    assert_null(attribute_set_get(&identity.resource, "host.id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(attributes),
        cmocka_unit_test(pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
