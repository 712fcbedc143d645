// PEM files: what is one, what is said of one that is not, when it is read again; and the complaints at the start.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/conf/otlp_files.h"
#include "collector/conf/pem.h"

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
#define KEY         "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"

static char folder[] = "/tmp/redstart-pem-XXXXXX", file[64];

static int setup(void **state)
{
    strcpy(folder, "/tmp/redstart-pem-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof(file), "%s/x.pem", folder);
    return 0;
}

static int teardown(void **state)
{
    unlink(file);
    return rmdir(folder);
}

static void put(const char *text)
{
    char next[80];
    snprintf(next, sizeof(next), "%s.new", file);
    FILE *to = fopen(next, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
    assert_int_equal(rename(next, file), 0);
}

static void what_is_a_pem(void **state)
{
    static const struct {
        const char *text;
        int certificate, key;
    } rows[] = {
        {CERTIFICATE, 0, -EINVAL},
        {KEY, -EINVAL, 0},
        {KEY CERTIFICATE, 0, 0},
        {"Bag Attributes\n" CERTIFICATE CERTIFICATE, 0, -EINVAL},
        {"-----BEGIN TRUSTED CERTIFICATE-----\nA\n-----END TRUSTED CERTIFICATE-----\n", 0, -EINVAL},
        {"-----BEGIN EC PARAMETERS-----\nA\n-----END EC PARAMETERS-----\n"
         "-----BEGIN EC PRIVATE KEY-----\nA\n-----END EC PRIVATE KEY-----\n",
         -EINVAL, 0},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nA\n-----END ENCRYPTED PRIVATE KEY-----\n", -EINVAL, -ENOKEY},
        {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nA\n-----END RSA PRIVATE KEY-----\n", -EINVAL,
         -ENOKEY},
        {"-----BEGIN CERTIFICATE REQUEST-----\nA\n-----END CERTIFICATE REQUEST-----\n", -EINVAL, -EINVAL},
        {"-----BEGIN CERTIFICATE-----\nMIIB\n", -EINVAL, -EINVAL}, // half written
        {"-----BEGIN CERTIFICATE-----\nMIIB\n-----END PRIVATE KEY-----\n", -EINVAL, -EINVAL},
        {"", -EINVAL, -EINVAL},
        {"-----BEGIN ", -EINVAL, -EINVAL},
        {"\x30\x82\x01", -EINVAL, -EINVAL}, // DER
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct pem pem = {0};
        bool changed;
        put(rows[i].text);
        assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), rows[i].certificate);
        pem_release(&pem);
        assert_int_equal(pem_read(&pem, file, PEM_KEY, &changed), rows[i].key);
        pem_release(&pem);
    }
}

static void what_was_read_stays(void **state)
{
    struct pem pem = {0};
    bool changed = false;
    put(CERTIFICATE);
    assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), 0);
    assert_true(changed);
    assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), 0);
    assert_false(changed);
    put("junk");
    assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), -EINVAL);
    unlink(file);
    assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), -ENOENT);
    assert_string_equal(pem.bytes, CERTIFICATE);
    put(CERTIFICATE CERTIFICATE);
    assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), 0);
    assert_true(changed);
    assert_int_equal(pem.n, 2 * strlen(CERTIFICATE));
    assert_int_equal(pem_read(&pem, folder, PEM_CERTIFICATE, &changed), -EINVAL);
    assert_int_equal(truncate(file, (1 << 20) + 1), 0);
    assert_int_equal(pem_read(&pem, file, PEM_CERTIFICATE, &changed), -EFBIG);
    pem_release(&pem);
}

static void who_named_it_decides(void **state)
{
    static struct complaint complaint;
    struct otlp_settings settings = {.destinations = 1};
    struct otlp_endpoint *endpoint = &settings.destination[0].endpoint[SELF_SIGNAL_TRACES];
    char expected[200];
    put(CERTIFICATE);
    endpoint->tls_file[OTLP_TLS_CA] = file;
    endpoint->tls_said[OTLP_TLS_CA] = (struct otlp_tls_said){"f:3:5: certificate", false};
    assert_int_equal(otlp_files_check(&settings, true, &complaint), 0);
    assert_int_equal(complaint.warnings, 0);

    endpoint->tls_file[OTLP_TLS_KEY] = file;
    endpoint->tls_said[OTLP_TLS_KEY] = (struct otlp_tls_said){"OTEL_EXPORTER_OTLP_CLIENT_KEY", true};
    assert_int_equal(otlp_files_check(&settings, true, &complaint), 0);
    snprintf(expected, sizeof(expected),
             "OTEL_EXPORTER_OTLP_CLIENT_KEY=%s: expected a PEM file with a private key; nothing is sent there until it "
             "can be read",
             file);
    assert_string_equal(complaint.warning[0], expected);

    unlink(file);
    assert_int_equal(otlp_files_check(&settings, true, &complaint), -EINVAL);
    snprintf(expected, sizeof(expected), "f:3:5: certificate %s: No such file or directory", file);
    assert_string_equal(complaint.error, expected);
    put("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_a_pem, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_read_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(who_named_it_decides, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
