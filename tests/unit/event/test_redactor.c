/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a batch: every cell, whatever it holds, and nothing else. */
#include "support.h"

#include "event/redactor.h"

static const uint8_t key[TV_SECRET_KEY_BYTES] = {1, 2, 3};
static const struct tv_redact_mark start = {0, 0};

static struct tv_redactor *make(const char *rules)
{
    struct tv_redactor *redactor = NULL;
    struct tv_error err;
    if (tv_redactor_new(tv_str_of(rules), key, &redactor, &err) != TV_OK)
        fail_msg("%s", err.message);
    return redactor;
}

static void set(struct tv_batch *batch, const char *name, struct tv_value value)
{
    tv_batch_set_attr(batch, tv_batch_attr(batch, tv_str_of(name)), batch->rows - 1, value);
}

static void set_text(struct tv_batch *batch, const char *name, const char *text)
{
    set(batch, name, tv_value_str(tv_str_of(text)));
}

static void add(struct tv_batch *batch, const char *service, const char *message)
{
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, 1);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, tv_str_of(service));
    tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, tv_str_of(message));
}

static struct tv_value attr(const struct tv_batch *batch, const char *name, uint32_t row)
{
    uint32_t found = tv_batch_find_attr(batch, tv_str_of(name));
    return found == UINT32_MAX ? tv_value_null() : tv_batch_attr_value(batch, found, row);
}

/* No text of the batch may hold it, used or not: the table of texts is stored as a whole. */
static void assert_nowhere(const struct tv_batch *batch, const char *secret)
{
    for (uint32_t code = 1; code < batch->strings.count; code++)
        assert_false(tv_str_contains(batch->strings.items[code], tv_str_of(secret)));
}

static void redactor__replaces_in_every_cell(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make("");
    struct tv_batch *batch = tv_batch_new();
    add(batch, "shop", "mail to jane@example.com and 4111 1111 1111 1111");
    set_text(batch, "to", "jane@example.com");
    set_text(batch, "plain", "nothing here");
    set(batch, "n", tv_value_i64(4111111111111111));
    set(batch, "list",
            (struct tv_value){
                    .type = TV_TYPE_JSON, .s = TV_STR("[\"jane@example.com\",4111111111111111]")});
    tv_redactor_apply(redactor, batch, start);
    assert_text(tv_batch_text(batch, TV_FIELD_MESSAGE, 0), "mail to [email] and [card]");
    assert_text(attr(batch, "to", 0).s, "[email]");
    assert_text(attr(batch, "plain", 0).s, "nothing here");
    assert_int_equal(attr(batch, "n", 0).i, 4111111111111111);
    assert_text(attr(batch, "list", 0).s, "[\"[email]\",\"[card]\"]");
    assert_nowhere(batch, "jane");
    assert_nowhere(batch, "4111");
    assert_int_equal(tv_redactor_count(redactor, TV_REDACT_EMAIL), 3);
    assert_int_equal(tv_redactor_count(redactor, TV_REDACT_CARD), 2);
    assert_int_equal(tv_redactor_count(redactor, TV_REDACT_IBAN), 0);
    tv_batch_unref(batch);
    tv_redactor_free(redactor);
}

static void redactor__hashes_so_that_equal_values_join(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make("card=hash, email=hash");
    struct tv_batch *batch = tv_batch_new();
    add(batch, "a", "4111 1111 1111 1111");
    set_text(batch, "pan", "4111-1111-1111-1111");
    set_text(batch, "other", "4012888888881881");
    tv_redactor_apply(redactor, batch, start);
    struct tv_str message = tv_batch_text(batch, TV_FIELD_MESSAGE, 0);
    assert_true(tv_str_starts_with(message, TV_STR("[card:")));
    assert_true(tv_str_equal(message, attr(batch, "pan", 0).s));
    assert_false(tv_str_equal(message, attr(batch, "other", 0).s));
    tv_batch_unref(batch);
    tv_redactor_free(redactor);
}

static void redactor__drops_what_is_left_empty(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make("email=drop,phone=drop");
    struct tv_batch *batch = tv_batch_new();
    add(batch, "a", "jane@example.com");
    set_text(batch, "to", "jane@example.com");
    set_text(batch, "cc", "for jane@example.com only");
    set(batch, "phone", tv_value_i64(5552671));
    add(batch, "a", "kept");
    set_text(batch, "to", "kept");
    set(batch, "phone", tv_value_i64(12));
    tv_redactor_apply(redactor, batch, start);
    assert_null(tv_batch_text(batch, TV_FIELD_MESSAGE, 0).ptr);
    assert_int_equal(attr(batch, "to", 0).type, TV_TYPE_NULL);
    assert_text(attr(batch, "to", 1).s, "kept");
    assert_text(attr(batch, "cc", 0).s, "for  only");
    assert_int_equal(attr(batch, "phone", 0).type, TV_TYPE_NULL);
    assert_int_equal(attr(batch, "phone", 1).i, 12);
    tv_batch_unref(batch);
    tv_redactor_free(redactor);
}

static void redactor__keeps_identities_apart(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make("ip=replace");
    struct tv_batch *batch = tv_batch_new();
    add(batch, "a", "x");
    tv_batch_set_text(batch, TV_FIELD_HOST, 0, TV_STR("10.0.0.1"));
    tv_batch_set_text(batch, TV_FIELD_EVENT_ID, 0, TV_STR("jane@example.com"));
    tv_batch_set_text(batch, TV_FIELD_CAUSED_BY, 0, TV_STR("[\"joe@example.com\"]"));
    set_text(batch, "peer", "10.0.0.1");
    set_text(batch, "jane@example.com", "1");
    add(batch, "a", "y");
    tv_batch_set_text(batch, TV_FIELD_HOST, 1, TV_STR("10.0.0.2"));
    tv_batch_set_text(batch, TV_FIELD_EVENT_ID, 1, TV_STR("joe@example.com"));
    tv_redactor_apply(redactor, batch, start);
    struct tv_str first = tv_batch_text(batch, TV_FIELD_HOST, 0);
    assert_true(tv_str_starts_with(first, TV_STR("[ip:")));
    assert_false(tv_str_equal(first, tv_batch_text(batch, TV_FIELD_HOST, 1)));
    assert_text(attr(batch, "peer", 0).s, "[ip]");
    /* The reference still names its event. */
    struct tv_str cause = tv_batch_text(batch, TV_FIELD_CAUSED_BY, 0);
    struct tv_str id = tv_batch_text(batch, TV_FIELD_EVENT_ID, 1);
    assert_int_equal(cause.len, id.len + 4);
    assert_memory_equal(cause.ptr + 2, id.ptr, id.len);
    /* An attribute's name, which is found under the new one. */
    struct tv_str name = tv_strings_get(&batch->strings, batch->attrs[1].name);
    assert_true(tv_str_starts_with(name, TV_STR("[email:")));
    assert_int_equal(tv_batch_find_attr(batch, name), 1);
    assert_nowhere(batch, "example.com");
    tv_batch_unref(batch);
    tv_redactor_free(redactor);
}

static void redactor__heeds_names_of_attributes(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make("");
    struct tv_batch *batch = tv_batch_new();
    add(batch, "a", "5552671");
    set_text(batch, "user.phone", "555 2671");
    set(batch, "cardNumber", tv_value_i64(4111111111111111));
    set(batch, "ssn", tv_value_i64(123456789));
    set_text(batch, "order", "555 2671 x");
    tv_redactor_apply(redactor, batch, start);
    assert_text(attr(batch, "user.phone", 0).s, "[phone]");
    assert_text(attr(batch, "cardNumber", 0).s, "[card]");
    assert_text(attr(batch, "ssn", 0).s, "[ssn]");
    assert_text(attr(batch, "order", 0).s, "555 2671 x");
    assert_text(tv_batch_text(batch, TV_FIELD_MESSAGE, 0), "5552671");
    tv_batch_unref(batch);
    tv_redactor_free(redactor);
}

static void redactor__takes_up_where_it_was(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make("");
    struct tv_batch *batch = tv_batch_new();
    add(batch, "a", "one@example.com");
    set_text(batch, "to", "one@example.com");
    tv_redactor_apply(redactor, batch, start);
    struct tv_redact_mark mark = tv_redact_mark_of(batch);
    add(batch, "a", "two@example.com");
    set_text(batch, "to", "one@example.com");
    tv_redactor_apply(redactor, batch, mark);
    assert_text(attr(batch, "to", 0).s, "[email]");
    assert_text(attr(batch, "to", 1).s, "[email]");
    assert_text(tv_batch_text(batch, TV_FIELD_MESSAGE, 1), "[email]");
    assert_nowhere(batch, "example.com");
    assert_int_equal(tv_redactor_count(redactor, TV_REDACT_EMAIL), 4);
    tv_batch_unref(batch);
    tv_redactor_free(redactor);
}

static void redactor__reads_its_rules(void **state)
{
    (void)state;
    struct tv_redactor *redactor = make(" phone = off , IP=Hash,");
    struct tv_error err;
    assert_int_equal(tv_redactor_action(redactor, TV_REDACT_PHONE), TV_REDACT_OFF);
    assert_int_equal(tv_redactor_action(redactor, TV_REDACT_IP), TV_REDACT_HASH);
    assert_int_equal(tv_redactor_action(redactor, TV_REDACT_EMAIL), TV_REDACT_REPLACE);
    tv_redactor_free(redactor);
    redactor = make("off");
    for (int i = 0; i < TV_REDACT_RULE_COUNT; i++)
        assert_int_equal(tv_redactor_action(redactor, (enum tv_redact_rule)i), TV_REDACT_OFF);
    tv_redactor_free(redactor);
    redactor = NULL;
    assert_int_equal(tv_redactor_new(TV_STR("emial=off"), key, &redactor, &err), TV_BAD_INPUT);
    assert_string_equal(err.message, "unknown redaction rule 'emial'");
    assert_string_equal(err.hint, "did you mean 'email'?");
    assert_int_equal(tv_redactor_new(TV_STR("email=mask"), key, &redactor, &err), TV_BAD_INPUT);
    assert_int_equal(tv_redactor_new(TV_STR("email"), key, &redactor, &err), TV_BAD_INPUT);
    assert_string_equal(err.hint, "write email=replace, hash, drop or off");
    assert_null(redactor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(redactor__replaces_in_every_cell),
            cmocka_unit_test(redactor__hashes_so_that_equal_values_join),
            cmocka_unit_test(redactor__drops_what_is_left_empty),
            cmocka_unit_test(redactor__keeps_identities_apart),
            cmocka_unit_test(redactor__heeds_names_of_attributes),
            cmocka_unit_test(redactor__takes_up_where_it_was),
            cmocka_unit_test(redactor__reads_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
