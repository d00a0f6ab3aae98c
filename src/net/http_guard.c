/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask.
 *
 * Host: a page of a foreign site can make a browser send requests to 127.0.0.1 under a name of its
 * own (DNS rebinding); such a request carries that name in Host. So only names that are ours pass.
 * A daemon that listens on all addresses takes, besides, the very address that the connection came
 * to: an address literal cannot be rebound. The port is not compared, since tunnels and containers
 * change it. Origin: sent by browsers with requests of scripts; a foreign one is refused but on routes
 * that are open to browsers of other sites, and there only once tokens exist: else any page that
 * someone looks at could write to the daemon on the same machine. Requests of images and frames
 * carry no Origin, but Sec-Fetch-Site. Token: "Authorization: Bearer"; which tokens exist
 * and what they allow, the configuration's functions say.
 */
#include "net/http_internal.h"

/* Splits "name", "name:port", "[v6]:port"; false if it is none of these. */
static bool split_host(struct tv_str text, struct tv_str *host)
{
    struct tv_str port = {NULL, 0};
    size_t skip = 0;
    if (text.len && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        if (!end)
            return false;
        skip = (size_t)(end - text.ptr);
    }
    struct tv_str behind = {text.ptr + skip, text.len - skip};
    const char *colon = behind.len ? memchr(behind.ptr, ':', behind.len) : NULL;
    *host = text;
    if (colon) {
        host->len = (size_t)(colon - text.ptr);
        port = (struct tv_str){colon + 1, text.len - host->len - 1};
    }
    uint64_t number;
    if (colon && port.len && (!tv_str_to_u64(port, &number) || number > UINT16_MAX))
        return false;
    return host->len > 0 && (skip == 0 || host->len == skip + 1);
}

static bool is_configured(
        const struct tv_http_config *config, struct tv_str text, struct tv_str host)
{
    for (size_t i = 0; i < config->allowed_host_count; i++)
        if (tv_str_equal_nocase(config->allowed_hosts[i], host) ||
                tv_str_equal_nocase(config->allowed_hosts[i], text))
            return true;
    return false;
}

static bool is_connected_address(const struct tv_http_request *request, struct tv_str host)
{
    struct sockaddr_storage wanted;
    struct sockaddr_storage local;
    socklen_t bytes = sizeof local;
    if (!tv_address_parse_host(host, &wanted))
        return false;
    if (getsockname(
                tv_http_connection_fd(request->connection), (struct sockaddr *)&local, &bytes) != 0)
        return false;
    return tv_address_same_host(&wanted, &local);
}

static bool is_ours(const struct tv_http_request *request, struct tv_str text)
{
    const struct tv_http_listener *listener = request->listener;
    struct tv_str host;
    if (!split_host(text, &host))
        return false;
    if (tv_str_equal_nocase(host, TV_STR("localhost")) || tv_str_equal(host, TV_STR("127.0.0.1")) ||
            tv_str_equal(host, TV_STR("[::1]")) ||
            tv_str_equal_nocase(host, tv_str_of(listener->host)))
        return true;
    if (is_configured(&listener->server->config, text, host))
        return true;
    return listener->any && is_connected_address(request, host);
}

static bool host_is_ours(const struct tv_http_request *request)
{
    struct tv_http_listener *listener = request->listener;
    struct tv_str host = request->headers.host;
    struct tv_str good = {listener->good_host, listener->good_host_len};
    if (request->headers.hosts == 0 || (good.len && tv_str_equal(host, good)))
        return true;
    if (!is_ours(request, host))
        return false;
    /* Where any local address is good, the next connection's may be another. */
    if (host.len <= sizeof listener->good_host && !listener->any) {
        memcpy(listener->good_host, host.ptr, host.len);
        listener->good_host_len = host.len;
    }
    return true;
}

static bool tokens_exist(const struct tv_http_config *config)
{
    return config->token_required && config->token_required(config->ctx);
}

enum tv_status tv_http_guard_door(struct tv_http_request *request, struct tv_error *err)
{
    const struct tv_http_config *config = &request->server->config;
    if (!host_is_ours(request)) {
        struct tv_str host = tv_utf8_prefix(request->headers.host, 80);
        (void)tv_fail(err, TV_FORBIDDEN, "the Host '%.*s' is not served here", TV_STR_ARG(host));
        tv_error_hint(err, "add the name to allowed-hosts if it is yours");
        return TV_FORBIDDEN;
    }
    if (!request->listener->loopback && !config->insecure && !tokens_exist(config)) {
        (void)tv_fail(err, TV_UNAUTHORIZED, "this address needs a token and there is none yet");
        tv_error_hint(err, "make one: traversiond token create --scope read");
        return TV_UNAUTHORIZED;
    }
    return TV_OK;
}

/* An image or a frame in a page of another site: there browsers send no Origin. Who follows a link
 * may come. */
static bool is_embedded(const struct tv_http_request *request)
{
    const struct tv_http_headers *headers = &request->headers;
    return request->route->scope != TV_SCOPE_NONE &&
            tv_str_equal(headers->fetch_site, TV_STR("cross-site")) &&
            !tv_str_equal(headers->fetch_dest, TV_STR("document"));
}

enum tv_status tv_http_guard_origin(struct tv_http_request *request, struct tv_error *err)
{
    struct tv_str origin = request->headers.origin;
    if (request->route->cors && tokens_exist(&request->server->config))
        return TV_OK;
    if (!origin.ptr && is_embedded(request))
        return tv_fail(err, TV_FORBIDDEN, "pages of other sites may not ask here");
    if (!origin.ptr)
        return TV_OK;
    struct tv_str host = {NULL, 0};
    if (tv_str_starts_with(origin, TV_STR("http://")))
        host = (struct tv_str){origin.ptr + 7, origin.len - 7};
    else if (tv_str_starts_with(origin, TV_STR("https://")))
        host = (struct tv_str){origin.ptr + 8, origin.len - 8};
    if (host.len && is_ours(request, host))
        return TV_OK;
    struct tv_str shown = tv_utf8_prefix(origin, 80);
    return tv_fail(err, TV_FORBIDDEN, "pages of '%.*s' may not ask here", TV_STR_ARG(shown));
}

static struct tv_str bearer(struct tv_str authorization)
{
    struct tv_str token;
    struct tv_str scheme = tv_str_cut(authorization, ' ', &token);
    if (!tv_str_equal_nocase(scheme, TV_STR("bearer")))
        return (struct tv_str){NULL, 0};
    return tv_str_trim(token);
}

static const char *scope_name(enum tv_scope scope)
{
    switch (scope) {
    case TV_SCOPE_NONE:
        break;
    case TV_SCOPE_INGEST:
        return "ingest";
    case TV_SCOPE_READ:
        return "read";
    case TV_SCOPE_ADMIN:
        return "admin";
    }
    return "none";
}

enum tv_status tv_http_guard_token(struct tv_http_request *request, struct tv_error *err)
{
    const struct tv_http_config *config = &request->server->config;
    enum tv_scope needed = request->route->scope;
    if (needed == TV_SCOPE_NONE)
        return TV_OK;
    if (!tokens_exist(config) && (request->listener->loopback || config->insecure))
        return TV_OK;
    struct tv_str token = bearer(request->headers.authorization);
    if (token.len == 0) {
        (void)tv_fail(err, TV_UNAUTHORIZED, "a token is needed");
        tv_error_hint(err, "send 'Authorization: Bearer <token>'");
        return TV_UNAUTHORIZED;
    }
    unsigned scopes = config->token_scopes ? config->token_scopes(config->ctx, token) : 0;
    if (scopes == 0)
        return tv_fail(err, TV_UNAUTHORIZED, "the token is not known");
    if (scopes & ((unsigned)needed | TV_SCOPE_ADMIN))
        return TV_OK;
    return tv_fail(err, TV_FORBIDDEN, "the token lacks the scope '%s'", scope_name(needed));
}
