/* SPDX-License-Identifier: Apache-2.0 */
/* What a metric's name says that it measures. Units and kinds would be better witnesses, but most
 * sources send none; the words are those of OpenTelemetry's semantic conventions, Prometheus' and the
 * clouds' habits. The first list that has a word of the name wins: "request_errors" are failures, not
 * requests. A word is found anywhere in the name, or, with a blank before it, at the start of a word. */
#include "causality/evidence.h"

static bool is_word_start(struct tv_str text, size_t at)
{
    if (at == 0)
        return true;
    char before = text.ptr[at - 1];
    return !((before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z'));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool has_word(struct tv_str text, const char *word)
{
    bool at_start = word[0] == ' ';
    word += at_start;
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= text.len; at++) {
        size_t same = 0;
        while (same < len && lower(text.ptr[at + same]) == word[same])
            same++;
        if (same == len && (!at_start || is_word_start(text, at)))
            return true;
    }
    return false;
}

enum { WORDS_MAX = 48 };

static const struct {
    enum tv_measure_class class;
    const char *words[WORDS_MAX];
} classes[] = {
        {TV_CLASS_SUCCESSES, {"success", "availab", " ready", "uptime", "healthy", " up", "apdex"}},
        {TV_CLASS_FAILURES,
                {"err", "fail", "5xx", "4xx", "exception", "panic", "restart", "throttl", "drop",
                        "reject", "cancel", "exhaust", "timeout", "abort", "retr", " lost", "loss",
                        "fault", "oom", "crash", "unhealthy", "evict"}},
        {TV_CLASS_DURATION,
                {"latenc", "duration", " p50", " p75", " p90", " p95", " p99", "response_time",
                        "elapsed", " wait", " lag", "delay", " age", "rtt", "degraded", "slow"}},
        {TV_CLASS_RESOURCE,
                {"cpu", "mem", "disk", "heap", "thread", "queue", "pool", "conn", "fs_", "file",
                        " load", " gc", "depth", "capacity", "util", "pending", "backlog", "rss",
                        "cache", "swap", "socket", "goroutine", "fd", "inode", "saturation"}},
        {TV_CLASS_TRAFFIC,
                {"req", "qps", "rps", " ops", "rate", "count", "byte", "packet", "net_", "network",
                        " rx", " tx", "throughput", "call", "receive", "trans", "syscall", "total",
                        "per_sec", "per_min", "workload", "hits", "messages", "flush"}},
};

enum tv_measure_class tv_measure_class_of(struct tv_str metric)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        for (size_t k = 0; k < WORDS_MAX && classes[i].words[k]; k++)
            if (has_word(metric, classes[i].words[k]))
                return classes[i].class;
    return TV_CLASS_OTHER;
}
