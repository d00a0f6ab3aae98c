/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar of faults. Time is cut into periods of four minutes; in each, one thing goes wrong,
 * a different root each time, and is mended before the next. What a fault is called stands only in
 * the events that a real system would have: the deploy that brought it, the message of the one that
 * fails. Now and then a harmless deploy goes out elsewhere, so that "the last deploy" is no rule.
 * The period follows from the time alone: a demo that was stopped goes on where the clock is. */
#include "sim/sim_internal.h"

enum { PERIOD_S = 240, ONSET_S = 100, END_S = 190, PRELUDE_S = 80, DECOY_S = 60, NONE = -1 };

struct fault {
    int service; /* where it breaks */
    double slow; /* factor on its own time */
    double fail; /* share of calls */
    const char *failure;
    double held_per_s;   /* slots lost each second: a leak */
    double memory_per_s; /* per cent, from DECOY_S on */
    int changed;         /* the service whose change comes first, NONE */
    const char *change_type, *change_message;
    int decoy; /* a harmless deploy, NONE */
};

static const struct fault faults[] = {
        {.service = SIM_ORDERS_DB,
                .slow = 1,
                .held_per_s = 2,
                .changed = SIM_PAYMENT,
                .change_type = "deploy",
                .change_message = "hold the connection while the bank answers",
                .decoy = SIM_SEARCH},
        {.service = SIM_CATALOG_DB, .slow = 1200, .changed = NONE, .decoy = SIM_PRICING},
        {.service = SIM_AUTH,
                .slow = 1,
                .fail = 0.45,
                .failure = "signature of the token cannot be verified: unknown key id",
                .changed = SIM_AUTH,
                .change_type = "config",
                .change_message = "rotate signing keys",
                .decoy = NONE},
        {.service = SIM_INVENTORY,
                .slow = 700,
                .changed = SIM_INVENTORY,
                .change_type = "deploy",
                .change_message = "check every warehouse before a reservation",
                .decoy = NONE},
        {.service = SIM_SEARCH,
                .slow = 1,
                .fail = 0.6,
                .failure = "java.lang.OutOfMemoryError: Java heap space",
                .memory_per_s = 0.9,
                .changed = NONE,
                .decoy = SIM_AUTH},
};

enum { FAULT_COUNT = sizeof faults / sizeof *faults };

static void mend(struct sim_system *system)
{
    for (int i = 0; i < SIM_SERVICES; i++) {
        struct sim_service *service = &system->services[i];
        service->slow = 1;
        service->fail = 0;
        service->failure = NULL;
        service->slots_held = 0;
        service->memory_extra = 0;
    }
}

static void break_at(struct sim_system *system, const struct fault *fault, int64_t since_s)
{
    struct sim_service *service = &system->services[fault->service];
    service->slow = fault->slow;
    service->fail = fault->fail;
    service->failure = fault->failure;
    int held = (int)((double)(since_s + 1) * fault->held_per_s);
    service->slots_held = held < service->slots ? held : service->slots;
}

/* The changes of a period, each once, at its moment. */
static void announce(struct sim_system *system, const struct fault *fault, int64_t second)
{
    int64_t period = system->time_ns / (PERIOD_S * TV_NS_PER_S);
    int64_t stage = second >= PRELUDE_S ? 2 : second >= DECOY_S ? 1 : 0;
    int64_t made = period * 3 + stage;
    int64_t before = system->fault_stage;
    if (made == before)
        return;
    system->fault_stage = made;
    if (before < 0)
        return; /* the simulation began in the middle of a period */
    if (stage == 1 && fault->decoy >= 0) {
        system->services[fault->decoy].patch++;
        sim_emit_change(system, fault->decoy, "deploy", "update dependencies");
    }
    if (stage == 2 && fault->changed >= 0) {
        system->services[fault->changed].patch++;
        sim_emit_change(system, fault->changed, fault->change_type, fault->change_message);
    }
}

void sim_faults_apply(struct sim_system *system)
{
    int64_t seconds = system->time_ns / TV_NS_PER_S;
    int64_t second = seconds % PERIOD_S;
    const struct fault *fault = &faults[(seconds / PERIOD_S) % FAULT_COUNT];
    bool on = second >= ONSET_S && second < END_S;
    announce(system, fault, second);
    if (on)
        break_at(system, fault, second - ONSET_S);
    else if (system->fault_was_on)
        mend(system);
    if (fault->memory_per_s > 0 && second >= DECOY_S && second < END_S)
        system->services[fault->service].memory_extra =
                (double)(second - DECOY_S) * fault->memory_per_s;
    if (system->fault_was_on && !on && fault->changed >= 0 && second >= END_S) {
        system->services[fault->changed].patch++;
        sim_emit_change(system, fault->changed, fault->change_type, "roll back");
    }
    system->fault_was_on = on;
}
