/* SPDX-License-Identifier: Apache-2.0 */
/* Running a query: AS OF becomes an arrival number, the plan is made, the statement's operator runs.
 * What was named but is not known to the store is told as a warning, with the nearest known name. */
#include "timeql/exec.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>

void tv_exec_warn(struct tv_exec *exec, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (size_t i = 0; i < exec->warning_count; i++)
        if (tv_str_equal(exec->warnings[i], tv_str_of(text)))
            return;
    if (exec->warning_count == exec->warning_cap) {
        exec->warning_cap = exec->warning_cap ? exec->warning_cap * 2 : 8;
        exec->warnings = tv_arena_grow(&exec->arena, exec->warnings, exec->warning_count,
                exec->warning_cap, sizeof(*exec->warnings));
    }
    exec->warnings[exec->warning_count++] = tv_arena_str(&exec->arena, tv_str_of(text));
}

static double ms_since(int64_t start_ns)
{
    return (double)(tv_time_monotonic() - start_ns) / (double)TV_NS_PER_MS;
}

static struct tv_scan_note *new_note(struct tv_exec *exec, const char *name)
{
    struct tv_scan_note *note = tv_arena_calloc(&exec->arena, 1, sizeof(*note));
    note->name = name;
    if (exec->last_note)
        exec->last_note->next = note;
    else
        exec->notes = note;
    exec->last_note = note;
    return note;
}

void tv_exec_note(struct tv_exec *exec, const char *name, const struct tv_scan_stats *stats,
        int64_t started_ns)
{
    struct tv_scan_note *note = new_note(exec, name);
    note->stats = *stats;
    note->ms = ms_since(started_ns);
    exec->noted_ms += note->ms;
    tv_scan_stats_add(&exec->stats, stats);
}

/* A deadline with something to show ends the scan instead of the query. */
static enum tv_status soften(struct tv_exec *exec, enum tv_status status)
{
    if (status != TV_TIMEOUT || exec->rows_seen == 0)
        return status;
    exec->timed_out = true;
    exec->truncated = true;
    tv_exec_warn(exec, "the time limit was reached: this answer is partial");
    return TV_OK;
}

/* Whether this and all scans before it have read as much as the request allows; the answer says so. */
static bool is_spent(struct tv_exec *exec, const struct tv_scan *scan)
{
    struct tv_scan_stats stats;
    tv_scan_stats(scan, &stats);
    uint64_t most = exec->query->bytes_max;
    if (exec->stats.bytes + stats.bytes < most)
        return false;
    exec->truncated = true;
    tv_exec_warn(exec,
            "the %llu bytes of maxBytes were read, and nothing more: this answer is partial",
            (unsigned long long)most);
    return true;
}

static enum tv_status drain(struct tv_exec *exec, struct tv_scan *scan, tv_exec_batch_fn *each,
        void *ctx, struct tv_scan_note *note)
{
    bool stop = false;
    while (!stop) {
        struct tv_scan_batch batch;
        enum tv_status status = tv_cancel_check(exec->cancel);
        if (status == TV_OK)
            status = tv_scan_next(scan, &batch, exec->err);
        if (status != TV_OK)
            return soften(exec, status);
        if (batch.count == 0)
            return TV_OK;
        note->rows += batch.count;
        exec->rows_seen += batch.count;
        status = each(ctx, &batch, tv_scan_bound(scan), &stop);
        if (status != TV_OK)
            return soften(exec, status);
        stop = stop || is_spent(exec, scan);
    }
    return TV_OK;
}

enum tv_status tv_exec_scan(struct tv_exec *exec, const struct tv_planned_scan *planned,
        tv_exec_batch_fn *each, void *ctx)
{
    struct tv_scan *scan = NULL;
    int64_t start = tv_time_monotonic();
    double noted_ms = exec->noted_ms;
    struct tv_scan_note *note = new_note(exec, planned->name);
    enum tv_status status =
            tv_scan_open(exec->snapshot, &planned->spec, exec->cancel, &scan, exec->err);
    if (status != TV_OK)
        return soften(exec, status);
    status = drain(exec, scan, each, ctx, note);
    tv_scan_stats(scan, &note->stats);
    tv_scan_close(scan);
    note->ms = ms_since(start) - (exec->noted_ms - noted_ms);
    exec->noted_ms += note->ms;
    tv_scan_stats_add(&exec->stats, &note->stats);
    return status;
}

/* The window that the answer shows: the statement's, or all that is stored. */
static void shown_window(const struct tv_exec *exec, int64_t *from, int64_t *to)
{
    const struct tv_query *query = exec->query;
    *from = query->from;
    *to = query->to;
    if (query->windowed)
        return;
    int64_t now = query->compiler.clock.now_ns;
    *from = tv_snapshot_oldest(exec->snapshot);
    *to = tv_snapshot_newest(exec->snapshot);
    if (*from == TV_ABSENT_I64 || *to == TV_ABSENT_I64)
        *from = *to = now;
}

void tv_exec_head(struct tv_exec *exec, const char *type)
{
    int64_t from;
    int64_t to;
    shown_window(exec, &from, &to);
    tv_answer_head(&exec->answer, type, from, to);
}

enum tv_status tv_exec_end(struct tv_exec *exec)
{
    uint64_t damaged = tv_snapshot_damaged(exec->snapshot);
    if (damaged > 0)
        tv_exec_warn(exec, "%llu segment%s of the store cannot be read: events may be missing here",
                (unsigned long long)damaged, damaged == 1 ? "" : "s");
    struct tv_answer_end end = {.warnings = exec->warnings,
            .warning_count = exec->warning_count,
            .truncated = exec->truncated,
            .segments = exec->stats.segments_read,
            .events = exec->stats.events,
            .bytes = exec->stats.bytes,
            .took_ms = ms_since(exec->started_ns)};
    return tv_answer_end(&exec->answer, &end);
}

/* Names that a mistyped one may have meant: attributes stored, fields, computed ones. */
static size_t candidates(const struct tv_known_attribute *known, size_t count, struct tv_str *out)
{
    static const char *const computed[] = {"error_occurred", "cpu", "memory", "disk", "duration"};
    size_t n = 0;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        out[n++] = tv_str_of(tv_field_name((enum tv_field)i));
    for (size_t i = 0; i < sizeof(computed) / sizeof(computed[0]); i++)
        out[n++] = tv_str_of(computed[i]);
    for (size_t i = 0; i < count; i++)
        out[n++] = known[i].name;
    return n;
}

static bool is_known(struct tv_str name, const struct tv_known_attribute *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tv_str_equal(known[i].name, name))
            return true;
    return false;
}

static void warn_unknown(struct tv_exec *exec, struct tv_str name,
        const struct tv_known_attribute *known, size_t count)
{
    if (is_known(name, known, count))
        return;
    struct tv_str *names = tv_arena_calloc(&exec->arena, count + 64, sizeof(*names));
    int nearest = tv_str_nearest(name, names, candidates(known, count, names));
    name = tv_utf8_prefix(name, 128);
    if (nearest >= 0)
        tv_exec_warn(exec, "no event has a field '%.*s'; did you mean '%.*s'?", TV_STR_ARG(name),
                TV_STR_ARG(names[nearest]));
    else
        tv_exec_warn(exec, "no event has a field '%.*s'", TV_STR_ARG(name));
}

static enum tv_status check_names(struct tv_exec *exec)
{
    const struct tv_compiler *compiler = &exec->query->compiler;
    struct tv_known_attribute *known = NULL;
    size_t count = 0;
    if (compiler->name_count == 0)
        return TV_OK;
    enum tv_status status =
            tv_snapshot_attributes(exec->snapshot, &exec->arena, &known, &count, exec->err);
    if (status != TV_OK)
        return status;
    for (size_t i = 0; i < compiler->name_count; i++)
        warn_unknown(exec, compiler->names[i], known, count);
    return TV_OK;
}

static enum tv_status resolve_as_of(struct tv_exec *exec)
{
    exec->arrival_to = UINT64_MAX;
    if (!exec->query->has_as_of)
        return TV_OK;
    return tv_snapshot_arrival_at(exec->snapshot, exec->query->as_of, &exec->arrival_to, exec->err);
}

static enum tv_status execute(struct tv_exec *exec)
{
    const struct tv_compiler *compiler = &exec->query->compiler;
    for (size_t i = 0; i < compiler->warning_count; i++)
        tv_exec_warn(exec, "%.*s", TV_STR_ARG(compiler->warnings[i]));
    enum tv_status status = resolve_as_of(exec);
    if (status == TV_OK)
        status = check_names(exec);
    if (status != TV_OK)
        return status;
    tv_plan_make(exec);
    if (exec->query->ast->explain)
        return tv_op_explain(exec);
    return tv_operator_of(exec->query->ast->statement)(exec);
}

enum tv_status tv_query_run(
        struct tv_query *query, const struct tv_query_run *run, struct tv_error *err)
{
    struct tv_error unread;
    struct tv_exec exec = {.query = query,
            .snapshot = run->snapshot,
            .cancel = run->cancel,
            .err = err ? err : &unread,
            .started_ns = tv_time_monotonic()};
    tv_answer_init(&exec.answer, query->format, run);
    exec.err->status = TV_OK;
    enum tv_status status = execute(&exec);
    if (status != TV_OK && exec.err->status != status)
        tv_fail(exec.err, status, "%s",
                status == TV_TIMEOUT ? "the time limit was reached before anything was found"
                        : status == TV_CANCELLED ? "the query was cancelled"
                                                 : "the answer could not be written");
    tv_answer_release(&exec.answer);
    tv_arena_release(&exec.arena);
    return status;
}
