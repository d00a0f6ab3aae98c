/* SPDX-License-Identifier: Apache-2.0 */
/* Random conditions, and what they mean, said as plainly as can be. */
#include "support_executor.h"

const char *const oracle_services[4] = {"api", "cart", "db", "mail"};
const char *const oracle_types[5] = {"span", "log", "error", "metric", "custom:x"};
const char *const oracle_texts[6] = {"alpha", "beta", "gamma", "alpine", "béton", "it's"};

static uint64_t rng_state;

static uint64_t rng(void)
{
    uint64_t z = (rng_state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void oracle_seed(uint64_t seed)
{
    rng_state = seed;
}

unsigned oracle_below(unsigned n)
{
    return (unsigned)(rng() % n);
}

static bool is_text(enum subject subject)
{
    return subject <= SUBJECT_TEXT;
}

static const char *random_text(enum subject subject)
{
    if (subject == SUBJECT_SERVICE)
        return oracle_services[oracle_below(4)];
    if (subject == SUBJECT_TYPE)
        return oracle_types[oracle_below(5)];
    static const char *const more[] = {"al", "a", "zzz", "et"};
    return oracle_below(4) ? oracle_texts[oracle_below(6)] : more[oracle_below(4)];
}

static void random_test(struct node *node)
{
    node->subject = (enum subject)oracle_below(SUBJECT_COUNT);
    node->test = (enum test)oracle_below(TEST_COUNT);
    bool boolean = node->subject == SUBJECT_FLAG || node->subject == SUBJECT_ERROR;
    if (boolean || node->subject == SUBJECT_STATUS)
        node->test = (enum test)oracle_below(2);
    else if (!is_text(node->subject) && (node->test == TEST_CONTAINS || node->test == TEST_STARTS))
        node->test = TEST_GE;
    for (int i = 0; i < 2; i++) {
        node->text[i] = random_text(node->subject);
        node->number[i] = (double)((int)oracle_below(44) - 12) + (oracle_below(4) ? 0 : 0.5);
        if (node->subject == SUBJECT_DURATION)
            node->number[i] = (double)oracle_below(500) * 1e6;
        if (node->subject == SUBJECT_SEVERITY)
            node->number[i] = 1 + oracle_below(24);
        if (node->subject == SUBJECT_STATUS)
            node->number[i] = 1 + oracle_below(3);
        if (boolean)
            node->number[i] = oracle_below(2);
    }
}

int oracle_condition(struct condition *condition, unsigned depth)
{
    int at = condition->count++;
    struct node *node = &condition->nodes[at];
    bool leaf = depth == 0 || oracle_below(3) == 0 || condition->count > NODES_MAX - 8;
    node->kind = leaf ? NODE_TEST : (enum node_kind)oracle_below(3);
    if (node->kind == NODE_TEST) {
        random_test(node);
        return at;
    }
    node->left = oracle_condition(condition, depth - 1);
    node->right = node->kind == NODE_NOT ? -1 : oracle_condition(condition, depth - 1);
    return at;
}

static const char *const subject_names[] = {"service", "eventType", "name", "s", "n", "duration",
        "severity", "status", "b", "error_occurred"};

static void print_value(struct tv_buf *out, const struct node *node, int at)
{
    static const char *const statuses[] = {"", "unset", "ok", "error"};
    bool boolean = node->subject == SUBJECT_FLAG || node->subject == SUBJECT_ERROR;
    if (is_text(node->subject)) {
        tv_buf_append_char(out, '\'');
        for (const char *c = node->text[at]; *c; c++)
            tv_buf_printf(out, *c == '\'' ? "''" : "%c", *c);
        tv_buf_append_char(out, '\'');
    } else if (boolean) {
        tv_buf_printf(out, "%s", node->number[at] > 0 ? "true" : "false");
    } else if (node->subject == SUBJECT_STATUS) {
        tv_buf_printf(out, "'%s'", statuses[(int)node->number[at]]);
    } else if (node->subject == SUBJECT_DURATION) {
        tv_buf_printf(out, "%dms", (int)(node->number[at] / 1e6));
    } else {
        tv_buf_printf(out, "%g", node->number[at]);
    }
}

static void print_test(struct tv_buf *out, const struct node *node)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">=", "IN (", "BETWEEN",
            "CONTAINS", "STARTS WITH", "EXISTS", "IS NULL"};
    tv_buf_printf(out, "%s %s ", subject_names[node->subject], ops[node->test]);
    if (node->test == TEST_EXISTS || node->test == TEST_NULL)
        return;
    print_value(out, node, 0);
    if (node->test == TEST_IN || node->test == TEST_BETWEEN) {
        tv_buf_printf(out, node->test == TEST_IN ? ", " : " AND ");
        print_value(out, node, 1);
        tv_buf_printf(out, node->test == TEST_IN ? ")" : "");
    }
}

void oracle_print(struct tv_buf *out, const struct condition *condition, int at, bool swap)
{
    const struct node *node = &condition->nodes[at];
    if (node->kind == NODE_TEST) {
        tv_buf_printf(out, swap ? "NOT NOT " : "");
        print_test(out, node);
    } else if (node->kind == NODE_NOT) {
        tv_buf_printf(out, "NOT (");
        oracle_print(out, condition, node->left, swap);
        tv_buf_printf(out, ")");
    } else {
        tv_buf_printf(out, "(");
        oracle_print(out, condition, swap ? node->right : node->left, swap);
        tv_buf_printf(out, node->kind == NODE_AND ? ") AND (" : ") OR (");
        oracle_print(out, condition, swap ? node->left : node->right, swap);
        tv_buf_printf(out, ")");
    }
}

bool oracle_is_error(const struct row *row)
{
    return row->type == 2 || row->status == 3 /* error */ || row->severity >= 17;
}

/* The subject's value; false if absent. */
static bool text_of(const struct row *row, enum subject subject, const char **out)
{
    int index = subject == SUBJECT_NAME ? row->name : row->text;
    if (subject == SUBJECT_SERVICE)
        *out = oracle_services[row->service];
    else if (subject == SUBJECT_TYPE)
        *out = oracle_types[row->type];
    else if (index >= 0)
        *out = oracle_texts[index];
    else
        return false;
    return true;
}

static bool number_of(const struct row *row, enum subject subject, double *out)
{
    switch (subject) {
    case SUBJECT_NUMBER:
        *out = row->number;
        return row->number_kind != NUMBER_ABSENT;
    case SUBJECT_DURATION:
        *out = (double)row->duration;
        return row->duration >= 0;
    case SUBJECT_SEVERITY:
        *out = row->severity;
        return row->severity > 0;
    case SUBJECT_STATUS:
        *out = row->status;
        return row->status > 0;
    case SUBJECT_FLAG:
        *out = row->flag;
        return row->flag >= 0;
    case SUBJECT_ERROR:
        *out = oracle_is_error(row);
        return true;
    case SUBJECT_SERVICE:
    case SUBJECT_TYPE:
    case SUBJECT_NAME:
    case SUBJECT_TEXT:
    case SUBJECT_COUNT:
        break;
    }
    return false;
}

/* How the subject's value compares with the test's operand `at`: <0, 0, >0. */
static int order(const struct node *node, const char *text, double number, int at)
{
    if (is_text(node->subject))
        return strcmp(text, node->text[at]);
    return (number > node->number[at]) - (number < node->number[at]);
}

static enum truth judge_test(const struct node *node, const struct row *row)
{
    const char *text = "";
    double number = 0;
    bool present = is_text(node->subject) ? text_of(row, node->subject, &text)
                                          : number_of(row, node->subject, &number);
    if (node->test == TEST_EXISTS || node->test == TEST_NULL)
        return present == (node->test == TEST_EXISTS) ? YES : NO;
    if (!present)
        return UNKNOWN;
    int first = order(node, text, number, 0);
    bool holds = false;
    switch (node->test) {
    case TEST_EQ:
        holds = first == 0;
        break;
    case TEST_NE:
        holds = first != 0;
        break;
    case TEST_LT:
        holds = first < 0;
        break;
    case TEST_LE:
        holds = first <= 0;
        break;
    case TEST_GT:
        holds = first > 0;
        break;
    case TEST_GE:
        holds = first >= 0;
        break;
    case TEST_IN:
        holds = first == 0 || order(node, text, number, 1) == 0;
        break;
    case TEST_BETWEEN:
        holds = first >= 0 && order(node, text, number, 1) <= 0;
        break;
    case TEST_CONTAINS:
        holds = strstr(text, node->text[0]) != NULL;
        break;
    case TEST_STARTS:
        holds = strncmp(text, node->text[0], strlen(node->text[0])) == 0;
        break;
    case TEST_EXISTS:
    case TEST_NULL:
    case TEST_COUNT:
        break;
    }
    return holds ? YES : NO;
}

enum truth oracle_judge(const struct condition *condition, int at, const struct row *row)
{
    const struct node *node = &condition->nodes[at];
    if (node->kind == NODE_TEST)
        return judge_test(node, row);
    enum truth left = oracle_judge(condition, node->left, row);
    if (node->kind == NODE_NOT)
        return left == UNKNOWN ? UNKNOWN : left == YES ? NO : YES;
    enum truth right = oracle_judge(condition, node->right, row);
    enum truth decides = node->kind == NODE_AND ? NO : YES;
    if (left == decides || right == decides)
        return decides;
    return left == UNKNOWN || right == UNKNOWN ? UNKNOWN : node->kind == NODE_AND ? YES : NO;
}
