/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the redactor share: texts (redactor.c) and batches (redact_batch.c). */
#ifndef TV_EVENT_REDACTOR_INTERNAL_H
#define TV_EVENT_REDACTOR_INTERNAL_H

#include "event/redact_internal.h"
#include "event/redactor.h"

#include <stdatomic.h>

struct tv_redactor {
    struct tv_redact_scanner scanner;
    enum tv_redact_action actions[TV_REDACT_RULE_COUNT];
    uint8_t key[TV_SECRET_KEY_BYTES];
    atomic_uint_fast64_t counts[TV_REDACT_RULE_COUNT];
};

/* What a cell asks of its text. */
enum tv_redact_form {
    TV_REDACT_FORM_IDENTITY = 1, /* equal stays equal, different stays different */
    TV_REDACT_FORM_JSON = 2,     /* stays JSON */
    TV_REDACT_FORMS = 4
};

/* Appends the text as such a cell gets it; returns a bit for each rule that found something. */
unsigned tv_redactor_rewrite_as(const struct tv_redactor *redactor, struct tv_str text,
        unsigned hints, unsigned form, struct tv_buf *out);

#endif
