/* SPDX-License-Identifier: Apache-2.0 */
/* What is too much: each limit refuses its event, just below it is kept. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void append_times(struct tv_buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        tv_buf_append_str(out, tv_str_of(text));
}

/* Decodes [event, {"service":"next"}]: the next must be kept whatever becomes of the first. */
static void check_first(
        const struct tv_buf *event, bool kept, const char *field, const char *reason)
{
    struct tv_buf body = {0};
    struct decoded d;
    tv_buf_append_char(&body, '[');
    tv_buf_append_str(&body, tv_buf_str(event));
    tv_buf_append_str(&body, TV_STR(",{\"service\":\"next\"}]"));
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.status, TV_OK);
    assert_int_equal(d.report.accepted, kept ? 2 : 1);
    assert_int_equal(d.batch->rows, kept ? 2 : 1);
    assert_int_equal(d.report.rejected, !kept);
    if (!kept) {
        assert_string_equal(d.report.errors[0].field, field);
        assert_string_equal(d.report.errors[0].reason, reason);
    }
    assert_non_null(strstr(row_json(&d, kept), "\"service\":\"next\""));
    decoded_release(&d);
    tv_buf_release(&body);
}

/* {"service":"a",<before><unit × times><after>} */
static void check_repeated(
        const char *const parts[3], size_t times, bool kept, const char *const why[2])
{
    struct tv_buf event = {0};
    tv_buf_append_str(&event, TV_STR("{\"service\":\"a\","));
    append_times(&event, parts[0], 1);
    append_times(&event, parts[1], times);
    append_times(&event, parts[2], 1);
    tv_buf_append_char(&event, '}');
    check_first(&event, kept, why[0], why[1]);
    tv_buf_release(&event);
}

static void texts__are_limited(void **state)
{
    (void)state;
    static const char *const value[] = {"\"x\":\"", "y", "\""};
    static const char *const escaped[] = {"\"x\":\"", "\\u0041", "\""};
    static const char *const array[] = {"\"x\":[\"", "y", "\"]"};
    static const char *const long_value[] = {"x", "text is longer than 1 MiB"};
    check_repeated(value, TV_DECODE_VALUE_BYTES_MAX, true, long_value);
    check_repeated(value, TV_DECODE_VALUE_BYTES_MAX + 1, false, long_value);
    check_repeated(escaped, TV_DECODE_VALUE_BYTES_MAX, true, long_value);
    check_repeated(escaped, TV_DECODE_VALUE_BYTES_MAX + 1, false, long_value);
    check_repeated(array, TV_DECODE_VALUE_BYTES_MAX - 4, true, long_value);
    check_repeated(array, TV_DECODE_VALUE_BYTES_MAX - 3, false, long_value);
    static const char *const message[] = {"\"message\":\"", "y", "\""};
    static const char *const long_message[] = {"message", "text is longer than 1 MiB"};
    check_repeated(message, TV_DECODE_VALUE_BYTES_MAX, true, long_message);
    check_repeated(message, TV_DECODE_VALUE_BYTES_MAX + 1, false, long_message);
}

static void fields__are_limited(void **state)
{
    (void)state;
    static const char *const fields[] = {"service", "type", "name", "instance", "host", "eventId",
            "unit", "traceId", "spanId", "parentSpanId", "causedBy"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct tv_buf before = {0};
        tv_buf_printf(&before, "\"%s\":\"", fields[i]);
        tv_buf_append_char(&before, '\0');
        const char *const parts[] = {before.data, "y", "\""};
        const char *const why[] = {fields[i], "is longer than 512 bytes"};
        check_repeated(parts, TV_DECODE_NAME_BYTES_MAX, true, why);
        check_repeated(parts, TV_DECODE_NAME_BYTES_MAX + 1, false, why);
        tv_buf_release(&before);
    }
}

static void names__are_limited(void **state)
{
    (void)state;
    static const char shown[] = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    static const char *const flat[] = {"\"", "y", "\":1"};
    static const char *const nested[] = {"\"x\":{\"", "y", "\":1}"};
    static const char *const held[] = {"\"attrs\":{\"", "y", "\":{\"z\":1}}"};
    static const char *const why[] = {shown, "name is longer than 512 bytes"};
    check_repeated(flat, TV_DECODE_NAME_BYTES_MAX, true, why);
    check_repeated(flat, TV_DECODE_NAME_BYTES_MAX + 1, false, why);
    check_repeated(nested, TV_DECODE_NAME_BYTES_MAX - 2, true, why);
    check_repeated(nested, TV_DECODE_NAME_BYTES_MAX - 1, false, why);
    check_repeated(held, TV_DECODE_NAME_BYTES_MAX - 2, true, why);
    static const char *const inner[] = {"z", "name is longer than 512 bytes"};
    check_repeated(held, TV_DECODE_NAME_BYTES_MAX - 1, false, inner);
}

/* The same long name in every event of a long body: it must be refused each time, not learnt. */
static void names__too_long_are_refused_every_time(void **state)
{
    (void)state;
    struct tv_buf body = {0};
    for (int i = 0; i < 200; i++) {
        tv_buf_append_str(&body, TV_STR("{\"service\":\"a\",\""));
        append_times(&body, "y", TV_DECODE_NAME_BYTES_MAX + 1);
        tv_buf_append_str(&body, TV_STR("\":1}\n"));
    }
    struct decoded d;
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.report.rejected, 200);
    decoded_release(&d);
    tv_buf_release(&body);
}

static void nesting__is_limited(void **state)
{
    (void)state;
    static const char *const why[] = {"x", "nested deeper than 32 levels"};
    for (size_t depth = 29; depth <= 33; depth++) {
        struct tv_buf event = {0};
        tv_buf_append_str(&event, TV_STR("{\"service\":\"a\",\"x\":"));
        append_times(&event, "[", depth);
        append_times(&event, "]", depth);
        tv_buf_append_char(&event, '}');
        check_first(&event, depth + 1 <= TV_DECODE_DEPTH_MAX, why[0], why[1]);
        tv_buf_clear(&event);
        tv_buf_append_str(&event, TV_STR("{\"service\":\"a\",\"x\":"));
        append_times(&event, "{\"y\":", depth);
        tv_buf_append_char(&event, '1');
        append_times(&event, "}", depth);
        tv_buf_append_char(&event, '}');
        const char *deepest = "x.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y.y";
        check_first(&event, depth + 1 <= TV_DECODE_DEPTH_MAX, deepest, why[1]);
        tv_buf_release(&event);
    }
}

static void nesting__of_ten_thousand_levels_harms_nobody(void **state)
{
    (void)state;
    static const char *const openers[] = {"[", "{\"y\":"};
    for (int kind = 0; kind < 2; kind++) {
        for (int closed = 0; closed < 2; closed++) {
            struct tv_buf body = {0};
            tv_buf_append_str(&body, TV_STR("{\"service\":\"a\",\"x\":"));
            append_times(&body, openers[kind], 10000);
            tv_buf_append_str(&body, TV_STR("1"));
            if (closed)
                append_times(&body, kind ? "}" : "]", 10000);
            tv_buf_append_str(&body, TV_STR("}\n{\"service\":\"b\"}\n"));
            struct decoded d;
            decode_body(tv_buf_str(&body), &d);
            assert_int_equal(d.report.rejected, 1);
            assert_int_equal(d.report.accepted, 1);
            decoded_release(&d);
            tv_buf_release(&body);
        }
    }
    struct tv_buf body = {0};
    append_times(&body, "[", 1000000);
    struct decoded d;
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.status, TV_BAD_INPUT);
    decoded_release(&d);
    tv_buf_release(&body);
}

static void check_attributes(uint32_t count, bool kept)
{
    struct tv_buf event = {0};
    tv_buf_append_str(&event, TV_STR("{\"service\":\"a\""));
    for (uint32_t i = 0; i < count; i++)
        tv_buf_printf(&event, ",\"k%u\":%u", i, i);
    tv_buf_append_char(&event, '}');
    check_first(&event, kept, "k1024", "the event has more than 1024 attributes");
    tv_buf_release(&event);
}

static void attributes__of_an_event_are_limited(void **state)
{
    (void)state;
    check_attributes(TV_DECODE_EVENT_ATTRS_MAX, true);
    check_attributes(TV_DECODE_EVENT_ATTRS_MAX + 1, false);
}

/* More names than the decoder keeps in its table, and than a batch takes. */
static void attribute_names__of_a_batch_are_limited(void **state)
{
    (void)state;
    struct tv_buf body = {0};
    uint32_t events = TV_BATCH_ATTRS_MAX / 1000 + 2;
    for (uint32_t i = 0; i < events; i++) {
        tv_buf_append_str(&body, TV_STR("{\"service\":\"a\",\"attrs\":{\"o\":{\"p\":0"));
        for (uint32_t k = 1; k < 1000; k++)
            tv_buf_printf(&body, ",\"k%u\":%u", i * 1000 + k, k);
        tv_buf_append_str(&body, TV_STR("}}}\n"));
    }
    struct decoded d;
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.report.accepted + d.report.rejected, events);
    assert_int_equal(d.report.accepted, (TV_BATCH_ATTRS_MAX - 1) / 999);
    assert_int_equal(d.batch->attr_count, TV_BATCH_ATTRS_MAX);
    assert_string_equal(d.report.errors[0].reason, "the batch has too many attribute names");
    uint32_t row = d.report.accepted - 1;
    uint32_t attr = tv_batch_find_attr(d.batch, TV_STR("o.k60999"));
    assert_true(attr != UINT32_MAX && row >= 60);
    assert_int_equal(tv_batch_attr_value(d.batch, attr, 60).i, 999);
    decoded_release(&d);
    tv_buf_release(&body);
}

static void rows__of_a_body_are_limited(void **state)
{
    (void)state;
    struct tv_buf body = {0};
    append_times(&body, "{\"service\":\"a\"}\n", TV_BATCH_ROWS_MAX + 5);
    struct decoded d;
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.status, TV_OK);
    assert_int_equal(d.report.accepted, TV_BATCH_ROWS_MAX);
    assert_int_equal(d.report.rejected, 1);
    assert_non_null(strstr(d.report.errors[0].reason, "the rest was not read"));
    decoded_release(&d);
    tv_buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(texts__are_limited),
            cmocka_unit_test(fields__are_limited),
            cmocka_unit_test(names__are_limited),
            cmocka_unit_test(names__too_long_are_refused_every_time),
            cmocka_unit_test(nesting__is_limited),
            cmocka_unit_test(nesting__of_ten_thousand_levels_harms_nobody),
            cmocka_unit_test(attributes__of_an_event_are_limited),
            cmocka_unit_test(attribute_names__of_a_batch_are_limited),
            cmocka_unit_test(rows__of_a_body_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
