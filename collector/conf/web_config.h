// web.yml: who may read /metrics and how, in the file format of Prometheus' exporter-toolkit
// (docs/web-configuration.md there). Pure: from a document's bytes to plain values; what can be seen without opening
// another file is checked here, certificates are export/web_tls.c's. The bytes are trusted in intent, not in form.
#pragma once

#include "collector/conf/yaml.h"

#define WEB_PATH_MAX    512
#define WEB_USERS_MAX   64
#define WEB_SANS_MAX    64
#define WEB_HEADERS_MAX 5
#define WEB_COST_MAX    16 // of bcrypt: some 5 s

enum web_client_auth {
    WEB_CLIENT_NONE,
    WEB_CLIENT_REQUEST,
    WEB_CLIENT_REQUIRE_ANY,
    WEB_CLIENT_VERIFY_IF_GIVEN,
    WEB_CLIENT_REQUIRE_AND_VERIFY,
};
enum web_tls_version { WEB_TLS10, WEB_TLS11, WEB_TLS12, WEB_TLS13, WEB_TLS_MAX };
enum web_curve { WEB_CURVE_P256, WEB_CURVE_P384, WEB_CURVE_P521, WEB_CURVE_X25519, WEB_CURVE_MAX };

// PEM: in a file, or written in the document itself; neither: not configured.
struct web_pem {
    char file[WEB_PATH_MAX]; // "" if none; relative names are of the document's folder
    struct str text;
};

struct web_config {
    bool tls;
    struct web_pem cert, key, client_ca;
    enum web_client_auth client_auth;
    const char *client_sans[WEB_SANS_MAX]; // one of them must be in the client's certificate; none: any will do
    unsigned client_san_count;
    enum web_tls_version min_version, max_version;
    bool server_precedence;
    enum web_curve curve[WEB_CURVE_MAX]; // in order of preference; none: the library's
    unsigned curve_count;

    struct web_user {
        const char *name, *hash; // bcrypt
    } user[WEB_USERS_MAX];
    unsigned user_count; // 0: everybody

    struct web_header {
        const char *name, *value;
    } header[WEB_HEADERS_MAX]; // of every answer
    unsigned header_count;

    uint64_t rate_interval_ns; // between two requests; 0: no limit
    uint64_t rate_burst;

    struct yaml yaml; // holds the texts
};

// path: of the document, for messages and for relative names; kept, not copied. 0; -EINVAL with errors and their places
// in the complaint; or -ENOMEM.
int web_config_parse(struct web_config *config, const char *path, struct str bytes,
                     struct complaint *complaint) must_check;
// The same of the file itself, whose bytes may hold a key and are wiped.
int web_config_read(struct web_config *config, const char *path, struct complaint *complaint) must_check;
void web_config_release(struct web_config *config);
