/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's configuration: one table of settings, read from flags, the environment, a file and
 * defaults, in that order of precedence. A setting `max-disk` is the flag `--max-disk`, the variable
 * `TRAVERSIOND_MAX_DISK` and the file's key `max-disk`. */
#ifndef TV_DAEMON_CONFIG_H
#define TV_DAEMON_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"

struct tv_config {
    struct tv_arena arena; /* owns all texts */
    const char *config;
    const char *data_dir;
    const char *listen;
    const char *otlp_listen; /* NULL is off; so with the next two */
    const char *udp_listen;
    const char *syslog_listen;
    const char *allowed_hosts; /* comma-separated; NULL is none */
    const char *redact;        /* rules over the defaults; NULL is none */
    int64_t retention_ns;
    const char *retention_for; /* rules of services with ages of their own; NULL is none */
    uint64_t max_disk_bytes, disk_reserve_bytes, max_memory_bytes;
    enum tv_log_level log_level;
    enum tv_log_format log_format;
    bool host_metrics, journal, insecure, demo;
    bool check_config, print_config, version, help;
};

/* Reads everything. `environment` is a NULL-terminated list as in environ(7). On TV_OK the caller
 * releases *out (tv_config_release). TV_BAD_INPUT names the setting, where it stood, and what it
 * takes. With --help or --version only the flags are read, and data_dir may be NULL. */
TV_CHECKED enum tv_status tv_config_read(int argc, char *const *argv, char *const *environment,
        struct tv_config *out, struct tv_error *err);
void tv_config_release(struct tv_config *config);

/* All settings as the file would hold them, one "key = value" a line. */
void tv_config_print(const struct tv_config *config, struct tv_buf *out);
/* The flags, one a line with their defaults. */
void tv_config_help(struct tv_buf *out);

#endif
