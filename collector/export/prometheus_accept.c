// Accept and Accept-Encoding; see prometheus_accept.h. Each format's quality is that of the most specific range that
// fits it. Among equals the more specific range wins, then the earlier one, then the order of the table.
#include "collector/export/prometheus_accept.h"

#include <stdio.h>
#include "common/lib/cleanup.h"

#define QUALITY_MAX 1000
#define QUALITY_BAD (-1)

struct offer {
    enum prometheus_format format;
    struct str type, subtype, version;
    bool versions_default; // what a range without a version means
    bool exact_only;       // not for "*/*"
    bool names_escaping;   // also where the range does not
    const char *content_type;
};

#define LITERAL(text)                                                                                                  \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

// In order of preference.
static const struct offer offers[] = {
    {PROMETHEUS_TEXT, LITERAL("text"), LITERAL("plain"), LITERAL("0.0.4"), true, false, false,
     "text/plain; version=0.0.4; charset=utf-8"},
    {PROMETHEUS_OPENMETRICS, LITERAL("application"), LITERAL("openmetrics-text"), LITERAL("1.0.0"), true, false, false,
     "application/openmetrics-text; version=1.0.0; charset=utf-8"},
    {PROMETHEUS_TEXT, LITERAL("text"), LITERAL("plain"), LITERAL("1.0.0"), false, true, true,
     "text/plain; version=1.0.0; charset=utf-8"},
    {PROMETHEUS_OPENMETRICS, LITERAL("application"), LITERAL("openmetrics-text"), LITERAL("0.0.1"), false, true, false,
     "application/openmetrics-text; version=0.0.1; charset=utf-8"},
    {PROMETHEUS_PROTOBUF, LITERAL("application"), LITERAL("vnd.google.protobuf"), LITERAL(""), true, true, false,
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"},
};

// One element of the header's list.
struct range {
    struct str type, subtype, version, escaping, proto, encoding;
    int quality;
};

static struct str trim(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

// Cuts the part up to `separator`, which does not count inside quotes, off *rest, trimmed.
static struct str split(struct str *rest, char separator)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < rest->n && (quoted || rest->p[n] != separator); n++) {
        if (quoted && rest->p[n] == '\\')
            n += n + 1 < rest->n;
        else if (rest->p[n] == '"')
            quoted = !quoted;
    }
    struct str part = {rest->p, n};
    size_t used = n < rest->n ? n + 1 : n;
    rest->p += used;
    rest->n -= used;
    return trim(part);
}

static struct str unquoted(struct str s)
{
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        return (struct str){s.p + 1, s.n - 2};
    return s;
}

// qvalue (RFC 9110 12.4.2) in thousandths: 0, 1, up to three digits behind the point.
static int quality_parse(struct str text)
{
    int quality = 0, weight = QUALITY_MAX;
    if (text.n == 0 || text.n > 5 || (text.p[0] != '0' && text.p[0] != '1') || (text.n > 1 && text.p[1] != '.'))
        return QUALITY_BAD;
    for (size_t i = 0; i < text.n; i++) {
        if (i == 1)
            continue;
        if (text.p[i] < '0' || text.p[i] > '9')
            return QUALITY_BAD;
        quality += (text.p[i] - '0') * weight;
        weight /= 10;
    }
    return quality <= QUALITY_MAX ? quality : QUALITY_BAD;
}

static struct range range_parse(struct str element)
{
    struct range range = {.quality = QUALITY_MAX};
    struct str name = split(&element, ';');
    range.type = split(&name, '/');
    range.subtype = trim(name);
    while (element.n) {
        struct str value = split(&element, ';');
        struct str key = split(&value, '=');
        value = unquoted(trim(value));
        if (str_equal_nocase(key, STR("q")))
            range.quality = quality_parse(value);
        else if (str_equal_nocase(key, STR("version")))
            range.version = value;
        else if (str_equal_nocase(key, STR("escaping")))
            range.escaping = value;
        else if (str_equal_nocase(key, STR("proto")))
            range.proto = value;
        else if (str_equal_nocase(key, STR("encoding")))
            range.encoding = value;
    }
    return range;
}

// 0: the range does not fit; else how specific it is.
static int range_fits(const struct range *range, const struct offer *offer)
{
    bool any_type = str_equal(range->type, STR("*")), any_subtype = str_equal(range->subtype, STR("*"));
    if (any_subtype && !offer->exact_only && (any_type || str_equal_nocase(range->type, offer->type)))
        return any_type ? 1 : 2;
    if (!str_equal_nocase(range->type, offer->type) || !str_equal_nocase(range->subtype, offer->subtype))
        return 0;
    if (offer->format == PROMETHEUS_PROTOBUF)
        return str_equal(range->proto, STR("io.prometheus.client.MetricFamily")) &&
                       (!range->encoding.n || str_equal(range->encoding, STR("delimited")))
                   ? 4
                   : 0;
    if (!range->version.n)
        return offer->versions_default ? 3 : 0;
    return str_equal(range->version, offer->version) ? 4 : 0;
}

// What an Accept header makes of an offer.
struct rating {
    int quality, specific, position;
    struct str escaping;
};

static struct rating offer_rate(const struct offer *offer, struct str accept)
{
    struct rating rating = {0};
    for (int position = 0; accept.n; position++) {
        struct range range = range_parse(split(&accept, ','));
        int specific = range.quality == QUALITY_BAD ? 0 : range_fits(&range, offer);
        if (specific > rating.specific)
            rating = (struct rating){range.quality, specific, position, range.escaping};
    }
    return rating;
}

static bool rating_better(const struct rating *a, const struct rating *b)
{
    if (a->quality != b->quality)
        return a->quality > b->quality;
    if (a->specific != b->specific)
        return a->specific > b->specific;
    return a->position < b->position;
}

// All our names are valid in each of the two schemes; any other is answered by underscores, the one without terms.
static const char *escaping_text(const struct offer *offer, struct str asked)
{
    if (!asked.n && !offer->names_escaping)
        return "";
    return str_equal(asked, STR("allow-utf-8")) ? "; escaping=allow-utf-8" : "; escaping=underscores";
}

void prometheus_accept(struct str accept, struct prometheus_choice *ret_choice)
{
    const struct offer *best = &offers[0];
    struct rating best_rating = {0};
    for (size_t i = 0; i < array_size(offers); i++) {
        struct rating rating = offer_rate(&offers[i], accept);
        if (rating.quality && rating_better(&rating, &best_rating)) {
            best = &offers[i];
            best_rating = rating;
        }
    }
    const char *escaping = best->version.n && str_equal(best->version, STR("0.0.4"))
                               ? "" // knows no such parameter
                               : escaping_text(best, best_rating.escaping);
    ret_choice->format = best->format;
    snprintf(ret_choice->content_type, sizeof(ret_choice->content_type), "%s%s", best->content_type, escaping);
}

bool prometheus_accept_gzip(struct str accept_encoding)
{
    int gzip = QUALITY_BAD, identity = QUALITY_BAD, any = QUALITY_BAD;
    while (accept_encoding.n) {
        struct str element = split(&accept_encoding, ',');
        struct str coding = split(&element, ';'), value = element;
        struct str key = split(&value, '=');
        int quality = str_equal_nocase(key, STR("q")) ? quality_parse(trim(value)) : QUALITY_MAX;
        if (str_equal_nocase(coding, STR("gzip")) || str_equal_nocase(coding, STR("x-gzip")))
            gzip = quality;
        else if (str_equal_nocase(coding, STR("identity")))
            identity = quality;
        else if (str_equal(coding, STR("*")))
            any = quality;
    }
    gzip = gzip == QUALITY_BAD ? any : gzip;
    return gzip > 0 && gzip >= identity;
}
