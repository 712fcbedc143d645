// The schema as a JSON Schema (draft 2020-12), for editors and for the man page's generator (packaging/man). Called by
// `redstart check --json-schema`.
#pragma once

#include <stdio.h>

void schema_json_write(FILE *out);
