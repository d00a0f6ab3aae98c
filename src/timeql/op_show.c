/* SPDX-License-Identifier: Apache-2.0 */
/* SHOW: what there is. Services come from the store's directory of last events, without reading a
 * segment, unless a window or condition asks about some events only. */
#include "base/mem.h"
#include "timeql/exec.h"
#include "timeql/group.h"
#include "timeql/top.h"

#include <stdlib.h>

/* Rows of cells under columns: what each SHOW makes. */
struct listing {
    const struct tv_column *columns;
    size_t column_count;
    struct tv_value *cells;
    size_t rows, cap;
};

static struct tv_value *add_row(struct listing *listing)
{
    if (listing->rows == listing->cap) {
        listing->cap = tv_grown(listing->cap, listing->rows + 1, 64);
        listing->cells = tv_realloc_array(
                listing->cells, listing->cap, listing->column_count * sizeof(*listing->cells));
    }
    struct tv_value *row = listing->cells + listing->rows++ * listing->column_count;
    for (size_t i = 0; i < listing->column_count; i++)
        row[i] = tv_value_null();
    return row;
}

struct row_item {
    const struct tv_value *cells;
    size_t count;
};

static void row_cells(const void *ptr, struct tv_arena *arena, struct tv_value *out)
{
    const struct row_item *item = ptr;
    (void)arena;
    memcpy(out, item->cells, item->count * sizeof(*out));
}

static enum tv_status write_listing(struct tv_exec *exec, struct listing *listing)
{
    size_t most = listing->rows < exec->query->limit ? listing->rows : (size_t)exec->query->limit;
    struct tv_answer_list list = {.member = "rows",
            .columns = listing->columns,
            .column_count = listing->column_count,
            .rows = true,
            .cells = row_cells};
    if (most < listing->rows && !exec->query->limit_written) {
        exec->truncated = true;
        tv_exec_warn(exec, "there are %zu rows, the first %zu are shown", listing->rows, most);
    }
    tv_exec_head(exec, "SHOW");
    tv_answer_open(&exec->answer, &list);
    for (size_t i = 0; i < most; i++) {
        struct row_item item = {listing->cells + i * listing->column_count, listing->column_count};
        tv_answer_item(&exec->answer, &item);
    }
    tv_answer_close(&exec->answer);
    return tv_exec_end(exec);
}

#define COLUMN(text, as)                                 \
    {                                                    \
        .name = {(text), sizeof(text) - 1}, .kind = (as) \
    }

static const struct tv_column service_columns[] = {COLUMN("service", TV_AS_STRING),
        COLUMN("instances", TV_AS_INTEGER), COLUMN("version", TV_AS_STRING),
        COLUMN("firstEvent", TV_AS_TIME), COLUMN("lastEvent", TV_AS_TIME),
        COLUMN("events", TV_AS_INTEGER), COLUMN("errors", TV_AS_INTEGER)};
static const struct tv_column host_columns[] = {COLUMN("host", TV_AS_STRING),
        COLUMN("services", TV_AS_INTEGER), COLUMN("firstEvent", TV_AS_TIME),
        COLUMN("lastEvent", TV_AS_TIME), COLUMN("events", TV_AS_INTEGER),
        COLUMN("errors", TV_AS_INTEGER)};
static const struct tv_column field_columns[] = {COLUMN("field", TV_AS_STRING),
        COLUMN("type", TV_AS_STRING), COLUMN("kind", TV_AS_STRING),
        COLUMN("segments", TV_AS_INTEGER)};
static const struct tv_column deploy_columns[] = {COLUMN("timestamp", TV_AS_TIME),
        COLUMN("service", TV_AS_STRING), COLUMN("eventType", TV_AS_STRING),
        COLUMN("name", TV_AS_STRING), COLUMN("version", TV_AS_STRING),
        COLUMN("message", TV_AS_STRING), COLUMN("eventId", TV_AS_STRING),
        COLUMN("arrival", TV_AS_STRING)};

enum service_column {
    SERVICE_NAME,
    SERVICE_INSTANCES,
    SERVICE_VERSION,
    SERVICE_FIRST,
    SERVICE_LAST,
    SERVICE_EVENTS,
    SERVICE_ERRORS
};

static int by_first_cell(const void *left, const void *right, void *ctx)
{
    (void)ctx;
    return tv_value_compare(*(const struct tv_value *)left, *(const struct tv_value *)right);
}

static void sort_listing(struct listing *listing)
{
    if (listing->rows == 0)
        return;
    qsort_r(listing->cells, listing->rows, listing->column_count * sizeof(struct tv_value),
            by_first_cell, NULL);
}

/* Adds an instance's figures to its service's row. */
static void merge_service(struct tv_value *row, const struct tv_last_seen *seen, bool added)
{
    if (added) {
        row[SERVICE_NAME] = tv_value_str(seen->service);
        row[SERVICE_INSTANCES] = tv_value_i64(0);
        row[SERVICE_FIRST] = tv_value_i64(seen->first);
        row[SERVICE_LAST] = tv_value_i64(seen->last);
        row[SERVICE_EVENTS] = tv_value_i64(0);
        row[SERVICE_ERRORS] = tv_value_i64(0);
    }
    row[SERVICE_INSTANCES].i += seen->instance.len > 0;
    row[SERVICE_EVENTS].i += (int64_t)seen->events;
    row[SERVICE_ERRORS].i += (int64_t)seen->errors;
    if (seen->first < row[SERVICE_FIRST].i)
        row[SERVICE_FIRST].i = seen->first;
    bool newer = seen->last >= row[SERVICE_LAST].i;
    if (newer)
        row[SERVICE_LAST].i = seen->last;
    if (seen->version.len > 0 && (newer || row[SERVICE_VERSION].type == TV_TYPE_NULL))
        row[SERVICE_VERSION] = tv_value_str(seen->version);
}

static enum tv_status list_seen(struct tv_exec *exec, struct listing *listing)
{
    struct tv_last_seen_spec spec = {exec->query->to, exec->arrival_to, exec->cancel};
    struct tv_last_seen_list seen = {0};
    struct tv_map rows = {0};
    enum tv_status status =
            tv_snapshot_last_seen(exec->snapshot, &spec, &exec->arena, &seen, exec->err);
    for (size_t i = 0; status == TV_OK && i < seen.count; i++) {
        bool added;
        uint64_t *row = tv_map_put(&rows, seen.items[i].service, &added);
        if (added) {
            *row = listing->rows;
            (void)add_row(listing);
        }
        merge_service(listing->cells + *row * listing->column_count, &seen.items[i], added);
    }
    tv_map_release(&rows);
    return status;
}

/* Counting by name over a scan: services with their instances, hosts with their services. */
struct census {
    struct tv_exec *exec;
    enum tv_field by, members;
    struct tv_map rows, pairs;
    struct census_row {
        struct tv_str name;
        int64_t first, last;
        uint64_t events, errors, members;
    } * items;
    size_t count, cap;
    struct tv_pred *is_error;
    struct tv_arena scratch;
};

static struct census_row *census_row(struct census *census, struct tv_str name)
{
    bool added;
    uint64_t *index = tv_map_put_copy(&census->rows, &census->exec->arena, name, &added);
    if (added) {
        *index = census->count;
        if (census->count == census->cap) {
            census->cap = tv_grown(census->cap, census->count + 1, 32);
            census->items = tv_realloc_array(census->items, census->cap, sizeof(*census->items));
        }
        census->items[census->count++] =
                (struct census_row){.name = census->rows.entries[census->rows.count - 1].key,
                        .first = INT64_MAX,
                        .last = INT64_MIN};
    }
    return &census->items[*index];
}

/* Counts a member ("instance" of a service) once. */
static void census_member(struct census *census, struct census_row *row, struct tv_str member)
{
    bool added;
    if (member.len == 0)
        return;
    struct tv_str key = tv_arena_printf(
            &census->scratch, "%.*s\n%.*s", TV_STR_ARG(row->name), TV_STR_ARG(member));
    tv_map_put_copy(&census->pairs, &census->exec->arena, key, &added);
    row->members += added;
}

static enum tv_status census_batch(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct census *census = ctx;
    (void)bound;
    (void)stop;
    const uint32_t *codes = tv_batch_codes(in->batch, census->by);
    const uint32_t *members = tv_batch_codes(in->batch, census->members);
    const int64_t *times = tv_batch_i64(in->batch, TV_FIELD_TIME);
    uint32_t *errors = tv_arena_calloc(&census->scratch, (size_t)in->count + 1, sizeof(*errors));
    memcpy(errors, in->rows, in->count * sizeof(*errors));
    uint32_t error_count =
            tv_pred_filter(census->is_error, in->batch, errors, in->count, &census->scratch);
    uint32_t next = 0;
    uint32_t last_member = UINT32_MAX;
    uint32_t last_code = 0;
    struct census_row *row = NULL;
    for (uint32_t i = 0; codes && i < in->count; i++) {
        uint32_t at = in->rows[i];
        bool error = next < error_count && errors[next] == at;
        next += error;
        if (codes[at] == 0)
            continue;
        if (codes[at] != last_code)
            row = census_row(census, tv_strings_get(&in->batch->strings, codes[at]));
        uint32_t member = members ? members[at] : 0;
        if (codes[at] != last_code || member != last_member)
            census_member(census, row, tv_strings_get(&in->batch->strings, member));
        last_code = codes[at];
        last_member = member;
        row->events++;
        row->errors += error;
        row->first = times[at] < row->first ? times[at] : row->first;
        row->last = times[at] > row->last ? times[at] : row->last;
    }
    tv_arena_release(&census->scratch);
    return TV_OK;
}

static void census_listing(const struct census *census, struct listing *listing)
{
    bool services = census->by == TV_FIELD_SERVICE;
    for (size_t i = 0; i < census->count; i++) {
        const struct census_row *item = &census->items[i];
        struct tv_value *row = add_row(listing);
        row[0] = tv_value_str(item->name);
        row[1] = tv_value_i64((int64_t)item->members);
        row += services; /* the version is not told by a window */
        row[2] = tv_value_i64(item->first);
        row[3] = tv_value_i64(item->last);
        row[4] = tv_value_i64((int64_t)item->events);
        row[5] = tv_value_i64((int64_t)item->errors);
    }
}

static enum tv_status list_census(
        struct tv_exec *exec, enum tv_field by, enum tv_field members, struct listing *listing)
{
    struct census census = {.exec = exec, .by = by, .members = members};
    census.is_error = tv_pred_compare(&exec->arena, tv_field_resolve(TV_STR("error_occurred")),
            TV_OP_EQ, tv_value_bool(true));
    enum tv_status status = tv_exec_scan(exec, &exec->plan.scans[0], census_batch, &census);
    if (status == TV_OK)
        census_listing(&census, listing);
    tv_map_release(&census.rows);
    tv_map_release(&census.pairs);
    tv_arena_release(&census.scratch);
    free(census.items);
    return status;
}

static enum tv_status list_fields(struct tv_exec *exec, struct listing *listing)
{
    static const char *const types[] = {"null", "boolean", "integer", "number", "string", "json"};
    struct tv_known_attribute *known = NULL;
    size_t count = 0;
    enum tv_status status =
            tv_snapshot_attributes(exec->snapshot, &exec->arena, &known, &count, exec->err);
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        struct tv_field_ref ref = tv_field_ref_fixed((enum tv_field)i);
        struct tv_column column = tv_column_of(ref.name, ref);
        struct tv_value *row = add_row(listing);
        row[0] = tv_value_str(ref.name);
        row[1] = tv_value_str(tv_str_of(tv_column_kind_name(column.kind)));
        row[2] = tv_value_str(TV_STR("field"));
    }
    for (size_t i = 0; status == TV_OK && i < count; i++) {
        struct tv_value *row = add_row(listing);
        row[0] = tv_value_str(known[i].name);
        row[1] = tv_value_str(tv_str_of(types[known[i].type]));
        row[2] = tv_value_str(TV_STR("attribute"));
        row[3] = tv_value_i64((int64_t)known[i].segments);
    }
    return status;
}

static enum tv_status keep_change(
        void *ctx, const struct tv_scan_batch *batch, int64_t bound, bool *stop)
{
    tv_top_add(ctx, batch, bound, stop);
    return TV_OK;
}

static struct tv_value version_of(const struct tv_batch *batch, uint32_t row)
{
    size_t count;
    const struct tv_str *names = tv_version_attributes(&count);
    for (size_t i = 0; i < count; i++) {
        uint32_t attr = tv_batch_find_attr(batch, names[i]);
        struct tv_value value =
                attr == UINT32_MAX ? tv_value_null() : tv_batch_attr_value(batch, attr, row);
        if (value.type != TV_TYPE_NULL)
            return value;
    }
    return tv_value_null();
}

static void deploy_row(
        struct tv_exec *exec, const struct tv_batch *batch, uint32_t row, struct tv_value *out)
{
    static const enum tv_field fields[] = {TV_FIELD_TIME, TV_FIELD_SERVICE, TV_FIELD_TYPE,
            TV_FIELD_NAME, TV_FIELD_COUNT, TV_FIELD_MESSAGE, TV_FIELD_EVENT_ID, TV_FIELD_ARRIVAL};
    struct tv_scan_batch one = {.batch = batch, .rows = &row, .count = 1};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i] == TV_FIELD_COUNT) {
            out[i] = version_of(batch, row);
            continue;
        }
        struct tv_field_ref ref = tv_field_ref_fixed(fields[i]);
        tv_gather(&one, &ref, &exec->arena, &out[i]);
    }
}

/* Newest first; the rows borrow `top`. */
static enum tv_status list_deploys(
        struct tv_exec *exec, struct tv_top *top, struct listing *listing)
{
    enum tv_status status = tv_exec_scan(exec, &exec->plan.scans[0], keep_change, top);
    tv_top_finish(top);
    for (uint32_t i = 0; status == TV_OK && i < top->count; i++)
        deploy_row(exec, top->kept, top->sorted[i], add_row(listing));
    if (top->dropped && !exec->query->limit_written) {
        exec->truncated = true;
        tv_exec_warn(exec, "only the last %u changes are shown", top->count);
    }
    return status;
}

enum tv_status tv_op_show(struct tv_exec *exec)
{
    static const struct {
        const struct tv_column *columns;
        size_t count;
    } shapes[TV_SHOW_COUNT] = {
            [TV_SHOW_SERVICES] = {service_columns,
                    sizeof(service_columns) / sizeof(service_columns[0])},
            [TV_SHOW_FIELDS] = {field_columns, sizeof(field_columns) / sizeof(field_columns[0])},
            [TV_SHOW_HOSTS] = {host_columns, sizeof(host_columns) / sizeof(host_columns[0])},
            [TV_SHOW_DEPLOYS] = {deploy_columns,
                    sizeof(deploy_columns) / sizeof(deploy_columns[0])},
    };
    enum tv_show show = exec->query->ast->show;
    struct tv_select_order newest = {.descending = true, .ref = tv_field_ref_fixed(TV_FIELD_TIME)};
    struct listing listing = {.columns = shapes[show].columns, .column_count = shapes[show].count};
    struct tv_top top;
    enum tv_status status;
    tv_top_init(&top, exec->query->limit, &newest, 1);
    if (show == TV_SHOW_FIELDS)
        status = list_fields(exec, &listing);
    else if (show == TV_SHOW_DEPLOYS)
        status = list_deploys(exec, &top, &listing);
    else if (show == TV_SHOW_HOSTS)
        status = list_census(exec, TV_FIELD_HOST, TV_FIELD_SERVICE, &listing);
    else if (exec->plan.count > 0)
        status = list_census(exec, TV_FIELD_SERVICE, TV_FIELD_INSTANCE, &listing);
    else
        status = list_seen(exec, &listing);
    if (show == TV_SHOW_SERVICES || show == TV_SHOW_HOSTS)
        sort_listing(&listing);
    if (status == TV_OK)
        status = write_listing(exec, &listing);
    tv_top_release(&top);
    free(listing.cells);
    return status;
}
