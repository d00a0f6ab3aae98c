/* SPDX-License-Identifier: Apache-2.0 */
/* What the language itself has to offer: the words that the parser would take, with a line of help for
 * who does not know them yet. LIKE is known to the parser only to say what to write instead. A word without a row here is offered as it is. */
#include "timeql/complete.h"

#include "base/time.h"

#define TEXT(literal)                    \
    {                                    \
        (literal), sizeof((literal)) - 1 \
    }
#define ROW(word, kind, text, detail)                               \
    {                                                               \
        (word),                                                     \
        {                                                           \
            TV_COMPLETE_##kind, TEXT(text), {NULL, 0}, TEXT(detail) \
        }                                                           \
    }

/* A word of the parser's list, and what is offered for it; rows of one word are all offered. */
static const struct row {
    const char *word;
    struct tv_candidate candidate;
} rows[] = {
        ROW("STATE", KEYWORD, "STATE AT", "every service as it was at a moment"),
        ROW("TIMELINE", KEYWORD, "TIMELINE", "what happened in a window"),
        ROW("TRAVERSE", KEYWORD, "TRAVERSE FROM", "causes and effects of an event"),
        ROW("MATCH", KEYWORD, "MATCH PATTERN", "events that follow each other"),
        ROW("COMPARE", KEYWORD, "COMPARE", "two moments or two spans of time"),
        ROW("PREDICT", KEYWORD, "PREDICT", "what comes next"),
        ROW("ROOT", KEYWORD, "ROOT CAUSE OF", "why it happened"),
        ROW("WHAT", KEYWORD, "WHAT IF", "what would have happened"),
        ROW("ANOMALIES", KEYWORD, "ANOMALIES", "what was unusual"),
        ROW("PATTERNS", KEYWORD, "PATTERNS", "what follows each other often"),
        ROW("DIFF", KEYWORD, "DIFF WHERE", "what sets some events apart from the rest"),
        ROW("SELECT", KEYWORD, "SELECT", "fields of events, or functions of groups"),
        ROW("SHOW", KEYWORD, "SHOW", "services, hosts, fields, deploys"),
        ROW("EXPLAIN", KEYWORD, "EXPLAIN", "how a statement is run"),
        ROW("ANALYZE", KEYWORD, "ANALYZE", "run it, and tell how it went"),
        ROW("FROM", KEYWORD, "FROM", "from a time on"),
        ROW("TO", KEYWORD, "TO", "up to a time"),
        ROW("WHERE", KEYWORD, "WHERE", "only events for which this holds"),
        ROW("AS", KEYWORD, "AS OF", "as it was known at a time"),
        ROW("OVER", KEYWORD, "OVER", "how far rates reach back"),
        ROW("GROUP", KEYWORD, "GROUP BY", "one row for each value"),
        ROW("EVERY", KEYWORD, "EVERY", "in steps of time"),
        ROW("ORDER", KEYWORD, "ORDER BY", "which rows come first"),
        ROW("LIMIT", KEYWORD, "LIMIT", "so many rows at most"),
        ROW("FORMAT", KEYWORD, "FORMAT", "json, ndjson, csv or table"),
        ROW("FOLLOWED", KEYWORD, "FOLLOWED BY", "and then"),
        ROW("NOT", KEYWORD, "NOT", "the opposite"),
        ROW("event id", KEYWORD, "event_id =", "an event by its id"),
        ROW("trace_id =", KEYWORD, "trace_id =", "a trace by its id"),
        ROW("=", OPERATOR, "=", "equal"),
        ROW("!=", OPERATOR, "!=", "not equal"),
        ROW("<", OPERATOR, "<", "less"),
        ROW("<=", OPERATOR, "<=", "at most"),
        ROW(">", OPERATOR, ">", "more"),
        ROW(">=", OPERATOR, ">=", "at least"),
        ROW("=~", OPERATOR, "=~", "a regular expression is found"),
        ROW("!~", OPERATOR, "!~", "a regular expression is not found"),
        ROW("BETWEEN", OPERATOR, "BETWEEN", "both ends included"),
        ROW("CONTAINS", OPERATOR, "CONTAINS", "the text is found inside"),
        ROW("STARTS", OPERATOR, "STARTS WITH", "the text begins with"),
        ROW("IS", OPERATOR, "IS NULL", "the field is absent"),
        ROW("IS", OPERATOR, "IS NOT NULL", "the field is present"),
        ROW("(", SYMBOL, "(", ""),
        ROW(")", SYMBOL, ")", ""),
        ROW(",", SYMBOL, ",", ""),
        ROW("*", SYMBOL, "*", "every field"),
        ROW(":", SYMBOL, ":", "a name for the step"),
        ROW("unit", UNIT, "ms", "milliseconds"),
        ROW("unit", UNIT, "s", "seconds"),
        ROW("unit", UNIT, "minutes", ""),
        ROW("unit", UNIT, "hours", ""),
        ROW("unit", UNIT, "days", ""),
        ROW("unit", UNIT, "kB", "1000 bytes"),
        ROW("unit", UNIT, "MB", "1000 kB"),
        ROW("unit", UNIT, "GB", "1000 MB"),
        ROW("unit", UNIT, "KiB", "1024 bytes"),
        ROW("unit", UNIT, "MiB", "1024 KiB"),
        ROW("unit", UNIT, "GiB", "1024 MiB"),
        ROW("count", COUNT, "10", ""),
        ROW("count", COUNT, "100", ""),
        ROW("count", COUNT, "1000", ""),
        ROW("count(*)", FUNCTION, "count(*)", "how many"),
        ROW("count(*)", FUNCTION, "rate(*)", "how many per second"),
        ROW("count(*)", FUNCTION, "avg(", "the mean"),
        ROW("count(*)", FUNCTION, "sum(", "the sum"),
        ROW("count(*)", FUNCTION, "min(", "the least"),
        ROW("count(*)", FUNCTION, "max(", "the greatest"),
        ROW("count(*)", FUNCTION, "p50(", "the median"),
        ROW("count(*)", FUNCTION, "p90(", "90 % are at most that"),
        ROW("count(*)", FUNCTION, "p95(", "95 % are at most that"),
        ROW("count(*)", FUNCTION, "p99(", "99 % are at most that"),
        ROW("count(*)", FUNCTION, "distinct(", "how many different values"),
        ROW("count(*)", FUNCTION, "first(", "the earliest value"),
        ROW("count(*)", FUNCTION, "last(", "the latest value"),
        ROW("count(*)", FUNCTION, "topk(", "the most frequent values"),
        ROW("count(*)", FUNCTION, "stddev(", "the standard deviation"),
};

/* What stands in the parser's lists and is no text to put in; the store or a function below offers
 * for it. Synonyms are not offered beside what they are the same as. */
static bool stands_for_others(const char *word)
{
    static const char *const names[] = {"field", "value", "time", "duration", "text",
            "end of statement", ";", "==", "<>", "LIKE", "ILIKE"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i]) == 0)
            return true;
    return false;
}

/* IN is an operator behind a field and a window elsewhere. */
static void offer_in(struct tv_completion *completion)
{
    static const struct tv_candidate list = {
            TV_COMPLETE_OPERATOR, TEXT("IN ("), {NULL, 0}, TEXT("one of several values")};
    static const struct tv_candidate window = {
            TV_COMPLETE_KEYWORD, TEXT("IN LAST"), {NULL, 0}, TEXT("the time before now")};
    bool operator= tv_complete_expects(completion, "BETWEEN");
    tv_complete_offer(completion, operator? &list : & window);
}

static void offer_word(struct tv_completion *completion, const char *word)
{
    bool found = false;
    if (strcmp(word, "IN") == 0) {
        offer_in(completion);
        return;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].word, word) != 0)
            continue;
        found = true;
        struct tv_candidate candidate = rows[i].candidate;
        if (candidate.detail.len == 0)
            candidate.detail.ptr = NULL;
        tv_complete_offer(completion, &candidate);
    }
    struct tv_candidate plain = {.kind = TV_COMPLETE_KEYWORD, .text = tv_str_of(word)};
    if (!found && !stands_for_others(word))
        tv_complete_offer(completion, &plain);
}

static void offer_texts(struct tv_completion *completion, enum tv_completion_kind kind,
        const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tv_candidate candidate = {.kind = kind, .text = tv_str_of(texts[i])};
        tv_complete_offer(completion, &candidate);
    }
}

void tv_complete_durations(struct tv_completion *completion)
{
    static const char *const usual[] = {"10s", "1m", "5m", "10m", "1h", "24h", "7d"};
    static const char *const units[] = {"ms", "s", "m", "h", "d"};
    size_t digits = 0;
    while (digits < completion->written.len && completion->written.ptr[digits] >= '0' &&
            completion->written.ptr[digits] <= '9')
        digits++;
    if (digits == 0)
        offer_texts(completion, TV_COMPLETE_DURATION, usual, sizeof(usual) / sizeof(usual[0]));
    for (size_t i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        struct tv_candidate candidate = {.kind = TV_COMPLETE_DURATION,
                .text = tv_arena_printf(&completion->arena, "%.*s%s", (int)digits,
                        completion->written.ptr, units[i])};
        tv_complete_offer(completion, &candidate);
    }
}

static void offer_time(struct tv_completion *completion, const char *key, const char *detail)
{
    struct tv_candidate candidate = {.kind = TV_COMPLETE_TIME,
            .text = tv_arena_printf(&completion->arena, "'%s'", key),
            .key = tv_arena_str(&completion->arena, tv_str_of(key)),
            .detail = tv_str_of(detail)};
    tv_complete_offer(completion, &candidate);
}

void tv_complete_times(struct tv_completion *completion)
{
    static const char *const usual[] = {"now", "5 minutes ago", "10 minutes ago", "1 hour ago",
            "1 day ago", "1 week ago", "today", "yesterday"};
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        offer_time(completion, usual[i], NULL);
    char text[TV_TIME_TEXT_BYTES];
    int64_t newest = tv_snapshot_newest(completion->env->snapshot);
    int64_t oldest = tv_snapshot_oldest(completion->env->snapshot);
    if (newest >= 0) {
        (void)tv_time_format(newest, text);
        offer_time(completion, text, "the newest event");
    }
    if (oldest >= 0) {
        (void)tv_time_format(oldest, text);
        offer_time(completion, text, "the oldest event");
    }
}

void tv_complete_functions(struct tv_completion *completion)
{
    static const char function[] = "count(*)";
    if (tv_complete_expects(completion, function))
        offer_word(completion, function);
}

void tv_complete_words(struct tv_completion *completion)
{
    if (tv_complete_expects(completion, "time"))
        tv_complete_times(completion);
    if (tv_complete_expects(completion, "duration"))
        tv_complete_durations(completion);
    for (size_t i = 0; i < completion->probe.count; i++)
        offer_word(completion, completion->probe.expected[i]);
}
