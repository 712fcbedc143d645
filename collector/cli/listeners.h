// Says of a --port that nobody listens on yet that redstart waits for it.
#pragma once

#include "collector/cli/selectors.h"

void listeners_report(const struct selectors *selectors);
