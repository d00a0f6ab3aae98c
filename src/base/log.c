/* SPDX-License-Identifier: Apache-2.0 */
/* The log: each line is built in memory and written at once, so that lines of several threads do
 * not mix (POSIX keeps writes to a pipe whole up to PIPE_BUF, 4096 bytes on Linux). The level and
 * format are the process's, set before threads start and atomic all the same. */
#include "base/log.h"

#include "base/json_out.h"
#include "base/time.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

static _Atomic int least_level = TV_LOG_INFO;
static _Atomic int line_format = TV_LOG_LOGFMT;

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const format_names[] = {"logfmt", "json"};

void tv_log_setup(enum tv_log_level least, enum tv_log_format format)
{
    atomic_store(&least_level, (int)least);
    atomic_store(&line_format, (int)format);
}

static int index_of(struct tv_str name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (tv_str_equal_nocase(name, tv_str_of(names[i])))
            return i;
    }
    return -1;
}

bool tv_log_level_from_name(struct tv_str name, enum tv_log_level *out)
{
    int index = index_of(name, level_names, sizeof(level_names) / sizeof(level_names[0]));
    if (index < 0)
        return false;
    *out = (enum tv_log_level)index;
    return true;
}

bool tv_log_format_from_name(struct tv_str name, enum tv_log_format *out)
{
    int index = index_of(name, format_names, sizeof(format_names) / sizeof(format_names[0]));
    if (index < 0)
        return false;
    *out = (enum tv_log_format)index;
    return true;
}

bool tv_log_enabled(enum tv_log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

/* Whether logfmt takes the text without quotes. */
static bool is_bare(struct tv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return text.len > 0;
}

static void put_pair(
        struct tv_buf *line, struct tv_json_out *json, const char *key, struct tv_str value)
{
    if (json) {
        tv_json_key(json, key);
        tv_json_str(json, value);
        return;
    }
    if (line->len > 0)
        tv_buf_append_char(line, ' ');
    tv_buf_append_str(line, tv_str_of(key));
    tv_buf_append_char(line, '=');
    if (is_bare(value))
        tv_buf_append_str(line, value);
    else
        tv_json_quote(line, value);
}

static void put_time(struct tv_buf *line, struct tv_json_out *json)
{
    enum { MILLISECONDS_END = 23 };
    char text[TV_TIME_TEXT_BYTES];
    (void)tv_time_format(tv_time_now(), text);
    text[MILLISECONDS_END] = 'Z';
    put_pair(line, json, "time", (struct tv_str){text, MILLISECONDS_END + 1});
}

static void write_line(struct tv_str line)
{
    while (line.len > 0) {
        ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* there is nowhere to complain to */
        line.ptr += written;
        line.len -= (size_t)written;
    }
}

void tv_log(enum tv_log_level level, const char *message, ...)
{
    if (!tv_log_enabled(level))
        return;
    struct tv_buf line = {0};
    struct tv_json_out writer = {.out = &line};
    struct tv_json_out *json = NULL;
    if (atomic_load_explicit(&line_format, memory_order_relaxed) == TV_LOG_JSON) {
        json = &writer;
        tv_json_object(json);
    }
    put_time(&line, json);
    put_pair(&line, json, "level", tv_str_of(level_names[level]));
    put_pair(&line, json, "msg", tv_str_of(message));
    va_list args;
    va_start(args, message);
    for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *))
        put_pair(&line, json, key, tv_str_of(va_arg(args, const char *)));
    va_end(args);
    if (json)
        tv_json_end(json);
    tv_buf_append_char(&line, '\n');
    write_line(tv_buf_str(&line));
    tv_buf_release(&line);
}
