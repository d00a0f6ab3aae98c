/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON, in the contract's order and spelling. */
#include "support.h"

#include "event/event_json.h"

static void assert_event(const struct tv_batch *batch, uint32_t row, const char *expected)
{
    struct tv_buf out = {0};
    struct tv_json_out json = {.out = &out};
    tv_json_object(&json);
    tv_event_json_members(&json, batch, row);
    tv_json_end(&json);
    assert_text(tv_buf_str(&out), expected);
    tv_buf_release(&out);
}

static void event_json__leaves_absent_members_out(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    (void)tv_batch_add_row(batch);
    assert_event(batch, 0, "{\"attributes\":{}}");
    tv_batch_unref(batch);
}

static void event_json__writes_every_member(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    row = tv_batch_add_row(batch);
    tv_batch_set_u64(batch, TV_FIELD_ARRIVAL, row, 33);
    tv_batch_set_time(batch, row, 1705333643000000001);
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, 5);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("cart"));
    tv_batch_set_text(batch, TV_FIELD_INSTANCE, row, TV_STR("cart-1"));
    tv_batch_set_text(batch, TV_FIELD_HOST, row, TV_STR("node-1"));
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("span"));
    tv_batch_set_text(batch, TV_FIELD_NAME, row, TV_STR("GET /\"cart\""));
    tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, TV_STR("e1"));
    tv_batch_set_id(batch, TV_FIELD_TRACE_ID, row, (struct tv_id){1, 2});
    tv_batch_set_u64(batch, TV_FIELD_SPAN_ID, row, 3);
    tv_batch_set_u64(batch, TV_FIELD_PARENT_SPAN_ID, row, 4);
    tv_batch_set_u8(batch, TV_FIELD_KIND, row, TV_KIND_SERVER);
    tv_batch_set_i64(batch, TV_FIELD_DURATION, row, 250);
    tv_batch_set_u8(batch, TV_FIELD_STATUS, row, TV_EVENT_STATUS_ERROR);
    tv_batch_set_u8(batch, TV_FIELD_SEVERITY, row, 18);
    tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, TV_STR("line\n"));
    tv_batch_set_text(batch, TV_FIELD_CAUSED_BY, row, TV_STR("[\"a\",\"b\"]"));
    tv_batch_set_text(batch, TV_FIELD_UNIT, row, TV_STR("ms"));
    tv_batch_set_u8(batch, TV_FIELD_METRIC_KIND, row, TV_METRIC_GAUGE);
    tv_batch_set_u8(batch, TV_FIELD_TEMPORALITY, row, TV_TEMPORALITY_DELTA);
    assert_event(batch, row,
            "{\"arrival\":\"@0000000000011\",\"eventId\":\"e1\","
            "\"timestamp\":\"2024-01-15T15:47:23.000000001Z\",\"service\":\"cart\","
            "\"instance\":\"cart-1\",\"host\":\"node-1\",\"eventType\":\"span\","
            "\"name\":\"GET /\\\"cart\\\"\",\"traceId\":\"00000000000000010000000000000002\","
            "\"spanId\":\"0000000000000003\",\"parentSpanId\":\"0000000000000004\","
            "\"kind\":\"server\",\"durationNs\":250,\"status\":\"error\",\"severity\":\"ERROR2\","
            "\"message\":\"line\\n\",\"causedBy\":[\"a\",\"b\"],\"unit\":\"ms\","
            "\"metricKind\":\"gauge\",\"temporality\":\"delta\",\"attributes\":{}}");
    assert_event(batch, 0, "{\"attributes\":{}}");
    tv_batch_unref(batch);
}

static void event_json__writes_attributes_by_type(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    static const char *const names[] = {
            "flag", "http.status_code", "load", "user \"id\"", "tags", "api_key", "gone"};
    const struct tv_value values[] = {tv_value_bool(true), tv_value_i64(500), tv_value_f64(0.5),
            tv_value_str(TV_STR("u7")), {.type = TV_TYPE_JSON, .s = TV_STR("[1,\"a\"]")},
            tv_value_str(TV_STR("hush")), tv_value_null()};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        tv_batch_set_attr(batch, tv_batch_attr(batch, tv_str_of(names[i])), row, values[i]);
    assert_event(batch, row,
            "{\"attributes\":{\"flag\":true,\"http.status_code\":500,\"load\":0.5,"
            "\"user \\\"id\\\"\":\"u7\",\"tags\":[1,\"a\"],\"api_key\":\"[redacted]\"}}");
    tv_batch_unref(batch);
}

static void event_json__puts_a_bare_cause_into_an_array(void **state)
{
    (void)state;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_text(batch, TV_FIELD_CAUSED_BY, row, TV_STR("deploy-7"));
    assert_event(batch, row, "{\"causedBy\":[\"deploy-7\"],\"attributes\":{}}");
    tv_batch_unref(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(event_json__leaves_absent_members_out),
            cmocka_unit_test(event_json__writes_every_member),
            cmocka_unit_test(event_json__writes_attributes_by_type),
            cmocka_unit_test(event_json__puts_a_bare_cause_into_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
