/* SPDX-License-Identifier: Apache-2.0 */
/* libtraversion: tells a traversiond what a C or C++ program does.
 *
 * A collector takes events from any thread of the program and brings them to the daemon in the
 * background. Recording copies the event into a ring of the calling thread and returns: it takes no
 * lock, waits for nothing, and allocates only at a thread's first event. When the daemon cannot be reached,
 * batches wait in memory, then on disk, each up to a bound; beyond that events are dropped and counted,
 * never the program delayed. A batch that is sent again is not stored twice.
 *
 *     struct traversion *t;
 *     struct traversion_options options = {.service = "checkout"};
 *     if (traversion_open(&options, &t) != TRAVERSION_OK)
 *         ...
 *     struct traversion_span span = traversion_span_start(t, "POST /cart", TRAVERSION_SERVER, &caller);
 *     ...
 *     traversion_span_end(t, &span, TRAVERSION_STATUS_OK, NULL, 0);
 *     traversion_close(t, 5000);
 *
 * All text is UTF-8, ends with NUL, is borrowed for the call only, and may be NULL where that means "none". A
 * collector of NULL is allowed everywhere and does nothing, so that a program whose traversion_open failed needs
 * no further checks. Nothing here aborts, exits, logs, raises a signal or changes the program's signal handling. */
#ifndef TRAVERSION_COLLECTOR_H
#define TRAVERSION_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct traversion;

enum traversion_result {
    TRAVERSION_OK,
    TRAVERSION_INVALID,   /* an option is missing or out of range */
    TRAVERSION_NO_MEMORY, /* memory, a thread or a descriptor was not to be had */
    TRAVERSION_NO_SPILL,  /* spill_dir cannot be made or written */
    TRAVERSION_TIMED_OUT  /* what is left waits, or was spilled; see the function */
};

/* A sentence for messages; static. */
const char *traversion_result_text(enum traversion_result result);

/* Make.
 *
 * Zero and NULL mean the default in brackets. Texts are copied. */
struct traversion_options {
    const char *service; /* required: the name under which the program's events are found */
    const char
            *endpoint; /* http:// or https:// and the daemon's address [$TRAVERSION_ENDPOINT, else
                             http://127.0.0.1:3335] */
    const char *token; /* of scope ingest [$TRAVERSION_TOKEN, else none] */
    const char *instance; /* which replica of the service [the host's name and the process id] */
    const char *version;  /* of the program: STATE shows it, and when it changed [none] */

    uint32_t
            ring_bytes; /* for each thread that records: a power of two, 4 KiB … 64 MiB [256 KiB] */
    uint32_t threads_max;  /* threads that can hold a ring at a time, 1 … 65536 [1024] */
    uint32_t batch_bytes;  /* a request's body at most, 4 KiB … 16 MiB [512 KiB] */
    uint32_t interval_ms;  /* how long an event waits at most for others, 1 … 60000 [200] */
    uint64_t memory_bytes; /* of batches that wait for the daemon [8 MiB] */
    const char *spill_dir; /* folder for what does not fit there; made if absent, mode 0700. What an
                              earlier process left in it is sent too [none: it is dropped] */
    uint64_t spill_bytes;  /* of that folder [64 MiB] */
};

/* Starts the background thread. On TRAVERSION_OK, *out is owned by the caller (traversion_close), else
 * it is NULL. The daemon need not be there. */
enum traversion_result traversion_open(
        const struct traversion_options *options, struct traversion **out);

/* Sends what was recorded before the call, waits for that at most `timeout_ms`, and frees the collector.
 * No other thread may use it any more. TRAVERSION_TIMED_OUT: some of it was not acknowledged; it lies in
 * the spill folder for the next process, or is lost where there is none or it is full. */
enum traversion_result traversion_close(struct traversion *t, uint32_t timeout_ms);

/* Waits at most `timeout_ms` until the daemon acknowledged what was recorded before the call.
 * TRAVERSION_TIMED_OUT: it goes on trying. */
enum traversion_result traversion_flush(struct traversion *t, uint32_t timeout_ms);

/* In a process made by fork() the parent's collector records nothing (its thread is not there):
 * close it there, which frees it and sends nothing, and open another. */

/* Counts since traversion_open. recorded = sent + rejected + waiting + dropped, once all threads rest. */
struct traversion_counts {
    uint64_t recorded;      /* events given to the functions below */
    uint64_t sent;          /* acknowledged: the daemon has them on disk */
    uint64_t rejected;      /* refused by the daemon as they were: a retry would not help */
    uint64_t dropped;       /* ring, memory or disk full, or no memory */
    uint64_t waiting;       /* in rings, memory and on disk */
    uint64_t waiting_bytes; /* in memory and on disk, as batches */
    uint64_t retries;       /* requests that failed and were or will be sent again */
    char problem[160];      /* why the last request failed; "" after one that went well */
};
void traversion_counts(struct traversion *t, struct traversion_counts *out);

/* Contexts: which trace and span something belongs to. */

struct traversion_context {
    uint8_t trace_id[16]; /* all 0: there is none */
    uint8_t span_id[8];
    uint8_t flags; /* bit 0: sampled, as others judged; passed on, not obeyed */
};

enum { TRAVERSION_TRACEPARENT_BYTES = 56 }; /* with the NUL */

/* Reads the value of a traceparent header (W3C Trace Context, section 3.2). False, and *out has no
 * trace, where it is absent or not valid, as that text asks for. */
bool traversion_context_parse(const char *traceparent, struct traversion_context *out);
/* Writes one, to be sent along with calls. An empty text where the context has no trace. */
void traversion_context_format(
        const struct traversion_context *context, char out[TRAVERSION_TRACEPARENT_BYTES]);

/* Attributes: what else there is to say. At most 64 count; texts over 4 KiB are cut at a character. */

enum traversion_type { TRAVERSION_TEXT, TRAVERSION_NUMBER, TRAVERSION_INTEGER, TRAVERSION_BOOL };

struct traversion_attribute {
    const char *key; /* NULL: it is left out */
    enum traversion_type type;
    union {
        const char *text; /* NULL: it is left out */
        double number;    /* not finite: it is left out */
        int64_t integer;
        bool truth;
    } value;
};

static inline struct traversion_attribute traversion_text(const char *key, const char *text)
{
    struct traversion_attribute a = {key, TRAVERSION_TEXT, {NULL}};
    a.value.text = text;
    return a;
}

static inline struct traversion_attribute traversion_number(const char *key, double number)
{
    struct traversion_attribute a = {key, TRAVERSION_NUMBER, {NULL}};
    a.value.number = number;
    return a;
}

static inline struct traversion_attribute traversion_integer(const char *key, int64_t integer)
{
    struct traversion_attribute a = {key, TRAVERSION_INTEGER, {NULL}};
    a.value.integer = integer;
    return a;
}

static inline struct traversion_attribute traversion_bool(const char *key, bool truth)
{
    struct traversion_attribute a = {key, TRAVERSION_BOOL, {NULL}};
    a.value.truth = truth;
    return a;
}

/* Use. All of these are for any thread, return at once, and cannot fail in a way that is to be handled. */

enum traversion_kind {
    TRAVERSION_INTERNAL,
    TRAVERSION_SERVER,
    TRAVERSION_CLIENT,
    TRAVERSION_PRODUCER,
    TRAVERSION_CONSUMER
};

enum traversion_status { TRAVERSION_STATUS_UNSET, TRAVERSION_STATUS_OK, TRAVERSION_STATUS_ERROR };

/* A span that is open: a plain value in the caller's hands, sent when it ends. `context` is its own, for the
 * calls and events inside it. */
struct traversion_span {
    struct traversion_context context;
    uint8_t parent_span_id[8]; /* all 0: it is the root of its trace */
    enum traversion_kind kind;
    int64_t start_ns;   /* since 1970 */
    int64_t started_ns; /* of the monotonic clock: durations do not jump with the other */
    const char *name;   /* borrowed until the end */
};

/* Begins a span in the trace of `parent`, or a trace of its own if that is NULL or has none. */
struct traversion_span traversion_span_start(struct traversion *t, const char *name,
        enum traversion_kind kind, const struct traversion_context *parent);
void traversion_span_end(struct traversion *t, const struct traversion_span *span,
        enum traversion_status status, const struct traversion_attribute *attributes, size_t count);

enum traversion_severity {
    TRAVERSION_TRACE = 1, /* the numbers are OpenTelemetry's */
    TRAVERSION_DEBUG = 5,
    TRAVERSION_INFO = 9,
    TRAVERSION_WARN = 13,
    TRAVERSION_ERROR = 17,
    TRAVERSION_FATAL = 21
};

/* Any event: what the shorthands below are made of. */
struct traversion_event {
    const char *type; /* "log", "deploy", "config", a type of your own … [log] */
    const char *name;
    const char *message;
    enum traversion_severity severity;        /* 0: none */
    const struct traversion_context *context; /* the span that it happened in, or NULL */
    int64_t time_ns;                          /* since 1970 [now] */
    const struct traversion_attribute *attributes;
    size_t count;
};
void traversion_record(struct traversion *t, const struct traversion_event *event);

/* A line of a log. */
void traversion_log(struct traversion *t, enum traversion_severity severity, const char *message,
        const struct traversion_context *context);

/* An error with the calling thread's stack. `type` is a short name ("TimeoutError"). */
void traversion_error(struct traversion *t, const char *type, const char *message,
        const struct traversion_context *context);

/* A database query, once it is over, as a client span inside `parent`. */
struct traversion_query {
    const char *system;    /* "postgresql", "redis" … */
    const char *statement; /* with placeholders; the daemon masks what looks like a secret */
    const char *database;
    const char *error; /* why it failed; NULL: it did not */
    int64_t rows;      /* returned or changed; negative: not known */
    int64_t duration_ns;
    const struct traversion_context *parent;
};
void traversion_query(struct traversion *t, const struct traversion_query *query);

/* Ends a span as an HTTP request's: of kind server one that was served, of kind client one that was sent. Status 500
 * and above (of a client: 400 and above) or 0 (no answer) make it an error. */
struct traversion_http {
    const char *method; /* "GET" */
    const char *route;  /* "/users/{id}", of few different values */
    const char *url;    /* path or whole */
    int status;         /* of the answer; 0: none came */
};
void traversion_http_end(struct traversion *t, const struct traversion_span *span,
        const struct traversion_http *http);

enum traversion_metric_kind { TRAVERSION_GAUGE, TRAVERSION_SUM, TRAVERSION_SUM_DELTA };

/* A point of a metric: its name, value, unit ("1", "By", "ms", or NULL), and labels (texts). */
struct traversion_metric {
    const char *name;
    double value;
    const char *unit;
    enum traversion_metric_kind kind; /* a sum is cumulative; a delta is since the point before */
    const struct traversion_attribute *labels;
    size_t count;
};
void traversion_metric(struct traversion *t, const struct traversion_metric *metric);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
