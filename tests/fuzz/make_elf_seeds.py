#!/usr/bin/env python3
"""Writes the seeds of corpus/elf: small executables that carry the marks the resolver looks for.

They are loaded at address 0x400000, so that an address is an offset in the file plus that. Used by elf_fuzz.c, by
tests/unit/resolver/examine_test.c (which names what each one is) and by tests/hostile/test_resolver.py."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus" / "elf"
BASE = 0x400000
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
DT_NEEDED, DT_STRTAB, DT_STRSZ = 1, 5, 10
EXEC, DYN = 2, 3
X86_64, I386, S390, AARCH64 = 62, 3, 22, 183
BUILD_ID = bytes(range(1, 21))


class Elf:
    def __init__(self, bits=64, big=False, machine=X86_64, kind=DYN):
        self.bits, self.order, self.machine, self.kind = bits, ">" if big else "<", machine, kind
        self.body = b""
        self.segments = []  # type, flags, offset in body, size, align
        self.sections = []  # name, offset in body, size

    def pack(self, letters, *numbers):
        """W stands for a word of the class: 4 or 8 bytes."""
        return struct.pack(self.order + letters.replace("W", "Q" if self.bits == 64 else "I"), *numbers)

    @property
    def front(self):
        """Bytes in front of the body: header and room for 8 segments."""
        return 64 + 8 * 56 if self.bits == 64 else 52 + 8 * 32

    def add(self, content, name=None, align=16):
        """Appends content; returns its offset in the body."""
        self.body += bytes(-(self.front + len(self.body)) % align)
        at = len(self.body)
        self.body += content
        if name:
            self.sections.append((name, at, len(content)))
        return at

    def address(self, at):
        return BASE + self.front + at

    def segment(self, kind, at, size, flags=4, align=4):
        self.segments.append((kind, flags, at, size, align))

    def interpreter(self):
        self.segment(PT_INTERP, self.add(b"/lib64/ld-linux-x86-64.so.2\0", ".interp"), 28)
        return self

    def dynamic(self, needed=(), symbols=()):
        strings, places = b"\0", []
        for name in needed:
            places.append(len(strings))
            strings += name + b"\0"
        for name in symbols:
            strings += name + b"\0"
        at = self.add(strings, ".dynstr")
        entries = [(DT_NEEDED, place) for place in places]
        entries += [(DT_STRTAB, self.address(at)), (DT_STRSZ, len(strings)), (0, 0)]
        table = b"".join(self.pack("WW", *entry) for entry in entries)
        self.segment(PT_DYNAMIC, self.add(table, ".dynamic"), len(table), 6)
        return self

    def notes(self, *notes, align=4):
        """Each a name, a type and a description."""
        content = b""
        for name, kind, description in notes:
            name += b"\0"
            content += self.pack("III", len(name), len(description), kind) + name
            content += bytes(-len(content) % align) + description
            content += bytes(-len(content) % align)
        self.segment(PT_NOTE, self.add(content, ".note"), len(content), align=align)
        return self

    def build_id(self, value=BUILD_ID):
        return self.notes((b"GNU", 3, value))

    def section(self, name, content):
        self.add(content, name)
        return self

    def go_inline(self, version, modules):
        def text(content):
            size, length = b"", len(content)
            while length >= 0x80:
                size += bytes([length & 0x7f | 0x80])
                length >>= 7
            return size + bytes([length]) + content
        header = b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16)
        return self.section(".go.buildinfo", header + text(version) + text(modules))

    def go_pointers(self, version, modules):
        """As before Go 1.18."""
        strings = []
        for content in (version, modules):
            at = self.add(content)
            strings.append(self.add(self.pack("WW", self.address(at), len(content))))
        header = b"\xff Go buildinf:" + bytes([self.bits // 8, 1 if self.order == ">" else 0])
        header += self.pack("WW", *map(self.address, strings))
        return self.section(".go.buildinfo", header.ljust(32, b"\0"))

    def finish(self, sections=True):
        names, table = b"\0", b""
        if sections:
            entries = [(0, 0, 0, 0)]
            for name, at, size in self.sections:
                entries.append((len(names), 1, self.front + at, size))
                names += name.encode() + b"\0"
            names_at = self.add(names + b".shstrtab\0")
            entries.append((len(names), 3, self.front + names_at, len(names) + 10))
            for name, kind, offset, size in entries:
                table += self.pack("IIWWWWIIWW", name, kind, 0, 0, offset, size, 0, 0, 1, 0)
            table_at = self.front + self.add(table)
        segments = [(PT_LOAD, 6, -self.front, self.front + len(self.body), 4096), *self.segments]
        headers = b""
        for kind, flags, at, size, align in segments:
            offset, address = self.front + at, BASE + self.front + at
            headers += (self.pack("IIWWWWWW", kind, flags, offset, address, address, size, size, align)
                        if self.bits == 64 else
                        self.pack("IIIIIIII", kind, offset, address, address, size, size, flags, align))
        wide = self.bits == 64
        header = b"\x7fELF" + bytes([2 if wide else 1, 2 if self.order == ">" else 1, 1]) + bytes(9)
        header += self.pack("HHIWWWIHHHHHH", self.kind, self.machine, 1, BASE, 64 if wide else 52,
                            table_at if sections else 0, 0, 64 if wide else 52, 56 if wide else 32, len(segments),
                            (64 if wide else 40) if sections else 0, len(entries) if sections else 0,
                            len(entries) - 1 if sections else 0)
        return (header + headers).ljust(self.front, b"\0") + self.body


def modules(text):
    return (b"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6" + text
            + b"\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2")


GO_MODULES = modules(b"path\tshop.example/cmd/shop\nmod\tshop.example\tv1.2.3\th1:abc=\n"
                     b"dep\tx.example/y\tv0.1.0\th1:d=\n")
GCC = b"GCC: (Debian 12.2.0-14) 12.2.0\0"
RUSTC = GCC + b"rustc version 1.75.0 (82e1608df 2023-12-21)\0"


def linked(*needed, symbols=(), **kind):
    return Elf(**kind).interpreter().dynamic(needed, symbols)


SEEDS = {
    "c": linked(b"libc.so.6").build_id().section(".comment", GCC).finish(),
    "c_without_sections": linked(b"libc.so.6").build_id().finish(sections=False),
    "c_static": Elf(kind=EXEC).build_id().section(".comment", GCC).finish(),
    "c_static_pie": Elf().dynamic().section(".comment", GCC).finish(),
    "c_musl": linked(b"ld-musl-x86_64.so.1").finish(),
    "c_32": linked(b"libc.so.6", bits=32, machine=I386).build_id().finish(),
    "c_big_endian": linked(b"libc.so.6", big=True, machine=S390).build_id().finish(),
    "c_arm": linked(b"libc.so.6", machine=AARCH64).build_id().finish(),
    "cpp": linked(b"libstdc++.so.6", b"libc.so.6").finish(),
    "cpp_static": Elf(kind=EXEC).section(".rodata", b"x\0St9bad_alloc\0").finish(),
    "nothing_known": Elf(kind=EXEC).finish(),
    "go": Elf(kind=EXEC).go_inline(b"go1.22.3", GO_MODULES).finish(),
    "go_without_sections": Elf(kind=EXEC).go_inline(b"go1.22.3", GO_MODULES).finish(sections=False),
    "go_cgo": linked(b"libc.so.6").go_inline(b"go1.21.0", modules(b"path\tcommand-line-arguments\n")).finish(),
    "go_1.17": Elf(kind=EXEC).go_pointers(b"go1.17.13", GO_MODULES).finish(),
    "go_1.17_32": Elf(kind=EXEC, bits=32, big=True, machine=8).go_pointers(b"go1.17.13", GO_MODULES).finish(),
    "go_devel": Elf(kind=EXEC).go_inline(b"devel go1.24-0123456789 Thu Nov 21 00:00:00 2024 +0000", b"").finish(),
    "go_long_module": Elf(kind=EXEC).go_inline(b"go1.20", modules(b"mod\t" + b"m" * 200 + b"\tv1.0.0\t\n")).finish(),
    "go_odd_text": Elf(kind=EXEC).go_inline(b"go1.2\n\x1b[31m", modules(b"mod\ta\x80b\tv1\n")).finish(),
    "go_no_header": Elf(kind=EXEC).section(".gopclntab", b"x").finish(),
    "go_bad_length": Elf(kind=EXEC).section(".go.buildinfo", b"\xff Go buildinf:\x08\x02" + bytes(16)
                                            + b"\xff\xff\xff\xff\x0fgo1").finish(),
    "rust": linked(b"libc.so.6").section(".comment", RUSTC).build_id().finish(),
    "rust_stripped": linked(b"libc.so.6").section(
        ".rodata", b"/rustc/" + b"a" * 40 + b"/library/std/src/io.rs").finish(),
    "python": linked(b"libpython3.11.so.1.0", b"libc.so.6").finish(),
    "python_static": linked(b"libc.so.6", symbols=[b"Py_BytesMain"]).finish(),
    "not_python": linked(b"libc.so.6", symbols=[b"Py_BytesMainly", b"not_Py_BytesMain"]).finish(),
    "node": linked(b"libstdc++.so.6", symbols=[b"napi_module_register"]).finish(),
    "node_shared": linked(b"libnode.so.108", b"libstdc++.so.6").finish(),
    "ruby": linked(b"libruby-3.1.so.3.1", b"libc.so.6").finish(),
    "java": linked(b"libz.so.1", b"libjli.so").finish(),
    "java_native": linked(b"libc.so.6").section(".svm_heap", b"x").finish(),
    "dotnet": linked(b"libstdc++.so.6").section(".rodata", b"\0libhostfxr.so\0").finish(),
    "dotnet_native": linked(b"libc.so.6").section("__managedcode", b"x").finish(),
    "php": linked(b"libc.so.6", symbols=[b"zend_parse_parameters"]).finish(),
    "perl": linked(b"libperl.so.5.36", b"libc.so.6").finish(),
    "erlang": linked(b"libc.so.6", symbols=[b"enif_make_atom"]).finish(),
    "swift": linked(b"libswiftCore.so").finish(),
    "long_build_id": linked(b"libc.so.6").build_id(bytes(range(1, 65))).finish(),
    "notes": linked(b"libc.so.6").notes((b"GNU", 1, bytes(16)), (b"Go", 4, b"go's own"), (b"GNU", 3, b"abc"),
                                        align=8).finish(),
    "many_libraries": linked(*(b"libx%d.so" % i for i in range(100))).finish(),
}

if __name__ == "__main__":
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS.items():
        (CORPUS / name).write_bytes(content)
