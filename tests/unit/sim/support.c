/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/mem.h"

#include <stdlib.h>

static bool append(void *ctx, struct tv_str lines)
{
    tv_buf_append_str(ctx, lines);
    return true;
}

void tale_write(struct tale *tale, uint64_t seed, int64_t skip_ns, int64_t length_ns)
{
    int64_t from_ns = START_NS + skip_ns;
    struct tv_sim_stretch stretch = {seed, from_ns, from_ns + length_ns};
    *tale = (struct tale){.count = 0};
    tv_sim_write(&stretch, append, &tale->text);
}

void tale_release(struct tale *tale)
{
    tv_buf_release(&tale->text);
    tv_arena_release(&tale->arena);
    free(tale->events);
}

static struct tv_str text_of(struct tale *tale, const struct tv_json *event, const char *name)
{
    const struct tv_json *value = tv_json_member(event, name);
    return value ? tv_arena_str(&tale->arena, tv_json_string(value)) : TV_STR("");
}

static double number_of(const struct tv_json *event, const char *name)
{
    const struct tv_json *value = tv_json_member(event, name);
    return value ? tv_json_number(value) : -1;
}

/* cJSON's numbers are doubles, which a time in nanoseconds does not fit in: it is read from the
 * line itself, where it stands once. */
static int64_t time_of(struct tv_str line)
{
    int64_t time_ns = 0;
    const char *at = memmem(line.ptr, line.len, "\"ts\":", 5);
    assert_non_null(at);
    struct tv_str rest, tail = {at + 5, (size_t)(line.ptr + line.len - at - 5)};
    assert_true(tv_str_to_i64(tv_str_cut(tail, ',', &rest), &time_ns));
    return time_ns;
}

static void read_line(struct tale *tale, struct tv_str line, struct told *out)
{
    struct tv_json *event = NULL;
    struct tv_error err;
    if (tv_json_parse(line, &event, &err) != TV_OK)
        fail_msg("%s: %.*s", err.message, TV_STR_ARG(line));
    const struct tv_json *attributes = tv_json_member(event, "attributes");
    *out = (struct told){
            .id = text_of(tale, event, "id"),
            .service = text_of(tale, event, "service"),
            .type = text_of(tale, event, "type"),
            .kind = text_of(tale, event, "kind"),
            .severity = text_of(tale, event, "severity"),
            .message = text_of(tale, event, "message"),
            .trace = text_of(tale, event, "traceId"),
            .span = text_of(tale, event, "spanId"),
            .parent = text_of(tale, event, "parentSpanId"),
            .time_ns = time_of(line),
            .duration_ns = (int64_t)number_of(event, "durationNs"),
            .error = tv_str_equal(text_of(tale, event, "status"), TV_STR("error")),
            .http_status = number_of(attributes, "http.response.status_code"),
            .pool_in_use = number_of(attributes, "pool.in_use"),
            .pool_size = number_of(attributes, "pool.size"),
            .memory = number_of(attributes, "memory"),
    };
    tv_json_free(event);
}

void tale_read(struct tale *tale)
{
    struct tv_str line, rest = tv_buf_str(&tale->text);
    while (line = tv_str_cut(rest, '\n', &rest), line.len) {
        if (tale->count == tale->cap) {
            tale->cap = tv_grown(tale->cap, tale->count + 1, 1024);
            tale->events = tv_realloc_array(tale->events, tale->cap, sizeof *tale->events);
        }
        read_line(tale, line, &tale->events[tale->count++]);
    }
}
