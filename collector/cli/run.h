// `redstart run`: the pair in the foreground.
#pragma once

// argv[0] is "run". The exit code: 0 done, 1 failed while running, 2 bad usage, 3 kernel or privileges do not suffice.
int run_main(int argc, char **argv, char **environment);
