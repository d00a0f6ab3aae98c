/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the simulated system as lines of NDJSON, and the heap in which they wait for their time.
 * Ids are unique to a run, so that a batch sent again after a lost answer counts once. */
#include "base/json_out.h"
#include "base/mem.h"
#include "sim/sim_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct line {
    struct tv_buf text;
    struct tv_json_out json;
};

static bool earlier(const struct sim_pending *a, const struct sim_pending *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_push(struct sim_system *system, struct sim_pending item)
{
    if (system->heap_count == system->heap_cap) {
        system->heap_cap = tv_grown(system->heap_cap, system->heap_count + 1, 256);
        system->heap = tv_realloc_array(system->heap, system->heap_cap, sizeof *system->heap);
    }
    size_t i = system->heap_count++;
    while (i > 0 && earlier(&item, &system->heap[(i - 1) / 2])) {
        system->heap[i] = system->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    system->heap[i] = item;
}

static struct sim_pending heap_pop(struct sim_system *system)
{
    struct sim_pending *heap = system->heap, first = heap[0], last = heap[--system->heap_count];
    size_t i = 0, count = system->heap_count;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < count && earlier(&heap[child + 1], &heap[child]))
            child++;
        if (child >= count || !earlier(&heap[child], &last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    if (count)
        heap[i] = last;
    return first;
}

size_t sim_system_take(struct sim_system *system, int64_t now_ns, size_t max, struct tv_buf *out)
{
    size_t count = 0;
    while (count < max && system->heap_count && system->heap[0].due_ns <= now_ns) {
        struct sim_pending item = heap_pop(system);
        tv_buf_append(out, item.text, item.bytes);
        tv_buf_append_char(out, '\n');
        free(item.text);
        count++;
    }
    return count;
}

/* Opens an event: id, time, service, instance, host. The line's json points into itself. */
static void begin(
        struct sim_system *system, struct line *line, int service, int replica, int64_t time_ns)
{
    const char *name = system->services[service].name;
    char text[64];
    *line = (struct line){.text = {0}};
    line->json.out = &line->text;
    tv_json_object(&line->json);
    tv_json_key(&line->json, "id");
    (void)snprintf(
            text, sizeof text, "%016" PRIx64 "%08" PRIx64, system->id_prefix, system->next_id++);
    tv_json_text(&line->json, text);
    tv_json_key(&line->json, "ts");
    tv_json_i64(&line->json, time_ns);
    tv_json_key(&line->json, "service");
    tv_json_text(&line->json, name);
    tv_json_key(&line->json, "instance");
    (void)snprintf(text, sizeof text, "%s-%d", name, replica + 1);
    tv_json_text(&line->json, text);
    tv_json_key(&line->json, "host");
    (void)snprintf(text, sizeof text, "node-%d", (service * 3 + replica * 5) % 4 + 1);
    tv_json_text(&line->json, text);
}

static void put_text(struct line *line, const char *key, const char *value)
{
    tv_json_key(&line->json, key);
    tv_json_text(&line->json, value);
}

static void put_hex(struct line *line, const char *key, uint64_t value)
{
    char text[20];
    (void)snprintf(text, sizeof text, "%016" PRIx64, value);
    put_text(line, key, text);
}

static void put_number(struct line *line, const char *key, double value)
{
    tv_json_key(&line->json, key);
    tv_json_f64(&line->json, value);
}

static void put_trace(struct line *line, const struct sim_span *span)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, span->trace_hi, span->trace_lo);
    put_text(line, "traceId", text);
    put_hex(line, "spanId", span->id);
    if (span->parent)
        put_hex(line, "parentSpanId", span->parent);
}

static void put_version(struct sim_system *system, struct line *line, int service)
{
    char text[32];
    (void)snprintf(text, sizeof text, "2.%d.%u", service, system->services[service].patch);
    put_text(line, "service.version", text);
}

static void end(struct sim_system *system, struct line *line, int64_t due_ns)
{
    tv_json_end(&line->json);
    struct sim_pending item = {
            .due_ns = due_ns,
            .order = system->next_id,
            .text = line->text.data,
            .bytes = line->text.len,
    };
    heap_push(system, item);
}

void sim_emit_span(struct sim_system *system, const struct sim_span *span)
{
    const struct sim_operation *operation = span->operation;
    bool database = !operation->route;
    struct line line;
    begin(system, &line, span->service, span->replica, span->start_ns);
    put_text(&line, "type", "span");
    put_text(&line, "name", operation->name);
    put_text(&line, "kind", span->client ? "client" : "server");
    put_trace(&line, span);
    tv_json_key(&line.json, "durationNs");
    tv_json_i64(&line.json, span->duration_ns);
    put_text(&line, "status", span->failure ? "error" : "ok");
    tv_json_key(&line.json, "attributes");
    tv_json_object(&line.json);
    if (span->client)
        put_text(&line, "peer.service", system->services[operation->service].name);
    if (operation->route)
        put_text(&line, "http.route", operation->route);
    if (span->http_status)
        put_number(&line, "http.response.status_code", span->http_status);
    if (database)
        put_text(&line, "db.system.name", "postgresql");
    if (database && !span->client)
        put_number(&line, "db.client.connection.wait_ms", (double)(span->waited_ns / 1000) / 1000);
    put_version(system, &line, span->service);
    tv_json_end(&line.json);
    end(system, &line, span->start_ns + span->duration_ns);
}

void sim_emit_log(struct sim_system *system, const struct sim_span *span, const char *severity,
        const char *message)
{
    int64_t time_ns = span->start_ns + span->duration_ns;
    struct line line;
    begin(system, &line, span->service, span->replica, time_ns);
    put_text(&line, "type", strcmp(severity, "ERROR") == 0 ? "error" : "log");
    put_text(&line, "severity", severity);
    put_text(&line, "message", message);
    put_trace(&line, span);
    end(system, &line, time_ns);
}

void sim_emit_metrics(struct sim_system *system, int number, int replica)
{
    const struct sim_service *service = &system->services[number];
    double share = service->busy_ns / (10e9 * service->replicas);
    double cpu = service->cpu_idle + 60 * share + 4 * (sim_random_unit(&system->random) - 0.5);
    double memory = service->memory_idle + service->memory_extra + sim_random_unit(&system->random);
    int in_use = service->slots_held;
    for (int i = 0; i < service->slots - service->slots_held; i++)
        in_use += service->free_at[i] > system->time_ns;
    struct line line;
    begin(system, &line, number, replica, system->time_ns);
    put_text(&line, "type", "metric");
    put_text(&line, "name", "process");
    tv_json_key(&line.json, "attributes");
    tv_json_object(&line.json);
    put_number(&line, "cpu", cpu < 100 ? (double)(int)(cpu * 10) / 10 : 100);
    put_number(&line, "memory", memory < 100 ? (double)(int)(memory * 10) / 10 : 100);
    put_number(&line, "pool.in_use", in_use);
    put_number(&line, "pool.size", service->slots);
    tv_json_end(&line.json);
    end(system, &line, system->time_ns);
}

void sim_emit_change(struct sim_system *system, int service, const char *type, const char *message)
{
    struct line line;
    char version[32];
    begin(system, &line, service, 0, system->time_ns);
    (void)snprintf(version, sizeof version, "2.%d.%u", service, system->services[service].patch);
    put_text(&line, "type", type);
    put_text(&line, "name", type);
    put_text(&line, "message", message);
    tv_json_key(&line.json, "attributes");
    tv_json_object(&line.json);
    put_text(&line, "version", version);
    tv_json_end(&line.json);
    end(system, &line, system->time_ns);
}
