/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets are masked before anything is stored, by the name of the key that holds them. */
#ifndef TV_EVENT_REDACT_H
#define TV_EVENT_REDACT_H

#include "base/str.h"

/* Whether a (dotted) key names a secret: one of its words is password, passwd, pwd, token, secret,
 * authorization, cookie or "api key"; words are split at dots, dashes, underscores, blanks and
 * camelCase. `author`, `monkey` and `cacheKey` name none. */
bool tv_redact_is_secret(struct tv_str key);
/* What stands in a secret's place. */
struct tv_str tv_redact_mask(void);

#endif
