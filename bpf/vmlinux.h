// Our own minimal view of the kernel: only the structures and fields that we use, relocated at load time (CO-RE), so no
// BTF is needed to build. Field order here means nothing; names must be the kernel's (include/linux/*.h,
// include/net/*.h).
#pragma once
#define REDSTART_BPF 1
// A global function: the verifier looks at it once, on its own, instead of along each path of each caller.
#define SUBPROGRAM __attribute__((noinline))

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
typedef __s32 pid_t;
enum { false = 0, true = 1 };

// uapi/linux/bpf.h
enum bpf_map_type {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
    BPF_MAP_TYPE_SK_STORAGE = 24,
    BPF_MAP_TYPE_RINGBUF = 27,
};
enum {
    BPF_F_NO_PREALLOC = 1 << 0,
    BPF_F_CLONE = 1 << 9,
    BPF_F_MMAPABLE = 1 << 10,
};
enum { BPF_SK_STORAGE_GET_F_CREATE = 1 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

// uapi/linux/in.h, net/tcp_states.h, uapi/linux/errno.h ...
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1 };
enum { IPPROTO_TCP = 6, IPPROTO_MPTCP = 262 };
enum { MSG_PEEK = 0x2, MSG_TRUNC = 0x20, MSG_ERRQUEUE = 0x2000 };
enum { S_IFMT = 0170000, S_IFSOCK = 0140000 };
enum { ECONNRESET = 104 };
enum {
    TCP_ESTABLISHED = 1,
    TCP_SYN_SENT,
    TCP_SYN_RECV,
    TCP_FIN_WAIT1,
    TCP_FIN_WAIT2,
    TCP_TIME_WAIT,
    TCP_CLOSE,
    TCP_CLOSE_WAIT,
    TCP_LAST_ACK,
    TCP_LISTEN,
    TCP_CLOSING,
};
enum { RCV_SHUTDOWN = 1, SEND_SHUTDOWN = 2, SHUTDOWN_MASK = 3 };
enum { PF_IO_WORKER = 0x10, PF_KTHREAD = 0x200000 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
    unsigned int inum;
};
struct pid_namespace {
    struct ns_common ns;
};
struct cgroup_namespace {
    struct ns_common ns;
};
struct net {
    struct ns_common ns;
};
typedef struct {
    struct net *net;
} possible_net_t;

struct in6_addr {
    union {
        __u8 u6_addr8[16];
    } in6_u;
};

struct sock_common {
    union {
        struct {
            __be32 skc_daddr;
            __be32 skc_rcv_saddr;
        };
    };
    union {
        struct {
            __be16 skc_dport;
            __u16 skc_num;
        };
    };
    unsigned short skc_family;
    volatile unsigned char skc_state;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
};

struct socket;
struct upid {
    int nr;
};
struct pid {
    struct upid numbers[1];
};

struct sk_buff_head {
    __u32 qlen;
};
struct bpf_local_storage;
struct sock {
    struct sock_common __sk_common;
    __u8 sk_shutdown;
    __u16 sk_type;
    __u16 sk_protocol;
    int sk_err;
    struct socket *sk_socket;
    struct pid *sk_peer_pid;
    struct bpf_local_storage *sk_bpf_storage;
    struct sk_buff_head sk_write_queue;
};
struct tcp_sock {
    __u64 tcp_clock_cache;
};

struct inode {
    unsigned short i_mode;
};
struct file {
    struct inode *f_inode;
    void *private_data;
};
struct fdtable {
    unsigned int max_fds;
    struct file **fd;
};
struct files_struct {
    struct fdtable *fdt;
};
struct socket {
    struct sock *sk;
    struct file *file;
};

// Where a message's bytes are, over the years: `type` until 5.13 (its lowest bit is the direction), `iov` until 6.3.
enum iter_type { ITER_IOVEC, ITER_UBUF };
struct iovec {
    void *iov_base;
    unsigned long iov_len;
};
struct iov_iter {
    __u8 iter_type;
    unsigned long iov_offset;
    const struct iovec *__iov;
    void *ubuf;
};
struct iov_iter___before_6_4 {
    const struct iovec *iov;
};
struct iov_iter___before_5_14 {
    unsigned int type;
};
struct msghdr {
    struct iov_iter msg_iter;
};

struct sockaddr_un {
    __u16 sun_family;
    char sun_path[108];
};
struct unix_address {
    int len;
    struct sockaddr_un name[0];
};
struct unix_sock {
    struct sock sk;
    struct unix_address *addr;
    struct sock *peer;
};

struct sk_buff {
    unsigned int len;
    unsigned char *data;
};

typedef struct {
    int counter;
} atomic_t;
struct signal_struct {
    atomic_t live;
};
struct nsproxy {
    struct pid_namespace *pid_ns_for_children;
    struct net *net_ns;
    struct cgroup_namespace *cgroup_ns;
};
struct kernfs_node {
    struct kernfs_node *__parent; // since 6.15
    const char *name;
};
struct kernfs_node___parent {
    struct kernfs_node *parent; // before
};
struct cgroup {
    int level;
    struct kernfs_node *kn;
};
struct cgroup_subsys_state {
    struct cgroup *cgroup;
};
enum cgroup_subsys_id { memory_cgrp_id = 1, pids_cgrp_id = 2, CGROUP_SUBSYS_COUNT = 3 };
struct css_set {
    struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
    struct cgroup *dfl_cgrp;
};
struct mm_struct {
    unsigned long env_start, env_end;
};
struct task_struct {
    struct nsproxy *nsproxy;
    struct css_set *cgroups;
    unsigned int flags;
    struct mm_struct *mm;
    pid_t pid, tgid;
    struct task_struct *real_parent, *group_leader;
    __u64 start_boottime;
    struct signal_struct *signal;
    struct files_struct *files;
    char comm[16];
};
struct linux_binprm {
    const char *filename;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
    unsigned long di, si, dx, r10, orig_ax, cs;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
    __u64 regs[31];
};
struct pt_regs {
    __u64 regs[31];
    __u64 orig_x0;
    __s32 syscallno;
};
#endif

// Since 7.0, what guards a tracepoint's programs.
typedef struct {
    void *lock;
} class_srcu_fast_notrace_t;

struct seq_file;
struct bpf_iter_meta {
    struct seq_file *seq;
};
struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};
struct bpf_iter__task_file {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    __u32 fd;
    struct file *file;
};
struct bpf_map;
struct bpf_iter__bpf_sk_storage_map {
    struct bpf_iter_meta *meta;
    struct bpf_map *map;
    struct sock *sk;
    void *value;
};

#pragma clang attribute pop

// What user memory holds (uapi/linux/uio.h, socket.h): not relocated.
struct user_iovec {
    __u64 base, length;
};
struct user_msghdr {
    __u64 name;
    __u32 name_length, pad0;
    __u64 vector, vector_count;
};
