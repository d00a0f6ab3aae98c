/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share. */
#ifndef TV_TEST_BASE_SUPPORT_H
#define TV_TEST_BASE_SUPPORT_H

#include "base/buf.h"
#include "base/str.h"

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

/* Fails the test unless the text is the expected one. */
void assert_text(struct tv_str actual, const char *expected);

#endif
