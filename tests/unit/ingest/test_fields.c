/* SPDX-License-Identifier: Apache-2.0 */
/* What the members of an event set. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define NOW         "\"timestamp\":\"2024-01-15T15:47:23.000000000Z\","
#define HEAD        NOW "\"service\":\"a\","

/* Decodes {"service":"a",<members>} and expects an event that has the part. */
static void check_part(const char *members, const char *part)
{
    struct decoded d;
    char body[1024];
    (void)snprintf(body, sizeof(body), "{\"service\":\"a\",%s}", members);
    decode_text(body, &d);
    if (d.report.accepted != 1)
        fail_msg("'%s' is refused: %s %s", members, d.report.errors[0].field,
                d.report.errors[0].reason);
    if (!strstr(row_json(&d, 0), part))
        fail_msg("'%s' gives %s, without '%s'", members, row_json(&d, 0), part);
    decoded_release(&d);
}

static void check_refused(const char *members, const char *field, const char *reason)
{
    struct decoded d;
    char body[1024];
    (void)snprintf(body, sizeof(body), "{\"service\":\"a\",%s}", members);
    decode_text(body, &d);
    assert_int_equal(d.report.accepted, 0);
    assert_int_equal(d.report.error_count, 1);
    assert_string_equal(d.report.errors[0].field, field);
    assert_string_equal(d.report.errors[0].reason, reason);
    decoded_release(&d);
}

static const struct {
    const char *name, *value, *part;
} aliases[] = {
        {"eventId", "\"e\"", "\"eventId\":\"e\""},
        {"id", "\"e\"", "\"eventId\":\"e\""},
        {"event_id", "\"e\"", "\"eventId\":\"e\""},
        {"timestamp", "5", "{\"timestamp\":\"1970-01-01T00:00:05.000000000Z\""},
        {"ts", "5", "{\"timestamp\":\"1970-01-01T00:00:05.000000000Z\""},
        {"time", "5", "{\"timestamp\":\"1970-01-01T00:00:05.000000000Z\""},
        {"@timestamp", "5", "{\"timestamp\":\"1970-01-01T00:00:05.000000000Z\""},
        {"instance", "\"i\"", "\"instance\":\"i\""},
        {"pod", "\"i\"", "\"instance\":\"i\""},
        {"service.instance.id", "\"i\"", "\"instance\":\"i\""},
        {"host", "\"h\"", "\"host\":\"h\""},
        {"hostname", "\"h\"", "\"host\":\"h\""},
        {"host.name", "\"h\"", "\"host\":\"h\""},
        {"eventType", "\"span\"", "\"eventType\":\"span\""},
        {"type", "\"custom:x\"", "\"eventType\":\"custom:x\""},
        {"event_type", "\"span:start\"", "\"eventType\":\"span:start\""},
        {"name", "\"n\"", "\"name\":\"n\""},
        {"operation", "\"n\"", "\"name\":\"n\""},
        {"spanName", "\"n\"", "\"name\":\"n\""},
        {"traceId", "\"0123456789ABCDEF0123456789abcdef\"",
                "\"traceId\":\"0123456789abcdef0123456789abcdef\""},
        {"trace_id", "\"0123456789ABCDEF0123456789abcdef\"",
                "\"traceId\":\"0123456789abcdef0123456789abcdef\""},
        {"spanId", "\"0123456789ABCDEF\"", "\"spanId\":\"0123456789abcdef\""},
        {"span_id", "\"0123456789ABCDEF\"", "\"spanId\":\"0123456789abcdef\""},
        {"parentSpanId", "\"0123456789ABCDEF\"", "\"parentSpanId\":\"0123456789abcdef\""},
        {"parentId", "\"0123456789ABCDEF\"", "\"parentSpanId\":\"0123456789abcdef\""},
        {"parent_span_id", "\"0123456789ABCDEF\"", "\"parentSpanId\":\"0123456789abcdef\""},
        {"parent_id", "\"0123456789ABCDEF\"", "\"parentSpanId\":\"0123456789abcdef\""},
        {"kind", "\"server\"", "\"kind\":\"server\""},
        {"spanKind", "\"SPAN_KIND_CLIENT\"", "\"kind\":\"client\""},
        {"durationNs", "1500", "\"durationNs\":1500"},
        {"durationMs", "1.5", "\"durationNs\":1500000"},
        {"duration", "2", "\"durationNs\":2000000"},
        {"status", "\"ERROR\"", "\"status\":\"error\""},
        {"severity", "\"warn\"", "\"severity\":\"WARN\""},
        {"level", "\"Error\"", "\"severity\":\"ERROR\""},
        {"message", "\"m\"", "\"message\":\"m\""},
        {"body", "\"m\"", "\"message\":\"m\""},
        {"msg", "\"m\"", "\"message\":\"m\""},
        {"causedBy", "\"c\"", "\"causedBy\":[\"c\"]"},
        {"triggeredBy", "[\"c\",\"d\"]", "\"causedBy\":[\"c\",\"d\"]"},
        {"metadata", "{\"triggeredBy\":\"c\"}", "\"causedBy\":[\"c\"]"},
        {"unit", "\"ms\"", "\"unit\":\"ms\""},
        {"metricKind", "\"gauge\"", "\"metricKind\":\"gauge\""},
        {"temporality", "\"delta\"", "\"temporality\":\"delta\""},
        {"host", "{\"name\":\"h\",\"arch\":\"arm\"}", "\"host\":\"h\""},
        {"host", "{\"name\":\"h\",\"arch\":\"arm\"}", "\"attributes\":{\"host.arch\":\"arm\"}"},
};

static void aliases__all_set_their_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(aliases); i++) {
        char member[256];
        (void)snprintf(member, sizeof(member), "\"%s\":%s", aliases[i].name, aliases[i].value);
        check_part(member, aliases[i].part);
    }
}

static void service__has_aliases_and_is_required(void **state)
{
    (void)state;
    static const char *const good[] = {"{\"service\":\"a\"}", "{\"serviceId\":\"a\"}",
            "{\"serviceName\":\"a\"}", "{\"service.name\":\"a\"}", "{\"service_name\":\"a\"}",
            "{\"service\":{\"name\":\"a\"}}", "{\"service\":null,\"serviceId\":\"a\"}"};
    static const char *const bad[] = {"{}", "{\"service\":null}", "{\"service\":\"\"}",
            "{\"service\":1}", "{\"service\":true}", "{\"service\":[\"a\"]}", "{\"service\":{}}",
            "{\"service\":\"a\",\"service\":null}", "{\"attributes\":{\"service\":\"a\"}}",
            "{\"service\":\"a\",\"service\":{}}"};
    for (size_t i = 0; i < COUNT(good); i++) {
        struct decoded d;
        decode_text(good[i], &d);
        assert_string_equal(row_json(&d, 0), "{" HEAD "\"eventType\":\"event\",\"attributes\":{}}");
        decoded_release(&d);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct decoded d;
        decode_text(bad[i], &d);
        assert_int_equal(d.status, TV_OK);
        assert_int_equal(d.report.rejected, 1);
        assert_string_equal(d.report.errors[0].field, "service");
        decoded_release(&d);
    }
}

static void aliases__lose_by_rank_and_stay_as_attributes(void **state)
{
    (void)state;
    check_part("\"id\":\"x\",\"eventId\":\"e\"", "{\"eventId\":\"e\",");
    check_part("\"id\":\"x\",\"eventId\":\"e\"", "\"attributes\":{\"id\":\"x\"}");
    check_part("\"eventId\":\"e\",\"id\":\"x\"", "\"attributes\":{\"id\":\"x\"}");
    check_part("\"ts\":7,\"time\":8", "{\"timestamp\":\"1970-01-01T00:00:07.000000000Z\"");
    check_part("\"ts\":7,\"time\":8", "\"attributes\":{\"time\":8}");
    check_part("\"timestamp\":null,\"ts\":7", "{\"timestamp\":\"1970-01-01T00:00:07.000000000Z\"");
    check_part(
            "\"duration\":1,\"durationNs\":5", "\"durationNs\":5,\"attributes\":{\"duration\":1}");
    check_part("\"serviceId\":\"b\"",
            "\"service\":\"a\",\"eventType\":\"event\",\"attributes\":{"
            "\"serviceId\":\"b\"}");
    check_part("\"level\":\"info\",\"severity\":\"error\"", "\"severity\":\"ERROR\"");
    check_part("\"causedBy\":\"c\",\"metadata\":{\"triggeredBy\":\"d\"}",
            "\"causedBy\":[\"c\"],\"attributes\":{\"triggeredBy\":\"d\"}");
}

static void duplicates__last_one_wins(void **state)
{
    (void)state;
    check_part("\"service\":\"b\"", "\"service\":\"b\"");
    check_part("\"name\":\"x\",\"name\":\"y\"", "\"name\":\"y\"");
    check_part("\"name\":\"x\",\"name\":null", HEAD "\"eventType\":\"event\",\"attributes\":{}");
    check_part("\"q\":1,\"q\":\"two\"", "\"attributes\":{\"q\":\"two\"}");
    check_part("\"q\":1,\"q\":null", "\"attributes\":{}");
    check_part("\"q\":1,\"q\":null,\"q\":3", "\"attributes\":{\"q\":3}");
    check_part("\"attributes\":{\"q\":1,\"r\":2},\"data\":{\"q\":3},\"metadata\":{\"s\":4}",
            "\"attributes\":{\"q\":3,\"r\":2,\"s\":4}");
    check_part("\"attrs\":{\"q\":1},\"attrs\":{\"q\":{\"z\":2}}",
            "\"attributes\":{\"q\":1,\"q.z\":2}");
    check_part("\"q\":9,\"attrs\":{\"q\":1}", "\"attributes\":{\"q\":1}");
    check_part("\"attrs\":{\"q\":1},\"q\":9", "\"attributes\":{\"q\":9}");
}

static void holders__without_an_object_are_attributes(void **state)
{
    (void)state;
    check_part("\"data\":\"text\"", "\"attributes\":{\"data\":\"text\"}");
    check_part("\"metadata\":[1,2]", "\"attributes\":{\"metadata\":[1,2]}");
    check_part("\"attributes\":null", "\"attributes\":{}");
    check_part("\"attributes\":{\"attributes\":{\"x\":1}}", "\"attributes\":{\"attributes.x\":1}");
    check_part("\"attrs.x\":1,\"attrs\":{\"x\":2}", "\"attributes\":{\"attrs.x\":1,\"x\":2}");
    check_part("\"attributes\":{\"ts\":1,\"type\":\"t\",\"service.name\":\"s\"}",
            HEAD "\"eventType\":\"event\",\"attributes\":{\"ts\":1,\"type\":\"t\","
                 "\"service.name\":\"s\"}");
}

static void times__are_rfc_3339_or_epochs(void **state)
{
    (void)state;
    static const struct {
        const char *value, *time;
    } good[] = {
            {"1705333600", "2024-01-15T15:46:40.000000000Z"},
            {"1705333600.25", "2024-01-15T15:46:40.250000000Z"},
            {"1705333600123", "2024-01-15T15:46:40.123000000Z"},
            {"1705333600123.5", "2024-01-15T15:46:40.123500000Z"},
            {"1705333600123456", "2024-01-15T15:46:40.123456000Z"},
            {"1705333600123456789", "2024-01-15T15:46:40.123456789Z"},
            {"1705333600.123456789", "2024-01-15T15:46:40.123456789Z"},
            {"1.7053336e9", "2024-01-15T15:46:40.000000000Z"},
            {"\"1705333600\"", "2024-01-15T15:46:40.000000000Z"},
            {"\"1705333600123456789\"", "2024-01-15T15:46:40.123456789Z"},
            {"\"2024-01-15T15:46:40Z\"", "2024-01-15T15:46:40.000000000Z"},
            {"\"2024-01-15T16:46:40.5+01:00\"", "2024-01-15T15:46:40.500000000Z"},
            {"\"2024-01-15 15:46:40.123456789z\"", "2024-01-15T15:46:40.123456789Z"},
            {"0", "2024-01-15T15:47:23.000000000Z"},
            {"\"0\"", "2024-01-15T15:47:23.000000000Z"},
            {"null", "2024-01-15T15:47:23.000000000Z"},
            {"1", "1970-01-01T00:00:01.000000000Z"},
            {"1705334243", "2024-01-15T15:57:23.000000000Z"},
    };
    static const char *const bad[] = {"-1", "-0.5", "true", "\"\"", "\"yesterday\"", "[1]",
            "\"2024-01-15\"", "\"2024-01-15T15:46:40\"", "\"2024-13-15T15:46:40Z\"",
            "\"1969-12-31T23:59:59Z\"", "\"2263-01-01T00:00:00Z\"", "9223372036854775808", "1e30",
            "\"-5\"", "\"1705333600x\""};
    for (size_t i = 0; i < COUNT(good); i++) {
        char member[128];
        char part[128];
        (void)snprintf(member, sizeof(member), "\"ts\":%s", good[i].value);
        (void)snprintf(part, sizeof(part), "{\"timestamp\":\"%s\",", good[i].time);
        check_part(member, part);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        char member[128];
        (void)snprintf(member, sizeof(member), "\"ts\":%s", bad[i]);
        check_refused(member, "ts",
                "is no time between 1970 and 2262, in RFC 3339 or as an epoch number");
    }
    check_refused("\"timestamp\":{}", "timestamp", "must not be an object");
}

static void times__from_the_future_become_the_time_of_receipt(void **state)
{
    (void)state;
    struct decoded d;
    decode_text(
            "[{\"service\":\"a\",\"ts\":1705334244},{\"service\":\"a\",\"ts\":1705334243}]", &d);
    assert_int_equal(d.report.accepted, 2);
    assert_int_equal(d.report.future, 1);
    assert_string_equal(row_json(&d, 0),
            "{" HEAD "\"eventType\":\"event\",\"attributes\":{\"timestamp.claimed\":"
            "\"2024-01-15T15:57:24.000000000Z\"}}");
    assert_int_equal(tv_batch_i64(d.batch, TV_FIELD_RECEIVED)[1], TEST_RECEIVED_NS);
    decoded_release(&d);
}

static void ids__of_other_forms_are_hashed_and_kept(void **state)
{
    (void)state;
    struct decoded d;
    decode_text("{\"service\":\"a\",\"trace_id\":\"order-77\",\"spanId\":\"x\",\"parentId\":12}\n"
                "{\"service\":\"a\",\"traceId\":\"order-77\",\"spanId\":\"x\"}\n"
                "{\"service\":\"a\",\"traceId\":\"00000000000000000000000000000000\","
                "\"spanId\":\"0000000000000000\",\"parentId\":\"\"}",
            &d);
    assert_int_equal(d.report.accepted, 3);
    const struct tv_id *traces = tv_batch_ids(d.batch, TV_FIELD_TRACE_ID);
    const uint64_t *spans = tv_batch_u64(d.batch, TV_FIELD_SPAN_ID);
    const uint64_t *parents = tv_batch_u64(d.batch, TV_FIELD_PARENT_SPAN_ID);
    assert_true(tv_id_equal(traces[0], traces[1]) && (traces[0].hi | traces[0].lo) != 0);
    assert_true(spans[0] == spans[1] && spans[0] != 0 && parents[0] != 0);
    assert_non_null(strstr(row_json(&d, 0),
            "\"attributes\":{\"traceId\":\"order-77\",\"spanId\":\"x\",\"parentSpanId\":\"12\"}"));
    assert_string_equal(row_json(&d, 2), "{" HEAD "\"eventType\":\"event\",\"attributes\":{}}");
    decoded_release(&d);
    check_refused("\"traceId\":true", "traceId", "must be a string");
    check_refused("\"span_id\":[1]", "span_id", "must be a string");
}

static void enumerations__take_numbers_and_keep_what_they_do_not_know(void **state)
{
    (void)state;
    check_part("\"kind\":1", "\"kind\":\"internal\"");
    check_part("\"kind\":5", "\"kind\":\"consumer\"");
    check_part("\"kind\":0", HEAD "\"eventType\":\"event\",\"attributes\":{}");
    check_part("\"kind\":6", "\"attributes\":{\"kind\":6}");
    check_part("\"kind\":\"Pod\"", "\"attributes\":{\"kind\":\"Pod\"}");
    check_part("\"status\":0", "\"status\":\"unset\"");
    check_part("\"status\":1", "\"status\":\"ok\"");
    check_part("\"status\":2", "\"status\":\"error\"");
    check_part("\"status\":500", "\"attributes\":{\"status\":500}");
    check_part("\"status\":-1", "\"attributes\":{\"status\":-1}");
    check_part("\"status\":\"\"", HEAD "\"eventType\":\"event\",\"attributes\":{}");
    check_part("\"status\":{\"code\":2}", "\"attributes\":{\"status.code\":2}");
    check_part("\"status\":[1]", "\"attributes\":{\"status\":[1]}");
    check_part("\"severity\":1", "\"severity\":\"TRACE\"");
    check_part("\"severity\":24", "\"severity\":\"FATAL4\"");
    check_part("\"severity\":25", "\"attributes\":{\"severity\":25}");
    check_part("\"level\":30", "\"attributes\":{\"level\":30}");
    check_part("\"level\":\"17\"", "\"severity\":\"ERROR\"");
    check_part("\"level\":1.5", "\"attributes\":{\"level\":1.5}");
    check_part("\"metricKind\":\"new\"", "\"attributes\":{\"metricKind\":\"new\"}");
}

static void durations__are_exact_and_not_negative(void **state)
{
    (void)state;
    check_part("\"durationNs\":0", "\"durationNs\":0");
    check_part("\"durationNs\":9223372036854775807", "\"durationNs\":9223372036854775807");
    check_part("\"durationMs\":0.000001", "\"durationNs\":1");
    check_part("\"durationMs\":12.345678", "\"durationNs\":12345678");
    check_part("\"duration\":1e3", "\"durationNs\":1000000000");
    check_part("\"duration_ms\":\"12.5\"", "\"durationNs\":12500000");
    check_part("\"duration_ns\":\"77\"", "\"durationNs\":77");
    check_refused("\"durationNs\":-1", "durationNs", "must not be negative");
    check_refused("\"duration\":-0.5", "duration", "must not be negative");
    check_refused("\"durationMs\":-9223372036854775807", "durationMs", "must not be negative");
    check_refused("\"durationMs\":9223372036854775807", "durationMs", "is longer than 292 years");
    check_refused("\"durationNs\":9223372036854775808", "durationNs", "is longer than 292 years");
    check_refused("\"duration\":1e300", "duration", "is longer than 292 years");
    check_refused("\"duration\":true", "duration", "must be a number");
    check_refused("\"duration\":\"long\"", "duration", "must be a number");
    check_refused("\"duration\":[1]", "duration", "must be a number");
    check_refused("\"duration\":{}", "duration", "must not be an object");
}

static void texts__take_numbers_where_clients_have_them(void **state)
{
    (void)state;
    check_part("\"id\":12345678901234567890", "\"eventId\":\"12345678901234567890\"");
    check_part("\"pod\":3", "\"instance\":\"3\"");
    check_part("\"host\":1.50", "\"host\":\"1.50\"");
    check_part("\"message\":4.20", "\"message\":\"4.20\"");
    check_part("\"message\":true", "\"message\":\"true\"");
    check_part("\"body\":{\"a\":1}", "\"attributes\":{\"body.a\":1}");
    check_part("\"host\":\"\",\"name\":\"\",\"id\":\"\",\"message\":\"\"",
            "{" HEAD "\"eventType\":\"event\",\"attributes\":{}}");
    check_refused("\"type\":5", "type", "must be a string");
    check_refused("\"name\":false", "name", "must be a string");
    check_refused("\"name\":[\"x\"]", "name", "must be a string");
    check_refused("\"id\":{}", "id", "must not be an object");
    check_refused("\"host\":true", "host", "must be a string");
}

static void causes__are_ids_or_arrays_of_them(void **state)
{
    (void)state;
    check_part("\"causedBy\":\"q\\\"x\"", "\"causedBy\":[\"q\\\"x\"]");
    check_part("\"causedBy\":7", "\"causedBy\":[\"7\"]");
    check_part("\"causedBy\":[ \"a\" , 7, \"\" , \"\\u00e9\" ]",
            "\"causedBy\":[\"a\",\"7\",\"\xc3\xa9\"]");
    check_part("\"causedBy\":[]", HEAD "\"eventType\":\"event\",\"attributes\":{}");
    check_part("\"causedBy\":\"\"", HEAD "\"eventType\":\"event\",\"attributes\":{}");
    check_refused("\"causedBy\":[[\"a\"]]", "causedBy", "must be an event id or an array of them");
    check_refused("\"causedBy\":[null]", "causedBy", "must be an event id or an array of them");
    check_refused("\"causedBy\":true", "causedBy", "must be a string");
    check_refused("\"causedBy\":{\"id\":\"a\"}", "causedBy", "must not be an object");
}

static void secrets__are_masked_at_any_depth(void **state)
{
    (void)state;
    check_part("\"password\":\"p\"", "\"attributes\":{\"password\":\"[redacted]\"}");
    check_part("\"attrs\":{\"db\":{\"password\":{\"v\":1}}}",
            "\"attributes\":{\"db.password.v\":\"[redacted]\"}");
    check_part("\"token\":[1,2]", "\"attributes\":{\"token\":\"[redacted]\"}");
    check_part(
            "\"x\":[{\"apiKey\":\"k\",\"y\":1},[{\"a\":{\"secret\" : [1,{\"z\":2}] , \"b\":3}}]]",
            "\"x\":[{\"apiKey\":\"[redacted]\",\"y\":1},[{\"a\":{\"secret\" : \"[redacted]\" , "
            "\"b\":3}}]]");
    check_part("\"x\":[{\"p\\u0061ssword\":\"k\"}]", "\"x\":[{\"p\\u0061ssword\":\"[redacted]\"}]");
    check_part("\"author\":\"b\",\"monkey\":1,\"cacheKey\":\"c\"",
            "\"attributes\":{\"author\":\"b\",\"monkey\":1,\"cacheKey\":\"c\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(aliases__all_set_their_field),
            cmocka_unit_test(service__has_aliases_and_is_required),
            cmocka_unit_test(aliases__lose_by_rank_and_stay_as_attributes),
            cmocka_unit_test(duplicates__last_one_wins),
            cmocka_unit_test(holders__without_an_object_are_attributes),
            cmocka_unit_test(times__are_rfc_3339_or_epochs),
            cmocka_unit_test(times__from_the_future_become_the_time_of_receipt),
            cmocka_unit_test(ids__of_other_forms_are_hashed_and_kept),
            cmocka_unit_test(enumerations__take_numbers_and_keep_what_they_do_not_know),
            cmocka_unit_test(durations__are_exact_and_not_negative),
            cmocka_unit_test(texts__take_numbers_where_clients_have_them),
            cmocka_unit_test(causes__are_ids_or_arrays_of_them),
            cmocka_unit_test(secrets__are_masked_at_any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
