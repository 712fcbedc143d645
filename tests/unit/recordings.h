// The recordings of tests/replay, for unit tests that feed them to a part of the collector. Tests run in the tree's
// root.
#pragma once

#include <glob.h>
#include <stdio.h>
#include "collector/intake/recording.h"

// Each file by its path; how many there were.
static inline unsigned recordings_each(void (*play)(void *context, const char *path), void *context)
{
    glob_t files;
    if (glob("tests/replay/*.rec", 0, NULL, &files) != 0)
        return 0;
    for (size_t i = 0; i < files.gl_pathc; i++)
        play(context, files.gl_pathv[i]);
    unsigned count = (unsigned)files.gl_pathc;
    globfree(&files);
    return count;
}

// All events of a file, in order. False: it cannot be read.
static inline bool recording_play(const char *path, void (*take)(void *context, const struct recording_event *event),
                                  void *context)
{
    static struct recording_reader reader;
    const struct recording_event *event;
    FILE *file = fopen(path, "rbe");
    bool good = file && recording_open(&reader, file) == 0;
    while (good && recording_next(&reader, &event) > 0)
        take(context, event);
    if (file)
        fclose(file);
    return good && !reader.problem;
}
