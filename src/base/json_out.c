/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer.
 *
 * It writes straight into the buffer and keeps one bit of state per level: whether a comma is due.
 * Text is copied in runs: eight bytes at a time are tested for anything that must be escaped or is
 * not ASCII (Mycroft's test for a zero byte, applied to the difference with each special one), so
 * the usual text costs one scan and one memcpy. Between documents at depth 0 no comma is written,
 * so one writer can serve a stream of lines. */
#include "base/json_out.h"

#include "base/digits.h"
#include "base/time.h"

static void value_begins(struct tv_json_out *json)
{
    if (json->comma)
        tv_buf_append_char(json->out, ',');
    /* Inside an object a value stands behind its key. */
    TV_ASSERT(json->depth == 0 || json->closing[json->depth - 1] == ']' ||
            json->out->data[json->out->len - 1] == ':');
}

static void value_ended(struct tv_json_out *json)
{
    json->comma = json->depth > 0;
}

static void open_level(struct tv_json_out *json, char opening, char closing)
{
    value_begins(json);
    TV_ASSERT(json->depth < TV_JSON_DEPTH_MAX);
    tv_buf_append_char(json->out, opening);
    json->closing[json->depth++] = closing;
    json->comma = false;
}

void tv_json_object(struct tv_json_out *json)
{
    open_level(json, '{', '}');
}

void tv_json_array(struct tv_json_out *json)
{
    open_level(json, '[', ']');
}

void tv_json_end(struct tv_json_out *json)
{
    TV_ASSERT(json->depth > 0);
    tv_buf_append_char(json->out, json->closing[--json->depth]);
    value_ended(json);
}

void tv_json_key_str(struct tv_json_out *json, struct tv_str key)
{
    TV_ASSERT(json->depth > 0 && json->closing[json->depth - 1] == '}');
    if (json->comma)
        tv_buf_append_char(json->out, ',');
    tv_json_quote(json->out, key);
    tv_buf_append_char(json->out, ':');
    json->comma = false;
}

void tv_json_key(struct tv_json_out *json, const char *key)
{
    tv_json_key_str(json, tv_str_of(key));
}

static uint64_t bytes_equal(uint64_t eight, uint8_t byte)
{
    uint64_t difference = eight ^ (0x0101010101010101ULL * byte);
    return (difference - 0x0101010101010101ULL) & ~difference;
}

/* How many bytes from `at` on are ASCII and stand for themselves. */
static size_t plain_run(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *start = at;
    for (uint64_t eight; end - at >= (ptrdiff_t)sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, at, sizeof(eight));
        uint64_t control = eight - 0x2020202020202020ULL;
        uint64_t found = control | eight | bytes_equal(eight, '"') | bytes_equal(eight, '\\');
        if (found & 0x8080808080808080ULL)
            break; /* perhaps by a borrow from a lower byte; the loop below decides exactly */
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return (size_t)(at - start);
}

static void append_escaped(struct tv_buf *out, uint8_t byte)
{
    static const char letters[128] = {
            ['"'] = '"',
            ['\\'] = '\\',
            ['\b'] = 'b',
            ['\f'] = 'f',
            ['\n'] = 'n',
            ['\r'] = 'r',
            ['\t'] = 't',
    };
    if (byte >= 0x80) {
        tv_buf_append(out, "\xef\xbf\xbd", 3); /* U+FFFD */
    } else if (letters[byte]) {
        tv_buf_append_char(out, '\\');
        tv_buf_append_char(out, letters[byte]);
    } else {
        char text[6] = {'\\', 'u', '0', '0'};
        tv_hex_encode(&byte, 1, text + 4);
        tv_buf_append(out, text, sizeof(text));
    }
}

void tv_json_quote(struct tv_buf *out, struct tv_str text)
{
    const uint8_t *at = (const uint8_t *)text.ptr;
    const uint8_t *end = at ? at + text.len : at;
    const uint8_t *pending = at; /* from here on nothing has been written */
    (void)tv_buf_reserve(out, text.len + 2);
    tv_buf_append_char(out, '"');
    while (at < end) {
        at += plain_run(at, end);
        size_t sequence = 0;
        if (at < end && *at >= 0x80)
            sequence = tv_utf8_sequence((struct tv_str){(const char *)at, (size_t)(end - at)});
        if (at == end || sequence > 0) {
            at += sequence;
            continue;
        }
        tv_buf_append(out, pending, (size_t)(at - pending));
        append_escaped(out, *at);
        pending = ++at;
    }
    tv_buf_append(out, pending, (size_t)(end - pending));
    tv_buf_append_char(out, '"');
}

void tv_json_str(struct tv_json_out *json, struct tv_str text)
{
    value_begins(json);
    tv_json_quote(json->out, text);
    value_ended(json);
}

void tv_json_text(struct tv_json_out *json, const char *text)
{
    tv_json_str(json, tv_str_of(text));
}

void tv_json_i64(struct tv_json_out *json, int64_t value)
{
    value_begins(json);
    char *room = tv_buf_reserve(json->out, TV_DIGITS_I64_BYTES);
    json->out->len += tv_digits_i64(value, room);
    value_ended(json);
}

void tv_json_u64(struct tv_json_out *json, uint64_t value)
{
    value_begins(json);
    char *room = tv_buf_reserve(json->out, TV_DIGITS_U64_BYTES);
    json->out->len += tv_digits_u64(value, room);
    value_ended(json);
}

void tv_json_f64(struct tv_json_out *json, double value)
{
    value_begins(json);
    json->out->len += tv_f64_format(value, tv_buf_reserve(json->out, 32));
    value_ended(json);
}

void tv_json_raw(struct tv_json_out *json, struct tv_str json_text)
{
    value_begins(json);
    tv_buf_append_str(json->out, json_text);
    value_ended(json);
}

void tv_json_bool(struct tv_json_out *json, bool value)
{
    tv_json_raw(json, value ? TV_STR("true") : TV_STR("false"));
}

void tv_json_null(struct tv_json_out *json)
{
    tv_json_raw(json, TV_STR("null"));
}

void tv_json_time(struct tv_json_out *json, int64_t time_ns)
{
    value_begins(json);
    tv_buf_append_char(json->out, '"');
    json->out->len += tv_time_format(time_ns, tv_buf_reserve(json->out, TV_TIME_TEXT_BYTES));
    tv_buf_append_char(json->out, '"');
    value_ended(json);
}

static void write_position(struct tv_json_out *json, const struct tv_error *err)
{
    tv_json_key(json, "position");
    tv_json_object(json);
    tv_json_key(json, "offset");
    tv_json_u64(json, err->offset);
    tv_json_key(json, "line");
    tv_json_u64(json, err->line);
    tv_json_key(json, "column");
    tv_json_u64(json, err->column);
    tv_json_end(json);
}

/* Cuts the first item off the list: up to a comma that is not in quotes, as that of ',' is. */
static struct tv_str take_item(struct tv_str *list)
{
    size_t length = 0;
    char quote = '\0';
    for (; length < list->len && (quote || list->ptr[length] != ','); length++) {
        char c = list->ptr[length];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '\'' || c == '"')
            quote = c;
    }
    struct tv_str item = {list->ptr, length};
    size_t taken = length < list->len ? length + 1 : length;
    *list = (struct tv_str){list->ptr + taken, list->len - taken};
    return tv_str_trim(item);
}

static void write_expected(struct tv_json_out *json, struct tv_str list)
{
    tv_json_key(json, "expected");
    tv_json_array(json);
    while (list.len > 0) {
        struct tv_str item = take_item(&list);
        if (item.len > 0)
            tv_json_str(json, item);
    }
    tv_json_end(json);
}

void tv_json_error(struct tv_buf *out, const struct tv_error *err)
{
    struct tv_json_out json = {.out = out};
    tv_json_object(&json);
    tv_json_key(&json, "error");
    tv_json_object(&json);
    tv_json_key(&json, "code");
    tv_json_text(&json, tv_status_name(err->status));
    tv_json_key(&json, "message");
    tv_json_text(&json, err->message);
    if (err->line != 0)
        write_position(&json, err);
    write_expected(&json, tv_str_of(err->expected));
    tv_json_key(&json, "hint");
    if (err->hint[0] != '\0')
        tv_json_text(&json, err->hint);
    else
        tv_json_null(&json);
    tv_json_end(&json);
    tv_json_end(&json);
    tv_buf_append_char(out, '\n');
}
