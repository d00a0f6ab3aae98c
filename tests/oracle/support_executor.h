/* SPDX-License-Identifier: Apache-2.0 */
/* The naive side of the executor's oracle: events as plain structs, random conditions over them, their
 * text, and a judge that looks at one event at a time. It shares nothing with the engine. */
#ifndef TV_TESTS_ORACLE_SUPPORT_EXECUTOR_H
#define TV_TESTS_ORACLE_SUPPORT_EXECUTOR_H

#include "base/buf.h"

#include <stdint.h>

enum { NODES_MAX = 64 };

enum number_kind { NUMBER_ABSENT, NUMBER_WHOLE, NUMBER_FRACTION, NUMBER_TEXT };

struct row {
    int64_t time;
    unsigned service, type; /* into names */
    int name, text;         /* -1: absent */
    int64_t duration;       /* -1: absent */
    uint8_t status, severity;
    int flag; /* -1: absent */
    enum number_kind number_kind;
    double number;
    int id;           /* event id, -1: none */
    int trace;        /* -1: none */
    int64_t received; /* receive time */
};

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };

enum subject {
    SUBJECT_SERVICE,
    SUBJECT_TYPE,
    SUBJECT_NAME,
    SUBJECT_TEXT,
    SUBJECT_NUMBER,
    SUBJECT_DURATION,
    SUBJECT_SEVERITY,
    SUBJECT_STATUS,
    SUBJECT_FLAG,
    SUBJECT_ERROR,
    SUBJECT_COUNT
};

enum test {
    TEST_EQ,
    TEST_NE,
    TEST_LT,
    TEST_LE,
    TEST_GT,
    TEST_GE,
    TEST_IN,
    TEST_BETWEEN,
    TEST_CONTAINS,
    TEST_STARTS,
    TEST_EXISTS,
    TEST_NULL,
    TEST_COUNT
};

struct node {
    enum node_kind kind;
    int left, right;
    enum subject subject;
    enum test test;
    double number[2];
    const char *text[2];
};

struct condition {
    struct node nodes[NODES_MAX];
    int count;
};

enum truth { NO, YES, UNKNOWN };

extern const char *const oracle_services[4];
extern const char *const oracle_types[5];
extern const char *const oracle_texts[6];

/* A number below n; the same for the same seed. */
void oracle_seed(uint64_t seed);
unsigned oracle_below(unsigned n);

/* A random condition; returns its root. */
int oracle_condition(struct condition *condition, unsigned depth);
/* Its text. `swap` exchanges the operands of AND and OR and puts NOT NOT before tests. */
void oracle_print(struct tv_buf *out, const struct condition *condition, int at, bool swap);
enum truth oracle_judge(const struct condition *condition, int at, const struct row *row);
bool oracle_is_error(const struct row *row);

#endif
