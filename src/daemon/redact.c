/* SPDX-License-Identifier: Apache-2.0 */
/* The redaction key, and traversiond redact: what would become of these lines.
 *
 * The command goes the way that events go: a line that is an event is decoded to a batch and redacted
 * there, any other line is a message. So what it shows is what would be stored, and not what a second
 * implementation of the rules thinks. */
#include "daemon/redact.h"

#include "base/time.h"
#include "daemon/admin.h"
#include "daemon/command.h"
#include "daemon/daemon.h"
#include "daemon/lines.h"
#include "event/event_json.h"
#include "ingest/native.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char usage[] =
        "usage: traversiond redact FILE|- [--explain] [--redact RULES] [--data-dir DIR]\n\n"
        "Writes the lines of FILE as they would be stored: events (JSON, one a line) or any text. Stores\n"
        "nothing. Rules are those of the configuration, or of --redact.\n\n"
        "  --explain    tell instead, for each value that changes, where it is and which rule found it\n";

/* The key. */

static enum tv_status read_key(int file, const char *path, uint8_t *key, struct tv_error *err)
{
    ssize_t bytes = read(file, key, TV_SECRET_KEY_BYTES);
    if (bytes == TV_SECRET_KEY_BYTES)
        return TV_OK;
    if (bytes < 0)
        return tv_fail(err, TV_IO, "cannot read '%s': %s", path, strerror(errno));
    (void)tv_fail(err, TV_CORRUPT, "'%s' is shorter than %d bytes", path, TV_SECRET_KEY_BYTES);
    tv_error_hint(err, "remove it: a new key is made, whose hashes differ from those stored");
    return TV_CORRUPT;
}

static enum tv_status make_key(const char *path, uint8_t *key, struct tv_error *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    tv_secret_random(key, TV_SECRET_KEY_BYTES);
    if (file < 0)
        return tv_fail(err, TV_IO, "cannot make '%s': %s", path, strerror(errno));
    bool written = write(file, key, TV_SECRET_KEY_BYTES) == TV_SECRET_KEY_BYTES && fsync(file) == 0;
    int reason = errno;
    (void)close(file);
    if (written)
        return TV_OK;
    (void)unlink(path);
    return tv_fail(err, TV_IO, "cannot write '%s': %s", path, strerror(reason));
}

static enum tv_status load_key(const char *dir, uint8_t *key, struct tv_error *err)
{
    struct tv_arena arena = {0};
    const char *path = tv_arena_printf(&arena, "%s/redact.key", dir).ptr;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum tv_status status = TV_OK;
    if (file >= 0) {
        status = read_key(file, path, key, err);
        (void)close(file);
    } else if (errno == ENOENT) {
        status = make_key(path, key, err);
    } else {
        status = tv_fail(err, TV_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    tv_arena_release(&arena);
    return status;
}

static struct tv_str rules_of(const struct tv_config *config)
{
    return config->redact ? tv_str_of(config->redact) : TV_STR("");
}

enum tv_status tv_redact_load(
        const struct tv_config *config, struct tv_redactor **out, struct tv_error *err)
{
    uint8_t key[TV_SECRET_KEY_BYTES];
    enum tv_status status = load_key(config->data_dir, key, err);
    return status == TV_OK ? tv_redactor_new(rules_of(config), key, out, err) : status;
}

/* The command. */

struct run {
    struct tv_redactor *redactor;
    bool explain;
    uint64_t line;
    struct tv_buf text;
};

/* The line as a batch of one row; whether it was an event. */
static bool read_line(struct tv_str line, struct tv_batch *batch)
{
    static struct tv_decode_report report;
    struct tv_decode_options options = {.received_ns = tv_time_now()};
    if (tv_str_starts_with(line, TV_STR("{")) &&
            tv_native_decode(line, &options, batch, &report, NULL) == TV_OK &&
            report.accepted == 1 && report.rejected == 0)
        return true;
    if (batch->rows == 0)
        (void)tv_batch_add_row(batch);
    tv_batch_set_text(batch, TV_FIELD_MESSAGE, 0, line);
    return false;
}

/* Tells what the rules find in one value. */
static void explain_value(struct run *run, struct tv_str where, struct tv_str text, unsigned hints)
{
    struct tv_redact_search search;
    struct tv_redact_match match;
    tv_redact_search_init(&search, tv_redactor_scanner(run->redactor), text, hints);
    while (tv_redact_next(&search, &match)) {
        struct tv_str value = {text.ptr + match.start, match.end - match.start};
        (void)printf("line %" PRIu64 ", %.*s: %s %s '%.*s'\n", run->line, TV_STR_ARG(where),
                tv_redact_rule_name(match.rule),
                tv_redact_action_name(tv_redactor_action(run->redactor, match.rule)),
                TV_STR_ARG(value));
    }
}

static void explain_row(struct run *run, const struct tv_batch *batch)
{
    char scratch[33], digits[24];
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        enum tv_field field = (enum tv_field)i;
        if (tv_field_column(field) == TV_COLUMN_CODE && batch->columns[field])
            explain_value(run, tv_str_of(tv_field_name(field)),
                    tv_batch_value(batch, field, 0, scratch).s, 0);
    }
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        struct tv_value value = tv_batch_attr_value(batch, i, 0);
        struct tv_str name = tv_strings_get(&batch->strings, batch->attrs[i].name);
        if (batch->attrs[i].secret && value.type != TV_TYPE_NULL)
            (void)printf(
                    "line %" PRIu64 ", %.*s: masked by its name\n", run->line, TV_STR_ARG(name));
        if (value.type == TV_TYPE_I64) {
            int length = snprintf(digits, sizeof digits, "%" PRId64, value.i);
            value = tv_value_str((struct tv_str){digits, (size_t)length});
        }
        if (value.type == TV_TYPE_STR || value.type == TV_TYPE_JSON)
            explain_value(run, name, value.s, batch->attrs[i].hints);
        explain_value(run, TV_STR("an attribute's name"), name, 0);
    }
}

static void write_row(struct run *run, const struct tv_batch *batch, bool event)
{
    struct tv_json_out json = {.out = &run->text};
    tv_buf_clear(&run->text);
    if (event) {
        tv_json_object(&json);
        tv_event_json_document(&json, batch, 0);
        tv_json_end(&json);
    } else {
        tv_buf_append_str(&run->text, tv_batch_text(batch, TV_FIELD_MESSAGE, 0));
    }
    tv_buf_append_char(&run->text, '\n');
    (void)fwrite(run->text.data, 1, run->text.len, stdout);
}

static void take_line(struct run *run, struct tv_str line)
{
    struct tv_batch *batch = tv_batch_new();
    bool event = read_line(line, batch);
    if (run->explain)
        explain_row(run, batch);
    tv_redactor_apply(run->redactor, batch, (struct tv_redact_mark){0, 0});
    if (!run->explain)
        write_row(run, batch, event);
    tv_batch_unref(batch);
}

static void tell_counts(const struct run *run)
{
    FILE *out = run->explain ? stdout : stderr;
    (void)fprintf(out, "%" PRIu64 " lines", run->line);
    for (int i = 0; i < TV_REDACT_RULE_COUNT; i++) {
        enum tv_redact_rule rule = (enum tv_redact_rule)i;
        uint64_t count = tv_redactor_count(run->redactor, rule);
        if (count)
            (void)fprintf(out, ", %s in %" PRIu64, tv_redact_rule_name(rule), count);
    }
    (void)fputc('\n', out);
}

static enum tv_status run_file(struct run *run, const char *path, struct tv_error *err)
{
    struct tv_lines *lines;
    struct tv_str line = TV_STR("");
    enum tv_status status = tv_lines_open(path, &lines, err);
    if (status != TV_OK)
        return status;
    while (status == TV_OK && line.ptr) {
        status = tv_lines_next(lines, &line, err);
        run->line = tv_lines_number(lines);
        if (status == TV_OK && line.ptr)
            take_line(run, line);
    }
    tv_lines_free(lines);
    if (status == TV_OK)
        tell_counts(run);
    return status;
}

/* A dry run makes no key: where there is none yet, hashes are those of a key of zeros. */
static enum tv_status load_for_dry_run(
        const struct tv_config *config, struct tv_redactor **out, struct tv_error *err)
{
    const uint8_t none[TV_SECRET_KEY_BYTES] = {0};
    struct tv_arena arena = {0};
    const char *path = tv_arena_printf(&arena, "%s/redact.key", config->data_dir).ptr;
    bool made = access(path, R_OK) == 0;
    tv_arena_release(&arena);
    return made ? tv_redact_load(config, out, err)
                : tv_redactor_new(rules_of(config), none, out, err);
}

int tv_redact_command(int argc, char *const *argv)
{
    struct run run = {.line = 0};
    const struct tv_command_flag flags[] = {{"explain", NULL, &run.explain}, {0}};
    struct tv_config config;
    struct tv_error err;
    /* The flag stands alone, so that the file may follow it. */
    const char *file = tv_admin_take_file(&argc, &argv);
    if (tv_command_read(argc, argv, flags, &config, &err) != TV_OK)
        return tv_command_fail("redact", &err);
    int code = 0;
    if (config.help) {
        (void)fputs(usage, stdout);
    } else if (!file) {
        (void)fputs(usage, stderr);
        code = 2;
    } else {
        enum tv_status status = load_for_dry_run(&config, &run.redactor, &err);
        if (status == TV_OK)
            status = run_file(&run, file, &err);
        code = status == TV_OK ? 0 : tv_command_fail("redact", &err);
        tv_redactor_free(run.redactor);
        tv_buf_release(&run.text);
    }
    tv_config_release(&config);
    return code;
}
