/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a whole: what was committed is what is found, whatever happened in between. */
#include "support_world.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void store__finds_a_commit_at_once_and_after_restart(void **state)
{
    (void)state;
    struct test_world world;
    test_world_init(&world, 1);
    test_world_check_all(&world);
    test_world_commit(&world, 1, &(struct test_shape){1, NOON, TV_NS_PER_S, false});
    test_world_check_all(&world);
    test_world_commit(&world, 5, &(struct test_shape){700, NOON, TV_NS_PER_HOUR, false});
    test_world_commit(&world, 40, &(struct test_shape){3, NOON, TV_NS_PER_HOUR, true});
    test_world_check_all(&world);
    test_world_reopen(&world);
    test_world_check_all(&world);
    test_world_release(&world);
}

static void store__compacts_without_changing_anything(void **state)
{
    (void)state;
    struct test_world world;
    struct tv_store_stats stats;
    test_world_init(&world, 2);
    for (int i = 0; i < 5; i++)
        test_world_commit(&world, 3, &(struct test_shape){1500, NOON, 5 * TV_NS_PER_HOUR, i == 3});
    test_flush_soon(world.store);
    assert_true(test_jobs(world.store, 100) > 0);
    tv_store_stats(world.store, &stats);
    assert_true(stats.segments > 0);
    assert_int_equal(stats.events, 22500);
    test_world_check_all(&world);
    test_world_reopen(&world);
    test_world_check_all(&world);
    test_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(store__finds_a_commit_at_once_and_after_restart),
            cmocka_unit_test(store__compacts_without_changing_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
