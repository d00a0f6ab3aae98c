/* SPDX-License-Identifier: Apache-2.0 */
/* The table of members. Names come from outside, so it is bounded: past the bound a name is looked up
 * each time it comes, in a member that is overwritten by the next. */
#include "ingest/member.h"

enum { MEMBERS_MAX = 8192 };

void tv_members_init(struct tv_members *members)
{
    members->map = (struct tv_map){0};
    members->arena = (struct tv_arena){0};
    members->key = (struct tv_buf){0};
    members->recent = NULL;
    members->count = 0;
    members->start = (struct tv_member){.attr = UINT32_MAX};
    members->last = &members->start;
    memset(members->spare_paths, 0, sizeof(members->spare_paths));
}

void tv_members_release(struct tv_members *members)
{
    for (size_t i = 0; i <= TV_DECODE_DEPTH_MAX; i++)
        tv_buf_release(&members->spare_paths[i]);
    tv_buf_release(&members->key);
    tv_map_release(&members->map);
    tv_arena_release(&members->arena);
}

void tv_members_expect_more(struct tv_members *members)
{
    members->recent = tv_arena_calloc(&members->arena, TV_MEMBERS_RECENT, sizeof(*members->recent));
}

static bool is_holder(struct tv_str name)
{
    return tv_str_equal(name, TV_STR("attributes")) || tv_str_equal(name, TV_STR("attrs")) ||
            tv_str_equal(name, TV_STR("data")) || tv_str_equal(name, TV_STR("metadata"));
}

/* Prepares the words that tv_member_is_at compares. */
static void learn_raw(struct tv_member *member, struct tv_str raw)
{
    char bytes[TV_MEMBER_PREDICT_BYTES] = {0};
    char mask[TV_MEMBER_PREDICT_BYTES] = {0};
    size_t len = raw.len < sizeof(bytes) ? raw.len : sizeof(bytes);
    memcpy(bytes, raw.ptr, len);
    memset(mask, 0xff, len);
    memcpy(member->words, bytes, sizeof(bytes));
    memcpy(member->masks, mask, sizeof(mask));
    member->raw = raw;
}

/* Decides what the member sets. An alias counts by its whole path, so that `service.name` is found
 * flat and nested alike; inside "attributes" nothing but metadata.triggeredBy is one. */
static void learn_meaning(struct tv_member *member)
{
    const struct tv_member *parent = member->parent;
    unsigned rank = 0;
    enum tv_field field = tv_field_by_alias(member->path, &rank);
    size_t holder = parent && parent->kind == TV_MEMBER_HOLDER ? parent->path.len + 1 : 0;
    if (parent && holder == 0)
        holder = (size_t)(parent->name.ptr - parent->path.ptr);
    member->name = (struct tv_str){member->path.ptr + holder, member->path.len - holder};
    member->attr = UINT32_MAX;
    member->luck = TV_TEXTS_LUCK;
    member->kind = TV_MEMBER_ATTRIBUTE;
    if (field != TV_FIELD_COUNT) {
        member->kind = TV_MEMBER_FIELD;
        member->field = (uint8_t)field;
        TV_ASSERT(rank < TV_MEMBER_RANKS_MAX);
        member->rank = (uint8_t)rank;
    } else if (!parent && is_holder(member->path)) {
        member->kind = TV_MEMBER_HOLDER;
    }
}

static void write_path(struct tv_buf *out, const struct tv_member *parent, struct tv_str name)
{
    tv_buf_clear(out);
    (void)tv_buf_reserve(out, 1); /* an empty path has an address too */
    if (parent) {
        tv_buf_append_str(out, parent->path);
        tv_buf_append_char(out, '.');
    }
    tv_buf_append_str(out, name);
}

struct tv_member *tv_member_spare(struct tv_members *members, const struct tv_member *parent,
        unsigned depth, struct tv_str name)
{
    struct tv_member *member = &members->spare[depth];
    *member = (struct tv_member){.parent = parent, .number = UINT32_MAX};
    write_path(&members->spare_paths[depth], parent, name);
    member->path = tv_buf_str(&members->spare_paths[depth]);
    learn_meaning(member);
    return member;
}

static struct tv_member *add(struct tv_members *members, const struct tv_member *parent,
        struct tv_str name, struct tv_str raw)
{
    struct tv_member *member = tv_arena_calloc(&members->arena, 1, sizeof(*member));
    member->parent = parent;
    member->number = ++members->count;
    write_path(&members->key, parent, name);
    member->path = tv_arena_str(&members->arena, tv_buf_str(&members->key));
    learn_meaning(member);
    learn_raw(member, raw);
    return member;
}

struct tv_member *tv_member_find(struct tv_members *members, const struct tv_member *parent,
        unsigned depth, struct tv_str name, struct tv_str raw)
{
    uint32_t number = parent ? parent->number : 0;
    if (number == UINT32_MAX)
        return tv_member_spare(members, parent, depth, name);
    tv_buf_clear(&members->key);
    tv_buf_append(&members->key, &number, sizeof(number));
    tv_buf_append_str(&members->key, name);
    struct tv_str key = tv_buf_str(&members->key);
    uint64_t *found = NULL;
    if (members->count < MEMBERS_MAX)
        found = tv_map_put_copy(&members->map, &members->arena, key, NULL);
    else
        found = tv_map_get(&members->map, key);
    if (!found)
        return tv_member_spare(members, parent, depth, name);
    struct tv_member *member = (struct tv_member *)(uintptr_t)*found;
    if (!member) {
        member = add(members, parent, name, raw);
        *found = (uint64_t)(uintptr_t)member;
    }
    members->last->next = member;
    return member;
}
