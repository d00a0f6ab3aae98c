/* SPDX-License-Identifier: Apache-2.0 */
/* The traceparent header of W3C Trace Context (Recommendation of 23 November 2021, section 3.2): version, trace,
 * span and flags in lower-case hex. A later version may have more behind the flags, which is passed over (3.2.4). */
#include "traversion/collector.h"

#include <string.h>

enum { TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, TEXT_BYTES = 55 };

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` bytes of hex; false where it is none. */
static bool read_hex(const char *text, uint8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = digit(text[2 * i]);
        int low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= bytes[i];
    return any == 0;
}

bool traversion_context_parse(const char *traceparent, struct traversion_context *out)
{
    struct traversion_context context;
    uint8_t version;
    memset(out, 0, sizeof(*out));
    if (!traceparent || strnlen(traceparent, TEXT_BYTES + 1) < TEXT_BYTES)
        return false;
    char behind = traceparent[TEXT_BYTES];
    if (!read_hex(traceparent, &version, 1) || version == 0xff || traceparent[2] != '-' ||
            traceparent[SPAN_AT - 1] != '-' || traceparent[FLAGS_AT - 1] != '-')
        return false;
    if (behind != '\0' && (version == 0 || behind != '-'))
        return false;
    if (!read_hex(traceparent + TRACE_AT, context.trace_id, sizeof(context.trace_id)) ||
            !read_hex(traceparent + SPAN_AT, context.span_id, sizeof(context.span_id)) ||
            !read_hex(traceparent + FLAGS_AT, &context.flags, 1))
        return false;
    if (all_zero(context.trace_id, sizeof(context.trace_id)) ||
            all_zero(context.span_id, sizeof(context.span_id)))
        return false;
    *out = context;
    return true;
}

static char *write_hex(char *out, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    return out;
}

void traversion_context_format(
        const struct traversion_context *context, char out[TRAVERSION_TRACEPARENT_BYTES])
{
    out[0] = '\0';
    if (!context || all_zero(context->trace_id, sizeof(context->trace_id)))
        return;
    memcpy(out, "00-", TRACE_AT);
    char *at = write_hex(out + TRACE_AT, context->trace_id, sizeof(context->trace_id));
    *at++ = '-';
    at = write_hex(at, context->span_id, sizeof(context->span_id));
    *at++ = '-';
    at = write_hex(at, &context->flags, 1);
    *at = '\0';
}
