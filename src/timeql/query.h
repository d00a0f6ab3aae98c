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
    TV_DIFF_ROWS_DEFAULT = 50,       /* of DIFF without LIMIT */
    TV_BUCKETS_MAX = 20000,
    TV_TRAVERSE_EVENTS_MAX = 10000,
    TV_PATTERN_STEPS_MAX = 64,
    TV_MATCHES_DEFAULT = 100 /* of MATCH without LIMIT */
};

#define TV_WINDOW_DEFAULT_NS TV_NS_PER_HOUR
#define TV_OVER_DEFAULT_NS   (5 * TV_NS_PER_MIN)
#define TV_WITHIN_DEFAULT_NS TV_NS_PER_HOUR
/* How late events are waited for before their absence counts. */
#define TV_LATENESS_NS (30 * TV_NS_PER_S)

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

/* MATCH: a step of the pattern. */
struct tv_match_step {
    struct tv_str label; /* {NULL, 0}: none */
    bool negated;        /* NOT FOLLOWED BY */
    bool derived;        /* the predicate is over services' buckets, not over events */
    struct tv_pred *where;
    uint64_t times;     /* 1 or more */
    int64_t spread_ns;  /* the times lie within it */
    int64_t lasting_ns; /* 0: a moment is enough */
    int64_t within_ns;  /* of the step before */
};

/* COMPARE: a side. A moment has from = to. */
struct tv_compare_side {
    bool moment;
    int64_t from, to;
};

/* WHAT IF: an assumption. */
struct tv_what_if_change {
    enum tv_change_kind kind;
    const struct tv_ast_ref *ref; /* REMOVE of one event; else NULL */
    struct tv_pred *where;        /* which events; NULL: all (SET) or `ref` */
    struct tv_measure measure;    /* SET */
    bool baseline;                /* SET … = BASELINE */
    struct tv_value value; /* SET, else: as the field's column has it; 80% of a rate is 0.8 */
    int64_t by_ns;         /* DELAY */
};

struct tv_query {
    struct tv_arena arena;
    struct tv_compiler compiler; /* keeps names and warnings, owns the regular expressions */
    struct tv_ast *ast;
    enum tv_query_format format;
    uint32_t rows_max;
    uint64_t bytes_max; /* UINT64_MAX: no bound */

    bool windowed; /* from and to restrict what is read */
    int64_t from, to;
    int64_t at, over;
    bool has_as_of;
    int64_t as_of;
    struct tv_pred *where;    /* NULL: all; FROM spans and the like included */
    struct tv_pred *services; /* which services to show, by what is derived; NULL: all. STATE,
                                 COMPARE, PREDICT, ANOMALIES, WHAT IF */
    struct tv_pred *until;
    uint64_t limit;     /* rows to give */
    bool limit_written; /* the statement asked for that many */

    bool grouped; /* SELECT with functions, GROUP BY or EVERY */
    struct tv_select_item *items;
    size_t item_count;
    size_t keys; /* so many items before the others are fields of GROUP BY that nobody selected */
    struct tv_column *groups;
    size_t group_count;
    struct tv_select_order *order;
    size_t order_count;

    struct tv_match_step *steps; /* MATCH, these four */
    size_t step_count;
    struct tv_column *per;
    size_t per_count;
    struct tv_compare_side before, after; /* COMPARE */
    struct tv_measure *measures;          /* COMPARE, PREDICT, ANOMALIES: FOR; DIFF: BY */
    size_t measure_count;
    int64_t next_ns; /* PREDICT; `at` is where the forecast starts, the window the history */
    bool has_at;     /* ROOT CAUSE OF: nothing later than `at` is read */
    struct tv_pred *symptom;           /* ROOT CAUSE OF WHERE */
    struct tv_what_if_change *changes; /* WHAT IF */
    size_t change_count;
    struct tv_pred *subject, *against; /* DIFF; against NULL: the rest */
};

/* Fills all but arena, compiler and ast from the tree. */
TV_CHECKED enum tv_status tv_check(struct tv_query *query);
/* WHERE where derived fields may stand, into `where` and `services`. */
TV_CHECKED enum tv_status tv_check_service_where(struct tv_query *query);
/* The statements' own parts of it. */
TV_CHECKED enum tv_status tv_check_select(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_match(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_compare(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_diff(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_predict(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_root_cause(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_what_if(struct tv_query *query);
TV_CHECKED enum tv_status tv_check_anomalies(struct tv_query *query);
/* TV_NOT_BUILT, by name, for what this release does not run. */
TV_CHECKED enum tv_status tv_check_built(struct tv_query *query);
/* What the checker's files share. Fails at a place; the hint may be NULL. */
enum tv_status tv_check_fail(
        struct tv_query *query, uint32_t offset, const char *message, const char *hint);
TV_CHECKED enum tv_status tv_check_measures(struct tv_query *query);

#endif
