/* SPDX-License-Identifier: Apache-2.0 */
/* The timer, the lane, the sink; what the sample's functions share. */
#include "ingest/host.h"
#include "base/mem.h"
#include "base/time.h"
#include "ingest/host_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20, READ_BYTES = 16 << 10, PATH_BYTES = 512 };

struct tv_host {
    struct tv_host_config config;
    struct tv_timer *timer;
    char name[256];
    bool busy;     /* a sample is on the lane */
    int64_t taken; /* monotonic time of the last one; 0: none */
    struct tv_host_counters counters[2];
    unsigned turn; /* which of them is the last */
    struct tv_host_sample sample;
};

bool tv_host_read(struct tv_host_sample *sample, const char *format, ...)
{
    char path[PATH_BYTES], part[PATH_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(part, sizeof(part), format, args);
    va_end(args);
    int total = snprintf(path, sizeof(path), "%s%s", sample->root, part);
    tv_buf_clear(&sample->file);
    if (len < 0 || (size_t)len >= sizeof(part) || (size_t)total >= sizeof(path))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = 1;
    while (got > 0 && sample->file.len < FILE_BYTES_MAX) {
        got = read(fd, tv_buf_reserve(&sample->file, READ_BYTES), READ_BYTES);
        if (got > 0)
            sample->file.len += (size_t)got;
    }
    (void)close(fd);
    return got >= 0 && sample->file.len > 0;
}

bool tv_host_line(struct tv_str text, struct tv_str prefix, struct tv_str *out)
{
    for (struct tv_str line, rest = text; rest.len > 0;) {
        line = tv_str_cut(rest, '\n', &rest);
        if (!tv_str_starts_with(line, prefix))
            continue;
        *out = tv_str_trim((struct tv_str){line.ptr + prefix.len, line.len - prefix.len});
        return true;
    }
    return false;
}

struct tv_str tv_host_word(struct tv_str *text)
{
    size_t at = 0, from;
    while (at < text->len && (text->ptr[at] == ' ' || text->ptr[at] == '\t'))
        at++;
    for (from = at; at < text->len && text->ptr[at] != ' ' && text->ptr[at] != '\t';)
        at++;
    struct tv_str word = {text->ptr + from, at - from};
    *text = (struct tv_str){text->ptr + at, text->len - at};
    return word;
}

bool tv_host_number(struct tv_host_sample *sample, uint64_t *out, const char *format, ...)
{
    char path[PATH_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(path) || !tv_host_read(sample, "%s", path))
        return false;
    return tv_str_to_u64(tv_str_trim(tv_buf_str(&sample->file)), out);
}

bool tv_host_delta(
        struct tv_host_sample *sample, struct tv_str counter, uint64_t value, uint64_t *out)
{
    const uint64_t *before = tv_map_get(&sample->last->values, counter);
    *tv_map_put_copy(&sample->next->values, &sample->next->arena, counter, NULL) = value;
    if (!before || value < *before)
        return false;
    *out = value - *before;
    return true;
}

bool tv_host_rate(struct tv_host_sample *sample, struct tv_str counter, uint64_t value, double *out)
{
    uint64_t delta;
    if (!tv_host_delta(sample, counter, value, &delta) || sample->seconds <= 0)
        return false;
    *out = (double)delta / sample->seconds;
    return true;
}

uint32_t tv_host_row(
        struct tv_host_sample *sample, struct tv_str service, const char *name, const char *unit)
{
    struct tv_batch *batch = sample->batch;
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, sample->time_ns);
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, sample->time_ns);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, service.len ? service : TV_STR("host"));
    tv_batch_set_text(batch, TV_FIELD_HOST, row, sample->host);
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("metric"));
    tv_batch_set_text(batch, TV_FIELD_NAME, row, tv_str_of(name));
    tv_batch_set_text(batch, TV_FIELD_UNIT, row, tv_str_of(unit));
    tv_batch_set_u8(batch, TV_FIELD_METRIC_KIND, row, TV_METRIC_GAUGE);
    return row;
}

static void set_attr(struct tv_host_sample *sample, const char *name, struct tv_value value)
{
    uint32_t attr = tv_batch_attr(sample->batch, tv_str_of(name));
    tv_batch_set_attr(sample->batch, attr, sample->batch->rows - 1, value);
}

void tv_host_value(struct tv_host_sample *sample, const char *name, double value)
{
    set_attr(sample, name, tv_value_f64(value));
}

void tv_host_label(struct tv_host_sample *sample, const char *name, struct tv_str value)
{
    if (value.len > 0)
        set_attr(sample, name, tv_value_str(tv_utf8_prefix(value, 256)));
}

static void sample_run(void *ctx)
{
    struct tv_host *host = ctx;
    struct tv_host_sample *sample = &host->sample;
    tv_host_system(sample);
    tv_host_devices(sample);
    tv_host_groups(sample);
    tv_host_processes(sample);
    tv_host_deaths(sample);
}

/* Metrics that the sink has no room for are left out: the next sample is ten seconds away. */
static void sample_done(void *ctx)
{
    struct tv_host *host = ctx;
    host->busy = false;
    host->turn ^= 1;
    if (host->sample.batch->rows > 0)
        (void)!tv_sink_accept(&host->config.sink, host->sample.batch, NULL, NULL);
    tv_batch_unref(host->sample.batch);
    host->sample.batch = NULL;
}

static void forget(struct tv_host_counters *counters)
{
    tv_map_release(&counters->values);
    tv_arena_release(&counters->arena);
}

static void take_sample(void *ctx)
{
    struct tv_host *host = ctx;
    int64_t now = tv_time_monotonic();
    if (host->busy)
        return;
    struct tv_host_sample *sample = &host->sample;
    sample->time_ns = tv_time_now();
    sample->seconds = host->taken ? (double)(now - host->taken) / (double)TV_NS_PER_S : 0;
    sample->batch = tv_batch_new();
    sample->last = &host->counters[host->turn];
    sample->next = &host->counters[host->turn ^ 1];
    forget(sample->next);
    host->taken = now;
    host->busy = true;
    if (tv_lane_submit(host->config.lane, sample_run, sample_done, host) == TV_OK)
        return;
    /* The lane is full of bodies: the counters stay where they were, and rates span the gap. */
    host->busy = false;
    host->taken = 0;
    tv_batch_unref(sample->batch);
    sample->batch = NULL;
}

/* Only what is logged from now on: what lies in the ring was told before, or is older than the daemon. */
static int open_kernel_log(const char *root)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/dev/kmsg", root);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_END);
    return fd;
}

struct tv_host *tv_host_new(const struct tv_host_config *config)
{
    struct tv_host *host = tv_calloc(1, sizeof(*host));
    host->config = *config;
    if (gethostname(host->name, sizeof(host->name) - 1) != 0)
        (void)snprintf(host->name, sizeof(host->name), "localhost");
    host->sample.root = config->root;
    host->sample.host = tv_str_of(host->name);
    host->sample.kernel_log = open_kernel_log(config->root);
    host->timer = tv_timer_new(config->loop, take_sample, host);
    tv_timer_start(host->timer, 0, config->interval_ns);
    return host;
}

void tv_host_free(struct tv_host *host)
{
    if (!host)
        return;
    tv_timer_stop(host->timer);
    while (host->busy)
        tv_loop_run_once(host->config.loop);
    tv_timer_free(host->timer);
    forget(&host->counters[0]);
    forget(&host->counters[1]);
    tv_buf_release(&host->sample.file);
    if (host->sample.kernel_log >= 0)
        (void)close(host->sample.kernel_log);
    free(host);
}
