// What a cgroup's path tells of a process: its container, its systemd unit, its Kubernetes pod. Paths as Docker,
// containerd, CRI-O, Podman, LXC, systemd-nspawn and kubelet make them, with both of their cgroup drivers, v1 and v2,
// one in another too (kind, dind). Pure; the text is the kernel's, but who may make cgroups chooses names in it. Called
// by meta/service_identity.c.
#pragma once

#include <stdbool.h>
#include "common/lib/str.h"

#define CGROUP_UNIT_MAX 256 // systemd's own limit of a unit's name

// Slices point into the path, "" where there is nothing.
struct cgroup_facts {
    struct str container_id;   // container.id: of the innermost container
    struct str container_name; // where the path has it (LXC, systemd-nspawn)
    struct str pod_uid;        // k8s.pod.uid, with '_' where systemd's driver has put one for '-'
    struct str unit;           // the innermost service's unit name, as systemd escapes it
    bool unit_inside;          // of the container's own systemd
};

// The one path of /proc/PID/cgroup that tells most: one with a container before others; the unified hierarchy's and
// systemd's before those of controllers. Without what leads out of our own namespace ("/../.."). "" if there is none.
struct str cgroup_path(struct str text);
void cgroup_read(struct str path, struct cgroup_facts *ret_facts);
// A unit's name as its service would be called: "shop.service" > "shop", with "\x2d" and the like undone. False if it
// is not a name that says more than nothing (user@1000.service).
bool cgroup_unit_name(struct str unit, char *ret_name, size_t size);
