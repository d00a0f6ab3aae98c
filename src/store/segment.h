/* SPDX-License-Identifier: Apache-2.0 */
/* A columnar segment: up to 65,536 events of one stretch of time, each column a block of its own
 * inside one payload. What stands here is what is kept in memory of it: where its blocks lie, how
 * far its values reach, who is in it. Immutable; shared by counting references between the store's
 * list, snapshots and jobs. */
#ifndef TV_STORE_SEGMENT_H
#define TV_STORE_SEGMENT_H

#include "base/buf.h"
#include "store/db.h"
#include "store/extent.h"
#include "store/rollup.h"

#include <stdatomic.h>

enum {
    TV_SEGMENT_ROWS_MAX = 65536,
    TV_SEGMENT_VALUES_MAX = 32,    /* a column with up to so many texts lists their hashes */
    TV_SEGMENT_COLUMNS_MAX = 64,   /* attributes with a column of their own */
    TV_SEGMENT_SERVICES_MAX = 8192 /* directory entries kept; a segment with more has none */
};

/* A run of bytes in the payload. */
struct tv_block {
    uint64_t offset;
    uint32_t bytes;
    uint64_t sum; /* XXH3 of the bytes */
};

/* Numbers of a column: least and greatest, if all its values are numbers. */
struct tv_zone {
    bool known;
    double min, max;
};

struct tv_segment_column {
    struct tv_block block; /* 0 bytes: the segment has no such column */
    uint32_t present;      /* rows that have it */
    uint8_t types;         /* bit 1 << enum tv_type for each that occurs */
    struct tv_zone zone;
    uint32_t value_count; /* hashes of all its texts, ascending; 0 if not listed */
    uint32_t *values;
};

struct tv_segment_attr {
    struct tv_str name;
    struct tv_segment_column column;
};

/* Rare attributes: hashes of the names in each overflow block, ascending. */
struct tv_segment_overflow {
    struct tv_block block;
    uint32_t name_count;
    uint32_t *names;
};

/* What the segment knows of one service and instance. */
struct tv_segment_service {
    struct tv_str service, instance, version;
    uint32_t rows, errors;
    int64_t first, last;  /* event times */
    int64_t changed;      /* last deploy or config event, TV_ABSENT_I64 if none */
    int64_t version_time; /* of the event that told the version */
};

struct tv_rolled; /* rolled.h */

enum tv_filter_kind { TV_FILTER_EVENT, TV_FILTER_TRACE, TV_FILTER_SPAN, TV_FILTER_COUNT };

struct tv_segment {
    atomic_uint refs;
    int64_t id;
    int level;
    struct tv_extent extent;
    uint64_t payload_bytes, meta_bytes;
    struct tv_segment_column fields[TV_FIELD_COUNT];
    struct tv_segment_attr *attrs; /* by name */
    uint32_t attr_count;
    struct tv_segment_overflow *overflows;
    uint32_t overflow_count;
    struct tv_segment_service *services; /* by service, then instance */
    uint32_t service_count;
    bool services_known;
    struct tv_block filters[TV_FILTER_COUNT];
    struct tv_rollup rollup;
    struct tv_arena arena;

    /* Of its row in the table of rollups; owned, NULL until it is known. Set once, by the loop. */
    struct tv_rolled *_Atomic rolled;
    unsigned class; /* of retention (retention.h); with age_ns set when it joins the list */
    int64_t age_ns; /* to which it is kept; INT64_MAX: for ever */

    struct tv_graveyard *graveyard; /* where its id goes once dead and let go */
    atomic_bool dead;               /* replaced or expired: the row goes with the last reference */
    atomic_bool corrupt;            /* set aside */
};

struct tv_segment *tv_segment_new(void);
struct tv_segment *tv_segment_ref(struct tv_segment *segment);
void tv_segment_unref(struct tv_segment *segment);

/* Gives it what is known of its rollup; takes it. */
void tv_segment_set_rolled(struct tv_segment *segment, struct tv_rolled *rolled);
/* What it takes in the file. */
uint64_t tv_segment_bytes(const struct tv_segment *segment);
/* The attribute's column, or NULL. */
const struct tv_segment_column *tv_segment_find_attr(
        const struct tv_segment *segment, struct tv_str name);
/* The hash by which texts and names are listed. */
uint32_t tv_segment_hash(struct tv_str text);
/* Whether `hash` is in an ascending list. */
bool tv_segment_listed(const uint32_t *list, uint32_t count, uint32_t hash);

/* The metadata as bytes and back (FORMAT.md); TV_CORRUPT if anything is wrong with it. */
void tv_segment_put_meta(const struct tv_segment *segment, struct tv_buf *out);
TV_CHECKED enum tv_status tv_segment_get_meta(
        int64_t id, struct tv_str meta, struct tv_segment **out);

#endif
