/* SPDX-License-Identifier: Apache-2.0 */
/* The log, as read from a pipe in place of standard error. */
#include "base/json_in.h"
#include "base/log.h"
#include "base/time.h"
#include "support.h"

#include <unistd.h>

static int reader, saved;

static int capture(void **state)
{
    (void)state;
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    saved = dup(STDERR_FILENO);
    (void)dup2(ends[1], STDERR_FILENO);
    (void)close(ends[1]);
    reader = ends[0];
    return 0;
}

static int release(void **state)
{
    (void)state;
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)close(reader);
    return 0;
}

/* What one read gives: a line was one write. */
static struct tv_str one_write(void)
{
    static char text[65536];
    ssize_t length = read(reader, text, sizeof(text));
    assert_true(length > 0);
    return (struct tv_str){text, (size_t)length};
}

static void log__writes_logfmt(void **state)
{
    (void)state;
    tv_log_setup(TV_LOG_INFO, TV_LOG_LOGFMT);
    tv_log(TV_LOG_INFO, "listening", "http", "127.0.0.1:3335", "otlp", "off", (char *)NULL);
    struct tv_str line = one_write();
    struct tv_str rest;
    struct tv_str stamp = tv_str_cut(line, ' ', &rest);
    int64_t time_ns = 0;
    assert_true(tv_str_starts_with(stamp, TV_STR("time=")));
    assert_int_equal(stamp.len, strlen("time=2024-01-15T15:47:23.000Z"));
    assert_true(tv_time_parse_rfc3339((struct tv_str){stamp.ptr + 5, stamp.len - 5}, &time_ns));
    assert_true(tv_time_now() - time_ns < TV_NS_PER_HOUR);
    assert_text(rest, "level=info msg=listening http=127.0.0.1:3335 otlp=off\n");
}

static void log__quotes_where_needed(void **state)
{
    (void)state;
    tv_log_setup(TV_LOG_DEBUG, TV_LOG_LOGFMT);
    tv_log(TV_LOG_ERROR, "cannot open", "empty", "", "none", (char *)NULL, (char *)NULL);
    struct tv_str rest;
    (void)tv_str_cut(one_write(), ' ', &rest);
    assert_text(rest, "level=error msg=\"cannot open\" empty=\"\" none=\"\"\n");
    tv_log(TV_LOG_DEBUG, "x", "a", "k=v", "b", "two\nlines", "c", "\"", "d", "\xc3\xa4\xff", "e",
            "back\\slash", (char *)NULL);
    (void)tv_str_cut(one_write(), ' ', &rest);
    assert_text(rest,
            "level=debug msg=x a=\"k=v\" b=\"two\\nlines\" c=\"\\\"\" "
            "d=\"\xc3\xa4\xef\xbf\xbd\" e=\"back\\\\slash\"\n");
}

static void log__writes_json(void **state)
{
    (void)state;
    tv_log_setup(TV_LOG_INFO, TV_LOG_JSON);
    tv_log(TV_LOG_WARN, "slow \"disk\"", "path", "/var/lib", (char *)NULL);
    struct tv_str line = one_write();
    assert_int_equal(line.ptr[line.len - 1], '\n');
    struct tv_json *document = NULL;
    assert_int_equal(tv_json_parse(line, &document, NULL), TV_OK);
    assert_text(tv_json_string(tv_json_member(document, "level")), "warn");
    assert_text(tv_json_string(tv_json_member(document, "msg")), "slow \"disk\"");
    assert_text(tv_json_string(tv_json_member(document, "path")), "/var/lib");
    assert_non_null(tv_json_member(document, "time"));
    tv_json_free(document);
}

static void log__leaves_out_lesser_levels(void **state)
{
    (void)state;
    tv_log_setup(TV_LOG_WARN, TV_LOG_LOGFMT);
    assert_false(tv_log_enabled(TV_LOG_INFO));
    assert_true(tv_log_enabled(TV_LOG_WARN));
    tv_log(TV_LOG_INFO, "unseen", (char *)NULL);
    tv_log(TV_LOG_ERROR, "seen", (char *)NULL);
    struct tv_str rest;
    (void)tv_str_cut(one_write(), ' ', &rest);
    assert_text(rest, "level=error msg=seen\n");
}

static void log__knows_its_names(void **state)
{
    (void)state;
    enum tv_log_level level = TV_LOG_DEBUG;
    enum tv_log_format format = TV_LOG_LOGFMT;
    assert_true(tv_log_level_from_name(TV_STR("warn"), &level) && level == TV_LOG_WARN);
    assert_true(tv_log_level_from_name(TV_STR("DEBUG"), &level) && level == TV_LOG_DEBUG);
    assert_false(tv_log_level_from_name(TV_STR("loud"), &level));
    assert_true(tv_log_format_from_name(TV_STR("json"), &format) && format == TV_LOG_JSON);
    assert_true(tv_log_format_from_name(TV_STR("logfmt"), &format) && format == TV_LOG_LOGFMT);
    assert_false(tv_log_format_from_name(TV_STR(""), &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(log__writes_logfmt, capture, release),
            cmocka_unit_test_setup_teardown(log__quotes_where_needed, capture, release),
            cmocka_unit_test_setup_teardown(log__writes_json, capture, release),
            cmocka_unit_test_setup_teardown(log__leaves_out_lesser_levels, capture, release),
            cmocka_unit_test(log__knows_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
