// `redstart check`: can redstart work on this host?
#pragma once

// argv[0] is "check". 0; 2 bad usage; 3 this kernel cannot.
int check_main(int argc, char **argv, char **environment);
