// What this process may do beyond any other of its user: the collector checks that it is nothing.
#pragma once

#include <stdbool.h>

// No uid is 0 and no capability is permitted (false also if that cannot be told); what was inheritable is given up.
bool privilege_none(void);
