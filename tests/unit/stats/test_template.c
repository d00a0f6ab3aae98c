/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that one place of a program writes share a template. */
#include "stats/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void template__leaves_out_what_varies(void **state)
{
    (void)state;
    struct tv_templates templates = {0};
    struct tv_arena arena = {0};
    uint32_t first = tv_template_of(&templates, TV_STR("charged order 4711 of anna in 35ms"));
    uint32_t second = tv_template_of(&templates, TV_STR("charged order 4712 of bert in 1029ms"));
    assert_int_equal(first, second);
    struct tv_str text = tv_template_text(&templates, first, &arena);
    assert_true(tv_str_equal(text, TV_STR("charged order * of * in *")));
    assert_int_not_equal(
            first, tv_template_of(&templates, TV_STR("card declined for order 4713 of anna")));
    tv_templates_release(&templates);
    tv_arena_release(&arena);
}

static void template__keeps_places_in_the_source_apart(void **state)
{
    (void)state;
    struct tv_templates templates = {0};
    uint32_t a = tv_template_of(&templates, TV_STR("12:30:01 INFO o.s.OrderService#65 done"));
    uint32_t b = tv_template_of(&templates, TV_STR("12:30:02 INFO o.s.OrderService#66 done"));
    uint32_t c = tv_template_of(&templates, TV_STR("17:00:59 INFO o.s.OrderService#65 done"));
    assert_int_not_equal(a, b);
    assert_int_equal(a, c);
    tv_templates_release(&templates);
}

/* A list inside a message does not change which words stand at its begin. */
static void template__does_not_depend_on_how_long_lists_are(void **state)
{
    (void)state;
    struct tv_templates templates = {0};
    uint32_t a = tv_template_of(&templates,
            TV_STR("query for stations of the given train and date [1, 2] [shanghai, nanjing]"));
    uint32_t b = tv_template_of(&templates,
            TV_STR("query for stations of the given train and date [7, 8, 9] [a, b, c, d, e]"));
    assert_int_equal(a, b);
    tv_templates_release(&templates);
}

static void template__takes_any_bytes_and_is_bounded(void **state)
{
    (void)state;
    struct tv_templates templates = {0};
    char long_word[5000];
    memset(long_word, 'x', sizeof(long_word));
    (void)tv_template_of(&templates, TV_STR(""));
    (void)tv_template_of(&templates, (struct tv_str){long_word, sizeof(long_word)});
    (void)tv_template_of(&templates, (struct tv_str){"\0\377[[]]\200", 8});
    for (int i = 0; i < TV_TEMPLATES_MAX + 100; i++) {
        char text[64];
        int len = snprintf(text, sizeof(text), "word%c%c%c%c rest", 'a' + i % 26, 'a' + i / 26 % 26,
                'a' + i / 676 % 26, 'a' + i / 17576 % 26);
        uint32_t index = tv_template_of(&templates, (struct tv_str){text, (size_t)len});
        assert_true(index < TV_TEMPLATES_MAX);
    }
    assert_int_equal(templates.count, TV_TEMPLATES_MAX);
    tv_templates_release(&templates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(template__leaves_out_what_varies),
            cmocka_unit_test(template__keeps_places_in_the_source_apart),
            cmocka_unit_test(template__does_not_depend_on_how_long_lists_are),
            cmocka_unit_test(template__takes_any_bytes_and_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
