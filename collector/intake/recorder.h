// Writes down what intake hands on (--record): stands between intake and its receiver, and between the process table
// and /proc. The file can be played by --replay; see recording.h for its format. It holds heads of requests and
// arguments of processes, so only its owner may read it.
#pragma once

#include "collector/intake/intake.h"
#include "collector/intake/recording.h"

#define RECORDER_BYTES_MAX (UINT64_C(1) << 30) // then it stops

struct recorder;
// Creates the file, which must not exist. receiver: who gets all events. 0 or -errno.
int recorder_new(struct recorder **ret_recorder, const char *path, const struct intake_receiver *receiver) must_check;
// Closes the file. NULL is fine.
void recorder_free(struct recorder *recorder);
// What to give to intake_new, and (with the recorder as context) to process_table_source.
struct intake_receiver recorder_receiver(struct recorder *recorder);
int recorder_file(void *recorder, enum proc_file file, uint32_t pid, char *buffer, size_t size,
                  size_t *ret_n) must_check;
// The collector's turn for what waits, and the kernel's counters if they changed. Everything so far reaches the file.
void recorder_tick(struct recorder *recorder, const struct self *self, uint64_t now_ns);
