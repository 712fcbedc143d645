// Who is this host: a text that stays the same across restarts; service instances get their ids from it.
#pragma once

#define HOST_ID_SIZE 64

// systemd's machine id, else the host name, else "". ret_id has HOST_ID_SIZE bytes.
void host_id_read(char *ret_id);
