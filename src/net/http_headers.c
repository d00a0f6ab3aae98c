/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request, read in one pass over libmicrohttpd's list.
 *
 * What the library lets through but must not be served is refused here: HTTP/1.1 without exactly one
 * Host (RFC 9112 section 3.2), and framing that two parties may read differently (section 6.3:
 * Transfer-Encoding beside Content-Length, codings other than chunked; a blank before a header's
 * colon, which hides the header from some), which is how requests are
 * smuggled past a proxy.
 */
#include "net/http_internal.h"

struct pass {
    struct tv_http_request *request;
    enum tv_status status;
    struct tv_error *err;
};

static enum MHD_Result refuse(struct pass *pass, const char *why)
{
    pass->status = tv_fail(pass->err, TV_BAD_INPUT, "%s", why);
    return MHD_NO;
}

static enum MHD_Result take_arg(struct pass *pass, struct tv_str name, struct tv_str value)
{
    struct tv_http_request *request = pass->request;
    if (request->arg_count == TV_HTTP_ARGS_MAX)
        return refuse(pass, "the URL has too many parameters");
    if (!request->args)
        request->args = tv_arena_calloc(&request->scratch, TV_HTTP_ARGS_MAX, sizeof *request->args);
    struct tv_http_arg *arg = &request->args[request->arg_count++];
    if (!tv_http_url_decode(name, &request->scratch, &arg->name) ||
            !tv_http_url_decode(value, &request->scratch, &arg->value)) {
        (void)refuse(pass, "a parameter of the URL has a malformed or NUL escape");
        tv_error_hint(pass->err, "write a percent sign as %%25");
        return MHD_NO;
    }
    return MHD_YES;
}

static bool is(struct tv_str name, const char *lower)
{
    return tv_str_equal_nocase(name, (struct tv_str){lower, name.len});
}

/* By length first: most headers of most requests are none of these. */
static void take_header(struct tv_http_headers *headers, struct tv_str name, struct tv_str value)
{
    switch (name.len) {
    case 4:
        if (is(name, "host")) {
            headers->host = value;
            headers->hosts++;
        }
        break;
    case 6:
        if (is(name, "origin"))
            headers->origin = value;
        else if (is(name, "expect"))
            headers->expects_continue = tv_str_equal_nocase(value, TV_STR("100-continue"));
        break;
    case 13:
        if (is(name, "authorization"))
            headers->authorization = value;
        break;
    case 14:
        if (is(name, "content-length")) {
            headers->content_length = value;
            headers->content_lengths++;
        } else if (is(name, "sec-fetch-site")) {
            headers->fetch_site = value;
        } else if (is(name, "sec-fetch-dest")) {
            headers->fetch_dest = value;
        }
        break;
    case 15:
        if (is(name, "accept-encoding"))
            headers->accept_encoding = value;
        break;
    case 17:
        if (is(name, "transfer-encoding")) {
            headers->transfer_encoding = value;
            headers->transfer_encodings++;
        }
        break;
    }
}

static enum MHD_Result on_value(void *cls, enum MHD_ValueKind kind, const char *name,
        size_t name_len, const char *value, size_t value_len)
{
    struct pass *pass = cls;
    struct tv_str key = {name, name_len};
    struct tv_str text = {value ? value : "", value ? value_len : 0};
    if (kind == MHD_GET_ARGUMENT_KIND)
        return take_arg(pass, key, text);
    if (name_len && (name[name_len - 1] == ' ' || name[name_len - 1] == '\t'))
        return refuse(pass, "a header has a blank between its name and the colon");
    take_header(&pass->request->headers, key, text);
    return MHD_YES;
}

static enum tv_status check_framing(
        struct tv_http_request *request, bool http_1_0, struct tv_error *err)
{
    const struct tv_http_headers *headers = &request->headers;
    request->close = true;
    if (headers->hosts > 1 || (headers->hosts == 0 && !http_1_0))
        return tv_fail(err, TV_BAD_INPUT, "the request needs exactly one Host header");
    if (headers->content_lengths > 1)
        return tv_fail(err, TV_BAD_INPUT, "the request has several Content-Length headers");
    if (headers->transfer_encodings) {
        if (headers->content_lengths)
            return tv_fail(
                    err, TV_BAD_INPUT, "the request has both Transfer-Encoding and Content-Length");
        if (headers->transfer_encodings > 1 || http_1_0 ||
                !tv_str_equal_nocase(headers->transfer_encoding, TV_STR("chunked")))
            return tv_fail(err, TV_BAD_INPUT, "the only Transfer-Encoding taken is chunked");
        request->chunked = true;
    }
    if (headers->content_lengths && !tv_str_to_u64(headers->content_length, &request->length))
        return tv_fail(err, TV_BAD_INPUT, "the Content-Length is not a number");
    request->close = false;
    request->has_body = request->chunked || request->length > 0;
    return TV_OK;
}

enum tv_status tv_http_read_head(
        struct tv_http_request *request, const char *url, bool http_1_0, struct tv_error *err)
{
    struct pass pass = {request, TV_OK, err};
    (void)MHD_get_connection_values_n(request->connection,
            (enum MHD_ValueKind)(MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND), on_value, &pass);
    if (!tv_http_url_decode(tv_str_of(url), &request->scratch, &request->path)) {
        request->path = tv_str_of(url);
        pass.status = tv_fail(err, TV_BAD_INPUT, "the path has a malformed or NUL escape");
    }
    if (pass.status != TV_OK) {
        request->close = true; /* The pass may have ended before the framing headers. */
        return pass.status;
    }
    return check_framing(request, http_1_0, err);
}
