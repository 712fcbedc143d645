// Marks of languages, from the surest to the weakest; see language.h. Called by examine.c; all input is foreign. What
// carries no mark but C's library or a C compiler's is taken for C.
#include "resolver/language.h"

#include <stdio.h>
#include "resolver/gobuild.h"
#include "resolver/text.h"

#define STRINGS_BYTES_MAX   (8 * 1024 * 1024) // names of shared symbols: 5 MB in Node
#define CONSTANTS_BYTES_MAX (8 * 1024 * 1024)
#define COMMENT_BYTES_MAX   1024

struct library {
    struct str prefix;
    enum executable_language language;
    bool versioned; // its name tells the runtime's version
};

// Of a program that embeds a runtime, or is one. "c++" and "c" are asked for last: runtimes are made of them.
static const struct library runtimes[] = {
    {{"libpython", 9}, EXECUTABLE_PYTHON, true},     {{"libruby", 7}, EXECUTABLE_RUBY, true},
    {{"libperl.", 8}, EXECUTABLE_PERL, true},        {{"libphp", 6}, EXECUTABLE_PHP, false},
    {{"libnode.", 8}, EXECUTABLE_NODEJS, false},     {{"libjvm.", 7}, EXECUTABLE_JAVA, false},
    {{"libjli.", 7}, EXECUTABLE_JAVA, false},        {{"libcoreclr.", 11}, EXECUTABLE_DOTNET, false},
    {{"libhostfxr.", 11}, EXECUTABLE_DOTNET, false}, {{"libgo.so", 8}, EXECUTABLE_GO, false},
    {{"libswiftCore", 12}, EXECUTABLE_SWIFT, false}, {{"libstd-", 7}, EXECUTABLE_RUST, false},
};
static const struct library cpp_libraries[] = {
    {{"libstdc++.", 10}, EXECUTABLE_CPP, false},
    {{"libc++.", 7}, EXECUTABLE_CPP, false},
};
static const struct library c_libraries[] = {
    {{"libc.", 5}, EXECUTABLE_C, false},
    {{"ld-musl-", 8}, EXECUTABLE_C, false},
};

// Whole names of symbols that only the runtime's own executable shares.
#define SYMBOL(name)                                                                                                   \
    {                                                                                                                  \
        "\0" name, sizeof name + 1                                                                                     \
    }
static const struct str symbols[] = {
    SYMBOL("napi_module_register"), SYMBOL("Py_BytesMain"),          SYMBOL("Py_Main"),
    SYMBOL("ruby_run_node"),        SYMBOL("zend_parse_parameters"), SYMBOL("Perl_runops_standard"),
    SYMBOL("enif_make_atom"),       SYMBOL("DotNetRuntimeInfo"),     SYMBOL("graal_create_isolate"),
};
static const enum executable_language symbol_language[] = {
    EXECUTABLE_NODEJS, EXECUTABLE_PYTHON, EXECUTABLE_PYTHON, EXECUTABLE_RUBY, EXECUTABLE_PHP,
    EXECUTABLE_PERL,   EXECUTABLE_ERLANG, EXECUTABLE_DOTNET, EXECUTABLE_JAVA,
};
_Static_assert(array_size(symbols) == array_size(symbol_language), "one language for each symbol");

static const struct {
    struct str prefix;
    enum executable_language language;
} sections[] = {
    {{".svm_heap", 9}, EXECUTABLE_JAVA},        // GraalVM native image
    {{"__managedcode", 13}, EXECUTABLE_DOTNET}, // .NET native ahead of time
    {{"swift5_", 7}, EXECUTABLE_SWIFT},
};

// Among a program's constants. In two halves, lest a program that contains this table (ours) carries the marks itself.
#define CONSTANT_MAX 32
static const struct {
    const char *head, *tail;
    bool begins; // a text of its own, not the end of one
    enum executable_language language;
} constants[] = {
    {"/library/", "std/src/", false, EXECUTABLE_RUST}, // where the standard library's panics say they are
    {"libhost", "fxr.so", true, EXECUTABLE_DOTNET},    // what the dotnet command loads
    {"St9bad_", "alloc", true, EXECUTABLE_CPP},        // a type's name, where the library is linked in
};

// "libpython3.11.so.1.0" > "3.11", "libruby-3.1.so.3.1" > "3.1"
static void version_parse(struct str name, struct executable *executable)
{
    size_t begin = 0, end;
    while (begin < name.n && !(name.p[begin] >= '0' && name.p[begin] <= '9'))
        begin++;
    for (end = begin; end < name.n && ((name.p[end] >= '0' && name.p[end] <= '9') || name.p[end] == '.'); end++)
        ;
    while (end > begin && name.p[end - 1] == '.')
        end--;
    executable->version_size =
        (uint8_t)text_copy(executable->version, sizeof executable->version, (struct str){name.p + begin, end - begin});
}

static bool library_find(const struct image *image, const struct library *libraries, size_t count,
                         struct executable *executable)
{
    for (unsigned i = 0; i < image->needed; i++) {
        struct str name = {image->needed_name[i], strnlen(image->needed_name[i], IMAGE_NAME_MAX)};
        for (size_t k = 0; k < count; k++) {
            struct str prefix = libraries[k].prefix;
            if (!str_starts(name, prefix))
                continue;
            executable->language = (uint8_t)libraries[k].language;
            if (libraries[k].versioned)
                version_parse((struct str){name.p + prefix.n, name.n - prefix.n}, executable);
            return true;
        }
    }
    return false;
}

static bool section_find(const struct image *image, struct executable *executable)
{
    for (size_t i = 0; i < array_size(sections); i++)
        if (image_section_starts(image, sections[i].prefix)) {
            executable->language = (uint8_t)sections[i].language;
            return true;
        }
    return false;
}

// Compilers sign in .comment: "GCC: (Debian 12.2.0-14) 12.2.0", "rustc version 1.75.0 (82e1608df 2023-12-21)".
static bool rustc_find(struct str comment, struct executable *executable)
{
    struct str mark = STR("rustc version ");
    const char *at = memmem(comment.p, comment.n, mark.p, mark.n);
    if (!at)
        return false;
    executable->language = EXECUTABLE_RUST;
    version_parse((struct str){at + mark.n, (size_t)(comment.p + comment.n - at) - mark.n}, executable);
    return true;
}

static bool c_compiler_find(struct str comment)
{
    return memmem(comment.p, comment.n, "GCC: ", 5) || memmem(comment.p, comment.n, "clang version ", 14);
}

static bool constant_find(struct source *source, const struct image *image, struct executable *executable)
{
    static char text[array_size(constants)][CONSTANT_MAX]; // each behind a NUL
    struct str needles[array_size(constants)];

    for (size_t i = 0; i < array_size(constants); i++) {
        int n = snprintf(text[i] + 1, CONSTANT_MAX - 1, "%s%s", constants[i].head, constants[i].tail);
        needles[i] = constants[i].begins ? (struct str){text[i], (size_t)n + 1} : (struct str){text[i] + 1, (size_t)n};
    }
    int found = source_search(source, image_section_find(image, STR(".rodata")), CONSTANTS_BYTES_MAX, needles,
                              array_size(constants));
    if (found >= 0)
        executable->language = (uint8_t)constants[found].language;
    return found >= 0;
}

void language_read(struct source *source, const struct image *image, struct executable *executable)
{
    static char text[COMMENT_BYTES_MAX];

    if (gobuild_read(source, image, executable)) {
        executable->language = EXECUTABLE_GO;
        return;
    }
    if (library_find(image, runtimes, array_size(runtimes), executable) || section_find(image, executable))
        return;
    int found = source_search(source, image->dynamic_strings, STRINGS_BYTES_MAX, symbols, array_size(symbols));
    if (found >= 0) {
        executable->language = (uint8_t)symbol_language[found];
        return;
    }
    struct str comment = {text,
                          source_read_some(source, image_section_find(image, STR(".comment")), text, sizeof text)};
    if (rustc_find(comment, executable) || constant_find(source, image, executable))
        return;
    if (!library_find(image, cpp_libraries, array_size(cpp_libraries), executable) &&
        !library_find(image, c_libraries, array_size(c_libraries), executable) && c_compiler_find(comment))
        executable->language = EXECUTABLE_C;
}
