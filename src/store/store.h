/* SPDX-License-Identifier: Apache-2.0 */
/* The store: events on disk as segments (encoded batches) in one SQLite file.
 *
 * Writing is a commit in three steps, and so is maintenance: begin on the loop, run on a lane,
 * finish on the loop. The loop thread owns the list of segments; a snapshot is an immutable,
 * counted copy of it, which a query pins while it reads. Queries see a commit as soon as its finish
 * returned, from level 0's batches in memory, before and after they are compacted alike.
 *
 *     commit = tv_commit_begin(store, batches, n);          loop
 *     tv_commit_run(commit);                                 writer lane
 *     status = tv_commit_finish(commit, &result, &err);      loop: published
 *
 * Errors name the file. TV_FULL means that the disk (or its reserve) is full: reads go on.
 */
#ifndef TV_STORE_STORE_H
#define TV_STORE_STORE_H

#include "base/cancel.h"
#include "event/batch.h"
#include "event/predicate.h"

struct tv_store;
struct tv_commit;
struct tv_store_job;
struct tv_snapshot;
struct tv_scan;

struct tv_store_config {
    const char *dir;      /* the data folder; made if absent; the file is traversion.db in it */
    int64_t retention_ns; /* age at which whole segments go; 0: never */
    const char *retention_for; /* rules of services with ages of their own (retention.h), or NULL */
    uint64_t disk_bytes_max;   /* of the file */
    uint64_t reserve_bytes; /* of the file system left free: below it nothing is taken in. At most a
                                twentieth of the file system counts */
    size_t cache_bytes;     /* decoded columns kept for queries */
    bool read_only;         /* for commands beside a running daemon */
    bool pinned; /* with read_only, for one thread: all is read as it is at the opening */
};

/* Make. Opens or creates the store, migrates an older file, decodes level 0. TV_NEWER for a file of
 * a later version, TV_CONFLICT when another daemon has the folder, TV_IO with the path when it
 * cannot be written. *out is owned by the caller. */
TV_CHECKED enum tv_status tv_store_open(
        const struct tv_store_config *config, struct tv_store **out, struct tv_error *err);
/* No commit, job, snapshot is left (asserted). Truncates the WAL. */
void tv_store_close(struct tv_store *store);

/* Commit. `batches` (1 … TV_COMMIT_BATCHES_MAX) are taken, one reference each; they must be held by
 * nobody else until finish. Running gives arrival numbers (also on failure never reused), removes
 * duplicates from the batches, encodes level 0, inserts, and commits with synchronous=FULL. One
 * commit at a time. */
enum { TV_COMMIT_BATCHES_MAX = 1024 };

struct tv_commit_result {
    uint64_t events, duplicates;
    uint64_t first_arrival, last_arrival;
    int64_t sync_ns; /* time in the COMMIT itself */
};

struct tv_commit *tv_commit_begin(
        struct tv_store *store, struct tv_batch *const *batches, size_t count);
void tv_commit_run(struct tv_commit *commit);
/* Publishes on TV_OK. Frees the commit either way. For each batch taken, in order, `publish`
 * (may be NULL) borrows it with its arrival numbers; batches left empty by duplicates are skipped. */
TV_CHECKED enum tv_status tv_commit_finish(struct tv_commit *commit,
        void (*publish)(void *ctx, struct tv_batch *batch), void *ctx,
        struct tv_commit_result *result, struct tv_error *err);

/* Maintenance: compaction, merging, retention, checkpoints, one job at a time.
 * next (loop) gives the most urgent due job or NULL; run (maintenance lane) does the long part;
 * where needs_writer says so, commit (writer lane, between two commits of events) does the short
 * final transaction; finish (loop) swaps segments and frees the job. `now_ns` is the wall clock. */
struct tv_store_job *tv_store_job_next(struct tv_store *store, int64_t now_ns);
void tv_store_job_run(struct tv_store_job *job);
bool tv_store_job_needs_writer(const struct tv_store_job *job);
void tv_store_job_commit(struct tv_store_job *job);
TV_CHECKED enum tv_status tv_store_job_finish(struct tv_store_job *job, struct tv_error *err);
/* When job_next should be asked again at the latest (monotonic ns from now), INT64_MAX for never;
 * so that an idle daemon sleeps. Also ask after each commit and job. */
int64_t tv_store_job_due_in(struct tv_store *store);

/* Snapshots (loop thread to take; any thread to use and drop). */
struct tv_snapshot *tv_snapshot_take(struct tv_store *store);
struct tv_snapshot *tv_snapshot_ref(struct tv_snapshot *snapshot);
void tv_snapshot_unref(struct tv_snapshot *snapshot);
/* The highest arrival number in it, 0 for none; and the newest event time, TV_ABSENT_I64 for none. */
uint64_t tv_snapshot_last_arrival(const struct tv_snapshot *snapshot);
int64_t tv_snapshot_newest(const struct tv_snapshot *snapshot);
int64_t tv_snapshot_oldest(const struct tv_snapshot *snapshot);
/* Segments and parts of level 0 that could not be read so far, at start or by a query: what they held
 * is missing from every answer. */
uint64_t tv_snapshot_damaged(const struct tv_snapshot *snapshot);
/* AS OF: the highest arrival number received at or before the time; 0 if none. */
TV_CHECKED enum tv_status tv_snapshot_arrival_at(
        struct tv_snapshot *snapshot, int64_t time_ns, uint64_t *out, struct tv_error *err);

/* Scans: on one worker thread. */
enum tv_scan_order {
    TV_SCAN_ANY,    /* whatever is cheapest */
    TV_SCAN_OLDEST, /* batches by ascending bound: see tv_scan_bound */
    TV_SCAN_NEWEST
};

struct tv_scan_columns {
    uint32_t fields; /* bit 1 << TV_FIELD_x; TIME is loaded in any case, unless timeless */
    bool timeless;   /* TIME is of no use to the caller, where fields do not name it */
    bool all_attributes;
    const struct tv_str *attributes; /* else these, borrowed */
    size_t attribute_count;
};

/* Counts of events; a warning is an event of severity WARN that is no error. */
struct tv_counts {
    uint64_t events, errors, warnings;
};

/* For a caller that only counts: segments that lie in the window as a whole tell their counts at the
 * scan's opening, and their rows are not among the batches. Both may be called many times for the same
 * time or cell. The condition must ask for nothing but service and eventType. */
struct tv_scan_rollup {
    int64_t step_ns; /* counts are wanted for no finer stretches than its multiples since 1970; 0: for
                        none, cells suffice */
    void (*stretch)(void *ctx, int64_t time, const struct tv_counts *counts);
    void (*cell)(
            void *ctx, struct tv_str service, struct tv_str type, const struct tv_counts *counts);
    void *ctx;
};
/* Whether a rollup can stand for a scan with this condition (NULL: none). */
bool tv_rollup_decides(const struct tv_pred *where);

struct tv_scan_spec {
    int64_t from, to; /* event time, both ends included */
    bool overlapping; /* events whose [time, time + duration] meets the window, instead of time */
    uint64_t arrival_from; /* arrival numbers, both ends included; 0 and UINT64_MAX for all */
    uint64_t arrival_to;
    const struct tv_pred *where; /* borrowed; NULL selects all */
    struct tv_scan_columns columns;
    enum tv_scan_order order;
    const struct tv_scan_rollup *rollup; /* borrowed; NULL: rows only */
};

struct tv_scan_batch {
    const struct tv_batch *batch; /* columns asked for and those the predicate read; valid until the
                                     next tv_scan_next */
    const uint32_t *rows;         /* the selected ones; ascending by time inside a segment */
    uint32_t count;               /* 0: the end */
};

struct tv_scan_stats {
    uint64_t segments_total, segments_read, events,
            bytes; /* events: examined; bytes: read encoded */
    uint64_t pruned_time, pruned_zone, pruned_filter;
    uint64_t rolled_up; /* segments that told their counts instead of being read */
};

/* Pins the snapshot (takes a reference of its own). */
TV_CHECKED enum tv_status tv_scan_open(struct tv_snapshot *snapshot,
        const struct tv_scan_spec *spec, const struct tv_cancel *cancel, struct tv_scan **out,
        struct tv_error *err);
TV_CHECKED enum tv_status tv_scan_next(
        struct tv_scan *scan, struct tv_scan_batch *out, struct tv_error *err);
/* OLDEST: no event still to come is earlier than this; NEWEST: none is later. An ordering operator
 * with a LIMIT stops once its worst kept event is beyond it. */
int64_t tv_scan_bound(const struct tv_scan *scan);
void tv_scan_stats(const struct tv_scan *scan, struct tv_scan_stats *out);
/* Adds what one scan did to a sum of several. */
void tv_scan_stats_add(struct tv_scan_stats *sum, const struct tv_scan_stats *one);
void tv_scan_close(struct tv_scan *scan);

/* What was last seen of each service and instance at or before `time`, among arrivals up to
 * `arrival_to`, from the segments' directories; segments that straddle the time are read. */
struct tv_last_seen {
    struct tv_str service, instance; /* in the caller's arena */
    struct tv_str version;           /* of the last event that told one, {NULL, 0} if none did */
    int64_t version_time;            /* of that event, INT64_MIN if there is none */
    int64_t first, last;             /* event times */
    int64_t changed;                 /* last deploy or config event, TV_ABSENT_I64 if none */
    uint64_t events, errors;         /* up to `time`; a straddling segment's are exact */
};
struct tv_last_seen_list {
    struct tv_last_seen *items; /* in the caller's arena */
    size_t count;
};
struct tv_last_seen_spec {
    int64_t time;
    uint64_t arrival_to;
    const struct tv_cancel *cancel;
};
TV_CHECKED enum tv_status tv_snapshot_last_seen(struct tv_snapshot *snapshot,
        const struct tv_last_seen_spec *spec, struct tv_arena *arena, struct tv_last_seen_list *out,
        struct tv_error *err);

/* Attribute names known to the store with their types and how many segments hold them, for SHOW
 * fields and "did you mean". Texts in the arena. */
struct tv_known_attribute {
    struct tv_str name;
    enum tv_type type;
    uint64_t segments;
};
TV_CHECKED enum tv_status tv_snapshot_attributes(struct tv_snapshot *snapshot,
        struct tv_arena *arena, struct tv_known_attribute **out, size_t *count,
        struct tv_error *err);

/* Tokens: names and hashes of them. Read-only stores can list and look up. */
struct tv_token {
    char name[64];
    unsigned scopes; /* bits as the net room's enum tv_scope */
    int64_t created_ns;
    uint8_t hash[32];
};
TV_CHECKED enum tv_status tv_store_tokens(
        struct tv_store *store, struct tv_token **out, size_t *count, struct tv_error *err);
/* Works beside a running daemon, which notices within a second. */
TV_CHECKED enum tv_status tv_token_add(
        const char *dir, const struct tv_token *token, struct tv_error *err);
TV_CHECKED enum tv_status tv_token_remove(const char *dir, const char *name, struct tv_error *err);

struct tv_store_stats {
    uint64_t events, segments, level0_segments, level0_events;
    uint64_t file_bytes, wal_bytes, payload_bytes, level0_bytes, cache_bytes;
    uint64_t disk_bytes_max;
    uint64_t disk_free_bytes, reserve_bytes; /* of the file system, now; the reserve as it counts */
    /* Written since the start: as level 0, as segments made of it, and by all that comes after
     * (merging, prints). All of it over what was flushed is the write amplification. */
    uint64_t commit_bytes, flushed_bytes, rewritten_bytes;
    uint64_t commits, compactions, events_compacted, expired_events, erased_events, duplicates;
    int64_t last_sync_ns, last_commit_ns;
    uint64_t corrupt_segments; /* set aside, at start or when read */
    bool read_only;            /* the reserve is reached, the disk full, or it fails */
};
/* Loop thread. */
void tv_store_stats(const struct tv_store *store, struct tv_store_stats *out);

#endif
