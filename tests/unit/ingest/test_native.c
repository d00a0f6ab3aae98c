/* SPDX-License-Identifier: Apache-2.0 */
/* The forms and the grammar of a body. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* An event with one more member, its text given. */
#define WITH(member) "{\"service\":\"a\"," member "}"

static void check_counts(const char *body, uint32_t accepted, uint32_t rejected)
{
    struct decoded d;
    decode_text(body, &d);
    if (d.report.accepted != accepted || d.report.rejected != rejected || d.batch->rows != accepted)
        fail_msg("'%s': %u accepted, %u rejected (%s)", body, d.report.accepted, d.report.rejected,
                d.report.error_count ? d.report.errors[0].reason : "-");
    decoded_release(&d);
}

static void forms__are_told_by_the_first_byte(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        uint32_t accepted, rejected;
    } bodies[] = {
            {"{\"service\":\"a\"}", 1, 0},
            {"  \r\n\t{\"service\":\"a\"}  \r\n ", 1, 0},
            {"\xef\xbb\xbf{\"service\":\"a\"}", 1, 0},
            {"\xef\xbb\xbf [{\"service\":\"a\"}]", 1, 0},
            {"[]", 0, 0},
            {" [ ] ", 0, 0},
            {"[{\"service\":\"a\"},{\"service\":\"b\"}]", 2, 0},
            {"[ {\"service\":\"a\"} ,\n {\"service\":\"b\"} ]\n", 2, 0},
            {"{\"service\":\"a\"}\n{\"service\":\"b\"}", 2, 0},
            {"{\"service\":\"a\"}\r\n\r\n\n{\"service\":\"b\"}\r\n", 2, 0},
            {"{\n  \"service\": \"a\",\n  \"attrs\": {\n    \"x\": 1\n  }\n}\n", 1, 0},
            {"{\n\"service\":\"a\"}\n{\n\"service\":\"b\"\n}", 2, 0},
    };
    for (size_t i = 0; i < COUNT(bodies); i++)
        check_counts(bodies[i].body, bodies[i].accepted, bodies[i].rejected);
}

static void bodies__that_are_no_json_are_refused_as_a_whole(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", " \n\t ", "hello", "null", "5", "\"text\"", "]", "}",
            "service=a", "\xef\xbb\xbf", "\xef\xbb", ",{\"service\":\"a\"}", "<event/>"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct decoded d;
        decode_text(bodies[i], &d);
        assert_int_equal(d.status, TV_BAD_INPUT);
        assert_int_equal(d.report.accepted + d.report.rejected, 0);
        assert_int_equal(d.batch->rows, 0);
        assert_true(d.err.line >= 1 && d.err.message[0] && d.err.hint[0]);
        decoded_release(&d);
    }
    struct decoded nul;
    decode_body((struct tv_str){"\0{}", 3}, &nul);
    assert_int_equal(nul.status, TV_BAD_INPUT);
    decoded_release(&nul);
}

static void arrays__keep_what_was_complete(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        uint32_t accepted, rejected;
    } bodies[] = {
            {"[{\"service\":\"a\"},{\"service\":\"b\"", 1, 1},
            {"[{\"service\":\"a\"},{\"serv", 1, 1},
            {"[{\"service\":\"a\"}", 1, 1},
            {"[{\"service\":\"a\"},", 1, 1},
            {"[{\"service\":\"a\"},]", 1, 1},
            {"[{\"service\":\"a\"} {\"service\":\"b\"}]", 1, 1},
            {"[{\"service\":\"a\"}] []", 1, 1},
            {"[{\"service\":\"a\"}]]", 1, 1},
            {"[{\"service\":\"a\"},{\"x\" 1},{\"service\":\"b\"}]", 1, 1},
            {"[{\"service\":\"a\"},1,null,\"x\",[{}],true,{\"service\":\"b\"}]", 2, 5},
            {"[{\"service\":\"a\"},{\"name\":\"b\"},{\"service\":\"c\"}]", 2, 1},
            {"[{\"service\":\"a\"}}", 1, 1},
            {"[,{\"service\":\"a\"}]", 0, 1},
            {"[", 0, 1},
    };
    for (size_t i = 0; i < COUNT(bodies); i++)
        check_counts(bodies[i].body, bodies[i].accepted, bodies[i].rejected);
}

static void lines__go_on_behind_a_broken_one(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        uint32_t accepted, rejected;
    } bodies[] = {
            {"{\"service\":\"a\"}\n{\"service\":\n{\"service\":\"b\"}", 2, 1},
            {"{\"service\":\"a\"}\n{\"service\":\"cut\n{\"service\":\"b\"}\n", 2, 1},
            {"{\"service\":\"a\"}\nhello\nworld\n{\"service\":\"b\"}\n", 2, 2},
            {"{\"service\":\"a\"},\n{\"service\":\"b\"}\n", 1, 1},
            {"{\"service\":\"a\"}{\"service\":\"b\"}\n{\"service\":\"c\"}", 1, 1},
            {"{\"service\":\"a\"}\n[{\"service\":\"b\"}]\n{\"service\":\"c\"}", 2, 1},
            {"{\"service\":\"a\"}\n{\"service\":\"b\"", 1, 1},
            {"{\n \"service\": \"a\",\n \"x\" 1,\n \"y\":\n {\"service\":\"inner\"}\n}\n", 0, 1},
    };
    for (size_t i = 0; i < COUNT(bodies); i++)
        check_counts(bodies[i].body, bodies[i].accepted, bodies[i].rejected);
}

static void refusals__name_index_field_and_place(void **state)
{
    (void)state;
    struct decoded d;
    decode_text("{\"service\":\"a\"}\n{\"service\":7}\nx\n{\"service\":\"b\",\"ts\":-1}\n", &d);
    assert_int_equal(d.status, TV_OK);
    assert_int_equal(d.report.error_count, 3);
    assert_int_equal(d.report.errors[0].index, 1);
    assert_string_equal(d.report.errors[0].field, "service");
    assert_string_equal(d.report.errors[0].reason, "must be a string");
    assert_int_equal(d.report.errors[1].index, 2);
    assert_string_equal(d.report.errors[1].field, "");
    assert_string_equal(
            d.report.errors[1].reason, "a line of events must begin with '{', at byte 30");
    assert_int_equal(d.report.errors[2].index, 3);
    assert_string_equal(d.report.errors[2].field, "ts");
    decoded_release(&d);

    decode_text("{\n \"service\": \"\xc3\xa9\" x\n}", &d);
    assert_int_equal(d.status, TV_BAD_INPUT);
    assert_string_equal(d.err.message, "expected ',' or '}'");
    assert_int_equal(d.err.offset, 19);
    assert_int_equal(d.err.line, 2);
    assert_int_equal(d.err.column, 17);
    assert_int_equal(d.report.rejected, 1);
    decoded_release(&d);
}

static void refusals__past_the_described_ones_are_counted(void **state)
{
    (void)state;
    struct tv_buf body = {0};
    for (int i = 0; i < 100; i++)
        tv_buf_printf(&body, "{\"name\":\"n\"}\n");
    struct decoded d;
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.status, TV_OK);
    assert_int_equal(d.report.rejected, 100);
    assert_int_equal(d.report.error_count, TV_DECODE_ERRORS_MAX);
    assert_int_equal(d.report.errors[31].index, 31);
    decoded_release(&d);
    tv_buf_release(&body);
}

/* What common parsers let through; docs/json.md lists it. */
static void grammar__is_rfc_8259_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {WITH("\"x\":01"), WITH("\"x\":-01"), WITH("\"x\":1."),
            WITH("\"x\":.5"), WITH("\"x\":1e"), WITH("\"x\":1e+"), WITH("\"x\":+1"),
            WITH("\"x\":-"), WITH("\"x\":0x10"), WITH("\"x\":NaN"), WITH("\"x\":Infinity"),
            WITH("\"x\":1e400"), WITH("\"x\":-1e400"), WITH("\"x\":True"), WITH("\"x\":nul"),
            WITH("\"x\":nulll"), WITH("\"x\":truefalse"), WITH("\"x\":'y'"), WITH("x:1"),
            WITH("\"x\":\"a\tb\""), WITH("\"x\":\"a\nb\""), WITH("\"x\":\"\x01\""),
            WITH("\"x\":\"\\x41\""), WITH("\"x\":\"\\u12\""), WITH("\"x\":\"\\u12g4\""),
            WITH("\"x\":\"\\ud800\""), WITH("\"x\":\"\\udc00\""), WITH("\"x\":\"\\ud800\\u0041\""),
            WITH("\"x\":\"\\ud800\\ud800\""), WITH("\"x\":\"\x80\""), WITH("\"x\":\"\xc0\xaf\""),
            WITH("\"x\":\"\xed\xa0\x80\""), WITH("\"x\":\"\xf4\x90\x80\x80\""),
            WITH("\"x\":\"\xe2\x82\""), WITH("\"\x80\":1"), WITH("\"x\":[1,]"), WITH("\"x\":[1 2]"),
            WITH("\"x\":[,1]"), WITH("\"x\":[1}"), WITH("\"x\":{\"y\":1,}"), WITH("\"x\":{,}"),
            WITH("\"x\":{\"y\"}"), WITH("\"x\":{\"y\":}"), WITH("\"x\":{1:2}"), WITH("\"x\":{]"),
            WITH("\"x\":[01]"), WITH("\"x\":[1e999]"), WITH("\"x\":[\"\xff\"]"),
            WITH("\"x\":[\"\\q\"]"), WITH("\"x\":[tru]"), WITH("\"x\" 1"), WITH("\"x\"::1"),
            WITH("/* c */\"x\":1"), WITH(""), "{\"service\":\"a\",,\"x\":1}",
            "{,\"service\":\"a\"}", "{\"service\":\"a\"", "{\"service\":\"a\"]",
            "{\"service\":\"a}", "{\"service\":}", "{\"service\"}", "{service:\"a\"}",
            "{\"service\":\"a\\", "{\"service\":\"a\\u00", "{\"service\":\"a\"}\x01"};
    for (size_t i = 0; i < COUNT(bad); i++)
        check_counts(bad[i], 0, 1);
    struct decoded d;
    decode_body((struct tv_str){"{\"service\":\"a\0b\"}", 17}, &d);
    assert_int_equal(d.report.accepted, 0);
    decoded_release(&d);
    decode_body((struct tv_str){"{\"service\":\"a\"}\0", 16}, &d);
    assert_int_equal(d.report.accepted, 0);
    decoded_release(&d);
}

static void check_value(const char *text, const char *expected)
{
    struct decoded d;
    char body[512];
    char json[512];
    (void)snprintf(body, sizeof(body), "{\"service\":\"a\",\"x\":%s}", text);
    (void)snprintf(json, sizeof(json),
            "{\"timestamp\":\"2024-01-15T15:47:23.000000000Z\",\"service\":\"a\","
            "\"eventType\":\"event\",\"attributes\":{%s}}",
            expected);
    decode_text(body, &d);
    assert_int_equal(d.report.accepted, 1);
    assert_string_equal(row_json(&d, 0), json);
    decoded_release(&d);
}

static void values__are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } values[] = {
            {"0", "\"x\":0"},
            {"-0", "\"x\":0"},
            {"7", "\"x\":7"},
            {"12345678", "\"x\":12345678"},
            {"123456789", "\"x\":123456789"},
            {"1234567890123456", "\"x\":1234567890123456"},
            {"12345678901234567", "\"x\":12345678901234567"},
            {"9223372036854775807", "\"x\":9223372036854775807"},
            {"-9223372036854775808", "\"x\":-9223372036854775808"},
            {"9223372036854775808", "\"x\":9223372036854776000"},
            {"99999999999999999999", "\"x\":100000000000000000000"},
            {"1.0", "\"x\":1"},
            {"46.4", "\"x\":46.4"},
            {"-0.1", "\"x\":-0.1"},
            {"0.30000000000000004", "\"x\":0.30000000000000004"},
            {"0.1234567890123456789012", "\"x\":0.12345678901234568"},
            {"1e3", "\"x\":1000"},
            {"1E-2", "\"x\":0.01"},
            {"1.5e+2", "\"x\":150"},
            {"1e-999", "\"x\":0"},
            {"true", "\"x\":true"},
            {"false", "\"x\":false"},
            {"null", ""},
            {"\"\"", "\"x\":\"\""},
            {"\"plain text that is longer than sixteen bytes\"",
                    "\"x\":\"plain text that is longer than sixteen bytes\""},
            {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"x\":\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
            {"\"\\u00e9\\u20AC\\ud83d\\ude00\"", "\"x\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
            {"\"\xf0\x9f\x98\x80\"", "\"x\":\"\xf0\x9f\x98\x80\""},
            {"\"\\u0000\"", "\"x\":\"\\u0000\""},
            {"\"\\u007f\"", "\"x\":\"\x7f\""},
            {"{}", ""},
            {"{\"y\":1,\"z\":{\"w\":\"v\"}}", "\"x.y\":1,\"x.z.w\":\"v\""},
            {"{\"y\":null}", ""},
            {"[]", "\"x\":[]"},
            {"[1, {\"a\":[true ,null]}]", "\"x\":[1, {\"a\":[true ,null]}]"},
            {"{\"y\":[1],\"y\":2}", "\"x.y\":2"},
    };
    for (size_t i = 0; i < COUNT(values); i++)
        check_value(values[i].text, values[i].json);
}

/* Every prefix of a body is read without going past its end, and gives no event that the whole does
 * not hold. */
static void prefixes__are_never_taken_for_the_whole(void **state)
{
    (void)state;
    static const char whole[] =
            "{\"id\":\"e\\u00e9\",\"ts\":1705333600123456789,\"service\":\"a\",\"x\":[1,{\"y\":"
            "\"\\ud83d\\ude00\"}],\"attrs\":{\"cpu\":46.4e0,\"ok\":true,\"n\":null}}";
    size_t length = sizeof(whole) - 1;
    for (size_t cut = 0; cut <= length; cut++) {
        struct decoded d;
        decode_body((struct tv_str){whole, cut}, &d);
        assert_int_equal(d.report.accepted, cut == length);
        assert_int_equal(d.batch->rows, cut == length);
        assert_int_equal(d.status == TV_OK, cut == length);
        decoded_release(&d);
    }
    char array[2 * sizeof(whole) + 3];
    (void)snprintf(array, sizeof(array), "[%s,%s]", whole, whole);
    for (size_t cut = 0; cut <= strlen(array); cut++) {
        struct decoded d;
        decode_body((struct tv_str){array, cut}, &d);
        uint32_t complete = (cut >= length + 1) + (cut >= 2 * length + 2);
        assert_int_equal(d.report.accepted, complete);
        assert_int_equal(d.batch->rows, complete);
        assert_int_equal(d.report.rejected, cut > 0 && cut < strlen(array));
        decoded_release(&d);
    }
}

/* Long bodies take the ways that short ones do not: foreseen names, texts seen lately, room made at
 * once. Each event must still be what it is alone. */
static void long_bodies__read_each_event_as_it_is_alone(void **state)
{
    (void)state;
    static const char *const events[] = {
            "{\"service\":\"checkout\",\"name\":\"POST /cart\",\"status\":\"ok\",\"attrs\":{\"n\":1}}",
            "{\"service\":\"cart\",\"name\":\"GET /cart\",\"status\":\"error\",\"attrs\":{\"n\":2.5}}",
            "{\"service\":\"cart\" , \"status\":\"weird\", \"name\":\"GET /cart\",\"attrs\":{}}",
            "{\"attrs\":{\"n\":\"text\",\"m\":true},\"service\":\"a-service-with-a-name-of-33-bytes-\"}",
            "{\"name\":\"without service\",\"attrs\":{\"n\":3,\"m\":4}}",
            "{\"service\":\"checkout\",\"service\":\"last\",\"attrs\":{\"n\":1,\"n\":null}}",
            "{\"serv\\u0069ce\":\"escaped\",\"nam\":\"x\",\"attrs\":{\"password\":\"p\"}}",
    };
    struct tv_buf body = {0};
    for (int i = 0; i < 2000; i++)
        tv_buf_printf(&body, "%s\n", events[(i * 5 + i / 13) % (int)COUNT(events)]);
    struct decoded d;
    decode_body(tv_buf_str(&body), &d);
    assert_int_equal(d.report.accepted + d.report.rejected, 2000);
    uint32_t row = 0;
    for (int i = 0; i < 2000; i++) {
        struct decoded alone;
        decode_text(events[(i * 5 + i / 13) % (int)COUNT(events)], &alone);
        if (alone.report.accepted == 1)
            assert_string_equal(row_json(&d, row++), row_json(&alone, 0));
        decoded_release(&alone);
    }
    assert_int_equal(row, d.batch->rows);
    decoded_release(&d);
    tv_buf_release(&body);
}

static void batches__take_several_bodies(void **state)
{
    (void)state;
    struct decoded d;
    struct tv_decode_options options = {.received_ns = TEST_RECEIVED_NS};
    decode_text("{\"service\":\"a\",\"x\":1}", &d);
    assert_int_equal(tv_native_decode(TV_STR("[{\"service\":\"b\",\"x\":2},{}]"), &options, d.batch,
                             &d.report, NULL),
            TV_OK);
    assert_int_equal(d.batch->rows, 2);
    assert_int_equal(d.report.accepted, 1);
    assert_int_equal(d.report.rejected, 1);
    assert_int_equal(
            tv_native_decode(TV_STR("nonsense"), &options, d.batch, &d.report, NULL), TV_BAD_INPUT);
    assert_int_equal(d.batch->rows, 2);
    assert_non_null(strstr(row_json(&d, 1), "\"service\":\"b\""));
    decoded_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(forms__are_told_by_the_first_byte),
            cmocka_unit_test(bodies__that_are_no_json_are_refused_as_a_whole),
            cmocka_unit_test(arrays__keep_what_was_complete),
            cmocka_unit_test(lines__go_on_behind_a_broken_one),
            cmocka_unit_test(refusals__name_index_field_and_place),
            cmocka_unit_test(refusals__past_the_described_ones_are_counted),
            cmocka_unit_test(grammar__is_rfc_8259_strictly),
            cmocka_unit_test(values__are_kept),
            cmocka_unit_test(prefixes__are_never_taken_for_the_whole),
            cmocka_unit_test(long_bodies__read_each_event_as_it_is_alone),
            cmocka_unit_test(batches__take_several_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
