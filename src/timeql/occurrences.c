/* SPDX-License-Identifier: Apache-2.0 */
/* A row's kind is found by its codes where it has a name, and by its message's template where it has
 * none. Versions differ from deploy to deploy, so the name of a change is not part of its kind. */
#include "timeql/occurrences.h"

#include "base/buf.h"
#include "stats/template.h"

static struct tv_pred *notable(struct tv_arena *arena)
{
    static const char *const background[] = {"span", "span:start", "span:end", "http:request",
            "http:response", "log", "database:query", "metric", "system:metrics", "dependency"};
    enum { BACKGROUND = sizeof(background) / sizeof(background[0]) };
    struct tv_value types[BACKGROUND];
    for (size_t i = 0; i < BACKGROUND; i++)
        types[i] = tv_value_str(tv_str_of(background[i]));
    struct tv_pred *bulk = tv_pred_in(arena, tv_field_ref_fixed(TV_FIELD_TYPE), types, BACKGROUND);
    struct tv_pred *warns = tv_pred_compare(
            arena, tv_field_ref_fixed(TV_FIELD_SEVERITY), TV_OP_GE, tv_value_i64(TV_SEVERITY_WARN));
    struct tv_pred *fails = tv_pred_compare(
            arena, tv_field_resolve(TV_STR("error_occurred")), TV_OP_EQ, tv_value_bool(true));
    return tv_pred_or(arena, tv_pred_or(arena, tv_pred_not(arena, bulk), warns), fails);
}

void tv_plan_occurrences(struct tv_exec *exec, struct tv_planned_scan *scan)
{
    struct tv_columns_wanted wanted = {.arena = &exec->arena};
    if (!scan->spec.where)
        scan->spec.where = notable(&exec->arena);
    tv_want_field(&wanted, TV_FIELD_SERVICE);
    tv_want_field(&wanted, TV_FIELD_TYPE);
    tv_want_field(&wanted, TV_FIELD_NAME);
    tv_want_field(&wanted, TV_FIELD_MESSAGE);
    scan->spec.columns = tv_wanted_columns(&wanted);
}

struct reading {
    struct tv_kinds *kinds;
    struct tv_templates templates;
    uint32_t template_of[TV_KINDS_MAX]; /* index + 1; 0: the kind has a name of its own */
};

/* A batch while its rows are taken. */
struct taking {
    struct reading *reading;
    const struct tv_batch *batch;
    struct tv_map known; /* (service, type, name or template) → number */
    struct tv_arena scratch;
};

static bool is_change(struct tv_str type)
{
    return tv_str_equal(type, TV_STR("deploy")) || tv_str_equal(type, TV_STR("config"));
}

static uint32_t new_number(struct taking *taking, uint32_t row, uint32_t template)
{
    struct tv_kinds *kinds = taking->reading->kinds;
    const struct tv_batch *batch = taking->batch;
    struct tv_kind_names names = {.service = tv_batch_text(batch, TV_FIELD_SERVICE, row),
            .type = tv_batch_text(batch, TV_FIELD_TYPE, row)};
    if (template > 0)
        names.name = tv_arena_printf(&taking->scratch, "template %u", template);
    else if (!is_change(names.type))
        names.name = tv_batch_text(batch, TV_FIELD_NAME, row);
    uint32_t number = tv_kinds_number(kinds, &names);
    if (number != UINT32_MAX)
        taking->reading->template_of[number] = template;
    return number;
}

static uint32_t code_of(const struct tv_batch *batch, enum tv_field field, uint32_t row)
{
    const uint32_t *codes = tv_batch_codes(batch, field);
    return codes ? codes[row] : 0;
}

static uint32_t number_of(struct taking *taking, uint32_t row)
{
    const struct tv_batch *batch = taking->batch;
    uint32_t key[4] = {code_of(batch, TV_FIELD_SERVICE, row), code_of(batch, TV_FIELD_TYPE, row),
            code_of(batch, TV_FIELD_NAME, row), 0};
    struct tv_str message = tv_batch_text(batch, TV_FIELD_MESSAGE, row);
    bool change = is_change(tv_batch_text(batch, TV_FIELD_TYPE, row));
    if (key[2] == 0 && message.len > 0 && !change)
        key[3] = tv_template_of(&taking->reading->templates, message) + 1;
    bool added = false;
    uint64_t *known = tv_map_put_copy(&taking->known, &taking->scratch,
            (struct tv_str){(const char *)key, sizeof(key)}, &added);
    if (added)
        *known = new_number(taking, row, key[3]);
    return (uint32_t)*known;
}

static enum tv_status take_batch(
        void *ctx, const struct tv_scan_batch *in, int64_t bound, bool *stop)
{
    struct taking taking = {.reading = ctx, .batch = in->batch};
    const int64_t *times = tv_batch_i64(in->batch, TV_FIELD_TIME);
    (void)bound;
    (void)stop;
    for (uint32_t i = 0; i < in->count; i++)
        tv_kinds_add(taking.reading->kinds, number_of(&taking, in->rows[i]), times[in->rows[i]]);
    tv_map_release(&taking.known);
    tv_arena_release(&taking.scratch);
    return TV_OK;
}

enum tv_status tv_occurrences_read(
        struct tv_exec *exec, const struct tv_planned_scan *scan, struct tv_kinds *kinds)
{
    struct reading *reading = tv_arena_calloc(&exec->arena, 1, sizeof(*reading));
    reading->kinds = kinds;
    enum tv_status status = tv_exec_scan(exec, scan, take_batch, reading);
    for (uint32_t i = 0; i < kinds->count; i++)
        if (reading->template_of[i] > 0)
            kinds->items[i].names.name = tv_template_text(
                    &reading->templates, reading->template_of[i] - 1, &kinds->arena);
    tv_templates_release(&reading->templates);
    tv_kinds_settle(kinds);
    if (kinds->left_out > 0)
        tv_exec_warn(exec,
                "%llu events of more than %d kinds were left out; choose events by WHERE",
                (unsigned long long)kinds->left_out, TV_KINDS_MAX);
    exec->truncated = exec->truncated || kinds->left_out > 0;
    return status;
}

struct tv_str tv_kind_text(const struct tv_kind *kind, struct tv_arena *arena)
{
    const struct tv_kind_names *names = &kind->names;
    if (names->name.len == 0)
        return tv_arena_printf(
                arena, "%.*s %.*s", TV_STR_ARG(names->type), TV_STR_ARG(names->service));
    return tv_arena_printf(arena, "%.*s %.*s '%.*s'", TV_STR_ARG(names->type),
            TV_STR_ARG(names->service), TV_STR_ARG(names->name));
}
