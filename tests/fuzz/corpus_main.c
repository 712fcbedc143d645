// Runs a fuzz target over files and folders, for builds without libFuzzer: the corpus is part of the normal suite. Each
// input is also tried cut short at every byte. Exits 1 if there was nothing to run.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/lib/cleanup.h"

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void input_run(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1); // of its own size, so that ASan sees a byte too much
    if (!exact)
        abort();
    memcpy(exact, bytes, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static unsigned file_run(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t n = 0; n <= size; n++)
        input_run(bytes, n);
    return 1;
}

static unsigned folder_run(const char *path)
{
    DIR *folder = opendir(path);
    unsigned run = 0;
    if (!folder)
        return file_run(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        run += file_run(file);
    }
    closedir(folder);
    return run;
}

int main(int argc, char **argv)
{
    unsigned run = 0;
    for (int i = 1; i < argc; i++)
        run += folder_run(argv[i]);
    printf("%u inputs\n", run);
    return run ? 0 : 1;
}
