// redstart-resolver: reads other people's executables so that nothing with privilege has to. Started by the loader with
// a socket as standard input (common/ipc/resolver.h) before the loader locks itself down; ends when the loader closes
// it. Order: sandbox, then the first byte of input.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "resolver/child.h"
#include "resolver/sandbox.h"

int main(int argc, char **argv)
{
    int type = 0;
    socklen_t size = sizeof type;

    if (argc != 1 || getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
        fprintf(stderr, "redstart-resolver: started by redstart-loader, not by hand\n");
        return 2;
    }
    signal(SIGTERM, SIG_IGN); // to all of a service at its stop: we end with the loader
    signal(SIGINT, SIG_IGN);
    int r = sandbox_master();
    if (r < 0) {
        fprintf(stderr, "redstart-resolver: cannot confine itself: %s\n", strerror(-r));
        return 1;
    }
    return master_run(STDIN_FILENO, child_examine) < 0 ? 1 : 0;
}
