/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/text.h"
#include "support.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static void quotes(const char *bytes, size_t len, const char *expected)
{
    struct tvc_text text = {0};
    tvc_text_quoted(&text, bytes, len);
    tvc_text_put(&text, "", 1);
    assert_string_equal(text.data, expected);
    tvc_text_release(&text);
}

static void text__escapes_what_json_asks_for(void **state)
{
    (void)state;
    quotes("", 0, "\"\"");
    quotes("plain", 5, "\"plain\"");
    quotes("a\"b\\c\n\x01", 7, "\"a\\\"b\\\\c\\u000a\\u0001\"");
    quotes("\0x", 2, "\"\\u0000x\"");
    quotes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void text__replaces_what_is_not_utf_8(void **state)
{
    (void)state;
    quotes("a\xff", 2, "\"a\xef\xbf\xbd\"");
    quotes("\xc3", 1, "\"\xef\xbf\xbd\"");
    quotes("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    quotes("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    quotes("\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    quotes("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void text__writes_numbers_that_come_back(void **state)
{
    (void)state;
    static const double numbers[] = {0, -0.1, 1e300, 5e-324, 0.1 + 0.2, 1234567.875};
    struct tvc_text text = {0};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        text.len = 0;
        tvc_text_number(&text, numbers[i]);
        tvc_text_put(&text, "", 1);
        double back = strtod(text.data, NULL);
        assert_memory_equal(&back, &numbers[i], sizeof(back));
        assert_null(strchr(text.data, ','));
    }
    tvc_text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(text__escapes_what_json_asks_for),
            cmocka_unit_test(text__replaces_what_is_not_utf_8),
            cmocka_unit_test(text__writes_numbers_that_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
