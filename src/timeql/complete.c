/* SPDX-License-Identifier: Apache-2.0 */
/* Completion asks the parser instead of knowing the grammar a second time: the statement is parsed as
 * far as the word at hand, and what the parser would have taken there is what is offered. A statement
 * added to the parser is thereby completed without a line here. What a "field" or "value" may be, the
 * store tells.
 *
 * A grammar for completion alone, as editors have it, was turned down: it would say what the parser
 * refuses. Cost: one parse, and for values a bounded scan of the newest events. */
#include "timeql/complete.h"

#include "base/json_out.h"
#include "base/time.h"
#include "timeql/lexer.h"

/* A single letter stands inside nearly everything. */
enum { INSIDE_LEAST = 2 };

bool tv_complete_expects(const struct tv_completion *completion, const char *what)
{
    for (size_t i = 0; i < completion->probe.count; i++)
        if (strcmp(completion->probe.expected[i], what) == 0)
            return true;
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Where `part` stands in the text, ASCII case ignored; text.len + 1 if nowhere. */
static size_t find_nocase(struct tv_str text, struct tv_str part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        size_t i = 0;
        while (i < part.len && lower(text.ptr[at + i]) == lower(part.ptr[i]))
            i++;
        if (i == part.len)
            return at;
    }
    return text.len + 1;
}

static void keep(struct tv_completion *completion, struct tv_candidate *list, size_t *count,
        const struct tv_candidate *candidate)
{
    for (size_t i = 0; i < *count; i++)
        if (tv_str_equal(list[i].text, candidate->text))
            return;
    bool word = candidate->kind != TV_COMPLETE_FIELD && candidate->kind != TV_COMPLETE_VALUE;
    size_t most = TV_COMPLETIONS_MAX - (word ? 0 : TV_COMPLETIONS_FOR_WORDS);
    if (*count >= most)
        completion->truncated = true;
    else
        list[(*count)++] = *candidate;
}

void tv_complete_offer(struct tv_completion *completion, const struct tv_candidate *candidate)
{
    struct tv_str key = candidate->key.ptr ? candidate->key : candidate->text;
    size_t at = find_nocase(key, completion->written);
    if (at == 0)
        keep(completion, completion->begin, &completion->begin_count, candidate);
    else if (at <= key.len && completion->written.len >= INSIDE_LEAST)
        keep(completion, completion->inside, &completion->inside_count, candidate);
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/* A comment hides what is behind it: whether one is open at the end of the text. */
static bool ends_in_comment(struct tv_str text, uint32_t after)
{
    bool open = false;
    for (size_t i = after; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            open = false;
        else if (text.ptr[i] == '-' && i + 1 < text.len && text.ptr[i + 1] == '-')
            open = true;
    }
    return open;
}

/* The last lexeme before the cursor, if the cursor touches it. */
static struct tv_lexeme touched(
        struct tv_completion *completion, struct tv_str before, bool *comment)
{
    struct tv_lexer lexer = {.text = before, .arena = &completion->arena};
    struct tv_lexeme last = {.kind = TV_LEX_END};
    for (;;) {
        struct tv_lexeme lexeme = tv_lexer_next(&lexer);
        if (lexeme.kind == TV_LEX_END)
            break;
        last = lexeme;
    }
    *comment = ends_in_comment(before, last.end);
    bool touches = last.kind != TV_LEX_END && last.end == before.len;
    bool closed = last.kind == TV_LEX_STRING || last.kind == TV_LEX_NAME;
    if (!touches || closed || last.kind == TV_LEX_SYMBOL)
        return (struct tv_lexeme){.kind = TV_LEX_END};
    return last;
}

/* The end of the word that the cursor stands in. Of a text only its closing quote is taken: behind an
 * open one all the rest of the statement would be text. */
static uint32_t end_of_word(struct tv_completion *completion, const struct tv_lexeme *lexeme)
{
    struct tv_str text = completion->env->text;
    uint32_t at = (uint32_t)completion->env->at;
    char first = text.ptr[completion->from];
    if (is_quote(first))
        return at < text.len && text.ptr[at] == first ? at + 1 : at;
    if (lexeme->kind == TV_LEX_BAD)
        return at;
    struct tv_lexer lexer = {.text = text, .at = completion->from, .arena = &completion->arena};
    struct tv_lexeme whole = tv_lexer_next(&lexer);
    return whole.end > at ? whole.end : at;
}

/* Finds the part being written, and asks the parser what would fit in its place. */
static void look(struct tv_completion *completion)
{
    struct tv_str text = completion->env->text;
    struct tv_str before = {text.ptr, completion->env->at};
    bool comment;
    struct tv_lexeme lexeme = touched(completion, before, &comment);
    completion->from = completion->to = (uint32_t)before.len;
    if (comment)
        return;
    if (lexeme.kind != TV_LEX_END) {
        completion->from = lexeme.offset;
        completion->to = end_of_word(completion, &lexeme);
    }
    completion->written =
            (struct tv_str){before.ptr + completion->from, before.len - completion->from};
    if (completion->written.len > 0 && is_quote(completion->written.ptr[0]))
        completion->written =
                (struct tv_str){completion->written.ptr + 1, completion->written.len - 1};
    tv_parse_probe(
            (struct tv_str){before.ptr, completion->from}, &completion->arena, &completion->probe);
}

static enum tv_status gather(struct tv_completion *completion)
{
    enum tv_status status = TV_OK;
    tv_complete_functions(completion);
    if (tv_complete_expects(completion, "field"))
        status = tv_complete_fields(completion);
    if (status == TV_OK && tv_complete_expects(completion, "value"))
        status = tv_complete_values(completion);
    if (status == TV_OK && tv_complete_expects(completion, "event id"))
        status = tv_complete_references(completion);
    tv_complete_words(completion);
    return status;
}

static void write_list(
        struct tv_json_out *json, const struct tv_candidate *list, size_t count, size_t *room)
{
    static const char *const kinds[] = {"keyword", "function", "field", "operator", "value", "time",
            "duration", "unit", "count", "reference", "symbol"};
    if (count > *room)
        count = *room;
    *room -= count;
    for (size_t i = 0; i < count; i++) {
        tv_json_object(json);
        tv_json_key(json, "text");
        tv_json_str(json, list[i].text);
        tv_json_key(json, "kind");
        tv_json_text(json, kinds[list[i].kind]);
        if (list[i].detail.ptr) {
            tv_json_key(json, "detail");
            tv_json_str(json, list[i].detail);
        }
        tv_json_end(json);
    }
}

static void write_answer(const struct tv_completion *completion, int64_t start, struct tv_buf *out)
{
    struct tv_json_out json = {.out = out};
    size_t room = TV_COMPLETIONS_MAX;
    size_t count = completion->begin_count + completion->inside_count;
    tv_json_object(&json);
    tv_json_key(&json, "from");
    tv_json_u64(&json, completion->from);
    tv_json_key(&json, "to");
    tv_json_u64(&json, completion->to);
    tv_json_key(&json, "completions");
    tv_json_array(&json);
    write_list(&json, completion->begin, completion->begin_count, &room);
    write_list(&json, completion->inside, completion->inside_count, &room);
    tv_json_end(&json);
    tv_json_key(&json, "truncated");
    tv_json_bool(&json, completion->truncated || count > TV_COMPLETIONS_MAX);
    tv_json_key(&json, "tookMs");
    tv_json_f64(&json, (double)(tv_time_monotonic() - start) / (double)TV_NS_PER_MS);
    tv_json_end(&json);
    tv_buf_append_char(out, '\n');
}

enum tv_status tv_query_complete(
        const struct tv_completion_env *env, struct tv_buf *out, struct tv_error *err)
{
    int64_t start = tv_time_monotonic();
    struct tv_error unread;
    if (env->text.len > TV_STATEMENT_BYTES_MAX)
        return tv_fail(
                err, TV_TOO_LARGE, "a statement is at most %d bytes long", TV_STATEMENT_BYTES_MAX);
    struct tv_completion completion = {.env = env, .err = err ? err : &unread};
    look(&completion);
    enum tv_status status = gather(&completion);
    if (status == TV_OK)
        write_answer(&completion, start, out);
    tv_arena_release(&completion.arena);
    return status;
}
