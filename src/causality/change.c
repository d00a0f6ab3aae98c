/* SPDX-License-Identifier: Apache-2.0 */
/* Blaming a change.
 *
 * "The latest deploy" is wrong more often than right: services are deployed all the time. A change is
 * blamed for what it says of itself. The words of its message, files and diff are compared with the words
 * of the warnings and errors since the onset, rare words counting more (inverse document frequency over
 * the changes of the window, as information retrieval locates bugs: Zhou, Zhang and Lo, ICSE 2012). A
 * change that touches documents, styles or tests alone, or whose lines only log, is inert. The longer
 * before the onset it was, the more it must say.
 *
 * A deployment that says nothing of itself is blamed by time alone, if it came shortly before. Nothing is
 * blamed rather than the wrong one: below a limit there is no change to name. */
#include "causality/change.h"

#include "base/time.h"

#include <math.h>

/* Before the onset it counts half. */
#define HALF_AGE_NS (30 * TV_NS_PER_MIN)
/* The onset is not known better than that. */
#define ONSET_DOUBT_NS TV_NS_PER_MIN
/* Age at which a silent deployment is no longer suspected. */
#define SILENT_AGE_NS (10 * TV_NS_PER_MIN)
#define SILENT_SCORE  5.0
/* Below it nothing is blamed. */
#define SCORE_LEAST 3.5

enum { WORD_LEAST = 3, WORD_MOST = 32, STEM_LEAST = 4, SILENT_WORDS = 3, FAULT_RECORDS_MAX = 5000 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Words of every program, which say nothing of a change. */
static bool is_common(struct tv_str word)
{
    static const char *const common[] = {"the", "and", "for", "with", "not", "from", "this", "that",
            "was", "are", "after", "before", "nil", "err", "error", "return", "func", "else",
            "string", "int", "true", "false", "new", "null", "fail", "request", "service", "http",
            "ctx", "context", "var", "const", "struct", "type", "package", "import", "metric",
            "log", "info", "warn", "msg", "svc", "src", "pkg", "off"};
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (tv_str_equal(word, tv_str_of(common[i])))
            return true;
    return false;
}

static size_t stem_length(const char *word, size_t len)
{
    static const char *const endings[] = {"ing", "ed", "es", "s"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending = strlen(endings[i]);
        if (len >= STEM_LEAST + ending && memcmp(word + len - ending, endings[i], ending) == 0)
            return len - ending;
    }
    return len;
}

/* Where the word that begins at `at` ends: at what is no letter, or where a capital begins another
 * (camelCase, and HTTPServer after HTTP). */
static size_t word_end(struct tv_str text, size_t at)
{
    size_t end = at + 1;
    while (end < text.len && is_letter(text.ptr[end])) {
        bool capital = is_upper(text.ptr[end]);
        bool small_before = !is_upper(text.ptr[end - 1]);
        bool small_behind =
                end + 1 < text.len && is_letter(text.ptr[end + 1]) && !is_upper(text.ptr[end + 1]);
        if (capital && (small_before || small_behind))
            break;
        end++;
    }
    return end;
}

/* Adds the text's words, each once for this text: the values count texts. */
static void add_words(
        struct tv_map *words, struct tv_arena *arena, struct tv_str text, uint64_t mark)
{
    for (size_t at = 0; at < text.len;) {
        if (!is_letter(text.ptr[at])) {
            at++;
            continue;
        }
        size_t end = word_end(text, at);
        char word[WORD_MOST];
        size_t len = end - at;
        if (len >= WORD_LEAST && len <= WORD_MOST) {
            for (size_t i = 0; i < len; i++)
                word[i] = (char)(text.ptr[at + i] | 0x20);
            len = stem_length(word, len);
            struct tv_str stem = {word, len};
            if (!is_common(stem))
                *tv_map_put_copy(words, arena, stem, NULL) |= mark;
        }
        at = end;
    }
}

static bool ends_with(struct tv_str text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static bool is_harmless_file(struct tv_str file)
{
    static const char *const ends[] = {
            ".md", ".txt", ".rst", ".css", ".html", ".svg", "_test.go", ".test.js", ".test.ts"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (ends_with(file, ends[i]))
            return true;
    return tv_str_starts_with(file, TV_STR("docs/")) || tv_str_starts_with(file, TV_STR("tests/"));
}

/* Whether all files it names (a JSON list of texts) are documents, styles or tests. */
static bool touches_nothing(struct tv_str files)
{
    bool any = false;
    for (size_t at = 0; at < files.len; at++) {
        if (files.ptr[at] != '"')
            continue;
        size_t end = at + 1;
        while (end < files.len && files.ptr[end] != '"')
            end++;
        if (!is_harmless_file((struct tv_str){files.ptr + at + 1, end - at - 1}))
            return false;
        any = true;
        at = end;
    }
    return any;
}

static bool mentions_log(struct tv_str line)
{
    for (size_t i = 0; i + 3 <= line.len; i++)
        if ((line.ptr[i] | 0x20) == 'l' && (line.ptr[i + 1] | 0x20) == 'o' &&
                (line.ptr[i + 2] | 0x20) == 'g')
            return true;
    return false;
}

/* Whether every changed line of a diff writes a log. */
static bool only_logs(struct tv_str diff)
{
    bool any = false;
    for (size_t at = 0; at < diff.len;) {
        size_t end = at;
        while (end < diff.len && diff.ptr[end] != '\n')
            end++;
        struct tv_str line = {diff.ptr + at, end - at};
        bool changed = line.len > 1 && (line.ptr[0] == '+' || line.ptr[0] == '-') &&
                line.ptr[1] != line.ptr[0];
        if (changed && !mentions_log(line))
            return false;
        any |= changed;
        at = end + 1;
    }
    return any;
}

/* Words of what went wrong since the onset. */
static void add_fault_words(
        struct tv_map *words, struct tv_arena *arena, const struct tv_facts *facts, int64_t from)
{
    size_t read = 0;
    for (size_t i = 0; i < facts->record_count && read < FAULT_RECORDS_MAX; i++) {
        const struct tv_fact_record *record = &facts->records[i];
        if (record->time < from || !record->detail.ptr)
            continue;
        add_words(words, arena, record->detail, 1);
        read++;
    }
}

struct scoring {
    const struct tv_facts *facts;
    struct tv_arena arena;
    struct tv_map fault;
    struct tv_map *words; /* of each change */
};

/* How much of what went wrong the change speaks of. */
static double likeness(const struct scoring *scoring, size_t index)
{
    size_t count = scoring->facts->change_count;
    const struct tv_map *words = &scoring->words[index];
    double sum = 0;
    for (size_t i = 0; i < words->count; i++) {
        struct tv_str word = words->entries[i].key;
        if (!tv_map_get(&scoring->fault, word))
            continue;
        size_t same = 0;
        for (size_t k = 0; k < count; k++)
            same += tv_map_get(&scoring->words[k], word) != NULL;
        sum += log((double)(count + 1) / (double)same);
    }
    return sum;
}

static double score(const struct scoring *scoring, const struct tv_cut *cut, size_t index)
{
    const struct tv_fact_change *change = &scoring->facts->changes[index];
    int64_t age = cut->onset - change->time;
    if (age < -ONSET_DOUBT_NS || touches_nothing(change->files) || only_logs(change->diff))
        return 0;
    double late = fmax(0, (double)age) / HALF_AGE_NS;
    bool silent = !change->flag && scoring->words[index].count <= SILENT_WORDS;
    if (silent)
        return age <= SILENT_AGE_NS ? SILENT_SCORE / (1 + late) : 0;
    return likeness(scoring, index) / (1 + late);
}

struct tv_blame tv_change_blame(
        const struct tv_facts *facts, const struct tv_cut *cut, uint32_t service)
{
    struct tv_blame best = {TV_NONE, SCORE_LEAST};
    struct scoring scoring = {.facts = facts};
    scoring.words = tv_arena_calloc(&scoring.arena, facts->change_count + 1, sizeof(struct tv_map));
    for (size_t i = 0; i < facts->change_count; i++)
        add_words(&scoring.words[i], &scoring.arena, facts->changes[i].text, 1);
    add_fault_words(&scoring.fault, &scoring.arena, facts, cut->onset - ONSET_DOUBT_NS);
    for (size_t i = 0; i < facts->change_count; i++) {
        if (tv_facts_service(facts, facts->changes[i].actor) != service)
            continue;
        double points = score(&scoring, cut, i);
        if (points > best.score)
            best = (struct tv_blame){(uint32_t)i, points};
    }
    for (size_t i = 0; i < facts->change_count; i++)
        tv_map_release(&scoring.words[i]);
    tv_map_release(&scoring.fault);
    tv_arena_release(&scoring.arena);
    return best;
}
