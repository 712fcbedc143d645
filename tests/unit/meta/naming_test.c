// Service names and languages from executables and arguments.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/meta/cmdline.h"
#include "collector/meta/language.h"
#include "collector/meta/naming.h"
#include "common/ipc/executable.h"
#include "common/lib/cleanup.h"

#define S(literal)                                                                                                     \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static const struct {
    struct str exe, cmdline; // arguments separated by NUL
    const char *name, *language;
} cases[] = {
    {S("/usr/sbin/nginx"), S("nginx: master process /usr/sbin/nginx\0"), "nginx", NULL},
    {S("/srv/testserver (deleted)"), S("./testserver\0"), "testserver", NULL},
    {S("relative"), S(""), "relative", NULL},
    {S("/usr/bin/python3.11"),
     S("python3\0/x/app.py\0--port\0"
       "80\0"),
     "app", "python"},
    {S("/usr/bin/python3.11"), S("python3\0-u\0-X\0dev\0-W\0ignore\0app.py\0"), "app", "python"},
    {S("/usr/bin/python3.11"),
     S("python3\0-m\0http.server\0"
       "8080\0"),
     "http.server", "python"},
    {S("/usr/bin/python3"), S("python3\0-c\0print(1)\0"), "python3", "python"},
    {S("/usr/bin/python3"), S("python3\0"), "python3", "python"},
    {S("/usr/bin/python3"), S(""), "python3", "python"},
    {S("/usr/bin/python3"), S("python3\0-m\0"), "python3", "python"},
    {S("/usr/bin/python3"), S("/venv/bin/python\0/venv/bin/gunicorn\0app:app\0"), "app", "python"},
    {S("/usr/bin/python3"), S("python\0/bin/gunicorn\0-b\0localhost:8000\0-w4\0shop.wsgi:application\0"), "shop",
     "python"},
    {S("/usr/bin/python3"), S("python\0/bin/gunicorn\0--bind\0unix:/run/x.sock\0shop.wsgi\0"), "gunicorn", "python"},
    {S("/usr/bin/python3"),
     S("python\0-m\0uvicorn\0--port\0"
       "80\0src.main:create()\0"),
     "src.main", "python"},
    {S("/usr/bin/python3"), S("python\0/bin/uvicorn\0shop.asgi:app\0"), "shop", "python"},
    {S("/usr/bin/python3"), S("gunicorn: master [shop.wsgi:app]\0\0\0"), "shop", "python"},
    {S("/usr/bin/python3"), S("gunicorn: worker [shop]\0"), "gunicorn", "python"},
    {S("/usr/bin/python3"), S("gunicorn: worker [\0"), "gunicorn", "python"},
    {S("/usr/bin/python3"), S("python3\0serve.py\0main:app\0"), "serve", "python"},
    {S("/usr/bin/python3-config"), S("x\0y\0"), "python3-config", NULL},
    {S("/usr/bin/pypy3"), S("pypy3\0s.py\0"), "s", "python"},
    {S("/usr/bin/node"), S("node\0server.js\0"), "server", "nodejs"},
    {S("/usr/bin/node"), S("node\0--max-old-space-size=4096\0-r\0./trace.js\0/srv/shop/main.mjs\0"), "main", "nodejs"},
    {S("/usr/bin/node"), S("node\0/app/node_modules/.bin/ts-node\0src/cart.ts\0"), "cart", "nodejs"},
    {S("/usr/bin/node"), S("node\0-e\0require('http')\0"), "node", "nodejs"},
    {S("/usr/bin/node"), S("node\0--\0-odd.js\0"), "-odd", "nodejs"},
    {S("/usr/bin/deno"), S("deno\0run\0--allow-net\0main.ts\0"), "main", "nodejs"},
    {S("/usr/bin/bun"), S("bun\0run\0start\0"), "start", "nodejs"},
    {S("/usr/bin/ruby3.1"),
     S("ruby\0/usr/local/bin/puma\0-p\0"
       "3000\0"),
     "puma", "ruby"},
    {S("/usr/bin/ruby3.1"), S("/usr/bin/ruby\0/usr/local/bin/bundle\0exec\0puma\0-C\0c.rb\0"), "puma", "ruby"},
    {S("/usr/bin/ruby3.1"), S("puma 6.4.2 (tcp://0.0.0.0:3000) [shop]\0"), "puma", "ruby"},
    {S("/usr/bin/ruby"), S("ruby\0-rjson\0-I\0lib\0app.rb\0"), "app", "ruby"},
    {S("/usr/lib/jvm/java-17/bin/java"), S("java\0-Xmx1g\0-jar\0a/shop-1.2.jar\0--x\0"), "shop-1.2", "java"},
    {S("/usr/lib/jvm/java-17/bin/java"), S("java\0-cp\0x:y\0com.acme.Main\0arg\0"), "Main", "java"},
    {S("/usr/bin/java"), S("java\0@args\0-m\0shop/com.acme.Start\0"), "Start", "java"},
    {S("/usr/bin/java"), S("java\0Server.java\0"), "Server", "java"},
    {S("/usr/bin/java"), S("java\0Main\0"), "Main", "java"},
    {S("/usr/bin/java"), S("java\0-Xmx1g\0-Dspring.application.name=billing\0-jar\0app.jar\0"), "billing", "java"},
    {S("/usr/bin/java"), S("java\0-Dotel.service.name=\0-jar\0app.jar\0"), "app", "java"},
    {S("/usr/bin/javac"), S("javac\0Main\0"), "javac", NULL},
    {S("/usr/bin/php8.2"),
     S("php\0-S\0"
       "127.0.0.1:80\0-t\0www\0router.php\0"),
     "router", "php"},
    {S("/usr/bin/php8.2"),
     S("php\0-S\0"
       "127.0.0.1:80\0"),
     "php8.2", "php"},
    {S("/usr/sbin/php-fpm8.2"), S("php-fpm: pool www\0"), "php-fpm8.2", "php"},
    {S("/usr/bin/perl"), S("perl\0-Ilib\0-w\0app.psgi\0"), "app", "perl"},
    {S("/usr/bin/perl"), S("perl\0/usr/bin/plackup\0-p\0shop.psgi\0"), "shop", "perl"},
    {S("/usr/bin/dotnet"), S("dotnet\0exec\0/app/Shop.Api.dll\0"), "Shop.Api", "dotnet"},
    {S("/usr/bin/dotnet"), S("dotnet\0run\0"), "dotnet", "dotnet"},
};

// The resolver knows it by the same name.
static bool language_exists(const char *name)
{
    for (unsigned i = EXECUTABLE_UNKNOWN + 1; i < EXECUTABLE_LANGUAGE_MAX; i++)
        if (strcmp(language_name(i), name) == 0)
            return true;
    return false;
}

static void names(void **state)
{
    for (size_t i = 0; i < array_size(cases); i++) {
        char name[128];
        struct str program = naming_program(cases[i].exe, cases[i].cmdline);
        naming_copy(name, sizeof name, program.n ? program : naming_exe_base(cases[i].exe));
        assert_string_equal(name, cases[i].name);
        const char *language = naming_language(cases[i].exe);
        assert_string_equal(language ? language : "none", cases[i].language ? cases[i].language : "none");
        if (language)
            assert_true(language_exists(language));
    }
}

// A copy is valid UTF-8 without control characters, and cut between characters.
static void copies(void **state)
{
    static const struct {
        struct str from;
        size_t size;
        const char *to;
    } table[] = {
        {S("plain"), 16, "plain"},
        {S("plain"), 4, "pla"},
        {S("plain"), 1, ""},
        {S("gr\xc3\xbc\xc3\x9f"), 16, "gr\xc3\xbc\xc3\x9f"},
        {S("gr\xc3\xbc\xc3\x9f"), 6, "gr\xc3\xbc"},
        {S("a\nb\x7f\x1b[0m"), 16, "a?b??[0m"},
        {S("\xff\xc3(\xed\xa0\x80"), 16,
         "??"
         "(???"},
        {S("\xc2\x9b"), 16, "?"},
        {S("a\0b"), 16, "a?b"},
    };
    for (size_t i = 0; i < array_size(table); i++) {
        char to[16];
        naming_copy(to, table[i].size, table[i].from);
        assert_string_equal(to, table[i].to);
    }
}

static void arguments(void **state)
{
    struct str rest = STR("a\0\0bc"), word;
    assert_true(cmdline_next(&rest, &word) && str_equal(word, STR("a")));
    assert_true(cmdline_next(&rest, &word) && str_equal(word, STR("")));
    assert_true(cmdline_next(&rest, &word) && str_equal(word, STR("bc")));
    assert_false(cmdline_next(&rest, &word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(copies),
        cmocka_unit_test(arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
