// The web.yml in force: its certificates, users, headers and rate. It and the files that it names are looked at again
// as connections and requests come, at most once a second; what is wrong with a new one is logged and the old one
// stays. Called by prometheus.c and prometheus_listener.c.
#pragma once

#include "collector/conf/web_config.h"
#include "collector/export/web_tls.h"

struct web;

// 0; -EINVAL with errors in the complaint; -ENOMEM. path is kept, not copied.
int web_new(struct web **ret_web, const char *path, struct complaint *complaint) must_check;
void web_free(struct web *web);

// The files as they are now, for the sandbox: what lies beside them stays readable. Ends in NULL.
#define WEB_FILES_MAX 4
void web_files(const struct web *web, const char *ret_files[WEB_FILES_MAX + 1]);

void web_refresh(struct web *web, uint64_t now_ns);
// Is TLS spoken? Cannot change while we listen.
bool web_has_tls(const struct web *web);
// For a session that begins now; counted by the caller (web_tls_ref).
struct web_tls *web_tls(const struct web *web);
// Valid until the next web_refresh.
const struct web_config *web_config(const struct web *web);
// The hash of a user, NULL if there is none of that name.
const char *web_hash(const struct web *web, const char *user);
// False: too many requests by rate_limit. Takes one.
bool web_rate_pass(struct web *web, uint64_t now_ns);
