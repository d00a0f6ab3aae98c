/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the specification files beside it, and every example of docs/timeql.md, on a small shop's
 * events (shop.ndjson), once with the events in level 0 and once compacted.
 *
 * A .tql file is a run of cases. A case is a statement (any number of lines up to a blank line or the
 * first expectation) and its expectations, each a comment line:
 *
 *     -- expect: services.0.health = "failing"     the value at a path; `length` counts a list
 *     -- expect: warnings.0 ~ last hour            its text contains
 *     -- expect text: orders-1                     the answer's bytes contain (CSV, tables)
 *     -- expect no text: payments
 *     -- expect error: syntax_error 1:10 WHERE     code, place, part of message, expected or hint
 *
 * The clock stands at 2024-01-15T15:50:00Z. A statement without an expectation is an error in the
 * file. */
#include "../lib/compact.h"
#include "ingest/native.h"

#include "base/json_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SPEC_NOW "2024-01-15T15:50:00Z"

struct spec {
    struct fixture fixture;
    unsigned cases;
    unsigned failed;
    const char *file;
    const char *stage;
};

/* One case's outcome. */
struct outcome {
    struct tv_str statement;
    enum tv_status status;
    struct tv_error err;
    struct tv_buf answer;
    struct tv_json *document; /* of a JSON answer */
};

static char *read_whole(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    struct tv_buf buf = {0};
    for (;;) {
        char *to = tv_buf_reserve(&buf, 65536);
        size_t got = fread(to, 1, 65536, file);
        buf.len += got;
        if (got == 0)
            break;
    }
    (void)fclose(file);
    *len = buf.len;
    return buf.data;
}

static char *source_file(const char *name, size_t *len)
{
    char path[512];
    const char *root = getenv("TRAVERSION_SOURCE");
    (void)snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);
    return read_whole(path, len);
}

static void complain(struct spec *spec, const struct outcome *outcome, struct tv_str expectation)
{
    spec->failed++;
    (void)fprintf(stderr, "%s (%s): %.*s\n  expected %.*s\n  got %s %s (%u:%u) %s %s\n  %.2000s\n",
            spec->file, spec->stage, TV_STR_ARG(outcome->statement), TV_STR_ARG(expectation),
            tv_status_name(outcome->status), outcome->err.message, outcome->err.line,
            outcome->err.column, outcome->err.expected, outcome->err.hint,
            outcome->answer.data ? outcome->answer.data : "");
}

/* The value at a dotted path; names may hold dots no further. NULL if there is none. */
static const struct tv_json *at_path(const struct tv_json *value, struct tv_str path)
{
    while (value && path.len > 0) {
        char name[128];
        uint64_t index;
        struct tv_str part = tv_str_cut(path, '.', &path);
        (void)snprintf(name, sizeof(name), "%.*s", TV_STR_ARG(part));
        if (tv_json_type(value) == TV_JSON_ARRAY && tv_str_to_u64(part, &index)) {
            value = tv_json_first(value);
            for (; value && index > 0; index--)
                value = tv_json_next(value);
        } else {
            value = tv_json_member(value, name);
        }
    }
    return value;
}

static size_t length_of(const struct tv_json *value)
{
    size_t count = 0;
    for (const struct tv_json *child = tv_json_first(value); child; child = tv_json_next(child))
        count++;
    return count;
}

/* A scalar as JSON text, without escapes of its own. */
static void value_text(const struct tv_json *value, struct tv_buf *out)
{
    static const char *const composite = "(a list or object)";
    switch (tv_json_type(value)) {
    case TV_JSON_NULL:
        tv_buf_printf(out, "null");
        return;
    case TV_JSON_BOOL:
        tv_buf_printf(out, "%s", tv_json_boolean(value) ? "true" : "false");
        return;
    case TV_JSON_NUMBER:
        tv_buf_printf(out, "%.15g", tv_json_number(value));
        return;
    case TV_JSON_STRING:
        tv_buf_printf(out, "\"%.*s\"", TV_STR_ARG(tv_json_string(value)));
        return;
    case TV_JSON_ARRAY:
    case TV_JSON_OBJECT:
        tv_buf_printf(out, "%s", composite);
        return;
    }
}

static bool path_holds(const struct outcome *outcome, struct tv_str expectation)
{
    struct tv_str wanted;
    struct tv_str path = tv_str_cut(expectation, ' ', &wanted);
    char op = wanted.len > 0 ? wanted.ptr[0] : '\0';
    wanted = tv_str_trim((struct tv_str){wanted.ptr + 1, wanted.len - 1});
    bool length = path.len > 7 && memcmp(path.ptr + path.len - 7, ".length", 7) == 0;
    if (length)
        path.len -= 7;
    const struct tv_json *value = outcome->document ? at_path(outcome->document, path) : NULL;
    if (!value)
        return tv_str_equal(wanted, TV_STR("absent"));
    struct tv_buf text = {0};
    if (length)
        tv_buf_printf(&text, "%zu", length_of(value));
    else
        value_text(value, &text);
    bool holds = op == '~' ? tv_str_contains(tv_buf_str(&text), wanted)
                           : op == '=' && tv_str_equal(tv_buf_str(&text), wanted);
    tv_buf_release(&text);
    return holds;
}

static bool error_holds(const struct outcome *outcome, struct tv_str expectation)
{
    struct tv_str rest;
    char place[32];
    struct tv_str code = tv_str_cut(expectation, ' ', &rest);
    struct tv_str where = tv_str_cut(rest, ' ', &rest);
    (void)snprintf(place, sizeof(place), "%u:%u", outcome->err.line, outcome->err.column);
    if (!tv_str_equal(code, tv_str_of(tv_status_name(outcome->status))) ||
            !tv_str_equal(where, tv_str_of(place)))
        return false;
    return rest.len == 0 || tv_str_contains(tv_str_of(outcome->err.message), rest) ||
            tv_str_contains(tv_str_of(outcome->err.hint), rest) ||
            tv_str_contains(tv_str_of(outcome->err.expected), rest);
}

static bool behind(struct tv_str line, const char *prefix, struct tv_str *rest)
{
    size_t len = strlen(prefix);
    if (!tv_str_starts_with(line, tv_str_of(prefix)))
        return false;
    *rest = tv_str_trim((struct tv_str){line.ptr + len, line.len - len});
    return true;
}

static void check(struct spec *spec, const struct outcome *outcome, struct tv_str line)
{
    struct tv_str rest = {NULL, 0};
    struct tv_str answer = tv_buf_str(&outcome->answer);
    bool holds;
    if (behind(line, "-- expect error:", &rest))
        holds = error_holds(outcome, rest);
    else if (behind(line, "-- expect text:", &rest))
        holds = outcome->status == TV_OK && tv_str_contains(answer, rest);
    else if (behind(line, "-- expect no text:", &rest))
        holds = outcome->status == TV_OK && !tv_str_contains(answer, rest);
    else
        holds = behind(line, "-- expect:", &rest) && outcome->status == TV_OK &&
                path_holds(outcome, rest);
    if (!holds)
        complain(spec, outcome, line);
}

static void run_statement(struct spec *spec, struct tv_str statement, struct outcome *out)
{
    int64_t now = 0;
    assert_true(tv_time_parse_rfc3339(TV_STR(SPEC_NOW), &now));
    struct tv_query_env env = {.text = statement, .now_ns = now};
    *out = (struct outcome){.statement = statement};
    out->status = fixture_query(&spec->fixture, &env, &out->answer, &out->err);
    if (out->status == TV_OK && out->answer.len > 0 && out->answer.data[0] == '{' &&
            tv_json_parse(tv_buf_str(&out->answer), &out->document, NULL) != TV_OK)
        out->document = NULL; /* lines of objects */
    tv_buf_append_char(&out->answer, '\0');
    out->answer.len--;
    spec->cases++;
}

static void end_case(struct outcome *outcome)
{
    tv_buf_release(&outcome->answer);
    if (outcome->document)
        tv_json_free(outcome->document);
}

static bool is_expectation(struct tv_str line)
{
    return tv_str_starts_with(line, TV_STR("-- expect"));
}

/* Takes the next line off the text. */
static struct tv_str next_line(struct tv_str *text)
{
    return tv_str_cut(*text, '\n', text);
}

/* A statement's lines joined are those between its first and last byte, so it is one slice. */
static void run_spec(struct spec *spec, struct tv_str text)
{
    while (text.len > 0) {
        struct tv_str before = text;
        struct tv_str line = next_line(&text);
        if (tv_str_trim(line).len == 0 || tv_str_starts_with(line, TV_STR("--")))
            continue;
        struct tv_str statement = line;
        while (text.len > 0) {
            before = text;
            line = next_line(&text);
            if (is_expectation(line) || tv_str_trim(line).len == 0)
                break;
            statement.len = (size_t)(line.ptr + line.len - statement.ptr);
        }
        struct outcome outcome;
        unsigned expectations = 0;
        run_statement(spec, statement, &outcome);
        for (; is_expectation(line); line = next_line(&text)) {
            check(spec, &outcome, line);
            expectations++;
        }
        if (expectations == 0)
            complain(spec, &outcome, TV_STR("an expectation in the file"));
        end_case(&outcome);
        (void)before;
    }
}

static void load(struct spec *spec)
{
    size_t len;
    struct tv_error err;
    struct tv_decode_report report = {0};
    struct tv_decode_options options = {.received_ns = tv_time_now()};
    struct tv_batch *batch = tv_batch_new();
    char *text = source_file("tests/spec/shop.ndjson", &len);
    assert_non_null(text);
    assert_int_equal(
            tv_native_decode((struct tv_str){text, len}, &options, batch, &report, &err), TV_OK);
    assert_int_equal(report.rejected, 0);
    fixture_commit(&spec->fixture, batch);
    free(text);
}

static int ends_with_tql(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".tql") == 0;
}

static void run_files(struct spec *spec)
{
    char path[512];
    struct dirent **entries = NULL;
    const char *root = getenv("TRAVERSION_SOURCE");
    (void)snprintf(path, sizeof(path), "%s/tests/spec", root ? root : ".");
    int count = scandir(path, &entries, ends_with_tql, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        size_t len;
        (void)snprintf(path, sizeof(path), "tests/spec/%s", entries[i]->d_name);
        char *text = source_file(path, &len);
        assert_non_null(text);
        spec->file = entries[i]->d_name;
        run_spec(spec, (struct tv_str){text, len});
        free(text);
        free(entries[i]);
    }
    free(entries);
}

static void run_both(struct spec *spec, void (*run)(struct spec *spec))
{
    fixture_open(&spec->fixture);
    load(spec);
    spec->stage = "level 0";
    run(spec);
    fixture_compact(&spec->fixture);
    spec->stage = "compacted";
    run(spec);
    fixture_close(&spec->fixture);
    assert_int_equal(spec->failed, 0);
    assert_true(spec->cases > 0);
}

static void spec__holds_in_every_case(void **state)
{
    (void)state;
    struct spec spec = {0};
    run_both(&spec, run_files);
}

/* Each ```tql block of the documentation is one statement that must run. */
static void run_examples(struct spec *spec)
{
    size_t len;
    char *page = source_file("docs/timeql.md", &len);
    assert_non_null(page);
    spec->file = "docs/timeql.md";
    struct tv_str text = {page, len};
    while (text.len > 0) {
        if (!tv_str_equal(next_line(&text), TV_STR("```tql")))
            continue;
        struct tv_str statement = {text.ptr, 0};
        struct tv_str line = next_line(&text);
        for (; !tv_str_equal(line, TV_STR("```")) && text.len > 0; line = next_line(&text))
            statement.len = (size_t)(line.ptr + line.len - statement.ptr);
        struct outcome outcome;
        run_statement(spec, statement, &outcome);
        if (outcome.status != TV_OK)
            complain(spec, &outcome, TV_STR("an answer"));
        end_case(&outcome);
    }
    free(page);
}

static void spec__runs_every_example_of_the_documentation(void **state)
{
    (void)state;
    struct spec spec = {0};
    run_both(&spec, run_examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(spec__holds_in_every_case),
            cmocka_unit_test(spec__runs_every_example_of_the_documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
