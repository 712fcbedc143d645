// The floor under every price: programs that do nothing at the hooks of sockio-tp (bpf/hooks/sockio_tp.h, state.h),
// until it is killed. Runs as root in a machine of tests/bench/cost; trusts nobody's bytes.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

// "r0 = 0; exit"
static const struct bpf_insn nothing[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
    {.code = BPF_JMP | BPF_EXIT},
};

static int floor_attach(const char *tracepoint)
{
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
    int type = libbpf_find_vmlinux_btf_id(tracepoint, BPF_TRACE_RAW_TP);

    if (type < 0)
        return type;
    options.attach_btf_id = (unsigned)type;
    int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "GPL", nothing, 2, &options);
    return program < 0 ? program : bpf_raw_tracepoint_open(NULL, program);
}

int main(void)
{
    static const char *const hooks[] = {"sock_recv_length", "sock_send_length", "sk_data_ready", "inet_sock_set_state"};

    for (unsigned i = 0; i < sizeof hooks / sizeof *hooks; i++)
        if (floor_attach(hooks[i]) < 0) {
            fprintf(stderr, "floor: nothing could be attached to %s\n", hooks[i]);
            return 1;
        }
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}
