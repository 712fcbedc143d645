// What the Go linker wrote into a program: its Go version and its main module.
#pragma once

#include "resolver/image.h"

// Fills version and module of *executable as far as they are there. False if this is no Go program.
bool gobuild_read(struct source *source, const struct image *image, struct executable *executable) must_check;
