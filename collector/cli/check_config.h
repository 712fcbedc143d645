// The part of `redstart check` that is about configuration: what would be in force and where each value comes from, and
// loader.conf from the file's rules. Reads options as the collector does; starts nothing.
#pragma once

// argv: "check" and options of the collector. 0, or 2 after a message: they or the file are no good.
int check_config_show(int argc, char **argv, char **environment);
// Prints the file's rules for the loader. 0 or 2.
int check_config_loader(int argc, char **argv, char **environment);
// Prints a file of Beyla's as ours (beyla.h). 0 or 2.
int check_config_beyla(const char *path, char **environment);
