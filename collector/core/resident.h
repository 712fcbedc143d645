// Memory that only start-up needed. Called by main.c once everything is open.
#pragma once

// Gives back the pages of code and constants that loading and initializing libraries touched (of OpenSSL and GnuTLS
// some 5 MB): they are the files' own and come back from the page cache, 64 KiB at a time, when one is needed again.
void resident_trim(void);
