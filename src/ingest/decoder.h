/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the native decoder share: the event at hand.
 *
 * native.c walks the body's form (array, lines), event.c walks one event's members, fields.c turns
 * what stood for a field into the field's cell. Members of fields are only noted during the walk and
 * set at the event's end, since a later alias may outrank an earlier one. */
#ifndef TV_INGEST_DECODER_H
#define TV_INGEST_DECODER_H

#include "ingest/member.h"
#include "ingest/texts.h"

/* A field's value as it was sent. */
struct tv_noted {
    struct tv_value value; /* never NULL */
    const char *raw;       /* where a number's or literal's text begins in the body */
    uint32_t raw_len;
    struct tv_member *member;
};

struct tv_decoder {
    struct tv_scan scan;
    struct tv_members members;
    struct tv_batch *batch;
    const struct tv_decode_options *options;
    struct tv_decode_report *report;
    struct tv_buf masked;
    struct tv_texts *texts; /* NULL until the body proves to be a long one */

    /* The event at hand. */
    uint32_t index; /* in the body */
    uint32_t row;
    uint32_t attr_count;
    bool future;
    const char *reason; /* static text; why the event is refused, or NULL */
    char reason_field[64];
    uint32_t fields;               /* a bit for each field noted */
    uint8_t ranks[TV_FIELD_COUNT]; /* a bit for each alias noted */
    struct tv_noted noted[TV_FIELD_COUNT][TV_MEMBER_RANKS_MAX];
};

/* native.c: refuses the event, unless it is refused already. */
void tv_decoder_refuse(struct tv_decoder *decoder, struct tv_str field, const char *reason);

/* The code of a short text among the batch's strings. */
static inline uint32_t tv_decoder_intern(
        struct tv_decoder *decoder, struct tv_member *member, struct tv_str text)
{
    struct tv_batch *batch = decoder->batch;
    if (!decoder->texts || member->luck == 0 || !tv_texts_takes(&decoder->scan, text))
        return tv_strings_intern(&batch->strings, &batch->arena, text);
    bool found = false;
    struct tv_texts_entry *entry = tv_texts_find(decoder->texts, text, 0, &found);
    if (found) {
        member->luck = (uint8_t)(member->luck + (member->luck < TV_TEXTS_LUCK_MAX));
        return entry->code;
    }
    member->luck--;
    entry->code = tv_strings_intern(&batch->strings, &batch->arena, text);
    return entry->code;
}

/* event.c: reads one event from behind its '{' into decoder->row. NULL on a fault. */
const char *tv_decoder_event(struct tv_decoder *decoder, const char *at);
/* event.c: sets an attribute of the event at hand, within the limits. */
void tv_decoder_attribute(
        struct tv_decoder *decoder, struct tv_member *member, const struct tv_value *value);
void tv_decoder_attribute_named(
        struct tv_decoder *decoder, struct tv_str name, struct tv_value value);

/* fields.c: sets the noted fields and what follows from absent ones. */
void tv_decoder_fields(struct tv_decoder *decoder);

#endif
