/* SPDX-License-Identifier: Apache-2.0 */
/* From what stood for a field to the field's cell: one setter for each kind of field.
 *
 * Of several aliases that were noted the lowest rank is set, the others stay as attributes under the
 * names they were sent with. A setter returns the reason why the event is refused, or NULL. Three
 * rules are not in the field table: an empty text is absent; numbers are taken for texts where
 * clients have numeric ids (events, instances, hosts, traces) or log plain values (message); and an
 * enumeration refuses nothing: `status: 500` or `level: 30` of another logger stays as an attribute
 * of that name, and the field is absent. */
#include "base/json_out.h"
#include "base/time.h"
#include "ingest/decoder.h"
#include "ingest/hex.h"

#include <math.h>

#define FUTURE_NS (10 * TV_NS_PER_MIN)

static struct tv_str raw_of(const struct tv_noted *noted)
{
    return (struct tv_str){noted->raw, noted->raw_len};
}

/* The content of a string, or the text of a number where `numbers` are taken too. */
static const char *take_text(const struct tv_noted *noted, bool numbers, struct tv_str *out)
{
    enum tv_type type = noted->value.type;
    bool number = type == TV_TYPE_I64 || type == TV_TYPE_F64;
    if (type != TV_TYPE_STR && !(numbers && number))
        return "must be a string";
    *out = type == TV_TYPE_STR ? noted->value.s : raw_of(noted);
    return NULL;
}

static const char *set_text(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    bool numbers = field == TV_FIELD_EVENT_ID || field == TV_FIELD_INSTANCE ||
            field == TV_FIELD_HOST || field == TV_FIELD_MESSAGE;
    struct tv_str text;
    const char *reason = NULL;
    if (field == TV_FIELD_MESSAGE && noted->value.type == TV_TYPE_BOOL)
        text = raw_of(noted);
    else
        reason = take_text(noted, numbers, &text);
    if (reason)
        return reason;
    if (field != TV_FIELD_MESSAGE && text.len > TV_DECODE_NAME_BYTES_MAX)
        return "is longer than 512 bytes";
    if (text.len == 0)
        return field == TV_FIELD_SERVICE ? "must not be empty" : NULL;
    if (tv_field_is_appended(field))
        tv_batch_set_text(decoder->batch, field, decoder->row, text);
    else
        tv_batch_set_code(decoder->batch, field, decoder->row,
                tv_decoder_intern(decoder, noted->member, text));
    return NULL;
}

static bool epoch_from_integer(int64_t number, int64_t *out)
{
    int64_t unit = 1;
    if (number < INT64_C(100000000000))
        unit = TV_NS_PER_S;
    else if (number < INT64_C(100000000000000))
        unit = TV_NS_PER_MS;
    else if (number < INT64_C(100000000000000000))
        unit = TV_NS_PER_US;
    return number >= 0 && !__builtin_mul_overflow(number, unit, out);
}

static bool take_time(const struct tv_noted *noted, int64_t *out)
{
    switch (noted->value.type) {
    case TV_TYPE_I64:
        return epoch_from_integer(noted->value.i, out);
    case TV_TYPE_F64:
        return tv_time_parse_epoch(raw_of(noted), out);
    case TV_TYPE_STR:
        return tv_time_parse_epoch(noted->value.s, out) ||
                tv_time_parse_rfc3339(noted->value.s, out);
    case TV_TYPE_NULL:
    case TV_TYPE_BOOL:
    case TV_TYPE_JSON:
        break;
    }
    return false;
}

static const char *set_time(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    int64_t received_ns = decoder->options->received_ns;
    int64_t time_ns = 0;
    if (!take_time(noted, &time_ns))
        return "is no time between 1970 and 2262, in RFC 3339 or as an epoch number";
    if (time_ns == 0) {
        time_ns = received_ns;
    } else if (time_ns - FUTURE_NS > received_ns) {
        char claimed[TV_TIME_TEXT_BYTES];
        size_t length = tv_time_format(time_ns, claimed);
        tv_decoder_attribute_named(decoder, TV_STR("timestamp.claimed"),
                tv_value_str((struct tv_str){claimed, length}));
        decoder->future = true;
        time_ns = received_ns;
    }
    tv_batch_set_i64(decoder->batch, field, decoder->row, time_ns);
    return NULL;
}

static const char *set_duration(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    struct tv_value value = noted->value;
    if (value.type == TV_TYPE_STR) {
        struct tv_str text = value.s;
        value.type = TV_TYPE_I64;
        if (!tv_str_to_i64(text, &value.i)) {
            value.type = TV_TYPE_F64;
            if (!tv_str_to_f64(text, &value.f))
                return "must be a number";
        }
    }
    int64_t unit_ns = tv_field_duration_unit_ns(noted->member->path);
    int64_t duration_ns = 0;
    bool fits = false;
    if (value.type == TV_TYPE_I64) {
        fits = !__builtin_mul_overflow(value.i, unit_ns, &duration_ns);
    } else if (value.type == TV_TYPE_F64) {
        double exact = round(value.f * (double)unit_ns);
        fits = exact < 0x1p63;
        duration_ns = fits && exact >= 0 ? (int64_t)exact : 0;
    } else {
        return "must be a number";
    }
    if (value.type == TV_TYPE_I64 ? value.i < 0 : value.f < 0)
        return "must not be negative";
    if (!fits)
        return "is longer than 292 years";
    tv_batch_set_i64(decoder->batch, field, decoder->row, duration_ns);
    return NULL;
}

static void keep_id_text(struct tv_decoder *decoder, enum tv_field field, struct tv_str text)
{
    tv_decoder_attribute_named(decoder, tv_str_of(tv_field_name(field)), tv_value_str(text));
}

static const char *set_trace_id(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    struct tv_str text;
    const char *reason = take_text(noted, true, &text);
    if (reason || text.len == 0)
        return reason;
    if (text.len > TV_DECODE_NAME_BYTES_MAX)
        return "is longer than 512 bytes";
    struct tv_id id;
    bool hex = text.len == 32 && tv_hex16(text.ptr, &id.hi) && tv_hex16(text.ptr + 16, &id.lo);
    if (!hex && !tv_trace_id_from_text(text, &id))
        keep_id_text(decoder, field, text);
    if (id.hi != 0 || id.lo != 0)
        tv_batch_set_id(decoder->batch, field, decoder->row, id);
    return NULL;
}

static const char *set_span_id(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    struct tv_str text;
    const char *reason = take_text(noted, true, &text);
    if (reason || text.len == 0)
        return reason;
    if (text.len > TV_DECODE_NAME_BYTES_MAX)
        return "is longer than 512 bytes";
    uint64_t id = 0;
    bool hex = text.len == 16 && tv_hex16(text.ptr, &id);
    if (!hex && !tv_span_id_from_text(text, &id))
        keep_id_text(decoder, field, text);
    if (id != 0)
        tv_batch_set_u64(decoder->batch, field, decoder->row, id);
    return NULL;
}

/* OpenTelemetry's numbers. False for one that is none. */
static bool enum_from_number(enum tv_field field, int64_t number, uint8_t *out)
{
    if (number < 0)
        return false;
    if (field == TV_FIELD_STATUS && number <= 2)
        *out = (uint8_t)(number + TV_EVENT_STATUS_UNSET);
    else if (field == TV_FIELD_KIND && number < TV_KIND_COUNT)
        *out = (uint8_t)number;
    else if (field == TV_FIELD_SEVERITY && number < TV_SEVERITY_COUNT)
        *out = (uint8_t)number;
    else
        return false;
    return true;
}

/* The value that a name stands for; 0 is none. */
static uint8_t enum_from_text(struct tv_decoder *decoder, enum tv_field field, struct tv_str text)
{
    uint8_t value = 0;
    struct tv_texts_entry *entry = NULL;
    if (decoder->texts && tv_texts_takes(&decoder->scan, text)) {
        bool found = false;
        entry = tv_texts_find(decoder->texts, text, 1 + (uint32_t)field, &found);
        if (found)
            return (uint8_t)entry->code;
    }
    if (!tv_enum_from_text(field, text, &value))
        value = 0;
    if (entry)
        entry->code = value;
    return value;
}

static const char *set_enum(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    uint8_t value = 0;
    bool known = false;
    if (noted->value.type == TV_TYPE_STR) {
        value = enum_from_text(decoder, field, noted->value.s);
        known = value != 0 || noted->value.s.len == 0;
    } else if (noted->value.type == TV_TYPE_I64) {
        known = enum_from_number(field, noted->value.i, &value);
    }
    if (!known)
        tv_decoder_attribute(decoder, noted->member, &noted->value);
    else if (value != 0)
        tv_batch_set_u8(decoder->batch, field, decoder->row, value);
    return NULL;
}

/* Writes the elements of a JSON array of strings and numbers as an array of strings. The text was
 * read before, so its grammar is known to be right. */
static bool write_causes(struct tv_scan *scan, struct tv_json_out *json, uint32_t *count)
{
    const char *at = tv_scan_blanks(scan, scan->start + 1);
    while (*at != ']') {
        struct tv_str text = {at, 0};
        struct tv_value number;
        bool string = *at == '"';
        if (!string && *at != '-' && !tv_is_digit(*at))
            return false;
        at = string ? tv_scan_string(scan, at + 1, &text) : tv_scan_number(scan, at, &number);
        if (!at)
            return false;
        if (!string)
            text.len = (size_t)(at - text.ptr);
        if (text.len > TV_DECODE_NAME_BYTES_MAX)
            return false;
        *count += text.len > 0;
        if (text.len > 0)
            tv_json_str(json, text);
        at = tv_scan_blanks(scan, at);
        at = tv_scan_blanks(scan, at + (*at == ','));
    }
    return true;
}

static const char *set_causes(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted)
{
    struct tv_buf buf = {0};
    struct tv_json_out json = {.out = &buf};
    struct tv_str text = {NULL, 0};
    uint32_t count = 0;
    const char *reason = NULL;
    tv_json_array(&json);
    if (noted->value.type == TV_TYPE_JSON) {
        text = noted->value.s;
        struct tv_scan scan = {.start = text.ptr, .end = text.ptr + text.len};
        if (!write_causes(&scan, &json, &count))
            reason = "must be an event id or an array of them";
        tv_scan_release(&scan);
    } else {
        reason = take_text(noted, true, &text);
        if (!reason && text.len > TV_DECODE_NAME_BYTES_MAX)
            reason = "is longer than 512 bytes";
        if (!reason && text.len > 0) {
            tv_json_str(&json, text);
            count = 1;
        }
    }
    if (!reason && count > 0) {
        tv_json_end(&json);
        tv_batch_set_text(decoder->batch, field, decoder->row, tv_buf_str(&buf));
    }
    tv_buf_release(&buf);
    return reason;
}

typedef const char *setter_fn(
        struct tv_decoder *decoder, enum tv_field field, const struct tv_noted *noted);

static setter_fn *const setters[TV_FIELD_COUNT] = {
        [TV_FIELD_TIME] = set_time,
        [TV_FIELD_SERVICE] = set_text,
        [TV_FIELD_INSTANCE] = set_text,
        [TV_FIELD_HOST] = set_text,
        [TV_FIELD_TYPE] = set_text,
        [TV_FIELD_NAME] = set_text,
        [TV_FIELD_EVENT_ID] = set_text,
        [TV_FIELD_TRACE_ID] = set_trace_id,
        [TV_FIELD_SPAN_ID] = set_span_id,
        [TV_FIELD_PARENT_SPAN_ID] = set_span_id,
        [TV_FIELD_KIND] = set_enum,
        [TV_FIELD_DURATION] = set_duration,
        [TV_FIELD_STATUS] = set_enum,
        [TV_FIELD_SEVERITY] = set_enum,
        [TV_FIELD_MESSAGE] = set_text,
        [TV_FIELD_CAUSED_BY] = set_causes,
        [TV_FIELD_UNIT] = set_text,
        [TV_FIELD_METRIC_KIND] = set_enum,
        [TV_FIELD_TEMPORALITY] = set_enum,
};

static void set_noted(struct tv_decoder *decoder, enum tv_field field, unsigned ranks)
{
    const struct tv_noted *winner = &decoder->noted[field][__builtin_ctz(ranks)];
    const char *reason = setters[field](decoder, field, winner);
    if (reason)
        tv_decoder_refuse(decoder, winner->member->path, reason);
    for (unsigned left = ranks & (ranks - 1); left; left &= left - 1) {
        const struct tv_noted *loser = &decoder->noted[field][__builtin_ctz(left)];
        tv_decoder_attribute(decoder, loser->member, &loser->value);
    }
}

void tv_decoder_fields(struct tv_decoder *decoder)
{
    struct tv_batch *batch = decoder->batch;
    uint32_t row = decoder->row;
    uint32_t set = 0;
    for (uint32_t left = decoder->fields; left; left &= left - 1) {
        enum tv_field field = (enum tv_field)__builtin_ctz(left);
        unsigned ranks = decoder->ranks[field];
        decoder->ranks[field] = 0;
        if (ranks == 0)
            continue;
        set |= 1U << field;
        if (!decoder->reason)
            set_noted(decoder, field, ranks);
    }
    decoder->fields = 0;
    if (decoder->reason)
        return;
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, decoder->options->received_ns);
    if (!(set & 1U << TV_FIELD_TIME))
        tv_batch_set_i64(batch, TV_FIELD_TIME, row, decoder->options->received_ns);
    if (!(set & 1U << TV_FIELD_SERVICE))
        tv_decoder_refuse(decoder, TV_STR("service"), "is required");
    if (tv_batch_codes(batch, TV_FIELD_TYPE) == NULL ||
            tv_batch_codes(batch, TV_FIELD_TYPE)[row] == 0)
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("event"));
}
