/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering of what was seen of each service and instance: for a segment's directory when it is
 * written, and for the answer to "last seen" when it is asked. */
#ifndef TV_STORE_SEEN_H
#define TV_STORE_SEEN_H

#include "event/batch.h"

struct tv_seen_entry {
    struct tv_str service, instance, version; /* in the arena; instance and version may be absent */
    uint64_t rows, errors;
    int64_t first, last;
    int64_t changed;      /* TV_ABSENT_I64 if never */
    int64_t version_time; /* of the event that told the version */
};

/* Zero-initialised but for the arena is empty. */
struct tv_seen {
    struct tv_arena *arena; /* borrowed */
    struct tv_map map;      /* service, NUL, instance → index + 1 */
    struct tv_seen_entry *entries;
    size_t count, cap;
};

/* Frees the table, not what is in the arena. */
void tv_seen_release(struct tv_seen *seen);
/* Adds rows of a batch; needs the columns of tv_seen_fields and tv_seen_attributes. */
void tv_seen_add_rows(
        struct tv_seen *seen, const struct tv_batch *batch, const uint32_t *rows, uint32_t count);
/* Merges an entry gathered elsewhere. */
void tv_seen_add_entry(struct tv_seen *seen, const struct tv_seen_entry *entry);

uint32_t tv_seen_fields(void);
/* Names of the attributes that errors and versions are read from, in the arena. */
struct tv_str *tv_seen_attributes(struct tv_arena *arena, size_t *count);

#endif
