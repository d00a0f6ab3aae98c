/* SPDX-License-Identifier: Apache-2.0 */
/* From batches to facts, one scan of the window. An event's type says what it is to the engine; what
 * has several sides (a log that carries numbers) is taken by its first. Numbers are read attribute by
 * attribute, since a batch keeps each in a column of its own: only rows that are metrics look at them. */
#include "causality/facts.h"

#include "base/digits.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"

#include <math.h>
#include <stdlib.h>

enum { MESSAGE_BYTES_MAX = 240, DETAIL_BYTES_MAX = 1024, CHANGE_TEXT_MAX = 16384, PEER_NAMES = 5 };

/* What an event is to the engine. */
enum role { ROLE_OTHER, ROLE_SPAN, ROLE_RECORD, ROLE_METRIC, ROLE_CHANGE, ROLE_DEPENDENCY };

struct reader {
    struct tv_facts *facts;
    const struct tv_batch *batch;
    uint32_t *name_of; /* by the batch's code: number + 1 of the facts; 0: not yet asked */
    uint8_t *role_of;  /* by the code of the type: role + 1 */
    size_t code_cap;
    uint8_t *roles; /* by row */
    uint32_t *actors;
    uint64_t *labels; /* by row: hash of the texts beside its numbers */
    uint32_t *peers;  /* by row: name of a label `peer` */
    uint8_t *alerts;  /* by row: it says that it is one */
    size_t row_cap;
};

static uint32_t name_of_code(struct reader *reader, uint32_t code)
{
    if (code == 0)
        return 0;
    if (reader->name_of[code] == 0)
        reader->name_of[code] =
                1 + tv_facts_name(reader->facts, tv_strings_get(&reader->batch->strings, code));
    return reader->name_of[code] - 1;
}

static uint32_t name_of_field(struct reader *reader, enum tv_field field, uint32_t row)
{
    const uint32_t *codes = tv_batch_codes(reader->batch, field);
    return codes ? name_of_code(reader, codes[row]) : 0;
}

static enum role role_of_type(struct tv_str type)
{
    static const struct {
        const char *type;
        enum role role;
    } table[] = {{"span", ROLE_SPAN}, {"span:end", ROLE_SPAN}, {"http:response", ROLE_SPAN},
            {"database:query", ROLE_SPAN}, {"log", ROLE_RECORD}, {"error", ROLE_RECORD},
            {"alert", ROLE_RECORD}, {"metric", ROLE_METRIC}, {"system:metrics", ROLE_METRIC},
            {"deploy", ROLE_CHANGE}, {"config", ROLE_CHANGE}, {"flag", ROLE_CHANGE},
            {"dependency", ROLE_DEPENDENCY}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (tv_str_equal(type, tv_str_of(table[i].type)))
            return table[i].role;
    return ROLE_OTHER;
}

static void prepare_rows(struct reader *reader, const struct tv_scan_batch *scan)
{
    const struct tv_batch *batch = scan->batch;
    struct tv_facts *facts = reader->facts;
    const uint32_t *types = tv_batch_codes(batch, TV_FIELD_TYPE);
    const int64_t *times = tv_batch_i64(batch, TV_FIELD_TIME);
    memset(reader->roles, 0, batch->rows);
    for (uint32_t i = 0; i < scan->count; i++) {
        uint32_t row = scan->rows[i];
        uint32_t code = types ? types[row] : 0;
        if (reader->role_of[code] == 0)
            reader->role_of[code] =
                    (uint8_t)(1 + role_of_type(tv_strings_get(&batch->strings, code)));
        reader->roles[row] = reader->role_of[code] - 1;
        uint32_t service = name_of_field(reader, TV_FIELD_SERVICE, row);
        uint32_t instance = name_of_field(reader, TV_FIELD_INSTANCE, row);
        reader->actors[row] = tv_facts_actor(facts, service, instance);
        uint32_t host = name_of_field(reader, TV_FIELD_HOST, row);
        if (host)
            facts->actors[reader->actors[row]].host = host;
        reader->labels[row] = 0;
        reader->peers[row] = 0;
        reader->alerts[row] = 0;
        if (times[row] < facts->first)
            facts->first = times[row];
        if (times[row] > facts->last)
            facts->last = times[row];
        bool tells = reader->roles[row] == ROLE_SPAN || reader->roles[row] == ROLE_RECORD ||
                reader->roles[row] == ROLE_METRIC;
        if (tells && times[row] < facts->told_first)
            facts->told_first = times[row];
        if (tells && times[row] > facts->told_last)
            facts->told_last = times[row];
    }
}

static void grow(struct reader *reader, const struct tv_batch *batch)
{
    size_t codes = (size_t)batch->strings.count + 1;
    if (codes > reader->code_cap) {
        reader->code_cap = tv_grown(reader->code_cap, codes, 1024);
        reader->name_of = tv_realloc_array(reader->name_of, reader->code_cap, sizeof(uint32_t));
        reader->role_of = tv_realloc_array(reader->role_of, reader->code_cap, 1);
    }
    memset(reader->name_of, 0, codes * sizeof(uint32_t));
    memset(reader->role_of, 0, codes);
    if (batch->rows <= reader->row_cap)
        return;
    reader->row_cap = tv_grown(reader->row_cap, batch->rows, 4096);
    reader->roles = tv_realloc_array(reader->roles, reader->row_cap, 1);
    reader->alerts = tv_realloc_array(reader->alerts, reader->row_cap, 1);
    reader->actors = tv_realloc_array(reader->actors, reader->row_cap, sizeof(uint32_t));
    reader->peers = tv_realloc_array(reader->peers, reader->row_cap, sizeof(uint32_t));
    reader->labels = tv_realloc_array(reader->labels, reader->row_cap, sizeof(uint64_t));
}

static struct tv_str attr_text(const struct tv_batch *batch, const char *name, uint32_t row)
{
    uint32_t attr = tv_batch_find_attr(batch, tv_str_of(name));
    struct tv_value value =
            attr == UINT32_MAX ? tv_value_null() : tv_batch_attr_value(batch, attr, row);
    bool text = value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON;
    return text ? value.s : (struct tv_str){NULL, 0};
}

/* The service that a span or a dependency says to call. */
static struct tv_str peer_text(const struct tv_batch *batch, uint32_t row)
{
    static const char *const names[PEER_NAMES] = {
            "peer.service", "server.address", "net.peer.name", "db.system.name", "db.system"};
    for (size_t i = 0; i < PEER_NAMES; i++) {
        struct tv_str text = attr_text(batch, names[i], row);
        if (text.ptr)
            return text;
    }
    return (struct tv_str){NULL, 0};
}

/* Whether the sample of traces keeps this one. A span without a trace counts by its own id. */
static bool is_kept(const struct tv_facts *facts, struct tv_id trace, uint64_t id)
{
    uint64_t hash = tv_mix64(trace.hi ^ trace.lo ? trace.lo ^ tv_mix64(trace.hi) : id);
    return (hash & ((1ULL << facts->sampled_bits) - 1)) == 0;
}

/* Halves the traces that are kept. */
static void thin_out(struct tv_facts *facts)
{
    facts->sampled_bits++;
    size_t kept = 0;
    for (size_t i = 0; i < facts->span_count; i++)
        if (is_kept(facts, facts->spans[i].trace, facts->spans[i].id))
            facts->spans[kept++] = facts->spans[i];
    facts->span_count = kept;
}

static void take_span(struct reader *reader, uint32_t row)
{
    struct tv_facts *facts = reader->facts;
    const struct tv_batch *batch = reader->batch;
    const struct tv_id *traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
    const uint64_t *ids = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    const uint64_t *parents = tv_batch_u64(batch, TV_FIELD_PARENT_SPAN_ID);
    const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    const uint8_t *kinds = tv_batch_u8(batch, TV_FIELD_KIND);
    struct tv_id trace = traces ? traces[row] : (struct tv_id){0, 0};
    uint64_t id = ids ? ids[row] : 0;
    int64_t duration = durations ? durations[row] : TV_ABSENT_I64;
    if (duration == TV_ABSENT_I64 || duration < 0 || !is_kept(facts, trace, id))
        return;
    if (facts->span_count >= TV_FACTS_SPANS_MAX)
        thin_out(facts);
    struct tv_fact_span *span = tv_facts_add(
            (void **)&facts->spans, &facts->span_count, &facts->span_cap, sizeof(*facts->spans));
    span->time = tv_batch_i64(batch, TV_FIELD_TIME)[row];
    span->duration = duration < facts->to - span->time ? duration : facts->to - span->time;
    span->own = span->duration;
    span->trace = trace;
    span->id = id;
    span->parent_id = parents ? parents[row] : 0;
    span->parent = TV_NONE;
    span->actor = reader->actors[row];
    span->operation = tv_facts_operation(
            facts, facts->actors[span->actor].service, name_of_field(reader, TV_FIELD_NAME, row));
    span->kind = kinds ? kinds[row] : 0;
    span->failed = tv_batch_is_error(batch, row);
    span->callee = tv_facts_name(facts, peer_text(batch, row));
    span->callee_actor = TV_NONE;
}

static void add_alert(struct reader *reader, uint32_t row, uint32_t metric, bool down)
{
    struct tv_facts *facts = reader->facts;
    struct tv_fact_alert *alert = tv_facts_add((void **)&facts->alerts, &facts->alert_count,
            &facts->alert_cap, sizeof(*facts->alerts));
    alert->time = tv_batch_i64(reader->batch, TV_FIELD_TIME)[row];
    alert->actor = reader->actors[row];
    alert->peer = reader->peers[row];
    alert->metric = metric;
    alert->down = down;
}

/* All texts of an event, for comparing what is said of a change with what goes wrong. */
static struct tv_str all_texts(struct reader *reader, uint32_t row, size_t most)
{
    const struct tv_batch *batch = reader->batch;
    struct tv_buf text = {0};
    tv_buf_append_str(&text, tv_utf8_prefix(tv_batch_text(batch, TV_FIELD_MESSAGE, row), most));
    for (uint32_t i = 0; i < batch->attr_count && text.len < most; i++) {
        struct tv_value value = tv_batch_attr_value(batch, i, row);
        if (value.type != TV_TYPE_STR && value.type != TV_TYPE_JSON)
            continue;
        tv_buf_append_char(&text, '\n');
        tv_buf_append_str(&text, tv_utf8_prefix(value.s, most));
    }
    struct tv_str copy = tv_arena_str(&reader->facts->arena, tv_buf_str(&text));
    tv_buf_release(&text);
    return copy;
}

static bool is_alert(const struct tv_batch *batch, uint32_t row)
{
    return tv_str_equal(tv_batch_text(batch, TV_FIELD_TYPE, row), TV_STR("alert"));
}

static void take_record(struct reader *reader, uint32_t row)
{
    struct tv_facts *facts = reader->facts;
    const struct tv_batch *batch = reader->batch;
    if (facts->record_count >= TV_FACTS_RECORDS_MAX)
        return;
    const struct tv_id *traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
    const uint64_t *ids = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    const uint8_t *severities = tv_batch_u8(batch, TV_FIELD_SEVERITY);
    struct tv_str message = tv_batch_text(batch, TV_FIELD_MESSAGE, row);
    if (!message.ptr)
        message = tv_batch_text(batch, TV_FIELD_NAME, row);
    struct tv_fact_record *record = tv_facts_add((void **)&facts->records, &facts->record_count,
            &facts->record_cap, sizeof(*facts->records));
    record->time = tv_batch_i64(batch, TV_FIELD_TIME)[row];
    record->trace = traces ? traces[row] : (struct tv_id){0, 0};
    record->span_id = ids ? ids[row] : 0;
    record->span = TV_NONE;
    record->actor = reader->actors[row];
    record->severity = severities ? severities[row] : 0;
    record->error = tv_batch_is_error(batch, row);
    record->template = tv_template_of(&facts->templates, message);
    if (reader->alerts[row] || is_alert(batch, row))
        add_alert(reader, row, tv_facts_name(facts, record->error ? TV_STR("error") : message),
                false);
    if (record->error || record->severity >= TV_SEVERITY_WARN) {
        record->message = tv_arena_str(&facts->arena, tv_utf8_prefix(message, MESSAGE_BYTES_MAX));
        record->detail = all_texts(reader, row, DETAIL_BYTES_MAX);
    }
}

static void take_change(struct reader *reader, uint32_t row)
{
    struct tv_facts *facts = reader->facts;
    const struct tv_batch *batch = reader->batch;
    struct tv_arena *arena = &facts->arena;
    if (facts->change_count >= TV_FACTS_CHANGES_MAX)
        return;
    struct tv_fact_change *change = tv_facts_add((void **)&facts->changes, &facts->change_count,
            &facts->change_cap, sizeof(*facts->changes));
    change->time = tv_batch_i64(batch, TV_FIELD_TIME)[row];
    change->actor = reader->actors[row];
    struct tv_str id = tv_batch_text(batch, TV_FIELD_EVENT_ID, row);
    char arrival[TV_ARRIVAL_TEXT_BYTES];
    if (!id.ptr)
        id = (struct tv_str){
                arrival, tv_arrival_format(tv_batch_u64(batch, TV_FIELD_ARRIVAL)[row], arrival)};
    struct tv_str version = attr_text(batch, "version", row);
    struct tv_str commit = attr_text(batch, "commit", row);
    struct tv_str flag = attr_text(batch, "flag", row);
    struct tv_str name = tv_batch_text(batch, TV_FIELD_NAME, row);
    struct tv_str message = tv_batch_text(batch, TV_FIELD_MESSAGE, row);
    change->event_id = tv_arena_str(arena, id);
    change->version = version.ptr ? tv_arena_str(arena, version)
                                  : tv_arena_str(arena, attr_text(batch, "service.version", row));
    change->commit = commit.ptr
            ? tv_arena_str(arena, commit)
            : tv_arena_str(arena, attr_text(batch, "vcs.ref.head.revision", row));
    change->flag = flag.ptr || tv_str_equal(name, TV_STR("flag")) ||
            tv_str_equal(tv_batch_text(batch, TV_FIELD_TYPE, row), TV_STR("flag"));
    change->name = tv_arena_str(arena,
            tv_utf8_prefix(flag.ptr       ? flag
                            : message.ptr ? message
                                          : name,
                    MESSAGE_BYTES_MAX));
    change->files = tv_arena_str(arena, attr_text(batch, "files", row));
    change->diff =
            tv_arena_str(arena, tv_utf8_prefix(attr_text(batch, "diff", row), CHANGE_TEXT_MAX));
    change->text = all_texts(reader, row, CHANGE_TEXT_MAX);
}

static void take_dependency(struct reader *reader, uint32_t row)
{
    struct tv_facts *facts = reader->facts;
    struct tv_str peer = peer_text(reader->batch, row);
    struct tv_str instance = attr_text(reader->batch, "peer.instance", row);
    if (!peer.ptr)
        return;
    uint32_t callee =
            tv_facts_actor(facts, tv_facts_name(facts, peer), tv_facts_name(facts, instance));
    struct tv_fact_dependency *dependency = tv_facts_add((void **)&facts->dependencies,
            &facts->dependency_count, &facts->dependency_cap, sizeof(*facts->dependencies));
    dependency->caller = reader->actors[row];
    dependency->callee = callee;
}

/* A row's series of one number: made at its first sample. */
static struct tv_fact_series *series_of(struct reader *reader, uint32_t row, uint32_t metric)
{
    struct tv_facts *facts = reader->facts;
    struct {
        uint64_t labels;
        uint32_t actor, metric;
    } key = {reader->labels[row], reader->actors[row], metric};
    bool added = false;
    uint64_t *index = tv_map_put_copy(&facts->series_by_key, &facts->arena,
            (struct tv_str){(const char *)&key, sizeof(key)}, &added);
    if (!added)
        return &facts->series[*index];
    *index = facts->series_count;
    struct tv_fact_series *series = tv_facts_add((void **)&facts->series, &facts->series_count,
            &facts->series_cap, sizeof(*facts->series));
    series->actor = key.actor;
    series->metric = metric;
    series->peer = reader->peers[row];
    return series;
}

static void add_sample(struct reader *reader, uint32_t row, uint32_t metric, double value)
{
    struct tv_facts *facts = reader->facts;
    if (facts->sample_count >= TV_FACTS_SAMPLES_MAX)
        return;
    struct tv_fact_series *series = series_of(reader, row, metric);
    if (series->count == series->cap) {
        series->cap = (uint32_t)tv_grown(series->cap, series->count + 1, 16);
        series->samples = tv_realloc_array(series->samples, series->cap, sizeof(*series->samples));
    }
    int64_t time = tv_batch_i64(reader->batch, TV_FIELD_TIME)[row];
    series->samples[series->count++] = (struct tv_sample){time, value};
    facts->sample_count++;
}

/* The texts beside numbers are a series' labels. */
static void read_labels(struct reader *reader)
{
    const struct tv_batch *batch = reader->batch;
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        const struct tv_attr *attr = &batch->attrs[i];
        struct tv_str name = tv_strings_get(&batch->strings, attr->name);
        bool peer = tv_str_equal(name, TV_STR("peer"));
        bool alert = tv_str_equal(name, TV_STR("alert"));
        uint64_t seed = tv_hash64(name.ptr, name.len);
        for (uint32_t k = 0; k < attr->count; k++) {
            uint32_t row = attr->rows[k];
            bool text = attr->types[k] == TV_TYPE_STR;
            if (text && reader->roles[row] == ROLE_METRIC) {
                struct tv_str value = tv_strings_get(&batch->strings, (uint32_t)attr->bits[k]);
                reader->labels[row] += tv_hash64_seeded(value.ptr, value.len, seed);
            }
            if (peer && text)
                reader->peers[row] = name_of_code(reader, (uint32_t)attr->bits[k]);
            reader->alerts[row] |= alert && !text && attr->bits[k] != 0;
        }
    }
}

static void read_numbers(struct reader *reader)
{
    const struct tv_batch *batch = reader->batch;
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        const struct tv_attr *attr = &batch->attrs[i];
        uint32_t metric = 0;
        for (uint32_t k = 0; k < attr->count; k++) {
            uint32_t row = attr->rows[k];
            double value;
            if (reader->roles[row] != ROLE_METRIC || attr->types[k] == TV_TYPE_STR ||
                    !tv_value_number(tv_batch_entry_value(batch, attr, k), &value) ||
                    !isfinite(value))
                continue;
            if (metric == 0)
                metric = name_of_code(reader, attr->name);
            if (!reader->alerts[row])
                add_sample(reader, row, metric, value);
            else if (!tv_str_equal(tv_facts_text(reader->facts, metric), TV_STR("alert")))
                add_alert(reader, row, metric, value < 0);
        }
    }
}

static void take_batch(struct reader *reader, const struct tv_scan_batch *scan)
{
    reader->batch = scan->batch;
    grow(reader, scan->batch);
    prepare_rows(reader, scan);
    read_labels(reader);
    read_numbers(reader);
    for (uint32_t i = 0; i < scan->count; i++) {
        uint32_t row = scan->rows[i];
        switch ((enum role)reader->roles[row]) {
        case ROLE_SPAN:
            take_span(reader, row);
            break;
        case ROLE_RECORD:
            take_record(reader, row);
            break;
        case ROLE_CHANGE:
            take_change(reader, row);
            break;
        case ROLE_DEPENDENCY:
            take_dependency(reader, row);
            break;
        case ROLE_METRIC:
        case ROLE_OTHER:
            break;
        }
    }
}

static void release(struct reader *reader)
{
    free(reader->name_of);
    free(reader->role_of);
    free(reader->roles);
    free(reader->alerts);
    free(reader->actors);
    free(reader->peers);
    free(reader->labels);
}

static void sum_cost(struct tv_facts_cost *cost, const struct tv_scan_stats *stats)
{
    cost->stats.segments_total += stats->segments_total;
    cost->stats.segments_read += stats->segments_read;
    cost->stats.events += stats->events;
    cost->stats.bytes += stats->bytes;
}

static enum tv_status read(struct tv_facts *facts, const struct tv_facts_spec *spec,
        const struct tv_pred *where, struct tv_facts_cost *cost, struct tv_error *err)
{
    struct tv_scan_spec scan_spec = {.from = spec->from,
            .to = spec->to,
            .arrival_to = spec->arrival_to,
            .where = where,
            .columns = {.fields = UINT32_MAX >> (32 - TV_FIELD_COUNT), .all_attributes = true},
            .order = TV_SCAN_ANY};
    struct tv_scan *scan = NULL;
    struct reader reader = {.facts = facts};
    enum tv_status status = tv_scan_open(spec->snapshot, &scan_spec, spec->cancel, &scan, err);
    while (status == TV_OK) {
        struct tv_scan_batch batch;
        status = tv_cancel_check(spec->cancel);
        if (status == TV_OK)
            status = tv_scan_next(scan, &batch, err);
        if (status != TV_OK || batch.count == 0)
            break;
        cost->rows += batch.count;
        take_batch(&reader, &batch);
    }
    release(&reader);
    if (scan) {
        struct tv_scan_stats stats;
        tv_scan_stats(scan, &stats);
        sum_cost(cost, &stats);
        tv_scan_close(scan);
    }
    return status;
}

enum tv_status tv_facts_read(struct tv_facts *facts, const struct tv_facts_spec *spec,
        struct tv_facts_cost *cost, struct tv_error *err)
{
    facts->from = spec->from;
    facts->to = spec->to;
    facts->first = facts->told_first = INT64_MAX;
    facts->last = facts->told_last = INT64_MIN;
    return read(facts, spec, NULL, cost, err);
}

enum tv_status tv_facts_read_metrics(struct tv_facts *facts, const struct tv_facts_spec *spec,
        struct tv_facts_cost *cost, struct tv_error *err)
{
    struct tv_value types[] = {
            tv_value_str(TV_STR("metric")), tv_value_str(TV_STR("system:metrics"))};
    struct tv_pred *where = tv_pred_in(&facts->arena, tv_field_ref_fixed(TV_FIELD_TYPE), types, 2);
    return read(facts, spec, where, cost, err);
}
