// See route_shape.h. A segment is taken apart into runs of letters and digits; it varies if one of them is no word and
// no usual abbreviation, or if it is a sentence (a slug). What looks like a version of the API stays.
#include "collector/span/route_shape.h"

#include <stdint.h>
#include "collector/span/route_words.h"
#include "common/lib/cleanup.h"

#define NAME_MAX_BYTES   80 // a longer segment was not thought of by a person
#define SHORT_WORD       4  // lower-case words up to here are not judged: xhr, wsdl, cgi
#define ACRONYM          5
#define SLUG_WORDS       6 // separated by hyphens
#define SLUG_UNDERSCORED 8

enum letter { OTHER, LOWER, UPPER, DIGIT, SEPARATOR };

static enum letter letter_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return LOWER;
    if (c >= 'A' && c <= 'Z')
        return UPPER;
    if (c >= '0' && c <= '9')
        return DIGIT;
    return c == '-' || c == '_' || c == '.' || c == '~' || c == '+' || c == ' ' ? SEPARATOR : OTHER;
}

static bool is_letter(char c)
{
    return letter_of(c) == LOWER || letter_of(c) == UPPER;
}

static bool is_one_of(struct str s, const struct str *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(s, list[i]))
            return true;
    return false;
}

#define IS_ONE_OF(s, ...)                                                                                              \
    is_one_of((s), (const struct str[]){__VA_ARGS__}, sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str))

static size_t digits_ahead(struct str s, size_t from)
{
    size_t n = 0;
    while (from + n < s.n && letter_of(s.p[from + n]) == DIGIT)
        n++;
    return n;
}

static struct str str_part(struct str s, size_t from, size_t to)
{
    return (struct str){s.p + from, to - from};
}

// A piece of two letters or less that means something.
static bool short_word(struct str piece)
{
    return IS_ONE_OF(piece, STR("ad"), STR("ai"), STR("an"), STR("as"), STR("at"), STR("by"), STR("ca"), STR("ci"),
                     STR("cd"), STR("db"), STR("do"), STR("eu"), STR("go"), STR("hr"), STR("id"), STR("ie"), STR("if"),
                     STR("in"), STR("io"), STR("ip"), STR("is"), STR("it"), STR("js"), STR("me"), STR("ml"), STR("my"),
                     STR("no"), STR("of"), STR("ok"), STR("on"), STR("or"), STR("os"), STR("pc"), STR("pr"), STR("qr"),
                     STR("to"), STR("tv"), STR("tx"), STR("ui"), STR("up"), STR("us"), STR("ux"), STR("vm"), STR("ws"));
}

// Where the next word of camelCase text ends: at aB, and at ABc before B.
static size_t camel_end(struct str s, size_t from)
{
    size_t i = from + 1;
    if (i < s.n && letter_of(s.p[from]) == UPPER && letter_of(s.p[i]) == UPPER) {
        while (i < s.n && letter_of(s.p[i]) == UPPER && !(i + 1 < s.n && letter_of(s.p[i + 1]) == LOWER))
            i++;
        return i;
    }
    while (i < s.n && letter_of(s.p[i]) == LOWER)
        i++;
    return i;
}

// "deadbeef": no word of eight letters or more is made of these.
static bool is_hex_word(struct str letters)
{
    size_t n = 0;
    while (n < letters.n && (letters.p[n] | 0x20) >= 'a' && (letters.p[n] | 0x20) <= 'f')
        n++;
    return n == letters.n && n >= 8;
}

// Letters only: words in any of the usual spellings, or no words?
static bool letters_vary(struct str letters)
{
    unsigned pieces = 0, odd = 0;
    if (is_hex_word(letters))
        return true;
    for (size_t from = 0, to; from < letters.n; from = to) {
        to = camel_end(letters, from);
        struct str piece = str_part(letters, from, to);
        bool capitals = letter_of(piece.p[piece.n - 1]) == UPPER;
        pieces++;
        if (piece.n <= 2)
            odd += letters.n > 2 && !short_word(piece);
        else if (capitals && piece.n < letters.n && piece.n <= ACRONYM)
            odd++; // getURL, but not two of them
        else if (piece.n > (capitals               ? ACRONYM
                            : piece.n == letters.n ? SHORT_WORD
                                                   : 2) &&
                 !route_words_plausible(piece))
            return true;
    }
    return odd > 1 || (odd && pieces > 1 && letters.n < 2 * pieces);
}

// "v1", "v2beta1", "V58"; and "v1.41" of two numbers, not "v1.2.3".
static bool version_name(struct str s)
{
    size_t at = 1, n;
    if (s.n < 2 || (s.p[0] | 0x20) != 'v' || !(n = digits_ahead(s, at)) || n > 4)
        return false;
    at += n;
    if (at + 1 < s.n && s.p[at] == '.' && (n = digits_ahead(s, at + 1)) && n <= 3)
        at += n + 1;
    if (at == s.n)
        return true;
    struct str rest = str_part(s, at, s.n);
    size_t word = 0;
    while (word < rest.n && is_letter(rest.p[word]))
        word++;
    struct str stage = {rest.p, word};
    n = digits_ahead(rest, word);
    return n <= 2 && word + n == rest.n && IS_ONE_OF(stage, STR("alpha"), STR("beta"), STR("rc"), STR("preview"));
}

// Letters and digits in one run: an abbreviation of the trade, or a word with one digit behind?
static bool mixed_varies(struct str run)
{
    size_t word = 0;
    while (word < run.n && is_letter(run.p[word]))
        word++;
    struct str letters = {run.p, word};
    bool usual = IS_ONE_OF(run, STR("2fa"), STR("3d"), STR("3ds"), STR("a11y"), STR("aes128"), STR("aes256"),
                           STR("b2b"), STR("b2c"), STR("base32"), STR("base64"), STR("e2e"), STR("ec2"), STR("h264"),
                           STR("h265"), STR("i18n"), STR("ipv4"), STR("ipv6"), STR("k8s"), STR("l10n"), STR("log4j"),
                           STR("log4j2"), STR("md5"), STR("mp3"), STR("mp4"), STR("p2p"), STR("s3"), STR("sha1"),
                           STR("sha256"), STR("sha512"), STR("u2f"), STR("utf8"), STR("x64"), STR("x86"), STR("x509"));
    if (usual || version_name(run))
        return false;
    return word < 3 || word + 1 != run.n || letters_vary(letters) || !route_words_plausible(letters);
}

// "180x180"
static bool is_size(struct str run)
{
    size_t n = digits_ahead(run, 0);
    return n && n < run.n && (run.p[n] | 0x20) == 'x' && n + 1 < run.n && n + 1 + digits_ahead(run, n + 1) == run.n;
}

// What is in a name.
struct parts {
    unsigned words, filler, sizes, hyphens, underscores;
    bool vary;
};

static void run_count(struct parts *parts, struct str run)
{
    size_t digits = 0;
    for (size_t i = 0; i < run.n; i++)
        digits += letter_of(run.p[i]) == DIGIT;
    if (digits == 0) {
        parts->words++;
        parts->filler += IS_ONE_OF(run, STR("a"), STR("an"), STR("are"), STR("does"), STR("how"), STR("i"), STR("is"),
                                   STR("our"), STR("the"), STR("this"), STR("was"), STR("we"), STR("what"), STR("when"),
                                   STR("why"), STR("with"), STR("you"), STR("your"));
        parts->vary |= letters_vary(run);
    } else if (is_size(run)) {
        parts->sizes++;
    } else {
        parts->vary |= digits == run.n || mixed_varies(run);
    }
}

static void parts_count(struct str name, struct parts *ret_parts)
{
    *ret_parts = (struct parts){0};
    for (size_t from = 0, to; from < name.n && !ret_parts->vary; from = to) {
        to = from + 1;
        switch (letter_of(name.p[from])) {
        case SEPARATOR:
            ret_parts->hyphens += name.p[from] == '-' || name.p[from] == ' ' || name.p[from] == '+';
            ret_parts->underscores += name.p[from] == '_';
            continue;
        case OTHER:
            ret_parts->vary = true;
            return;
        default:
            while (to < name.n && letter_of(name.p[to]) != SEPARATOR && letter_of(name.p[to]) != OTHER)
                to++;
            run_count(ret_parts, str_part(name, from, to));
        }
    }
}

// A sentence: a title made into a name.
static bool is_slug(const struct parts *parts)
{
    return parts->hyphens + 1 >= SLUG_WORDS || parts->underscores + 1 >= SLUG_UNDERSCORED ||
           (parts->hyphens >= 4 && parts->filler) || (parts->hyphens >= 3 && parts->filler > 1);
}

// "us-central1-a", "eu-west-1": a cloud's places are few.
static bool is_region(struct str name)
{
    static const struct str directions[] = {STR("central"), STR("east"),  STR("gov"),
                                            STR("north"),   STR("south"), STR("west")};
    const char *hyphen = memchr(name.p, '-', name.n);
    if (!hyphen || name.n > 24)
        return false;
    struct str continent = {name.p, (size_t)(hyphen - name.p)}, rest = {hyphen + 1, name.n - continent.n - 1};
    if (!IS_ONE_OF(continent, STR("af"), STR("ap"), STR("asia"), STR("australia"), STR("ca"), STR("cn"), STR("eu"),
                   STR("europe"), STR("il"), STR("me"), STR("mx"), STR("northamerica"), STR("sa"), STR("southamerica"),
                   STR("us")))
        return false;
    for (size_t i = 0; i < array_size(directions); i++)
        if (str_starts(rest, directions[i]))
            return true;
    return false;
}

// "2024-01", "2024-01-15"
static bool is_date(struct str s)
{
    return digits_ahead(s, 0) == 4 && s.n >= 7 && s.p[4] == '-' && digits_ahead(s, 5) == 2 &&
           (s.n == 7 || (s.n == 10 && s.p[7] == '-' && digits_ahead(s, 8) == 2));
}

// A number that is the API's version: "/2/tweets", "/rest/api/3/issue", "/1.1/statuses", "/2010-04-01/Accounts".
static bool is_version(const struct route_shape_place *place)
{
    struct str s = place->segment;
    bool behind_api = IS_ONE_OF(place->previous, STR("api"), STR("rest"), STR("auth"));
    size_t n = digits_ahead(s, 0);
    if (version_name(s))
        return true;
    if (place->last || !n)
        return false;
    if (is_date(s) || n == s.n)
        return (n > 1 && n == s.n) ? false : behind_api || place->index == 0;
    return n <= 2 && s.p[n] == '.' && n + 1 < s.n && n + 1 + digits_ahead(s, n + 1) == s.n && s.n - n <= 3 &&
           place->index <= 2;
}

static bool name_varies(struct str name)
{
    struct parts parts;
    if (name.n > NAME_MAX_BYTES)
        return true;
    parts_count(name, &parts);
    if (parts.vary)
        return !is_region(name);
    return (parts.sizes && !parts.words) || is_slug(&parts);
}

// The endings of files that paths have; others are parts of names.
static bool is_file_kind(struct str ending)
{
    static const struct str kinds[] = {
        STR("js"),   STR("css"),    STR("json"),    STR("html"),        STR("map"),  STR("png"),  STR("jpg"),
        STR("svg"),  STR("htm"),    STR("php"),     STR("asp"),         STR("aspx"), STR("jsp"),  STR("xhtml"),
        STR("do"),   STR("action"), STR("cgi"),     STR("pl"),          STR("py"),   STR("rb"),   STR("mjs"),
        STR("cjs"),  STR("tsx"),    STR("jpeg"),    STR("gif"),         STR("webp"), STR("avif"), STR("ico"),
        STR("bmp"),  STR("tif"),    STR("tiff"),    STR("woff"),        STR("ttf"),  STR("otf"),  STR("eot"),
        STR("mp4"),  STR("webm"),   STR("mp3"),     STR("wav"),         STR("ogg"),  STR("m3u8"), STR("ts"),
        STR("m4s"),  STR("m4a"),    STR("mpd"),     STR("pdf"),         STR("doc"),  STR("docx"), STR("xls"),
        STR("xlsx"), STR("ppt"),    STR("pptx"),    STR("csv"),         STR("txt"),  STR("md"),   STR("xml"),
        STR("rss"),  STR("zip"),    STR("gz"),      STR("tar"),         STR("tgz"),  STR("bz2"),  STR("xz"),
        STR("zst"),  STR("rar"),    STR("jar"),     STR("war"),         STR("deb"),  STR("rpm"),  STR("whl"),
        STR("exe"),  STR("dmg"),    STR("apk"),     STR("wasm"),        STR("ics"),  STR("vcf"),  STR("yaml"),
        STR("yml"),  STR("toml"),   STR("sql"),     STR("log"),         STR("bin"),  STR("iso"),  STR("git"),
        STR("ipa"),  STR("woff2"),  STR("geojson"), STR("webmanifest"),
    };
    return ending.n && ending.n <= 11 && is_one_of(ending, kinds, array_size(kinds));
}

// before + "{id}" + behind, in the scratch.
static struct str id_between(struct str before, struct str behind, char *scratch)
{
    size_t n = 0;
    if (before.n + ROUTE_SHAPE_ID.n + behind.n > ROUTE_SHAPE_MAX)
        return ROUTE_SHAPE_ID;
    memcpy(scratch, before.p, before.n);
    n += before.n;
    memcpy(scratch + n, ROUTE_SHAPE_ID.p, ROUTE_SHAPE_ID.n);
    n += ROUTE_SHAPE_ID.n;
    memcpy(scratch + n, behind.p, behind.n);
    return (struct str){scratch, n + behind.n};
}

static struct str split_last(struct str s, char separator, struct str *ret_behind)
{
    const char *found = memrchr(s.p, separator, s.n);
    size_t n = found ? (size_t)(found - s.p) : s.n;
    *ret_behind = found ? str_part(s, n + 1, s.n) : STR("");
    return (struct str){s.p, n};
}

// "topic:publish": a verb behind a name.
static bool is_verb(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_letter(s.p[i]))
            return false;
    return s.n >= 3 && !letters_vary(s);
}

struct str route_shape(const struct route_shape_place *place, char scratch[static ROUTE_SHAPE_MAX])
{
    struct str segment = place->segment, behind;
    struct str name = segment;
    if (is_version(place))
        return segment;
    if (name.p[0] == '@' || name.p[0] == '$')
        name = str_part(name, 1, name.n);
    struct str head = split_last(name, ':', &behind);
    if (head.n && head.n < name.n && is_verb(behind))
        return name_varies(head) ? id_between(STR(""), str_part(name, head.n, name.n), scratch) : segment;
    head = split_last(name, '(', &behind);
    if (head.n && head.n < name.n && name.p[name.n - 1] == ')' && !name_varies(head))
        return id_between(str_part(name, 0, head.n + 1), STR(")"), scratch);
    head = split_last(name, '.', &behind);
    if (head.n && is_file_kind(behind))
        return name_varies(head) ? id_between(STR(""), str_part(name, head.n, name.n), scratch) : segment;
    return name_varies(name) ? ROUTE_SHAPE_ID : segment;
}
