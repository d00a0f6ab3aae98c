/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a statement and as a condition: an error with a place, or something that can be freed. */
#include "timeql/timeql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tv_str text = {(const char *)data, size};
    struct tv_query_env env = {.text = text, .now_ns = INT64_C(1705333643000000000)};
    struct tv_query *query = NULL;
    struct tv_condition *condition = NULL;
    struct tv_error err;
    if (tv_query_prepare(&env, &query, &err) == TV_OK)
        tv_query_free(query);
    else
        TV_ASSERT(err.message[0] && err.offset <= size);
    if (tv_condition_prepare(text, env.now_ns, &condition, &err) == TV_OK)
        tv_condition_free(condition);
    else
        TV_ASSERT(err.message[0]);
    return 0;
}
