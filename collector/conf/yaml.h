// A YAML document as a flat tree, for configuration files (redstart.yaml, web.yml). The bytes are trusted in intent,
// not in form: size, depth, nodes and keys are bounded; aliases and tags are refused, so that nothing grows; a key that
// stands twice in one map is an error. Used by the collector and, without privilege, by the redstart command.
//
//     struct yaml yaml;
//     int r = yaml_read(&yaml, "web.yml", bytes, complaint);
//     if (r < 0)
//         return r;
//     const struct yaml_node *port = yaml_get(yaml.root, STR("port"));
//     if (port && yaml_number(&yaml, port, 1, 65535, &number) < 0) ... // the complaint says where and why
//     yaml_release(&yaml);
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/conf/complaint.h"
#include "common/lib/str.h"

#define YAML_SIZE_MAX  (1 << 20)
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 32768
#define YAML_KEYS_MAX  1024 // of one map

enum yaml_kind {
    YAML_NULL,   // nothing, ~ or null: as if the key were not there
    YAML_SCALAR, // text
    YAML_LIST,
    YAML_MAP,
};

struct yaml_node {
    enum yaml_kind kind;
    bool quoted;                    // a scalar that is text, whatever it looks like
    struct str text;                // of a scalar; NUL-terminated, without a NUL inside
    struct str key;                 // of what stands in a map; NUL-terminated
    uint32_t line, column;          // from 1; of the node
    uint32_t key_line, key_column;  // of its key; without one: as line and column
    uint32_t children;              // of a list or map
    const struct yaml_node *parent; // NULL: the root
    const struct yaml_node *first;  // child; NULL: none
    const struct yaml_node *next;   // sibling, in the order of the file; NULL: the last
};

struct yaml {
    const char *file; // for messages
    struct complaint *complaint;
    const struct yaml_node *root; // NULL: the document is empty
    struct yaml_node *nodes;      // in the order of the file, a map or list before what is in it
    size_t count;
    char *texts;
};

// 0; -EINVAL with lines "FILE:LINE:COLUMN: ..." in the complaint; or -ENOMEM. file and complaint are kept, not copied.
int yaml_read(struct yaml *yaml, const char *file, struct str bytes, struct complaint *complaint) must_check;
void yaml_release(struct yaml *yaml);

// The value of a key; NULL if it is not there or null (or if map is NULL or no map).
const struct yaml_node *yaml_get(const struct yaml_node *map, struct str key);

// One more error: "FILE:LINE:COLUMN: PATH: ...", where PATH is `otlp[1].timeout`. -EINVAL.
int yaml_error(const struct yaml *yaml, const struct yaml_node *node, const char *format, ...) printf_like(3, 4);
// The same, pointing at the node's key.
int yaml_error_key(const struct yaml *yaml, const struct yaml_node *node, const char *format, ...) printf_like(3, 4);

// "PATH: expected WHAT, not ...", with what stands there. -EINVAL.
int yaml_error_expected(const struct yaml *yaml, const struct yaml_node *node, const char *what);

// Typed values. Each returns 0, or -EINVAL with one error that says what was expected and what stands there.
int yaml_expect(const struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind) must_check;
// A scalar of min ... max bytes in one line; `what` names it in the message ("a path"). Numbers are text as well.
int yaml_text(const struct yaml *yaml, const struct yaml_node *node, size_t min, size_t max, const char *what,
              const char **ret_text) must_check;
int yaml_boolean(const struct yaml *yaml, const struct yaml_node *node, bool *ret_boolean) must_check;
int yaml_number(const struct yaml *yaml, const struct yaml_node *node, uint64_t min, uint64_t max,
                uint64_t *ret_number) must_check;
// 1h30m, 60s, 500ms; min and max in ns. A bare 0 needs no unit.
int yaml_duration(const struct yaml *yaml, const struct yaml_node *node, uint64_t min, uint64_t max,
                  uint64_t *ret_ns) must_check;
// One of `names` (any case), which ends in NULL: its index.
int yaml_choice(const struct yaml *yaml, const struct yaml_node *node, const char *const *names,
                unsigned *ret_index) must_check;
