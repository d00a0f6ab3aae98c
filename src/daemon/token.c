/* SPDX-License-Identifier: Apache-2.0 */
/* traversiond token create|list|revoke: works on the data folder, beside a running daemon too. A
 * token is 32 random bytes, shown once; the store keeps its hash. */
#include "base/secret.h"
#include "base/time.h"
#include "daemon/command.h"
#include "daemon/daemon.h"
#include "net/http.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECRET_BYTES = 32 };

static const char usage[] =
        "usage: traversiond token create --scope ingest|read|admin[,…] [--name NAME] [--data-dir DIR]\n"
        "       traversiond token list [--data-dir DIR]\n"
        "       traversiond token revoke --name NAME [--data-dir DIR]\n";

static const struct {
    struct tv_str name;
    unsigned bit;
} scopes[] = {
        {{"ingest", 6}, TV_SCOPE_INGEST},
        {{"read", 4}, TV_SCOPE_READ},
        {{"admin", 5}, TV_SCOPE_ADMIN},
};

enum { SCOPE_COUNT = sizeof scopes / sizeof *scopes };

struct arguments {
    const char *scope, *name;
    struct tv_config config;
};

static int fail(const struct tv_error *err)
{
    return tv_command_fail("token", err);
}

static int show_usage(FILE *out, int code)
{
    (void)fputs(usage, out);
    return code;
}

static bool parse_scopes(const char *text, unsigned *out)
{
    struct tv_str rest = tv_str_of(text);
    *out = 0;
    while (rest.ptr) {
        struct tv_str part = tv_str_trim(tv_str_cut(rest, ',', &rest));
        size_t i = 0;
        while (i < SCOPE_COUNT && !tv_str_equal(part, scopes[i].name))
            i++;
        if (i == SCOPE_COUNT)
            return false;
        *out |= scopes[i].bit;
    }
    return true;
}

static int token_create(const struct arguments *arguments)
{
    struct tv_token token = {.created_ns = tv_time_now()};
    struct tv_error err;
    if (!arguments->scope)
        return show_usage(stderr, 2);
    if (!parse_scopes(arguments->scope, &token.scopes)) {
        (void)fprintf(stderr, "traversiond token: '%s' is no scope; take ingest, read or admin\n",
                arguments->scope);
        return 2;
    }
    uint8_t secret[SECRET_BYTES];
    char text[4 + 2 * SECRET_BYTES + 1] = "tvn_";
    tv_secret_random(secret, sizeof secret);
    tv_hex_encode(secret, sizeof secret, text + 4);
    text[sizeof text - 1] = '\0';
    tv_secret_hash(tv_str_of(text), token.hash);
    if (arguments->name)
        (void)snprintf(token.name, sizeof token.name, "%s", arguments->name);
    else
        (void)snprintf(token.name, sizeof token.name, "token-%.8s", text + 4);
    if (tv_token_add(arguments->config.data_dir, &token, &err) != TV_OK)
        return fail(&err);
    (void)printf("%s\n", text);
    (void)fprintf(stderr,
            "token '%s' made; it is shown this once. Send it as: Authorization: Bearer TOKEN\n",
            token.name);
    return 0;
}

static void print_token(const struct tv_token *token)
{
    char created[TV_TIME_TEXT_BYTES];
    (void)tv_time_format(token->created_ns, created);
    (void)printf("%-24s %.19sZ ", token->name, created);
    const char *comma = "";
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (!(token->scopes & scopes[i].bit))
            continue;
        (void)printf("%s%s", comma, scopes[i].name.ptr);
        comma = ",";
    }
    (void)printf("\n");
}

static int token_list(const struct arguments *arguments)
{
    struct tv_store_config config = {.dir = arguments->config.data_dir, .read_only = true};
    struct tv_store *store = NULL;
    struct tv_token *tokens = NULL;
    size_t count = 0;
    struct tv_error err;
    enum tv_status status = tv_store_open(&config, &store, &err);
    if (status == TV_OK)
        status = tv_store_tokens(store, &tokens, &count, &err);
    for (size_t i = 0; i < count; i++)
        print_token(&tokens[i]);
    free(tokens);
    if (store)
        tv_store_close(store);
    return status == TV_OK ? 0 : fail(&err);
}

static int token_revoke(const struct arguments *arguments)
{
    struct tv_error err;
    if (!arguments->name)
        return show_usage(stderr, 2);
    if (tv_token_remove(arguments->config.data_dir, arguments->name, &err) != TV_OK)
        return fail(&err);
    (void)fprintf(stderr, "token '%s' revoked\n", arguments->name);
    return 0;
}

int tv_token_command(int argc, char *const *argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct arguments *arguments);
    } commands[] = {{"create", token_create}, {"list", token_list}, {"revoke", token_revoke}};
    for (size_t i = 0; argc > 0 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[0], commands[i].name) != 0)
            continue;
        struct arguments arguments = {0};
        const struct tv_command_flag flags[] = {
                {"scope", &arguments.scope, NULL}, {"name", &arguments.name, NULL}, {0}};
        struct tv_error err;
        if (tv_command_read(argc - 1, argv + 1, flags, &arguments.config, &err) != TV_OK)
            return fail(&err);
        bool help = arguments.config.help;
        int code = help ? show_usage(stdout, 0) : commands[i].run(&arguments);
        tv_config_release(&arguments.config);
        return code;
    }
    return show_usage(stderr, 2);
}
