/* SPDX-License-Identifier: Apache-2.0 */
/* Host, Origin and token: who may ask. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct tokens {
    bool exist;
};

static unsigned scopes_of(void *ctx, struct tv_str token)
{
    (void)ctx;
    static const struct {
        const char *token;
        unsigned scopes;
    } known[] = {{"in", TV_SCOPE_INGEST}, {"rd", TV_SCOPE_READ}, {"ad", TV_SCOPE_ADMIN},
            {"both", TV_SCOPE_INGEST | TV_SCOPE_READ}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (tv_str_equal(token, tv_str_of(known[i].token)))
            return known[i].scopes;
    return 0;
}

static bool required(void *ctx)
{
    return ((struct tokens *)ctx)->exist;
}

static void add(struct house *house, const char *path, enum tv_scope scope, bool cors)
{
    tv_http_route(house->server,
            &(struct tv_http_route){.method = "POST",
                    .path = path,
                    .scope = scope,
                    .body_max = 100,
                    .cors = cors,
                    .handler = answer_ok});
}

static void open_house(
        struct house *house, struct tokens *tokens, const char *address, bool insecure)
{
    static const struct tv_str names[] = {{"traversion.example", 18}, {"other.example:8443", 18}};
    house_open(house,
            &(struct tv_http_config){.allowed_hosts = names,
                    .allowed_host_count = 2,
                    .insecure = insecure,
                    .token_scopes = scopes_of,
                    .token_required = required,
                    .ctx = tokens});
    house_route(house, "GET", "/healthz", answer_ok);
    add(house, "/ingest", TV_SCOPE_INGEST, true);
    add(house, "/read", TV_SCOPE_READ, false);
    add(house, "/admin", TV_SCOPE_ADMIN, false);
    house_start(house, address);
}

static int status_of(struct house *house, const char *path, const char *headers)
{
    struct reply reply;
    bool get = strcmp(path, "/healthz") == 0;
    ask(house, &reply, "%s %s HTTP/1.1\r\n%s\r\n", get ? "GET" : "POST", path, headers);
    int status = reply.status;
    reply_release(&reply);
    return status;
}

static void guard__only_our_hosts_are_served(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int status;
    } rows[] = {{"localhost", 200}, {"LocalHost:3335", 200}, {"127.0.0.1", 200},
            {"127.0.0.1:1", 200}, {"[::1]", 200}, {"[::1]:3335", 200}, {"traversion.example", 200},
            {"Traversion.Example:80", 200}, {"other.example:8443", 200}, {"other.example", 403},
            {"other.example:1", 403}, {"evil.example", 403}, {"localhost.evil.example", 403},
            {"evil.example:3335", 403}, {"127.0.0.2", 403}, {"0.0.0.0", 403}, {"localhost:", 200},
            {"localhost:99999", 403}, {"localhost:x", 403}, {"", 403}, {":3335", 403},
            {"[::1", 403}, {"[::1]x", 403}, {"localhost@evil.example", 403}, {"127.0.0.1.", 403},
            {"[::2]", 403}, {"localhost", 200}};
    struct tokens tokens = {0};
    struct house house;
    open_house(&house, &tokens, NULL, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char header[128];
        (void)snprintf(header, sizeof header, "Host: %s\r\n", rows[i].host);
        int status = status_of(&house, "/healthz", header);
        if (status != rows[i].status)
            fail_msg("Host '%s' gives %d", rows[i].host, status);
    }
    house_close(&house);
}

static void guard__scripts_of_other_sites_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *origin;
        int status;
    } rows[] = {{"/read", "http://localhost:3335", 200}, {"/read", "https://localhost", 200},
            {"/read", "http://traversion.example", 200}, {"/read", "http://evil.example", 403},
            {"/read", "null", 403}, {"/read", "ftp://localhost", 403}, {"/read", "", 403},
            {"/read", "http://", 403}, {"/read", "http://localhost/x", 403},
            {"/read", "http://localhost.evil.example", 403}, {"/ingest", "http://localhost", 200},
            {"/ingest", "http://evil.example", 403}, {"/ingest", "null", 403}};
    struct tokens tokens = {0};
    struct house house;
    open_house(&house, &tokens, NULL, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char headers[128];
        (void)snprintf(
                headers, sizeof headers, "Host: localhost\r\nOrigin: %s\r\n", rows[i].origin);
        int status = status_of(&house, rows[i].path, headers);
        if (status != rows[i].status)
            fail_msg("Origin '%s' gives %d on %s", rows[i].origin, status, rows[i].path);
    }
    house_close(&house);
}

static void guard__what_other_sites_embed_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *site, *dest;
        int status;
    } rows[] = {{"/read", "cross-site", "image", 403}, {"/read", "cross-site", "iframe", 403},
            {"/read", "cross-site", "", 403}, {"/read", "cross-site", "document", 200},
            {"/read", "same-origin", "empty", 200}, {"/read", "none", "document", 200},
            {"/ingest", "cross-site", "empty", 403}, {"/healthz", "cross-site", "image", 200}};
    struct tokens tokens = {0};
    struct house house;
    open_house(&house, &tokens, NULL, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char headers[128];
        (void)snprintf(headers, sizeof headers,
                "Host: localhost\r\nSec-Fetch-Site: %s\r\nSec-Fetch-Dest: %s\r\n", rows[i].site,
                rows[i].dest);
        int status = status_of(&house, rows[i].path, headers);
        if (status != rows[i].status)
            fail_msg(
                    "%s for '%s' gives %d on %s", rows[i].site, rows[i].dest, status, rows[i].path);
    }
    house_close(&house);
}

static void guard__browsers_of_other_sites_may_use_cors_routes(void **state)
{
    (void)state;
    struct tokens tokens = {.exist = true};
    struct house house;
    struct reply reply;
    open_house(&house, &tokens, NULL, false);
    ask(&house, &reply,
            "OPTIONS /ingest HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n"
            "Access-Control-Request-Method: POST\r\n"
            "Access-Control-Request-Headers: authorization, x-own\r\n\r\n");
    assert_int_equal(reply.status, 204);
    assert_true(tv_str_equal(reply_header(&reply, "Access-Control-Allow-Origin"), TV_STR("*")));
    assert_true(
            tv_str_contains(reply_header(&reply, "Access-Control-Allow-Methods"), TV_STR("POST")));
    assert_true(tv_str_equal(
            reply_header(&reply, "Access-Control-Allow-Headers"), TV_STR("authorization, x-own")));
    assert_null(reply_header(&reply, "Cross-Origin-Resource-Policy").ptr);
    reply_release(&reply);
    ask(&house, &reply,
            "POST /ingest HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n"
            "\r\n");
    assert_int_equal(reply.status, 401); /* which the script can read, too */
    assert_true(tv_str_equal(reply_header(&reply, "Access-Control-Allow-Origin"), TV_STR("*")));
    reply_release(&reply);
    ask(&house, &reply,
            "POST /ingest HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n"
            "Authorization: Bearer in\r\n\r\n");
    assert_int_equal(reply.status, 200);
    reply_release(&reply);
    ask(&house, &reply,
            "OPTIONS /read HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n"
            "Access-Control-Request-Method: POST\r\n\r\n");
    assert_null(reply_header(&reply, "Access-Control-Allow-Origin").ptr);
    reply_release(&reply);
    house_close(&house);
}

struct row {
    const char *path, *authorization;
    int status;
};

static void check_rows(struct house *house, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char headers[256];
        (void)snprintf(headers, sizeof headers, "Host: localhost\r\n%s%s%s",
                rows[i].authorization ? "Authorization: " : "",
                rows[i].authorization ? rows[i].authorization : "",
                rows[i].authorization ? "\r\n" : "");
        int status = status_of(house, rows[i].path, headers);
        if (status != rows[i].status)
            fail_msg("%s with '%s' gives %d", rows[i].path,
                    rows[i].authorization ? rows[i].authorization : "none", status);
    }
}

static const struct row closed_rows[] = {{"/healthz", NULL, 200}, {"/ingest", NULL, 401},
        {"/read", "", 401}, {"/read", "Bearer", 401}, {"/read", "Bearer ", 401},
        {"/read", "Bearer no", 401}, {"/read", "Basic rd", 401}, {"/read", "rd", 401},
        {"/read", "Bearer rd", 200}, {"/read", "bearer  rd ", 200}, {"/read", "Bearer in", 403},
        {"/ingest", "Bearer in", 200}, {"/ingest", "Bearer rd", 403}, {"/admin", "Bearer rd", 403},
        {"/admin", "Bearer ad", 200}, {"/read", "Bearer ad", 200}, {"/ingest", "Bearer ad", 200},
        {"/read", "Bearer both", 200}, {"/admin", "Bearer both", 403}};

static const struct row open_rows[] = {{"/healthz", NULL, 200}, {"/ingest", NULL, 200},
        {"/read", "Bearer no", 200}, {"/admin", NULL, 200}};

#define CHECK_ROWS(house, rows) check_rows((house), (rows), sizeof(rows) / sizeof((rows)[0]))

static void guard__loopback_is_open_until_a_token_exists(void **state)
{
    (void)state;
    struct tokens tokens = {0};
    struct house house;
    open_house(&house, &tokens, NULL, false);
    CHECK_ROWS(&house, open_rows);
    house_close(&house);
    tokens.exist = true;
    open_house(&house, &tokens, NULL, false);
    CHECK_ROWS(&house, closed_rows);
    house_close(&house);
}

static void guard__other_addresses_need_a_token_or_the_insecure_flag(void **state)
{
    (void)state;
    static const struct row wall[] = {
            {"/healthz", NULL, 401}, {"/read", "Bearer rd", 401}, {"/nope", NULL, 401}};
    struct tokens tokens = {0};
    struct house house;
    open_house(&house, &tokens, "0.0.0.0:0", false);
    CHECK_ROWS(&house, wall);
    struct reply reply;
    ask(&house, &reply, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_non_null(strstr(reply.body.data, "traversiond token create"));
    assert_true(tv_str_equal(reply_header(&reply, "WWW-Authenticate"), TV_STR("Bearer")));
    reply_release(&reply);
    house_close(&house);
    open_house(&house, &tokens, "0.0.0.0:0", true);
    CHECK_ROWS(&house, open_rows);
    house_close(&house);
    tokens.exist = true;
    open_house(&house, &tokens, "0.0.0.0:0", true);
    CHECK_ROWS(&house, closed_rows);
    house_close(&house);
}

static void guard__all_addresses_take_the_one_connected_to(void **state)
{
    (void)state;
    struct tokens tokens = {.exist = true};
    struct house house;
    open_house(&house, &tokens, "[::]:0", false);
    assert_int_equal(status_of(&house, "/healthz", "Host: 127.0.0.1\r\n"), 200);
    assert_int_equal(status_of(&house, "/healthz", "Host: [::ffff:127.0.0.1]:80\r\n"), 200);
    assert_int_equal(status_of(&house, "/healthz", "Host: 127.0.0.2\r\n"), 403);
    assert_int_equal(status_of(&house, "/healthz", "Host: [::2]\r\n"), 403);
    assert_int_equal(status_of(&house, "/healthz", "Host: evil.example\r\n"), 403);
    house_close(&house);
}

static void guard__a_refused_body_is_not_taken(void **state)
{
    (void)state;
    struct tokens tokens = {.exist = true};
    struct house house;
    struct peer peer;
    struct reply reply;
    open_house(&house, &tokens, NULL, false);
    peer_dial(&peer, house.port);
    peer_send(&peer, "POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 401);
    assert_non_null(strstr(reply.body.data, "\"unauthorized\""));
    reply_release(&reply);
    peer_send(&peer, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    peer_read(&peer, &reply, false);
    assert_int_equal(reply.status, 200);
    reply_release(&reply);
    peer_close(&peer);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(guard__only_our_hosts_are_served),
            cmocka_unit_test(guard__scripts_of_other_sites_are_refused),
            cmocka_unit_test(guard__what_other_sites_embed_is_refused),
            cmocka_unit_test(guard__browsers_of_other_sites_may_use_cors_routes),
            cmocka_unit_test(guard__loopback_is_open_until_a_token_exists),
            cmocka_unit_test(guard__other_addresses_need_a_token_or_the_insecure_flag),
            cmocka_unit_test(guard__all_addresses_take_the_one_connected_to),
            cmocka_unit_test(guard__a_refused_body_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
