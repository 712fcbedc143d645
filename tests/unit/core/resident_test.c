// Giving pages back changes nothing but how many are held: code, constants and what relocation or the program wrote
// stay.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include "collector/core/resident.h"
#include "collector/core/sandbox.h"

static const char *const names[] = {"relocated", "as well"}; // pointers that the dynamic loader wrote
static char written[8192] = "before";

static long pages_of_files(void)
{
    long total = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld %ld", &total, &resident, &shared), 3);
    fclose(file);
    return shared;
}

static void what_was_there_stays(void **state)
{
    char text[64];
    assert_int_equal(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK); // touches much of its libraries
    strcpy(written + 5000, "after");
    long before = pages_of_files();
    resident_trim();
    long after = pages_of_files();
    if (!SANDBOX_SANITIZER) // its own pages are most there
        assert_true(after < before / 2);
    assert_string_equal(names[0], "relocated");
    assert_string_equal(names[1], "as well");
    assert_string_equal(written, "before");
    assert_string_equal(written + 5000, "after");
    snprintf(text, sizeof(text), "%s %.3f", curl_easy_strerror(CURLE_COULDNT_CONNECT), 1.5);
    assert_non_null(strstr(text, "connect"));
    assert_non_null(strstr(text, " 1.500"));
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:1/"), CURLE_OK);
    assert_int_equal(curl_easy_perform(easy), CURLE_COULDNT_CONNECT);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_there_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
