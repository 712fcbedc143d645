// The faulty endpoint of tests/peers/otlp-faulty as a child process: one port for each case, and how many requests came
// to each. Header only.
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define FAULTY_CASES_MAX 128

struct faulty {
    pid_t pid;
    int stop_fd;
    FILE *says;
    char folder[64]; // of the certificates
    unsigned n;
    unsigned short port[FAULTY_CASES_MAX];
    unsigned requests[FAULTY_CASES_MAX];
};

static inline void faulty_start(struct faulty *faulty, const char *const *cases, unsigned n)
{
    const char *arguments[FAULTY_CASES_MAX + 4] = {"/usr/bin/python3", "tests/peers/otlp-faulty/server.py",
                                                   faulty->folder};
    int in[2], out[2];
    assert_true(n <= FAULTY_CASES_MAX);
    *faulty = (struct faulty){.n = n, .folder = "/tmp/redstart-faulty-XXXXXX"};
    assert_non_null(mkdtemp(faulty->folder));
    memcpy(arguments + 3, cases, n * sizeof(cases[0]));
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    faulty->pid = fork();
    assert_true(faulty->pid >= 0);
    if (faulty->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execv(arguments[0], (char **)arguments);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    faulty->stop_fd = in[1];
    faulty->says = fdopen(out[0], "r");
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(fscanf(faulty->says, "%hu", &faulty->port[i]), 1);
}

static inline int faulty_unlink(const char *path, const struct stat *info, int type, struct FTW *at)
{
    return remove(path);
}

// Ends it, and counts what came.
static inline void faulty_stop(struct faulty *faulty)
{
    unsigned i;
    close(faulty->stop_fd);
    while (fscanf(faulty->says, "%u", &i) == 1 && i < faulty->n)
        faulty->requests[i]++;
    fclose(faulty->says);
    waitpid(faulty->pid, NULL, 0);
    nftw(faulty->folder, faulty_unlink, 8, FTW_DEPTH | FTW_PHYS);
}
