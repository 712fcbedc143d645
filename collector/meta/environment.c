// See environment.h.
#include "collector/meta/environment.h"

#include <stdlib.h>
#include <string.h>

struct environment {
    unsigned owners;
    size_t name_size, attributes_size;
    char text[]; // both
};

struct environment *environment_new(struct str name, struct str attributes)
{
    struct environment *environment =
        name.n + attributes.n ? malloc(sizeof *environment + name.n + attributes.n) : NULL;
    if (!environment)
        return NULL;
    *environment = (struct environment){.owners = 1, .name_size = name.n, .attributes_size = attributes.n};
    if (name.n)
        memcpy(environment->text, name.p, name.n);
    if (attributes.n)
        memcpy(environment->text + name.n, attributes.p, attributes.n);
    return environment;
}

struct environment *environment_share(struct environment *environment)
{
    if (environment)
        environment->owners++;
    return environment;
}

void environment_release(struct environment *environment)
{
    if (environment && --environment->owners == 0)
        free(environment);
}

struct str environment_name(const struct environment *environment)
{
    return environment ? (struct str){environment->text, environment->name_size} : STR("");
}

struct str environment_attributes(const struct environment *environment)
{
    return environment ? (struct str){environment->text + environment->name_size, environment->attributes_size}
                       : STR("");
}
