/* SPDX-License-Identifier: Apache-2.0 */
/* Prints: in which segments of a group an id or a value may be.
 *
 * A segment's own filter is one small read for each segment, which among thousands is the whole cost
 * of a look-up. Prints answer for up to 64 segments at once: each key leaves its fingerprint, the
 * highest 24 bits of its hash, with the number of its segment in the group; all are sorted, cut into
 * buckets of about a hundred by their highest bits, and written as differences (Golomb–Rice). A
 * look-up reads one bucket of some 150 bytes and finds the numbers that stand with its fingerprint.
 * That is a set of pairs with a bounded false-positive rate, a maplet (Bender, Conway, Farach-Colton,
 * Johnson et al., 2021); Bloom filters laid side by side or in slices would read as much and need
 * half as many bits again, since they pay the error rate for each segment and not for the group.
 *
 * Everything here is derived: rows of the table `prints`, made by maintenance from the segments'
 * columns and made again where they are missing or damaged. Segments that no prints cover answer by
 * their own filters. An object is immutable and counted; the list of all is part of a snapshot. */
#ifndef TV_STORE_PRINTS_H
#define TV_STORE_PRINTS_H

#include "base/buf.h"
#include "store/db.h"

#include <stdatomic.h>

enum {
    TV_PRINTS_MEMBERS_MAX = 64,
    TV_PRINT_MEMBER_BITS = 6,
    TV_PRINT_HASH_BITS = 24,
    TV_PRINTS_FAN_IN = 8 /* segments, then rows of that many, that become one */
};

enum tv_prints_kind {
    TV_PRINTS_EVENT, /* the first three as enum tv_filter_kind */
    TV_PRINTS_TRACE,
    TV_PRINTS_SPAN,
    TV_PRINTS_VALUE, /* texts of attributes that are not listed in memory */
    TV_PRINTS_KINDS
};

struct tv_graveyard;

/* Where the prints of a kind lie in the row's data. */
struct tv_prints_part {
    uint64_t offset, bytes;
    uint32_t count;
    uint8_t bucket_bits, rice_bits;
};

struct tv_prints {
    atomic_uint refs;
    int64_t id; /* of the row */
    uint32_t member_count;
    int64_t members[TV_PRINTS_MEMBERS_MAX]; /* ids of segments, by their number */
    uint64_t valued;                        /* bit 1 << number: its values are here, all of them */
    struct tv_prints_part parts[TV_PRINTS_KINDS];
    uint64_t data_bytes;
    struct tv_graveyard *graveyard; /* where the row's id goes once dead and let go */
    atomic_bool dead, corrupt;
};

struct tv_prints *tv_prints_new(void);
struct tv_prints *tv_prints_ref(struct tv_prints *prints);
void tv_prints_unref(struct tv_prints *prints);

/* A fingerprint with its segment's number; sorting them sorts by fingerprint. */
static inline uint32_t tv_print(uint64_t key, uint32_t member)
{
    return (uint32_t)(key >> (64 - TV_PRINT_HASH_BITS)) << TV_PRINT_MEMBER_BITS | member;
}
/* What stands for a text value of an attribute. */
uint64_t tv_print_value_key(struct tv_str name, struct tv_str text);

/* Appends a kind's prints, which it sorts; equal ones are kept once. */
void tv_prints_put(
        struct tv_buf *data, uint32_t *prints, size_t count, struct tv_prints_part *part);
/* All of a kind, part->count of them; false where the bytes are wrong. */
TV_CHECKED bool tv_prints_get(struct tv_str data, const struct tv_prints_part *part, uint32_t *out);
/* The members that a key may be in, as a bit each, read through an open blob of the data.
 * TV_CORRUPT where the bytes are wrong. */
TV_CHECKED enum tv_status tv_prints_find(
        sqlite3_blob *blob, const struct tv_prints_part *part, uint64_t key, uint64_t *members);

/* The row's `meta` and back. */
void tv_prints_put_meta(const struct tv_prints *prints, struct tv_buf *out);
TV_CHECKED enum tv_status tv_prints_get_meta(
        int64_t id, struct tv_str meta, struct tv_prints **out);

#endif
