// The keys of web.yml; see web_config.h. Each map has a table of its keys and of what reads them.
#include "collector/conf/web_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/conf/file.h"
#include "collector/core/clock.h"

#define TEXT_MAX     4096 // of a header or a certificate's name
#define PEM_MAX      (64 << 10)
#define INTERVAL_MAX (3600 * NS_PER_SEC)
#define BURST_MAX    1000000

struct reader {
    struct web_config *config;
    const struct yaml *yaml;
};

typedef int key_fn(struct reader *reader, const struct yaml_node *node);

struct key {
    struct str name;
    key_fn *read;
};
#define KEY(name, read)                                                                                                \
    {                                                                                                                  \
        {name, sizeof(name) - 1}, read                                                                                 \
    }

// All that is wrong is said, not only the first.
static int keys_read(struct reader *reader, const struct yaml_node *map, const struct key *keys, unsigned count)
{
    int r = yaml_expect(reader->yaml, map, YAML_MAP);
    for (const struct yaml_node *node = r == 0 ? map->first : NULL; node; node = node->next) {
        unsigned i = 0;
        while (i < count && !str_equal(node->key, keys[i].name))
            i++;
        if (i == count)
            r = yaml_error_key(reader->yaml, node, "no such key in the format of web.yml");
        else if (node->kind != YAML_NULL && keys[i].read(reader, node) < 0)
            r = -EINVAL;
    }
    return r;
}

static int file_name_read(struct reader *reader, const struct yaml_node *node, struct web_pem *ret_pem)
{
    const char *name, *path = reader->yaml->file, *slash = strrchr(path, '/');
    if (yaml_text(reader->yaml, node, 1, WEB_PATH_MAX - 1, "the name of a file", &name) < 0)
        return -EINVAL;
    int folder = name[0] == '/' || !slash ? 0 : (int)(slash + 1 - path);
    if (snprintf(ret_pem->file, WEB_PATH_MAX, "%.*s%s", folder, path, name) >= WEB_PATH_MAX)
        return yaml_error(reader->yaml, node, "expected a path of less than %d bytes", WEB_PATH_MAX);
    return 0;
}

static int pem_read(struct reader *reader, const struct yaml_node *node, struct web_pem *ret_pem)
{
    if (node->kind != YAML_SCALAR || node->text.n > PEM_MAX || !strstr(node->text.p, "-----BEGIN "))
        return yaml_error(reader->yaml, node, "expected PEM (-----BEGIN ...) of at most %d bytes", PEM_MAX);
    ret_pem->text = node->text;
    return 0;
}

#define PEM(name)                                                                                                      \
    static int name##_file_read(struct reader *reader, const struct yaml_node *node)                                   \
    {                                                                                                                  \
        return file_name_read(reader, node, &reader->config->name);                                                    \
    }                                                                                                                  \
    static int name##_read(struct reader *reader, const struct yaml_node *node)                                        \
    {                                                                                                                  \
        return pem_read(reader, node, &reader->config->name);                                                          \
    }
PEM(cert)
PEM(key)
PEM(client_ca)

static int client_auth_read(struct reader *reader, const struct yaml_node *node)
{
    static const char *const names[] = {"NoClientCert",
                                        "RequestClientCert",
                                        "RequireAnyClientCert",
                                        "VerifyClientCertIfGiven",
                                        "RequireAndVerifyClientCert",
                                        NULL};
    unsigned index;
    // An older name of the same.
    bool old = node->kind == YAML_SCALAR && str_equal(node->text, STR("RequireClientCert"));
    if (!old && yaml_choice(reader->yaml, node, names, &index) < 0)
        return -EINVAL;
    reader->config->client_auth = old ? WEB_CLIENT_REQUIRE_ANY : (enum web_client_auth)index;
    return 0;
}

static int sans_read(struct reader *reader, const struct yaml_node *node)
{
    struct web_config *config = reader->config;
    if (yaml_expect(reader->yaml, node, YAML_LIST) < 0)
        return -EINVAL;
    if (node->children == 0 || node->children > WEB_SANS_MAX)
        return yaml_error(reader->yaml, node, "expected 1 to %d names", WEB_SANS_MAX);
    for (const struct yaml_node *item = node->first; item; item = item->next)
        if (yaml_text(reader->yaml, item, 1, TEXT_MAX, "a name", &config->client_sans[config->client_san_count++]) < 0)
            return -EINVAL;
    return 0;
}

static int version_read(struct reader *reader, const struct yaml_node *node, enum web_tls_version *ret_version)
{
    static const char *const names[] = {"TLS10", "TLS11", "TLS12", "TLS13", NULL};
    unsigned index;
    if (yaml_choice(reader->yaml, node, names, &index) < 0)
        return -EINVAL;
    *ret_version = (enum web_tls_version)index;
    return 0;
}

static int min_version_read(struct reader *reader, const struct yaml_node *node)
{
    return version_read(reader, node, &reader->config->min_version);
}

static int max_version_read(struct reader *reader, const struct yaml_node *node)
{
    return version_read(reader, node, &reader->config->max_version);
}

static int precedence_read(struct reader *reader, const struct yaml_node *node)
{
    return yaml_boolean(reader->yaml, node, &reader->config->server_precedence);
}

static int ciphers_read(struct reader *reader, const struct yaml_node *node)
{
    if (node->kind == YAML_LIST && node->children == 0)
        return 0;
    return yaml_error_key(reader->yaml, node,
                          "single cipher suites cannot be chosen with GnuTLS; leave it out (its defaults are taken), "
                          "or set min_version: TLS13");
}

static int curves_read(struct reader *reader, const struct yaml_node *node)
{
    static const char *const names[] = {"CurveP256", "CurveP384", "CurveP521", "X25519", NULL};
    struct web_config *config = reader->config;
    if (yaml_expect(reader->yaml, node, YAML_LIST) < 0)
        return -EINVAL;
    for (const struct yaml_node *item = node->first; item; item = item->next) {
        unsigned index;
        if (yaml_choice(reader->yaml, item, names, &index) < 0)
            return -EINVAL;
        for (unsigned i = 0; i < config->curve_count; i++)
            if (config->curve[i] == index)
                return yaml_error(reader->yaml, item, "expected each curve once");
        config->curve[config->curve_count++] = (enum web_curve)index;
    }
    return 0;
}

static int pem_check(const struct reader *reader, const struct yaml_node *node, const struct web_pem *pem,
                     const char *name, bool needed)
{
    if (pem->file[0] && pem->text.n)
        return yaml_error_key(reader->yaml, node, "expected %s or %s_file, not both", name, name);
    if (needed && !pem->file[0] && !pem->text.n)
        return yaml_error_key(reader->yaml, node, "expected %s_file (or %s)", name, name);
    return 0;
}

// What one key alone cannot say.
static int tls_check(const struct reader *reader, const struct yaml_node *node)
{
    const struct web_config *config = reader->config;
    bool authority = config->client_ca.file[0] || config->client_ca.text.n;
    bool required =
        config->client_auth == WEB_CLIENT_REQUIRE_ANY || config->client_auth == WEB_CLIENT_REQUIRE_AND_VERIFY;
    if (pem_check(reader, node, &config->cert, "cert", true) < 0 ||
        pem_check(reader, node, &config->key, "key", true) < 0 ||
        pem_check(reader, node, &config->client_ca, "client_ca", false) < 0)
        return -EINVAL;
    if (authority && config->client_auth == WEB_CLIENT_NONE)
        return yaml_error_key(reader->yaml, node,
                              "client_ca is of no use without client_auth_type; expected RequireAndVerifyClientCert");
    if (config->client_san_count && !required)
        return yaml_error_key(reader->yaml, node,
                              "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert");
    if (config->min_version > config->max_version)
        return yaml_error_key(reader->yaml, node, "expected a min_version that is not above max_version");
    return 0;
}

static int tls_read(struct reader *reader, const struct yaml_node *node)
{
    static const struct key keys[] = {
        KEY("cert", cert_read),
        KEY("cert_file", cert_file_read),
        KEY("key", key_read),
        KEY("key_file", key_file_read),
        KEY("client_ca", client_ca_read),
        KEY("client_ca_file", client_ca_file_read),
        KEY("client_auth_type", client_auth_read),
        KEY("client_allowed_sans", sans_read),
        KEY("min_version", min_version_read),
        KEY("max_version", max_version_read),
        KEY("prefer_server_cipher_suites", precedence_read),
        KEY("cipher_suites", ciphers_read),
        KEY("curve_preferences", curves_read),
    };
    reader->config->tls = true;
    int r = keys_read(reader, node, keys, array_size(keys));
    return r == 0 ? tls_check(reader, node) : r;
}

// "$2y$10$" and 22 + 31 characters of bcrypt's base64.
static int user_read(struct reader *reader, const struct yaml_node *node)
{
    static const char letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct web_config *config = reader->config;
    const char *hash = node->kind == YAML_SCALAR ? node->text.p : "";
    bool bcrypt = node->kind == YAML_SCALAR && node->text.n == 60 && hash[0] == '$' && hash[1] == '2' &&
                  memchr("aby", hash[2], 3) && hash[3] == '$' && hash[6] == '$' && strspn(hash + 7, letters) == 53 &&
                  strspn(hash + 4, "0123456789") == 2;
    int cost = bcrypt ? (hash[4] - '0') * 10 + hash[5] - '0' : 0;
    if (!bcrypt) // the value may be a password: it is not shown
        return yaml_error(reader->yaml, node,
                          "expected a password's bcrypt hash ($2y$10$...), as htpasswd -nBC 10 makes it");
    if (cost < 4 || cost > WEB_COST_MAX)
        return yaml_error(reader->yaml, node, "expected a cost from 4 to %d; 10 takes some 70 ms", WEB_COST_MAX);
    if (config->user_count == WEB_USERS_MAX)
        return yaml_error_key(reader->yaml, node, "expected at most %d users", WEB_USERS_MAX);
    config->user[config->user_count++] = (struct web_user){node->key.p, hash};
    return 0;
}

static int users_read(struct reader *reader, const struct yaml_node *node)
{
    int r = yaml_expect(reader->yaml, node, YAML_MAP);
    for (const struct yaml_node *user = r == 0 ? node->first : NULL; user; user = user->next)
        if (user_read(reader, user) < 0)
            r = -EINVAL;
    return r;
}

static int header_read(struct reader *reader, const struct yaml_node *node)
{
    static const char *const frames[] = {"deny", "sameorigin", NULL}, *const types[] = {"nosniff", NULL};
    struct web_config *config = reader->config;
    const char *value;
    unsigned index;
    bool frame = str_equal(node->key, STR("X-Frame-Options"));
    if (node->kind == YAML_SCALAR && node->text.n == 0)
        return 0; // unset
    if ((frame || str_equal(node->key, STR("X-Content-Type-Options"))) &&
        yaml_choice(reader->yaml, node, frame ? frames : types, &index) < 0)
        return -EINVAL;
    if (yaml_text(reader->yaml, node, 1, TEXT_MAX, "a header's value", &value) < 0)
        return -EINVAL;
    config->header[config->header_count++] = (struct web_header){node->key.p, value};
    return 0;
}

static int headers_read(struct reader *reader, const struct yaml_node *node)
{
    static const struct key keys[WEB_HEADERS_MAX] = {
        KEY("Content-Security-Policy", header_read),   KEY("X-Frame-Options", header_read),
        KEY("X-Content-Type-Options", header_read),    KEY("X-XSS-Protection", header_read),
        KEY("Strict-Transport-Security", header_read),
    };
    return keys_read(reader, node, keys, array_size(keys));
}

// HTTP/1.1 is served whatever it says; a client that knows HTTP/2 speaks that as well.
static int http2_read(struct reader *reader, const struct yaml_node *node)
{
    bool http2;
    return yaml_boolean(reader->yaml, node, &http2);
}

static int http_read(struct reader *reader, const struct yaml_node *node)
{
    static const struct key keys[] = {KEY("headers", headers_read), KEY("http2", http2_read)};
    return keys_read(reader, node, keys, array_size(keys));
}

static int interval_read(struct reader *reader, const struct yaml_node *node)
{
    return yaml_duration(reader->yaml, node, 0, INTERVAL_MAX, &reader->config->rate_interval_ns);
}

static int burst_read(struct reader *reader, const struct yaml_node *node)
{
    return yaml_number(reader->yaml, node, 1, BURST_MAX, &reader->config->rate_burst);
}

static int rate_read(struct reader *reader, const struct yaml_node *node)
{
    static const struct key keys[] = {KEY("interval", interval_read), KEY("burst", burst_read)};
    return keys_read(reader, node, keys, array_size(keys));
}

int web_config_parse(struct web_config *config, const char *path, struct str bytes, struct complaint *complaint)
{
    static const struct key keys[] = {KEY("tls_server_config", tls_read), KEY("http_server_config", http_read),
                                      KEY("basic_auth_users", users_read), KEY("rate_limit", rate_read)};
    struct reader reader = {.config = config, .yaml = &config->yaml};
    *config = (struct web_config){
        .min_version = WEB_TLS12, .max_version = WEB_TLS13, .server_precedence = true, .rate_burst = 1};
    int r = yaml_read(&config->yaml, path, bytes, complaint);
    if (r == 0 && config->yaml.root && config->yaml.root->kind != YAML_NULL)
        r = keys_read(&reader, config->yaml.root, keys, array_size(keys));
    if (r < 0)
        web_config_release(config);
    return r;
}

int web_config_read(struct web_config *config, const char *path, struct complaint *complaint)
{
    char *bytes;
    size_t size;
    int r = file_read(path, YAML_SIZE_MAX, &bytes, &size);
    if (r < 0)
        return complaint_error(complaint,
                               "%s: cannot be read: %s; expected a web.yml, readable to the collector's user", path,
                               strerror(-r));
    r = web_config_parse(config, path, (struct str){bytes, size}, complaint);
    explicit_bzero(bytes, size);
    free(bytes);
    return r;
}

void web_config_release(struct web_config *config)
{
    yaml_release(&config->yaml);
}
