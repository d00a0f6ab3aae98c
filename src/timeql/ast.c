/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the tree's enumerations, each list written once. */
#include "timeql/ast.h"

const char *tv_statement_head(enum tv_statement statement)
{
    static const char *const heads[] = {
#define X(code, head) head,
            TV_STATEMENT_LIST(X)
#undef X
    };
    return heads[statement];
}

struct aggregate {
    const char *name;
    bool star;
};

static const struct aggregate aggregates[TV_AGGREGATE_ENUM_COUNT] = {
        [TV_AGGREGATE_NONE] = {"", false},
#define X(code, name, star) [TV_AGGREGATE_##code] = {name, star},
        TV_AGGREGATE_LIST(X)
#undef X
};

const char *tv_aggregate_name(enum tv_aggregate aggregate)
{
    return aggregates[aggregate].name;
}

bool tv_aggregate_takes_star(enum tv_aggregate aggregate)
{
    return aggregates[aggregate].star;
}

unsigned tv_aggregate_per_cent(enum tv_aggregate aggregate)
{
    static const unsigned char per_cent[TV_AGGREGATE_ENUM_COUNT] = {
            [TV_AGGREGATE_P50] = 50,
            [TV_AGGREGATE_P90] = 90,
            [TV_AGGREGATE_P95] = 95,
            [TV_AGGREGATE_P99] = 99,
    };
    return per_cent[aggregate];
}

bool tv_aggregate_from_name(struct tv_str name, enum tv_aggregate *out)
{
    for (int i = TV_AGGREGATE_NONE + 1; i < TV_AGGREGATE_ENUM_COUNT; i++) {
        if (tv_str_equal_nocase(name, tv_str_of(aggregates[i].name))) {
            *out = (enum tv_aggregate)i;
            return true;
        }
    }
    return false;
}

const char *tv_source_name(enum tv_source source)
{
    static const char *const names[] = {
            "", "events", "spans", "logs", "metrics", "edges", "incidents"};
    return names[source];
}

const char *tv_show_name(enum tv_show show)
{
    static const char *const names[] = {
            "services", "fields", "hosts", "incidents", "deploys", "edges"};
    return names[show];
}

const char *tv_direction_name(enum tv_direction direction)
{
    static const char *const names[] = {"backward", "forward", "both", "causality"};
    return names[direction];
}

const char *tv_edge_name(enum tv_edge edge)
{
    static const char *const names[TV_EDGE_COUNT] = {
            "call", "failure", "declared", "dataflow", "resource", "change", "temporal"};
    return names[edge];
}

const char *tv_op_name(enum tv_op op)
{
    static const char *const names[] = {"=", "!=", "<", "<=", ">", ">=", "CONTAINS", "STARTS WITH"};
    return names[op];
}

const char *tv_query_format_name(enum tv_query_format format)
{
    static const char *const names[] = {"json", "ndjson", "csv", "table"};
    return names[format];
}
