/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names, the enumerations' texts, ids and arrival numbers. */
#include "support.h"

/* As the contract lists them, in order of rank; snake_case forms follow their names. */
static const char *const aliases[TV_FIELD_COUNT][8] = {
        [TV_FIELD_TIME] = {"timestamp", "ts", "time", "@timestamp"},
        [TV_FIELD_SERVICE] = {"service", "serviceId", "service_id", "serviceName", "service_name",
                "service.name"},
        [TV_FIELD_INSTANCE] = {"instance", "pod", "service.instance.id"},
        [TV_FIELD_HOST] = {"host", "hostname", "host.name"},
        [TV_FIELD_TYPE] = {"eventType", "event_type", "type"},
        [TV_FIELD_NAME] = {"name", "operation", "spanName", "span_name"},
        [TV_FIELD_EVENT_ID] = {"eventId", "event_id", "id"},
        [TV_FIELD_TRACE_ID] = {"traceId", "trace_id"},
        [TV_FIELD_SPAN_ID] = {"spanId", "span_id"},
        [TV_FIELD_PARENT_SPAN_ID] = {"parentSpanId", "parent_span_id", "parentId", "parent_id"},
        [TV_FIELD_KIND] = {"kind", "spanKind", "span_kind"},
        [TV_FIELD_DURATION] = {"durationNs", "duration_ns", "durationMs", "duration_ms",
                "duration"},
        [TV_FIELD_STATUS] = {"status"},
        [TV_FIELD_SEVERITY] = {"severity", "level"},
        [TV_FIELD_MESSAGE] = {"message", "body", "msg"},
        [TV_FIELD_CAUSED_BY] = {"causedBy", "caused_by", "triggeredBy", "triggered_by",
                "metadata.triggeredBy"},
        [TV_FIELD_UNIT] = {"unit"},
        [TV_FIELD_METRIC_KIND] = {"metricKind", "metric_kind"},
        [TV_FIELD_TEMPORALITY] = {"temporality"},
};

static void field__knows_every_alias_by_rank(void **state)
{
    (void)state;
    for (int field = 0; field < TV_FIELD_COUNT; field++) {
        for (unsigned i = 0; i < 8 && aliases[field][i]; i++) {
            unsigned rank = 99;
            struct tv_str name = tv_str_of(aliases[field][i]);
            if ((int)tv_field_by_alias(name, &rank) != field)
                fail_msg("%s is not known", name.ptr);
            assert_int_equal(rank, i);
            struct tv_field_ref ref = tv_field_resolve(name);
            assert_int_equal(ref.class, TV_FIELD_FIXED);
            assert_int_equal(ref.field, field);
            assert_text(ref.name, tv_field_name((enum tv_field)field));
        }
    }
}

static void field__takes_other_members_as_attributes(void **state)
{
    (void)state;
    static const char *const names[] = {"", "x", "arrival", "receivedAt", "received_at", "Service",
            "services", "servicE", "user.id", "timestamp2", "attributes",
            "a very long name indeed"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(tv_field_by_alias(tv_str_of(names[i]), NULL), TV_FIELD_COUNT);
}

static void field__resolves_what_statements_say(void **state)
{
    (void)state;
    assert_int_equal(tv_field_resolve(TV_STR("arrival")).field, TV_FIELD_ARRIVAL);
    assert_int_equal(tv_field_resolve(TV_STR("received_at")).field, TV_FIELD_RECEIVED);
    assert_int_equal(tv_field_resolve(TV_STR("receivedAt")).field, TV_FIELD_RECEIVED);
    struct tv_field_ref ref = tv_field_resolve(TV_STR("error_occurred"));
    assert_int_equal(ref.class, TV_FIELD_VIRTUAL);
    assert_int_equal(ref.virtual_field, TV_VIRTUAL_ERROR_OCCURRED);
    assert_int_equal(tv_field_resolve(TV_STR("cpu")).virtual_field, TV_VIRTUAL_CPU);
    assert_int_equal(tv_field_resolve(TV_STR("memory")).virtual_field, TV_VIRTUAL_MEMORY);
    assert_int_equal(tv_field_resolve(TV_STR("disk")).virtual_field, TV_VIRTUAL_DISK);
    ref = tv_field_resolve(TV_STR("attributes.cpu"));
    assert_int_equal(ref.class, TV_FIELD_ATTRIBUTE);
    assert_text(ref.name, "cpu");
    assert_text(tv_field_resolve(TV_STR("attrs.service")).name, "service");
    ref = tv_field_resolve(TV_STR("attributes."));
    assert_int_equal(ref.class, TV_FIELD_ATTRIBUTE);
    assert_text(ref.name, "attributes.");
    ref = tv_field_resolve(TV_STR("cpu.usage"));
    assert_int_equal(ref.class, TV_FIELD_ATTRIBUTE);
    assert_text(ref.name, "cpu.usage");
}

static void field__counts_durations_in_their_unit(void **state)
{
    (void)state;
    assert_int_equal(tv_field_duration_unit_ns(TV_STR("durationNs")), 1);
    assert_int_equal(tv_field_duration_unit_ns(TV_STR("duration_ns")), 1);
    assert_int_equal(tv_field_duration_unit_ns(TV_STR("durationMs")), 1000000);
    assert_int_equal(tv_field_duration_unit_ns(TV_STR("duration_ms")), 1000000);
    assert_int_equal(tv_field_duration_unit_ns(TV_STR("duration")), 1000000);
}

static void field__lists_what_is_behind_virtual_ones(void **state)
{
    (void)state;
    size_t count = 0;
    assert_text(tv_virtual_attributes(TV_VIRTUAL_CPU, &count)[0], "cpu");
    assert_true(count > 5);
    assert_text(tv_virtual_attributes(TV_VIRTUAL_MEMORY, &count)[0], "memory");
    assert_text(tv_virtual_attributes(TV_VIRTUAL_DISK, &count)[0], "disk");
    assert_null(tv_virtual_attributes(TV_VIRTUAL_ERROR_OCCURRED, &count));
    assert_int_equal(count, 0);
    assert_text(tv_http_status_attributes(&count)[0], "http.response.status_code");
    assert_int_equal(count, 6);
    assert_text(tv_version_attributes(&count)[0], "service.version");
}

static void field__spells_enumerations_both_ways(void **state)
{
    (void)state;
    static const struct {
        enum tv_field field;
        unsigned count;
    } lists[] = {{TV_FIELD_KIND, TV_KIND_COUNT}, {TV_FIELD_STATUS, TV_EVENT_STATUS_COUNT},
            {TV_FIELD_SEVERITY, TV_SEVERITY_COUNT}, {TV_FIELD_METRIC_KIND, TV_METRIC_KIND_COUNT},
            {TV_FIELD_TEMPORALITY, TV_TEMPORALITY_COUNT}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_int_equal(tv_enum_text(lists[i].field, 0).len, 0);
        assert_int_equal(tv_enum_text(lists[i].field, (uint8_t)lists[i].count).len, 0);
        for (unsigned value = 1; value < lists[i].count; value++) {
            uint8_t back = 0;
            struct tv_str text = tv_enum_text(lists[i].field, (uint8_t)value);
            assert_true(text.len > 0);
            assert_true(tv_enum_from_text(lists[i].field, text, &back));
            assert_int_equal(back, value);
        }
    }
    assert_int_equal(tv_enum_text(TV_FIELD_SERVICE, 1).len, 0);
    assert_text(tv_enum_text(TV_FIELD_SEVERITY, 18), "ERROR2");
    assert_text(tv_enum_text(TV_FIELD_KIND, TV_KIND_SERVER), "server");
}

static void field__reads_enumerations_as_others_write_them(void **state)
{
    (void)state;
    static const struct {
        enum tv_field field;
        const char *text;
        uint8_t value; /* 0: not listed */
    } cases[] = {{TV_FIELD_SEVERITY, "warning", 13}, {TV_FIELD_SEVERITY, "WARN", 13},
            {TV_FIELD_SEVERITY, "Err", 17}, {TV_FIELD_SEVERITY, "critical", 18},
            {TV_FIELD_SEVERITY, "emerg", 21}, {TV_FIELD_SEVERITY, "notice", 10},
            {TV_FIELD_SEVERITY, "17", 17}, {TV_FIELD_SEVERITY, "24", 24},
            {TV_FIELD_SEVERITY, "0", 0}, {TV_FIELD_SEVERITY, "25", 0}, {TV_FIELD_SEVERITY, "", 0},
            {TV_FIELD_SEVERITY, "loud", 0}, {TV_FIELD_SEVERITY, "SEVERITY_NUMBER_INFO", 9},
            {TV_FIELD_KIND, "SPAN_KIND_SERVER", TV_KIND_SERVER},
            {TV_FIELD_KIND, "Client", TV_KIND_CLIENT}, {TV_FIELD_KIND, "2", 0},
            {TV_FIELD_KIND, "SPAN_KIND_", 0}, {TV_FIELD_STATUS, "ERROR", TV_EVENT_STATUS_ERROR},
            {TV_FIELD_STATUS, "STATUS_CODE_OK", TV_EVENT_STATUS_OK}, {TV_FIELD_STATUS, "fail", 0},
            {TV_FIELD_METRIC_KIND, "counter", TV_METRIC_SUM},
            {TV_FIELD_TEMPORALITY, "AGGREGATION_TEMPORALITY_DELTA", TV_TEMPORALITY_DELTA},
            {TV_FIELD_SERVICE, "ok", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t value = 0;
        bool listed = tv_enum_from_text(cases[i].field, tv_str_of(cases[i].text), &value);
        assert_int_equal(listed, cases[i].value != 0);
        assert_int_equal(value, cases[i].value);
    }
}

static void field__reads_and_writes_ids(void **state)
{
    (void)state;
    struct tv_id id, other;
    char text[32];
    assert_true(tv_trace_id_from_text(TV_STR("0AF7651916CD43DD8448eb211c80319c"), &id));
    assert_true(id.hi == 0x0af7651916cd43ddULL && id.lo == 0x8448eb211c80319cULL);
    tv_trace_id_format(id, text);
    assert_text((struct tv_str){text, 32}, "0af7651916cd43dd8448eb211c80319c");
    assert_true(tv_trace_id_from_text(TV_STR("8448eb211c80319c"), &id));
    assert_true(id.hi == 0 && id.lo == 0x8448eb211c80319cULL);
    assert_false(tv_trace_id_from_text(TV_STR("order-17"), &id));
    assert_false(tv_trace_id_from_text(TV_STR("order-17"), &other));
    assert_true(tv_id_equal(id, other) && (id.hi | id.lo) != 0);
    assert_false(tv_trace_id_from_text(TV_STR("order-18"), &other));
    assert_false(tv_id_equal(id, other));
    assert_true(tv_trace_id_from_text(TV_STR("00000000000000000000000000000000"), &id));
    assert_true(id.hi == 0 && id.lo == 0);
    uint64_t span = 0, again = 0;
    assert_true(tv_span_id_from_text(TV_STR("B7ad6b7169203331"), &span));
    assert_true(span == 0xb7ad6b7169203331ULL);
    tv_span_id_format(span, text);
    assert_text((struct tv_str){text, 16}, "b7ad6b7169203331");
    assert_false(tv_span_id_from_text(TV_STR(""), &span));
    assert_false(tv_span_id_from_text(TV_STR(""), &again));
    assert_true(span != 0 && span == again);
}

static void field__names_arrivals_in_base32(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 31, 32, 1234567890123456789ULL, UINT64_MAX};
    char text[TV_ARRIVAL_TEXT_BYTES];
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t back = 7;
        assert_int_equal(tv_arrival_format(numbers[i], text), 14);
        assert_int_equal(strlen(text), 14);
        assert_true(tv_arrival_parse((struct tv_str){text, 14}, &back));
        assert_true(back == numbers[i]);
    }
    uint64_t out = 7;
    assert_int_equal(tv_arrival_format(33, text), 14);
    assert_string_equal(text, "@0000000000011");
    assert_true(tv_arrival_parse(TV_STR("@OOOOOOOOOOOIL"), &out) && out == 33);
    static const char *const bad[] = {"", "@", "0000000000011", "@000000000001", "@00000000000011",
            "@000000000001u", "@00000000000 1", "@g000000000000", "x0000000000011"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(tv_arrival_parse(tv_str_of(bad[i]), &out));
    assert_true(out == 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(field__knows_every_alias_by_rank),
            cmocka_unit_test(field__takes_other_members_as_attributes),
            cmocka_unit_test(field__resolves_what_statements_say),
            cmocka_unit_test(field__counts_durations_in_their_unit),
            cmocka_unit_test(field__lists_what_is_behind_virtual_ones),
            cmocka_unit_test(field__spells_enumerations_both_ways),
            cmocka_unit_test(field__reads_enumerations_as_others_write_them),
            cmocka_unit_test(field__reads_and_writes_ids),
            cmocka_unit_test(field__names_arrivals_in_base32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
