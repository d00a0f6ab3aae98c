/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: events that say themselves that something is out of order, with no past to compare with.
 *
 * Each kind of alert (a metric's name without its quantile, and a direction) is a dimension of its own:
 * what only one actor has says more than what everybody has, and rank.c weighs dimensions by that. The
 * class of the metric says what a kind is worth: resources that run out and traffic that stays away are
 * an actor's own, failures are what the symptom is made of, and slowness may come from whom it calls,
 * which it is taken for where a callee is known to be slow. Warnings count as alerts, too, where there is
 * no past at all that would tell which of them are new. */
#include "causality/evidence.h"

#include "base/mem.h"

#include <stdlib.h>

enum { FAMILY_BYTES = 96 };
#define EXPLAINED_LEFT 0.2
#define WORTH_WARNING  1.2

/* What an alert is worth by its class, too high and too low. */
static const double worths[][2] = {
        [TV_CLASS_FAILURES] = {0.2, 0.1},
        [TV_CLASS_SUCCESSES] = {0.2, 0.2},
        [TV_CLASS_DURATION] = {0.8, 0.1},
        [TV_CLASS_RESOURCE] = {0.5, 0.1},
        [TV_CLASS_TRAFFIC] = {0.1, 0.7},
        [TV_CLASS_OTHER] = {0.8, 0.8},
};

/* The name without the number of its quantile. */
static struct tv_str family(struct tv_str name, char out[FAMILY_BYTES])
{
    size_t len = 0;
    for (size_t at = 0; at < name.len && len < FAMILY_BYTES; at++)
        if (name.ptr[at] < '0' || name.ptr[at] > '9')
            out[len++] = name.ptr[at];
    return (struct tv_str){out, len};
}

static bool travels(enum tv_measure_class class)
{
    return class == TV_CLASS_FAILURES || class == TV_CLASS_DURATION;
}

/* The alerts whose peer the actor is: it called, and what it called is slow or fails. */
static bool *callers_of_alerted(const struct tv_facts *facts)
{
    bool *callers = tv_calloc(facts->name_count + 1, sizeof(*callers));
    for (size_t i = 0; i < facts->alert_count; i++) {
        const struct tv_fact_alert *alert = &facts->alerts[i];
        const struct tv_actor *actor = &facts->actors[alert->actor];
        if (alert->peer && alert->peer != actor->instance && alert->peer != actor->service)
            callers[alert->peer] = true;
    }
    return callers;
}

struct finder {
    struct tv_evidence_list *list;
    const struct tv_facts *facts;
    struct tv_map kinds;
    struct tv_arena arena;
};

/* The dimension of a kind of alert. */
static uint32_t dimension_of(struct finder *finder, struct tv_str kind)
{
    bool added = false;
    uint64_t *number = tv_map_put_copy(&finder->kinds, &finder->arena, kind, &added);
    if (added)
        *number = finder->kinds.count - 1;
    return TV_DIMENSION_ALERTS + (uint32_t)*number;
}

/* Warnings of events that have no past. */
static void take_warnings(struct finder *finder)
{
    const struct tv_facts *facts = finder->facts;
    bool *told = tv_calloc(facts->actor_count + 1, sizeof(*told));
    for (size_t i = 0; i < facts->record_count; i++) {
        const struct tv_fact_record *record = &facts->records[i];
        if (record->error || record->severity < TV_SEVERITY_WARN || told[record->actor])
            continue;
        told[record->actor] = true;
        struct tv_evidence *evidence = tv_evidence_add(finder->list, record->actor,
                dimension_of(finder, TV_STR("warning")), WORTH_WARNING);
        evidence->onset = record->time;
        evidence->record = (uint32_t)i;
        evidence->template = record->template;
        evidence->form = "warning";
    }
    free(told);
}

void tv_find_alerts(struct tv_evidence_list *list, const struct tv_facts *facts)
{
    struct finder finder = {.list = list, .facts = facts};
    bool *callers = callers_of_alerted(facts);
    if (tv_facts_have_no_past(facts))
        take_warnings(&finder);
    for (size_t i = 0; i < facts->alert_count; i++) {
        const struct tv_fact_alert *alert = &facts->alerts[i];
        const struct tv_actor *actor = &facts->actors[alert->actor];
        struct tv_str name = tv_facts_text(facts, alert->metric);
        enum tv_measure_class class = tv_measure_class_of(name);
        char key[FAMILY_BYTES + 1];
        size_t len = family(name, key).len;
        key[len] = alert->down ? '-' : '+';
        double strength = worths[class][alert->down];
        if (travels(class) && (callers[actor->instance] || callers[actor->service]))
            strength *= EXPLAINED_LEFT;
        struct tv_evidence *evidence = tv_evidence_add(
                list, alert->actor, dimension_of(&finder, (struct tv_str){key, len + 1}), strength);
        evidence->onset = alert->time;
        evidence->name = alert->metric;
        evidence->value = alert->down ? -1 : 1;
        evidence->form = "alert";
    }
    free(callers);
    tv_map_release(&finder.kinds);
    tv_arena_release(&finder.arena);
}
