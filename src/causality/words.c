/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences that a tired engineer can check: what was seen, how often, and what is usual. */
#include "causality/words.h"

#include "base/time.h"

#include <math.h>
#include <stdio.h>

enum { NUMBER_BYTES = 32 };

/* Seconds with the unit that suits them. */
static const char *seconds_text(double seconds, char out[NUMBER_BYTES])
{
    if (seconds >= 1)
        (void)snprintf(out, NUMBER_BYTES, "%.3g s", seconds);
    else if (seconds >= 1e-3)
        (void)snprintf(out, NUMBER_BYTES, "%.3g ms", seconds * 1e3);
    else
        (void)snprintf(out, NUMBER_BYTES, "%.3g us", seconds * 1e6);
    return out;
}

static struct tv_str operation_name(const struct tv_facts *facts, uint32_t operation)
{
    struct tv_str name = tv_facts_text(facts, facts->operations[operation].name);
    return name.ptr ? name : TV_STR("an operation");
}

static struct tv_str latency_text(
        const struct tv_evidence *item, const struct tv_facts *facts, struct tv_arena *arena)
{
    char value[NUMBER_BYTES];
    char usual[NUMBER_BYTES];
    struct tv_str operation = operation_name(facts, item->name);
    struct tv_str peer = tv_facts_text(facts, item->peer);
    seconds_text(item->value, value);
    seconds_text(item->usual, usual);
    if (strcmp(item->form, "called") == 0)
        return tv_arena_printf(arena,
                "%u of %u calls of %.*s to it (%.*s) were slow: median %s, usually %s", item->count,
                item->of, TV_STR_ARG(peer), TV_STR_ARG(operation), value, usual);
    if (strcmp(item->form, "calling") == 0)
        return tv_arena_printf(arena,
                "%u of %u of its calls to %.*s (%.*s) were slow: median %s, usually %s",
                item->count, item->of, TV_STR_ARG(peer), TV_STR_ARG(operation), value, usual);
    return tv_arena_printf(arena,
            "%u of %u runs of %.*s were slow by themselves: median %s, usually %s", item->count,
            item->of, TV_STR_ARG(operation), value, usual);
}

static struct tv_str quoted_message(
        const struct tv_evidence *item, const struct tv_facts *facts, struct tv_arena *arena)
{
    const struct tv_fact_record *record =
            item->record == TV_NONE ? NULL : &facts->records[item->record];
    if (record && record->message.ptr)
        return record->message;
    return tv_template_text(&facts->templates, item->template, arena);
}

static struct tv_str behaviour_text(
        const struct tv_evidence *item, const struct tv_facts *facts, struct tv_arena *arena)
{
    if (strcmp(item->form, "failing") == 0)
        return tv_arena_printf(arena, "%u of %u runs of %.*s failed, usually %.3g %%", item->count,
                item->of, TV_STR_ARG(operation_name(facts, item->name)), item->usual * 100);
    if (strcmp(item->form, "missing call") == 0)
        return tv_arena_printf(arena, "%.*s calls %.*s %.3g times a run, usually %.3g",
                TV_STR_ARG(operation_name(facts, item->name)),
                TV_STR_ARG(operation_name(facts, item->template)), item->value, item->usual);
    if (strcmp(item->form, "new call") == 0)
        return tv_arena_printf(arena, "%.*s calls %.*s %.3g times a run, usually %.3g",
                TV_STR_ARG(operation_name(facts, item->name)),
                TV_STR_ARG(operation_name(facts, item->template)), item->value, item->usual);
    struct tv_str message = quoted_message(item, facts, arena);
    if (strcmp(item->form, "silenced") == 0)
        return tv_arena_printf(arena, "no longer says '%.*s': %.3g times a run, usually %.3g",
                TV_STR_ARG(message), item->value, item->usual);
    if (item->of)
        return tv_arena_printf(arena, "said %u times in %u runs '%.*s', usually %.3g times a run",
                item->count, item->of, TV_STR_ARG(message), item->usual);
    return tv_arena_printf(arena, "said %u times '%.*s', usually %.3g times a minute", item->count,
            TV_STR_ARG(message), item->usual * 60);
}

struct tv_str tv_evidence_signal(const struct tv_evidence *evidence, const struct tv_facts *facts)
{
    switch (evidence->dimension) {
    case TV_DIMENSION_LATENCY:
        return TV_STR("latency");
    case TV_DIMENSION_BEHAVIOUR:
        return tv_str_of(evidence->form);
    case TV_DIMENSION_MESSAGES:
        return TV_STR("message");
    default:
        return tv_facts_text(facts, evidence->name);
    }
}

struct tv_str tv_evidence_text(
        const struct tv_evidence *evidence, const struct tv_facts *facts, struct tv_arena *arena)
{
    struct tv_str name = tv_evidence_signal(evidence, facts);
    switch (evidence->dimension) {
    case TV_DIMENSION_LATENCY:
        return latency_text(evidence, facts, arena);
    case TV_DIMENSION_BEHAVIOUR:
    case TV_DIMENSION_MESSAGES:
        return behaviour_text(evidence, facts, arena);
    default:
        break;
    }
    if (strcmp(evidence->form, "warning") == 0)
        return tv_arena_printf(
                arena, "warned '%.*s'", TV_STR_ARG(quoted_message(evidence, facts, arena)));
    if (evidence->dimension >= TV_DIMENSION_ALERTS)
        return tv_arena_printf(arena, "%.*s is alerted as too %s", TV_STR_ARG(name),
                evidence->value < 0 ? "low" : "high");
    return tv_arena_printf(arena, "%.*s at %.4g, usually %.4g", TV_STR_ARG(name), evidence->value,
            evidence->usual);
}
