// UUIDv5 by the examples of RFC 9562 and Python's uuid.uuid5.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/meta/uuid.h"

static const uint8_t dns[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static void examples(void **state)
{
    char id[UUID_TEXT_SIZE];
    uuid_v5(dns, STR("www.example.com"), id);
    assert_string_equal(id, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    uuid_v5(dns, STR("python.org"), id);
    assert_string_equal(id, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    uuid_v5(dns, STR(""), id);
    assert_string_equal(id, "4ebd0208-8328-5d69-8c44-ec50939c0967");
}

// Around the sizes where SHA-1's padding needs another block (16 bytes of namespace stand before).
static void block_boundaries(void **state)
{
    static const struct {
        size_t n;
        const char *id;
    } cases[] = {{38, "fa465dc7-82d5-5c3b-a5bb-9b8f3132a2b7"},  {39, "5824f981-4282-59d4-9716-acb6d741350e"},
                 {40, "39f39c20-db47-5131-8879-62f8f67f9014"},  {47, "660c273c-8a00-5941-b6f4-8d0afed88966"},
                 {48, "7280cc42-274a-5c4a-91fc-ae23f853eeb7"},  {49, "69349718-028b-5ff0-a00f-c024ded6e6ee"},
                 {103, "1cf1b329-74b7-50b0-a819-28e28c61c775"}, {104, "31477a3f-211d-5651-b3ce-be7c82999e70"},
                 {200, "fe30bfa6-ef90-59b3-b108-118411d0f0ab"}};
    char text[256], id[UUID_TEXT_SIZE];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uuid_v5(dns, (struct str){text, cases[i].n}, id);
        assert_string_equal(id, cases[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(block_boundaries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
