// See naming.h. One row per interpreter says how its command line is read.
#include "collector/meta/naming.h"

#include "collector/core/utf8.h"
#include "collector/meta/cmdline.h"
#include "common/lib/cleanup.h"

enum shape { SHAPE_FILE, SHAPE_MODULE, SHAPE_CLASS }; // FILE where nothing else is said

// Lists are NULL-terminated.
struct interpreter {
    struct str name;                // of the executable, then maybe a version: python3.11
    const char *language;           // telemetry.sdk.language
    const char *const *with_value;  // options whose value is the next argument
    const char *const *inline_code; // options that make it run text: there is no script
    const char *const *commands;    // words that may stand before the script
    const char *const *servers;     // scripts and modules that serve an application, which names the service
    const char *const *properties;  // options that say the name themselves, up to their '='
    const char *file_option;        // its value is the script or archive
    const char *module_option;      // its value is a module
    enum shape script;              // what a bare argument is
    enum shape module;
};

#define LIST(...)      ((const char *const[]){__VA_ARGS__, NULL})
#define PYTHON_SERVERS LIST("gunicorn", "uvicorn", "hypercorn", "daphne", "granian")

static const struct interpreter interpreters[] = {
    {.name = {"python", 6},
     .language = "python",
     .with_value = LIST("-W", "-X", "--check-hash-based-pycs"),
     .inline_code = LIST("-c"),
     .module_option = "-m",
     .servers = PYTHON_SERVERS,
     .module = SHAPE_MODULE},
    {.name = {"pypy", 4},
     .language = "python",
     .with_value = LIST("-W", "-X"),
     .inline_code = LIST("-c"),
     .module_option = "-m",
     .servers = PYTHON_SERVERS,
     .module = SHAPE_MODULE},
    {.name = {"node", 4},
     .language = "nodejs",
     .with_value = LIST("-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"),
     .commands = LIST("ts-node", "tsx", "nodemon", "nodemon.js"),
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
     .properties = LIST("-Dotel.service.name=", "-Dspring.application.name="),
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
     .inline_code = LIST("-e", "-E"),
     .commands = LIST("plackup", "starman", "hypnotoad", "morbo")},
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

static size_t identifier_length(struct str text)
{
    size_t n = 0;
    while (n < text.n && (text.p[n] == '_' || ((text.p[n] | 0x20) >= 'a' && (text.p[n] | 0x20) <= 'z') ||
                          (n > 0 && ((text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == '.'))))
        n++;
    return n;
}

// shop.wsgi:application > shop, main:app > main; empty for what is not a module and a name in it (localhost:8000).
static struct str application_name(struct str word)
{
    static const struct str ends[] = {{".wsgi", 5}, {".asgi", 5}};
    size_t n = identifier_length(word);
    if (n == 0 || n + 1 >= word.n || word.p[n] != ':' ||
        identifier_length((struct str){word.p + n + 1, word.n - n - 1}) == 0)
        return STR("");
    for (size_t i = 0; i < array_size(ends); i++)
        if (n > ends[i].n && memcmp(word.p + n - ends[i].n, ends[i].p, ends[i].n) == 0)
            return (struct str){word.p, n - ends[i].n};
    return (struct str){word.p, n};
}

// What it serves, if it is one of the servers and says so among its arguments.
static struct str served_by(const struct interpreter *interpreter, struct str name, struct str rest)
{
    struct str word;
    while (listed(interpreter->servers, name) && cmdline_next(&rest, &word)) {
        struct str application = application_name(word);
        if (application.n)
            return application;
    }
    return name;
}

static struct str property_value(const struct interpreter *interpreter, struct str word)
{
    for (const char *const *property = interpreter->properties; property && *property; property++)
        if (str_starts(word, str_from(*property)))
            return (struct str){word.p + strlen(*property), word.n - strlen(*property)};
    return STR("");
}

// "puma 6.4 (tcp://0.0.0.0:3000) [shop]", "gunicorn: master [app]": programs that rewrite their arguments. Empty if not
// so.
static struct str title_word(const struct interpreter *interpreter, struct str first)
{
    const char *space = first.n ? memchr(first.p, ' ', first.n) : NULL;
    size_t n = space ? (size_t)(space - first.p) : 0;
    if (n && first.p[n - 1] == ':')
        n--;
    struct str word = base_name((struct str){first.p, n});
    if (identifier_length(word) == 0)
        return STR("");
    const char *open = memchr(first.p, '[', first.n),
               *close = open ? memchr(open, ']', (size_t)(first.p + first.n - open)) : NULL;
    if (!close || !listed(interpreter->servers, word))
        return word;
    struct str application = application_name((struct str){open + 1, (size_t)(close - open - 1)});
    return application.n ? application : word;
}

// The script, module or archive among the arguments behind the first; empty if there is none.
static struct str script_find(const struct interpreter *interpreter, struct str rest)
{
    struct str word;
    while (cmdline_next(&rest, &word)) {
        bool file = interpreter->file_option && str_equal(word, str_from(interpreter->file_option));
        bool module = interpreter->module_option && str_equal(word, str_from(interpreter->module_option));
        if (file || module || str_equal(word, STR("--"))) {
            bool given = cmdline_next(&rest, &word);
            enum shape shape = module ? interpreter->module : SHAPE_FILE;
            return given ? served_by(interpreter, shape_apply(word, shape), rest) : STR("");
        }
        if (property_value(interpreter, word).n)
            return property_value(interpreter, word);
        if (listed(interpreter->inline_code, word) || str_equal(word, STR("-")))
            return STR("");
        if (listed(interpreter->with_value, word)) {
            if (!cmdline_next(&rest, &word))
                return STR("");
            continue;
        }
        bool option = word.n == 0 || word.p[0] == '-' || word.p[0] == '@';
        if (!option && !listed(interpreter->commands, base_name(word)))
            return served_by(interpreter, shape_apply(word, interpreter->script), rest);
    }
    return STR("");
}

struct str naming_program(struct str exe, struct str cmdline)
{
    const struct interpreter *interpreter = interpreter_find(exe);
    struct str first, name = STR("");
    if (!interpreter || !cmdline_next(&cmdline, &first))
        return name;
    name = title_word(interpreter, first);
    return name.n ? name : script_find(interpreter, cmdline);
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
