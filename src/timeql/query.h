/* SPDX-License-Identifier: Apache-2.0 */
/* A statement, checked and planned: what prepare makes and run reads. Private to this room.
 *
 * The query is written once, by prepare, and read-only from then on; what changes while it runs is
 * struct tv_exec. All of it lies in the query's arena. */
#ifndef TV_TIMEQL_QUERY_H
#define TV_TIMEQL_QUERY_H

#include "timeql/column.h"
#include "timeql/compile.h"

enum {
    TV_ROWS_DEFAULT = 10000,         /* of an answer, without maxRows */
    TV_TIMELINE_ROWS_DEFAULT = 1000, /* of TIMELINE without LIMIT */
    TV_BUCKETS_MAX = 20000,
    TV_TRAVERSE_EVENTS_MAX = 10000
};

#define TV_WINDOW_DEFAULT_NS TV_NS_PER_HOUR
#define TV_OVER_DEFAULT_NS   (5 * TV_NS_PER_MIN)

/* A column of SELECT's answer: a field or a function of one. */
struct tv_select_item {
    enum tv_aggregate aggregate;
    bool star;
    uint64_t most;           /* of topk */
    struct tv_column column; /* the field; its name is the answer's column's name */
    size_t group;            /* of a plain field beside GROUP BY: its place in the key */
};

/* What rows are ordered by: an item or a group's field of the answer, or any field of an event. */
struct tv_select_order {
    bool descending;
    bool by_item, by_group, by_bucket;
    size_t index;            /* of the item or group */
    struct tv_field_ref ref; /* else */
};

struct tv_query {
    struct tv_arena arena;
    struct tv_compiler compiler; /* keeps names and warnings, owns the regular expressions */
    struct tv_ast *ast;
    enum tv_query_format format;
    uint32_t rows_max;

    bool windowed; /* from and to restrict what is read */
    int64_t from, to;
    int64_t at, over;
    bool has_as_of;
    int64_t as_of;
    struct tv_pred *where;    /* NULL: all; FROM spans and the like included */
    struct tv_pred *services; /* STATE: which services to show, by what is derived; NULL: all */
    struct tv_pred *until;
    uint64_t limit;     /* rows to give */
    bool limit_written; /* the statement asked for that many */

    bool grouped; /* SELECT with functions, GROUP BY or EVERY */
    struct tv_select_item *items;
    size_t item_count;
    struct tv_column *groups;
    size_t group_count;
    struct tv_select_order *order;
    size_t order_count;
};

/* Fills all but arena, compiler and ast from the tree. */
TV_CHECKED enum tv_status tv_check(struct tv_query *query);
/* WHERE of STATE, into `where` and `services`. */
TV_CHECKED enum tv_status tv_check_state_where(struct tv_query *query);
/* SELECT's part of it. */
TV_CHECKED enum tv_status tv_check_select(struct tv_query *query);

#endif
