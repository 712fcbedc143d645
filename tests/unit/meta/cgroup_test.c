// Cgroup paths as container runtimes, kubelet and systemd make them: what is read out of each, by value.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/meta/cgroup.h"
#include "common/lib/cleanup.h"

#define ID   "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"
#define ID2  "1f2e3d4c5b6a79880123456789abcdef0123456789abcdef0123456789abcdef"
#define UID  "d7ecb146-0b4b-4f4c-8bb5-9d4c6b5e2f10"
#define UID_ "d7ecb146_0b4b_4f4c_8bb5_9d4c6b5e2f10"

static const struct {
    const char *what, *path, *id, *name, *pod, *unit;
    bool unit_inside;
} cases[] = {
    {.what = "root", .path = "/"},
    {.what = "nothing", .path = ""},
    {.what = "docker, cgroupfs", .path = "/docker/" ID, .id = ID},
    {.what = "docker, systemd", .path = "/system.slice/docker-" ID ".scope", .id = ID},
    {.what = "docker, rootless",
     .path = "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
     .id = ID,
     .unit = "user@1000.service"},
    {.what = "docker, a cgroup of its own inside", .path = "/system.slice/docker-" ID ".scope/init", .id = ID},
    {.what = "docker with a parent", .path = "/my.slice/docker-" ID ".scope", .id = ID},
    {.what = "docker below its service", .path = "/system.slice/docker.service/docker/" ID, .id = ID},
    {.what = "containerd by nerdctl", .path = "/system.slice/nerdctl-" ID ".scope", .id = ID},
    {.what = "containerd by ctr", .path = "/default/" ID, .id = ID},
    {.what = "podman, systemd", .path = "/machine.slice/libpod-" ID ".scope", .id = ID},
    {.what = "podman, its inner cgroup", .path = "/machine.slice/libpod-" ID ".scope/container", .id = ID},
    {.what = "podman, cgroupfs", .path = "/libpod_parent/libpod-" ID, .id = ID},
    {.what = "podman, rootless",
     .path = "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
     .id = ID,
     .unit = "user@1000.service"},
    {.what = "podman of a unit (quadlet)",
     .path = "/system.slice/shop.service/libpod-payload-" ID,
     .id = ID,
     .unit = "shop.service"},
    {.what = "podman's monitor", .path = "/machine.slice/libpod-conmon-" ID ".scope"},
    {.what = "cri-o, systemd, a pod",
     .path = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" ID ".scope",
     .id = ID,
     .pod = UID_},
    {.what = "cri-o, cgroupfs", .path = "/kubepods/besteffort/pod" UID "/crio-" ID, .id = ID, .pod = UID},
    {.what = "cri-o's monitor",
     .path = "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope",
     .pod = UID_},
    {.what = "containerd, systemd, a guaranteed pod",
     .path = "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope",
     .id = ID,
     .pod = UID_},
    {.what = "containerd, cgroupfs", .path = "/kubepods/burstable/pod" UID "/" ID, .id = ID, .pod = UID},
    {.what = "containerd, mixed drivers",
     .path = "/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
     .id = ID,
     .pod = UID_},
    {.what = "docker below kubelet (dockershim)",
     .path = "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/docker-" ID ".scope",
     .id = ID,
     .pod = UID_},
    {.what = "a static pod",
     .path = "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID,
     .id = ID,
     .pod = "0123456789abcdef0123456789abcdef"},
    {.what = "kind: containerd in docker",
     .path = "/docker/" ID2 "/kubelet/kubepods/burstable/pod" UID "/" ID,
     .id = ID,
     .pod = UID},
    {.what = "kind, systemd",
     .path = "/system.slice/docker-" ID2 ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
             "kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope",
     .id = ID,
     .pod = UID_},
    {.what = "kind: a service of the node",
     .path = "/docker/" ID2 "/system.slice/kubelet.service",
     .id = ID2,
     .unit = "kubelet.service",
     .unit_inside = true},
    {.what = "dind", .path = "/docker/" ID2 "/docker/" ID, .id = ID},
    {.what = "ecs", .path = "/ecs/0e9f3f1c-4b1e-4d1e-9f1e-1e1e1e1e1e1e/" ID, .id = ID},
    {.what = "fargate",
     .path = "/ecs/c5d2a1b0c5d2a1b0c5d2a1b0c5d2a1b0/c5d2a1b0c5d2a1b0c5d2a1b0c5d2a1b0-1234567890",
     .id = "c5d2a1b0c5d2a1b0c5d2a1b0c5d2a1b0-1234567890"},
    {.what = "lxc",
     .path = "/lxc/web/system.slice/nginx.service",
     .name = "web",
     .unit = "nginx.service",
     .unit_inside = true},
    {.what = "lxc 4", .path = "/lxc.payload.web", .name = "web"},
    {.what = "lxd", .path = "/lxc.payload/db-1/init.scope", .name = "db-1"},
    {.what = "lxc's monitor", .path = "/lxc.monitor.web"},
    {.what = "nspawn", .path = "/machine.slice/systemd-nspawn@web.service/payload/init.scope", .name = "web"},
    {.what = "nspawn by hand", .path = "/machine.slice/machine-web.scope/payload", .name = "web"},
    {.what = "a virtual machine", .path = "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"},
    {.what = "a unit", .path = "/system.slice/nginx.service", .unit = "nginx.service"},
    {.what = "an instance", .path = "/system.slice/system-shop.slice/shop@eu.service", .unit = "shop@eu.service"},
    {.what = "delegated", .path = "/system.slice/shop.service/worker/3", .unit = "shop.service"},
    {.what = "a user's unit",
     .path = "/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service",
     .unit = "shop.service"},
    {.what = "a session", .path = "/user.slice/user-1000.slice/session-3.scope"},
    {.what = "a runtime itself", .path = "/system.slice/docker.service", .unit = "docker.service"},
    {.what = "too few digits", .path = "/docker/7be92808767a667f35c8505cbf40d14e"},
    {.what = "too many", .path = "/docker/" ID "0"},
    {.what = "capitals", .path = "/docker/7BE92808767A667F35C8505CBF40D14E931EF6DB5B0210329CF193B15BA9D605"},
    {.what = "a pod that is none", .path = "/kubepods/pod1234/tripod" UID},
    {.what = "slashes", .path = "//docker///" ID "/", .id = ID},
};

static void expect(const char *what, const char *field, struct str seen, const char *expected)
{
    if (!str_equal(seen, expected ? str_from(expected) : STR("")))
        fail_msg("%s: %s: expected \"%s\", saw \"%.*s\"", what, field, expected ? expected : "", (int)seen.n, seen.p);
}

static void paths(void **state)
{
    for (size_t i = 0; i < array_size(cases); i++) {
        struct cgroup_facts facts;
        cgroup_read(str_from(cases[i].path), &facts);
        expect(cases[i].what, "id", facts.container_id, cases[i].id);
        expect(cases[i].what, "name", facts.container_name, cases[i].name);
        expect(cases[i].what, "pod", facts.pod_uid, cases[i].pod);
        expect(cases[i].what, "unit", facts.unit, cases[i].unit);
        assert_int_equal(facts.unit_inside, cases[i].unit_inside);
    }
}

// /proc/PID/cgroup whole: which of its paths tells most.
static const struct {
    const char *text, *path;
} files[] = {
    {"0::/system.slice/nginx.service\n", "/system.slice/nginx.service"},
    {"0::/\n", "/"},
    {"0::/a", "/a"},
    {"12:pids:/docker/" ID "\n5:memory:/docker/" ID "\n1:name=systemd:/docker/" ID
     "\n0::/system.slice/containerd.service\n",
     "/docker/" ID},
    {"9:name=systemd:/system.slice/shop.service\n4:memory:/system.slice/shop.service\n0::/system.slice/shop.service\n",
     "/system.slice/shop.service"},
    {"4:memory:/batch\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n0::/\n",
     "/user.slice/user-0.slice/session-1.scope"},
    {"9:name=systemd:/\n8:pids:/x\n0::/\n", "/"},
    {"0::/../../docker/" ID "\n", "/docker/" ID},
    {"0::/..\n", ""},
    {"0::/..x\n", "/..x"},
    {"0::/system.slice/gone.service (deleted)\n", "/system.slice/gone.service"},
    {"1:cpu,cpuacct:/system.slice/docker-" ID ".scope\n0::/init.scope\n", "/system.slice/docker-" ID ".scope"},
    {"0::/odd:name:with:colons\n", "/odd:name:with:colons"},
    {"", ""},
    {"nonsense\n\n:\n::\n", ""},
};

static void whole_files(void **state)
{
    for (size_t i = 0; i < array_size(files); i++)
        expect(files[i].text, "path", cgroup_path(str_from(files[i].text)), files[i].path);
}

static void unit_names(void **state)
{
    static const struct {
        const char *unit, *name;
    } units[] = {
        {"shop.service", "shop"},
        {"shop@eu.service", "shop@eu"},
        {"my\\x2dshop.service", "my-shop"},
        {"shop@a\\x2fb.service", "shop@a/b"},
        {"odd\\x.service", "odd\\x"},
        {"odd\\x00.service", "odd\\x00"},
        {"user@1000.service", NULL},
        {"shop.scope", NULL},
        {".service", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < array_size(units); i++) {
        char name[CGROUP_UNIT_MAX];
        bool found = cgroup_unit_name(str_from(units[i].unit), name, sizeof name);
        assert_int_equal(found, units[i].name != NULL);
        if (found)
            assert_string_equal(name, units[i].name);
    }
    char small[4];
    assert_true(cgroup_unit_name(STR("shopping.service"), small, sizeof small));
    assert_string_equal(small, "sho");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(whole_files),
        cmocka_unit_test(unit_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
