// An ELF file taken apart as far as we need it: segments, named sections, needed libraries, build-id. 32 and 64 bits,
// both byte orders.
#pragma once

#include "common/ipc/executable.h"
#include "resolver/source.h"

#define IMAGE_SEGMENTS_MAX 64
#define IMAGE_SECTIONS_MAX 256
#define IMAGE_NEEDED_MAX   64
#define IMAGE_NAME_MAX     32 // a longer one is cut

struct image_segment {
    uint32_t type, flags;
    uint64_t address, align;
    struct range file; // what of it is in the file
};

struct image_section {
    char name[IMAGE_NAME_MAX]; // NUL-padded, not terminated
    struct range file;
};

struct image {
    uint16_t machine;
    uint8_t bits; // 32, 64
    bool big_endian;
    enum executable_linkage linkage;
    unsigned segments, sections, needed;
    struct image_segment segment[IMAGE_SEGMENTS_MAX];
    struct image_section section[IMAGE_SECTIONS_MAX]; // none if they were stripped or make no sense
    char needed_name[IMAGE_NEEDED_MAX][IMAGE_NAME_MAX];
    struct range dynamic_strings; // names of the symbols that are shared with libraries
    uint8_t build_id[EXECUTABLE_BUILD_ID_MAX], build_id_size;
};

// False if it is no executable ELF file, or one that contradicts itself.
bool image_read(struct source *source, struct image *ret_image) must_check;
// An empty range if there is none of this name.
struct range image_section_find(const struct image *image, struct str name);
bool image_section_starts(const struct image *image, struct str prefix);
// What is in the file for a range of addresses; empty if not wholly within one loaded segment.
struct range image_range_at(const struct image *image, uint64_t address, uint64_t size);
// An unsigned number of 1, 2, 4 or 8 bytes in the file's byte order.
uint64_t image_number(const struct image *image, const uint8_t *bytes, size_t size);
