// Go's build information; see gobuild.h and Go's debug/buildinfo: a header of 32 bytes, then both texts inline (since
// Go 1.18), each after its length as a varint, or before that pointers to Go strings. Called by language.c; all input
// is foreign.
#include "resolver/gobuild.h"

#include <elf.h>
#include <string.h>
#include "resolver/text.h"

#define HEADER_SIZE      32
#define SEARCH_BYTES_MAX (1024 * 1024)
#define VERSION_SIZE_MAX 1024 // development versions say more than we keep
#define MODULES_READ_MAX 2048 // main module first, its dependencies after it
#define SENTINEL_SIZE    16   // around the modules' text

static const struct str magic = {"\xff Go buildinf:", 14};

// The header is aligned to 16 bytes in its section, or where the sections were stripped in the first writable segment.
static bool header_find(struct source *source, const struct image *image, struct range *ret_range)
{
    static uint8_t block[SEARCH_BYTES_MAX];
    struct range range = image_section_find(image, STR(".go.buildinfo"));

    for (unsigned i = 0; !range.size && !image->sections && i < image->segments; i++)
        if (image->segment[i].type == PT_LOAD && image->segment[i].flags & PF_W)
            range = image->segment[i].file;
    size_t n = source_read_some(source, range, block, sizeof block);
    for (size_t at = 0; at < n && n - at >= HEADER_SIZE; at += 16)
        if (memcmp(block + at, magic.p, magic.n) == 0) {
            *ret_range = (struct range){range.offset + at, range.size - at};
            return true;
        }
    return false;
}

// A text after its length as a varint. False if it does not fit into the range; else the range begins behind it.
static bool inline_next(struct source *source, struct range *range, struct range *ret_text)
{
    uint8_t bytes[5];
    size_t n = source_read_some(source, *range, bytes, sizeof bytes), used = 0;
    uint64_t size = 0;

    do {
        if (used == n)
            return false;
        size |= (uint64_t)(bytes[used] & 0x7f) << 7 * used;
    } while (bytes[used++] & 0x80);
    if (size > range->size - used)
        return false;
    *ret_text = (struct range){range->offset + used, size};
    *range = (struct range){range->offset + used + size, range->size - used - size};
    return true;
}

// A text by the address of its Go string: pointer and length.
static bool pointer_follow(struct source *source, const struct image *image, uint64_t address, size_t pointer_size,
                           struct range *ret_text)
{
    uint8_t string[2 * sizeof(uint64_t)];
    struct range range = image_range_at(image, address, 2 * pointer_size);

    if (!range.size || !source_read(source, range.offset, string, 2 * pointer_size))
        return false;
    *ret_text = image_range_at(image, image_number(image, string, pointer_size),
                               image_number(image, string + pointer_size, pointer_size));
    return true;
}

static bool texts_find(struct source *source, const struct image *image, struct range info, struct range *ret_version,
                       struct range *ret_modules)
{
    uint8_t header[HEADER_SIZE];

    if (!source_read(source, info.offset, header, sizeof header))
        return false;
    if (header[15] & 2) {
        info = (struct range){info.offset + HEADER_SIZE, info.size - HEADER_SIZE};
        return inline_next(source, &info, ret_version) && inline_next(source, &info, ret_modules);
    }
    size_t pointer_size = header[14];
    if (pointer_size != 4 && pointer_size != 8)
        return false;
    return pointer_follow(source, image, image_number(image, header + 16, pointer_size), pointer_size, ret_version) &&
           pointer_follow(source, image, image_number(image, header + 16 + pointer_size, pointer_size), pointer_size,
                          ret_modules);
}

// "path\tshop.example/cmd/shop\nmod\tshop.example\tv1.2.3\t...\n": the module if there is one, else the path.
static void module_parse(struct str text, struct executable *executable)
{
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = {text.p, end ? (size_t)(end - text.p) : text.n};
        bool module = str_starts(line, STR("mod\t")), path = str_starts(line, STR("path\t"));
        text = (struct str){line.p + line.n, text.n - line.n};
        if (text.n)
            text = (struct str){text.p + 1, text.n - 1};
        if (!module && !path)
            continue;
        struct str words = {line.p + (module ? 4 : 5), line.n - (module ? 4 : 5)};
        const char *tab = memchr(words.p, '\t', words.n);
        if (tab) { // behind the version stands a checksum
            const char *second = memchr(tab + 1, '\t', (size_t)(words.p + words.n - tab - 1));
            words.n = second ? (size_t)(second - words.p) : words.n;
        }
        executable->module_size = (uint8_t)text_copy(executable->module, sizeof executable->module, words);
        if (module)
            return;
    }
}

bool gobuild_read(struct source *source, const struct image *image, struct executable *executable)
{
    static char text[MODULES_READ_MAX];
    struct range info, version, modules;

    if (!header_find(source, image, &info))
        return image_section_find(image, STR(".gopclntab")).size ||
               image_section_find(image, STR(".note.go.buildid")).size;
    if (!texts_find(source, image, info, &version, &modules) || version.size > VERSION_SIZE_MAX)
        return true;
    size_t n = source_read_some(source, version, text, sizeof text);
    executable->version_size =
        (uint8_t)text_copy(executable->version, sizeof executable->version, (struct str){text, n});
    n = modules.size > 2 * SENTINEL_SIZE ? source_read_some(source, modules, text, sizeof text) : 0;
    if (n > SENTINEL_SIZE)
        module_parse((struct str){text + SENTINEL_SIZE, n - SENTINEL_SIZE}, executable);
    return true;
}
