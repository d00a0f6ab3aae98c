/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored has to offer: names of attributes from the store's directory, services likewise, and
 * for any other field the values that the newest events have, the most frequent first.
 *
 * An index of all values would answer more, and cost every commit; who types wants what is going on
 * now. So the scan begins at the newest event and ends after SAMPLE_ROWS rows, or at the deadline. */
#include "timeql/complete.h"

#include "base/json_out.h"
#include "base/time.h"
#include "timeql/column.h"
#include "timeql/compile.h"
#include "timeql/printer.h"
#include "timeql/topk.h"

#include <stdlib.h>

enum { SAMPLE_ROWS = 100000, VALUE_BYTES_MAX = 200, REFERENCES = 10 };

static struct tv_str printed(struct tv_completion *completion, struct tv_str text,
        void (*print)(struct tv_str, struct tv_buf *))
{
    struct tv_buf out = {0};
    print(text, &out);
    struct tv_str copy = tv_arena_str(&completion->arena, tv_buf_str(&out));
    tv_buf_release(&out);
    return copy;
}

static void offer_field(struct tv_completion *completion, struct tv_str name, struct tv_str detail)
{
    struct tv_candidate candidate = {.kind = TV_COMPLETE_FIELD,
            .text = printed(completion, name, tv_name_print),
            .key = name,
            .detail = detail};
    tv_complete_offer(completion, &candidate);
}

/* Where what is computed for a service may stand. */
static bool takes_derived(const struct tv_parse_probe *probe)
{
    static const unsigned taking = 1U << TV_STATEMENT_STATE | 1U << TV_STATEMENT_COMPARE |
            1U << TV_STATEMENT_PREDICT | 1U << TV_STATEMENT_ANOMALIES | 1U << TV_STATEMENT_WHAT_IF |
            1U << TV_STATEMENT_MATCH;
    return taking & 1U << probe->statement;
}

static void offer_own_fields(struct tv_completion *completion)
{
    static const char *const computed[] = {"error_occurred", "duration", "cpu", "memory", "disk"};
    size_t derived_count;
    const struct tv_derived_name *derived = tv_derived_names(&derived_count);
    for (int i = TV_FIELD_SERVICE; i < TV_FIELD_COUNT; i++)
        offer_field(
                completion, tv_str_of(tv_field_name((enum tv_field)i)), TV_STR("of every event"));
    for (size_t i = 0; i < sizeof(computed) / sizeof(computed[0]); i++)
        offer_field(completion, tv_str_of(computed[i]), TV_STR("computed"));
    for (size_t i = 0; takes_derived(&completion->probe) && i < derived_count; i++)
        offer_field(completion, derived[i].name, TV_STR("of a service"));
    for (int i = 0; i < TV_FIELD_SERVICE; i++)
        offer_field(
                completion, tv_str_of(tv_field_name((enum tv_field)i)), TV_STR("of every event"));
}

static int most_segments_first(const void *left, const void *right)
{
    const struct tv_known_attribute *a = left;
    const struct tv_known_attribute *b = right;
    if (a->segments != b->segments)
        return a->segments > b->segments ? -1 : 1;
    return tv_str_compare(a->name, b->name);
}

enum tv_status tv_complete_fields(struct tv_completion *completion)
{
    struct tv_known_attribute *known = NULL;
    size_t count = 0;
    offer_own_fields(completion);
    enum tv_status status = tv_snapshot_attributes(
            completion->env->snapshot, &completion->arena, &known, &count, completion->err);
    if (status != TV_OK)
        return status;
    if (count > 0)
        qsort(known, count, sizeof(*known), most_segments_first);
    for (size_t i = 0; i < count; i++)
        offer_field(completion, known[i].name, TV_STR("attribute"));
    return TV_OK;
}

/* A value as it is written in a statement; false for what cannot be. */
static bool offer_value(
        struct tv_completion *completion, struct tv_value value, struct tv_str detail)
{
    struct tv_candidate candidate = {.kind = TV_COMPLETE_VALUE, .detail = detail};
    char number[32];
    switch (value.type) {
    case TV_TYPE_NULL:
    case TV_TYPE_JSON:
        return false;
    case TV_TYPE_BOOL:
        candidate.text = value.b ? TV_STR("true") : TV_STR("false");
        break;
    case TV_TYPE_I64:
        candidate.text = tv_arena_printf(&completion->arena, "%lld", (long long)value.i);
        break;
    case TV_TYPE_F64:
        candidate.text = tv_arena_str(
                &completion->arena, (struct tv_str){number, tv_f64_format(value.f, number)});
        break;
    case TV_TYPE_STR:
        candidate.key = tv_arena_str(&completion->arena, value.s);
        candidate.text = printed(completion, value.s, tv_text_print);
        break;
    }
    tv_complete_offer(completion, &candidate);
    return true;
}

static void offer_booleans(struct tv_completion *completion)
{
    (void)offer_value(completion, tv_value_bool(true), (struct tv_str){NULL, 0});
    (void)offer_value(completion, tv_value_bool(false), (struct tv_str){NULL, 0});
}

static void offer_enumeration(struct tv_completion *completion, enum tv_field field)
{
    for (unsigned i = 1; i < TV_SEVERITY_COUNT; i++) {
        struct tv_str text = tv_enum_text(field, (uint8_t)i);
        if (text.len > 0)
            (void)offer_value(completion, tv_value_str(text), (struct tv_str){NULL, 0});
    }
}

static int by_service(const void *left, const void *right)
{
    return tv_str_compare(((const struct tv_last_seen *)left)->service,
            ((const struct tv_last_seen *)right)->service);
}

static enum tv_status offer_services(struct tv_completion *completion)
{
    struct tv_last_seen_spec spec = {TV_TIME_MAX, UINT64_MAX, completion->env->cancel};
    struct tv_last_seen_list seen = {0};
    enum tv_status status = tv_snapshot_last_seen(
            completion->env->snapshot, &spec, &completion->arena, &seen, completion->err);
    if (seen.count > 0)
        qsort(seen.items, seen.count, sizeof(*seen.items), by_service);
    for (size_t i = 0; i < seen.count; i++)
        (void)offer_value(
                completion, tv_value_str(seen.items[i].service), (struct tv_str){NULL, 0});
    return status == TV_TIMEOUT ? TV_OK : status;
}

/* The newest events that the condition selects, batch by batch until `most` rows were seen. */
static enum tv_status scan_newest(struct tv_completion *completion, struct tv_scan_spec *spec,
        uint32_t most, void (*each)(void *ctx, const struct tv_scan_batch *batch), void *ctx)
{
    struct tv_scan *scan = NULL;
    uint32_t seen = 0;
    spec->to = TV_TIME_MAX;
    spec->arrival_to = UINT64_MAX;
    spec->order = TV_SCAN_NEWEST;
    enum tv_status status = tv_scan_open(
            completion->env->snapshot, spec, completion->env->cancel, &scan, completion->err);
    while (status == TV_OK && seen < most) {
        struct tv_scan_batch batch;
        status = tv_cancel_check(completion->env->cancel);
        if (status == TV_OK)
            status = tv_scan_next(scan, &batch, completion->err);
        if (status != TV_OK || batch.count == 0)
            break;
        each(ctx, &batch);
        seen += batch.count;
    }
    tv_scan_close(scan);
    return status == TV_TIMEOUT ? TV_OK : status;
}

struct sample {
    struct tv_field_ref ref;
    struct tv_topk counts;
    struct tv_arena scratch;
};

static void sample_batch(void *ctx, const struct tv_scan_batch *batch)
{
    struct sample *sample = ctx;
    struct tv_value *values = tv_arena_calloc(&sample->scratch, batch->count, sizeof(*values));
    tv_gather(batch, &sample->ref, &sample->scratch, values);
    for (uint32_t i = 0; i < batch->count; i++) {
        bool text = values[i].type == TV_TYPE_STR || values[i].type == TV_TYPE_JSON;
        if (values[i].type != TV_TYPE_NULL && !(text && values[i].s.len > VALUE_BYTES_MAX))
            tv_topk_add(&sample->counts, values[i], 1, &sample->scratch);
    }
    tv_arena_release(&sample->scratch);
}

static enum tv_status offer_stored(struct tv_completion *completion, struct tv_field_ref ref)
{
    struct sample sample = {.ref = ref};
    struct tv_columns_wanted columns = {.arena = &completion->arena};
    struct tv_scan_spec spec = {.where = tv_pred_exists(&completion->arena, ref)};
    tv_want_ref(&columns, &ref);
    spec.columns = tv_wanted_columns(&columns);
    enum tv_status status = scan_newest(completion, &spec, SAMPLE_ROWS, sample_batch, &sample);
    struct tv_topk_item *items;
    size_t count =
            tv_topk_list(&sample.counts, sample.counts.counts.count, &completion->arena, &items);
    for (size_t i = 0; i < count; i++) {
        struct tv_str detail = tv_arena_printf(&completion->arena, "%llu of the newest events",
                (unsigned long long)items[i].count);
        (void)offer_value(completion, items[i].value, detail);
    }
    tv_topk_release(&sample.counts);
    return status;
}

static bool is_latency(struct tv_str name)
{
    return tv_str_starts_with(name, TV_STR("latency"));
}

enum tv_status tv_complete_values(struct tv_completion *completion)
{
    struct tv_str name = completion->probe.field;
    if (name.len == 0)
        return TV_OK;
    if (tv_is_derived(name) && takes_derived(&completion->probe)) {
        if (is_latency(name))
            tv_complete_durations(completion);
        return TV_OK;
    }
    struct tv_field_ref ref = tv_field_resolve(name);
    if (ref.class == TV_FIELD_VIRTUAL && ref.virtual_field == TV_VIRTUAL_ERROR_OCCURRED) {
        offer_booleans(completion);
        return TV_OK;
    }
    if (ref.class != TV_FIELD_FIXED)
        return offer_stored(completion, ref);
    if (ref.field == TV_FIELD_SERVICE)
        return offer_services(completion);
    if (ref.field == TV_FIELD_DURATION)
        tv_complete_durations(completion);
    else if (ref.field == TV_FIELD_TIME || ref.field == TV_FIELD_RECEIVED)
        tv_complete_times(completion);
    else if (tv_field_column(ref.field) == TV_COLUMN_U8)
        offer_enumeration(completion, ref.field);
    else
        return offer_stored(completion, ref);
    return TV_OK;
}

/* A shown event of the list of references. */
static void offer_reference(
        struct tv_completion *completion, const struct tv_batch *batch, uint32_t row)
{
    struct tv_scan_batch one = {.batch = batch, .rows = &row, .count = 1};
    static const enum tv_field fields[] = {
            TV_FIELD_EVENT_ID, TV_FIELD_ARRIVAL, TV_FIELD_SERVICE, TV_FIELD_MESSAGE, TV_FIELD_NAME};
    struct tv_value cells[sizeof(fields) / sizeof(fields[0])];
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct tv_field_ref ref = tv_field_ref_fixed(fields[i]);
        tv_gather(&one, &ref, &completion->arena, &cells[i]);
    }
    struct tv_value told = cells[3].type == TV_TYPE_STR ? cells[3] : cells[4];
    struct tv_str id = cells[0].type == TV_TYPE_STR ? cells[0].s : cells[1].s;
    struct tv_candidate candidate = {.kind = TV_COMPLETE_REFERENCE,
            .text = cells[0].type == TV_TYPE_STR ? printed(completion, id, tv_text_print) : id,
            .key = tv_arena_str(&completion->arena, id)};
    candidate.detail = tv_arena_printf(&completion->arena, "%.*s: %.*s", TV_STR_ARG(cells[2].s),
            TV_STR_ARG(tv_utf8_prefix(
                    told.type == TV_TYPE_STR ? told.s : TV_STR("error"), VALUE_BYTES_MAX)));
    tv_complete_offer(completion, &candidate);
}

struct references {
    struct tv_completion *completion;
    uint32_t left;
};

/* Rows ascend by time: the newest are the last. */
static void references_batch(void *ctx, const struct tv_scan_batch *batch)
{
    struct references *references = ctx;
    for (uint32_t i = batch->count; i > 0 && references->left > 0; i--, references->left--)
        offer_reference(references->completion, batch->batch, batch->rows[i - 1]);
}

enum tv_status tv_complete_references(struct tv_completion *completion)
{
    struct references references = {completion, REFERENCES};
    struct tv_scan_spec spec = {
            .where = tv_pred_compare(&completion->arena, tv_field_resolve(TV_STR("error_occurred")),
                    TV_OP_EQ, tv_value_bool(true))};
    spec.columns.fields = 1U << TV_FIELD_EVENT_ID | 1U << TV_FIELD_ARRIVAL |
            1U << TV_FIELD_SERVICE | 1U << TV_FIELD_MESSAGE | 1U << TV_FIELD_NAME;
    return scan_newest(completion, &spec, REFERENCES, references_batch, &references);
}
