// Which service a process belongs to: instances, workers, containers, rules, languages, names that are forced or
// missing.
#include <errno.h>
#include <unistd.h>
#include "tests/unit/meta/process_sample.h"

// Instances are told apart by port, else by executable; workers of one listener are one.
static void instances(void **state)
{
    assert_int_equal(add(PID, 1, 1, 0, "/a/shop"), 0);
    assert_string_equal(get(PID)->service->instance_id, "2d1c8c65-d76b-571c-a06c-730efaef2669");
    assert_int_equal(add(PID + 1, 1, 1, 0, "/b/shop"), 0);
    assert_int_equal(add(PID + 2, 1, 1, 81, "/a/shop"), 0);
    assert_int_equal(add(PID + 3, 1, 1, 81, "/a/shop"), 0);
    assert_ptr_not_equal(get(PID)->service, get(PID + 1)->service);
    assert_ptr_not_equal(get(PID)->service, get(PID + 2)->service);
    assert_ptr_equal(get(PID + 3)->service, get(PID + 2)->service);
    assert_int_equal(get(PID + 2)->service->processes, 2);
}

static void workers_inherit(void **state)
{
    assert_int_equal(add(PID, 1, 1, 0, "/srv/shop"), 0);
    assert_int_equal(add(PID + 1, PID, 1, 0, "/srv/shop"), 0);
    assert_int_equal(add(PID + 2, PID, 1, 0, "/bin/other"), 0);
    assert_int_equal(add(PID, 1, 1, 8080, "/srv/shop"), 0); // forked before it listened
    assert_int_equal(get(PID + 1)->listen_port, 8080);
    assert_int_equal(get(PID + 2)->listen_port, 0);
    assert_ptr_equal(get(PID + 1)->service, get(PID)->service);
    assert_int_equal(add(PID + 3, PID, 1, 0, "/srv/shop"), 0); // and after
    assert_int_equal(get(PID + 3)->listen_port, 8080);
    assert_int_equal(get(PID)->service->processes, 3);
    assert_int_equal(add(PID + 3, PID, 1, 9090, "/srv/shop"), 0); // its own port wins
    assert_int_equal(get(PID + 3)->listen_port, 9090);
    assert_int_equal(get(PID)->service->processes, 2);
}

static void forced_name(void **state)
{
    struct process_table *forced;
    assert_int_equal(process_table_new(&forced, "mine\n", "h", 4), 0);
    struct process_facts facts = {(uint32_t)getpid(), 1, 1, 0, STR("/usr/bin/python3"), STR("x")};
    assert_int_equal(process_table_update(forced, &facts), 0);
    const struct service *service = process_table_find(forced, facts.pid)->service;
    assert_string_equal(service->name, "mine?");
    assert_string_equal(service->language, "python");
    assert_string_equal(service->exe_name, "python3");

    static const char *const exe[] = {"python3"};
    static const struct naming_rule rule = {.exe = exe, .exe_count = 1, .name = "ruled"};
    assert_int_equal(process_table_names(forced, "ours", &rule, 1), 0); // before a rule's
    assert_string_equal(process_table_find(forced, facts.pid)->service->name, "ours");
    assert_int_equal(process_table_names(forced, NULL, &rule, 1), 0);
    assert_string_equal(process_table_find(forced, facts.pid)->service->name, "ruled");
    process_table_free(forced);
}

static void nameless(void **state)
{
    assert_int_equal(add(PID, 1, 1, 0, ""), 0);
    assert_string_equal(get(PID)->service->name, "comm");
    char huge[600];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    assert_int_equal(add(PID + 1, 1, 1, 0, huge), 0);
    assert_int_equal(strlen(get(PID + 1)->exe), PROCESS_EXE_MAX - 1);
    assert_int_equal(strlen(get(PID + 1)->service->name), SERVICE_NAME_MAX - 1);
}

static void found(uint32_t pid, uint64_t start, enum executable_language language, const char *version)
{
    struct process_executable found = {.pid = pid, .start_ns = start};
    found.executable.language = (uint8_t)language;
    found.executable.version_size = (uint8_t)strlen(version);
    memcpy(found.executable.version, version, strlen(version));
    process_table_executable(table, &found);
}

// What the file is, what it is called, and which of both the service shows.
static void languages(void **state)
{
    static const struct {
        const char *exe;
        enum executable_language language;
        const char *version, *expected, *expected_version;
    } cases[] = {
        {"/srv/shop", EXECUTABLE_GO, "go1.22.3", "go", "go1.22.3"},
        {"/srv/a", EXECUTABLE_UNKNOWN, "", NULL, ""},
        {"/srv/b", EXECUTABLE_C, "", "c", ""},
        {"/usr/bin/python3.11", EXECUTABLE_PYTHON, "3.11", "python", "3.11"},
        {"/usr/bin/python3", EXECUTABLE_UNKNOWN, "", "python", ""},
        {"/usr/bin/node", EXECUTABLE_CPP, "", "nodejs", ""},
        {"/opt/chain/node", EXECUTABLE_GO, "go1.21.0", "go", "go1.21.0"},
        {"/usr/bin/perl", EXECUTABLE_C, "", "perl", ""},
    };
    for (uint32_t i = 0; i < array_size(cases); i++) {
        assert_int_equal(add(PID, 1, i + 1, 8000, cases[i].exe), 0);
        found(PID, i + 1, cases[i].language, cases[i].version);
        const struct service *service = get(PID)->service;
        assert_string_equal(service->language ? service->language : "none",
                            cases[i].expected ? cases[i].expected : "none");
        assert_string_equal(service->runtime_version, cases[i].expected_version);
    }
}

static void language_of_another_time(void **state)
{
    assert_int_equal(add(PID, 1, 100, 0, "/srv/a"), 0);
    found(PID + 1, 100, EXECUTABLE_GO, "go1.1"); // nobody
    found(PID, 99, EXECUTABLE_GO, "go1.1");      // an earlier process of this number
    assert_null(get(PID)->service->language);
    found(PID, 100, EXECUTABLE_RUST, "1.75.0");
    assert_string_equal(get(PID)->service->language, "rust");
    // It listens: another instance of the same executable.
    assert_int_equal(add(PID, 1, 100, 80, "/srv/a"), 0);
    assert_string_equal(get(PID)->service->language, "rust");
    assert_string_equal(get(PID)->service->runtime_version, "1.75.0");
    // It executes something else, of which nothing is known yet.
    assert_int_equal(add(PID, 1, 100, 0, "/srv/b"), 0);
    assert_null(get(PID)->service->language);
    assert_string_equal(get(PID)->service->runtime_version, "");
    process_table_exit(table, PID, 5);
    found(PID, 100, EXECUTABLE_GO, "go1.1");
    assert_null(get(PID)->service->language);
}

// Forked workers say what their parent said; what executes another file speaks for itself.
static void environments_inherited(void **state)
{
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    assert_int_equal(add(PID + 1, PID, 1, 0, "/srv/shop"), 0); // before the record came
    says(PID, 1, "said", "");
    assert_int_equal(add(PID + 2, PID, 1, 0, "/srv/shop"), 0); // and after
    assert_int_equal(add(PID + 3, PID, 1, 0, "/bin/other"), 0);
    assert_string_equal(get(PID + 1)->service->name, "said");
    assert_ptr_equal(get(PID + 1)->service, get(PID)->service);
    assert_ptr_equal(get(PID + 2)->service, get(PID)->service);
    assert_string_equal(get(PID + 3)->service->name, "other");
    assert_int_equal(get(PID)->service->processes, 3);
}

// An id that the service itself gives is its instance, however many listeners it has; attributes are those of now.
static void instance_said(void **state)
{
    says(PID, 1, "shop", "service.instance.id=i-1,service.version=1");
    says(PID + 1, 1, "shop", "service.instance.id=i-1,service.version=2");
    says(PID + 2, 1, "other", "service.instance.id=i-1");
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    const struct service *service = get(PID)->service;
    assert_string_equal(service_attribute(service, "service.version"), "1");
    assert_int_equal(add(PID + 1, 1, 1, 81, "/srv/shop"), 0);
    assert_int_equal(add(PID + 2, 1, 1, 82, "/srv/shop"), 0);
    assert_ptr_equal(get(PID + 1)->service, service);
    assert_string_equal(service->instance_id, "i-1");
    assert_string_equal(service_attribute(service, "service.version"), "2");
    assert_string_equal(service_attribute(service, "os.type"), "linux");
    assert_null(service_attribute(service, "service.instance.id"));
    assert_ptr_not_equal(get(PID + 2)->service, service);
}

#define ID "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"

static const char *cgroup; // of all processes; NULL: they are gone

static int file_source(void *context, enum proc_file file, uint32_t pid, char *buffer, size_t size, size_t *ret_n)
{
    if (file != PROC_FILE_CGROUP || !cgroup)
        return -ENOENT;
    *ret_n = strlen(cgroup);
    memcpy(buffer, cgroup, *ret_n);
    return 0;
}

static void containers(void **state)
{
    process_table_source(table, file_source, NULL);
    cgroup = "0::/docker/" ID "\n";
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    // uuid5(4d63009a-8d0f-11ee-aad7-4c796ed8e320, "host-1\n7be9...\n\nshop\n80")
    assert_string_equal(get(PID)->service->instance_id, "36cbc97b-8096-5964-9428-37e1cb893c38");
    assert_string_equal(service_attribute(get(PID)->service, "container.id"), ID);
    cgroup = NULL; // told again when it has ended already
    assert_int_equal(add(PID, 1, 1, 70, "/srv/shop"), 0);
    assert_string_equal(service_attribute(get(PID)->service, "container.id"), ID);
    assert_int_equal(add(PID + 2, PID, 1, 0, "/srv/shop"), 0); // a worker that is gone
    assert_ptr_equal(get(PID + 2)->service, get(PID)->service);
    cgroup = "0::/system.slice/front.service\n";
    assert_int_equal(add(PID + 1, 1, 1, 80, "/srv/shop"), 0);
    assert_string_equal(get(PID + 1)->service->name, "front");
    assert_null(service_attribute(get(PID + 1)->service, "container.id"));
}

// Rules hold for processes that are known when they are set, and as facts change.
static void rules(void **state)
{
    static const struct naming_ports ports[] = {{90, 99}};
    static const uint32_t pids[] = {PID};
    static const char *const exe[] = {"shop"};
    static const struct naming_rule given[] = {
        {.exe = exe, .exe_count = 1, .name = "by-exe", .namespace_ = "eu"},
        {.pids = pids, .pid_count = 1, .name = "by-pid"},
        {.ports = ports, .port_count = 1, .name = "by-port"},
    };
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    assert_int_equal(add(PID + 1, PID, 1, 0, "/bin/child"), 0);
    assert_int_equal(add(PID + 2, 1, 1, 0, "/srv/shop"), 0);
    assert_int_equal(process_table_names(table, NULL, given, 3), 0);
    assert_string_equal(get(PID)->service->name, "by-pid");
    assert_string_equal(get(PID)->service->namespace_, "eu");
    assert_string_equal(get(PID + 1)->service->name, "by-pid");
    assert_string_equal(get(PID + 2)->service->name, "by-exe");
    assert_int_equal(add(PID + 2, 1, 1, 95, "/srv/shop"), 0);
    assert_string_equal(get(PID + 2)->service->name, "by-port");
    assert_int_equal(add(PID + 3, PID + 2, 1, 0, "/srv/shop"), 0); // a worker of that listener
    assert_ptr_equal(get(PID + 3)->service, get(PID + 2)->service);
    assert_int_equal(process_table_names(table, NULL, NULL, 0), 0);
    assert_string_equal(get(PID)->service->name, "shop");
    assert_string_equal(get(PID + 1)->service->name, "child");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(instances),
        TEST(workers_inherit),
        TEST(forced_name),
        TEST(nameless),
        TEST(languages),
        TEST(language_of_another_time),
        TEST(environments_inherited),
        TEST(instance_said),
        TEST(containers),
        TEST(rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
