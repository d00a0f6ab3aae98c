/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own log, one line an entry on standard error, logfmt or JSON. Only the rooms api,
 * ingest, pipeline and daemon write; others return what is wrong. Safe from any thread.
 *
 *     tv_log(TV_LOG_INFO, "listening", "http", address, "otlp", otlp, (char *)NULL);
 *
 * gives: time=2024-01-15T15:47:23.000Z level=info msg=listening http=127.0.0.1:3335 …
 */
#ifndef TV_BASE_LOG_H
#define TV_BASE_LOG_H

#include "base/str.h"

enum tv_log_level { TV_LOG_DEBUG, TV_LOG_INFO, TV_LOG_WARN, TV_LOG_ERROR };
enum tv_log_format { TV_LOG_LOGFMT, TV_LOG_JSON };

/* Process-wide; called once before threads start. */
void tv_log_setup(enum tv_log_level least, enum tv_log_format format);
/* "debug", "info", "warn", "error" / "logfmt", "json". */
TV_CHECKED bool tv_log_level_from_name(struct tv_str name, enum tv_log_level *out);
TV_CHECKED bool tv_log_format_from_name(struct tv_str name, enum tv_log_format *out);
bool tv_log_enabled(enum tv_log_level level);
/* `message`, then pairs of key and value (const char *), then a NULL of type char *. */
void tv_log(enum tv_log_level level, const char *message, ...) __attribute__((sentinel));

#endif
