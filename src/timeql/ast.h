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

/* X(code, words of the head) */
#define TV_STATEMENT_LIST(X)       \
    X(STATE, "STATE AT")           \
    X(TIMELINE, "TIMELINE")        \
    X(TRAVERSE, "TRAVERSE")        \
    X(MATCH, "MATCH PATTERN")      \
    X(COMPARE, "COMPARE")          \
    X(PREDICT, "PREDICT")          \
    X(ROOT_CAUSE, "ROOT CAUSE OF") \
    X(WHAT_IF, "WHAT IF")          \
    X(ANOMALIES, "ANOMALIES")      \
    X(PATTERNS, "PATTERNS")        \
    X(DIFF, "DIFF")                \
    X(SELECT, "SELECT")            \
    X(SHOW, "SHOW")

enum tv_statement {
#define X(code, head) TV_STATEMENT_##code,
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

/* What SELECT reads. NONE: nothing was written, which means events. */
enum tv_source {
    TV_SOURCE_NONE,
    TV_SOURCE_EVENTS,
    TV_SOURCE_SPANS,
    TV_SOURCE_LOGS,
    TV_SOURCE_METRICS,
    TV_SOURCE_EDGES,
    TV_SOURCE_INCIDENTS,
    TV_SOURCE_COUNT
};

enum tv_show {
    TV_SHOW_SERVICES,
    TV_SHOW_FIELDS,
    TV_SHOW_HOSTS,
    TV_SHOW_INCIDENTS,
    TV_SHOW_DEPLOYS,
    TV_SHOW_EDGES,
    TV_SHOW_COUNT
};

enum tv_direction {
    TV_DIRECTION_BACKWARD,
    TV_DIRECTION_FORWARD,
    TV_DIRECTION_BOTH,
    TV_DIRECTION_CAUSALITY,
    TV_DIRECTION_COUNT
};

/* Kinds of edges; a set of them is bits of 1 << kind. */
enum tv_edge {
    TV_EDGE_CALL,
    TV_EDGE_FAILURE,
    TV_EDGE_DECLARED,
    TV_EDGE_DATAFLOW,
    TV_EDGE_RESOURCE,
    TV_EDGE_CHANGE,
    TV_EDGE_TEMPORAL,
    TV_EDGE_COUNT
};

enum tv_via { TV_VIA_CALL = 1 << TV_EDGE_CALL, TV_VIA_DECLARED = 1 << TV_EDGE_DECLARED };

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

/* MATCH: one step of the pattern. */
struct tv_ast_step {
    uint32_t offset;
    struct tv_str label; /* {NULL, 0}: none */
    bool negated;        /* NOT FOLLOWED BY */
    struct tv_cond *cond;
    struct tv_ast_count times;      /* AT LEAST … TIMES */
    struct tv_ast_duration spread;  /* … IN */
    struct tv_ast_duration lasting; /* FOR */
    struct tv_ast_duration within;  /* WITHIN; of all but the first */
};

/* COMPARE: a moment, or all between two. */
struct tv_ast_span {
    struct tv_ast_time from, to;
};

enum tv_change_kind { TV_CHANGE_REMOVE, TV_CHANGE_SET, TV_CHANGE_DELAY };

/* WHAT IF: one assumption. REMOVE has a reference or a condition, SET a field, a value (or the
 * baseline) and perhaps a condition, DELAY a condition and a duration. */
struct tv_ast_change {
    enum tv_change_kind kind;
    uint32_t offset;
    struct tv_ast_ref ref; /* text {NULL, 0}: none */
    struct tv_cond *where;
    struct tv_ast_field field;
    bool baseline;
    struct tv_literal value;
    struct tv_ast_duration by;
};

struct tv_ast {
    bool explain, analyze;
    enum tv_statement statement;
    uint32_t offset; /* of the statement's first word, EXPLAIN aside */

    /* What belongs to one statement, or to few. */
    struct tv_ast_time at; /* STATE, ROOT CAUSE OF */
    struct tv_ast_ref ref; /* TRAVERSE, ROOT CAUSE OF; text {NULL, 0}: none */
    enum tv_direction direction;
    uint32_t direction_offset;
    unsigned via; /* bits of 1 << enum tv_edge; 0: not written */
    uint32_t via_offset;
    struct tv_cond *until;
    struct tv_ast_count depth;
    bool star; /* SELECT, these four */
    struct tv_ast_item *items;
    size_t item_count;
    enum tv_source source;
    uint32_t source_offset;
    enum tv_show show; /* SHOW */
    uint32_t show_offset;
    struct tv_ast_step *steps; /* MATCH, these four */
    size_t step_count;
    struct tv_ast_fields per;
    bool overlapping;
    struct tv_ast_span before, after; /* COMPARE */
    struct tv_ast_fields fields;      /* PREDICT; FOR of COMPARE, ANOMALIES; BY of DIFF */
    struct tv_ast_duration next;      /* PREDICT */
    struct tv_cond *symptom;          /* ROOT CAUSE OF WHERE */
    struct tv_ast_change *changes;    /* WHAT IF */
    size_t change_count;
    struct tv_cond *subject, *against; /* DIFF; against NULL: REST */
    bool scores;                       /* ANOMALIES */

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
const char *tv_edge_name(enum tv_edge edge);
const char *tv_op_name(enum tv_op op);
const char *tv_query_format_name(enum tv_query_format format);

#endif
