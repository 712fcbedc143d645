// Fuzz target: a file of Beyla's as ours. Whatever comes out is a file that our own reader takes.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/cli/beyla.h"
#include "collector/conf/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct collector_options options;
    static struct complaint complaint;
    char *text = NULL, *said = NULL;
    size_t text_size = 0, said_size = 0;
    FILE *out = open_memstream(&text, &text_size), *notes = open_memstream(&said, &said_size);
    memset(&complaint, 0, sizeof complaint);
    memset(&options, 0, sizeof options);
    char *const environment[] = {"A=b", "N=\n", NULL};
    int r = beyla_convert("b", (struct str){(const char *)bytes, size}, environment, out, notes, &complaint);
    fclose(out);
    fclose(notes);
    if (r == 0 && config_parse(&options, "ours", (struct str){text, text_size}, &complaint) < 0) {
        fprintf(stderr, "%s\nof\n%s\n", complaint.error, text);
        abort();
    }
    options_release(&options);
    free(text);
    free(said);
    return 0;
}
