/* SPDX-License-Identifier: Apache-2.0 */
/* PATTERNS: which kinds of events follow each other again and again, and how sure that is. */
#include "base/buf.h"
#include "insight/patterns.h"
#include "timeql/occurrences.h"

#include <math.h>

struct item {
    const struct tv_kinds *kinds;
    const struct tv_pattern *pattern;
};

static struct tv_str text_of(const struct item *item, struct tv_arena *arena)
{
    struct tv_buf text = {0};
    for (unsigned i = 0; i < item->pattern->length; i++) {
        const struct tv_kind *kind = &item->kinds->items[item->pattern->kinds[i]];
        tv_buf_printf(&text, "%s%.*s", i > 0 ? " → " : "", TV_STR_ARG(tv_kind_text(kind, arena)));
    }
    struct tv_str kept = tv_arena_str(arena, tv_buf_str(&text));
    tv_buf_release(&text);
    return kept;
}

static struct tv_str steps_of(const struct item *item, struct tv_arena *arena)
{
    struct tv_buf text = {0};
    struct tv_json_out json = {.out = &text};
    tv_json_array(&json);
    for (unsigned i = 0; i < item->pattern->length; i++) {
        const struct tv_kind_names *names = &item->kinds->items[item->pattern->kinds[i]].names;
        tv_json_object(&json);
        tv_json_key(&json, "service");
        tv_json_str(&json, names->service);
        tv_json_key(&json, "eventType");
        tv_json_str(&json, names->type);
        tv_json_key(&json, "name");
        tv_json_str(&json, names->name);
        tv_json_end(&json);
    }
    tv_json_end(&json);
    struct tv_str kept = tv_arena_str(arena, tv_buf_str(&text));
    tv_buf_release(&text);
    return kept;
}

static void pattern_cells(const void *any, struct tv_arena *arena, struct tv_value *out)
{
    const struct item *item = any;
    const struct tv_pattern *pattern = item->pattern;
    double expected = (double)pattern->of * pattern->chance;
    *out++ = tv_value_str(text_of(item, arena));
    *out++ = tv_value_i64((int64_t)pattern->support);
    *out++ = tv_value_i64((int64_t)item->kinds->items[pattern->kinds[0]].count);
    *out++ = tv_value_f64(expected);
    *out++ = tv_value_f64((double)pattern->support / expected);
    *out++ = tv_value_f64(exp(pattern->significance));
    *out++ = tv_value_i64(pattern->within_ns);
    *out++ = tv_value_i64(pattern->delay_ns);
    *out++ = tv_value_i64(pattern->delay_most_ns);
    *out++ = tv_value_i64(pattern->last_start);
    *out++ = (struct tv_value){.type = TV_TYPE_JSON, .s = steps_of(item, arena)};
}

#define COLUMN(text, as, of)                                           \
    {                                                                  \
        .name = {(text), sizeof(text) - 1}, .kind = (as), .unit = (of) \
    }

static const struct tv_column columns[] = {COLUMN("pattern", TV_AS_STRING, NULL),
        COLUMN("support", TV_AS_INTEGER, NULL), COLUMN("of", TV_AS_INTEGER, NULL),
        COLUMN("byChance", TV_AS_NUMBER, NULL), COLUMN("lift", TV_AS_NUMBER, NULL),
        COLUMN("significance", TV_AS_NUMBER, NULL), COLUMN("within", TV_AS_INTEGER, "ns"),
        COLUMN("delay", TV_AS_INTEGER, "ns"), COLUMN("delay_p90", TV_AS_INTEGER, "ns"),
        COLUMN("last", TV_AS_TIME, NULL), COLUMN("steps", TV_AS_JSON, NULL)};

static const struct tv_answer_list list = {.member = "rows",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
        .rows = true,
        .cells = pattern_cells};

static void write_patterns(
        struct tv_exec *exec, const struct tv_kinds *kinds, const struct tv_patterns *patterns)
{
    size_t count = patterns->count;
    if (count > exec->query->limit) {
        count = (size_t)exec->query->limit;
        exec->truncated = exec->truncated || !exec->query->limit_written;
    }
    tv_answer_open(&exec->answer, &list);
    for (size_t i = 0; i < count; i++) {
        struct item item = {kinds, &patterns->items[i]};
        tv_answer_item(&exec->answer, &item);
    }
    tv_answer_close(&exec->answer);
}

enum tv_status tv_op_patterns(struct tv_exec *exec)
{
    const struct tv_query *query = exec->query;
    struct tv_kinds kinds = {0};
    struct tv_patterns patterns = {0};
    int64_t oldest = tv_snapshot_oldest(exec->snapshot);
    int64_t from = oldest != TV_ABSENT_I64 && oldest > query->from ? oldest : query->from;
    enum tv_status status = tv_occurrences_read(exec, &exec->plan.scans[0], &kinds);
    if (status == TV_OK)
        status = tv_patterns_mine(
                &kinds, from < query->to ? from : query->to, query->to, exec->cancel, &patterns);
    if (status == TV_OK) {
        tv_exec_head(exec, "PATTERNS");
        write_patterns(exec, &kinds, &patterns);
        status = tv_exec_end(exec);
    }
    tv_patterns_release(&patterns);
    tv_kinds_release(&kinds);
    return status;
}
