/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a text, with any hints: what is found lies in order inside of it, and a rewritten text
 * has the rest as it was. */
#include "base/mem.h"
#include "event/redactor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_matches(const struct tv_redactor *redactor, struct tv_str text, unsigned hints)
{
    struct tv_redact_search search;
    struct tv_redact_match match;
    size_t behind = 0;
    tv_redact_search_init(&search, tv_redactor_scanner(redactor), text, hints);
    while (tv_redact_next(&search, &match)) {
        TV_ASSERT(match.start >= behind && match.start < match.end && match.end <= text.len);
        TV_ASSERT(match.rule < TV_REDACT_RULE_COUNT);
        behind = match.end;
    }
}

/* Dropping all finds leaves a text that is no longer and made of what stood there. */
static void check_rewritten(const struct tv_redactor *redactor, struct tv_str text, unsigned hints)
{
    struct tv_buf out = {0};
    size_t at = 0;
    tv_redactor_rewrite(redactor, text, hints, &out);
    TV_ASSERT(out.len <= text.len);
    for (size_t i = 0; i < out.len; i++, at++) {
        while (at < text.len && text.ptr[at] != out.data[i])
            at++;
        TV_ASSERT(at < text.len);
    }
    tv_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tv_redactor *redactor;
    static const uint8_t key[TV_SECRET_KEY_BYTES];
    static const char rules[] =
            "email=drop,card=drop,iban=drop,ssn=drop,phone=drop,ip=drop,jwt=drop,"
            "aws-key=drop,github=drop,slack=drop,private-key=drop,bearer=drop,"
            "secret=drop";
    if (!redactor)
        TV_ASSERT(tv_redactor_new(tv_str_of(rules), key, &redactor, NULL) == TV_OK);
    if (size == 0)
        return 0;
    char *text = tv_malloc(size); /* of its own size, so that reading past it is found */
    memcpy(text, data + 1, size - 1);
    check_matches(redactor, (struct tv_str){text, size - 1}, data[0] & 15);
    check_rewritten(redactor, (struct tv_str){text, size - 1}, data[0] & 15);
    free(text);
    return 0;
}
