// Which language and runtime an executable is of, by the marks that compilers and interpreters leave.
#pragma once

#include "resolver/image.h"

// Fills language, version and module of *executable.
void language_read(struct source *source, const struct image *image, struct executable *executable);
