/* SPDX-License-Identifier: Apache-2.0 */
/* How long a statement takes before it runs: prepare ROUNDS. For each of some statements the microseconds
 * of processor time of parsing, checking and freeing, as JSON: {"statement": µs}. */
#include "base/json_out.h"
#include "base/time.h"
#include "timeql/timeql.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const statements[] = {
        "STATE AT '2024-01-15 15:47:23' WHERE service = 'api-gateway'",
        "TRAVERSE FROM event_id FOLLOWING backward UNTIL error_occurred = true",
        "MATCH PATTERN WHERE cpu > 80% FOLLOWED BY memory > 90% WITHIN 5 minutes IN LAST 30 days",
        "COMPARE '2024-01-15 15:45:00' WITH '2024-01-15 15:50:00' FOR cpu, memory, errorRate",
        "TIMELINE FROM '10 minutes ago' TO 'now' WHERE eventType = 'error'",
        "SELECT service, count(*), p99(duration) AS slow FROM spans WHERE http.status_code >= 500 AND "
        "name STARTS WITH 'POST' AND host IN ('a', 'b', 'c') IN LAST 1h GROUP BY service EVERY 1m "
        "ORDER BY slow DESC LIMIT 20",
};

static double processor_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static bool prepare(const char *text)
{
    struct tv_query *query = NULL;
    struct tv_query_env env = {.text = tv_str_of(text), .now_ns = tv_time_now()};
    enum tv_status status = tv_query_prepare(&env, &query, NULL);
    tv_query_free(query);
    return status == TV_OK;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    struct tv_buf out = {0};
    struct tv_json_out json = {.out = &out};
    tv_json_object(&json);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        double start = processor_us();
        for (long k = 0; k < rounds; k++)
            if (!prepare(statements[i]))
                return 1;
        tv_json_key(&json, statements[i]);
        tv_json_f64(&json, (processor_us() - start) / (double)rounds);
    }
    tv_json_end(&json);
    printf("%.*s\n", TV_STR_ARG(tv_buf_str(&out)));
    tv_buf_release(&out);
    return 0;
}
