/* SPDX-License-Identifier: Apache-2.0 */
/* What a key says about its value: that it is a secret, which is masked whatever it holds, or that
 * digits in it mean more than they would elsewhere. What values say themselves is redact_scan.h's. */
#ifndef TV_EVENT_REDACT_H
#define TV_EVENT_REDACT_H

#include "base/str.h"

/* Bits of what the words of a key, or of the text before a number, tell. */
enum tv_redact_hint {
    TV_REDACT_HINT_SECRET = 1,
    TV_REDACT_HINT_PHONE = 2, /* phone, tel, mobile, cell, msisdn, fax, sms, whatsapp */
    TV_REDACT_HINT_SSN = 4,   /* ssn, itin, socialsecurity; "social security" */
    TV_REDACT_HINT_CARD = 8   /* card, creditcard, pan, ccnum */
};

/* Splits a (dotted) key into words and tells what they mean. Words end at every byte that is no
 * letter (dots, dashes, underscores, blanks, digits) and where camelCase starts a new one
 * ("refreshToken", "APIKey"); singular or plural, any case; bytes over 0x7f are letters. A secret is
 * named by password, passwd, pwd, token, secret, authorization, cookie or apikey, or by the two words
 * "api key". `author`, `monkey`, `cacheKey`, `publicKey`, `tokenizer` and `secretary` name none. */
unsigned tv_redact_hints(struct tv_str key);
/* Whether the last word (or the last two, "api key") names a secret: `db_password`, and not
 * `token_expiration`, whose value is none. */
bool tv_redact_ends_in_secret(struct tv_str key);

static inline bool tv_redact_is_secret(struct tv_str key)
{
    return tv_redact_hints(key) & TV_REDACT_HINT_SECRET;
}

/* What stands in the place of a value whose key names a secret. */
struct tv_str tv_redact_mask(void);

#endif
