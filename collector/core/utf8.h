// UTF-8 (RFC 3629) in bytes that a stranger sent: where a valid sequence ends, and what is left when all else is
// replaced.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "common/lib/str.h"

// Length (1 .. 4) of the valid sequence that s begins with; 0 if there is none (overlong forms, surrogates and what
// lies above U+10FFFF are invalid too) or s is empty.
size_t utf8_sequence(struct str s);
// Is the valid sequence of this length that s begins with a control character: C0, DEL, or C1 (U+0080 .. U+009F, which
// terminals may obey like an escape sequence)?
bool utf8_control(struct str s, size_t length);
// U+FFFD, shown in place of each byte that is not part of valid UTF-8.
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

// Foreign text as something to compare and keep: control characters and invalid bytes replaced by U+FFFD, at most room
// - 1 bytes, cut between characters. The result is s itself if nothing was to be done, else it is at `to`; it has no
// NUL.
struct str utf8_clean(struct str s, char *to, size_t room);
