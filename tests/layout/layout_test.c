// Kernel and user space agree on the layout of what they share: the BPF object's own type information is compared
// with what the C compiler made of the same headers, field by field. argv[1]: redstart.bpf.o.
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "common/abi/counters.h"
#include "common/abi/event.h"
#include "common/abi/policy.h"
#include "common/abi/record.h"

static const char *object_path;

// clang-format off
#define HTTP1_RECORD(X)                                                                                                \
    X(kind) X(size) X(family) X(role) X(flags) X(pid) X(netns) X(connection) X(sequence) X(local_port) X(remote_port)  \
    X(local_address) X(remote_address) X(emitted) X(arrived) X(started) X(responded) X(ended) X(request_bytes)         \
    X(response_bytes) X(tail) X(request_captured) X(response_offset) X(response_captured) X(path_captured)             \
    X(path_offset) X(socket_error) X(reserved) X(data)
#define PROCESS_EVENT(X)                                                                                               \
    X(kind) X(pid) X(parent_pid) X(port) X(notes) X(start) X(comm) X(namespaces) X(reserved) X(filename)               \
    X(cgroup)
#define TARGET(X) X(flags) X(rules)
#define POLICY(X) X(settled) X(names) X(cgroups) X(open) X(excluding) X(lineage) X(all) X(ports)
#define ENVIRONMENT_RECORD(X)                                                                                          \
    X(kind) X(size) X(name_size) X(attributes_size) X(pid) X(reserved) X(start) X(emitted) X(name) X(attributes)
#define EXECUTED_RECORD(X) X(kind) X(size) X(pid) X(start) X(emitted) X(cgroup)
#define COUNTERS_STRUCT(X) X(value)
// clang-format on

struct field {
    const char *name;
    size_t offset;
};

static void compare(const struct btf *btf, const char *name, size_t size, const struct field *fields, size_t count)
{
    int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
    assert_true(id > 0);
    const struct btf_type *type = btf__type_by_id(btf, (uint32_t)id);
    assert_int_equal(type->size, size);
    assert_int_equal(btf_vlen(type), count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(btf__name_by_offset(btf, btf_members(type)[i].name_off), fields[i].name);
        assert_int_equal(btf_member_bit_offset(type, (uint32_t)i), 8 * fields[i].offset);
    }
}

static void test_layouts(void **state)
{
    struct btf *btf = btf__parse_elf(object_path, NULL);
    assert_non_null(btf);
#define X(field) {#field, offsetof(struct http1_record, field)},
    static const struct field record[] = {HTTP1_RECORD(X)};
#undef X
#define X(field) {#field, offsetof(struct process_event, field)},
    static const struct field event[] = {PROCESS_EVENT(X)};
#undef X
#define X(field) {#field, offsetof(struct target, field)},
    static const struct field target[] = {TARGET(X)};
#undef X
#define X(field) {#field, offsetof(struct policy, field)},
    static const struct field policy[] = {POLICY(X)};
#undef X
    assert_int_equal(offsetof(struct process_event, filename), EVENT_SHORT);
#define X(field) {#field, offsetof(struct environment_record, field)},
    static const struct field environment[] = {ENVIRONMENT_RECORD(X)};
#undef X
#define X(field) {#field, offsetof(struct executed_record, field)},
    static const struct field executed[] = {EXECUTED_RECORD(X)};
#undef X
#define X(field) {#field, offsetof(struct counters, field)},
    static const struct field counters[] = {COUNTERS_STRUCT(X)};
#undef X
    compare(btf, "http1_record", sizeof(struct http1_record), record, sizeof record / sizeof record[0]);
    compare(btf, "process_event", sizeof(struct process_event), event, sizeof event / sizeof event[0]);
    compare(btf, "target", sizeof(struct target), target, sizeof target / sizeof target[0]);
    compare(btf, "policy", sizeof(struct policy), policy, sizeof policy / sizeof policy[0]);
    compare(btf, "environment_record", sizeof(struct environment_record), environment,
            sizeof environment / sizeof environment[0]);
    compare(btf, "executed_record", sizeof(struct executed_record), executed, sizeof executed / sizeof executed[0]);
    compare(btf, "counters", sizeof(struct counters), counters, sizeof counters / sizeof counters[0]);
    btf__free(btf);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layouts)};
    if (argc != 2)
        return 2;
    object_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
