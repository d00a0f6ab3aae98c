/* SPDX-License-Identifier: Apache-2.0 */
/* traversiond export: a window's events as lines of JSON, as the native decoder reads them.
 *
 * The store is read as it stood at one moment, so that no event is missed while a daemon beside it
 * moves events from one segment to another. A scan gives segments by their earliest event, and
 * segments overlap; what is read waits until no earlier event can come, and is then written in the
 * order of time, of arrival among equals. If more than PENDING_BYTES wait, the earliest half is
 * written anyway: memory is bounded, and the command says that the order is not kept throughout. */
#include "base/compress.h"
#include "base/mem.h"
#include "base/time.h"
#include "daemon/admin.h"
#include "daemon/command.h"
#include "daemon/daemon.h"
#include "event/event_json.h"
#include "timeql/timeql.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 1 << 20, /* written at once; a zstd frame's content */
    PENDING_BYTES = 256 << 20,
    ZSTD_LEVEL = 3
};

static const char usage[] =
        "usage: traversiond export [FLAGS]\n\n"
        "Writes events as lines of JSON, by event time, that `traversiond import` and\n"
        "POST /api/v1/events read back. Works beside a running daemon.\n\n"
        "  --from TIME        the earliest event time; RFC 3339 or epoch [the beginning]\n"
        "  --to TIME          the first that is left out [the end]\n"
        "  --where CONDITION  as in TimeQL's WHERE\n"
        "  --output FILE      a new file, or - for standard output [-]\n"
        "  --zstd             compress\n"
        "  --data-dir DIR     the data folder\n";

/* An event that waits for its turn: a line in the texts. */
struct line {
    int64_t time;
    uint64_t arrival;
    size_t at, length;
};

struct export
{
    const char *path; /* of the output */
    int fd;
    bool zstd;
    struct tv_buf chunk, packed;
    struct line *lines;
    size_t count, cap;
    int64_t earliest;    /* of the lines */
    struct tv_buf texts; /* of the lines, each with its line break */
    uint64_t events, bytes;
    bool disordered;
    struct tv_admin_progress progress;
};

struct arguments {
    const char *from, *to, *where, *output;
    bool zstd;
};

static enum tv_status write_all(struct export *export, struct tv_str bytes, struct tv_error *err)
{
    while (bytes.len) {
        ssize_t wrote = write(export->fd, bytes.ptr, bytes.len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return tv_fail(err, errno == ENOSPC ? TV_FULL : TV_IO, "cannot write '%s': %s",
                    export->path, strerror(errno));
        bytes.ptr += wrote;
        bytes.len -= (size_t)wrote;
        export->bytes += (size_t)wrote;
    }
    return TV_OK;
}

static enum tv_status flush_chunk(struct export *export, struct tv_error *err)
{
    struct tv_str bytes = tv_buf_str(&export->chunk);
    tv_buf_clear(&export->packed);
    if (export->zstd && bytes.len) {
        tv_zstd_compress(bytes, ZSTD_LEVEL, &export->packed);
        bytes = tv_buf_str(&export->packed);
    }
    enum tv_status status = write_all(export, bytes, err);
    tv_buf_clear(&export->chunk);
    return status;
}

static int by_time(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return (left->arrival > right->arrival) - (left->arrival < right->arrival);
}

/* Takes the first `count` lines off; the others' texts move to the front. */
static void drop_lines(struct export *export, size_t count)
{
    struct tv_buf kept = {0};
    export->count -= count;
    memmove(export->lines, export->lines + count, export->count * sizeof *export->lines);
    for (size_t i = 0; i < export->count; i++) {
        struct line *line = &export->lines[i];
        size_t at = kept.len;
        tv_buf_append(&kept, export->texts.data + line->at, line->length);
        line->at = at;
    }
    tv_buf_release(&export->texts);
    export->texts = kept;
}

/* Writes what is earlier than `bound`, or, if too much waits, half of it. */
static enum tv_status release_lines(struct export *export, int64_t bound, struct tv_error *err)
{
    enum tv_status status = TV_OK;
    bool full = export->texts.len > PENDING_BYTES;
    size_t ready = 0;
    if (export->count == 0 || (export->earliest >= bound && bound != INT64_MAX && !full))
        return TV_OK;
    qsort(export->lines, export->count, sizeof *export->lines, by_time);
    while (ready < export->count && (export->lines[ready].time < bound || bound == INT64_MAX))
        ready++;
    if (full && ready < export->count / 2) {
        export->disordered = true;
        ready = export->count / 2;
    }
    for (size_t i = 0; i < ready && status == TV_OK; i++) {
        tv_buf_append(
                &export->chunk, export->texts.data + export->lines[i].at, export->lines[i].length);
        export->events++;
        if (export->chunk.len >= CHUNK_BYTES)
            status = flush_chunk(export, err);
    }
    if (ready)
        drop_lines(export, ready);
    export->earliest = export->count ? export->lines[0].time : INT64_MAX;
    return status;
}

/* A line break inside can only be white space of an array that is kept as it was sent. */
static void add_row(struct export *export, const struct tv_batch *batch, uint32_t row)
{
    struct tv_json_out json = {.out = &export->texts};
    size_t at = export->texts.len;
    tv_json_object(&json);
    tv_event_json_document(&json, batch, row);
    tv_json_end(&json);
    for (size_t i = at; i < export->texts.len; i++)
        if (export->texts.data[i] == '\n' || export->texts.data[i] == '\r')
            export->texts.data[i] = ' ';
    tv_buf_append_char(&export->texts, '\n');
    if (export->count == export->cap) {
        export->cap = tv_grown(export->cap, export->count + 1, 1024);
        export->lines = tv_realloc_array(export->lines, export->cap, sizeof *export->lines);
    }
    int64_t time = tv_batch_i64(batch, TV_FIELD_TIME)[row];
    export->lines[export->count++] = (struct line){
            time, tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row], at, export->texts.len - at};
    export->earliest = time < export->earliest ? time : export->earliest;
}

static enum tv_status pull(struct export *export, struct tv_scan *scan, struct tv_error *err)
{
    struct tv_scan_batch batch;
    for (;;) {
        enum tv_status status = tv_scan_next(scan, &batch, err);
        if (status != TV_OK)
            return status;
        if (batch.count == 0)
            break;
        for (uint32_t i = 0; i < batch.count; i++)
            add_row(export, batch.batch, batch.rows[i]);
        status = release_lines(export, tv_scan_bound(scan), err);
        if (status != TV_OK)
            return status;
        if (tv_admin_progress_due(&export->progress))
            tv_admin_progress_tell(&export->progress, "%" PRIu64 " events", export->events);
    }
    enum tv_status status = release_lines(export, INT64_MAX, err);
    return status == TV_OK ? flush_chunk(export, err) : status;
}

static bool read_time(const char *text, int64_t *out)
{
    struct tv_str time = tv_str_of(text);
    return tv_time_parse_rfc3339(time, out) || tv_time_parse_local(time, 0, out) ||
            tv_time_parse_epoch(time, out);
}

static enum tv_status make_window(
        const struct arguments *arguments, struct tv_scan_spec *spec, struct tv_error *err)
{
    int64_t to = INT64_MAX;
    *spec = (struct tv_scan_spec){.to = INT64_MAX,
            .arrival_to = UINT64_MAX,
            .order = TV_SCAN_OLDEST,
            .columns = {.fields = (1u << TV_FIELD_COUNT) - 1, .all_attributes = true}};
    if (arguments->from && !read_time(arguments->from, &spec->from))
        return tv_fail(err, TV_BAD_INPUT,
                "--from takes a time such as 2024-01-15T15:40:00Z, not '%s'", arguments->from);
    if (arguments->to && !read_time(arguments->to, &to))
        return tv_fail(err, TV_BAD_INPUT,
                "--to takes a time such as 2024-01-15T15:40:00Z, not '%s'", arguments->to);
    if (arguments->to)
        spec->to = to - 1;
    return TV_OK;
}

static enum tv_status scan_all(struct export *export, struct tv_store *store,
        const struct tv_scan_spec *spec, struct tv_error *err)
{
    struct tv_snapshot *snapshot = tv_snapshot_take(store);
    struct tv_scan *scan = NULL;
    enum tv_status status = tv_scan_open(snapshot, spec, NULL, &scan, err);
    if (status == TV_OK)
        status = pull(export, scan, err);
    if (scan)
        tv_scan_close(scan);
    tv_snapshot_unref(snapshot);
    return status;
}

/* Events that could not be read must not be missed in silence. */
static enum tv_status tell_damage(struct tv_store *store, struct tv_error *err)
{
    struct tv_store_stats stats;
    tv_store_stats(store, &stats);
    if (stats.corrupt_segments == 0)
        return TV_OK;
    return tv_fail(err, TV_CORRUPT,
            "%" PRIu64 " segments are damaged and were left out; 'traversiond check' names them",
            stats.corrupt_segments);
}

static enum tv_status export_store(struct export *export, const struct tv_scan_spec *spec,
        const char *dir, struct tv_error *err)
{
    const struct tv_store_config config = {.dir = dir, .read_only = true, .pinned = true};
    struct tv_store *store = NULL;
    enum tv_status status = tv_store_open(&config, &store, err);
    if (status != TV_OK)
        return status;
    status = scan_all(export, store, spec, err);
    if (status == TV_OK)
        status = tell_damage(store, err);
    tv_store_close(store);
    return status;
}

static enum tv_status open_output(struct export *export, const char *output, struct tv_error *err)
{
    export->fd = STDOUT_FILENO;
    export->path = "-";
    if (!output || strcmp(output, "-") == 0)
        return TV_OK;
    export->path = output;
    export->fd = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (export->fd >= 0)
        return TV_OK;
    return tv_fail(err, errno == EEXIST ? TV_CONFLICT : TV_IO, "cannot make '%s': %s", output,
            strerror(errno));
}

static enum tv_status close_output(struct export *export, struct tv_error *err)
{
    if (export->fd < 0 || export->fd == STDOUT_FILENO)
        return TV_OK;
    bool flushed = fsync(export->fd) == 0 || errno == EINVAL || errno == EROFS;
    if (close(export->fd) == 0 && flushed)
        return TV_OK;
    return tv_fail(err, TV_IO, "cannot write '%s': %s", export->path, strerror(errno));
}

static enum tv_status run(
        const struct arguments *arguments, const struct tv_config *config, struct tv_error *err)
{
    struct export export = {.fd = -1,
            .zstd = arguments->zstd,
            .earliest = INT64_MAX,
            .progress = {.name = "export"}};
    struct tv_condition *condition = NULL;
    struct tv_scan_spec spec;
    struct tv_error late;
    enum tv_status status = make_window(arguments, &spec, err);
    if (status == TV_OK && arguments->where)
        status = tv_condition_prepare(tv_str_of(arguments->where), tv_time_now(), &condition, err);
    if (condition)
        spec.where = tv_condition_pred(condition);
    if (status == TV_OK)
        status = open_output(&export, arguments->output, err);
    if (status == TV_OK)
        status = export_store(&export, &spec, config->data_dir, err);
    tv_admin_progress_end(&export.progress);
    if (close_output(&export, &late) != TV_OK && status == TV_OK) {
        *err = late;
        status = late.status;
    }
    if (status == TV_OK)
        (void)fprintf(stderr, "%" PRIu64 " events, %" PRIu64 " bytes%s\n", export.events,
                export.bytes, export.disordered ? "; not in the order of time throughout" : "");
    tv_condition_free(condition);
    tv_buf_release(&export.chunk);
    tv_buf_release(&export.packed);
    tv_buf_release(&export.texts);
    free(export.lines);
    return status;
}

int tv_export_command(int argc, char *const *argv)
{
    struct arguments arguments = {0};
    const struct tv_command_flag flags[] = {
            {"from", &arguments.from, NULL},
            {"to", &arguments.to, NULL},
            {"where", &arguments.where, NULL},
            {"output", &arguments.output, NULL},
            {"zstd", NULL, &arguments.zstd},
            {0},
    };
    struct tv_config config;
    struct tv_error err;
    if (tv_command_read(argc, argv, flags, &config, &err) != TV_OK)
        return tv_command_fail("export", &err);
    int code = 0;
    if (config.help)
        (void)fputs(usage, stdout);
    else if (run(&arguments, &config, &err) != TV_OK)
        code = tv_command_fail("export", &err);
    tv_config_release(&config);
    return code;
}
