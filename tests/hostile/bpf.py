"""Real BPF maps for a loader that lies: bpf(2) by hand, as far as test_fake_loader.py and tests/bench/ring need it
(needs root)."""
import ctypes
import os
import struct

SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
MAP_CREATE, PROG_LOAD, PROG_TEST_RUN = 0, 5, 10
ARRAY, RINGBUF, SOCKET_FILTER = 2, 27, 1
MMAPABLE = 1 << 10
RINGBUF_OUTPUT = 130  # enum bpf_func_id
LICENCE = ctypes.create_string_buffer(b"GPL")
_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"))
    result = _libc.syscall(SYS_BPF, command, buffer, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command}): {os.strerror(ctypes.get_errno())}")
    return result


def map_create(kind, key_size, value_size, entries, flags=0):
    return _bpf(MAP_CREATE, struct.pack("=5I", kind, key_size, value_size, entries, flags))


def ring_fill(ring, record, times, flags=0):
    """Has the kernel write the same record (a multiple of 8 bytes) into the ring, so many times. flags:
    bpf_ringbuf_output's."""
    code = b""

    def instruction(operation, registers, offset=0, immediate=0):
        nonlocal code
        code += struct.pack("=BBhi", operation, registers, offset, immediate)

    for at in range(0, len(record), 4):  # *(u32 *)(r10 - size + at) = ...
        instruction(0x62, 0x0a, at - len(record), struct.unpack_from("=i", record, at)[0])
    instruction(0x18, 0x11, 0, ring)           # r1 = the ring
    instruction(0, 0)
    instruction(0xbf, 0xa2)                    # r2 = r10
    instruction(0x07, 0x02, 0, -len(record))   # r2 -= size
    instruction(0xb7, 0x03, 0, len(record))    # r3 = size
    instruction(0xb7, 0x04, 0, flags)          # r4 = flags
    instruction(0x85, 0x00, 0, RINGBUF_OUTPUT)
    instruction(0xb7, 0x00)                    # return 0
    instruction(0x95, 0x00)
    instructions, packet = ctypes.create_string_buffer(code), ctypes.create_string_buffer(64)
    program = _bpf(PROG_LOAD, struct.pack("=2I2Q", SOCKET_FILTER, len(code) // 8, ctypes.addressof(instructions),
                                          ctypes.addressof(LICENCE)))
    try:
        _bpf(PROG_TEST_RUN, struct.pack("=4I2Q2I", program, 0, 64, 0, ctypes.addressof(packet), 0, times, 0))
    finally:
        os.close(program)
