/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups (the kernel's Documentation/admin-guide/cgroup-v2.rst): each systemd service and each container. The
 * walk goes down slices and pods and stops at a service or container: what lies below is its own business. */
#include "ingest/host_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>

enum { DEPTH_MAX = 5, PATH_BYTES = 512, CONTAINER_DIGITS = 64, SHORT_DIGITS = 12 };

static bool ends_with(struct tv_str text, struct tv_str ending)
{
    return text.len > ending.len &&
            memcmp(text.ptr + text.len - ending.len, ending.ptr, ending.len) == 0;
}

/* 64 hex digits in a row: the id that Docker, containerd and Podman give. */
static struct tv_str container_id(struct tv_str name)
{
    size_t digits = 0;
    for (size_t i = 0; i < name.len; i++) {
        digits = isxdigit((unsigned char)name.ptr[i]) ? digits + 1 : 0;
        if (digits == CONTAINER_DIGITS)
            return (struct tv_str){name.ptr + i + 1 - digits, digits};
    }
    return (struct tv_str){0};
}

void tv_host_group_names(struct tv_str path, struct tv_str *unit, struct tv_str *container)
{
    *unit = *container = (struct tv_str){0};
    for (struct tv_str rest = path; rest.ptr;) {
        struct tv_str part = tv_str_cut(rest, '/', &rest);
        struct tv_str id = container_id(part);
        if (id.len > 0)
            *container = id;
        else if (ends_with(part, TV_STR(".service")))
            *unit = (struct tv_str){part.ptr, part.len - TV_STR(".service").len};
    }
}

static bool line_number(struct tv_host_sample *sample, const char *name, uint64_t *out)
{
    struct tv_str line;
    return tv_host_line(tv_buf_str(&sample->file), tv_str_of(name), &line) &&
            tv_str_to_u64(line, out);
}

static bool group_delta(struct tv_host_sample *sample, const char *path, const char *what,
        uint64_t value, uint64_t *out)
{
    char counter[PATH_BYTES + 32];
    int len = snprintf(counter, sizeof(counter), "group.%s.%s", what, path);
    return tv_host_delta(sample, (struct tv_str){counter, (size_t)len}, value, out);
}

/* The CPUs that the group may use at once: its quota, else all. */
static double cpus_of(struct tv_host_sample *sample, const char *path)
{
    uint64_t quota, period;
    if (!tv_host_read(sample, "/sys/fs/cgroup%s/cpu.max", path))
        return (double)sample->cpus;
    struct tv_str text = tv_str_trim(tv_buf_str(&sample->file));
    if (!tv_str_to_u64(tv_host_word(&text), &quota) ||
            !tv_str_to_u64(tv_host_word(&text), &period) || period == 0)
        return (double)sample->cpus;
    return (double)quota / (double)period;
}

struct group {
    double cpu, throttled; /* share of what it may use; of the periods in which it had to wait */
    double memory;         /* share of what it may use */
    uint64_t killed;       /* processes, for want of memory */
    bool has_cpu, has_throttled, has_memory;
};

static void read_cpu(struct tv_host_sample *sample, const char *path, struct group *group)
{
    uint64_t usage, periods, throttled, used_us, some, of_all;
    if (!tv_host_read(sample, "/sys/fs/cgroup%s/cpu.stat", path) ||
            !line_number(sample, "usage_usec ", &usage))
        return;
    bool limited = line_number(sample, "nr_periods ", &periods) &&
            line_number(sample, "nr_throttled ", &throttled);
    bool known = group_delta(sample, path, "usage", usage, &used_us);
    if (limited) {
        bool both = group_delta(sample, path, "periods", periods, &of_all);
        both = group_delta(sample, path, "throttled", throttled, &some) && both;
        group->has_throttled = both && of_all > 0;
        group->throttled = group->has_throttled ? (double)some / (double)of_all : 0;
    }
    double cpus = cpus_of(sample, path);
    group->has_cpu = known && sample->seconds > 0 && cpus > 0;
    if (group->has_cpu)
        group->cpu = (double)used_us / 1e6 / sample->seconds / cpus;
}

static void read_memory(struct tv_host_sample *sample, const char *path, struct group *group)
{
    uint64_t used, most, killed, now;
    if (!tv_host_number(sample, &used, "/sys/fs/cgroup%s/memory.current", path))
        return;
    if (!tv_host_number(sample, &most, "/sys/fs/cgroup%s/memory.max", path) ||
            most > sample->memory_bytes)
        most = sample->memory_bytes;
    group->has_memory = most > 0;
    group->memory = most > 0 ? (double)used / (double)most : 0;
    if (tv_host_read(sample, "/sys/fs/cgroup%s/memory.events", path) &&
            line_number(sample, "oom_kill ", &now) &&
            group_delta(sample, path, "killed", now, &killed))
        group->killed = killed;
}

static void tell(struct tv_host_sample *sample, const char *path, const struct group *group)
{
    struct tv_str unit, container;
    tv_host_group_names(tv_str_of(path), &unit, &container);
    struct tv_str service = unit.len ? unit : (struct tv_str){container.ptr, SHORT_DIGITS};
    (void)tv_host_row(sample, service, "group", "1");
    tv_host_label(sample, "container.id", container);
    if (group->has_cpu)
        tv_host_value(sample, "container.cpu.utilization", group->cpu);
    if (group->has_throttled)
        tv_host_value(sample, "container.cpu.throttled", group->throttled);
    if (group->has_memory)
        tv_host_value(sample, "container.memory.utilization", group->memory);
    if (group->killed > 0)
        tv_host_value(sample, "container.memory.oom_kills", (double)group->killed);
}

static void one_group(struct tv_host_sample *sample, const char *path)
{
    struct group group = {0};
    read_cpu(sample, path, &group);
    read_memory(sample, path, &group);
    if (group.has_cpu || group.has_memory)
        tell(sample, path, &group);
}

static void walk(struct tv_host_sample *sample, const char *path, unsigned depth, unsigned *left)
{
    char full[2 * PATH_BYTES], below[PATH_BYTES];
    struct tv_str unit, container;
    (void)snprintf(full, sizeof(full), "%s/sys/fs/cgroup%s", sample->root, path);
    DIR *dir = opendir(full);
    if (!dir)
        return;
    for (struct dirent *entry; *left > 0 && (entry = readdir(dir));) {
        int len = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || (size_t)len >= sizeof(below))
            continue;
        tv_host_group_names(tv_str_of(entry->d_name), &unit, &container);
        if (unit.len > 0 || container.len > 0) {
            one_group(sample, below);
            (*left)--;
        } else if (depth < DEPTH_MAX) {
            walk(sample, below, depth + 1, left);
        }
    }
    (void)closedir(dir);
}

void tv_host_groups(struct tv_host_sample *sample)
{
    unsigned left = TV_HOST_GROUPS_MAX;
    if (tv_host_read(sample, "/sys/fs/cgroup/cgroup.controllers"))
        walk(sample, "", 0, &left);
}
