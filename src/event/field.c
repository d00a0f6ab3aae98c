/* SPDX-License-Identifier: Apache-2.0 */
/* Names: which field a name means.
 *
 * Every key of every event is looked up here, most often to learn that it is no field but an
 * attribute. So aliases lie in one small list for each length: a look-up compares a handful of
 * first letters. A hash table would have to be made at start (a global) or by a generator. */
#include "event/field.h"

struct alias {
    const char *name;
    uint8_t field, rank;
};

/* Ranks follow DESIGN's table, each name directly before its snake_case form. */
static const struct alias names_2[] = {{"id", TV_FIELD_EVENT_ID, 2}, {"ts", TV_FIELD_TIME, 1}};
static const struct alias names_3[] = {{"pod", TV_FIELD_INSTANCE, 1}, {"msg", TV_FIELD_MESSAGE, 2}};
static const struct alias names_4[] = {{"time", TV_FIELD_TIME, 2}, {"type", TV_FIELD_TYPE, 2},
        {"name", TV_FIELD_NAME, 0}, {"host", TV_FIELD_HOST, 0}, {"kind", TV_FIELD_KIND, 0},
        {"body", TV_FIELD_MESSAGE, 1}, {"unit", TV_FIELD_UNIT, 0}};
static const struct alias names_5[] = {{"level", TV_FIELD_SEVERITY, 1}};
static const struct alias names_6[] = {
        {"spanId", TV_FIELD_SPAN_ID, 0}, {"status", TV_FIELD_STATUS, 0}};
static const struct alias names_7[] = {{"eventId", TV_FIELD_EVENT_ID, 0},
        {"service", TV_FIELD_SERVICE, 0}, {"traceId", TV_FIELD_TRACE_ID, 0},
        {"span_id", TV_FIELD_SPAN_ID, 1}, {"message", TV_FIELD_MESSAGE, 0}};
static const struct alias names_8[] = {{"event_id", TV_FIELD_EVENT_ID, 1},
        {"instance", TV_FIELD_INSTANCE, 0}, {"hostname", TV_FIELD_HOST, 1},
        {"spanName", TV_FIELD_NAME, 2}, {"trace_id", TV_FIELD_TRACE_ID, 1},
        {"parentId", TV_FIELD_PARENT_SPAN_ID, 2}, {"spanKind", TV_FIELD_KIND, 1},
        {"duration", TV_FIELD_DURATION, 4}, {"severity", TV_FIELD_SEVERITY, 0},
        {"causedBy", TV_FIELD_CAUSED_BY, 0}};
static const struct alias names_9[] = {{"timestamp", TV_FIELD_TIME, 0},
        {"serviceId", TV_FIELD_SERVICE, 1}, {"host.name", TV_FIELD_HOST, 2},
        {"eventType", TV_FIELD_TYPE, 0}, {"operation", TV_FIELD_NAME, 1},
        {"span_name", TV_FIELD_NAME, 3}, {"parent_id", TV_FIELD_PARENT_SPAN_ID, 3},
        {"span_kind", TV_FIELD_KIND, 2}, {"caused_by", TV_FIELD_CAUSED_BY, 1}};
static const struct alias names_10[] = {{"@timestamp", TV_FIELD_TIME, 3},
        {"service_id", TV_FIELD_SERVICE, 2}, {"event_type", TV_FIELD_TYPE, 1},
        {"durationNs", TV_FIELD_DURATION, 0}, {"durationMs", TV_FIELD_DURATION, 2},
        {"metricKind", TV_FIELD_METRIC_KIND, 0}};
static const struct alias names_11[] = {{"serviceName", TV_FIELD_SERVICE, 3},
        {"duration_ns", TV_FIELD_DURATION, 1}, {"duration_ms", TV_FIELD_DURATION, 3},
        {"triggeredBy", TV_FIELD_CAUSED_BY, 2}, {"metric_kind", TV_FIELD_METRIC_KIND, 1},
        {"temporality", TV_FIELD_TEMPORALITY, 0}};
static const struct alias names_12[] = {{"service_name", TV_FIELD_SERVICE, 4},
        {"service.name", TV_FIELD_SERVICE, 5}, {"parentSpanId", TV_FIELD_PARENT_SPAN_ID, 0},
        {"triggered_by", TV_FIELD_CAUSED_BY, 3}};
static const struct alias names_14[] = {{"parent_span_id", TV_FIELD_PARENT_SPAN_ID, 1}};
static const struct alias names_19[] = {{"service.instance.id", TV_FIELD_INSTANCE, 2}};
static const struct alias names_20[] = {{"metadata.triggeredBy", TV_FIELD_CAUSED_BY, 4}};

enum { ALIAS_BYTES_MAX = 20 };

struct bucket {
    const struct alias *aliases;
    size_t count;
};

#define BUCKET(list)                             \
    {                                            \
        (list), sizeof(list) / sizeof((list)[0]) \
    }
static const struct bucket by_length[ALIAS_BYTES_MAX + 1] = {[2] = BUCKET(names_2),
        [3] = BUCKET(names_3),
        [4] = BUCKET(names_4),
        [5] = BUCKET(names_5),
        [6] = BUCKET(names_6),
        [7] = BUCKET(names_7),
        [8] = BUCKET(names_8),
        [9] = BUCKET(names_9),
        [10] = BUCKET(names_10),
        [11] = BUCKET(names_11),
        [12] = BUCKET(names_12),
        [14] = BUCKET(names_14),
        [19] = BUCKET(names_19),
        [20] = BUCKET(names_20)};
#undef BUCKET

static const char *const field_names[TV_FIELD_COUNT] = {
#define X(code, name, column, type) name,
        TV_FIELD_LIST(X)
#undef X
};

static const uint8_t field_types[TV_FIELD_COUNT] = {
#define X(code, name, column, type) TV_TYPE_##type,
        TV_FIELD_LIST(X)
#undef X
};

const char *tv_field_name(enum tv_field field)
{
    TV_ASSERT(field < TV_FIELD_COUNT);
    return field_names[field];
}

enum tv_type tv_field_type(enum tv_field field)
{
    TV_ASSERT(field < TV_FIELD_COUNT);
    return (enum tv_type)field_types[field];
}

enum tv_field tv_field_by_alias(struct tv_str name, unsigned *rank)
{
    if (name.len > ALIAS_BYTES_MAX)
        return TV_FIELD_COUNT;
    const struct bucket *bucket = &by_length[name.len];
    for (size_t i = 0; i < bucket->count; i++) {
        const struct alias *alias = &bucket->aliases[i];
        if (alias->name[0] != name.ptr[0] || memcmp(alias->name, name.ptr, name.len) != 0)
            continue;
        if (rank)
            *rank = alias->rank;
        return (enum tv_field)alias->field;
    }
    return TV_FIELD_COUNT;
}

int64_t tv_field_duration_unit_ns(struct tv_str name)
{
    bool ns = tv_str_equal(name, TV_STR("durationNs")) || tv_str_equal(name, TV_STR("duration_ns"));
    return ns ? 1 : 1000000;
}

struct tv_field_ref tv_field_ref_fixed(enum tv_field field)
{
    return (struct tv_field_ref){.class = TV_FIELD_FIXED,
            .field = field,
            .virtual_field = TV_VIRTUAL_COUNT,
            .name = tv_str_of(tv_field_name(field))};
}

struct tv_field_ref tv_field_ref_attribute(struct tv_str name)
{
    return (struct tv_field_ref){.class = TV_FIELD_ATTRIBUTE,
            .field = TV_FIELD_COUNT,
            .virtual_field = TV_VIRTUAL_COUNT,
            .name = name};
}

/* Fields that have a name in statements but are set by no document. */
static enum tv_field own_field(struct tv_str name)
{
    if (tv_str_equal(name, TV_STR("arrival")))
        return TV_FIELD_ARRIVAL;
    if (tv_str_equal(name, TV_STR("receivedAt")) || tv_str_equal(name, TV_STR("received_at")))
        return TV_FIELD_RECEIVED;
    return tv_field_by_alias(name, NULL);
}

static bool virtual_by_name(struct tv_str name, enum tv_virtual_field *out)
{
    static const struct {
        struct tv_str name;
        enum tv_virtual_field field;
    } names[] = {{{"error_occurred", 14}, TV_VIRTUAL_ERROR_OCCURRED},
            {{"errorOccurred", 13}, TV_VIRTUAL_ERROR_OCCURRED}, {{"cpu", 3}, TV_VIRTUAL_CPU},
            {{"memory", 6}, TV_VIRTUAL_MEMORY}, {{"disk", 4}, TV_VIRTUAL_DISK}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!tv_str_equal(name, names[i].name))
            continue;
        *out = names[i].field;
        return true;
    }
    return false;
}

struct tv_field_ref tv_field_resolve(struct tv_str name)
{
    static const struct tv_str prefixes[] = {{"attributes.", 11}, {"attrs.", 6}};
    enum tv_field field = own_field(name);
    if (field != TV_FIELD_COUNT)
        return tv_field_ref_fixed(field);
    struct tv_field_ref ref = tv_field_ref_attribute(name);
    if (virtual_by_name(name, &ref.virtual_field)) {
        ref.class = TV_FIELD_VIRTUAL;
        return ref;
    }
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t cut = prefixes[i].len;
        if (name.len > cut && tv_str_starts_with(name, prefixes[i]))
            return tv_field_ref_attribute((struct tv_str){name.ptr + cut, name.len - cut});
    }
    return ref;
}

/* Attribute names that stand for one thing, best first. */
#define NAME(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }
#define LIST(names) *count = sizeof(names) / sizeof((names)[0])

static const struct tv_str cpu_names[] = {NAME("cpu"), NAME("cpu.usage"), NAME("cpu_usage"),
        NAME("cpuUsage"), NAME("cpu.percent"), NAME("cpu_percent"), NAME("cpuPercent"),
        NAME("cpu.utilization"), NAME("cpu_utilization"), NAME("process.cpu.utilization"),
        NAME("process.cpu.usage"), NAME("container.cpu.utilization"), NAME("container.cpu.usage"),
        NAME("k8s.pod.cpu.utilization"), NAME("k8s.pod.cpu.usage"),
        NAME("jvm.cpu.recent_utilization"), NAME("system.cpu.utilization"),
        NAME("system.cpu.usage")};
static const struct tv_str memory_names[] = {NAME("memory"), NAME("mem"), NAME("memory.usage"),
        NAME("memory_usage"), NAME("memoryUsage"), NAME("memory.percent"), NAME("memory_percent"),
        NAME("memoryPercent"), NAME("mem_percent"), NAME("memory.utilization"),
        NAME("memory_utilization"), NAME("process.memory.utilization"),
        NAME("process.memory.usage"), NAME("container.memory.utilization"),
        NAME("container.memory.usage"), NAME("k8s.pod.memory.utilization"),
        NAME("k8s.pod.memory.usage"), NAME("system.memory.utilization"),
        NAME("system.memory.usage")};
static const struct tv_str disk_names[] = {NAME("disk"), NAME("disk.usage"), NAME("disk_usage"),
        NAME("diskUsage"), NAME("disk.percent"), NAME("disk_percent"), NAME("diskPercent"),
        NAME("disk.utilization"), NAME("disk_utilization"), NAME("container.disk.utilization"),
        NAME("k8s.pod.filesystem.utilization"), NAME("system.filesystem.utilization"),
        NAME("system.disk.utilization"), NAME("system.disk.usage")};

const struct tv_str *tv_virtual_attributes(enum tv_virtual_field field, size_t *count)
{
    *count = 0;
    switch (field) {
    case TV_VIRTUAL_CPU:
        LIST(cpu_names);
        return cpu_names;
    case TV_VIRTUAL_MEMORY:
        LIST(memory_names);
        return memory_names;
    case TV_VIRTUAL_DISK:
        LIST(disk_names);
        return disk_names;
    case TV_VIRTUAL_ERROR_OCCURRED:
    case TV_VIRTUAL_COUNT:
        break;
    }
    return NULL;
}

const struct tv_str *tv_http_status_attributes(size_t *count)
{
    static const struct tv_str names[] = {NAME("http.response.status_code"),
            NAME("http.status_code"), NAME("http.status"), NAME("status_code"), NAME("statusCode"),
            NAME("status") /* a number there is no ok or error, and stays an attribute */};
    LIST(names);
    return names;
}

const struct tv_str *tv_version_attributes(size_t *count)
{
    static const struct tv_str names[] = {NAME("service.version"), NAME("version"),
            NAME("app.version"), NAME("deployment.version")};
    LIST(names);
    return names;
}
