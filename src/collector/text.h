/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows. Where memory runs out it says so in `failed` and takes nothing more, so that a whole line can
 * be written without a check at each piece. */
#ifndef TV_COLLECTOR_TEXT_H
#define TV_COLLECTOR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tvc_text {
    char *data; /* owned; NULL while empty */
    size_t len, cap;
    bool failed;
};

void tvc_text_release(struct tvc_text *text);
void tvc_text_put(struct tvc_text *text, const char *bytes, size_t len);
/* A literal or other text that ends with NUL. */
void tvc_text_puts(struct tvc_text *text, const char *s);
void tvc_text_integer(struct tvc_text *text, int64_t value);
/* A finite number, so that every bit comes back. */
void tvc_text_number(struct tvc_text *text, double value);
void tvc_text_hex(struct tvc_text *text, const uint8_t *bytes, size_t count);
/* A JSON string with its quotes. What is not UTF-8 becomes U+FFFD. */
void tvc_text_quoted(struct tvc_text *text, const char *bytes, size_t len);

#endif
