/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the store itself and who owns which part of it.
 *
 * The loop thread owns the lists of segments and the counters. The writer lane owns the writer
 * connection and the table of duplicates, the maintenance lane the side connection; begin and
 * finish, on the loop, are the hand-overs. Readers take connections from the pool. */
#ifndef TV_STORE_STORE_INTERNAL_H
#define TV_STORE_STORE_INTERNAL_H

#include "store/cache.h"
#include "store/db.h"
#include "store/dedupe.h"
#include "store/level0.h"
#include "store/prints_list.h"
#include "store/retention.h"
#include "store/schema.h"
#include "store/segment.h"
#include "store/store.h"

#include <pthread.h>

enum {
    TV_POOL_CONNECTIONS_MAX = 8,
    TV_FRAME_EVENTS = 8192,       /* a kept frame is of so many events at least … */
    TV_FRAME_EVENTS_LEAST = 2048, /* … or, as long as may be, of so many */
    TV_LEVEL0_MERGE_ROWS = 512    /* smaller batches of a commit share one in level 0 */
};

enum tv_job_kind {
    TV_JOB_FLUSH,      /* level 0 to segments */
    TV_JOB_MERGE,      /* small segments to larger ones */
    TV_JOB_PRINTS,     /* what finds ids among segments */
    TV_JOB_CHECKPOINT, /* the log into the file */
    TV_JOB_BURY,       /* rows of segments that nobody can read any more */
    TV_JOB_ERASE,      /* events that somebody wants gone */
    TV_JOB_EXPIRE,     /* segments past their age or the file's limit */
    TV_JOB_ROLL_UP,    /* the rollup of a segment that has none */
    TV_JOB_FRAMES,     /* frames of buckets that have long ended */
    TV_JOB_PRUNE,      /* old request keys */
    TV_JOB_VACUUM,     /* free pages back to the file system */
    TV_JOB_COUNT
};

/* Connections that wait for their next reader. Any thread. */
struct tv_pool {
    pthread_mutex_t mutex;
    struct tv_db idle[TV_POOL_CONNECTIONS_MAX];
    size_t count;
};

/* Rows of the file that nobody can read any more, those of prints as negative ids; put there by
 * whoever let go last. Any thread. */
struct tv_graveyard {
    pthread_mutex_t mutex;
    int64_t *ids;
    size_t count, cap;
};

struct tv_store {
    struct tv_store_config config;
    char *dir, *path;
    char *rules; /* what `retention` points into */
    struct tv_retention retention;
    int lock_fd;
    bool writable;

    /* Writer lane. */
    struct tv_db writer;
    sqlite3_stmt *begin, *commit, *insert, *mark, *drop, *put_rollup, *mark_frame;
    sqlite3_stmt *prints_put, *prints_mark, *prints_drop;
    sqlite3_stmt *request_find, *request_put, *request_prune, *counter_put;
    struct tv_dedupe *dedupe;
    uint64_t next_arrival;

    /* Maintenance lane. */
    struct tv_db side;

    struct tv_pool pool;
    struct tv_graveyard graveyard;
    struct tv_cache *cache;

    /* Loop. */
    struct tv_segment_list *segments;
    struct tv_prints_list *prints;
    struct tv_level0 **level0; /* by arrival */
    size_t level0_count, level0_cap;
    struct tv_kept_list *kept;   /* frames in the file */
    struct tv_snapshot *current; /* of the lists as they are, or NULL */
    bool commit_open, job_open;
    int64_t retry_ns[TV_JOB_COUNT]; /* monotonic, as all below: not before, after a failure */
    int64_t clock_ns,
            clock_read_ns; /* the wall clock when it was last believed, and when that was */
    int64_t clock_hold_ns; /* until when a step of it is not believed; 0: it is */
    int64_t prune_due_ns, vacuum_due_ns, erase_due_ns;
    struct tv_erasure *erasures; /* by age; the first is worked on */
    uint64_t prints_rows_min; /* segments of fewer rows get no prints: they may still be merged */
    bool merge_wanted, prints_wanted, vacuum_wanted, requests_known, rollups_wanted;
    bool reserve_reached;    /* why the last commit failed */
    int checkpointed_frames; /* of the log, at the last checkpoint */
    /* Kept frames (frame_job.c): the bucket to go on from; a frame's events at least, and those of a
     * stretch that is as long as may be; ids. */
    int64_t frame_cursor, frames_due_ns, next_frame;
    uint64_t frame_events, frame_events_least;
    struct tv_store_stats stats;

    /* Any thread. */
    atomic_int_fast64_t next_id; /* of a row of the table of segments */
    atomic_int wal_frames;       /* after the last commit */
    atomic_size_t pins;          /* snapshots alive */
    atomic_uint_fast64_t corrupt;
    atomic_bool
            log_unsure; /* a sync failed: the next commit renews the log before it relies on it */
};

/* Copied when it changes, so that a snapshot costs one reference however long it is. */
struct tv_segment_list {
    atomic_uint refs;
    size_t count;
    struct tv_extent extent;    /* of all */
    int64_t first_to_expire_ns; /* the least tv_retention_end among them, INT64_MAX for none */
    struct tv_segment *items[]; /* by id; one reference each */
};

struct tv_snapshot {
    atomic_uint refs;
    struct tv_kept_list *kept;
    struct tv_store *store;
    struct tv_segment_list *segments;
    struct tv_prints_list *prints;
    struct tv_level0 **level0;
    size_t level0_count;
    struct tv_extent extent;
};

struct tv_kept_list; /* frames.h */

/* Lists (loop). */
void tv_lists_init(struct tv_store *store);
void tv_lists_release(struct tv_store *store);
/* Takes the reference. */
void tv_store_add_level0(struct tv_store *store, struct tv_level0 *level0);
/* The next snapshot is a new one. */
void tv_store_lists_changed(struct tv_store *store);
/* Takes the first `count` of level 0 off the list. */
void tv_store_drop_level0(struct tv_store *store, size_t count);
/* Replaces segments by others (whose references it takes); the rows of the old ones die with their
 * last reference. */
void tv_store_swap_segments(struct tv_store *store, struct tv_segment *const *old, size_t old_count,
        struct tv_segment *const *fresh, size_t fresh_count);

/* What cannot be read is left out from now on, counted once; the rest is served. Any thread. */
void tv_store_set_aside(struct tv_store *store, struct tv_segment *segment);

/* A connection for reading, given back with tv_pool_put. Any thread. */
TV_CHECKED enum tv_status tv_pool_take(
        struct tv_store *store, struct tv_db *out, struct tv_error *err);
void tv_pool_put(struct tv_store *store, struct tv_db *db);
void tv_pool_release(struct tv_store *store);

void tv_graveyard_add(struct tv_graveyard *graveyard, int64_t id);
/* Up to `max` ids into `out`; returns how many. */
size_t tv_graveyard_take(struct tv_graveyard *graveyard, int64_t *out, size_t max);
bool tv_graveyard_is_filled(struct tv_graveyard *graveyard);

/* Start: reads all that is in the file. */
TV_CHECKED enum tv_status tv_store_load(struct tv_store *store, struct tv_error *err);
uint64_t tv_store_wal_bytes(const struct tv_store *store);
uint64_t tv_store_file_bytes(const struct tv_store *store);
/* Room on the store's file system. Any thread; one system call. */
struct tv_store_room {
    uint64_t free_bytes, reserve_bytes;
};
struct tv_store_room tv_store_room(const struct tv_store *store);
/* The file's path in a data folder; owned by the caller. */
char *tv_store_file_of(const char *dir, const char *name);
/* Makes the entry of `path` in its folder durable. TV_IO and TV_FULL name the folder. */
TV_CHECKED enum tv_status tv_folder_sync_parent(const char *path, struct tv_error *err);

/* Writer lane: begins a transaction, on a log that can be relied on. */
TV_CHECKED enum tv_status tv_store_begin(struct tv_store *store, struct tv_error *err);
/* Writer lane, inside a transaction: one row of the table of segments. */
struct tv_segment_row {
    int64_t id;
    int level;
    struct tv_str meta, payload;
};
/* The same of the table of rollups. */
struct tv_rolled;
TV_CHECKED enum tv_status tv_store_put_rollup(struct tv_store *store, int64_t segment,
        const struct tv_rolled *rolled, struct tv_str data, struct tv_error *err);
TV_CHECKED enum tv_status tv_store_insert(
        struct tv_store *store, const struct tv_segment_row *row, struct tv_error *err);

#endif
