// Which hooks for socket I/O this kernel offers, by its own type information; for `redstart check`. What attaches is
// known only by `redstart run`, which tries.
#pragma once

#include <stdbool.h>

// Prints the line "socket I/O"; false if there is no type information.
bool check_sockio(void);
