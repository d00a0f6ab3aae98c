/* SPDX-License-Identifier: Apache-2.0 */
/* DIFF's working set: for each field, what the selected events and the others have in it. Private to
 * this room.
 *
 * op_diff.c chooses fields and runs the scans, diff_read.c takes events in, diff_rank.c tests, ranks and
 * writes. */
#ifndef TV_TIMEQL_DIFF_H
#define TV_TIMEQL_DIFF_H

#include "timeql/exec.h"
#include "timeql/topk.h"

enum {
    TV_DIFF_SAMPLE = 50000,         /* events of a side that are looked at */
    TV_DIFF_FIELDS_MAX = 500,       /* without BY */
    TV_DIFF_VALUES_MAX = 1024,      /* of a field and side, counted at once */
    TV_DIFF_NUMBERS_MAX = 16 << 20, /* kept of all fields, 8 bytes each */
    TV_DIFF_VALUE_BYTES_MAX = 256   /* longer texts are cut */
};

enum tv_diff_side { TV_DIFF_SELECTED, TV_DIFF_OTHERS, TV_DIFF_SIDES };

struct tv_diff_part {
    struct tv_topk values;
    uint64_t present; /* events that have the field */
    double *numbers;  /* owned */
    size_t number_count, number_cap;
};

struct tv_diff_field {
    struct tv_column column;
    bool mixed; /* some values are no numbers */
    bool cut;   /* not all numbers were kept */
    struct tv_diff_part parts[TV_DIFF_SIDES];
};

struct tv_diff {
    struct tv_exec *exec;
    uint64_t counts[TV_DIFF_SIDES];    /* all events of the sides */
    uint64_t threshold[TV_DIFF_SIDES]; /* an event is in the sample if its hash is at most this */
    uint64_t sampled[TV_DIFF_SIDES];
    struct tv_diff_field *fields; /* in the run's arena */
    size_t field_count;
    size_t number_count; /* kept, of all fields */
    struct tv_arena scratch;
};

/* diff_read.c, for tv_exec_scan. */
tv_exec_batch_fn tv_diff_count;
tv_exec_batch_fn tv_diff_take;

/* diff_rank.c */
TV_CHECKED enum tv_status tv_diff_write(struct tv_diff *diff);

#endif
