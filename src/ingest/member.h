/* SPDX-License-Identifier: Apache-2.0 */
/* What each member of the events in a body means, learned once.
 *
 * Events of one body are alike: the same members in the same order. A member is kept for each
 * (surrounding object, name) met so far, with what it sets already looked up, and remembers which
 * member followed it last. To read a name, the bytes are compared with the follower's; only where
 * that fails is the name read and looked up. Private to the native decoder. */
#ifndef TV_INGEST_MEMBER_H
#define TV_INGEST_MEMBER_H

#include "base/map.h"
#include "event/batch.h"
#include "ingest/native.h"
#include "ingest/scan.h"
#include "ingest/texts.h"

enum tv_member_kind {
    TV_MEMBER_ATTRIBUTE, /* sets the attribute `name` */
    TV_MEMBER_FIELD,     /* sets `field` */
    TV_MEMBER_HOLDER     /* "attributes" and its kin: the members of its object are attributes; any
                            other value is an attribute of that name */
};

enum { TV_MEMBER_PREDICT_BYTES = 24, TV_MEMBER_RANKS_MAX = 8 };

struct tv_member {
    enum tv_member_kind kind;
    uint8_t field, rank; /* of TV_MEMBER_FIELD; see tv_field_by_alias */
    uint8_t luck;        /* see texts.h */
    uint32_t attr;       /* index in the batch, UINT32_MAX until first needed */
    uint32_t number;
    struct tv_str path;             /* dotted, from the event's top; borrows the table's arena */
    struct tv_str name;             /* the end of `path` behind a holder's name */
    const struct tv_member *parent; /* NULL at the top */
    struct tv_member *next;         /* the follower, or NULL */
    /* Quote, name, quote, colon as last written in the body; the first bytes also as words with
     * masks, so that comparing them takes no branch. */
    struct tv_str raw;
    uint64_t words[3], masks[3];
};

enum { TV_MEMBERS_RECENT = 1024 };

struct tv_members {
    struct tv_map map;         /* parent's number and name → pointer */
    struct tv_member **recent; /* by tv_members_slot, or NULL; only a guess */
    struct tv_arena arena;
    struct tv_buf key;
    uint32_t count;
    struct tv_member start; /* stands before an event's first member */
    struct tv_member *last; /* read last */
    /* For names beyond those that the table takes, one for each level of nesting. */
    struct tv_member spare[TV_DECODE_DEPTH_MAX + 1];
    struct tv_buf spare_paths[TV_DECODE_DEPTH_MAX + 1];
};

void tv_members_init(struct tv_members *members);
void tv_members_release(struct tv_members *members);

/* Whether the member's name and colon stand at `at`, in the object `parent`. */
static inline bool tv_member_is_at(const struct tv_member *member, const struct tv_member *parent,
        const struct tv_scan *scan, const char *at)
{
    if (!member || member->parent != parent || scan->end - at < TV_MEMBER_PREDICT_BYTES)
        return false;
    uint64_t differ = ((tv_load64(at) ^ member->words[0]) & member->masks[0]) |
            ((tv_load64(at + 8) ^ member->words[1]) & member->masks[1]) |
            ((tv_load64(at + 16) ^ member->words[2]) & member->masks[2]);
    if (differ != 0)
        return false;
    size_t seen = TV_MEMBER_PREDICT_BYTES;
    return member->raw.len <= seen ||
            ((size_t)(scan->end - at) >= member->raw.len &&
                    memcmp(at + seen, member->raw.ptr + seen, member->raw.len - seen) == 0);
}

/* Where a member of the object `parent` is guessed, of which the name's first bytes and length are
 * known. For bodies whose events are not alike, so that followers are of no use. */
static inline struct tv_member **tv_members_slot(const struct tv_members *members,
        const struct tv_member *parent, struct tv_str name, const struct tv_scan *scan)
{
    if (!members->recent || !tv_texts_takes(scan, name))
        return NULL;
    uint64_t hash = tv_texts_hash(name, parent ? parent->number : 0);
    return &members->recent[hash % TV_MEMBERS_RECENT];
}

/* From now on members are guessed, too: the body is a long one. */
void tv_members_expect_more(struct tv_members *members);

/* The member called `name` in the object `parent`, which has `depth` objects around its members;
 * `raw` is how it was written. Valid until release; one beyond the table's size until the next of
 * that depth. */
struct tv_member *tv_member_find(struct tv_members *members, const struct tv_member *parent,
        unsigned depth, struct tv_str name, struct tv_str raw);
/* One that the table is not to learn: each time it comes it must be looked at. */
struct tv_member *tv_member_spare(struct tv_members *members, const struct tv_member *parent,
        unsigned depth, struct tv_str name);

#endif
