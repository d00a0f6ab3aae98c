/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer. */
#include "base/json_in.h"
#include "base/json_out.h"
#include "support.h"

#include <math.h>

static struct tv_buf out;

static struct tv_json_out writer(void)
{
    tv_buf_clear(&out);
    return (struct tv_json_out){.out = &out};
}

static int release_out(void **state)
{
    (void)state;
    tv_buf_release(&out);
    return 0;
}

static void json__puts_commas(void **state)
{
    (void)state;
    struct tv_json_out json = writer();
    tv_json_object(&json);
    tv_json_key(&json, "none");
    tv_json_object(&json);
    tv_json_end(&json);
    tv_json_key(&json, "list");
    tv_json_array(&json);
    tv_json_u64(&json, UINT64_MAX);
    tv_json_i64(&json, INT64_MIN);
    tv_json_array(&json);
    tv_json_end(&json);
    tv_json_bool(&json, true);
    tv_json_bool(&json, false);
    tv_json_null(&json);
    tv_json_f64(&json, 0.5);
    tv_json_f64(&json, (double)NAN);
    tv_json_time(&json, 0);
    tv_json_raw(&json, TV_STR("{\"raw\":1}"));
    tv_json_text(&json, "text");
    tv_json_str(&json, (struct tv_str){NULL, 0});
    tv_json_end(&json);
    tv_json_key_str(&json, TV_STR("k\"ey"));
    tv_json_i64(&json, 0);
    tv_json_end(&json);
    assert_int_equal(json.depth, 0);
    assert_text(tv_buf_str(&out),
            "{\"none\":{},\"list\":[18446744073709551615,-9223372036854775808,[],true,false,null,"
            "0.5,null,\"1970-01-01T00:00:00.000000000Z\",{\"raw\":1},\"text\",\"\"],"
            "\"k\\\"ey\":0}");
}

static void json__documents_follow_without_comma(void **state)
{
    (void)state;
    struct tv_json_out json = writer();
    for (int i = 0; i < 2; i++) {
        tv_json_object(&json);
        tv_json_end(&json);
        tv_buf_append_char(&out, '\n');
    }
    tv_json_i64(&json, 1);
    assert_text(tv_buf_str(&out), "{}\n{}\n1");
}

static void quote__escapes(void **state)
{
    (void)state;
    static const struct {
        struct tv_str text;
        const char *quoted;
    } cases[] = {
            {{"", 0}, "\"\""},
            {{"\"\\/\b\f\n\r\t", 8}, "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
            {{"\0\x01\x1f\x7f", 4}, "\"\\u0000\\u0001\\u001f\x7f\""},
            {{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9},
                    "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
            {{"a\xff"
              "b",
                     3},
                    "\"a\xef\xbf\xbd"
                    "b\""},
            {{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
            {{"cut\xe2\x82", 5}, "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tv_buf_clear(&out);
        tv_json_quote(&out, cases[i].text);
        assert_text(tv_buf_str(&out), cases[i].quoted);
    }
}

/* Each byte at each place of the eight that are looked at together. */
static void quote__finds_every_byte_at_every_place(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t place = 0; place < 19; place++) {
            char text[19];
            memset(text, '!', sizeof(text)); /* just above the blank: tests the borrow */
            text[place] = (char)byte;
            if (place > 0)
                text[place - 1] = '#'; /* just above the quote */
            tv_buf_clear(&out);
            tv_json_quote(&out, (struct tv_str){text, sizeof(text)});
            struct tv_str quoted = tv_buf_str(&out);
            assert_true(tv_utf8_valid(quoted));
            bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            assert_int_equal(quoted.len == sizeof(text) + 2, plain);
            assert_int_equal(quoted.ptr[0], '"');
            assert_int_equal(quoted.ptr[quoted.len - 1], '"');
            assert_memory_equal(quoted.ptr + 1, text, place);
            assert_memory_equal(quoted.ptr + quoted.len - (sizeof(text) - place), text + place + 1,
                    sizeof(text) - place - 1);
        }
    }
}

static void quote__reads_back(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 5000; i++) {
        char text[40];
        size_t length = next_random(&seed) % sizeof(text);
        for (size_t at = 0; at < length; at++)
            text[at] = (char)(next_random(&seed) % 127 + 1);
        struct tv_json_out json = writer();
        tv_json_str(&json, (struct tv_str){text, length});
        struct tv_json *document = NULL;
        assert_int_equal(tv_json_parse(tv_buf_str(&out), &document, NULL), TV_OK);
        struct tv_str back = tv_json_string(document);
        assert_int_equal(back.len, length);
        assert_memory_equal(back.ptr, text, length);
        tv_json_free(document);
    }
}

static void json__doubles_read_back(void **state)
{
    (void)state;
    uint64_t seed = 8;
    struct tv_json_out json = writer();
    enum { COUNT = 5000 };
    static double values[COUNT];
    tv_json_array(&json);
    for (int i = 0; i < COUNT; i++) {
        do {
            uint64_t bits = next_random(&seed);
            memcpy(&values[i], &bits, sizeof(bits));
        } while (!isfinite(values[i]));
        tv_json_f64(&json, values[i]);
    }
    tv_json_end(&json);
    struct tv_json *document = NULL;
    assert_int_equal(tv_json_parse(tv_buf_str(&out), &document, NULL), TV_OK);
    const struct tv_json *at = tv_json_first(document);
    for (int i = 0; i < COUNT; i++, at = tv_json_next(at)) {
        double back = tv_json_number(at);
        assert_memory_equal(&back, &values[i], sizeof(back));
    }
    assert_null(at);
    tv_json_free(document);
}

static void value_without_key(void)
{
    struct tv_json_out json = writer();
    tv_json_object(&json);
    tv_json_i64(&json, 1);
}

static void key_in_array(void)
{
    struct tv_json_out json = writer();
    tv_json_array(&json);
    tv_json_key(&json, "a");
}

static void end_of_nothing(void)
{
    struct tv_json_out json = writer();
    tv_json_end(&json);
}

static void too_deep(void)
{
    struct tv_json_out json = writer();
    for (int i = 0; i <= TV_JSON_DEPTH_MAX; i++)
        tv_json_array(&json);
}

static void json__wrong_nesting_aborts(void **state)
{
    (void)state;
    assert_true(dies(value_without_key));
    assert_true(dies(key_in_array));
    assert_true(dies(end_of_nothing));
    assert_true(dies(too_deep));
}

static void error__has_the_contract_s_form(void **state)
{
    (void)state;
    struct tv_error err;
    (void)tv_fail(&err, TV_NOT_FOUND, "no event '%s'", "a\"b");
    tv_buf_clear(&out);
    tv_json_error(&out, &err);
    assert_text(tv_buf_str(&out),
            "{\"error\":{\"code\":\"not_found\",\"message\":\"no event 'a\\\"b'\","
            "\"expected\":[],\"hint\":null}}\n");
}

static void error__carries_position_expectations_and_hint(void **state)
{
    (void)state;
    struct tv_error err;
    (void)tv_fail(&err, TV_SYNTAX, "unexpected 'FORM'");
    err.offset = 12;
    err.line = 2;
    err.column = 3;
    memcpy(err.expected, "FROM, IN, ','", sizeof("FROM, IN, ','"));
    tv_error_hint(&err, "did you mean FROM?");
    tv_buf_clear(&out);
    tv_json_error(&out, &err);
    assert_text(tv_buf_str(&out),
            "{\"error\":{\"code\":\"syntax_error\",\"message\":\"unexpected 'FORM'\","
            "\"position\":{\"offset\":12,\"line\":2,\"column\":3},"
            "\"expected\":[\"FROM\",\"IN\",\"','\"],\"hint\":\"did you mean FROM?\"}}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(json__puts_commas),
            cmocka_unit_test(json__documents_follow_without_comma),
            cmocka_unit_test(quote__escapes),
            cmocka_unit_test(quote__finds_every_byte_at_every_place),
            cmocka_unit_test(quote__reads_back),
            cmocka_unit_test(json__doubles_read_back),
            cmocka_unit_test(json__wrong_nesting_aborts),
            cmocka_unit_test(error__has_the_contract_s_form),
            cmocka_unit_test(error__carries_position_expectations_and_hint),
    };
    return cmocka_run_group_tests(tests, NULL, release_out);
}
