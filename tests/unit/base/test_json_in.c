/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents as trees. */
#include "base/buf.h"
#include "base/json_in.h"
#include "support.h"

#include <stdlib.h>

static struct tv_json *parsed(struct tv_str text)
{
    struct tv_json *document = NULL;
    struct tv_error err = {0};
    if (tv_json_parse(text, &document, &err) != TV_OK)
        fail_msg("%s at %u:%u", err.message, err.line, err.column);
    return document;
}

static void parse__gives_a_tree(void **state)
{
    (void)state;
    struct tv_json *document =
            parsed(TV_STR(" {\"query\": \"STATE\", \"list\": [1, -2.5e3, true, "
                          "false, null, {}, []], \"\\u00e4\\ud83d\\ude00\": 0} "));
    assert_int_equal(tv_json_type(document), TV_JSON_OBJECT);
    const struct tv_json *query = tv_json_member(document, "query");
    assert_int_equal(tv_json_type(query), TV_JSON_STRING);
    assert_text(tv_json_string(query), "STATE");
    assert_text(tv_json_name(query), "query");
    const struct tv_json *item = tv_json_first(tv_json_member(document, "list"));
    assert_true(tv_json_number(item) == 1);
    item = tv_json_next(item);
    assert_true(tv_json_number(item) == -2500);
    item = tv_json_next(item);
    assert_true(tv_json_boolean(item));
    item = tv_json_next(item);
    assert_int_equal(tv_json_type(item), TV_JSON_BOOL);
    assert_false(tv_json_boolean(item));
    item = tv_json_next(item);
    assert_int_equal(tv_json_type(item), TV_JSON_NULL);
    item = tv_json_next(item);
    assert_int_equal(tv_json_type(item), TV_JSON_OBJECT);
    assert_null(tv_json_first(item));
    item = tv_json_next(item);
    assert_int_equal(tv_json_type(item), TV_JSON_ARRAY);
    assert_null(tv_json_next(item));
    assert_non_null(tv_json_member(document, "\xc3\xa4\xf0\x9f\x98\x80"));
    assert_null(tv_json_member(document, "QUERY"));
    assert_null(tv_json_member(NULL, "query"));
    assert_null(tv_json_member(query, "query"));
    tv_json_free(document);
    tv_json_free(NULL);
}

static void member__last_one_wins(void **state)
{
    (void)state;
    struct tv_json *document = parsed(TV_STR("{\"a\":1,\"b\":2,\"a\":3}"));
    assert_true(tv_json_number(tv_json_member(document, "a")) == 3);
    tv_json_free(document);
}

static void parse__takes_scalars_and_blanks(void **state)
{
    (void)state;
    static const char *const texts[] = {"0", "-0", "1E5", "\"\"", " \t\r\n[ ] ", "null", "true",
            "{ \"a\" : [ ] , \"b\" : { } }", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
            "[0.1,-1,10,1.5e-10]", "\"\x7f\"", "[[[]],[]]", "[{\"a\":{\"b\":[1,{}]}},2]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        tv_json_free(parsed(tv_str_of(texts[i])));
}

struct wrong_case {
    const char *text;
    uint32_t offset, line, column;
};

static const struct wrong_case wrong_cases[] = {
        {"", 0, 1, 1},
        {"  ", 2, 1, 3},
        {"{", 1, 1, 2},
        {"[", 1, 1, 2},
        {"[1", 2, 1, 3},
        {"[1,", 3, 1, 4},
        {"[1,]", 3, 1, 4},
        {"[,1]", 1, 1, 2},
        {"[1 2]", 3, 1, 4},
        {"{\"a\"}", 4, 1, 5},
        {"{\"a\":}", 5, 1, 6},
        {"{\"a\":1,}", 7, 1, 8},
        {"{a:1}", 1, 1, 2},
        {"{\"a\":1", 6, 1, 7},
        {"[1}", 2, 1, 3},
        {"{\"a\":1]", 6, 1, 7},
        {"]", 0, 1, 1},
        {"1 2", 2, 1, 3},
        {"{}\n{}", 3, 2, 1},
        {"01", 0, 1, 1},
        {"[1.]", 1, 1, 2},
        {"[.5]", 1, 1, 2},
        {"[+1]", 1, 1, 2},
        {"[-]", 1, 1, 2},
        {"[1e]", 1, 1, 2},
        {"[1-2]", 1, 1, 2},
        {"[1e400]", 1, 1, 2},
        {"NaN", 0, 1, 1},
        {"tru", 0, 1, 1},
        {"trueish", 4, 1, 5},
        {"nul", 0, 1, 1},
        {"'a'", 0, 1, 1},
        {"\"a", 2, 1, 3},
        {"\"a\nb\"", 2, 1, 3},
        {"\"\t\"", 1, 1, 2},
        {"\"\\x\"", 1, 1, 2},
        {"\"\\", 1, 1, 2},
        {"\"\\u12\"", 1, 1, 2},
        {"\"\\u12g4\"", 1, 1, 2},
        {"\"\\u0000\"", 1, 1, 2},
        {"\"\\ud800\"", 1, 1, 2},
        {"\"\\ud800\\u0041\"", 1, 1, 2},
        {"\"\\udc00\"", 1, 1, 2},
        {"\"\xff\"", 1, 1, 2},
        {"\"\xed\xa0\x80\"", 1, 1, 2},
        {"[\n  1,\n  \"\xc3\xa4\xe2\x82\xac\" x]", 17, 3, 8},
        {"\xef\xbb\xbf{}", 0, 1, 1},
        {"/* */1", 0, 1, 1},
        {"[1111111111222222222233333333334444444444555555555566666666667777]", 1, 1, 2},
};

static void parse__refuses_with_a_position(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong_cases) / sizeof(wrong_cases[0]); i++) {
        const struct wrong_case *wrong = &wrong_cases[i];
        struct tv_json *document = NULL;
        struct tv_error err = {0};
        size_t length = strlen(wrong->text);
        char *exact = malloc(length ? length : 1); /* reading past the end is found */
        memcpy(exact, wrong->text, length);
        enum tv_status status = tv_json_parse((struct tv_str){exact, length}, &document, &err);
        free(exact);
        if (status != TV_BAD_INPUT || err.offset != wrong->offset || err.line != wrong->line ||
                err.column != wrong->column)
            fail_msg("'%s' gives %d, %s at %u, %u:%u", wrong->text, (int)status, err.message,
                    err.offset, err.line, err.column);
        assert_null(document);
        assert_int_equal(tv_json_parse(tv_str_of(wrong->text), &document, NULL), TV_BAD_INPUT);
    }
}

static void parse__refuses_nul_anywhere(void **state)
{
    (void)state;
    struct tv_json *document = NULL;
    struct tv_str good = TV_STR("{\"ab\": [12, true]}");
    for (size_t i = 0; i < good.len; i++) {
        char text[64];
        memcpy(text, good.ptr, good.len);
        text[i] = '\0';
        assert_int_equal(
                tv_json_parse((struct tv_str){text, good.len}, &document, NULL), TV_BAD_INPUT);
    }
    assert_int_equal(tv_json_parse(TV_STR("1\0"), &document, NULL), TV_BAD_INPUT);
    assert_int_equal(tv_json_parse((struct tv_str){NULL, 0}, &document, NULL), TV_BAD_INPUT);
}

static enum tv_status parse_nested(int depth, struct tv_error *err)
{
    struct tv_buf text = {0};
    for (int i = 0; i < depth; i++)
        tv_buf_append_str(&text, i % 2 ? TV_STR("{\"a\":") : TV_STR("["));
    tv_buf_append_char(&text, '1');
    for (int i = depth - 1; i >= 0; i--)
        tv_buf_append_char(&text, i % 2 ? '}' : ']');
    struct tv_json *document = NULL;
    enum tv_status status = tv_json_parse(tv_buf_str(&text), &document, err);
    tv_json_free(document);
    tv_buf_release(&text);
    return status;
}

static void parse__limits_nesting(void **state)
{
    (void)state;
    struct tv_error err = {0};
    assert_int_equal(parse_nested(64, &err), TV_OK);
    assert_int_equal(parse_nested(65, &err), TV_BAD_INPUT);
    assert_string_equal(err.message, "invalid JSON: nested more than 64 deep");
    assert_int_equal(parse_nested(100000, &err), TV_BAD_INPUT);
}

static void parse__limits_size(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    struct tv_json *document = NULL;
    tv_buf_append_char(&text, '"');
    while (text.len < (1 << 20) - 1)
        tv_buf_append_char(&text, 'a');
    tv_buf_append_char(&text, '"');
    assert_int_equal(tv_json_parse(tv_buf_str(&text), &document, NULL), TV_OK);
    assert_int_equal(tv_json_string(document).len, (1 << 20) - 2);
    tv_json_free(document);
    tv_buf_append_char(&text, ' ');
    assert_int_equal(tv_json_parse(tv_buf_str(&text), &document, NULL), TV_BAD_INPUT);
    tv_buf_release(&text);
}

/* Whatever is done to a document, it is parsed or refused; memory errors are the sanitizer's. */
static void parse__survives_damage(void **state)
{
    (void)state;
    static const char good[] = "{\"a\":[1,-2.5e+3,\"x\\n\\u00e4\\ud83d\\ude00\xc3\xa4\"],\"b\":{}}";
    uint64_t seed = 9;
    int refused = 0;
    for (int i = 0; i < 50000; i++) {
        char text[sizeof(good)];
        memcpy(text, good, sizeof(good));
        size_t length = sizeof(good) - 1 - next_random(&seed) % 8;
        for (uint64_t n = next_random(&seed) % 3; n > 0; n--)
            text[next_random(&seed) % length] = (char)next_random(&seed);
        struct tv_json *document = NULL;
        if (tv_json_parse((struct tv_str){text, length}, &document, NULL) != TV_OK)
            refused++;
        tv_json_free(document);
    }
    assert_true(refused > 40000 && refused < 50000);
}

static struct tv_json *victim;

static void string_of_number(void)
{
    (void)tv_json_string(victim);
}

static void boolean_of_number(void)
{
    (void)tv_json_boolean(victim);
}

static void number_of_null(void)
{
    (void)tv_json_number(tv_json_first(victim));
}

static void values__wrong_type_aborts(void **state)
{
    (void)state;
    victim = parsed(TV_STR("1"));
    assert_true(dies(string_of_number));
    assert_true(dies(boolean_of_number));
    tv_json_free(victim);
    victim = parsed(TV_STR("[null]"));
    assert_true(dies(number_of_null));
    tv_json_free(victim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(parse__gives_a_tree),
            cmocka_unit_test(member__last_one_wins),
            cmocka_unit_test(parse__takes_scalars_and_blanks),
            cmocka_unit_test(parse__refuses_with_a_position),
            cmocka_unit_test(parse__refuses_nul_anywhere),
            cmocka_unit_test(parse__limits_nesting),
            cmocka_unit_test(parse__limits_size),
            cmocka_unit_test(parse__survives_damage),
            cmocka_unit_test(values__wrong_type_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
