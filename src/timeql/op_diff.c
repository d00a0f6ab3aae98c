/* SPDX-License-Identifier: Apache-2.0 */
/* DIFF: which fields and values set the selected events apart from the rest.
 *
 * Every field is asked the same question on both sides, and the answers are ranked by effect, with
 * p-values corrected for how many questions were asked (stats/two_samples.h). A decision tree would find
 * values that matter only together and would need an explanation of its own; a table of single causes is
 * read at a glance, and WHERE goes deeper.
 *
 * Cost: the window is read twice, the second time with the columns in question; of each side at most
 * TV_DIFF_SAMPLE events are looked at, chosen by a hash of their arrival number, so that the same events
 * are chosen whatever segments they lie in. */
#include "timeql/diff.h"

#include <stdlib.h>

/* Fields of events that are told apart without BY: not ids, times, and what is written for people. */
static const enum tv_field own_fields[] = {TV_FIELD_SERVICE, TV_FIELD_INSTANCE, TV_FIELD_HOST,
        TV_FIELD_TYPE, TV_FIELD_NAME, TV_FIELD_KIND, TV_FIELD_DURATION, TV_FIELD_STATUS,
        TV_FIELD_SEVERITY, TV_FIELD_UNIT, TV_FIELD_METRIC_KIND, TV_FIELD_TEMPORALITY};
enum { OWN_FIELDS = sizeof(own_fields) / sizeof(own_fields[0]) };

/* What the conditions ask for differs between the sides by their own doing. */
struct named {
    const struct tv_field_ref *ref;
    bool found;
};

static void compare_name(void *ctx, const struct tv_field_ref *field)
{
    struct named *named = ctx;
    bool fixed = field->class == TV_FIELD_FIXED;
    if (field->class != named->ref->class)
        return;
    if (fixed ? field->field == named->ref->field : tv_str_equal(field->name, named->ref->name))
        named->found = true;
}

static bool is_named(const struct tv_query *query, const struct tv_field_ref *ref)
{
    struct named named = {ref, false};
    tv_pred_fields(query->subject, compare_name, &named);
    if (query->against)
        tv_pred_fields(query->against, compare_name, &named);
    return named.found;
}

static void add_field(struct tv_diff *diff, struct tv_str name, struct tv_field_ref ref)
{
    struct tv_diff_field *field = &diff->fields[diff->field_count++];
    field->column = tv_column_of(name, ref);
    for (size_t side = 0; side < TV_DIFF_SIDES; side++)
        field->parts[side].values.most = TV_DIFF_VALUES_MAX;
}

static void add_own_fields(struct tv_diff *diff)
{
    for (size_t i = 0; i < OWN_FIELDS; i++) {
        struct tv_field_ref ref = tv_field_ref_fixed(own_fields[i]);
        if (!is_named(diff->exec->query, &ref))
            add_field(diff, ref.name, ref);
    }
}

static int by_name(const void *left, const void *right)
{
    return tv_str_compare(((const struct tv_known_attribute *)left)->name,
            ((const struct tv_known_attribute *)right)->name);
}

static enum tv_status add_attributes(struct tv_diff *diff)
{
    struct tv_exec *exec = diff->exec;
    struct tv_known_attribute *known = NULL;
    size_t count = 0;
    enum tv_status status =
            tv_snapshot_attributes(exec->snapshot, &exec->arena, &known, &count, exec->err);
    if (status != TV_OK)
        return status;
    if (count > 0)
        qsort(known, count, sizeof(*known), by_name);
    for (size_t i = 0; i < count; i++) {
        struct tv_field_ref ref = tv_field_ref_attribute(known[i].name);
        if (is_named(exec->query, &ref))
            continue;
        if (diff->field_count == TV_DIFF_FIELDS_MAX) {
            exec->truncated = true;
            tv_exec_warn(exec, "there are more than %d fields: BY names those to look at",
                    TV_DIFF_FIELDS_MAX);
            return TV_OK;
        }
        add_field(diff, ref.name, ref);
    }
    return TV_OK;
}

static enum tv_status choose_fields(struct tv_diff *diff)
{
    const struct tv_query *query = diff->exec->query;
    size_t room = query->measure_count > 0 ? query->measure_count : TV_DIFF_FIELDS_MAX;
    diff->fields = tv_arena_calloc(&diff->exec->arena, room, sizeof(*diff->fields));
    for (size_t i = 0; i < query->measure_count; i++)
        add_field(diff, query->measures[i].written.name, query->measures[i].ref);
    if (query->measure_count > 0)
        return TV_OK;
    add_own_fields(diff);
    return add_attributes(diff);
}

static void choose_sample(struct tv_diff *diff)
{
    for (size_t side = 0; side < TV_DIFF_SIDES; side++) {
        uint64_t count = diff->counts[side];
        diff->threshold[side] =
                count <= TV_DIFF_SAMPLE ? UINT64_MAX : UINT64_MAX / count * TV_DIFF_SAMPLE;
    }
    if (diff->counts[TV_DIFF_SELECTED] > TV_DIFF_SAMPLE ||
            diff->counts[TV_DIFF_OTHERS] > TV_DIFF_SAMPLE)
        tv_exec_warn(diff->exec, "of each side about %d events were looked at", TV_DIFF_SAMPLE);
}

static enum tv_status read_both(struct tv_diff *diff)
{
    struct tv_exec *exec = diff->exec;
    enum tv_status status = tv_exec_scan(exec, &exec->plan.scans[0], tv_diff_count, diff);
    if (status != TV_OK)
        return status;
    for (size_t side = 0; side < TV_DIFF_SIDES; side++)
        if (diff->counts[side] == 0)
            tv_exec_warn(exec,
                    side == TV_DIFF_SELECTED
                            ? "no event in the window fulfils the condition"
                            : "there is no other event in the window to hold them against");
    if (diff->counts[TV_DIFF_SELECTED] == 0 || diff->counts[TV_DIFF_OTHERS] == 0)
        return TV_OK;
    choose_sample(diff);
    return tv_exec_scan(exec, &exec->plan.scans[1], tv_diff_take, diff);
}

static void release(struct tv_diff *diff)
{
    for (size_t i = 0; i < diff->field_count; i++) {
        for (size_t side = 0; side < TV_DIFF_SIDES; side++) {
            tv_topk_release(&diff->fields[i].parts[side].values);
            free(diff->fields[i].parts[side].numbers);
        }
    }
    tv_arena_release(&diff->scratch);
}

enum tv_status tv_op_diff(struct tv_exec *exec)
{
    struct tv_diff diff = {.exec = exec};
    enum tv_status status = choose_fields(&diff);
    if (status == TV_OK)
        status = read_both(&diff);
    if (status == TV_OK)
        status = tv_diff_write(&diff);
    release(&diff);
    return status;
}
