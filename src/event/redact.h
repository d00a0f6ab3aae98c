/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets are masked before anything is stored, by the name of the key that holds them. */
#ifndef TV_EVENT_REDACT_H
#define TV_EVENT_REDACT_H

#include "base/str.h"

/* Whether a (dotted) key names a secret. One rule: split into words, one of its words is password,
 * passwd, pwd, token, secret, authorization, cookie or apikey, or two of them that follow each
 * other are "api key"; singular or plural, any case. Words end at every byte that is no letter
 * (dots, dashes, underscores, blanks, digits) and where camelCase starts a new one ("refreshToken",
 * "APIKey"). Bytes over 0x7f are letters. `author`, `monkey`, `cacheKey`, `publicKey`, `tokenizer`
 * and `secretary` name none. */
bool tv_redact_is_secret(struct tv_str key);
/* What stands in a secret's place. */
struct tv_str tv_redact_mask(void);

#endif
