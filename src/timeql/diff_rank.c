/* SPDX-License-Identifier: Apache-2.0 */
/* DIFF's tests, ranking and answer.
 *
 * A field of many different numbers is asked whether they are larger on one side (Mann–Whitney); any
 * other, for each value that is not rare, whether its share differs (Fisher, or G). Both have an effect
 * from −1 to 1 on one scale. What p-values, corrected by Benjamini and Hochberg for the number of tests,
 * leave above 5 % is left out; the rest is ranked by effect. */
#include "base/mem.h"
#include "stats/two_samples.h"
#include "timeql/diff.h"

#include <math.h>
#include <stdlib.h>

enum {
    DISTINCT_FEW = 20, /* numbers of so many different values are values, not amounts */
    EVENTS_LEAST = 5,  /* a value that fewer events have on both sides is not asked about */
    NUMBERS_LEAST = 8  /* on each side, for ranks */
};
#define SIGNIFICANT 0.05

enum measure { SHARE, MEDIAN };

struct finding {
    const struct tv_diff_field *field;
    struct tv_value value; /* NULL: the field is absent, or of MEDIAN */
    enum measure measure;
    double selected, others; /* shares or medians */
    struct tv_difference difference;
    uint64_t events; /* of the selected */
};

struct findings {
    struct finding *items;
    size_t count, cap;
};

static struct finding *add(struct findings *findings)
{
    if (findings->count == findings->cap) {
        findings->cap = tv_grown(findings->cap, findings->count + 1, 64);
        findings->items =
                tv_realloc_array(findings->items, findings->cap, sizeof(*findings->items));
    }
    return &findings->items[findings->count++];
}

static void ask_share(const struct tv_diff *diff, const struct tv_diff_field *field,
        struct tv_value value, const uint64_t have[TV_DIFF_SIDES], struct findings *out)
{
    if (have[0] + have[1] < EVENTS_LEAST)
        return;
    const uint64_t *sampled = diff->sampled;
    struct tv_shares shares = {have[0], sampled[0], have[1], sampled[1]};
    *add(out) = (struct finding){.field = field,
            .value = value,
            .measure = SHARE,
            .selected = (double)have[0] / (double)sampled[0],
            .others = (double)have[1] / (double)sampled[1],
            .difference = tv_shares_compare(&shares),
            .events = have[0]};
}

/* Every value of one side; of the second only those that the first does not have. */
static void ask_values(
        struct tv_diff *diff, const struct tv_diff_field *field, size_t side, struct findings *out)
{
    struct tv_topk_item *items;
    size_t count = tv_topk_list(
            &field->parts[side].values, TV_DIFF_VALUES_MAX, &diff->exec->arena, &items);
    for (size_t i = 0; i < count; i++) {
        uint64_t have[TV_DIFF_SIDES];
        have[side] = items[i].count;
        have[!side] = tv_topk_count(&field->parts[!side].values, items[i].value, &diff->scratch);
        if (side == 0 || have[0] == 0)
            ask_share(diff, field, items[i].value, have, out);
        tv_arena_release(&diff->scratch);
    }
}

static void ask_absence(
        const struct tv_diff *diff, const struct tv_diff_field *field, struct findings *out)
{
    uint64_t have[TV_DIFF_SIDES];
    for (size_t side = 0; side < TV_DIFF_SIDES; side++)
        have[side] = diff->sampled[side] - field->parts[side].present;
    if (field->parts[0].present + field->parts[1].present > 0)
        ask_share(diff, field, tv_value_null(), have, out);
}

static bool are_amounts(const struct tv_diff_field *field)
{
    const struct tv_diff_part *parts = field->parts;
    return !field->mixed && !field->cut &&
            (parts[0].values.counts.count > DISTINCT_FEW ||
                    parts[1].values.counts.count > DISTINCT_FEW);
}

static void ask_amounts(struct tv_diff_field *field, struct findings *out)
{
    struct tv_diff_part *a = &field->parts[TV_DIFF_SELECTED];
    struct tv_diff_part *b = &field->parts[TV_DIFF_OTHERS];
    if (a->number_count < NUMBERS_LEAST || b->number_count < NUMBERS_LEAST)
        return;
    struct finding *finding = add(out);
    *finding = (struct finding){.field = field, .value = tv_value_null(), .measure = MEDIAN};
    finding->difference =
            tv_numbers_compare(a->numbers, a->number_count, b->numbers, b->number_count);
    finding->selected = tv_sorted_median(a->numbers, a->number_count);
    finding->others = tv_sorted_median(b->numbers, b->number_count);
    finding->events = a->number_count;
}

static void ask_all(struct tv_diff *diff, struct findings *out)
{
    for (size_t i = 0; i < diff->field_count; i++) {
        struct tv_diff_field *field = &diff->fields[i];
        if (are_amounts(field)) {
            ask_amounts(field, out);
        } else {
            ask_values(diff, field, TV_DIFF_SELECTED, out);
            ask_values(diff, field, TV_DIFF_OTHERS, out);
        }
        ask_absence(diff, field, out);
    }
}

static void correct(struct findings *findings)
{
    double *p = tv_calloc(findings->count + 1, sizeof(*p));
    for (size_t i = 0; i < findings->count; i++)
        p[i] = findings->items[i].difference.p;
    tv_benjamini_hochberg(p, findings->count, findings->count);
    for (size_t i = 0; i < findings->count; i++)
        findings->items[i].difference.p = p[i];
    free(p);
}

static int largest_first(const void *left, const void *right)
{
    const struct finding *a = left;
    const struct finding *b = right;
    double x = fabs(a->difference.effect);
    double y = fabs(b->difference.effect);
    if (x != y)
        return x > y ? -1 : 1;
    if (a->difference.effect != b->difference.effect)
        return a->difference.effect > b->difference.effect ? -1 : 1;
    if (a->difference.p != b->difference.p)
        return a->difference.p < b->difference.p ? -1 : 1;
    if (a->field != b->field)
        return tv_str_compare(a->field->column.name, b->field->column.name);
    return tv_value_compare(a->value, b->value);
}

/* Keeps what is significant, the largest effect first. */
static void rank(struct findings *findings)
{
    size_t kept = 0;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].difference.p <= SIGNIFICANT)
            findings->items[kept++] = findings->items[i];
    findings->count = kept;
    if (kept > 0)
        qsort(findings->items, kept, sizeof(*findings->items), largest_first);
}

static const struct tv_column columns[] = {
        {.name = {"field", 5}, .kind = TV_AS_STRING},
        {.name = {"value", 5}, .kind = TV_AS_ANY},
        {.name = {"measure", 7}, .kind = TV_AS_STRING},
        {.name = {"selected", 8}, .kind = TV_AS_NUMBER},
        {.name = {"others", 6}, .kind = TV_AS_NUMBER},
        {.name = {"effect", 6}, .kind = TV_AS_NUMBER},
        {.name = {"p", 1}, .kind = TV_AS_NUMBER},
        {.name = {"events", 6}, .kind = TV_AS_INTEGER},
};

static void cells(const void *item, struct tv_arena *arena, struct tv_value *out)
{
    const struct finding *finding = item;
    (void)arena;
    out[0] = tv_value_str(finding->field->column.name);
    out[1] = finding->value;
    out[2] = tv_value_str(finding->measure == SHARE ? TV_STR("share") : TV_STR("median"));
    out[3] = tv_value_f64(finding->selected);
    out[4] = tv_value_f64(finding->others);
    out[5] = tv_value_f64(finding->difference.effect);
    out[6] = tv_value_f64(finding->difference.p);
    out[7] = tv_value_i64((int64_t)finding->events);
}

static void warn_of_bounds(struct tv_diff *diff)
{
    for (size_t i = 0; i < diff->field_count; i++) {
        const struct tv_diff_field *field = &diff->fields[i];
        uint64_t lost = field->parts[0].values.lost > field->parts[1].values.lost
                ? field->parts[0].values.lost
                : field->parts[1].values.lost;
        if (field->cut)
            tv_exec_warn(diff->exec, "there are too many numbers to keep those of '%.*s'",
                    TV_STR_ARG(tv_utf8_prefix(field->column.name, 128)));
        if (lost > 0 && field->mixed)
            tv_exec_warn(diff->exec,
                    "'%.*s' has many values: rare ones are not looked at, and counts may be too low "
                    "by %llu",
                    TV_STR_ARG(tv_utf8_prefix(field->column.name, 128)), (unsigned long long)lost);
    }
}

static void write_compared(const struct tv_diff *diff, size_t tests, struct tv_json_out *json)
{
    tv_json_key(json, "compared");
    tv_json_object(json);
    tv_json_key(json, "selected");
    tv_json_u64(json, diff->counts[TV_DIFF_SELECTED]);
    tv_json_key(json, "others");
    tv_json_u64(json, diff->counts[TV_DIFF_OTHERS]);
    tv_json_key(json, "fields");
    tv_json_u64(json, diff->field_count);
    tv_json_key(json, "tests");
    tv_json_u64(json, tests);
    tv_json_end(json);
}

static void write_rows(struct tv_exec *exec, const struct findings *findings)
{
    static const struct tv_answer_list list = {.member = "rows",
            .columns = columns,
            .column_count = sizeof(columns) / sizeof(columns[0]),
            .rows = true,
            .cells = cells};
    uint64_t limit = exec->query->limit;
    tv_answer_open(&exec->answer, &list);
    for (size_t i = 0; i < findings->count && i < limit; i++)
        tv_answer_item(&exec->answer, &findings->items[i]);
    tv_answer_close(&exec->answer);
    if (findings->count <= limit || exec->query->limit_written)
        return;
    exec->truncated = true;
    tv_exec_warn(exec, "there are %zu differences, the %llu largest are shown; LIMIT shows more",
            findings->count, (unsigned long long)limit);
}

enum tv_status tv_diff_write(struct tv_diff *diff)
{
    struct tv_exec *exec = diff->exec;
    struct findings findings = {0};
    bool both = diff->sampled[TV_DIFF_SELECTED] > 0 && diff->sampled[TV_DIFF_OTHERS] > 0;
    if (both)
        ask_all(diff, &findings);
    size_t tests = findings.count;
    correct(&findings);
    rank(&findings);
    warn_of_bounds(diff);
    if (both && findings.count == 0)
        tv_exec_warn(
                exec, "nothing sets the selected events apart, of %zu things looked at", tests);
    tv_exec_head(exec, "DIFF");
    write_rows(exec, &findings);
    if (tv_answer_json(&exec->answer))
        write_compared(diff, tests, tv_answer_json(&exec->answer));
    enum tv_status status = tv_exec_end(exec);
    free(findings.items);
    return status;
}
