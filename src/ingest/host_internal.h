/* SPDX-License-Identifier: Apache-2.0 */
/* A sample while it is taken: one function for each thing that is looked at adds its rows to the batch. */
#ifndef TV_INGEST_HOST_INTERNAL_H
#define TV_INGEST_HOST_INTERNAL_H

#include "base/buf.h"
#include "base/map.h"
#include "event/batch.h"

enum {
    TV_HOST_DEVICES_MAX = 64, /* disks, file systems and networks, each */
    TV_HOST_GROUPS_MAX = 256,
    TV_HOST_PROCESSES_MAX = 65536, /* looked at */
    TV_HOST_TOP = 10               /* told of, by CPU and by memory each */
};

/* What counters stood at. */
struct tv_host_counters {
    struct tv_arena arena;
    struct tv_map values;
};

struct tv_host_sample {
    const char *root;
    struct tv_str host; /* its name */
    int64_t time_ns;
    double seconds; /* since the last sample; 0: this is the first */
    uint64_t cpus, memory_bytes;
    struct tv_batch *batch;
    struct tv_host_counters *last, *next;
    struct tv_buf file; /* what was read last */
    int kernel_log;     /* descriptor, -1 where it cannot be read */
};

/* Reads a file below the root, up to 1 MiB of it, into sample->file; false where there is none. */
TV_CHECKED bool tv_host_read(struct tv_host_sample *sample, const char *format, ...)
        TV_PRINTF(2, 3);
/* The line (without its end) that begins with `prefix`, and what stands behind that, trimmed. */
TV_CHECKED bool tv_host_line(struct tv_str text, struct tv_str prefix, struct tv_str *out);
/* The next word of the text (past blanks), which is cut from it; empty at the end. */
struct tv_str tv_host_word(struct tv_str *text);
/* A file that holds one number. */
TV_CHECKED bool tv_host_number(
        struct tv_host_sample *sample, uint64_t *out, const char *format, ...) TV_PRINTF(3, 4);

/* Notes where a counter stands; the distance from the last sample, false if it was not there or has begun anew. */
TV_CHECKED bool tv_host_delta(
        struct tv_host_sample *sample, struct tv_str counter, uint64_t value, uint64_t *out);
/* The same as a rate, per second. */
TV_CHECKED bool tv_host_rate(
        struct tv_host_sample *sample, struct tv_str counter, uint64_t value, double *out);

/* A row of metrics; the row's number. `service` absent: the host's own. Values and labels follow. */
uint32_t tv_host_row(
        struct tv_host_sample *sample, struct tv_str service, const char *name, const char *unit);
void tv_host_value(struct tv_host_sample *sample, const char *name, double value);
void tv_host_label(struct tv_host_sample *sample, const char *name, struct tv_str value);

/* The name of the systemd unit in a control group's path without its ending ("nginx"), and the id of the container;
 * absent where there is none. Borrowed from the path. */
void tv_host_group_names(struct tv_str path, struct tv_str *unit, struct tv_str *container);

/* What is looked at. */
void tv_host_system(struct tv_host_sample *sample); /* first: sets cpus and memory_bytes */
void tv_host_devices(struct tv_host_sample *sample);
void tv_host_groups(struct tv_host_sample *sample);
void tv_host_processes(struct tv_host_sample *sample);
void tv_host_deaths(struct tv_host_sample *sample);

#endif
