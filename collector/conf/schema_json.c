// See schema_json.h. Recursion follows our own table, four levels deep.
#include "collector/conf/schema_json.h"

#include <inttypes.h>
#include <string.h>
#include "collector/conf/schema.h"

#define DURATION_PATTERN "^(0|([0-9]+(d|h|m|s|ms|us|ns))+)$"
#define PORTS_PATTERN    "^[0-9]{1,5}(-[0-9]{1,5})?$"
#define PATH_SIZE        128

// Our own texts; of what JSON escapes they hold quotes and backslashes at most.
static void text_write(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void names_write(FILE *out, const char *const *names)
{
    fputs("\"enum\": [", out);
    for (unsigned i = 0; names[i]; i++) {
        fputs(i ? ", " : "", out);
        text_write(out, names[i]);
    }
    fputs("]", out);
}

static void type_write(FILE *out, const struct schema_row *row)
{
    switch (row->type) {
    case SCHEMA_TEXT:
        fprintf(out,
                "\"type\": [\"string\", \"number\", \"boolean\"], \"minLength\": %" PRIu64 ", \"maxLength\": %" PRIu64,
                row->min, row->max);
        break;
    case SCHEMA_BOOLEAN:
        fputs("\"type\": \"boolean\"", out);
        break;
    case SCHEMA_NUMBER:
        fprintf(out, "\"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64, row->min, row->max);
        break;
    case SCHEMA_RATIO:
        fputs("\"type\": \"number\", \"minimum\": 0, \"maximum\": 1", out);
        break;
    case SCHEMA_DURATION:
        fputs("\"type\": [\"string\", \"integer\"], \"pattern\": \"" DURATION_PATTERN "\", \"maximum\": 0", out);
        break;
    case SCHEMA_CHOICE:
        names_write(out, row->names);
        break;
    case SCHEMA_LISTEN:
        fputs("\"type\": [\"string\", \"integer\"], \"minimum\": 1, \"maximum\": 65535", out);
        break;
    case SCHEMA_PATH:
    case SCHEMA_ROUTE:
        fputs("\"type\": \"string\", \"pattern\": \"^/\"", out);
        break;
    case SCHEMA_PORTS:
        fputs("\"type\": [\"string\", \"integer\"], \"pattern\": \"" PORTS_PATTERN
              "\", \"minimum\": 1, \"maximum\": 65535",
              out);
        break;
    case SCHEMA_TEXTS:
        fputs("\"type\": \"object\", \"additionalProperties\": {\"type\": [\"string\", \"number\", \"boolean\"]}", out);
        break;
    }
}

static void variables_write(FILE *out, const char *names)
{
    fputs(", \"x-variables\": [\"", out);
    for (; *names; names++)
        fputs(*names == ' ' ? "\", \"" : (char[]){*names, 0}, out);
    fputs("\"]", out);
}

static void row_write(FILE *out, const struct schema_row *row)
{
    char expected[SCHEMA_EXPECTED_SIZE];
    fputs("{\"description\": ", out);
    text_write(out, row->about);
    fputs(", \"x-expected\": ", out);
    text_write(out, schema_expected(row, 0, expected));
    if (row->initial) {
        fputs(", \"x-default\": ", out);
        text_write(out, row->initial);
    }
    if (row->option) {
        fputs(", \"x-option\": ", out);
        text_write(out, row->option);
    }
    if (row->variables)
        variables_write(out, row->variables);
    if (row->at_start)
        fputs(", \"x-at-start\": true", out);
    fputs(",\n    \"anyOf\": [{\"type\": \"null\"}, {", out);
    type_write(out, row);
    if (row->many) {
        fputs("}, {\"type\": \"array\", \"items\": {", out);
        type_write(out, row);
        fputs("}", out);
    }
    fputs("}]}", out);
}

// Is this row the first with its key right below the section? Then the key; else "".
static struct str key_first(unsigned index, struct str section)
{
    for (unsigned i = 0; i <= index; i++) {
        struct str key = schema_key_below(&schema[i], section);
        if (i == index || (key.n && str_equal(key, schema_key_below(&schema[index], section))))
            return i == index ? key : (struct str){"", 0};
    }
    return (struct str){"", 0};
}

static void section_write(FILE *out, struct str section)
{
    const char *between = "";
    char inside[PATH_SIZE];
    if (schema_is_any(section)) {
        int n = snprintf(inside, sizeof inside, STR_FMT ".*", STR_ARG(section));
        fputs("{\"type\": [\"object\", \"null\"], \"additionalProperties\": ", out);
        section_write(out, (struct str){inside, (size_t)n});
        fputs("}", out);
        return;
    }
    fputs("{\"type\": [\"object\", \"null\"], \"additionalProperties\": false, \"properties\": {\n", out);
    for (unsigned i = 0; i < schema_rows; i++) {
        char path[PATH_SIZE];
        struct str key = key_first(i, section);
        if (!key.n)
            continue;
        int n = snprintf(path, sizeof path, STR_FMT "%s" STR_FMT, STR_ARG(section), section.n ? "." : "", STR_ARG(key));
        struct str own = {path, (size_t)n};
        const struct schema_row *row = schema_find(own);
        fprintf(out, "%s  \"" STR_FMT "\": ", between, STR_ARG(key));
        between = ",\n";
        if (row) {
            row_write(out, row);
        } else if (schema_is_list(own)) {
            fputs("{\"type\": [\"array\", \"null\"], \"items\": ", out);
            memcpy(path + n, "[]", 3);
            section_write(out, (struct str){path, (size_t)n + 2});
            fputs("}", out);
        } else {
            section_write(out, own);
        }
    }
    fputs("}}", out);
}

void schema_json_write(FILE *out)
{
    fputs(
        "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"title\": \"redstart.yaml\", \"allOf\": [\n",
        out);
    section_write(out, (struct str){"", 0});
    fputs("]}\n", out);
}
