// Start lines of HTTP/1 and the two entry points; see http1.h. Called by conn/ for captured heads, by nobody else.
// Strict about what makes a line HTTP/1 (token, version, three digits), lenient where servers are: bare LF, empty lines
// in front, more than one space, spaces and control bytes inside the target.
#include "collector/l7/http1.h"

#include "collector/l7/http1_headers.h"
#include "collector/l7/http1_repeat.h"

#define METHOD_BYTES_MAX 32

const char *http_version_name(enum http_version version)
{
    static const char *const names[] = {[HTTP_VERSION_UNKNOWN] = NULL, "1.0", "1.1"};
    return (unsigned)version < sizeof names / sizeof names[0] ? names[version] : NULL;
}

bool http1_response_bodyless(enum http_method method, uint16_t status)
{
    return method == HTTP_METHOD_HEAD || status / 100 == 1 || status == 204 || status == 304 ||
           (method == HTTP_METHOD_CONNECT && status / 100 == 2);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

// Does text begin with HTTP/1.<digit>, as far as it goes?
static bool version_fits(struct str text)
{
    static const char prefix[] = "HTTP/1.";
    size_t n = sizeof prefix - 1;
    if (text.n > n)
        return memcmp(text.p, prefix, n) == 0 && digit(text.p[n]);
    return memcmp(text.p, prefix, text.n) == 0;
}

// The version whose digit this is.
static enum http_version version_of(char minor)
{
    return minor == '1' ? HTTP_VERSION_11 : minor == '0' ? HTTP_VERSION_10 : HTTP_VERSION_UNKNOWN;
}

static void empty_lines_skip(const char **cursor, const char *end)
{
    for (;;) {
        const char *at = *cursor;
        if (at < end && *at == '\r')
            at++;
        if (at >= end || *at != '\n')
            return;
        *cursor = at + 1;
    }
}

// scheme "://" authority path-abempty [ "?" query ]; returns false if the target is not of that form.
static bool absolute_form_split(struct http1_request *request)
{
    struct str target = request->target;
    const char *colon = target.n ? memchr(target.p, ':', target.n) : NULL;
    const char *end = target.p + target.n;
    if (!colon || end - colon < 3 || colon[1] != '/' || colon[2] != '/')
        return false;
    const char *authority = colon + 3, *path = authority;
    while (path < end && *path != '/' && *path != '?')
        path++;
    request->authority = (struct str){authority, (size_t)(path - authority)};
    request->path = (struct str){path, (size_t)(end - path)};
    return true;
}

static void target_split(struct http1_request *request)
{
    struct str target = request->target;
    if (target.n && target.p[0] == '/') {
        request->path = target;
    } else if (request->method == HTTP_METHOD_CONNECT) {
        request->authority = target;
        return;
    } else if (!absolute_form_split(request)) {
        request->path = target;
    }
    struct str whole = request->path;
    const char *mark = whole.n ? memchr(whole.p, '?', whole.n) : NULL;
    if (mark) {
        request->path.n = (size_t)(mark - whole.p);
        request->query = (struct str){mark + 1, (size_t)(whole.p + whole.n - mark - 1)};
    }
    if (request->path.n == 0 && request->authority.n && request->line_complete)
        request->path = STR("/"); // RFC 9110 4.2.3: an empty path is "/"
}

// Method and the spaces behind it. PARSE_OK: *ret_rest begins with the target.
static enum parse_status method_parse(struct str line, struct http1_request *request, struct str *ret_rest)
{
    size_t n = 0;
    while (n < line.n && n <= METHOD_BYTES_MAX && http_token_bytes[(uint8_t)line.p[n]])
        n++;
    request->method_text = (struct str){line.p, n};
    request->method = http_method_find(request->method_text);
    if (n == line.n && n <= METHOD_BYTES_MAX)
        return PARSE_MORE;
    if (n == 0 || n > METHOD_BYTES_MAX || line.p[n] != ' ')
        return PARSE_BAD;
    while (n < line.n && line.p[n] == ' ')
        n++;
    *ret_rest = (struct str){line.p + n, line.n - n};
    return PARSE_OK;
}

// What follows the method: target, space, version. A cut-off line whose last word can be a version's beginning is read
// so.
static enum parse_status target_parse(struct str rest, bool line_complete, struct http1_request *request)
{
    const char *space = rest.n ? memrchr(rest.p, ' ', rest.n) : NULL;
    struct str version = {"", 0};
    if (space)
        version = (struct str){space + 1, (size_t)(rest.p + rest.n - space - 1)};
    if (!line_complete && version.n == sizeof "HTTP/1.1" && version.p[version.n - 1] == '\r')
        version.n--; // the line feed is what is missing
    bool versioned = space && version_fits(version) && version.n <= sizeof "HTTP/1.1" - 1;
    if (line_complete && !(versioned && version.n == sizeof "HTTP/1.1" - 1))
        return PARSE_BAD;
    if (versioned) {
        while (space > rest.p && space[-1] == ' ')
            space--;
        rest.n = (size_t)(space - rest.p);
        if (version.n == sizeof "HTTP/1.1" - 1)
            request->version = version_of(version.p[version.n - 1]);
    }
    if (line_complete && rest.n == 0)
        return PARSE_BAD;
    request->target = rest;
    request->line_complete = line_complete;
    target_split(request);
    return line_complete ? PARSE_OK : PARSE_MORE;
}

// All but the headers, which are set as a whole.
static void request_clear(struct http1_request *request)
{
    memset(request, 0, offsetof(struct http1_request, headers));
}

static enum parse_status request_line_parse(const char **cursor, const char *end, struct http1_request *request)
{
    struct str line, rest;
    bool line_complete = http1_line_next(cursor, end, &line);
    if (!line_complete)
        line = (struct str){*cursor, (size_t)(end - *cursor)};
    if (!line_complete && (line.n == 0 || (line.n == 1 && line.p[0] == '\r')))
        return PARSE_MORE;
    enum parse_status status = method_parse(line, request, &rest);
    if (status == PARSE_OK)
        return target_parse(rest, line_complete, request);
    return status == PARSE_MORE && line_complete ? PARSE_BAD : status;
}

enum parse_status http1_request_parse(struct str input, struct http1_request *ret_request)
{
    const char *cursor = input.p, *end = input.p + input.n;
    request_clear(ret_request);
    empty_lines_skip(&cursor, end);
    enum parse_status status = request_line_parse(&cursor, end, ret_request);
    if (status == PARSE_BAD)
        request_clear(ret_request);
    if (status != PARSE_OK) {
        ret_request->headers = http1_headers_none;
        return status;
    }
    ret_request->complete = http1_repeat_parse(&cursor, end, &ret_request->headers);
    if (!ret_request->complete)
        return PARSE_MORE;
    ret_request->head_size = (size_t)(cursor - input.p);
    return PARSE_OK;
}

// HTTP/1.x SP 3DIGIT, then a space or the line's end. Checks what is there of it.
static enum parse_status status_line_parse(struct str line, bool line_complete, struct http1_response *response)
{
    enum { DIGITS_AT = 9, STATUS_END = 12 };
    if (!version_fits(line) || (line.n > DIGITS_AT - 1 && line.p[DIGITS_AT - 1] != ' '))
        return PARSE_BAD;
    for (size_t i = DIGITS_AT; i < line.n && i < STATUS_END; i++)
        if (!digit(line.p[i]))
            return PARSE_BAD;
    if (line.n > STATUS_END && line.p[STATUS_END] != ' ' && line.p[STATUS_END] != '\r')
        return PARSE_BAD;
    if (line.n < STATUS_END)
        return line_complete ? PARSE_BAD : PARSE_MORE;
    response->version = version_of(line.p[DIGITS_AT - 2]);
    response->status = (uint16_t)((line.p[9] - '0') * 100 + (line.p[10] - '0') * 10 + (line.p[11] - '0'));
    return line_complete ? PARSE_OK : PARSE_MORE;
}

// One head, interim or final. *cursor moves behind it.
static enum parse_status response_head_parse(const char **cursor, const char *end, struct http1_response *response)
{
    struct str line;
    bool line_complete = http1_line_next(cursor, end, &line);
    if (!line_complete)
        line = (struct str){*cursor, (size_t)(end - *cursor)};
    enum parse_status status = status_line_parse(line, line_complete, response);
    if (status != PARSE_OK)
        return status;
    return http1_repeat_response(cursor, end, &response->headers) ? PARSE_OK : PARSE_MORE;
}

enum parse_status http1_response_parse(struct str input, struct http1_response *ret_response)
{
    const char *cursor = input.p, *end = input.p + input.n;
    uint16_t interim = 0;
    *ret_response = (struct http1_response){.headers.content_length = HTTP1_LENGTH_UNKNOWN};
    empty_lines_skip(&cursor, end);
    for (;;) {
        if (cursor == end || (end - cursor == 1 && *cursor == '\r')) {
            ret_response->status = interim;
            return PARSE_MORE;
        }
        if (interim)
            *ret_response = (struct http1_response){.headers.content_length = HTTP1_LENGTH_UNKNOWN};
        enum parse_status status = response_head_parse(&cursor, end, ret_response);
        if (status == PARSE_BAD)
            ret_response->status = 0;
        else if (status == PARSE_MORE && ret_response->status == 0)
            ret_response->status = interim;
        if (status != PARSE_OK)
            return status;
        if (ret_response->status / 100 != 1 || ret_response->status == 101)
            break;
        interim = ret_response->status;
    }
    ret_response->complete = true;
    ret_response->head_size = (size_t)(cursor - input.p);
    return PARSE_OK;
}
