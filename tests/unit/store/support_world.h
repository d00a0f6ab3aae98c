/* SPDX-License-Identifier: Apache-2.0 */
/* A store and, beside it, all that it must hold. */
#ifndef TV_TESTS_STORE_SUPPORT_WORLD_H
#define TV_TESTS_STORE_SUPPORT_WORLD_H

#include "support.h"

#define NOON INT64_C(1724300000000000000)

enum { TEST_BATCHES_MAX = 4096 };

struct test_world {
    char *dir;
    struct tv_store *store;
    struct test_random random;
    struct tv_batch **batches;
    size_t count;
};

void test_world_init(struct test_world *world, uint64_t seed);
void test_world_release(struct test_world *world);
/* One commit of so many random batches. */
void test_world_commit(struct test_world *world, size_t batches, const struct test_shape *shape);
void test_world_reopen(struct test_world *world);
/* The answer without a store: every row of every batch asked one by one. */
void test_world_expect(
        struct test_world *world, const struct tv_scan_spec *spec, struct test_lines *lines);
/* Fails unless the store gives just that. */
void test_world_check(struct test_world *world, const struct tv_scan_spec *spec);
void test_world_check_all(struct test_world *world);

#endif
