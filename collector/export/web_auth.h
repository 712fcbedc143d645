// Passwords of /metrics' readers, against bcrypt hashes. One verification takes 70 ms and more, so it is one thread's
// work, never the loop's; what it found is remembered, so that a Prometheus pays once. Called by prometheus.c on the
// loop; users and passwords are a stranger's.
//
// Bounded: few wait at once, and after a wrong password the thread rests, so that guessing gets a few tries a second
// and a fraction of a core.
#pragma once

#include "collector/core/loop.h"

struct web_auth;

enum web_verdict { WEB_DENIED, WEB_GRANTED, WEB_PENDING, WEB_BUSY };

// Called on the loop when a verdict that was pending is there.
typedef void web_auth_fn(void *waiter, enum web_verdict verdict);

// The thread starts with the first password. 0 or -errno.
int web_auth_new(struct web_auth **ret_auth, struct loop *loop, web_auth_fn *fn) must_check;
// Whoever waits is told WEB_BUSY first. NULL is fine.
void web_auth_free(struct web_auth *auth);

// hash: the user's; NULL: there is no such user (dummy is computed then, so that it takes as long). WEB_PENDING: fn
// will be called with waiter; WEB_BUSY: too many wait.
enum web_verdict web_auth_ask(struct web_auth *auth, const char *user, const char *hash, const char *dummy,
                              const char *password, void *waiter);
