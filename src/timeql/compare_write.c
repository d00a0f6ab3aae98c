/* SPDX-License-Identifier: Apache-2.0 */
/* COMPARE's answer. Its rows are the metrics: one for each service and measure of which either side
 * knows a value; the rest of the answer is JSON's.
 *
 * A service is there if it had events in the side's window, for one that was seen once is known for
 * ever. So `added` began to send, `removed` fell silent, `modified` was there both times and is of
 * another health, version or set of instances. */
#include "base/time.h"
#include "timeql/compare.h"

#include <math.h>
#include <stdlib.h>

struct metric_row {
    struct tv_str service, metric;
    struct tv_value before, after;
};

static const struct tv_column metric_columns[] = {
        {.name = {"service", 7}, .kind = TV_AS_STRING},
        {.name = {"metric", 6}, .kind = TV_AS_STRING},
        {.name = {"before", 6}, .kind = TV_AS_NUMBER},
        {.name = {"after", 5}, .kind = TV_AS_NUMBER},
        {.name = {"change", 6}, .kind = TV_AS_NUMBER},
        {.name = {"changePercent", 13}, .kind = TV_AS_NUMBER, .unit = "%"},
};

/* after − before; NULL unless both are there. */
static struct tv_value difference(struct tv_value before, struct tv_value after)
{
    double a = 0;
    double b = 0;
    if (!tv_value_number(before, &b) || !tv_value_number(after, &a))
        return tv_value_null();
    return tv_value_f64(a - b);
}

/* NULL of nothing, and of 0, of which nothing is a percentage. */
static struct tv_value per_cent(struct tv_value before, struct tv_value after)
{
    struct tv_value change = difference(before, after);
    double base = 0;
    if (change.type == TV_TYPE_NULL || !tv_value_number(before, &base) || base == 0)
        return tv_value_null();
    return tv_value_f64(change.f / fabs(base) * 100);
}

static void metric_cells(const void *item, struct tv_arena *arena, struct tv_value *out)
{
    const struct metric_row *row = item;
    (void)arena;
    out[0] = tv_value_str(row->service);
    out[1] = tv_value_str(row->metric);
    out[2] = row->before;
    out[3] = row->after;
    out[4] = difference(row->before, row->after);
    out[5] = per_cent(row->before, row->after);
}

static const struct tv_answer_list metric_list = {
        .member = "metrics",
        .columns = metric_columns,
        .column_count = sizeof(metric_columns) / sizeof(metric_columns[0]),
        .cells = metric_cells,
};

static const struct tv_service_state *find_service(
        const struct tv_state_list *list, struct tv_str name)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = tv_str_compare(list->items[middle]->name, name);
        if (order == 0)
            return list->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int by_text(const void *left, const void *right)
{
    return tv_str_compare(*(const struct tv_str *)left, *(const struct tv_str *)right);
}

/* Sorts texts and drops those that stand twice; returns how many are left. */
static size_t sort_once(struct tv_str *texts, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(texts, count, sizeof(*texts), by_text);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !tv_str_equal(texts[kept - 1], texts[i]))
            texts[kept++] = texts[i];
    return kept;
}

/* Names on either side, sorted, each once; in the run's arena. */
static struct tv_str *services_of_both(
        const struct tv_compare_half *before, const struct tv_compare_half *after, size_t *count)
{
    size_t most = before->shown.count + after->shown.count;
    struct tv_str *names = tv_arena_calloc(&before->exec->arena, most + 1, sizeof(*names));
    size_t n = 0;
    for (size_t i = 0; i < before->shown.count; i++)
        names[n++] = before->shown.items[i]->name;
    for (size_t i = 0; i < after->shown.count; i++)
        names[n++] = after->shown.items[i]->name;
    *count = sort_once(names, n);
    return names;
}

/* What is compared: FOR's fields in their order; without FOR every derived field, then every number
 * that was measured, by name. */
static struct tv_str *measures(
        const struct tv_compare_half *before, const struct tv_compare_half *after, size_t *count)
{
    struct tv_exec *exec = before->exec;
    const struct tv_query *query = exec->query;
    size_t derived_count;
    const struct tv_derived_name *derived = tv_derived_names(&derived_count);
    size_t room =
            query->measure_count + derived_count + before->measured_count + after->measured_count;
    struct tv_str *names = tv_arena_calloc(&exec->arena, room + 1, sizeof(*names));
    *count = 0;
    for (size_t i = 0; i < query->measure_count; i++)
        names[(*count)++] = query->measures[i].written.name;
    if (query->measure_count > 0)
        return names;
    for (size_t i = 0; i < derived_count; i++)
        if (!derived[i].synonym)
            names[(*count)++] = derived[i].name;
    struct tv_str *stored = names + *count;
    size_t n = 0;
    for (size_t i = 0; i < before->measured_count; i++)
        stored[n++] = before->measured[i].metric;
    for (size_t i = 0; i < after->measured_count; i++)
        stored[n++] = after->measured[i].metric;
    *count += sort_once(stored, n);
    return names;
}

static struct tv_value value_of(
        const struct tv_compare_half *half, struct tv_str service, struct tv_str metric)
{
    enum tv_derived derived = tv_derived_of(metric);
    if (derived == TV_DERIVED_NONE)
        return tv_compare_value(half, service, metric);
    const struct tv_service_state *state = find_service(&half->shown, service);
    bool there = state && (state->in_window || state->traffic.requests > 0);
    return there ? tv_state_derived(&half->state, state, derived) : tv_value_null();
}

static void write_metrics(const struct tv_compare_half *before, const struct tv_compare_half *after)
{
    struct tv_exec *exec = before->exec;
    size_t service_count;
    size_t metric_count;
    struct tv_str *services = services_of_both(before, after, &service_count);
    struct tv_str *metrics = measures(before, after, &metric_count);
    uint64_t rows = 0;
    tv_answer_open(&exec->answer, &metric_list);
    for (size_t i = 0; i < service_count; i++) {
        for (size_t k = 0; k < metric_count; k++) {
            struct metric_row row = {services[i], metrics[k],
                    value_of(before, services[i], metrics[k]),
                    value_of(after, services[i], metrics[k])};
            if (row.before.type == TV_TYPE_NULL && row.after.type == TV_TYPE_NULL)
                continue;
            if (rows++ < exec->query->limit)
                tv_answer_item(&exec->answer, &row);
        }
    }
    tv_answer_close(&exec->answer);
    if (rows <= exec->query->limit || exec->query->limit_written)
        return;
    exec->truncated = true;
    tv_exec_warn(exec, "there are %llu metrics, the first %llu are shown", (unsigned long long)rows,
            (unsigned long long)exec->query->limit);
}

/* JSON's other parts. */

static void member(struct tv_json_out *json, const char *name, struct tv_value value)
{
    static const struct tv_column plain = {.kind = TV_AS_ANY};
    tv_json_key(json, name);
    tv_cell_json(json, &plain, value);
}

static void time_member(struct tv_json_out *json, const char *name, int64_t time)
{
    tv_json_key(json, name);
    tv_json_time(json, time);
}

static void write_half(struct tv_compare_half *half, const char *name, struct tv_json_out *json)
{
    tv_json_key(json, name);
    tv_json_object(json);
    if (half->side->moment)
        time_member(json, "time", half->side->to);
    time_member(json, "from", half->state.from);
    time_member(json, "to", half->state.at);
    tv_state_members(&half->state, &half->shown, json);
    tv_json_end(json);
}

static bool is_there(const struct tv_state_list *list, struct tv_str name)
{
    const struct tv_service_state *service = find_service(list, name);
    return service && (service->in_window || service->traffic.requests > 0);
}

/* The services there in `with` and not in `without`. */
static void write_only(struct tv_json_out *json, const char *name, const struct tv_state_list *with,
        const struct tv_state_list *without)
{
    tv_json_key(json, name);
    tv_json_array(json);
    for (size_t i = 0; i < with->count; i++)
        if (is_there(with, with->items[i]->name) && !is_there(without, with->items[i]->name))
            tv_json_str(json, with->items[i]->name);
    tv_json_end(json);
}

/* The instances as one text, sorted. */
static struct tv_str instances_text(struct tv_arena *arena, const struct tv_service_state *service)
{
    struct tv_buf out = {0};
    if (service->instance_count > 0)
        qsort(service->instances, service->instance_count, sizeof(*service->instances), by_text);
    for (size_t i = 0; i < service->instance_count; i++)
        tv_buf_printf(&out, "%s%.*s", i > 0 ? ", " : "", TV_STR_ARG(service->instances[i]));
    struct tv_str text = tv_arena_str(arena, tv_buf_str(&out));
    tv_buf_release(&out);
    return text;
}

enum { TRAITS = 3 };
static const char *const trait_names[TRAITS] = {"health", "version", "instances"};

static void traits_of(
        struct tv_arena *arena, const struct tv_service_state *service, struct tv_str out[TRAITS])
{
    out[0] = tv_str_of(tv_health_name(service->health));
    out[1] = service->version;
    out[2] = instances_text(arena, service);
}

static void write_text(struct tv_json_out *json, const char *name, struct tv_str text)
{
    member(json, name, text.len > 0 ? tv_value_str(text) : tv_value_null());
}

static void write_modified_service(struct tv_arena *arena, const struct tv_service_state *before,
        const struct tv_service_state *after, struct tv_json_out *json)
{
    struct tv_str was[TRAITS], is[TRAITS];
    bool open = false;
    traits_of(arena, before, was);
    traits_of(arena, after, is);
    for (size_t i = 0; i < TRAITS; i++) {
        if (tv_str_equal(was[i], is[i]))
            continue;
        if (!open) {
            tv_json_object(json);
            write_text(json, "service", after->name);
            tv_json_key(json, "fields");
            tv_json_array(json);
        }
        open = true;
        tv_json_object(json);
        tv_json_key(json, "field");
        tv_json_text(json, trait_names[i]);
        write_text(json, "before", was[i]);
        write_text(json, "after", is[i]);
        tv_json_end(json);
    }
    if (!open)
        return;
    tv_json_end(json);
    tv_json_end(json);
}

static void write_modified(const struct tv_compare_half *before,
        const struct tv_compare_half *after, struct tv_json_out *json)
{
    tv_json_key(json, "modified");
    tv_json_array(json);
    for (size_t i = 0; i < after->shown.count; i++) {
        const struct tv_service_state *is = after->shown.items[i];
        if (is_there(&after->shown, is->name) && is_there(&before->shown, is->name))
            write_modified_service(
                    &after->exec->arena, find_service(&before->shown, is->name), is, json);
    }
    tv_json_end(json);
}

static int most_frequent_first(const void *left, const void *right)
{
    const struct tv_error_kind *a = *(const struct tv_error_kind *const *)left;
    const struct tv_error_kind *b = *(const struct tv_error_kind *const *)right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    int order = tv_str_compare(a->service, b->service);
    return order ? order : tv_str_compare(a->text, b->text);
}

static void write_kind(const struct tv_error_kind *kind, struct tv_json_out *json)
{
    tv_json_object(json);
    member(json, "service", tv_value_str(kind->service));
    write_text(json, "eventType", kind->type);
    write_text(json, "message", kind->text);
    member(json, "count", tv_value_i64((int64_t)kind->count));
    time_member(json, "first", kind->first);
    time_member(json, "last", kind->last);
    member(json, "event", tv_value_str(kind->event));
    tv_json_end(json);
}

/* The kinds of errors in `with` that `without` has none of. */
static void write_kinds(const char *name, const struct tv_compare_half *with,
        const struct tv_compare_half *without, struct tv_json_out *json)
{
    struct tv_exec *exec = with->exec;
    const struct tv_error_kind **only = tv_arena_calloc(
            &exec->arena, with->kind_count + 1, sizeof(const struct tv_error_kind *));
    size_t count = 0;
    for (size_t i = 0; i < with->kind_count; i++)
        if (!tv_compare_kind(without, &with->kinds[i]))
            only[count++] = &with->kinds[i];
    qsort(only, count, sizeof(const struct tv_error_kind *), most_frequent_first);
    tv_json_key(json, name);
    tv_json_array(json);
    for (size_t i = 0; i < count && i < TV_COMPARE_KINDS_SHOWN; i++)
        write_kind(only[i], json);
    tv_json_end(json);
    if (count <= TV_COMPARE_KINDS_SHOWN)
        return;
    exec->truncated = true;
    tv_exec_warn(exec, "there are %zu kinds of errors %s, the %d most frequent are shown", count,
            name, TV_COMPARE_KINDS_SHOWN);
}

static void write_delta(const struct tv_compare_half *before, const struct tv_compare_half *after,
        struct tv_json_out *json)
{
    struct tv_state_totals was = tv_state_sum(&before->shown);
    struct tv_state_totals is = tv_state_sum(&after->shown);
    tv_json_key(json, "delta");
    tv_json_object(json);
    member(json, "services",
            tv_value_i64((int64_t)after->shown.count - (int64_t)before->shown.count));
    member(json, "events", tv_value_i64((int64_t)(after->state.events - before->state.events)));
    member(json, "errors", tv_value_i64((int64_t)(after->state.errors - before->state.errors)));
    member(json, "requests", tv_value_i64((int64_t)(is.traffic.requests - was.traffic.requests)));
    member(json, "requestRate",
            difference(tv_state_request_rate(&before->state, &was.traffic),
                    tv_state_request_rate(&after->state, &is.traffic)));
    member(json, "errorRate",
            difference(tv_state_error_rate(&was.traffic), tv_state_error_rate(&is.traffic)));
    member(json, "activeRequests", tv_value_i64((int64_t)(is.active - was.active)));
    tv_json_end(json);
}

static void write_changes(
        struct tv_compare_half *before, struct tv_compare_half *after, struct tv_json_out *json)
{
    tv_json_key(json, "changes");
    tv_json_object(json);
    tv_json_key(json, "services");
    tv_json_object(json);
    write_only(json, "added", &after->shown, &before->shown);
    write_only(json, "removed", &before->shown, &after->shown);
    write_modified(before, after, json);
    tv_json_end(json);
    write_metrics(before, after);
    tv_json_key(json, "errors");
    tv_json_object(json);
    write_kinds("added", after, before, json);
    write_kinds("resolved", before, after, json);
    tv_json_end(json);
    tv_json_end(json);
}

enum tv_status tv_compare_write(struct tv_compare_half *before, struct tv_compare_half *after)
{
    struct tv_exec *exec = before->exec;
    if (before->overfull || after->overfull)
        tv_exec_warn(
                exec, "there are more names than are held: some metrics or errors are missing");
    exec->truncated = exec->truncated || before->overfull || after->overfull;
    tv_exec_head(exec, "COMPARE");
    struct tv_json_out *json = tv_answer_json(&exec->answer);
    if (!json) {
        write_metrics(before, after);
        return tv_exec_end(exec);
    }
    write_half(before, "before", json);
    write_half(after, "after", json);
    write_changes(before, after, json);
    write_delta(before, after, json);
    return tv_exec_end(exec);
}
