// What is said of made-up executables (tests/fuzz/make_elf_seeds.py): one for each mark, class, byte order and format;
// then files that are none, or no longer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>

#include "collector/meta/language.h"
#include "unit/resolver/files.h"

#define CORPUS "tests/fuzz/corpus/elf/"

enum { STATIC = EXECUTABLE_STATIC, DYNAMIC = EXECUTABLE_DYNAMIC };

static struct file file;

// build_id: how many of the bytes 1, 2, 3 ... it has.
static const struct known {
    const char *name, *language, *version, *module;
    uint16_t machine;
    uint8_t bits, linkage, build_id;
} files[] = {
    {"c", "c", "", "", EM_X86_64, 64, DYNAMIC, 20},
    {"c_without_sections", "c", "", "", EM_X86_64, 64, DYNAMIC, 20},
    {"c_static", "c", "", "", EM_X86_64, 64, STATIC, 20},
    {"c_static_pie", "c", "", "", EM_X86_64, 64, STATIC, 0},
    {"c_musl", "c", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"c_32", "c", "", "", EM_386, 32, DYNAMIC, 20},
    {"c_big_endian", "c", "", "", EM_S390, 64, DYNAMIC, 20},
    {"c_arm", "c", "", "", EM_AARCH64, 64, DYNAMIC, 20},
    {"cpp", "cpp", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"cpp_static", "cpp", "", "", EM_X86_64, 64, STATIC, 0},
    {"nothing_known", "", "", "", EM_X86_64, 64, STATIC, 0},
    {"go", "go", "go1.22.3", "shop.example v1.2.3", EM_X86_64, 64, STATIC, 0},
    {"go_without_sections", "go", "go1.22.3", "shop.example v1.2.3", EM_X86_64, 64, STATIC, 0},
    {"go_cgo", "go", "go1.21.0", "command-line-arguments", EM_X86_64, 64, DYNAMIC, 0},
    {"go_1.17", "go", "go1.17.13", "shop.example v1.2.3", EM_X86_64, 64, STATIC, 0},
    {"go_1.17_32", "go", "go1.17.13", "shop.example v1.2.3", EM_MIPS, 32, STATIC, 0},
    {"go_devel", "go", "devel go1.24-0123456789 Thu Nov ", "", EM_X86_64, 64, STATIC, 0},
    {"go_long_module", "go", "go1.20", "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
     EM_X86_64, 64, STATIC, 0},
    {"go_odd_text", "go", "go1.2", "a", EM_X86_64, 64, STATIC, 0}, // both end before what is not printable
    {"go_no_header", "go", "", "", EM_X86_64, 64, STATIC, 0},
    {"go_bad_length", "go", "", "", EM_X86_64, 64, STATIC, 0},
    {"rust", "rust", "1.75.0", "", EM_X86_64, 64, DYNAMIC, 20},
    {"rust_stripped", "rust", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"python", "python", "3.11", "", EM_X86_64, 64, DYNAMIC, 0},
    {"python_static", "python", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"not_python", "c", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"node", "nodejs", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"node_shared", "nodejs", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"ruby", "ruby", "3.1", "", EM_X86_64, 64, DYNAMIC, 0},
    {"java", "java", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"java_native", "java", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"dotnet", "dotnet", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"dotnet_native", "dotnet", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"php", "php", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"perl", "perl", "5.36", "", EM_X86_64, 64, DYNAMIC, 0},
    {"erlang", "erlang", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"swift", "swift", "", "", EM_X86_64, 64, DYNAMIC, 0},
    {"long_build_id", "c", "", "", EM_X86_64, 64, DYNAMIC, 20}, // cut
    {"many_libraries", "", "", "", EM_X86_64, 64, DYNAMIC, 0},
};

static void load(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, CORPUS "%s", name);
    if (!file_load(&file, path))
        fail_msg("cannot read %s", path);
}

static bool examine(struct executable *ret_executable)
{
    struct source source = file_source(&file);
    return examine_file(&source, ret_executable);
}

static void executable_assert(const struct executable *seen, const struct known *known)
{
    static const uint8_t build_id[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    const char *language = language_name(seen->language);
    assert_true(executable_check(seen));
    assert_string_equal(language ? language : "", known->language);
    assert_int_equal(seen->version_size, strlen(known->version));
    assert_memory_equal(seen->version, known->version, seen->version_size);
    assert_int_equal(seen->module_size, strlen(known->module));
    assert_memory_equal(seen->module, known->module, seen->module_size);
    assert_int_equal(seen->machine, known->machine);
    assert_int_equal(seen->bits, known->bits);
    assert_int_equal(seen->linkage, known->linkage);
    assert_int_equal(seen->build_id_size, known->build_id);
    assert_memory_equal(seen->build_id, build_id, known->build_id);
}

static void test_marks(void **state)
{
    for (size_t i = 0; i < array_size(files); i++) {
        struct executable executable;
        load(files[i].name);
        for (file.read_max = 0; file.read_max < 16; file.read_max += 7) { // files that come in small pieces, too
            assert_true(examine(&executable));
            executable_assert(&executable, &files[i]);
        }
    }
}

// Among several notes the one that is it.
static void test_build_id_among_notes(void **state)
{
    struct executable executable;
    load("notes");
    assert_true(examine(&executable));
    assert_int_equal(executable.build_id_size, 3);
    assert_memory_equal(executable.build_id, "abc", 3);
}

// Ourselves: a real file, of this very compiler.
static void test_ourselves(void **state)
{
    static const char path[] = "/proc/self/exe";
    struct executable executable;
    assert_true(file_load(&file, path));
    assert_true(examine(&executable));
    assert_int_equal(executable.bits, 8 * sizeof(void *));
    assert_int_equal(executable.linkage, EXECUTABLE_DYNAMIC);
    assert_int_equal(executable.build_id_size, 20);
    assert_string_equal(language_name(executable.language), "c");
}

static const struct {
    size_t at;
    uint8_t byte;
} damages[] = {
    {0, 'E'},                     // magic
    {EI_CLASS, 0}, {EI_CLASS, 3}, // neither 32 nor 64
    {EI_DATA, 0},  {EI_DATA, 3},  // byte order
    {EI_CLASS, 1},                // the fields of the other class
    {EI_DATA, 2},                 // the other byte order
    {16, ET_REL},  {16, ET_CORE}, // no executable
    {54, 55},                     // size of a program header
    {56, 0},       {56, 65},      // how many
    {57, 0xff},    {39, 0x80},    // how many, and where: beyond the end
};

static void test_no_executables(void **state)
{
    struct executable executable;
    for (size_t i = 0; i < array_size(damages); i++) {
        load("c");
        file.bytes[damages[i].at] = damages[i].byte;
        assert_false(examine(&executable));
    }
    load("c");
    for (file.size = 0; file.size < 64 + 4 * 56; file.size++) // up to the end of the program headers
        assert_false(examine(&executable));
    assert_true(file_load(&file, "tests/fuzz/make_elf_seeds.py"));
    assert_false(examine(&executable));
}

// Whatever a byte is changed to: no sanitizer speaks, and what is said can be said.
static void test_every_byte(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    static const char *const names[] = {"c", "go", "go_1.17", "rust", "c_32"};
    for (size_t name = 0; name < array_size(names); name++) {
        load(names[name]);
        for (size_t at = 0; at < file.size; at++) {
            uint8_t before = file.bytes[at];
            for (size_t i = 0; i < array_size(values); i++) {
                struct executable executable;
                file.bytes[at] = values[i];
                if (examine(&executable))
                    assert_true(executable_check(&executable));
            }
            file.bytes[at] = before;
        }
    }
}

// A file that says it is larger than it is: truncated since its size was asked.
static void test_shorter_than_said(void **state)
{
    struct executable executable;
    load("go");
    size_t whole = file.size;
    for (file.size = 0; file.size < whole; file.size += 3) {
        struct source source = file_source(&file);
        source.size = whole;
        if (examine_file(&source, &executable))
            assert_true(executable_check(&executable));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),      cmocka_unit_test(test_build_id_among_notes),
        cmocka_unit_test(test_ourselves),  cmocka_unit_test(test_no_executables),
        cmocka_unit_test(test_every_byte), cmocka_unit_test(test_shorter_than_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
