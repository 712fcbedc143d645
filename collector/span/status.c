// All three-digit numbers, four bytes each; see status.h.
#include "collector/span/status.h"

#define TEN(d) d "0\0" d "1\0" d "2\0" d "3\0" d "4\0" d "5\0" d "6\0" d "7\0" d "8\0" d "9\0"
#define HUNDRED(d)                                                                                                     \
    TEN(d "0") TEN(d "1") TEN(d "2") TEN(d "3") TEN(d "4") TEN(d "5") TEN(d "6") TEN(d "7") TEN(d "8") TEN(d "9")

static const char status_digits[] = HUNDRED("0") HUNDRED("1") HUNDRED("2") HUNDRED("3") HUNDRED("4") HUNDRED("5")
    HUNDRED("6") HUNDRED("7") HUNDRED("8") HUNDRED("9");

const char *status_text(uint16_t status)
{
    return status_digits + 4 * (status < 1000 ? status : 999);
}
