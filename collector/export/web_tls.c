// See web_tls.h. Client certificates are judged in the handshake, as exporter-toolkit does it.
#include "collector/export/web_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/conf/file.h"

#define PEM_MAX      (1 << 20)
#define PRIORITY_MAX 256
#define SAN_MAX      1024

struct web_tls {
    unsigned references;
    enum web_client_auth client_auth;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    unsigned san_count;
    char *san[WEB_SANS_MAX];
};

struct web_tls *web_tls_ref(struct web_tls *tls)
{
    if (tls)
        tls->references++;
    return tls;
}

void web_tls_unref(struct web_tls *tls)
{
    if (!tls || --tls->references)
        return;
    gnutls_certificate_free_credentials(tls->credentials);
    gnutls_priority_deinit(tls->priority);
    for (unsigned i = 0; i < tls->san_count; i++)
        free(tls->san[i]);
    free(tls);
}

// The bytes of one PEM source. The caller frees *ret_datum.data.
static int pem_load(const struct web_pem *pem, const char *key, gnutls_datum_t *ret_datum, struct complaint *complaint)
{
    char *bytes = NULL;
    size_t size = pem->text.n;
    int r = pem->file[0] ? file_read(pem->file, PEM_MAX, &bytes, &size) : 0;
    if (r < 0)
        return complaint_error(complaint,
                               "%s: cannot be read: %s; expected the PEM of %s, readable to the collector's user",
                               pem->file, strerror(-r), key);
    if (!pem->file[0] && !(bytes = strndup(pem->text.p, pem->text.n)))
        return -ENOMEM;
    *ret_datum = (gnutls_datum_t){(unsigned char *)bytes, (unsigned)size};
    return 0;
}

static void datum_wipe(gnutls_datum_t *datum)
{
    if (datum->data)
        explicit_bzero(datum->data, datum->size);
    free(datum->data);
}

// What is to be named in a message about a source.
static const char *pem_name(const struct web_pem *pem, const char *key)
{
    return pem->file[0] ? pem->file : key;
}

static int certificate_load(struct web_tls *tls, const struct web_config *config, struct complaint *complaint)
{
    gnutls_datum_t cert = {0}, key = {0};
    int r = pem_load(&config->cert, "cert_file", &cert, complaint);
    if (r == 0)
        r = pem_load(&config->key, "key_file", &key, complaint);
    if (r == 0) {
        int code = gnutls_certificate_set_x509_key_mem2(tls->credentials, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (code < 0)
            r = complaint_error(complaint, "%s and %s: %s; expected a certificate and its key, unencrypted, in PEM",
                                pem_name(&config->cert, "cert"), pem_name(&config->key, "key"), gnutls_strerror(code));
    }
    datum_wipe(&cert);
    datum_wipe(&key);
    return r;
}

// Who may sign a client's certificate; without a file whom this host trusts, as Go does it.
static int authority_load(struct web_tls *tls, const struct web_config *config, struct complaint *complaint)
{
    gnutls_datum_t authority = {0};
    if (!config->client_ca.file[0] && !config->client_ca.text.n) {
        bool verified =
            config->client_auth == WEB_CLIENT_VERIFY_IF_GIVEN || config->client_auth == WEB_CLIENT_REQUIRE_AND_VERIFY;
        int code = verified ? gnutls_certificate_set_x509_system_trust(tls->credentials) : 0;
        return code < 0 ? complaint_error(complaint,
                                          "client_auth_type: expected a client_ca_file: this host's own "
                                          "authorities: %s",
                                          gnutls_strerror(code))
                        : 0;
    }
    int r = pem_load(&config->client_ca, "client_ca_file", &authority, complaint);
    if (r == 0) {
        int code = gnutls_certificate_set_x509_trust_mem(tls->credentials, &authority, GNUTLS_X509_FMT_PEM);
        if (code <= 0)
            r = complaint_error(complaint, "%s: %s; expected certificates in PEM",
                                pem_name(&config->client_ca, "client_ca"),
                                code < 0 ? gnutls_strerror(code) : "there is none in it");
    }
    datum_wipe(&authority);
    return r;
}

static int priority_make(struct web_tls *tls, const struct web_config *config)
{
    static const char *const versions[WEB_TLS_MAX] = {":+VERS-TLS1.0", ":+VERS-TLS1.1", ":+VERS-TLS1.2",
                                                      ":+VERS-TLS1.3"};
    static const char *const curves[WEB_CURVE_MAX] = {":+GROUP-SECP256R1", ":+GROUP-SECP384R1", ":+GROUP-SECP521R1",
                                                      ":+GROUP-X25519"};
    char text[PRIORITY_MAX];
    size_t n = (size_t)snprintf(text, sizeof text, "NORMAL:-VERS-ALL%s", config->curve_count ? ":-GROUP-ALL" : "");
    for (unsigned i = config->max_version + 1; i-- > config->min_version;)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", versions[i]);
    for (unsigned i = 0; i < config->curve_count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", curves[config->curve[i]]);
    snprintf(text + n, sizeof text - n, "%s", config->server_precedence ? ":%SERVER_PRECEDENCE" : "");
    return gnutls_priority_init(&tls->priority, text, NULL) < 0 ? -ENOMEM : 0;
}

static int sans_keep(struct web_tls *tls, const struct web_config *config)
{
    for (; tls->san_count < config->client_san_count; tls->san_count++)
        if (!(tls->san[tls->san_count] = strdup(config->client_sans[tls->san_count])))
            return -ENOMEM;
    return 0;
}

int web_tls_new(struct web_tls **ret_tls, const struct web_config *config, struct complaint *complaint)
{
    struct web_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->references = 1;
    tls->client_auth = config->client_auth;
    if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0) {
        free(tls);
        return -ENOMEM;
    }
    int r = priority_make(tls, config);
    if (r == 0)
        r = sans_keep(tls, config);
    if (r == 0)
        r = certificate_load(tls, config, complaint);
    if (r == 0)
        r = authority_load(tls, config, complaint);
    if (r < 0)
        web_tls_unref(tls);
    else
        *ret_tls = tls;
    return r;
}

static bool san_allowed(const struct web_tls *tls, struct str name)
{
    for (unsigned i = 0; i < tls->san_count; i++)
        if (str_equal(name, str_from(tls->san[i])))
            return true;
    return false;
}

// Does the client's certificate have one of the names that are allowed?
static bool certificate_allowed(const struct web_tls *tls, const gnutls_datum_t *certificate)
{
    gnutls_x509_crt_t parsed;
    bool allowed = false;
    if (gnutls_x509_crt_init(&parsed) < 0)
        return false;
    bool usable = gnutls_x509_crt_import(parsed, certificate, GNUTLS_X509_FMT_DER) >= 0;
    for (unsigned i = 0; usable && !allowed; i++) {
        char name[SAN_MAX];
        size_t size = sizeof name;
        int type = gnutls_x509_crt_get_subject_alt_name(parsed, i, name, &size, NULL);
        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
            continue;
        if (type < 0)
            break; // that was the last
        char text[INET6_ADDRSTRLEN];
        if (type != GNUTLS_SAN_IPADDRESS)
            allowed = san_allowed(tls, (struct str){name, strnlen(name, size)});
        else if (inet_ntop(size == 4 ? AF_INET : AF_INET6, name, text, sizeof text) && (size == 4 || size == 16))
            allowed = san_allowed(tls, str_from(text));
    }
    gnutls_x509_crt_deinit(parsed);
    return allowed;
}

// Called in the handshake. 0: go on; else it fails.
static int client_verify(gnutls_session_t session)
{
    const struct web_tls *tls = gnutls_session_get_ptr(session);
    unsigned count = 0, status = 0;
    const gnutls_datum_t *certificates = gnutls_certificate_get_peers(session, &count);
    bool required = tls->client_auth == WEB_CLIENT_REQUIRE_ANY || tls->client_auth == WEB_CLIENT_REQUIRE_AND_VERIFY;
    bool verified = tls->client_auth == WEB_CLIENT_VERIFY_IF_GIVEN || tls->client_auth == WEB_CLIENT_REQUIRE_AND_VERIFY;
    if (!certificates || !count)
        return required ? GNUTLS_E_NO_CERTIFICATE_FOUND : 0;
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    if (verified && (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status))
        return GNUTLS_E_CERTIFICATE_ERROR;
    return tls->san_count && !certificate_allowed(tls, certificates) ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

int web_tls_begin(struct web_tls *tls, gnutls_session_t session)
{
    static const gnutls_certificate_request_t requests[] = {
        [WEB_CLIENT_NONE] = GNUTLS_CERT_IGNORE,
        [WEB_CLIENT_REQUEST] = GNUTLS_CERT_REQUEST,
        [WEB_CLIENT_REQUIRE_ANY] = GNUTLS_CERT_REQUIRE,
        [WEB_CLIENT_VERIFY_IF_GIVEN] = GNUTLS_CERT_REQUEST,
        [WEB_CLIENT_REQUIRE_AND_VERIFY] = GNUTLS_CERT_REQUIRE,
    };
    if (gnutls_priority_set(session, tls->priority) < 0 ||
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
        return -EINVAL;
    gnutls_session_set_ptr(session, tls); // libmicrohttpd keeps its own there for pre-shared keys, which we do not use
    gnutls_certificate_server_set_request(session, requests[tls->client_auth]);
    gnutls_session_set_verify_function(session, client_verify);
    return 0;
}
