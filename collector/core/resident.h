// Memory that is given back: what a burst took, what only start-up needed. Called by main.c.
#pragma once

// First of all. What a burst took is given back after it: by itself glibc learns from the first large buffer to keep
// all later ones. One arena: the pushing threads allocate little.
void resident_limit(void);

// Once everything is open. Gives back the pages of code and constants that loading and initializing libraries touched
// (of OpenSSL and GnuTLS some 5 MB): they are the files' own and come back from the page cache, 64 KiB at a time, when
// one is needed again.
void resident_trim(void);
