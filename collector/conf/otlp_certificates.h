// Which files an endpoint's TLS uses, and who named each. Called by otlp_endpoint.c.
#pragma once

#include "collector/conf/otlp_endpoint.h"

// Fills endpoint->tls_file and ->tls_said. 0, or -EINVAL with an error.
int otlp_certificates_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                           struct otlp_endpoint *endpoint) must_check;
