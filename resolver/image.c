// The ELF container; see image.h. After the System V ABI and elf(5). Called by examine.c; all input is foreign.
#include "resolver/image.h"

#include <elf.h>
#include <string.h>

#define NOTES_BYTES_MAX   4096
#define DYNAMIC_BYTES_MAX 4096

// A field of an ELF structure, by its place in the file's class.
#define FIELD(image, bytes, structure, field)                                                                          \
    ((image)->bits == 64                                                                                               \
         ? image_number(image, (bytes) + offsetof(Elf64_##structure, field), sizeof(((Elf64_##structure *)0)->field))  \
         : image_number(image, (bytes) + offsetof(Elf32_##structure, field), sizeof(((Elf32_##structure *)0)->field)))
#define SIZE(image, structure) ((image)->bits == 64 ? sizeof(Elf64_##structure) : sizeof(Elf32_##structure))

uint64_t image_number(const struct image *image, const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes[image->big_endian ? i : size - 1 - i];
    return number;
}

static bool segments_read(struct source *source, struct image *image, const uint8_t *header)
{
    uint64_t offset = FIELD(image, header, Ehdr, e_phoff);
    size_t size = SIZE(image, Phdr), count = (size_t)FIELD(image, header, Ehdr, e_phnum);
    uint8_t entry[sizeof(Elf64_Phdr)];

    if (!count || count > IMAGE_SEGMENTS_MAX || FIELD(image, header, Ehdr, e_phentsize) != size ||
        !source_range(source, offset, count * size).size)
        return false;
    for (; image->segments < count; image->segments++) {
        struct image_segment *segment = &image->segment[image->segments];
        if (!source_read(source, offset + image->segments * size, entry, size))
            return false;
        segment->type = (uint32_t)FIELD(image, entry, Phdr, p_type);
        segment->flags = (uint32_t)FIELD(image, entry, Phdr, p_flags);
        segment->address = FIELD(image, entry, Phdr, p_vaddr);
        segment->align = FIELD(image, entry, Phdr, p_align);
        segment->file = source_range(source, FIELD(image, entry, Phdr, p_offset), FIELD(image, entry, Phdr, p_filesz));
    }
    return true;
}

// NUL-padded; the text's end, the field's, or the range's, whichever comes first.
static void name_read(struct source *source, struct range strings, uint64_t at, char *name)
{
    memset(name, 0, IMAGE_NAME_MAX);
    if (at >= strings.size)
        return;
    size_t n = source_read_some(source, (struct range){strings.offset + at, strings.size - at}, name, IMAGE_NAME_MAX);
    size_t used = strnlen(name, n);
    memset(name + used, 0, IMAGE_NAME_MAX - used);
}

// Sections are for debuggers: a file whose table makes no sense runs as well. So they are taken if they do.
static void sections_read(struct source *source, struct image *image, const uint8_t *header)
{
    uint64_t offset = FIELD(image, header, Ehdr, e_shoff), names_index = FIELD(image, header, Ehdr, e_shstrndx);
    size_t size = SIZE(image, Shdr), count = (size_t)FIELD(image, header, Ehdr, e_shnum);
    uint8_t entry[sizeof(Elf64_Shdr)];

    if (count > IMAGE_SECTIONS_MAX || names_index >= count || FIELD(image, header, Ehdr, e_shentsize) != size ||
        !source_range(source, offset, count * size).size ||
        !source_read(source, offset + names_index * size, entry, size))
        return;
    struct range names = source_range(source, FIELD(image, entry, Shdr, sh_offset), FIELD(image, entry, Shdr, sh_size));
    for (size_t i = 0; i < count; i++) {
        struct image_section *section = &image->section[image->sections];
        if (!source_read(source, offset + i * size, entry, size))
            return;
        if (FIELD(image, entry, Shdr, sh_type) == SHT_NOBITS)
            continue;
        section->file = source_range(source, FIELD(image, entry, Shdr, sh_offset), FIELD(image, entry, Shdr, sh_size));
        name_read(source, names, FIELD(image, entry, Shdr, sh_name), section->name);
        image->sections++;
    }
}

// The names are known only after the table that they are in: two passes over the entries.
static void dynamic_read(struct source *source, struct image *image, struct range range)
{
    static uint8_t entries[DYNAMIC_BYTES_MAX];
    size_t n = source_read_some(source, range, entries, sizeof entries), size = SIZE(image, Dyn), count = 0;
    uint64_t strings = 0, strings_size = 0;

    for (; (count + 1) * size <= n; count++) {
        const uint8_t *entry = entries + count * size;
        uint64_t tag = FIELD(image, entry, Dyn, d_tag), value = FIELD(image, entry, Dyn, d_un);
        if (tag == DT_NULL)
            break;
        if (tag == DT_STRTAB)
            strings = value;
        if (tag == DT_STRSZ)
            strings_size = value;
    }
    image->dynamic_strings = image_range_at(image, strings, strings_size);
    for (size_t i = 0; i < count && image->needed < IMAGE_NEEDED_MAX; i++)
        if (FIELD(image, entries + i * size, Dyn, d_tag) == DT_NEEDED)
            name_read(source, image->dynamic_strings, FIELD(image, entries + i * size, Dyn, d_un),
                      image->needed_name[image->needed++]);
}

static void notes_read(struct source *source, struct image *image, const struct image_segment *segment)
{
    static uint8_t notes[NOTES_BYTES_MAX];
    size_t n = source_read_some(source, segment->file, notes, sizeof notes), align = segment->align == 8 ? 8 : 4;

    for (size_t at = 0; n - at >= sizeof(Elf64_Nhdr);) {
        const uint8_t *note = notes + at;
        uint64_t name_size = FIELD(image, note, Nhdr, n_namesz), size = FIELD(image, note, Nhdr, n_descsz);
        uint64_t body = (sizeof(Elf64_Nhdr) + name_size + align - 1) / align * align;
        uint64_t end = (body + size + align - 1) / align * align; // of 32-bit numbers: no overflow
        if (body + size > n - at)
            return;
        if (FIELD(image, note, Nhdr, n_type) == NT_GNU_BUILD_ID && name_size == 4 &&
            memcmp(note + sizeof(Elf64_Nhdr), "GNU", 4) == 0) {
            image->build_id_size = size < sizeof image->build_id ? (uint8_t)size : sizeof image->build_id;
            memcpy(image->build_id, note + body, image->build_id_size);
        }
        if (end >= n - at)
            return;
        at += end;
    }
}

bool image_read(struct source *source, struct image *ret_image)
{
    struct image *image = ret_image;
    uint8_t header[sizeof(Elf64_Ehdr)] = {0};
    bool interpreter = false;

    memset(image, 0, sizeof *image);
    if (!source_read(source, 0, header, sizeof(Elf32_Ehdr)) || memcmp(header, ELFMAG, SELFMAG) != 0)
        return false;
    if (header[EI_CLASS] != ELFCLASS32 && header[EI_CLASS] != ELFCLASS64)
        return false;
    if (header[EI_DATA] != ELFDATA2LSB && header[EI_DATA] != ELFDATA2MSB)
        return false;
    image->bits = header[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    image->big_endian = header[EI_DATA] == ELFDATA2MSB;
    if (!source_read(source, 0, header, SIZE(image, Ehdr)))
        return false;
    image->machine = (uint16_t)FIELD(image, header, Ehdr, e_machine);
    uint64_t type = FIELD(image, header, Ehdr, e_type);
    if ((type != ET_EXEC && type != ET_DYN) || !segments_read(source, image, header))
        return false;
    for (unsigned i = 0; i < image->segments; i++) {
        const struct image_segment *segment = &image->segment[i];
        interpreter |= segment->type == PT_INTERP;
        if (segment->type == PT_DYNAMIC && !image->needed)
            dynamic_read(source, image, segment->file);
        if (segment->type == PT_NOTE && !image->build_id_size)
            notes_read(source, image, segment);
    }
    // An executable of its own that is merely position-independent has a dynamic segment, but needs nobody.
    image->linkage = interpreter || image->needed ? EXECUTABLE_DYNAMIC : EXECUTABLE_STATIC;
    sections_read(source, image, header);
    return true;
}

static bool name_starts(const char *name, struct str prefix)
{
    return prefix.n <= IMAGE_NAME_MAX && memcmp(name, prefix.p, prefix.n) == 0;
}

struct range image_section_find(const struct image *image, struct str name)
{
    for (unsigned i = 0; i < image->sections; i++)
        if (name_starts(image->section[i].name, name) && strnlen(image->section[i].name, IMAGE_NAME_MAX) == name.n)
            return image->section[i].file;
    return (struct range){0, 0};
}

bool image_section_starts(const struct image *image, struct str prefix)
{
    for (unsigned i = 0; i < image->sections; i++)
        if (name_starts(image->section[i].name, prefix))
            return true;
    return false;
}

struct range image_range_at(const struct image *image, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < image->segments; i++) {
        const struct image_segment *segment = &image->segment[i];
        if (segment->type != PT_LOAD || address < segment->address)
            continue;
        uint64_t into = address - segment->address;
        if (into < segment->file.size && size <= segment->file.size - into)
            return (struct range){segment->file.offset + into, size};
    }
    return (struct range){0, 0};
}
