/* SPDX-License-Identifier: Apache-2.0 */
/* One event: the walk over its members.
 *
 * Nested objects are read by recursion, which the depth limit bounds; the dotted name that a member
 * has then was put together when it was first met (member.h), so a nested member costs no more than
 * a flat one. Attributes go to their column at once, fields are noted for fields.c. An event that
 * was refused is walked to its end all the same, since the next one begins there. */
#include "ingest/decoder.h"

enum {
    INTERN_BYTES_MAX = 128 /* as tv_batch_set_attr */
};

static void set_attribute(
        struct tv_decoder *decoder, uint32_t attr, struct tv_str name, struct tv_value value)
{
    if (attr == UINT32_MAX)
        tv_decoder_refuse(decoder, name, "the batch has too many attribute names");
    else if (++decoder->attr_count > TV_DECODE_EVENT_ATTRS_MAX)
        tv_decoder_refuse(decoder, name, "the event has more than 1024 attributes");
    else
        tv_batch_set_attr(decoder->batch, attr, decoder->row, value);
}

void tv_decoder_attribute_named(
        struct tv_decoder *decoder, struct tv_str name, struct tv_value value)
{
    if (!decoder->reason)
        set_attribute(decoder, tv_batch_attr(decoder->batch, name), name, value);
}

/* Sets the attribute if that takes no more than appending to its column. */
static inline bool push_attribute(
        struct tv_decoder *decoder, struct tv_member *member, const struct tv_value *value)
{
    uint64_t bits = 0;
    if (member->attr == UINT32_MAX || decoder->attr_count == TV_DECODE_EVENT_ATTRS_MAX)
        return false;
    if (value->type == TV_TYPE_STR && value->s.len <= INTERN_BYTES_MAX &&
            !decoder->batch->attrs[member->attr].secret)
        bits = tv_decoder_intern(decoder, member, value->s);
    else if (value->type == TV_TYPE_I64)
        bits = (uint64_t)value->i;
    else if (value->type == TV_TYPE_BOOL)
        bits = value->b;
    else if (value->type == TV_TYPE_F64)
        memcpy(&bits, &value->f, sizeof(bits));
    else
        return false;
    bool pushed = tv_batch_push_attr(decoder->batch, member->attr, value->type, bits);
    decoder->attr_count += pushed;
    return pushed;
}

void tv_decoder_attribute(
        struct tv_decoder *decoder, struct tv_member *member, const struct tv_value *value)
{
    if (decoder->reason || push_attribute(decoder, member, value))
        return;
    if (member->attr == UINT32_MAX && value->type == TV_TYPE_NULL) {
        /* A name that only ever stands before null gets no column. */
        member->attr = tv_batch_find_attr(decoder->batch, member->name);
        if (member->attr == UINT32_MAX)
            return;
    }
    if (member->attr == UINT32_MAX)
        member->attr = tv_batch_attr(decoder->batch, member->name);
    set_attribute(decoder, member->attr, member->name, *value);
}

/* Where a member's value is to be read to: a field's is read to where it is noted, since copying
 * what was just written in parts is slow. */
static inline struct tv_value *place_of(
        struct tv_decoder *decoder, const struct tv_member *member, struct tv_value *otherwise)
{
    if (member->kind != TV_MEMBER_FIELD)
        return otherwise;
    return &decoder->noted[member->field][member->rank].value;
}

/* Takes the value that was read to place_of(member). */
static inline void give(struct tv_decoder *decoder, struct tv_member *member,
        const struct tv_value *value, const char *raw, const char *end)
{
    if (decoder->scan.flaw) {
        tv_decoder_refuse(decoder, member->name, decoder->scan.flaw);
        decoder->scan.flaw = NULL;
        return;
    }
    if (member->kind != TV_MEMBER_FIELD) {
        tv_decoder_attribute(decoder, member, value);
        return;
    }
    unsigned field = member->field;
    uint8_t bit = (uint8_t)(1U << member->rank);
    if (value->type == TV_TYPE_NULL) {
        decoder->ranks[field] &= (uint8_t)~bit;
        return;
    }
    decoder->ranks[field] |= bit;
    decoder->fields |= 1U << field;
    struct tv_noted *noted = &decoder->noted[field][member->rank];
    noted->raw = raw;
    noted->raw_len = (uint32_t)(end - raw);
    noted->member = member;
}

/* Reads an array, or an object too deep to be taken apart, as JSON text. */
static const char *read_json(
        struct tv_decoder *decoder, struct tv_member *member, unsigned depth, const char *at)
{
    const char *start = at;
    struct tv_value local;
    struct tv_value *value = place_of(decoder, member, &local);
    struct tv_scan_skip skip = {
            .depth_max = TV_DECODE_DEPTH_MAX - depth, .keep = true, .masked = &decoder->masked};
    tv_buf_clear(&decoder->masked);
    at = tv_scan_any(&decoder->scan, at, &skip, &value->s);
    if (!at)
        return NULL;
    value->type = TV_TYPE_JSON;
    if (decoder->masked.len > 0)
        value->s = tv_arena_str(&decoder->batch->arena, value->s);
    if (value->s.len > TV_DECODE_VALUE_BYTES_MAX)
        tv_scan_flaw(&decoder->scan, "text is longer than 1 MiB");
    give(decoder, member, value, start, at);
    return at;
}

/* Objects may stand for what has dotted names below it, and for enumerations and messages, which
 * then are no field but attributes. In place of any other field they are an error. */
static bool may_be_object(const struct tv_member *member)
{
    if (member->kind != TV_MEMBER_FIELD)
        return true;
    enum tv_field field = member->field;
    return field == TV_FIELD_SERVICE || field == TV_FIELD_HOST || field == TV_FIELD_MESSAGE ||
            tv_field_column(field) == TV_COLUMN_U8;
}

static const char *read_members(
        struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth, const char *at);

static const char *read_object(
        struct tv_decoder *decoder, struct tv_member *member, unsigned depth, const char *at)
{
    if (!may_be_object(member))
        tv_decoder_refuse(decoder, member->name, "must not be an object");
    if (member->kind == TV_MEMBER_FIELD) /* a value that stood there before is replaced */
        decoder->ranks[member->field] &= (uint8_t) ~(1U << member->rank);
    if (depth >= TV_DECODE_DEPTH_MAX)
        return read_json(decoder, member, depth, at);
    return read_members(decoder, member, depth + 1, at + 1);
}

/* `depth` counts the objects around the value. */
static inline const char *read_value(
        struct tv_decoder *decoder, struct tv_member *member, unsigned depth, const char *at)
{
    struct tv_scan *scan = &decoder->scan;
    const char *start = at;
    struct tv_value local;
    struct tv_value *value = place_of(decoder, member, &local);
    char c = tv_scan_peek(scan, at);
    if (c == '"') {
        value->type = TV_TYPE_STR;
        at = tv_scan_string(scan, at + 1, &value->s);
        if (at && value->s.len > TV_DECODE_VALUE_BYTES_MAX)
            tv_scan_flaw(scan, "text is longer than 1 MiB");
    } else if (c == '-' || tv_is_digit(c)) {
        at = tv_scan_number(scan, at, value);
    } else if (c == '{') {
        return read_object(decoder, member, depth, at);
    } else if (c == '[') {
        return read_json(decoder, member, depth, at);
    } else {
        at = tv_scan_literal(scan, at, value);
    }
    if (at)
        give(decoder, member, value, start, at);
    return at;
}

/* Finds the member of a name that was read, or learns it. */
static struct tv_member *find_member(struct tv_decoder *decoder, const struct tv_member *parent,
        unsigned depth, struct tv_str name, struct tv_str raw)
{
    struct tv_members *members = &decoder->members;
    struct tv_member **slot = tv_members_slot(members, parent, name, &decoder->scan);
    if (slot && tv_member_is_at(*slot, parent, &decoder->scan, raw.ptr) &&
            (*slot)->raw.len == raw.len) {
        members->last->next = *slot;
        return *slot;
    }
    const char *flaw = decoder->scan.flaw;
    size_t before = parent && parent->kind != TV_MEMBER_HOLDER ? parent->name.len + 1 : 0;
    if (!flaw && before + name.len > TV_DECODE_NAME_BYTES_MAX)
        flaw = "name is longer than 512 bytes";
    if (flaw) {
        tv_decoder_refuse(decoder, name, flaw);
        decoder->scan.flaw = NULL;
        return tv_member_spare(members, parent, depth, (struct tv_str){NULL, 0});
    }
    struct tv_member *member = tv_member_find(members, parent, depth, name, raw);
    if (slot && member->raw.len > 0)
        *slot = member;
    return member;
}

/* Reads a name that was not foreseen, and its colon; members.last becomes its member. */
static const char *read_name(
        struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth, const char *at)
{
    struct tv_scan *scan = &decoder->scan;
    struct tv_str raw = {at, 0};
    struct tv_str name;
    if (tv_scan_peek(scan, at) != '"')
        return tv_scan_expected(scan, at, "expected a member's name in quotes");
    at = tv_scan_string(scan, at + 1, &name);
    if (!at)
        return NULL;
    at = tv_scan_blanks(scan, at);
    if (tv_scan_peek(scan, at) != ':')
        return tv_scan_expected(scan, at, "expected ':' behind a member's name");
    at++;
    raw.len = (size_t)(at - raw.ptr);
    decoder->members.last = find_member(decoder, parent, depth, name, raw);
    return at;
}

/* Reads members and the closing '}' from behind the opening one. */
static const char *read_members(
        struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth, const char *at)
{
    struct tv_scan *scan = &decoder->scan;
    struct tv_members *members = &decoder->members;
    at = tv_scan_blanks(scan, at);
    if (tv_scan_peek(scan, at) == '}')
        return at + 1;
    for (;;) {
        struct tv_member *member = members->last->next;
        if (tv_member_is_at(member, parent, scan, at)) {
            members->last = member;
            at += member->raw.len;
        } else {
            at = read_name(decoder, parent, depth, at);
            member = members->last;
        }
        if (at)
            at = read_value(decoder, member, depth, tv_scan_blanks(scan, at));
        if (!at)
            return NULL;
        at = tv_scan_blanks(scan, at);
        if (tv_scan_peek(scan, at) != ',')
            break;
        at = tv_scan_blanks(scan, at + 1);
    }
    if (tv_scan_peek(scan, at) != '}')
        return tv_scan_expected(scan, at, "expected ',' or '}'");
    return at + 1;
}

const char *tv_decoder_event(struct tv_decoder *decoder, const char *at)
{
    decoder->members.last = &decoder->members.start;
    decoder->attr_count = 0;
    decoder->future = false;
    decoder->reason = NULL;
    tv_scan_forget(&decoder->scan);
    at = read_members(decoder, NULL, 1, at);
    if (at)
        tv_decoder_fields(decoder);
    return at;
}
