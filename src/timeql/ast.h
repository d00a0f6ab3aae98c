/* SPDX-License-Identifier: Apache-2.0 */
/* A statement as a tree. Private to this room.
 *
 * The tree says what was written, not what it means: names are not resolved, times are not
 * computed; parameters are replaced already. Every node keeps the offset of its text for messages.
 * Nodes live in the statement's arena, text borrows the statement. AND and OR hold any number of
 * children, so that the tree's depth is the depth of parentheses and NOTs, which the parser bounds. */
#ifndef TV_TIMEQL_AST_H
#define TV_TIMEQL_AST_H

#include "event/predicate.h"
#include "timeql/timeql.h"

/* X(code, words of the head, built) */
#define TV_STATEMENT_LIST(X)              \
    X(STATE, "STATE AT", true)            \
    X(TIMELINE, "TIMELINE", true)         \
    X(TRAVERSE, "TRAVERSE", true)         \
    X(MATCH, "MATCH PATTERN", false)      \
    X(COMPARE, "COMPARE", false)          \
    X(PREDICT, "PREDICT", false)          \
    X(ROOT_CAUSE, "ROOT CAUSE OF", false) \
    X(WHAT_IF, "WHAT IF", false)          \
    X(ANOMALIES, "ANOMALIES", false)      \
    X(PATTERNS, "PATTERNS", false)        \
    X(DIFF, "DIFF", false)                \
    X(SELECT, "SELECT", true)             \
    X(SHOW, "SHOW", true)

enum tv_statement {
#define X(code, head, built) TV_STATEMENT_##code,
    TV_STATEMENT_LIST(X)
#undef X
            TV_STATEMENT_COUNT
};

enum tv_literal_kind {
    TV_LITERAL_STRING,
    TV_LITERAL_NUMBER,
    TV_LITERAL_PERCENT,
    TV_LITERAL_DURATION,
    TV_LITERAL_SIZE,
    TV_LITERAL_BOOL
};

struct tv_literal {
    enum tv_literal_kind kind;
    uint32_t offset;
    struct tv_str text;    /* of a string: its content; of a number: its digits and unit */
    struct tv_value value; /* 80% is 80; a duration in ns; a size in bytes */
};

struct tv_ast_field {
    struct tv_str name; /* {NULL, 0}: none */
    uint32_t offset;
};

enum tv_cond_kind {
    TV_COND_AND,
    TV_COND_OR,
    TV_COND_NOT,
    TV_COND_COMPARE, /* field op values[0] */
    TV_COND_IN,      /* field among values */
    TV_COND_BETWEEN, /* values[0] ≤ field ≤ values[1] */
    TV_COND_MATCH,   /* field =~ values[0] */
    TV_COND_EXISTS,
    TV_COND_IS_NULL
};

struct tv_cond {
    enum tv_cond_kind kind;
    uint32_t offset;
    struct tv_cond **children; /* of AND, OR (two or more), NOT (one) */
    struct tv_ast_field field;
    enum tv_op op;
    struct tv_literal *values;
    size_t count; /* of children or values */
};

struct tv_ast_time {
    bool present, quoted; /* not quoted: an epoch's digits */
    uint32_t offset;
    struct tv_str text;
};

struct tv_ast_duration {
    bool present;
    uint32_t offset;
    int64_t ns;
};

struct tv_ast_count {
    bool present;
    uint32_t offset;
    uint64_t value;
};

/* X(code, name, takes "*") */
#define TV_AGGREGATE_LIST(X)       \
    X(COUNT, "count", true)        \
    X(SUM, "sum", false)           \
    X(AVG, "avg", false)           \
    X(MIN, "min", false)           \
    X(MAX, "max", false)           \
    X(DISTINCT, "distinct", false) \
    X(FIRST, "first", false)       \
    X(LAST, "last", false)         \
    X(P50, "p50", false)           \
    X(P90, "p90", false)           \
    X(P95, "p95", false)           \
    X(P99, "p99", false)           \
    X(STDDEV, "stddev", false)     \
    X(RATE, "rate", true)          \
    X(TOPK, "topk", false)

enum tv_aggregate {
    TV_AGGREGATE_NONE, /* a plain field */
#define X(code, name, star) TV_AGGREGATE_##code,
    TV_AGGREGATE_LIST(X)
#undef X
            TV_AGGREGATE_ENUM_COUNT
};

struct tv_ast_item {
    enum tv_aggregate aggregate;
    uint32_t offset;
    bool star; /* count(*), rate(*) */
    struct tv_ast_field field;
    struct tv_ast_count most; /* of topk: how many values */
    struct tv_str label;      /* {NULL, 0}: none */
};

struct tv_ast_order {
    struct tv_ast_item item;
    bool descending;
};

enum tv_source {
    TV_SOURCE_NONE,
    TV_SOURCE_EVENTS,
    TV_SOURCE_SPANS,
    TV_SOURCE_LOGS,
    TV_SOURCE_METRICS
};

enum tv_show { TV_SHOW_SERVICES, TV_SHOW_FIELDS, TV_SHOW_HOSTS, TV_SHOW_DEPLOYS };

enum tv_direction { TV_DIRECTION_BACKWARD, TV_DIRECTION_FORWARD, TV_DIRECTION_BOTH };

enum tv_via { TV_VIA_CALL = 1, TV_VIA_DECLARED = 2 };

enum tv_ref_kind { TV_REF_BARE, TV_REF_EVENT, TV_REF_TRACE };

struct tv_ast_ref {
    enum tv_ref_kind kind;
    uint32_t offset;
    struct tv_str text;
};

struct tv_ast_fields {
    struct tv_ast_field *items;
    size_t count;
};

struct tv_ast {
    bool explain, analyze;
    enum tv_statement statement;

    /* What belongs to one statement. */
    struct tv_ast_time at; /* STATE */
    struct tv_ast_ref ref; /* TRAVERSE, these four */
    enum tv_direction direction;
    unsigned via; /* bits of enum tv_via; 0: not written */
    struct tv_cond *until;
    struct tv_ast_count depth;
    bool star; /* SELECT, these four */
    struct tv_ast_item *items;
    size_t item_count;
    enum tv_source source;
    enum tv_show show; /* SHOW */

    /* Clauses. */
    struct tv_ast_time from, to;
    struct tv_ast_duration in_last;
    struct tv_cond *where;
    struct tv_ast_time as_of;
    struct tv_ast_duration over;
    struct tv_ast_fields group_by;
    struct tv_ast_duration every;
    struct tv_ast_order *order_by;
    size_t order_count;
    struct tv_ast_count limit;
    bool has_format;
    enum tv_query_format format;
};

const char *tv_statement_head(enum tv_statement statement);
bool tv_statement_is_built(enum tv_statement statement);
/* The function's name in small letters; "" for NONE. */
const char *tv_aggregate_name(enum tv_aggregate aggregate);
bool tv_aggregate_takes_star(enum tv_aggregate aggregate);
/* 95 for p95; 0 for what is no quantile. */
unsigned tv_aggregate_per_cent(enum tv_aggregate aggregate);
/* Any case; false for what is no function. */
TV_CHECKED bool tv_aggregate_from_name(struct tv_str name, enum tv_aggregate *out);
const char *tv_source_name(enum tv_source source);
const char *tv_show_name(enum tv_show show);
const char *tv_direction_name(enum tv_direction direction);
const char *tv_op_name(enum tv_op op);
const char *tv_query_format_name(enum tv_query_format format);

#endif
