// A resolver that lies: it takes the loader's questions and answers as the file "lie" beside it says. What the loader
// makes of it is checked by tests/e2e/test_resolver.py; never installed.
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/ipc/resolver.h"

static struct resolver_answer truth(uint32_t ticket)
{
    return (struct resolver_answer){
        .ticket = ticket,
        .status = RESOLVER_DONE,
        .executable = {.bits = 64, .language = EXECUTABLE_SWIFT, .version_size = 3, .version = "1.0"}};
}

// Sends what the lie wants. False: it is over.
static bool answer(const char *lie, uint32_t ticket)
{
    struct resolver_answer told[2] = {truth(ticket), truth(ticket)};
    size_t size = sizeof told[0];
    if (strcmp(lie, "short") == 0)
        size--;
    else if (strcmp(lie, "long") == 0)
        size = sizeof told;
    else if (strcmp(lie, "empty") == 0)
        size = 0;
    else if (strcmp(lie, "ticket") == 0)
        told[0].ticket += 1;
    else if (strcmp(lie, "status") == 0)
        told[0].status = RESOLVER_STATUS_MAX;
    else if (strcmp(lie, "language") == 0)
        told[0].executable.language = EXECUTABLE_LANGUAGE_MAX;
    else if (strcmp(lie, "bits") == 0)
        told[0].executable.bits = 16;
    else if (strcmp(lie, "text") == 0)
        told[0].executable.version[1] = '\n';
    else if (strcmp(lie, "size") == 0)
        told[0].executable.module_size = 255;
    else if (strcmp(lie, "end") == 0)
        return false;
    else if (strcmp(lie, "silence") == 0)
        return true;
    unsigned times = strcmp(lie, "flood") == 0 ? UINT_MAX : strcmp(lie, "twice") == 0 ? 2 : 1;
    while (times--)
        if (send(STDIN_FILENO, told, size, MSG_NOSIGNAL) < 0)
            return false;
    return true;
}

static void lie_read(char *lie, size_t size)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 8);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        strcpy(slash, "/lie");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, lie, size - 1);
    lie[n > 0 ? n : 0] = 0;
}

int main(void)
{
    char lie[32];
    struct resolver_request request;
    lie_read(lie, sizeof lie);
    while (recv(STDIN_FILENO, &request, sizeof request, 0) == sizeof request && answer(lie, request.ticket))
        ; // without room for the file's fd, which the kernel closes
    return 0;
}
