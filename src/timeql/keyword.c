/* SPDX-License-Identifier: Apache-2.0 */
/* One table of the language's words. The list is short enough that a scan of it costs less than a
 * statement's other work; it is asked once for each name. */
#include "timeql/keyword.h"

struct keyword {
    struct tv_str word;
    bool reserved;
};

#define FREE(text)                        \
    {                                     \
        {(text), sizeof(text) - 1}, false \
    }
#define RESERVED(text)                   \
    {                                    \
        {(text), sizeof(text) - 1}, true \
    }

static const struct keyword keywords[] = {
        RESERVED("AND"),
        RESERVED("OR"),
        RESERVED("NOT"),
        RESERVED("IN"),
        RESERVED("BETWEEN"),
        RESERVED("CONTAINS"),
        RESERVED("STARTS"),
        RESERVED("EXISTS"),
        RESERVED("IS"),
        RESERVED("NULL"),
        RESERVED("TRUE"),
        RESERVED("FALSE"),
        RESERVED("WHERE"),
        RESERVED("FROM"),
        RESERVED("TO"),
        RESERVED("AS"),
        RESERVED("AT"),
        RESERVED("OVER"),
        RESERVED("GROUP"),
        RESERVED("BY"),
        RESERVED("EVERY"),
        RESERVED("ORDER"),
        RESERVED("DESC"),
        RESERVED("ASC"),
        RESERVED("LIMIT"),
        RESERVED("FORMAT"),
        RESERVED("VIA"),
        RESERVED("UNTIL"),
        RESERVED("DEPTH"),
        RESERVED("FOLLOWING"),
        RESERVED("FOLLOWED"),
        RESERVED("WITHIN"),
        RESERVED("PER"),
        RESERVED("FOR"),
        RESERVED("WITH"),
        RESERVED("AGAINST"),
        RESERVED("NEXT"),
        RESERVED("SCORES"),
        RESERVED("OVERLAPPING"),
        RESERVED("PREDICT"), /* else PREDICT PREDICT NEXT 5m would forecast a field of that name */
        FREE("OF"),
        FREE("LAST"),
        FREE("EXPLAIN"),
        FREE("ANALYZE"),
        FREE("STATE"),
        FREE("TIMELINE"),
        FREE("TRAVERSE"),
        FREE("MATCH"),
        FREE("PATTERN"),
        FREE("COMPARE"),
        FREE("ROOT"),
        FREE("CAUSE"),
        FREE("WHAT"),
        FREE("IF"),
        FREE("ANOMALIES"),
        FREE("PATTERNS"),
        FREE("DIFF"),
        FREE("SELECT"),
        FREE("SHOW"),
        FREE("LEAST"),
        FREE("TIMES"),
        FREE("REMOVE"),
        FREE("SET"),
        FREE("BASELINE"),
        FREE("DELAY"),
        FREE("REST"),
};

enum { KEYWORD_COUNT = sizeof(keywords) / sizeof(keywords[0]) };

bool tv_keyword_is_known(struct tv_str word)
{
    for (size_t i = 0; i < KEYWORD_COUNT; i++)
        if (tv_str_equal_nocase(word, keywords[i].word))
            return true;
    return false;
}

bool tv_keyword_is_reserved(struct tv_str word)
{
    for (size_t i = 0; i < KEYWORD_COUNT; i++)
        if (keywords[i].reserved && tv_str_equal_nocase(word, keywords[i].word))
            return true;
    return false;
}

const char *tv_keyword_nearest(struct tv_str word)
{
    struct tv_str words[KEYWORD_COUNT];
    for (size_t i = 0; i < KEYWORD_COUNT; i++)
        words[i] = keywords[i].word;
    int nearest = tv_str_nearest(word, words, KEYWORD_COUNT);
    return nearest < 0 ? NULL : keywords[nearest].word.ptr;
}
