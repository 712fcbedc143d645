// From libyaml's events to a flat tree; see yaml.h. Its own tree is not used: that follows aliases and knows no bound.
#include "collector/conf/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

// The tree while it grows.
struct builder {
    struct yaml *yaml;
    size_t nodes, nodes_max;
    size_t used, texts_max; // bytes of yaml->texts
    unsigned depth, documents;
    struct level {
        struct yaml_node *node, *last;
        bool has_key; // of a map: what comes next is its value
        struct str key;
        yaml_mark_t key_mark;
    } level[YAML_DEPTH_MAX];
};

static int error_at(const struct yaml *yaml, size_t line, size_t column, const char *format, ...) printf_like(4, 5);

static int error_at(const struct yaml *yaml, size_t line, size_t column, const char *format, ...)
{
    const struct yaml_node place = {.line = (uint32_t)line, .column = (uint32_t)column};
    char text[COMPLAINT_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return yaml_error(yaml, &place, "%s", text);
}

// libyaml's marks count from 0.
#define error_mark(yaml, mark, ...) error_at(yaml, (mark).line + 1, (mark).column + 1, __VA_ARGS__)

// Of bytes that are no text at all libyaml tells the offset only.
static int error_offset(const struct yaml *yaml, struct str bytes, size_t offset, const char *problem)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        if (c == '\n')
            line++, column = 1;
        else
            column += (c & 0xc0) != 0x80; // not the rest of a character
    }
    return error_at(yaml, line, column, "%s; expected text in UTF-8", problem);
}

// Marks count characters, not bytes.
static bool tab_at(struct str bytes, yaml_mark_t mark)
{
    size_t i = 0;
    for (size_t left = mark.index; i < bytes.n && left > 0; left--)
        for (i++; i < bytes.n && ((unsigned char)bytes.p[i] & 0xc0) == 0x80;)
            i++;
    return i < bytes.n && bytes.p[i] == '\t';
}

static int error_syntax(const struct yaml *yaml, struct str bytes, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "not YAML", *context = parser->context;
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (parser->error == YAML_READER_ERROR)
        return error_offset(yaml, bytes, parser->problem_offset, problem);
    char begin[48] = "";
    if (context && parser->context_mark.line < mark.line)
        snprintf(begin, sizeof begin, " that begins in line %zu", parser->context_mark.line + 1);
    return error_mark(yaml, mark, "%s%s%s%s%s", problem, context ? " " : "", context ? context : "", begin,
                      tab_at(bytes, mark) ? "; expected spaces, not a tab" : "");
}

// A copy with a NUL behind it. No character of a file grows to more than twice its length.
static struct str text_keep(struct builder *builder, const yaml_char_t *text, size_t size)
{
    char *copy = builder->yaml->texts + builder->used;
    if (size >= builder->texts_max - builder->used)
        return (struct str){NULL, 0};
    if (size)
        memcpy(copy, text, size);
    copy[size] = 0;
    builder->used += size + 1;
    return (struct str){copy, size};
}

// The key that the next value of the innermost map belongs to.
static int key_set(struct builder *builder, struct level *level, const yaml_event_t *event)
{
    const struct yaml *yaml = builder->yaml;
    if (event->type != YAML_SCALAR_EVENT)
        return error_mark(yaml, event->start_mark, "a list or map as a key; expected a word");
    if (event->data.scalar.length == 0)
        return error_mark(yaml, event->start_mark, "an empty key; expected a word");
    if (level->node->children == YAML_KEYS_MAX)
        return error_mark(yaml, event->start_mark, "too many keys; expected at most %d", YAML_KEYS_MAX);
    level->key = text_keep(builder, event->data.scalar.value, event->data.scalar.length);
    level->key_mark = event->start_mark;
    level->has_key = true;
    if (memchr(level->key.p, 0, level->key.n))
        return error_mark(yaml, event->start_mark, "a NUL in a key; expected text");
    for (const struct yaml_node *other = level->node->first; other; other = other->next)
        if (str_equal(other->key, level->key)) // said, and the rest of the file is looked at
            (void)error_mark(yaml, event->start_mark, "%.64s: stands here for the second time; the first is in line %u",
                             level->key.p, other->key_line);
    return 0;
}

static int node_add(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
                    struct yaml_node **ret_node)
{
    struct level *level = builder->depth ? &builder->level[builder->depth - 1] : NULL;
    if (builder->nodes == builder->nodes_max)
        return error_mark(builder->yaml, event->start_mark, "too much in one file; expected at most %d values",
                          YAML_NODES_MAX);
    struct yaml_node *node = &builder->yaml->nodes[builder->nodes++];
    *node = (struct yaml_node){
        .kind = kind, .line = (uint32_t)event->start_mark.line + 1, .column = (uint32_t)event->start_mark.column + 1};
    node->key_line = node->line;
    node->key_column = node->column;
    *ret_node = node;
    if (!level)
        return 0;
    if (level->has_key) {
        node->key = level->key;
        node->key_line = (uint32_t)level->key_mark.line + 1;
        node->key_column = (uint32_t)level->key_mark.column + 1;
        level->has_key = false;
    }
    node->parent = level->node;
    *(level->last ? &level->last->next : &level->node->first) = node;
    level->last = node;
    level->node->children++;
    return 0;
}

static bool scalar_null(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
            strcmp(text, "NULL") == 0);
}

static int scalar_add(struct builder *builder, const yaml_event_t *event)
{
    struct yaml_node *node;
    int r = node_add(builder, event, scalar_null(event) ? YAML_NULL : YAML_SCALAR, &node);
    if (r < 0)
        return r;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = text_keep(builder, event->data.scalar.value, event->data.scalar.length);
    if (!node->text.p || memchr(node->text.p, 0, node->text.n))
        return error_mark(builder->yaml, event->start_mark, "a NUL in a text; expected none");
    return 0;
}

static int level_open(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind)
{
    struct yaml_node *node;
    if (builder->depth == YAML_DEPTH_MAX)
        return error_mark(builder->yaml, event->start_mark, "nested too deep; expected at most %d levels",
                          YAML_DEPTH_MAX);
    int r = node_add(builder, event, kind, &node);
    if (r == 0)
        builder->level[builder->depth++] = (struct level){.node = node};
    return r;
}

static int tag_check(const struct yaml *yaml, const yaml_event_t *event, const yaml_char_t *tag)
{
    return tag ? error_mark(yaml, event->start_mark, "a tag (!...); expected a plain value") : 0;
}

static int event_take(struct builder *builder, const yaml_event_t *event)
{
    const struct yaml *yaml = builder->yaml;
    struct level *level = builder->depth ? &builder->level[builder->depth - 1] : NULL;
    int r = 0;
    if (event->type == YAML_ALIAS_EVENT)
        return error_mark(yaml, event->start_mark, "an alias (*NAME); expected the value itself");
    if (event->type == YAML_DOCUMENT_START_EVENT)
        return builder->documents++ ? error_mark(yaml, event->start_mark, "a second document; expected one") : 0;
    if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
        builder->depth--;
        return 0;
    }
    if (event->type == YAML_SCALAR_EVENT)
        r = tag_check(yaml, event, event->data.scalar.tag);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        r = tag_check(yaml, event, event->data.sequence_start.tag);
    else if (event->type == YAML_MAPPING_START_EVENT)
        r = tag_check(yaml, event, event->data.mapping_start.tag);
    else
        return 0; // begin and end of stream and document
    if (r < 0)
        return r;
    if (level && level->node->kind == YAML_MAP && !level->has_key)
        return key_set(builder, level, event);
    if (event->type == YAML_SCALAR_EVENT)
        return scalar_add(builder, event);
    return level_open(builder, event, event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST);
}

static int events_take(struct builder *builder, yaml_parser_t *parser, struct str bytes)
{
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return error_syntax(builder->yaml, bytes, parser);
        int r = event_take(builder, &event);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (r < 0)
            return r;
    }
    return 0;
}

int yaml_read(struct yaml *yaml, const char *file, struct str bytes, struct complaint *complaint)
{
    yaml_parser_t parser;
    unsigned errors = complaint->errors;
    *yaml = (struct yaml){.file = file, .complaint = complaint};
    if (bytes.n > YAML_SIZE_MAX)
        return error_at(yaml, 1, 1, "longer than %d bytes", YAML_SIZE_MAX);
    if (str_starts(bytes, STR(BYTE_ORDER_MARK)))
        bytes = (struct str){bytes.p + strlen(BYTE_ORDER_MARK), bytes.n - strlen(BYTE_ORDER_MARK)};

    struct builder builder = {.yaml = yaml, .texts_max = 3 * bytes.n + 1};
    builder.nodes_max = bytes.n < YAML_NODES_MAX ? bytes.n + 1 : YAML_NODES_MAX;
    yaml->nodes = calloc(builder.nodes_max, sizeof *yaml->nodes);
    yaml->texts = malloc(builder.texts_max);
    if (!yaml->nodes || !yaml->texts || !yaml_parser_initialize(&parser)) {
        yaml_release(yaml);
        return -ENOMEM;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes.p, bytes.n);
    int r = events_take(&builder, &parser, bytes);
    yaml_parser_delete(&parser);
    if (r == 0 && complaint->errors > errors)
        r = -EINVAL;
    yaml->root = r == 0 && builder.nodes ? yaml->nodes : NULL;
    yaml->count = builder.nodes;
    if (r < 0)
        yaml_release(yaml);
    return r;
}

void yaml_release(struct yaml *yaml)
{
    free(yaml->nodes);
    free(yaml->texts);
    yaml->nodes = NULL;
    yaml->count = 0;
    yaml->root = NULL;
    yaml->texts = NULL;
}
