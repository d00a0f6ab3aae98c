/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share. */
#ifndef TV_TEST_EVENT_SUPPORT_H
#define TV_TEST_EVENT_SUPPORT_H

#include "base/buf.h"
#include "event/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Whether the function ends its process instead of returning. It runs in a child process. */
bool dies(void (*function)(void));

/* The next number of a fixed sequence (SplitMix64); *state is the seed. */
uint64_t next_random(uint64_t *state);
/* One below `limit` of it. */
uint32_t below(uint64_t *state, uint32_t limit);

/* Fails the test unless the text is the expected one. */
void assert_text(struct tv_str actual, const char *expected);

/* Whether the values are the same in type and content. */
bool same_value(struct tv_value a, struct tv_value b);

/* A batch of `rows` rows with every kind of column and attribute in it, present here and there. */
struct tv_batch *random_batch(uint64_t *state, uint32_t rows);

/* Fails unless the two rows hold the same in every field and attribute. */
void assert_same_event(
        const struct tv_batch *a, uint32_t row_a, const struct tv_batch *b, uint32_t row_b);

#endif
