/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in texts: case by case, and how well on the labelled corpus data/redact.txt, where
 * values stand as {{rule|value}}. */
#include "support.h"

#include "base/buf.h"
#include "event/redact_scan.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALL = (1 << TV_REDACT_RULE_COUNT) - 1, NO_IP = ALL & ~(1 << TV_REDACT_IP) };

/* The text with what is found as <rule:value>. */
static void mark(const char *text, unsigned rules, unsigned hints, struct tv_buf *out)
{
    struct tv_redact_scanner scanner;
    struct tv_redact_search search;
    struct tv_redact_match match;
    size_t copied = 0;
    tv_redact_scanner_init(&scanner, rules);
    tv_redact_search_init(&search, &scanner, tv_str_of(text), hints);
    tv_buf_clear(out);
    while (tv_redact_next(&search, &match)) {
        assert_true(match.start >= copied && match.end > match.start);
        tv_buf_append(out, text + copied, match.start - copied);
        tv_buf_printf(out, "<%s:%.*s>", tv_redact_rule_name(match.rule),
                (int)(match.end - match.start), text + match.start);
        copied = match.end;
    }
    tv_buf_append_str(out, tv_str_of(text + copied));
    tv_buf_append_char(out, '\0');
}

struct sample {
    const char *text, *marked;
};

static void check(const struct sample *samples, size_t count, unsigned hints)
{
    struct tv_buf out = {0};
    for (size_t i = 0; i < count; i++) {
        mark(samples[i].text, ALL, hints, &out);
        assert_string_equal(out.data, samples[i].marked);
    }
    tv_buf_release(&out);
}

#define CHECK(samples, hints) check(samples, sizeof(samples) / sizeof((samples)[0]), hints)

static void scan__finds_personal_data(void **state)
{
    (void)state;
    static const struct sample samples[] = {
            {"to jane.doe+x@mail.example.co.uk.", "to <email:jane.doe+x@mail.example.co.uk>."},
            {"?q=jane%40example.com&p=1", "?q=<email:jane%40example.com>&p=1"},
            {"pay 4111 1111 1111 1111 12/27", "pay <card:4111 1111 1111 1111> 12/27"},
            {"[4111111111111111]", "[<card:4111111111111111>]"},
            {"amex 3782-822463-10005", "amex <card:3782-822463-10005>"},
            {"to DE89 3704 0044 0532 0130 00 ok", "to <iban:DE89 3704 0044 0532 0130 00> ok"},
            {"to GB29NWBK60161331926819", "to <iban:GB29NWBK60161331926819>"},
            {"is 123-45-6789 him", "is <ssn:123-45-6789> him"},
            {"ssn: 123456789", "ssn: <ssn:123456789>"},
            {"to +49 (30) 901820 now", "to <phone:+49 (30) 901820> now"},
            {"(415) 555-2671", "<phone:(415) 555-2671>"},
            {"phone 555-2671", "phone <phone:555-2671>"},
            {"mobile: 06 12 34 56 78", "mobile: <phone:06 12 34 56 78>"},
            {"from 192.168.7.13:80", "from <ip:192.168.7.13>:80"},
            {"via 2001:db8::ff00:42:8329", "via <ip:2001:db8::ff00:42:8329>"},
    };
    CHECK(samples, 0);
}

static void scan__finds_credentials(void **state)
{
    (void)state;
    static const struct sample samples[] = {
            {"t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln x",
                    "t <jwt:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln> x"},
            {"AKIAIOSFODNN7EXAMPLE/eu", "<aws-key:AKIAIOSFODNN7EXAMPLE>/eu"},
            {"ghp_012345678901234567890123456789abcdef",
                    "<github:ghp_012345678901234567890123456789abcdef>"},
            {"xoxb-1234567890-abcdef", "<slack:xoxb-1234567890-abcdef>"},
            {"https://hooks.slack.com/services/T1/B2/x3 200",
                    "https://hooks.slack.com/services/<slack:T1/B2/x3> 200"},
            {"k -----BEGIN EC PRIVATE KEY-----\nQUJD\n-----END EC PRIVATE KEY----- z",
                    "k <private-key:-----BEGIN EC PRIVATE KEY-----\nQUJD\n-----END EC PRIVATE "
                    "KEY-----> z"},
            {"cut -----BEGIN PRIVATE KEY-----\nQUJD",
                    "cut <private-key:-----BEGIN PRIVATE KEY-----\nQUJD>"},
            {"Bearer abc123def456", "Bearer <bearer:abc123def456>"},
            {"a?password=x&b=1", "a?password=<secret:x>&b=1"},
            {"authorization=Basic eDp5 z", "authorization=<secret:Basic eDp5> z"},
            {"tel=%2B14155552671 200", "tel=<phone:%2B14155552671> 200"},
            {"{\"apiKey\": \"k\"}", "{\"apiKey\": \"<secret:k>\"}"},
            {"SET secret = 'a b'", "SET secret = '<secret:a b>'"},
            {"redis://u:p@h:6379", "redis://u:<secret:p>@h:6379"},
            {"Cookie: a=1; b=2\nHost: x", "Cookie: <secret:a=1; b=2>\nHost: x"},
            {"{\\\"token\\\":\\\"q\\\"}", "{\\\"token\\\":\\\"<secret:q>\\\"}"},
    };
    CHECK(samples, 0);
}

static void scan__lets_go_what_only_looks_alike(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "@", "a@b", "a@b.c", "git@github.com:a/b.git",
            "icon@2x.png", "@babel/core@7.1.2", "4111111111111112", "a4111111111111111",
            "0.4111111111111111", "41111111111111110", "DE88370400440532013000", "000-12-3456",
            "123-00-4567", "123456789", "tel 20231114", "v1.2.3.4", "1.2.3.4.5", "10:11:12",
            "aa:bb:cc:dd:ee:ff", "std::string", "bearer authentication", "password=$1",
            "password = ?", "tokens=531", "password: too short", "unexpected token: '}'",
            "token_count=5", "max=1", "postgres://shop@db.example.com/x", "eyJ",
            "-----BEGIN CERTIFICATE-----", "1700000000000000000", "2023-11-14T22:13:20.123456Z",
            "+0100", "AKIAshort"};
    struct tv_buf out = {0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        mark(texts[i], ALL, 0, &out);
        assert_string_equal(out.data, texts[i]);
    }
    tv_buf_release(&out);
}

static void scan__heeds_the_key(void **state)
{
    (void)state;
    static const struct sample phone[] = {{"5552671", "<phone:5552671>"}};
    static const struct sample ssn[] = {{"123 45 6789", "<ssn:123 45 6789>"}};
    CHECK(phone, TV_REDACT_HINT_PHONE);
    CHECK(ssn, TV_REDACT_HINT_SSN);
}

static void scan__searches_for_what_is_asked(void **state)
{
    (void)state;
    struct tv_buf out = {0};
    mark("a@example.com 10.0.0.1 +14155552671", 1 << TV_REDACT_IP, 0, &out);
    assert_string_equal(out.data, "a@example.com <ip:10.0.0.1> +14155552671");
    mark("a@example.com password=x", 0, 0, &out);
    assert_string_equal(out.data, "a@example.com password=x");
    tv_buf_release(&out);
}

/* The corpus. */

struct label {
    size_t start, end;
};

enum { LABELS_MAX = 8 };

/* A line without its labels, which go to `labels`; returns how many. */
static size_t unlabel(struct tv_str line, struct tv_buf *plain, struct label *labels)
{
    size_t count = 0;
    tv_buf_clear(plain);
    for (size_t i = 0; i < line.len;) {
        const char *rest = line.ptr + i;
        const char *bar = memchr(rest, '|', line.len - i);
        const char *close = memmem(rest, line.len - i, "}}", 2);
        if (memcmp(rest, "{{", 2) != 0 || !bar || !close || bar > close) {
            tv_buf_append_char(plain, line.ptr[i++]);
            continue;
        }
        assert_true(count < LABELS_MAX);
        labels[count].start = plain->len;
        tv_buf_append(plain, bar + 1, (size_t)(close - bar - 1));
        labels[count++].end = plain->len;
        i = (size_t)(close + 2 - line.ptr);
    }
    return count;
}

struct score {
    unsigned lines, labels, found, spurious;
};

static void score_line(
        const struct tv_redact_scanner *scanner, struct tv_str line, struct score *score)
{
    struct label labels[LABELS_MAX];
    bool found[LABELS_MAX] = {false};
    struct tv_buf plain = {0};
    struct tv_redact_search search;
    struct tv_redact_match match;
    size_t count = unlabel(line, &plain, labels);
    unsigned missed = 0, spurious = 0;
    tv_redact_search_init(&search, scanner, tv_buf_str(&plain), 0);
    while (tv_redact_next(&search, &match)) {
        bool meant = false;
        for (size_t i = 0; i < count; i++) {
            meant = meant || (match.start < labels[i].end && labels[i].start < match.end);
            found[i] = found[i] || (match.start <= labels[i].start && labels[i].end <= match.end);
        }
        spurious += !meant;
    }
    for (size_t i = 0; i < count; i++)
        missed += !found[i];
    if (missed || spurious)
        print_message("%s: %.*s\n", missed ? "missed" : "spurious", TV_STR_ARG(line));
    score->lines++;
    score->labels += (unsigned)count;
    score->found += (unsigned)count - missed;
    score->spurious += spurious;
    tv_buf_release(&plain);
}

static void scan__knows_the_corpus(void **state)
{
    (void)state;
    char path[512], *line = NULL;
    size_t cap = 0;
    struct score score = {0};
    struct tv_redact_scanner scanner;
    tv_redact_scanner_init(&scanner, NO_IP);
    (void)snprintf(
            path, sizeof(path), "%s/tests/unit/event/data/redact.txt", getenv("TRAVERSION_SOURCE"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (ssize_t len; (len = getline(&line, &cap, file)) > 0;)
        score_line(&scanner, (struct tv_str){line, (size_t)len - 1}, &score);
    free(line);
    (void)fclose(file);
    double recall = (double)score.found / score.labels;
    double spurious = (double)score.spurious / score.lines;
    print_message("%u lines, %u values: recall %.4f, false positives %.2f %%\n", score.lines,
            score.labels, recall, spurious * 100);
    assert_int_equal(score.lines, 2000);
    assert_true(recall >= 0.98);
    assert_true(spurious <= 0.005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(scan__finds_personal_data),
            cmocka_unit_test(scan__finds_credentials),
            cmocka_unit_test(scan__lets_go_what_only_looks_alike),
            cmocka_unit_test(scan__heeds_the_key),
            cmocka_unit_test(scan__searches_for_what_is_asked),
            cmocka_unit_test(scan__knows_the_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
