/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard: files that lie gzipped in the binary, each a route of its own, so there is no path
 * to escape from. The page itself is always asked for again (its ETag makes that cheap); the files
 * under /assets/ carry a hash in their names and never change.
 *
 * `GET /` is also what Elasticsearch's clients ask at start-up; they accept JSON and no HTML, which
 * tells them apart. */
#include "api/page.h"
#include "api/api_internal.h"
#include "base/json_out.h"

static bool wants_json(const struct tv_http_request *request)
{
    struct tv_str accept = tv_http_header(request, "Accept");
    return tv_str_contains(accept, TV_STR("application/json")) &&
            !tv_str_contains(accept, TV_STR("text/html"));
}

static void answer_probe(struct tv_http_request *request)
{
    struct tv_buf body = {0};
    struct tv_json_out json = {.out = &body};
    tv_json_object(&json);
    tv_json_key(&json, "name");
    tv_json_text(&json, "traversiond");
    tv_json_key(&json, "version");
    tv_json_text(&json, TRAVERSION_VERSION);
    tv_json_end(&json);
    tv_http_respond(request, 200, "application/json", &body);
}

static void handle_file(void *ctx, struct tv_http_request *request)
{
    const struct tv_page_file *file = ctx;
    if (strcmp(file->path, "/") == 0 && wants_json(request)) {
        answer_probe(request);
        return;
    }
    bool immutable = tv_str_starts_with(tv_str_of(file->path), TV_STR("/assets/"));
    tv_http_set_header(request, "Cache-Control",
            immutable ? "public, max-age=31536000, immutable" : "no-cache");
    tv_http_respond_gzipped(request, file->type,
            (struct tv_str){(const char *)file->gz, file->gz_bytes}, file->etag);
}

static void handle_no_page(void *ctx, struct tv_http_request *request)
{
    (void)ctx;
    if (wants_json(request)) {
        answer_probe(request);
        return;
    }
    tv_http_respond_text(request, 200, "text/plain; charset=utf-8",
            TV_STR("traversiond was built without its dashboard; "
                   "POST statements to /api/v1/query\n"));
}

void tv_api_add_page_routes(struct tv_api *api)
{
    for (size_t i = 0; i < tv_page_file_count; i++) {
        struct tv_http_route route = {
                .method = "GET",
                .path = tv_page_files[i].path,
                .handler = handle_file,
                .ctx = (void *)(uintptr_t)&tv_page_files[i],
        };
        tv_http_route(api->config.server, &route);
    }
    if (tv_page_file_count == 0)
        tv_http_route(api->config.server,
                &(struct tv_http_route){.method = "GET", .path = "/", .handler = handle_no_page});
}
