/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: what is offered at each place of a statement, from the grammar and from a store. */
#include "support.h"

#include "base/json_in.h"
#include "fixture.h"
#include "timeql/lexer.h"

struct answer {
    struct tv_buf text;
    struct tv_json *document;
};

/* An order that failed and one that did not, with attributes of every kind. */
static void fill(struct fixture *fixture)
{
    static const char *const services[] = {"orders", "payments", "orders"};
    struct tv_batch *batch = tv_batch_new();
    for (unsigned i = 0; i < 3; i++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, TEST_NOW - (int64_t)i * TV_NS_PER_S);
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, TEST_NOW);
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, tv_str_of(services[i]));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, i ? TV_STR("log") : TV_STR("error"));
        tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, i ? TV_STR("fine") : TV_STR("it's"));
        tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, TV_STR("pool exhausted"));
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("k8s.pod-name")), row,
                tv_value_str(TV_STR("pod 'a'")));
        tv_batch_set_attr(
                batch, tv_batch_attr(batch, TV_STR("http.code")), row, tv_value_i64(i ? 200 : 503));
    }
    fixture_commit(fixture, batch);
}

static struct answer complete_at(struct fixture *fixture, struct tv_str text, size_t at)
{
    struct answer answer = {0};
    struct tv_error err;
    struct tv_completion_env env = {
            .text = text, .at = at, .snapshot = tv_snapshot_take(fixture->store)};
    assert_int_equal(tv_query_complete(&env, &answer.text, &err), TV_OK);
    assert_int_equal(
            tv_json_parse(tv_str_trim(tv_buf_str(&answer.text)), &answer.document, &err), TV_OK);
    tv_snapshot_unref(env.snapshot);
    return answer;
}

static void release(struct answer *answer)
{
    tv_json_free(answer->document);
    tv_buf_release(&answer->text);
}

/* The statement with the cursor at "|". */
static struct answer complete(struct fixture *fixture, const char *text)
{
    const char *bar = strchr(text, '|');
    struct tv_buf whole = {0};
    tv_buf_printf(&whole, "%.*s%s", (int)(bar - text), text, bar + 1);
    struct answer answer = complete_at(fixture, tv_buf_str(&whole), (size_t)(bar - text));
    tv_buf_release(&whole);
    return answer;
}

static struct tv_str member_text(const struct tv_json *item, const char *name)
{
    const struct tv_json *member = tv_json_member(item, name);
    return member ? tv_json_string(member) : (struct tv_str){NULL, 0};
}

static const struct tv_json *items(const struct answer *answer)
{
    return tv_json_first(tv_json_member(answer->document, "completions"));
}

/* Whether `text` of that kind is offered at the cursor. */
static bool offers(
        struct fixture *fixture, const char *statement, const char *kind, const char *text)
{
    struct answer answer = complete(fixture, statement);
    bool found = false;
    for (const struct tv_json *item = items(&answer); item; item = tv_json_next(item))
        found = found ||
                (tv_str_equal(member_text(item, "text"), tv_str_of(text)) &&
                        tv_str_equal(member_text(item, "kind"), tv_str_of(kind)));
    release(&answer);
    return found;
}

static void complete__offers_what_the_grammar_takes(void **state)
{
    struct fixture *fixture = *state;
    assert_true(offers(fixture, "|", "keyword", "STATE AT"));
    assert_true(offers(fixture, "tim|", "keyword", "TIMELINE"));
    assert_true(offers(fixture, "TIMELINE |", "keyword", "IN LAST"));
    assert_true(offers(fixture, "TIMELINE WHERE a |", "operator", "IN ("));
    assert_true(offers(fixture, "TIMELINE WHERE a !|", "operator", "!="));
    assert_true(offers(fixture, "STATE AT |", "time", "'now'"));
    assert_true(offers(fixture, "STATE AT 'ye|", "time", "'yesterday'"));
    assert_true(offers(fixture, "TIMELINE IN LAST |", "duration", "5m"));
    assert_true(offers(fixture, "TIMELINE IN LAST 15|", "duration", "15m"));
    assert_true(offers(fixture, "TIMELINE IN LAST 15 |", "unit", "minutes"));
    assert_true(offers(fixture, "SELECT p9|", "function", "p95("));
    assert_true(offers(fixture, "TIMELINE FORMAT |", "keyword", "ndjson"));
    assert_false(offers(fixture, "TIMELINE WHERE a LIK|", "keyword", "LIKE"));
    assert_false(offers(fixture, "TIMELINE LIMIT 3 |", "keyword", "LIMIT"));
}

static void complete__offers_what_is_stored(void **state)
{
    struct fixture *fixture = *state;
    assert_true(offers(fixture, "TIMELINE WHERE service = |", "value", "'payments'"));
    assert_true(offers(fixture, "TIMELINE WHERE service = 'PAY|", "value", "'payments'"));
    assert_false(offers(fixture, "TIMELINE WHERE service = 'pay|", "value", "'orders'"));
    assert_true(offers(fixture, "TIMELINE WHERE service IN ('orders', |", "value", "'payments'"));
    assert_true(offers(fixture, "TIMELINE WHERE k8s|", "field", "`k8s.pod-name`"));
    assert_true(offers(fixture, "TIMELINE WHERE `k8s.pod|", "field", "`k8s.pod-name`"));
    assert_true(offers(fixture, "TIMELINE WHERE code|", "field", "http.code"));
    assert_true(offers(fixture, "TIMELINE WHERE http.code > |", "value", "503"));
    assert_true(offers(fixture, "TIMELINE WHERE `k8s.pod-name` = |", "value", "'pod ''a'''"));
    assert_true(offers(fixture, "TIMELINE WHERE eventType = |", "value", "'error'"));
    assert_true(offers(fixture, "TIMELINE WHERE severity >= 'W|", "value", "'WARN'"));
    assert_true(offers(fixture, "TIMELINE WHERE error_occurred = |", "value", "true"));
    assert_true(offers(fixture, "TIMELINE WHERE duration > |", "duration", "10s"));
    assert_true(offers(fixture, "TRAVERSE FROM |", "reference", "'it''s'"));
    assert_false(offers(fixture, "TRAVERSE FROM |", "reference", "'fine'"));
    assert_true(offers(fixture, "STATE AT 'now' WHERE err|", "field", "errorRate"));
    assert_false(offers(fixture, "TIMELINE WHERE err|", "field", "errorRate"));
}

static void complete__knows_what_to_replace(void **state)
{
    static const struct {
        const char *text;
        double from, to;
    } cases[] = {{"TIME|LINE WHERE", 0, 8}, {"TIMELINE |", 9, 9}, {"TIMELINE W|", 9, 10},
            {"TIMELINE WHERE service = 'or|'", 25, 29},
            {"TIMELINE WHERE service = 'or| AND a = 'b'", 25, 28},
            {"TIMELINE WHERE service = 'é|", 25, 28}, {"TIMELINE WHERE `a b|` = 1", 15, 20}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer = complete(*state, cases[i].text);
        double from = tv_json_number(tv_json_member(answer.document, "from"));
        double to = tv_json_number(tv_json_member(answer.document, "to"));
        if (from != cases[i].from || to != cases[i].to)
            fail_msg("%s: %.0f to %.0f", cases[i].text, from, to);
        release(&answer);
    }
}

static void complete__offers_nothing_behind_a_mistake_or_in_a_comment(void **state)
{
    static const char *const texts[] = {"TIMELIN WHERE |", "TIMELINE -- WH|",
            "TIMELINE WHERE a = 'b|", "TIMELINE WHERE a = 1 x |"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct answer answer = complete(*state, texts[i]);
        assert_null(items(&answer));
        release(&answer);
    }
}

static void complete__takes_parameters_without_their_values(void **state)
{
    assert_true(offers(*state, "TIMELINE WHERE a = $x |", "keyword", "AND"));
    assert_true(offers(*state, "TIMELINE WHERE a IN ($x) |", "keyword", "AND"));
    assert_true(offers(*state, "TIMELINE FROM $a TO $b EVERY $c LIMIT $d |", "keyword", "WHERE"));
    assert_true(offers(*state, "TRAVERSE FROM $id |", "keyword", "FOLLOWING"));
}

static bool is_keyword(const struct tv_lexeme *lexeme)
{
    if (lexeme->kind != TV_LEX_WORD || lexeme->text.len < 2)
        return false;
    for (size_t i = 0; i < lexeme->text.len; i++)
        if (lexeme->text.ptr[i] < 'A' || lexeme->text.ptr[i] > 'Z')
            return false;
    return true;
}

/* Whether what is offered at the word's place has the word in it. */
static bool offered(struct fixture *fixture, struct tv_str text, const struct tv_lexeme *word)
{
    struct answer answer =
            complete_at(fixture, (struct tv_str){text.ptr, word->offset}, word->offset);
    bool found = false;
    for (const struct tv_json *item = items(&answer); item; item = tv_json_next(item))
        found = found || tv_str_contains(member_text(item, "text"), word->text);
    release(&answer);
    return found;
}

static void check_keywords(struct fixture *fixture, struct tv_str text)
{
    struct tv_arena arena = {0};
    struct tv_lexer lexer = {.text = text, .arena = &arena};
    struct tv_lexeme lexeme = tv_lexer_next(&lexer);
    for (; lexeme.kind != TV_LEX_END; lexeme = tv_lexer_next(&lexer))
        if (is_keyword(&lexeme) && !offered(fixture, text, &lexeme))
            fail_msg("'%.*s' is not offered at %u of %s", TV_STR_ARG(lexeme.text), lexeme.offset,
                    text.ptr);
    tv_arena_release(&arena);
}

static void complete__offers_every_keyword_of_every_statement(void **state)
{
    for (size_t i = 0; i < good_statement_count; i++)
        check_keywords(*state, tv_str_of(good_statements[i]));
    for (size_t i = 0; i < later_statement_count; i++)
        check_keywords(*state, tv_str_of(later_statements[i]));
}

static void complete__answers_at_every_offset(void **state)
{
    for (size_t i = 0; i < good_statement_count; i++) {
        struct tv_str text = tv_str_of(good_statements[i]);
        for (size_t at = 0; at <= text.len; at++) {
            struct answer answer = complete_at(*state, text, at);
            double from = tv_json_number(tv_json_member(answer.document, "from"));
            double to = tv_json_number(tv_json_member(answer.document, "to"));
            assert_true(from <= (double)at && (double)at <= to && to <= (double)text.len);
            release(&answer);
        }
    }
}

static void complete__leaves_room_for_words_beside_many_fields(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, TEST_NOW);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("a"));
    for (unsigned i = 0; i < 500; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "not%u", i);
        tv_batch_set_attr(batch, tv_batch_attr(batch, tv_str_of(name)), row, tv_value_i64(i));
    }
    fixture_commit(&fixture, batch);
    assert_true(offers(&fixture, "TIMELINE WHERE NOT|", "keyword", "NOT"));
    struct answer answer = complete(&fixture, "TIMELINE WHERE not|");
    assert_true(tv_json_boolean(tv_json_member(answer.document, "truncated")));
    release(&answer);
    fixture_close(&fixture);
}

static struct fixture shared;

static int open_shared(void **state)
{
    fixture_open(&shared);
    fill(&shared);
    *state = &shared;
    return 0;
}

static int close_shared(void **state)
{
    fixture_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(complete__offers_what_the_grammar_takes),
            cmocka_unit_test(complete__offers_what_is_stored),
            cmocka_unit_test(complete__knows_what_to_replace),
            cmocka_unit_test(complete__offers_nothing_behind_a_mistake_or_in_a_comment),
            cmocka_unit_test(complete__takes_parameters_without_their_values),
            cmocka_unit_test(complete__offers_every_keyword_of_every_statement),
            cmocka_unit_test(complete__answers_at_every_offset),
            cmocka_unit_test(complete__leaves_room_for_words_beside_many_fields),
    };
    return cmocka_run_group_tests(tests, open_shared, close_shared);
}
