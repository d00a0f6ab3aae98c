/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's counts by time: how many events, errors and warnings each stretch of time holds, in all
 * and for each service and event type.
 *
 * They lie in the segment's metadata, so they come and go with it and are additive whatever arrives
 * late; and they are in memory, so a timeline of a month reads no block. Stretches are multiples of
 * 10 seconds, a minute or an hour since 1970: of these the finest that pays is kept. Immutable. */
#ifndef TV_STORE_ROLLUP_H
#define TV_STORE_ROLLUP_H

#include "base/buf.h"
#include "store/store.h"

enum { TV_ROLLUP_CELLS_MAX = 4096 };

/* A service and event type that occur in the segment. */
struct tv_rollup_cell {
    struct tv_str service, type; /* {NULL, 0}: absent */
    struct tv_counts counts;     /* of the whole segment */
};

/* Entries ascending in time, encoded: see tv_rollup_next. */
struct tv_rollup_series {
    int64_t step_ns; /* 0: there is none */
    struct tv_str bytes;
};

struct tv_rollup {
    struct tv_rollup_cell *cells;
    uint32_t cell_count;           /* 0: the segment has no rollup */
    struct tv_rollup_series total; /* by time alone */
    struct tv_rollup_series split; /* by time and cell */
};

/* Rows to count, in the order of time. */
struct tv_rollup_row {
    int64_t time;
    uint32_t cell;
    bool error, warning; /* a warning is a severity of WARN that is no error */
};

/* Makes both series of `rollup`, whose cells name service and type, and counts the cells. Bytes go to
 * the arena. */
void tv_rollup_make(struct tv_rollup *rollup, const struct tv_rollup_row *rows, uint32_t count,
        struct tv_arena *arena);

struct tv_rollup_entry {
    int64_t time;  /* at which the stretch begins */
    uint32_t cell; /* of `split` */
    struct tv_counts counts;
};

struct tv_rollup_reader {
    struct tv_reader in;
    int64_t step_ns, stretch;
    bool split;
};

struct tv_rollup_reader tv_rollup_read(const struct tv_rollup_series *series, bool split);
/* The next entry; false at the end (or where the bytes are wrong). */
bool tv_rollup_next(struct tv_rollup_reader *reader, struct tv_rollup_entry *out);

/* Sets `chosen` of the cells that the condition (of service and type alone; NULL: all) takes. */
void tv_rollup_choose(const struct tv_rollup *rollup, const struct tv_pred *where, bool *chosen);

/* The metadata's part. */
void tv_rollup_put(const struct tv_rollup *rollup, struct tv_buf *out);
TV_CHECKED bool tv_rollup_get(struct tv_reader *in, struct tv_arena *arena, struct tv_rollup *out);

/* Answers for the rollup's segment what `spec` asks (spec->rollup is not NULL); false, and nothing is
 * told, where its stretches are too coarse. */
TV_CHECKED bool tv_rollup_tell(const struct tv_rollup *rollup, const struct tv_scan_spec *spec);

#endif
