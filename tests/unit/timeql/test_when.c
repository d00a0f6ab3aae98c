/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people write them. */
#include "support.h"

#include "base/time.h"

static const char *at(const char *tz, const char *text)
{
    static char out[TV_TIME_TEXT_BYTES];
    struct tv_arena arena = {0};
    struct tv_clock clock = {.now_ns = TEST_NOW};
    int64_t ns = 0;
    assert_int_equal(tv_timezone_find(tv_str_of(tz), &arena, &clock.zone, NULL), TV_OK);
    bool ok = tv_when(&clock, tv_str_of(text), &ns);
    tv_arena_release(&arena);
    if (!ok)
        return "no time";
    tv_time_format(ns, out);
    return out;
}

static void when__reads_each_form(void **state)
{
    (void)state;
    assert_string_equal(at("", "now"), "2024-01-15T15:47:23.000000000Z");
    assert_string_equal(at("", "now - 5 minutes"), "2024-01-15T15:42:23.000000000Z");
    assert_string_equal(at("", "NOW-5m"), "2024-01-15T15:42:23.000000000Z");
    assert_string_equal(at("", "now + 1.5h"), "2024-01-15T17:17:23.000000000Z");
    assert_string_equal(at("", "10 minutes ago"), "2024-01-15T15:37:23.000000000Z");
    assert_string_equal(at("", "1 week ago"), "2024-01-08T15:47:23.000000000Z");
    assert_string_equal(at("", "today"), "2024-01-15T00:00:00.000000000Z");
    assert_string_equal(at("", "yesterday 14:00"), "2024-01-14T14:00:00.000000000Z");
    assert_string_equal(at("", "yesterday 9:05:01"), "2024-01-14T09:05:01.000000000Z");
    assert_string_equal(at("", "2024-01-15"), "2024-01-15T00:00:00.000000000Z");
    assert_string_equal(at("", "2024-01-15 15:47"), "2024-01-15T15:47:00.000000000Z");
    assert_string_equal(at("", "2024-01-15 15:47:23.123"), "2024-01-15T15:47:23.123000000Z");
    assert_string_equal(at("", "2024-01-15T15:47:23+02:00"), "2024-01-15T13:47:23.000000000Z");
    assert_string_equal(at("", "1705333643"), "2024-01-15T15:47:23.000000000Z");
    assert_string_equal(at("", "1705333643123"), "2024-01-15T15:47:23.123000000Z");
    assert_string_equal(at("", "1705333643123456789"), "2024-01-15T15:47:23.123456789Z");
}

static void when__refuses_the_rest(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "soon", "now 5m", "now -", "nowish", "5 minutes", "ago",
            " ago", "yesterdayish", "yesterday 25:00", "2024-13-01", "100000000 weeks ago", "-5",
            "today 1", "today 12345678901234567890"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_string_equal(at("", texts[i]), "no time");
}

static void when__reads_local_times_in_their_zone(void **state)
{
    (void)state;
    assert_string_equal(at("+02:00", "2024-01-15 15:47:23"), "2024-01-15T13:47:23.000000000Z");
    assert_string_equal(at("-05:30", "today"), "2024-01-15T05:30:00.000000000Z");
    assert_string_equal(at("Europe/Berlin", "2024-01-15 12:00"), "2024-01-15T11:00:00.000000000Z");
    assert_string_equal(at("Europe/Berlin", "2024-07-15 12:00"), "2024-07-15T10:00:00.000000000Z");
    assert_string_equal(at("Europe/Berlin", "2024-03-31 03:30"), "2024-03-31T01:30:00.000000000Z");
    assert_string_equal(
            at("Europe/Berlin", "2024-01-15T12:00:00Z"), "2024-01-15T12:00:00.000000000Z");
}

static void when__refuses_unknown_zones(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_timezone zone;
    struct tv_error err;
    static const char *const names[] = {"Mars/Base", "../../etc/passwd", "/etc/passwd", "+2",
            "+25:00", "+0x:00", "zone.tab", "Europe"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(tv_timezone_find(tv_str_of(names[i]), &arena, &zone, &err), TV_BAD_INPUT);
    tv_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(when__reads_each_form),
            cmocka_unit_test(when__refuses_the_rest),
            cmocka_unit_test(when__reads_local_times_in_their_zone),
            cmocka_unit_test(when__refuses_unknown_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
