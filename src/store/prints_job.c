/* SPDX-License-Identifier: Apache-2.0 */
/* Making prints.
 *
 * Two kinds of work, each one transaction: eight full segments that no prints cover get a row of
 * their own, read from their columns; and rows with few members become one, up to 64 members, which
 * copies fingerprints and reads no segment. So a fingerprint is written twice, and a look-up among n
 * segments reads about n / 64 + 14 buckets. Segments that will be merged soon are left alone: their
 * own filters answer for them. Members that are gone leave their fingerprints behind; a row is merged
 * again when half of its members went, and dies with the last.
 *
 * The transaction need not reach the disk at once, for without it the prints are made again. */
#include "store/job_internal.h"

#include "base/mem.h"
#include "store/filter.h"
#include "store/prints_list.h"
#include "store/view.h"

#include <stdlib.h>

enum {
    FEW_MEMBERS = TV_PRINTS_MEMBERS_MAX / 2,
    NEARLY_FULL = TV_PRINTS_MEMBERS_MAX - TV_PRINTS_FAN_IN,
    VALUES_MAX = TV_SEGMENT_ROWS_MAX * 3 / 2 /* distinct ones of a segment; else it is not valued */
};

static void find_uncovered(struct tv_store *store, struct tv_store_job *job)
{
    const struct tv_segment_list *list = store->segments;
    for (size_t i = 0; i < list->count && job->old_count < TV_PRINTS_FAN_IN; i++) {
        struct tv_segment *segment = list->items[i];
        if (segment->extent.rows >= store->prints_rows_min && !atomic_load(&segment->corrupt) &&
                !tv_prints_list_find(store->prints, segment->id))
            job->old[job->old_count++] = tv_segment_ref(segment);
    }
    if (job->old_count == TV_PRINTS_FAN_IN)
        return;
    while (job->old_count > 0)
        tv_segment_unref(job->old[--job->old_count]);
}

static void take_row(struct tv_store_job *job, struct tv_prints *prints, uint64_t live)
{
    job->prints_live[job->prints_count] = live;
    job->prints[job->prints_count++] = tv_prints_ref(prints);
}

/* These go before their members are covered anew, or a segment would be in two rows. */
static void find_damaged(struct tv_store *store, struct tv_store_job *job)
{
    const struct tv_prints_list *list = store->prints;
    for (size_t i = 0; list && i < list->count && job->prints_count < TV_PRINTS_FAN_IN; i++)
        if (atomic_load(&list->items[i]->corrupt))
            take_row(job, list->items[i], 0);
}

/* Rows with few members that fit into one. */
static void find_rows(struct tv_store *store, struct tv_store_job *job)
{
    const struct tv_prints_list *list = store->prints;
    int members = 0;
    for (size_t i = 0; list && i < list->count && job->prints_count < TV_PRINTS_FAN_IN; i++) {
        uint64_t live = tv_prints_live(list->items[i], store->segments);
        int count = __builtin_popcountll(live);
        if (count > FEW_MEMBERS || members + count > TV_PRINTS_MEMBERS_MAX)
            continue;
        members += count;
        take_row(job, list->items[i], live);
    }
    if (job->prints_count == TV_PRINTS_FAN_IN || members > NEARLY_FULL)
        return;
    while (job->prints_count > 0)
        tv_prints_unref(job->prints[--job->prints_count]);
}

bool tv_prints_due(struct tv_store *store, struct tv_store_job *job)
{
    if (!store->prints_wanted)
        return false;
    find_damaged(store, job);
    if (job->prints_count == 0)
        find_uncovered(store, job);
    if (job->prints_count == 0 && job->old_count == 0)
        find_rows(store, job);
    store->prints_wanted = job->old_count > 0 || job->prints_count > 0;
    return store->prints_wanted;
}

/* Prints of one kind under way. */
struct gathered {
    uint32_t *items;
    size_t count, cap;
};

static void add_key(struct gathered *gathered, uint64_t key, uint32_t member)
{
    if (gathered->count == gathered->cap) {
        gathered->cap = tv_grown(gathered->cap, gathered->count + 1, TV_SEGMENT_ROWS_MAX);
        gathered->items =
                tv_realloc_array(gathered->items, gathered->cap, sizeof(*gathered->items));
    }
    gathered->items[gathered->count++] = tv_print(key, member);
}

static void add_ids(struct gathered all[], const struct tv_batch *batch, uint32_t member)
{
    const struct tv_id *traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
    const uint64_t *spans = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    struct tv_id last = {0, 0};
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_str event = tv_batch_text(batch, TV_FIELD_EVENT_ID, row);
        if (event.ptr)
            add_key(&all[TV_PRINTS_EVENT], tv_filter_event_key(event), member);
        if (traces && (traces[row].hi | traces[row].lo) && !tv_id_equal(traces[row], last)) {
            last = traces[row];
            add_key(&all[TV_PRINTS_TRACE], tv_filter_trace_key(last), member);
        }
        if (spans && spans[row])
            add_key(&all[TV_PRINTS_SPAN], tv_filter_span_key(spans[row]), member);
    }
}

/* Texts of one attribute, each distinct one once; codes of columns do not overlap. */
static void add_texts(
        struct gathered *values, const struct tv_batch *batch, uint32_t index, uint32_t member)
{
    const struct tv_attr *attr = &batch->attrs[index];
    struct tv_str name = tv_strings_get(&batch->strings, attr->name);
    bool *met = tv_calloc((size_t)batch->strings.count + 1, sizeof(*met));
    for (uint32_t i = 0; i < attr->count; i++) {
        bool text = attr->types[i] == TV_TYPE_STR || attr->types[i] == TV_TYPE_JSON;
        if (!text || met[attr->bits[i]])
            continue;
        met[attr->bits[i]] = true;
        struct tv_str value = tv_strings_get(&batch->strings, (uint32_t)attr->bits[i]);
        add_key(values, tv_print_value_key(name, value), member);
    }
    free(met);
}

/* All texts of attributes; false, and none, where there are too many. */
static bool add_values(struct gathered *values, const struct tv_batch *batch, uint32_t member)
{
    size_t before = values->count;
    for (uint32_t i = 0; i < batch->attr_count; i++)
        add_texts(values, batch, i, member);
    if (values->count - before <= VALUES_MAX)
        return true;
    values->count = before;
    return false;
}

/* Attributes whose texts are not listed in memory; where names share blocks, all of them. */
static struct tv_scan_columns columns_of(const struct tv_segment *segment, struct tv_arena *arena)
{
    struct tv_str *names = tv_arena_calloc(arena, (size_t)segment->attr_count + 1, sizeof(*names));
    struct tv_scan_columns columns = {.attributes = names,
            .fields = 1u << TV_FIELD_EVENT_ID | 1u << TV_FIELD_TRACE_ID | 1u << TV_FIELD_SPAN_ID,
            .all_attributes = segment->overflow_count > 0};
    uint8_t texts = 1u << TV_TYPE_STR | 1u << TV_TYPE_JSON;
    for (uint32_t i = 0; i < segment->attr_count; i++)
        if (segment->attrs[i].column.types & texts && segment->attrs[i].column.value_count == 0)
            names[columns.attribute_count++] = segment->attrs[i].name;
    return columns;
}

static enum tv_status read_member(
        struct tv_store_job *job, const struct tv_db *db, struct gathered all[], uint32_t member)
{
    struct tv_segment *segment = job->old[member];
    struct tv_arena arena = {0};
    struct tv_view view = {0};
    struct tv_scan_columns columns = columns_of(segment, &arena);
    tv_view_init(&view, segment);
    enum tv_status status = tv_view_load(&view, db, &columns, &job->err);
    if (status == TV_OK) {
        add_ids(all, view.batch, member);
        if (add_values(&all[TV_PRINTS_VALUE], view.batch, member))
            job->prints_fresh->valued |= UINT64_C(1) << member;
    }
    if (status == TV_CORRUPT && !atomic_exchange(&segment->corrupt, true))
        atomic_fetch_add(&job->store->corrupt, 1);
    tv_view_release(&view);
    tv_arena_release(&arena);
    return status;
}

static void put_all(struct tv_store_job *job, struct gathered all[])
{
    for (int kind = 0; kind < TV_PRINTS_KINDS; kind++)
        tv_prints_put(&job->prints_data, all[kind].items, all[kind].count,
                &job->prints_fresh->parts[kind]);
}

static void cover(struct tv_store_job *job, const struct tv_db *db)
{
    struct gathered all[TV_PRINTS_KINDS] = {{0}};
    for (uint32_t i = 0; i < job->old_count && job->status == TV_OK; i++) {
        job->prints_fresh->members[job->prints_fresh->member_count++] = job->old[i]->id;
        job->status = read_member(job, db, all, i);
    }
    if (job->status == TV_OK)
        put_all(job, all);
    for (int kind = 0; kind < TV_PRINTS_KINDS; kind++)
        free(all[kind].items);
}

static enum tv_status read_data(
        const struct tv_db *db, const struct tv_prints *prints, struct tv_buf *out)
{
    sqlite3_blob *blob = NULL;
    int code = sqlite3_blob_open(db->sql, "main", "prints", "data", prints->id, 0, &blob);
    if (code == SQLITE_OK && (uint64_t)sqlite3_blob_bytes(blob) == prints->data_bytes)
        code = sqlite3_blob_read(
                blob, tv_buf_reserve(out, prints->data_bytes), (int)prints->data_bytes, 0);
    else if (code == SQLITE_OK)
        code = SQLITE_CORRUPT;
    (void)sqlite3_blob_close(blob);
    if (code != SQLITE_OK)
        return (code & 0xff) == SQLITE_CORRUPT ? TV_CORRUPT : TV_IO;
    out->len += prints->data_bytes;
    return TV_OK;
}

/* Members that are left get their numbers in the new row. */
static void number_members(struct tv_prints *fresh, const struct tv_prints *old, uint64_t live,
        uint8_t numbers[TV_PRINTS_MEMBERS_MAX])
{
    for (uint32_t i = 0; i < old->member_count; i++) {
        if (!(live >> i & 1))
            continue;
        numbers[i] = (uint8_t)fresh->member_count;
        fresh->valued |= (old->valued >> i & 1) << fresh->member_count;
        fresh->members[fresh->member_count++] = old->members[i];
    }
}

static bool copy_prints(struct gathered *to, struct tv_str data, const struct tv_prints_part *part,
        uint64_t live, const uint8_t numbers[TV_PRINTS_MEMBERS_MAX])
{
    uint32_t *old = tv_malloc(part->count * sizeof(*old) + 1);
    bool good = tv_prints_get(data, part, old);
    if (good && to->count + part->count > to->cap) {
        to->cap = to->count + part->count;
        to->items = tv_realloc_array(to->items, to->cap, sizeof(*to->items));
    }
    for (uint32_t i = 0; good && i < part->count; i++) {
        uint32_t member = old[i] & (TV_PRINTS_MEMBERS_MAX - 1);
        to->items[to->count] = (old[i] & ~(uint32_t)(TV_PRINTS_MEMBERS_MAX - 1)) | numbers[member];
        to->count += live >> member & 1;
    }
    free(old);
    return good;
}

/* One kind at a time, so that the fingerprints of one are in memory at once. */
static void merge_rows(struct tv_store_job *job, const struct tv_db *db)
{
    struct tv_buf data[TV_PRINTS_FAN_IN] = {{0}};
    uint8_t numbers[TV_PRINTS_FAN_IN][TV_PRINTS_MEMBERS_MAX] = {{0}};
    for (size_t i = 0; i < job->prints_count && job->status == TV_OK; i++) {
        number_members(job->prints_fresh, job->prints[i], job->prints_live[i], numbers[i]);
        if (job->prints_live[i])
            job->status = read_data(db, job->prints[i], &data[i]);
        if (job->status == TV_CORRUPT)
            atomic_store(&job->prints[i]->corrupt, true);
    }
    for (int kind = 0; kind < TV_PRINTS_KINDS && job->status == TV_OK; kind++) {
        struct gathered gathered = {0};
        for (size_t i = 0; i < job->prints_count && job->status == TV_OK; i++) {
            if (!job->prints_live[i] ||
                    copy_prints(&gathered, tv_buf_str(&data[i]), &job->prints[i]->parts[kind],
                            job->prints_live[i], numbers[i]))
                continue;
            atomic_store(&job->prints[i]->corrupt, true);
            job->status = TV_CORRUPT;
        }
        if (job->status == TV_OK)
            tv_prints_put(&job->prints_data, gathered.items, gathered.count,
                    &job->prints_fresh->parts[kind]);
        free(gathered.items);
    }
    for (size_t i = 0; i < job->prints_count; i++)
        tv_buf_release(&data[i]);
    if (job->status != TV_OK)
        (void)tv_fail(&job->err, job->status, "cannot read prints in '%s'", db->path);
}

void tv_prints_run(struct tv_store_job *job)
{
    struct tv_db db = {0};
    job->prints_fresh = tv_prints_new();
    job->prints_fresh->id = atomic_fetch_add(&job->store->next_id, 1);
    job->status = tv_pool_take(job->store, &db, &job->err);
    if (job->status == TV_OK && job->old_count)
        cover(job, &db);
    else if (job->status == TV_OK)
        merge_rows(job, &db);
    job->prints_fresh->data_bytes = job->prints_data.len;
    tv_pool_put(job->store, &db);
}

/* Damaged rows alone leave nothing to write in their place. */
static enum tv_status write_fresh(struct tv_store_job *job)
{
    struct tv_buf meta = {0};
    sqlite3_stmt *put = job->store->prints_put;
    if (job->prints_fresh->member_count == 0)
        return TV_OK;
    tv_prints_put_meta(job->prints_fresh, &meta);
    (void)sqlite3_bind_int64(put, 1, job->prints_fresh->id);
    (void)sqlite3_bind_blob64(put, 2, meta.data, meta.len, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(put, 3, job->prints_data.data, job->prints_data.len, SQLITE_STATIC);
    enum tv_status status = tv_db_run(&job->store->writer, put, &job->err);
    (void)sqlite3_clear_bindings(put);
    tv_buf_release(&meta);
    return status;
}

void tv_prints_commit(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    job->status = tv_compact_begin(job);
    if (job->status == TV_OK)
        job->status = write_fresh(job);
    for (size_t i = 0; i < job->prints_count && job->status == TV_OK; i++) {
        (void)sqlite3_bind_int64(store->prints_mark, 1, job->prints[i]->id);
        job->status = tv_db_run(&store->writer, store->prints_mark, &job->err);
    }
    tv_compact_end(job);
}

void tv_prints_finish(struct tv_store_job *job)
{
    struct tv_store *store = job->store;
    struct tv_prints *fresh = job->prints_fresh;
    bool keep = job->status == TV_OK && fresh && fresh->member_count > 0;
    if (job->status == TV_OK)
        tv_store_swap_prints(store, job->prints, job->prints_count, keep ? fresh : NULL);
    if (!keep)
        tv_prints_unref(fresh);
    store->stats.rewritten_bytes += job->status == TV_OK ? job->prints_data.len : 0;
    store->prints_wanted = true;
    tv_buf_release(&job->prints_data);
    for (size_t i = 0; i < job->prints_count; i++)
        tv_prints_unref(job->prints[i]);
    for (size_t i = 0; i < job->old_count; i++)
        tv_segment_unref(job->old[i]);
}
