// System calls by number, and their arguments in the saved registers (kernel: syscall_get_nr, syscall_get_arguments).
#pragma once
#include "vmlinux.h"

#if defined(__TARGET_ARCH_x86)
enum {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_READV = 19,
    CALL_WRITEV = 20,
    CALL_SENDFILE = 40,
    CALL_SENDTO = 44,
    CALL_RECVFROM = 45,
    CALL_SENDMSG = 46,
    CALL_RECVMSG = 47,
    CALL_SPLICE = 275,
    CALL_TEE = 276,
    CALL_RECVMMSG = 299,
    CALL_SENDMMSG = 307,
    CALL_PREADV2 = 327,
    CALL_PWRITEV2 = 328,
    CALL_IO_URING_ENTER = 426,
};
#define USER_CS_32        0x23 // arch/x86 __USER32_CS: another system call table
#define REGS_NUMBER(regs) (regs)->orig_ax
#define REGS_CALL(regs)   ((regs)->cs == USER_CS_32 ? -1 : (int)(regs)->orig_ax)
#define REGS_FIRST(regs)  (regs)->di
#define REGS_SECOND(regs) (regs)->si
#define REGS_THIRD(regs)  (regs)->dx
#define REGS_FOURTH(regs) (regs)->r10
#elif defined(__TARGET_ARCH_arm64)
enum {
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_READV = 65,
    CALL_WRITEV = 66,
    CALL_SENDFILE = 71,
    CALL_SPLICE = 76,
    CALL_TEE = 77,
    CALL_SENDTO = 206,
    CALL_RECVFROM = 207,
    CALL_SENDMSG = 211,
    CALL_RECVMSG = 212,
    CALL_RECVMMSG = 243,
    CALL_SENDMMSG = 269,
    CALL_PREADV2 = 286,
    CALL_PWRITEV2 = 287,
    CALL_IO_URING_ENTER = 426,
};
#define REGS_NUMBER(regs) (__u32)(regs)->syscallno
#define REGS_CALL(regs)   (regs)->syscallno
#define REGS_FIRST(regs)  (regs)->orig_x0
#define REGS_SECOND(regs) (regs)->regs[1]
#define REGS_THIRD(regs)  (regs)->regs[2]
#define REGS_FOURTH(regs) (regs)->regs[3]
#else
#error "no system call table for this architecture"
#endif
