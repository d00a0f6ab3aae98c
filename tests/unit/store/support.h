/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's tests share: a data folder of their own, random events from a seed, the steps of
 * commits and jobs run in line, and events as lines of text that can be compared. */
#ifndef TV_TESTS_STORE_SUPPORT_H
#define TV_TESTS_STORE_SUPPORT_H

#include "base/buf.h"
#include "store/store.h"

struct test_random {
    uint64_t state;
};

uint64_t test_next(struct test_random *random);
uint64_t test_below(struct test_random *random, uint64_t n);

/* A folder under TMPDIR; owned by the caller, who removes it with test_folder_remove. */
char *test_folder_make(void);
void test_folder_remove(char *dir);

/* Opens a store that must open. */
struct tv_store *test_open(const char *dir);
struct tv_store *test_open_with(const struct tv_store_config *config);

/* Events of which every field is random: kinds of presence, texts that repeat and that do not,
 * numbers of every width, attributes of every type, `wide` of them rare names. */
struct test_shape {
    uint32_t rows;
    int64_t from, span_ns; /* event times */
    bool wide;
};
struct tv_batch *test_batch(struct test_random *random, const struct test_shape *shape);

/* Runs a whole commit that must succeed; takes the batches. */
struct tv_commit_result test_commit(
        struct tv_store *store, struct tv_batch *const *batches, size_t count);
struct tv_commit_result test_commit_one(struct tv_store *store, struct tv_batch *batch);
/* Runs jobs that are due, `most` at most; returns how many there were. */
size_t test_jobs(struct tv_store *store, size_t most);
/* Makes level 0 old enough to be compacted. */
void test_flush_soon(struct tv_store *store);
/* The same, and runs all jobs. */
void test_compact(struct tv_store *store);

/* One event as text: every field and attribute, attributes by name. */
void test_print_row(const struct tv_batch *batch, uint32_t row, struct tv_buf *out);

/* A multiset of events as sorted lines. */
struct test_lines {
    char **items;
    size_t count, cap;
};
void test_lines_add_row(struct test_lines *lines, const struct tv_batch *batch, uint32_t row);
void test_lines_add_scan(
        struct test_lines *lines, struct tv_store *store, const struct tv_scan_spec *spec);
/* Sorts both and fails the test at the first difference. */
void test_lines_assert_equal(struct test_lines *a, struct test_lines *b);
void test_lines_release(struct test_lines *lines);

/* All events, all columns. */
struct tv_scan_spec test_all(void);

#endif
