/* SPDX-License-Identifier: Apache-2.0 */
/* Random events, put into a store and kept as plain structs. */
#include "support_world.h"

#include "base/mem.h"

struct tv_id oracle_trace_id(int trace)
{
    return (struct tv_id){
            UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(trace + 1), (uint64_t)trace + 1};
}

static struct row random_row(unsigned steps, unsigned ids)
{
    struct row row = {.service = oracle_below(4), .type = oracle_below(5), .name = -1, .text = -1};
    /* Mostly near each other, in steps that collide; one in ten up to days late. */
    row.time = BASE_NS + (int64_t)oracle_below(steps) * 100 * TV_NS_PER_MS;
    if (oracle_below(10) == 0)
        row.time -= (int64_t)oracle_below(5) * TV_NS_PER_DAY;
    row.duration = oracle_below(3) ? (int64_t)oracle_below(500) * TV_NS_PER_MS : -1;
    row.name = oracle_below(2) ? (int)oracle_below(6) : -1;
    row.text = oracle_below(3) ? (int)oracle_below(6) : -1;
    row.flag = oracle_below(3) ? (int)oracle_below(2) : -1;
    row.status = oracle_below(2) ? (uint8_t)(1 + oracle_below(3)) : 0;
    row.severity = oracle_below(2) ? (uint8_t)(1 + oracle_below(24)) : 0;
    row.number_kind = (enum number_kind)oracle_below(4);
    row.number = (double)((int)oracle_below(40) - 10);
    if (row.number_kind == NUMBER_FRACTION)
        row.number += 0.5;
    row.id = oracle_below(3) ? (int)oracle_below(ids) : -1;
    row.trace = oracle_below(3) ? (int)oracle_below(ids / 8) : -1;
    return row;
}

static void set_number(struct tv_batch *batch, uint32_t at, const struct row *row)
{
    char text[32];
    uint32_t attr = tv_batch_attr(batch, TV_STR("n"));
    struct tv_value value = tv_value_i64((int64_t)row->number);
    if (row->number_kind == NUMBER_FRACTION)
        value = tv_value_f64(row->number);
    (void)snprintf(text, sizeof(text), "%d", (int)row->number);
    if (row->number_kind == NUMBER_TEXT)
        value = tv_value_str(tv_str_of(text));
    if (row->number_kind != NUMBER_ABSENT)
        tv_batch_set_attr(batch, attr, at, value);
}

static void put_row(struct tv_batch *batch, const struct row *row, unsigned seq)
{
    char id[16];
    uint32_t at = tv_batch_add_row(batch);
    tv_batch_set_time(batch, at, row->time);
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, at, row->received);
    tv_batch_set_text(batch, TV_FIELD_SERVICE, at, tv_str_of(oracle_services[row->service]));
    tv_batch_set_text(batch, TV_FIELD_TYPE, at, tv_str_of(oracle_types[row->type]));
    if (row->name >= 0)
        tv_batch_set_text(batch, TV_FIELD_NAME, at, tv_str_of(oracle_texts[row->name]));
    if (row->duration >= 0)
        tv_batch_set_i64(batch, TV_FIELD_DURATION, at, row->duration);
    if (row->status)
        tv_batch_set_u8(batch, TV_FIELD_STATUS, at, row->status);
    if (row->severity)
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, at, row->severity);
    (void)snprintf(id, sizeof(id), "e%d", row->id);
    if (row->id >= 0)
        tv_batch_set_text(batch, TV_FIELD_EVENT_ID, at, tv_str_of(id));
    if (row->trace >= 0)
        tv_batch_set_id(batch, TV_FIELD_TRACE_ID, at, oracle_trace_id(row->trace));
    tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("seq")), at, tv_value_i64(seq));
    if (row->text >= 0)
        tv_batch_set_attr(batch, tv_batch_attr(batch, TV_STR("s")), at,
                tv_value_str(tv_str_of(oracle_texts[row->text])));
    if (row->flag >= 0)
        tv_batch_set_attr(
                batch, tv_batch_attr(batch, TV_STR("b")), at, tv_value_bool(row->flag == 1));
    set_number(batch, at, row);
}

/* The store keeps the first of two events with one id and service. */
static bool is_duplicate(struct world *world, const struct row *row)
{
    if (row->id < 0)
        return false;
    unsigned char *known = &world->ids[row->id];
    unsigned char bit = (unsigned char)(1u << row->service);
    bool found = *known & bit;
    *known |= bit;
    return found;
}

static unsigned fill_batch(struct world *world, struct tv_batch *batch, unsigned most)
{
    unsigned size = 1 + oracle_below(world->most > 400 ? 4000 : 120);
    unsigned made = 0;
    for (; made < size && made < most; made++) {
        struct row row = random_row(world->steps, world->id_count);
        row.received = world->received_ns;
        put_row(batch, &row, world->count);
        if (!is_duplicate(world, &row))
            world->rows[world->count++] = row;
    }
    world->received_ns += TV_NS_PER_S;
    return made;
}

void world_make(struct world *world, unsigned most)
{
    unsigned total = most > 400 ? most : 50 + oracle_below(most - 50);
    *world = (struct world){.most = most,
            .steps = most > 400 ? most / 2 : 600,
            .id_count = most > 400 ? most : 300,
            .received_ns = BASE_NS - TV_NS_PER_DAY};
    world->rows = tv_calloc(most, sizeof(*world->rows));
    world->hits = tv_calloc(most, sizeof(*world->hits));
    world->sorted = tv_calloc(most, sizeof(*world->sorted));
    world->durations = tv_calloc(most, sizeof(*world->durations));
    world->ids = tv_calloc(world->id_count, 1);
    fixture_open(&world->fixture);
    for (unsigned made = 0; made < total;) {
        struct tv_batch *batch = tv_batch_new();
        made += fill_batch(world, batch, total - made);
        fixture_commit(&world->fixture, batch);
        if (oracle_below(most > 400 ? 30 : 3) == 0)
            fixture_compact(&world->fixture);
    }
}

void world_release(struct world *world)
{
    fixture_close(&world->fixture);
    free(world->rows);
    free(world->hits);
    free(world->sorted);
    free(world->durations);
    free(world->ids);
}
