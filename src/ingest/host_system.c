/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as a whole: proc(5) and the kernel's Documentation/accounting/psi.rst say what the files hold. Shares are
 * ratios (unit 1), so that `cpu > 80%` asks for 0.8. */
#include "ingest/host_internal.h"

#include <stdio.h>

/* The fields of /proc/stat's cpu lines, in their order. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, CPU_TIMES };

static void cpu(struct tv_host_sample *sample)
{
    static const char *const counters[CPU_TIMES] = {"cpu.user", "cpu.nice", "cpu.system",
            "cpu.idle", "cpu.iowait", "cpu.irq", "cpu.softirq", "cpu.steal"};
    struct tv_str line;
    uint64_t ticks[CPU_TIMES] = {0}, all = 0, value;
    bool known = true;
    if (!tv_host_read(sample, "/proc/stat") ||
            !tv_host_line(tv_buf_str(&sample->file), TV_STR("cpu "), &line))
        return;
    for (size_t i = 0; i < CPU_TIMES; i++) {
        if (!tv_str_to_u64(tv_host_word(&line), &value) ||
                !tv_host_delta(sample, tv_str_of(counters[i]), value, &ticks[i]))
            known = false;
        all += ticks[i];
    }
    for (struct tv_str rest = tv_buf_str(&sample->file); rest.len > 0;) {
        struct tv_str one = tv_str_cut(rest, '\n', &rest);
        sample->cpus += one.len > 3 && memcmp(one.ptr, "cpu", 3) == 0 && one.ptr[3] != ' ';
    }
    if (!known || all == 0)
        return;
    double total = (double)all;
    (void)tv_host_row(sample, (struct tv_str){0}, "cpu", "1");
    tv_host_value(
            sample, "system.cpu.utilization", 1 - (double)(ticks[IDLE] + ticks[IOWAIT]) / total);
    tv_host_value(sample, "system.cpu.user", (double)(ticks[USER] + ticks[NICE]) / total);
    tv_host_value(sample, "system.cpu.system",
            (double)(ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ]) / total);
    tv_host_value(sample, "system.cpu.iowait", (double)ticks[IOWAIT] / total);
    tv_host_value(sample, "system.cpu.steal", (double)ticks[STEAL] / total);
}

static void load(struct tv_host_sample *sample)
{
    static const char *const names[] = {"system.cpu.load_average.1m", "system.cpu.load_average.5m",
            "system.cpu.load_average.15m"};
    if (!tv_host_read(sample, "/proc/loadavg"))
        return;
    struct tv_str text = tv_buf_str(&sample->file);
    (void)tv_host_row(sample, (struct tv_str){0}, "load", "{thread}");
    for (size_t i = 0; i < 3; i++) {
        double value;
        if (tv_str_to_f64(tv_host_word(&text), &value))
            tv_host_value(sample, names[i], value);
    }
    tv_host_value(sample, "system.cpu.logical.count", (double)sample->cpus);
}

/* A line of /proc/meminfo, in bytes; 0 where there is none. */
static uint64_t memory_line(struct tv_host_sample *sample, const char *name)
{
    struct tv_str line;
    uint64_t kib;
    if (!tv_host_line(tv_buf_str(&sample->file), tv_str_of(name), &line) ||
            !tv_str_to_u64(tv_host_word(&line), &kib))
        return 0;
    return kib * 1024;
}

static void memory(struct tv_host_sample *sample)
{
    if (!tv_host_read(sample, "/proc/meminfo"))
        return;
    uint64_t total = memory_line(sample, "MemTotal:");
    uint64_t available = memory_line(sample, "MemAvailable:");
    uint64_t swap = memory_line(sample, "SwapTotal:"), free_swap = memory_line(sample, "SwapFree:");
    if (total == 0)
        return;
    sample->memory_bytes = total;
    (void)tv_host_row(sample, (struct tv_str){0}, "memory", "1");
    tv_host_value(sample, "system.memory.utilization", 1 - (double)available / (double)total);
    if (swap > 0)
        tv_host_value(sample, "system.paging.utilization", 1 - (double)free_swap / (double)swap);
    (void)tv_host_row(sample, (struct tv_str){0}, "memory", "By");
    tv_host_value(sample, "system.memory.limit", (double)total);
    tv_host_value(sample, "system.linux.memory.available", (double)available);
}

/* "some avg10=1.23 avg60=…": the share of the last ten seconds in which some, or all, work waited. */
static bool pressure_line(struct tv_host_sample *sample, const char *kind, double *out)
{
    struct tv_str line, value;
    if (!tv_host_line(tv_buf_str(&sample->file), tv_str_of(kind), &line))
        return false;
    value = tv_host_word(&line);
    return tv_str_starts_with(value, TV_STR("avg10=")) &&
            tv_str_to_f64((struct tv_str){value.ptr + 6, value.len - 6}, out);
}

static void pressure(struct tv_host_sample *sample)
{
    static const char *const resources[] = {"cpu", "memory", "io"};
    char name[64];
    double value;
    for (size_t i = 0; i < 3; i++) {
        if (!tv_host_read(sample, "/proc/pressure/%s", resources[i]) ||
                !pressure_line(sample, "some", &value))
            continue;
        (void)tv_host_row(sample, (struct tv_str){0}, "pressure", "1");
        (void)snprintf(name, sizeof(name), "system.linux.pressure.%s.some", resources[i]);
        tv_host_value(sample, name, value / 100);
        (void)snprintf(name, sizeof(name), "system.linux.pressure.%s.full", resources[i]);
        if (pressure_line(sample, "full", &value))
            tv_host_value(sample, name, value / 100);
    }
}

static void descriptors(struct tv_host_sample *sample)
{
    uint64_t used, unused, most;
    if (!tv_host_read(sample, "/proc/sys/fs/file-nr"))
        return;
    struct tv_str text = tv_str_trim(tv_buf_str(&sample->file));
    if (!tv_str_to_u64(tv_host_word(&text), &used) ||
            !tv_str_to_u64(tv_host_word(&text), &unused) ||
            !tv_str_to_u64(tv_host_word(&text), &most))
        return;
    (void)tv_host_row(sample, (struct tv_str){0}, "descriptors", "{file_descriptor}");
    tv_host_value(sample, "system.linux.file_descriptor.count", (double)(used - unused));
    tv_host_value(sample, "system.linux.file_descriptor.limit", (double)most);
}

void tv_host_system(struct tv_host_sample *sample)
{
    sample->cpus = 0;
    sample->memory_bytes = 0;
    cpu(sample);
    load(sample);
    memory(sample);
    pressure(sample);
    descriptors(sample);
}
