// The TLS of /metrics: credentials and rules from web.yml, for one connection after the other. Called by web.c and
// prometheus.c; what a client sends is GnuTLS' to parse.
#pragma once

#include <gnutls/gnutls.h>
#include "collector/conf/web_config.h"

struct web_tls;

// Reads the certificates. 0; -EINVAL with errors in the complaint that name the file and what is wrong with it;
// -ENOMEM.
int web_tls_new(struct web_tls **ret_tls, const struct web_config *config, struct complaint *complaint) must_check;
// Counted: a session goes on with what it began with while new ones have newer certificates. NULL is fine.
struct web_tls *web_tls_ref(struct web_tls *tls);
void web_tls_unref(struct web_tls *tls);

// Sets up a server's session that has not begun its handshake; tls must outlive it. 0, or -EINVAL: then close it.
int web_tls_begin(struct web_tls *tls, gnutls_session_t session) must_check;
