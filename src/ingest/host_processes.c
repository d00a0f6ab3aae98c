/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that use most, and those that the kernel killed for want of memory.
 *
 * Each process's counters are noted under its number and the time it began, so that a number given anew is not taken for
 * the old one. Only the few at the top are told of, and only from one per cent on: a sample of a thousand idle
 * processes would be noise. */
#include "base/time.h"
#include "ingest/host_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SHARE_LEAST 0.01

enum { RECORDS_MAX = 65536 /* of the kernel's log, a sample */ };

struct process {
    uint64_t pid;
    char name[64];
    double cpu, memory; /* shares of the machine */
};

struct top {
    struct process by_cpu[TV_HOST_TOP], by_memory[TV_HOST_TOP];
    size_t cpu_count, memory_count;
};

/* Fields of /proc/PID/stat behind the name (proc(5) numbers them from 1, the state is 3). */
enum { UTIME = 14, STIME = 15, STARTED = 22, RSS = 24, FIRST = 3 };

static bool parse(struct tv_str stat, struct process *out, uint64_t fields[RSS + 1])
{
    size_t open = 0, close = stat.len;
    while (open < stat.len && stat.ptr[open] != '(')
        open++;
    while (close > open && stat.ptr[close - 1] != ')')
        close--;
    if (close <= open + 1)
        return false;
    size_t len =
            close - open - 2 < sizeof(out->name) - 1 ? close - open - 2 : sizeof(out->name) - 1;
    memcpy(out->name, stat.ptr + open + 1, len);
    out->name[len] = '\0';
    struct tv_str rest = {stat.ptr + close, stat.len - close};
    (void)tv_host_word(&rest);
    for (size_t i = FIRST + 1; i <= RSS; i++)
        if (!tv_str_to_u64(tv_host_word(&rest), &fields[i]))
            fields[i] = 0;
    return true;
}

static bool look_at(struct tv_host_sample *sample, struct process *process)
{
    uint64_t fields[RSS + 1], ticks;
    char counter[64];
    if (!tv_host_read(sample, "/proc/%llu/stat", (unsigned long long)process->pid) ||
            !parse(tv_buf_str(&sample->file), process, fields))
        return false;
    int len = snprintf(counter, sizeof(counter), "process.%llu.%llu",
            (unsigned long long)process->pid, (unsigned long long)fields[STARTED]);
    bool known = tv_host_delta(
            sample, (struct tv_str){counter, (size_t)len}, fields[UTIME] + fields[STIME], &ticks);
    if (!known || sample->seconds <= 0 || sample->cpus == 0 || sample->memory_bytes == 0)
        return false;
    process->cpu =
            (double)ticks / (double)sysconf(_SC_CLK_TCK) / sample->seconds / (double)sample->cpus;
    process->memory =
            (double)fields[RSS] * (double)sysconf(_SC_PAGESIZE) / (double)sample->memory_bytes;
    return true;
}

/* Puts the process where it belongs among the top ones, largest first. */
static void insert(struct process *top, size_t *count, const struct process *process, bool by_cpu)
{
    double mine = by_cpu ? process->cpu : process->memory;
    size_t at = *count;
    if (mine < SHARE_LEAST)
        return;
    while (at > 0 && (by_cpu ? top[at - 1].cpu : top[at - 1].memory) < mine)
        at--;
    if (at >= TV_HOST_TOP)
        return;
    if (*count < TV_HOST_TOP)
        (*count)++;
    memmove(&top[at + 1], &top[at], (*count - at - 1) * sizeof(*top));
    top[at] = *process;
}

static void tell(struct tv_host_sample *sample, const struct process *process)
{
    struct tv_str unit = {0}, container = {0}, path;
    char pid[24];
    int len = snprintf(pid, sizeof(pid), "%llu", (unsigned long long)process->pid);
    if (tv_host_read(sample, "/proc/%s/cgroup", pid) &&
            (tv_host_line(tv_buf_str(&sample->file), TV_STR("0::"), &path) ||
                    tv_host_line(tv_buf_str(&sample->file), TV_STR("1:name=systemd:"), &path)))
        tv_host_group_names(path, &unit, &container);
    (void)tv_host_row(sample, unit, "process", "1");
    tv_host_label(sample, "process.executable.name", tv_str_of(process->name));
    tv_host_label(sample, "process.pid", (struct tv_str){pid, (size_t)len});
    tv_host_label(sample, "container.id", container);
    tv_host_value(sample, "process.cpu.utilization", process->cpu);
    tv_host_value(sample, "process.memory.utilization", process->memory);
}

static bool is_told(const struct top *top, uint64_t pid)
{
    for (size_t i = 0; i < top->cpu_count; i++)
        if (top->by_cpu[i].pid == pid)
            return true;
    return false;
}

void tv_host_processes(struct tv_host_sample *sample)
{
    char path[512];
    struct top top = {.cpu_count = 0};
    size_t seen = 0;
    (void)snprintf(path, sizeof(path), "%s/proc", sample->root);
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry; seen < TV_HOST_PROCESSES_MAX && (entry = readdir(dir));) {
        struct process process;
        if (!tv_str_to_u64(tv_str_of(entry->d_name), &process.pid) || !look_at(sample, &process))
            continue;
        seen++;
        insert(top.by_cpu, &top.cpu_count, &process, true);
        insert(top.by_memory, &top.memory_count, &process, false);
    }
    (void)closedir(dir);
    for (size_t i = 0; i < top.cpu_count; i++)
        tell(sample, &top.by_cpu[i]);
    for (size_t i = 0; i < top.memory_count; i++)
        if (!is_told(&top, top.by_memory[i].pid))
            tell(sample, &top.by_memory[i]);
}

/* Deaths. */

/* The value behind "key=" up to the next comma. */
static struct tv_str value_of(struct tv_str text, struct tv_str key)
{
    for (struct tv_str rest = text; rest.ptr;) {
        struct tv_str part = tv_str_trim(tv_str_cut(rest, ',', &rest));
        if (tv_str_starts_with(part, key))
            return (struct tv_str){part.ptr + key.len, part.len - key.len};
    }
    return (struct tv_str){0};
}

/* "level,sequence,microseconds since the start,…;text" (the kernel's Documentation/ABI/testing/dev-kmsg). */
static bool kernel_line(struct tv_str record, int64_t *since_start_us, struct tv_str *text)
{
    uint64_t us;
    struct tv_str head = tv_str_cut(record, ';', text);
    (void)tv_str_cut(head, ',', &head);
    (void)tv_str_cut(head, ',', &head);
    if (!text->ptr || !tv_str_to_u64(tv_str_cut(head, ',', &head), &us) || us > INT64_MAX / 1000)
        return false;
    *since_start_us = (int64_t)us;
    *text = tv_str_cut(*text, '\n', &head);
    return true;
}

/* "oom-kill:constraint=…,task_memcg=/system.slice/x.service,task=name,pid=1,uid=0": the one line that names the
 * group. */
static void death(struct tv_host_sample *sample, int64_t since_start_us, struct tv_str text)
{
    struct tv_str unit, container, task = value_of(text, TV_STR("task="));
    struct timespec now;
    tv_host_group_names(value_of(text, TV_STR("task_memcg=")), &unit, &container);
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    int64_t start_ns = sample->time_ns - (int64_t)now.tv_sec * TV_NS_PER_S - now.tv_nsec;
    uint32_t row = tv_host_row(sample, unit, "oom_kill", "");
    struct tv_batch *batch = sample->batch;
    tv_batch_set_time(batch, row, start_ns + since_start_us * 1000);
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("error"));
    tv_batch_set_u8(batch, TV_FIELD_METRIC_KIND, row, 0);
    tv_batch_set_u8(batch, TV_FIELD_SEVERITY, row, TV_SEVERITY_FATAL);
    struct tv_str message = tv_arena_printf(&sample->next->arena,
            "the kernel killed %.*s (process %.*s) for want of memory", TV_STR_ARG(task),
            TV_STR_ARG(value_of(text, TV_STR("pid="))));
    tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, message);
    tv_host_label(sample, "process.executable.name", task);
    tv_host_label(sample, "process.pid", value_of(text, TV_STR("pid=")));
    tv_host_label(sample, "container.id", container);
}

/* One read is one record; EPIPE says that records were overwritten, and the next read goes on behind them. */
void tv_host_deaths(struct tv_host_sample *sample)
{
    static const char mark[] = "oom-kill:";
    char record[8192];
    for (unsigned records = 0; sample->kernel_log >= 0 && records < RECORDS_MAX; records++) {
        ssize_t len = read(sample->kernel_log, record, sizeof(record));
        if (len < 0 && (errno == EPIPE || errno == EINTR))
            continue;
        if (len <= 0)
            return;
        int64_t since_start_us;
        struct tv_str text;
        if (kernel_line((struct tv_str){record, (size_t)len}, &since_start_us, &text) &&
                tv_str_starts_with(text, tv_str_of(mark)))
            death(sample, since_start_us,
                    (struct tv_str){text.ptr + sizeof(mark) - 1, text.len - sizeof(mark) + 1});
    }
}
