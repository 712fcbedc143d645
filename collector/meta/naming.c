// See naming.h. One row per interpreter says how its command line is read.
#include "collector/meta/naming.h"

#include "collector/core/utf8.h"
#include "collector/meta/cmdline.h"

enum shape { SHAPE_FILE, SHAPE_MODULE, SHAPE_CLASS }; // FILE where nothing else is said

// Lists are NULL-terminated.
struct interpreter {
    struct str name;                // of the executable, then maybe a version: python3.11
    const char *language;           // telemetry.sdk.language
    const char *const *with_value;  // options whose value is the next argument
    const char *const *inline_code; // options that make it run text: there is no script
    const char *const *commands;    // words that may stand before the script
    const char *file_option;        // its value is the script or archive
    const char *module_option;      // its value is a module
    enum shape script;              // what a bare argument is
    enum shape module;
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct interpreter interpreters[] = {
    {.name = {"python", 6},
     .language = "python",
     .with_value = LIST("-W", "-X", "--check-hash-based-pycs"),
     .inline_code = LIST("-c"),
     .module_option = "-m",
     .module = SHAPE_MODULE},
    {.name = {"pypy", 4},
     .language = "python",
     .with_value = LIST("-W", "-X"),
     .inline_code = LIST("-c"),
     .module_option = "-m",
     .module = SHAPE_MODULE},
    {.name = {"node", 4},
     .language = "nodejs",
     .with_value = LIST("-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"),
     .inline_code = LIST("-e", "--eval", "-p", "--print", "-pe")},
    {.name = {"nodejs", 6},
     .language = "nodejs",
     .with_value = LIST("-r", "--require", "--import"),
     .inline_code = LIST("-e", "--eval", "-p", "--print")},
    {.name = {"deno", 4},
     .language = "nodejs",
     .with_value = LIST("-c", "--config", "-L", "--log-level"),
     .inline_code = LIST("eval", "repl"),
     .commands = LIST("run", "serve", "task")},
    {.name = {"bun", 3},
     .language = "nodejs",
     .with_value = LIST("-r", "--preload", "-c", "--config", "--cwd"),
     .inline_code = LIST("-e", "--eval"),
     .commands = LIST("run")},
    {.name = {"ruby", 4},
     .language = "ruby",
     .with_value = LIST("-r", "-I", "-C", "-E"),
     .inline_code = LIST("-e"),
     .commands = LIST("bundle", "bundler", "exec")},
    {.name = {"java", 4},
     .language = "java",
     .with_value = LIST("-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path",
                        "--add-modules", "--add-opens", "--add-exports", "--add-reads", "--enable-native-access"),
     .file_option = "-jar",
     .module_option = "-m",
     .script = SHAPE_CLASS,
     .module = SHAPE_CLASS},
    {.name = {"php", 3},
     .language = "php",
     .with_value = LIST("-S", "-t", "-d", "-c", "-z"),
     .inline_code = LIST("-r", "-a", "-i"),
     .file_option = "-f"},
    {.name = {"perl", 4},
     .language = "perl",
     .with_value = LIST("-I"),
     .inline_code = LIST("-e", "-E")},
    {.name = {"dotnet", 6},
     .language = "dotnet",
     .with_value = LIST("--runtimeconfig", "--depsfile", "--fx-version", "--additionalprobingpath"),
     .inline_code = LIST("run", "test"),
     .commands = LIST("exec")},
};

static const struct str suffixes[] = {
    {".py", 3},   {".pyc", 4}, {".pyz", 4},  {".js", 3}, {".mjs", 4},  {".cjs", 4}, {".ts", 3},
    {".mts", 4},  {".tsx", 4}, {".jsx", 4},  {".rb", 3}, {".ru", 3},   {".jar", 4}, {".war", 4},
    {".java", 5}, {".php", 4}, {".phar", 5}, {".pl", 3}, {".psgi", 5}, {".dll", 4},
};

static struct str base_name(struct str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    if (slash)
        return (struct str){slash + 1, (size_t)(path.p + path.n - slash - 1)};
    return path;
}

struct str naming_exe_path(struct str exe)
{
    struct str deleted = STR(" (deleted)");
    if (exe.n > deleted.n && memcmp(exe.p + exe.n - deleted.n, deleted.p, deleted.n) == 0)
        exe.n -= deleted.n;
    return exe;
}

struct str naming_exe_base(struct str exe)
{
    return base_name(naming_exe_path(exe));
}

static const struct interpreter *interpreter_find(struct str exe)
{
    struct str base = naming_exe_base(exe);
    for (size_t i = 0; i < array_size(interpreters); i++) {
        size_t n = interpreters[i].name.n;
        if (!str_starts(base, interpreters[i].name))
            continue;
        while (n < base.n && ((base.p[n] >= '0' && base.p[n] <= '9') || base.p[n] == '.' || base.p[n] == '-'))
            n++;
        if (n == base.n)
            return &interpreters[i];
    }
    return NULL;
}

const char *naming_language(struct str exe)
{
    const struct interpreter *interpreter = interpreter_find(exe);
    return interpreter ? interpreter->language : str_starts(naming_exe_base(exe), STR("php-fpm")) ? "php" : NULL;
}

static bool listed(const char *const *list, struct str word)
{
    for (; list && *list; list++)
        if (str_equal(word, str_from(*list)))
            return true;
    return false;
}

// shop-1.2.jar > shop-1.2, com.acme.Main > Main, mod/com.acme.Main > Main, http.server > http.server
static struct str shape_apply(struct str word, enum shape shape)
{
    if (shape == SHAPE_MODULE)
        return word;
    word = base_name(word);
    for (size_t i = 0; i < array_size(suffixes); i++) {
        struct str suffix = suffixes[i];
        if (word.n > suffix.n && memcmp(word.p + word.n - suffix.n, suffix.p, suffix.n) == 0)
            return (struct str){word.p, word.n - suffix.n};
    }
    const char *dot = shape == SHAPE_CLASS && word.n ? memrchr(word.p, '.', word.n) : NULL;
    if (dot && dot + 1 < word.p + word.n)
        return (struct str){dot + 1, (size_t)(word.p + word.n - dot - 1)};
    return word;
}

// "puma 6.4 (tcp://0.0.0.0:3000) [shop]", "gunicorn: master [app]": programs that rewrite their arguments. Empty if not
// so.
static struct str title_word(struct str first)
{
    const char *space = first.n ? memchr(first.p, ' ', first.n) : NULL;
    size_t n = space ? (size_t)(space - first.p) : 0;
    if (n && first.p[n - 1] == ':')
        n--;
    struct str word = base_name((struct str){first.p, n});
    bool plain = word.n && ((word.p[0] | 0x20) >= 'a' && (word.p[0] | 0x20) <= 'z');
    return plain ? word : STR("");
}

// The script, module or archive among the arguments behind the first; empty if there is none.
static struct str script_find(const struct interpreter *interpreter, struct str rest)
{
    struct str word;
    while (cmdline_next(&rest, &word)) {
        bool file = interpreter->file_option && str_equal(word, str_from(interpreter->file_option));
        bool module = interpreter->module_option && str_equal(word, str_from(interpreter->module_option));
        if (file || module || str_equal(word, STR("--")))
            return cmdline_next(&rest, &word) ? shape_apply(word, module ? interpreter->module : SHAPE_FILE) : STR("");
        if (listed(interpreter->inline_code, word) || str_equal(word, STR("-")))
            return STR("");
        if (listed(interpreter->with_value, word)) {
            if (!cmdline_next(&rest, &word))
                return STR("");
            continue;
        }
        bool option = word.n == 0 || word.p[0] == '-' || word.p[0] == '@';
        if (!option && !listed(interpreter->commands, base_name(word)))
            return shape_apply(word, interpreter->script);
    }
    return STR("");
}

struct str naming_service(struct str exe, struct str cmdline)
{
    const struct interpreter *interpreter = interpreter_find(exe);
    struct str first, name = STR("");
    if (interpreter && cmdline_next(&cmdline, &first)) {
        name = title_word(first);
        if (name.n == 0)
            name = script_find(interpreter, cmdline);
    }
    return name.n ? name : naming_exe_base(exe);
}

void naming_copy(char *to, size_t size, struct str name)
{
    size_t used = 0;
    for (size_t i = 0; i < name.n;) {
        struct str rest = {name.p + i, name.n - i};
        size_t n = utf8_sequence(rest);
        bool keep = n && !utf8_control(rest, n);
        size_t adds = keep ? n : 1;
        if (used + adds >= size)
            break;
        if (keep)
            memcpy(to + used, rest.p, n);
        else
            to[used] = '?';
        used += adds;
        i += n ? n : 1;
    }
    to[used] = 0;
}
