/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the room's tests: random batches small enough that values repeat and collide, in every
 * type that an attribute can have, and a comparison of events cell by cell. */
#include "support.h"

#include <fcntl.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

bool dies(void (*function)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDERR_FILENO);
        function();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(next_random(state) % limit);
}

void assert_text(struct tv_str actual, const char *expected)
{
    struct tv_buf copy = {0};
    tv_buf_append_str(&copy, actual);
    tv_buf_append_char(&copy, '\0');
    assert_string_equal(copy.data, expected);
    assert_int_equal(actual.len, strlen(expected));
    tv_buf_release(&copy);
}

bool same_value(struct tv_value a, struct tv_value b)
{
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case TV_TYPE_NULL:
        return true;
    case TV_TYPE_BOOL:
        return a.b == b.b;
    case TV_TYPE_I64:
        return a.i == b.i;
    case TV_TYPE_F64:
        return memcmp(&a.f, &b.f, sizeof(a.f)) == 0;
    case TV_TYPE_STR:
    case TV_TYPE_JSON:
        return tv_str_equal(a.s, b.s);
    }
    return false;
}

static const char *const texts[] = {"checkout", "cart", "error", "span", "Error", "500", "7", "1.0",
        "true", "false", "", "abc", "a", "node-1", "x%y", "GET /cart/checkout of a shop"};

static struct tv_str random_text(uint64_t *state)
{
    return tv_str_of(texts[below(state, sizeof(texts) / sizeof(texts[0]))]);
}

/* Longer than what is interned. */
static struct tv_str long_text(void)
{
    static const char text[] =
            "connection pool of orders-db exhausted: one hundred of one hundred connections are in "
            "use, forty-one requests wait, the oldest of them for nine seconds and a half";
    return TV_STR(text);
}

static struct tv_value random_value(uint64_t *state)
{
    static const int64_t numbers[] = {0, 1, 7, 200, 500, 503, -3, INT64_MAX, INT64_MIN, 1LL << 53};
    static const double doubles[] = {0.5, 7, 500, -0.0, 1, 0x1p53, 80.25};
    switch (below(state, 8)) {
    case 0:
        return tv_value_bool(below(state, 2) == 0);
    case 1:
        return tv_value_f64(below(state, 30) == 0
                        ? (double)NAN
                        : doubles[below(state, sizeof(doubles) / sizeof(double))]);
    case 2:
    case 3:
        return tv_value_i64(numbers[below(state, sizeof(numbers) / sizeof(int64_t))]);
    case 4:
        return (struct tv_value){.type = TV_TYPE_JSON, .s = TV_STR("[1,\"a\"]")};
    case 5:
        return tv_value_str(below(state, 10) == 0 ? long_text() : random_text(state));
    default:
        return tv_value_str(random_text(state));
    }
}

static void random_cell(uint64_t *state, struct tv_batch *batch, enum tv_field field, uint32_t row)
{
    static const uint8_t counts[TV_FIELD_COUNT] = {[TV_FIELD_KIND] = TV_KIND_COUNT,
            [TV_FIELD_STATUS] = TV_EVENT_STATUS_COUNT,
            [TV_FIELD_SEVERITY] = TV_SEVERITY_COUNT,
            [TV_FIELD_METRIC_KIND] = TV_METRIC_KIND_COUNT,
            [TV_FIELD_TEMPORALITY] = TV_TEMPORALITY_COUNT};
    switch (tv_field_column(field)) {
    case TV_COLUMN_U64:
        tv_batch_set_u64(batch, field, row, below(state, 6));
        return;
    case TV_COLUMN_I64:
        tv_batch_set_i64(batch, field, row, (int64_t)below(state, 9) - 2);
        return;
    case TV_COLUMN_ID:
        tv_batch_set_id(batch, field, row, (struct tv_id){below(state, 2), below(state, 4)});
        return;
    case TV_COLUMN_CODE:
        tv_batch_set_text(batch, field, row, random_text(state));
        return;
    case TV_COLUMN_U8:
        tv_batch_set_u8(batch, field, row, (uint8_t)below(state, counts[field]));
        return;
    }
}

struct tv_batch *random_batch(uint64_t *state, uint32_t rows)
{
    static const char *const names[] = {"http.status_code", "status_code", "user.id", "cpu",
            "system.cpu.utilization", "memory", "order.id", "seldom", "api_key"};
    struct tv_batch *batch = tv_batch_new();
    uint32_t without = below(state, TV_FIELD_COUNT * 2);
    for (uint32_t row = 0; row < rows; row++) {
        assert_int_equal(tv_batch_add_row(batch), row);
        for (uint32_t field = 0; field < TV_FIELD_COUNT; field++)
            if (field != without && below(state, 3) != 0)
                random_cell(state, batch, (enum tv_field)field, row);
        for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            uint32_t chance = strcmp(names[i], "seldom") == 0 ? 40 : 2;
            if (below(state, chance) == 0)
                tv_batch_set_attr(
                        batch, tv_batch_attr(batch, tv_str_of(names[i])), row, random_value(state));
        }
    }
    return batch;
}

static uint32_t count_attrs(const struct tv_batch *batch, uint32_t row)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->attr_count; i++)
        count += tv_batch_attr_value(batch, i, row).type != TV_TYPE_NULL ? 1 : 0;
    return count;
}

void assert_same_event(
        const struct tv_batch *a, uint32_t row_a, const struct tv_batch *b, uint32_t row_b)
{
    char scratch_a[33], scratch_b[33];
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        struct tv_value left = tv_batch_value(a, (enum tv_field)i, row_a, scratch_a);
        struct tv_value right = tv_batch_value(b, (enum tv_field)i, row_b, scratch_b);
        assert_true(same_value(left, right));
    }
    for (uint32_t i = 0; i < a->attr_count; i++) {
        struct tv_str name = tv_strings_get(&a->strings, a->attrs[i].name);
        struct tv_value left = tv_batch_attr_value(a, i, row_a);
        struct tv_value right = tv_batch_attr_value(b, tv_batch_find_attr(b, name), row_b);
        assert_true(same_value(left, right));
    }
    assert_int_equal(count_attrs(a, row_a), count_attrs(b, row_b));
}
