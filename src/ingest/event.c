/* SPDX-License-Identifier: Apache-2.0 */
/* One event: the walk over its members.
 *
 * Nested objects are read by recursion, which the depth limit bounds; the dotted name that a member
 * has then was put together when it was first met (member.h), so a nested member costs no more than
 * a flat one. Attributes go to their column at once, fields are noted for fields.c. An event that
 * was refused is walked to its end all the same, since the next one begins there. */
#include "ingest/decoder.h"

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

void tv_decoder_attribute(
        struct tv_decoder *decoder, struct tv_member *member, struct tv_value value)
{
    if (decoder->reason)
        return;
    if (member->attr == UINT32_MAX) {
        if (value.type == TV_TYPE_NULL)
            return; /* a name that only ever stands before null gets no column */
        member->attr = tv_batch_attr(decoder->batch, member->name);
    }
    set_attribute(decoder, member->attr, member->name, value);
}

static void note(struct tv_decoder *decoder, struct tv_member *member, struct tv_value value,
        struct tv_str raw)
{
    enum tv_field field = member->field;
    TV_ASSERT(member->rank < TV_ALIAS_RANKS_MAX);
    uint8_t bit = (uint8_t)(1U << member->rank);
    if (value.type == TV_TYPE_NULL) {
        decoder->ranks[field] &= (uint8_t)~bit;
    } else {
        decoder->ranks[field] |= bit;
        decoder->fields |= 1U << field;
        decoder->noted[field][member->rank] = (struct tv_noted){value, raw, member};
    }
}

static void give(struct tv_decoder *decoder, struct tv_member *member, struct tv_value value,
        struct tv_str raw)
{
    if (decoder->scan.flaw) {
        tv_decoder_refuse(decoder, member->name, decoder->scan.flaw);
        decoder->scan.flaw = NULL;
    } else if (member->kind == TV_MEMBER_FIELD) {
        note(decoder, member, value, raw);
    } else {
        tv_decoder_attribute(decoder, member, value);
    }
}

/* Reads an array, or an object too deep to be taken apart, as JSON text. */
static bool read_json(struct tv_decoder *decoder, struct tv_member *member, unsigned depth)
{
    struct tv_str text;
    struct tv_scan_skip skip = {
            .depth_max = TV_DECODE_DEPTH_MAX - depth, .keep = true, .masked = &decoder->masked};
    tv_buf_clear(&decoder->masked);
    if (!tv_scan_any(&decoder->scan, &skip, &text))
        return false;
    if (decoder->masked.len > 0)
        text = tv_arena_str(&decoder->batch->arena, text);
    if (text.len > TV_DECODE_VALUE_BYTES_MAX)
        tv_scan_flaw(&decoder->scan, "text is longer than 1 MiB");
    give(decoder, member, (struct tv_value){.type = TV_TYPE_JSON, .s = text}, text);
    return true;
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

static bool read_members(
        struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth);

static bool read_object(struct tv_decoder *decoder, struct tv_member *member, unsigned depth)
{
    if (!may_be_object(member))
        tv_decoder_refuse(decoder, member->name, "must not be an object");
    if (depth >= TV_DECODE_DEPTH_MAX)
        return read_json(decoder, member, depth);
    decoder->scan.at++;
    return read_members(decoder, member, depth + 1);
}

static bool read_string(struct tv_decoder *decoder, struct tv_member *member)
{
    struct tv_str text;
    decoder->scan.at++;
    if (!tv_scan_string(&decoder->scan, &text))
        return false;
    if (text.len > TV_DECODE_VALUE_BYTES_MAX)
        tv_scan_flaw(&decoder->scan, "text is longer than 1 MiB");
    give(decoder, member, tv_value_str(text), text);
    return true;
}

/* `depth` counts the objects around the value. */
static inline bool read_value(struct tv_decoder *decoder, struct tv_member *member, unsigned depth)
{
    struct tv_scan *scan = &decoder->scan;
    char c = tv_scan_peek(scan);
    if (c == '"')
        return read_string(decoder, member);
    if (c == '{')
        return read_object(decoder, member, depth);
    if (c == '[')
        return read_json(decoder, member, depth);
    struct tv_value value;
    const char *text = scan->at;
    bool good = c == '-' || tv_is_digit(c) ? tv_scan_number(scan, &value)
                                           : tv_scan_literal(scan, &value);
    if (good)
        give(decoder, member, value, (struct tv_str){text, (size_t)(scan->at - text)});
    return good;
}

/* Reads a name that was not foreseen, and its colon. NULL on a fault. */
static struct tv_member *read_name(
        struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth)
{
    struct tv_scan *scan = &decoder->scan;
    const char *raw = scan->at;
    struct tv_str name;
    if (tv_scan_peek(scan) != '"') {
        (void)tv_scan_fault(scan, scan->at,
                scan->at == scan->end ? "the body ends inside an event"
                                      : "expected a member's name in quotes");
        return NULL;
    }
    scan->at++;
    if (!tv_scan_string(scan, &name))
        return NULL;
    tv_scan_blanks(scan);
    if (tv_scan_peek(scan) != ':') {
        (void)tv_scan_fault(scan, scan->at, "expected ':' behind a member's name");
        return NULL;
    }
    scan->at++;
    size_t dotted = name.len + (parent ? parent->name.len + 1 : 0);
    if (scan->flaw || dotted > TV_DECODE_NAME_BYTES_MAX) {
        tv_decoder_refuse(decoder, name, scan->flaw ? scan->flaw : "name is longer than 512 bytes");
        scan->flaw = NULL;
        return tv_member_spare(&decoder->members, parent, depth, (struct tv_str){NULL, 0});
    }
    struct tv_str written = {raw, (size_t)(scan->at - raw)};
    return tv_member_find(&decoder->members, parent, depth, name, written);
}

/* Reads the name that the cursor stands on, or finds that there is none. */
static inline struct tv_member *next_member(
        struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth)
{
    struct tv_member *member = decoder->members.last->next;
    if (tv_member_is_at(member, parent, &decoder->scan))
        decoder->scan.at += member->raw.len;
    else
        member = read_name(decoder, parent, depth);
    if (member)
        decoder->members.last = member;
    return member;
}

static bool read_members(struct tv_decoder *decoder, const struct tv_member *parent, unsigned depth)
{
    struct tv_scan *scan = &decoder->scan;
    tv_scan_blanks(scan);
    if (tv_scan_peek(scan) == '}') {
        scan->at++;
        return true;
    }
    for (;;) {
        struct tv_member *member = next_member(decoder, parent, depth);
        if (!member)
            return false;
        tv_scan_blanks(scan);
        if (!read_value(decoder, member, depth))
            return false;
        tv_scan_blanks(scan);
        char c = tv_scan_peek(scan);
        if (c != ',')
            break;
        scan->at++;
        tv_scan_blanks(scan);
    }
    if (tv_scan_peek(scan) != '}')
        return tv_scan_fault(scan, scan->at,
                scan->at == scan->end ? "the body ends inside an event" : "expected ',' or '}'");
    scan->at++;
    return true;
}

bool tv_decoder_event(struct tv_decoder *decoder)
{
    decoder->members.last = &decoder->members.start;
    decoder->attr_count = 0;
    decoder->future = false;
    decoder->reason = NULL;
    tv_scan_forget(&decoder->scan);
    if (!read_members(decoder, NULL, 1))
        return false;
    tv_decoder_fields(decoder);
    return true;
}
