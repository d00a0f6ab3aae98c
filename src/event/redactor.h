/* SPDX-License-Identifier: Apache-2.0 */
/* Redaction of what decoders made, before anybody sees it: the rules of redact_scan.h with what is to
 * be done about each.
 *
 * Every text of a batch, whatever decoder it came from and whatever field it is in, is searched once;
 * where something is found, the cells that hold it get a new text. Where a text tells one thing from
 * another (service, instance, host, event ids, names of attributes) the value is hashed whatever the
 * action, since two hosts must stay two.
 *
 * A redactor may be used by many threads at once: it never changes, but for its counts. */
#ifndef TV_EVENT_REDACTOR_H
#define TV_EVENT_REDACTOR_H

#include "base/buf.h"
#include "base/secret.h"
#include "event/batch.h"
#include "event/redact_scan.h"

struct tv_redactor;

enum tv_redact_action {
    TV_REDACT_OFF,
    TV_REDACT_REPLACE, /* [email] */
    TV_REDACT_HASH,    /* [email:3f09a1b2c4d5], the same for the same value: it still joins */
    TV_REDACT_DROP     /* nothing; a text of which nothing is left is absent */
};

/* `rules` is a list like "email=hash, ip=replace, phone=off" over the defaults (replace; ip off);
 * "off" alone turns all off. TV_BAD_INPUT names what is unknown. Owned by the caller
 * (tv_redactor_free). */
TV_CHECKED enum tv_status tv_redactor_new(struct tv_str rules,
        const uint8_t key[TV_SECRET_KEY_BYTES], struct tv_redactor **out, struct tv_error *err);
void tv_redactor_free(struct tv_redactor *redactor);

enum tv_redact_action tv_redactor_action(
        const struct tv_redactor *redactor, enum tv_redact_rule rule);
const char *tv_redact_action_name(enum tv_redact_action action);
/* Values in which the rule found something, since the redactor was made. */
uint64_t tv_redactor_count(const struct tv_redactor *redactor, enum tv_redact_rule rule);
/* For tv_redact_search_init. */
const struct tv_redact_scanner *tv_redactor_scanner(const struct tv_redactor *redactor);

/* How far a batch was filled, for batches that are filled by several bodies. */
struct tv_redact_mark {
    uint32_t strings, rows;
};

static inline struct tv_redact_mark tv_redact_mark_of(const struct tv_batch *batch)
{
    return (struct tv_redact_mark){batch->strings.count, batch->rows};
}

/* Redacts what came into the batch since the mark ({0, 0}: all). */
void tv_redactor_apply(
        struct tv_redactor *redactor, struct tv_batch *batch, struct tv_redact_mark since);
/* Appends the text as it would be stored. `hints`: see tv_redact_hints. */
void tv_redactor_rewrite(
        const struct tv_redactor *redactor, struct tv_str text, unsigned hints, struct tv_buf *out);

#endif
