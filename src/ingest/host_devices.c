/* SPDX-License-Identifier: Apache-2.0 */
/* Disks, file systems, networks. A disk is a block device of its own in /sys/block, not a partition; RAM disks and
 * loops repeat what others do. A file system is one that lies on a device: asking a network's, which may hang, would
 * stop the lane. */
#include "ingest/host_internal.h"

#include <stdio.h>
#include <sys/statvfs.h>

/* The fields of a disk's `stat` (the kernel's Documentation/block/stat.rst). */
enum { READ_SECTORS = 2, WRITE_SECTORS = 6, BUSY_MS = 9, STAT_FIELDS = 10, SECTOR_BYTES = 512 };

static bool disk_rate(struct tv_host_sample *sample, struct tv_str disk, const char *what,
        uint64_t value, double *out)
{
    char counter[128];
    int len = snprintf(counter, sizeof(counter), "disk.%.*s.%s", TV_STR_ARG(disk), what);
    return len > 0 && (size_t)len < sizeof(counter) &&
            tv_host_rate(sample, (struct tv_str){counter, (size_t)len}, value, out);
}

static void disk(struct tv_host_sample *sample, struct tv_str name)
{
    uint64_t fields[STAT_FIELDS];
    double read, written, busy;
    if (!tv_host_read(sample, "/sys/block/%.*s/stat", TV_STR_ARG(name)))
        return;
    struct tv_str text = tv_str_trim(tv_buf_str(&sample->file));
    for (size_t i = 0; i < STAT_FIELDS; i++)
        if (!tv_str_to_u64(tv_host_word(&text), &fields[i]))
            return;
    bool known = disk_rate(sample, name, "read", fields[READ_SECTORS] * SECTOR_BYTES, &read);
    known = disk_rate(sample, name, "write", fields[WRITE_SECTORS] * SECTOR_BYTES, &written) &&
            known;
    known = disk_rate(sample, name, "busy", fields[BUSY_MS], &busy) && known;
    if (!known)
        return;
    (void)tv_host_row(sample, (struct tv_str){0}, "disk", "By/s");
    tv_host_label(sample, "system.device", name);
    tv_host_value(sample, "system.disk.io.read", read);
    tv_host_value(sample, "system.disk.io.write", written);
    (void)tv_host_row(sample, (struct tv_str){0}, "disk", "1");
    tv_host_label(sample, "system.device", name);
    tv_host_value(sample, "system.disk.utilization", busy < 1000 ? busy / 1000 : 1);
}

/* The names are copied: reading each disk's file overwrites the list. */
static void disks(struct tv_host_sample *sample)
{
    char names[TV_HOST_DEVICES_MAX][32];
    size_t count = 0;
    if (!tv_host_read(sample, "/proc/diskstats"))
        return;
    for (struct tv_str rest = tv_buf_str(&sample->file);
            rest.len > 0 && count < TV_HOST_DEVICES_MAX;) {
        struct tv_str line = tv_str_cut(rest, '\n', &rest);
        (void)tv_host_word(&line);
        (void)tv_host_word(&line);
        struct tv_str name = tv_host_word(&line);
        if (name.len == 0 || name.len >= sizeof(names[0]) || memchr(name.ptr, '/', name.len) ||
                tv_str_starts_with(name, TV_STR("loop")) || tv_str_starts_with(name, TV_STR("ram")))
            continue;
        memcpy(names[count], name.ptr, name.len);
        names[count++][name.len] = '\0';
    }
    for (size_t i = 0; i < count; i++)
        disk(sample, tv_str_of(names[i]));
}

static void file_system(struct tv_host_sample *sample, const char *path, struct tv_str type)
{
    struct statvfs facts;
    if (statvfs(path, &facts) != 0 || facts.f_blocks == 0)
        return;
    double all = (double)facts.f_blocks, left = (double)facts.f_bavail;
    double used = all - (double)facts.f_bfree;
    (void)tv_host_row(sample, (struct tv_str){0}, "filesystem", "1");
    tv_host_label(sample, "system.filesystem.mountpoint", tv_str_of(path));
    tv_host_label(sample, "system.filesystem.type", type);
    tv_host_value(
            sample, "system.filesystem.utilization", used / (used + left > 0 ? used + left : 1));
    if (facts.f_files > 0)
        tv_host_value(sample, "system.filesystem.inode.utilization",
                1 - (double)facts.f_ffree / (double)facts.f_files);
    (void)tv_host_row(sample, (struct tv_str){0}, "filesystem", "By");
    tv_host_label(sample, "system.filesystem.mountpoint", tv_str_of(path));
    tv_host_value(sample, "system.filesystem.usage", used * (double)facts.f_frsize);
    tv_host_value(sample, "system.filesystem.limit", all * (double)facts.f_frsize);
}

/* A blank in a path is written \040 there (fstab(5)). */
static bool unescape(struct tv_str text, char *out, size_t bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (len + 1 >= bytes)
            return false;
        bool octal = text.ptr[i] == '\\' && i + 3 < text.len;
        out[len++] = octal ? (char)((text.ptr[i + 1] - '0') * 64 + (text.ptr[i + 2] - '0') * 8 +
                                     (text.ptr[i + 3] - '0'))
                           : text.ptr[i];
        i += octal ? 3 : 0;
    }
    out[len] = '\0';
    return true;
}

/* Each device once, where it is mounted first. */
static void file_systems(struct tv_host_sample *sample)
{
    struct tv_map seen = {0};
    char path[512];
    if (!tv_host_read(sample, "/proc/self/mounts"))
        return;
    for (struct tv_str rest = tv_buf_str(&sample->file); rest.len > 0;) {
        bool added;
        struct tv_str line = tv_str_cut(rest, '\n', &rest);
        struct tv_str device = tv_host_word(&line);
        struct tv_str mount = tv_host_word(&line);
        if (!tv_str_starts_with(device, TV_STR("/dev/")) || seen.count >= TV_HOST_DEVICES_MAX)
            continue;
        (void)tv_map_put(&seen, device, &added);
        if (added && unescape(mount, path, sizeof(path)))
            file_system(sample, path, tv_host_word(&line));
    }
    tv_map_release(&seen);
}

/* Columns of /proc/net/dev: eight of what was received, then of what was sent. */
enum { BYTES, PACKETS, ERRORS, DROPPED, HALF = 8 };

static void network(struct tv_host_sample *sample, struct tv_str name, struct tv_str line)
{
    static const char *const halves[] = {"receive", "transmit"};
    uint64_t columns[2 * HALF];
    double rates[2][DROPPED + 1];
    char text[128];
    bool known = true;
    for (size_t i = 0; i < 2 * HALF; i++)
        if (!tv_str_to_u64(tv_host_word(&line), &columns[i]))
            return;
    for (size_t half = 0; half < 2; half++)
        for (size_t i = 0; i <= DROPPED; i++) {
            int len = snprintf(text, sizeof(text), "net.%.*s.%zu.%zu", TV_STR_ARG(name), half, i);
            known = tv_host_rate(sample, (struct tv_str){text, (size_t)len},
                            columns[half * HALF + i], &rates[half][i]) &&
                    known;
        }
    if (!known)
        return;
    (void)tv_host_row(sample, (struct tv_str){0}, "network", "By/s");
    tv_host_label(sample, "network.interface.name", name);
    for (size_t half = 0; half < 2; half++) {
        (void)snprintf(text, sizeof(text), "system.network.io.%s", halves[half]);
        tv_host_value(sample, text, rates[half][BYTES]);
    }
    (void)tv_host_row(sample, (struct tv_str){0}, "network", "{packet}/s");
    tv_host_label(sample, "network.interface.name", name);
    for (size_t half = 0; half < 2; half++) {
        (void)snprintf(text, sizeof(text), "system.network.packet.%s", halves[half]);
        tv_host_value(sample, text, rates[half][PACKETS]);
        (void)snprintf(text, sizeof(text), "system.network.errors.%s", halves[half]);
        tv_host_value(sample, text, rates[half][ERRORS]);
        (void)snprintf(text, sizeof(text), "system.network.packet.dropped.%s", halves[half]);
        tv_host_value(sample, text, rates[half][DROPPED]);
    }
}

static void networks(struct tv_host_sample *sample)
{
    size_t count = 0;
    if (!tv_host_read(sample, "/proc/net/dev"))
        return;
    for (struct tv_str rest = tv_buf_str(&sample->file);
            rest.len > 0 && count < TV_HOST_DEVICES_MAX;) {
        struct tv_str numbers, line = tv_str_cut(rest, '\n', &rest);
        struct tv_str name = tv_str_trim(tv_str_cut(line, ':', &numbers));
        if (!numbers.ptr || name.len > 32)
            continue;
        network(sample, name, numbers);
        count++;
    }
}

void tv_host_devices(struct tv_host_sample *sample)
{
    disks(sample);
    file_systems(sample);
    networks(sample);
}
