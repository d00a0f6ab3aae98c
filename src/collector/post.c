/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, in this one file.
 *
 * What an answer means: 2xx is durable. 400, 413, 415 and 422 are of the body, and would be the same again. Everything else may pass: no
 * answer, 5xx, 429, and also 401 and 403, since a token can be mended without a restart of the program. */
#include "collector/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 3000, REQUEST_MS = 30000, ANSWER_BYTES = 512 };

struct tvc_poster {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *fixed;   /* headers of each request */
    struct curl_slist *headers; /* of the one under way */
    char *url;
    bool busy;
    char answer[ANSWER_BYTES]; /* its beginning */
    size_t answer_len;
    char error[CURL_ERROR_SIZE];
};

static size_t keep(char *data, size_t size, size_t count, void *ctx)
{
    struct tvc_poster *poster = ctx;
    size_t len = size * count;
    size_t room = sizeof(poster->answer) - 1 - poster->answer_len;
    size_t taken = len < room ? len : room;
    memcpy(poster->answer + poster->answer_len, data, taken);
    poster->answer_len += taken;
    poster->answer[poster->answer_len] = '\0';
    return len;
}

static bool set_up(struct tvc_poster *poster)
{
    CURL *easy = poster->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, poster->url) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEDATA, poster) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, poster->error) == CURLE_OK;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[2048];
    int len = snprintf(line, sizeof(line), "%s: %s", name, value);
    if (len < 0 || (size_t)len >= sizeof(line))
        return false;
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool add_fixed(struct tvc_poster *poster, const char *token)
{
    char bearer[1024];
    bool ok = add_header(&poster->fixed, "Content-Type", "application/x-ndjson") &&
            add_header(&poster->fixed, "Expect", "");
    if (!ok || !token)
        return ok;
    int len = snprintf(bearer, sizeof(bearer), "Bearer %s", token);
    return len > 0 && (size_t)len < sizeof(bearer) &&
            add_header(&poster->fixed, "Authorization", bearer);
}

static char *events_url(const char *endpoint)
{
    static const char path[] = "/api/v1/events";
    size_t len = strlen(endpoint);
    if (strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0)
        return NULL;
    while (len > 0 && endpoint[len - 1] == '/')
        len--;
    char *url = malloc(len + sizeof(path));
    if (!url)
        return NULL;
    memcpy(url, endpoint, len);
    memcpy(url + len, path, sizeof(path));
    return url;
}

struct tvc_poster *tvc_poster_new(const char *endpoint, const char *token)
{
    /* Safe from any thread since libcurl 7.84; the count of its users is libcurl's own. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    struct tvc_poster *poster = calloc(1, sizeof(*poster));
    if (!poster) {
        curl_global_cleanup();
        return NULL;
    }
    poster->url = events_url(endpoint);
    poster->multi = curl_multi_init();
    poster->easy = curl_easy_init();
    if (poster->url && poster->multi && poster->easy && add_fixed(poster, token) && set_up(poster))
        return poster;
    tvc_poster_free(poster);
    return NULL;
}

static void end_request(struct tvc_poster *poster)
{
    if (poster->busy)
        (void)curl_multi_remove_handle(poster->multi, poster->easy);
    poster->busy = false;
    curl_slist_free_all(poster->headers);
    poster->headers = NULL;
}

void tvc_poster_free(struct tvc_poster *poster)
{
    if (!poster)
        return;
    end_request(poster);
    curl_easy_cleanup(poster->easy);
    curl_multi_cleanup(poster->multi);
    curl_slist_free_all(poster->fixed);
    free(poster->url);
    free(poster);
    curl_global_cleanup();
}

/* The fixed headers and the parcel's key. */
static bool put_headers(struct tvc_poster *poster, const struct tvc_parcel *parcel)
{
    bool ok = add_header(&poster->headers, "Idempotency-Key", parcel->key);
    for (struct curl_slist *one = poster->fixed; ok && one; one = one->next) {
        struct curl_slist *longer = curl_slist_append(poster->headers, one->data);
        ok = longer != NULL;
        poster->headers = ok ? longer : poster->headers;
    }
    return ok;
}

void tvc_poster_start(struct tvc_poster *poster, const struct tvc_parcel *parcel)
{
    CURL *easy = poster->easy;
    poster->answer_len = 0;
    poster->answer[0] = '\0';
    poster->error[0] = '\0';
    bool ok = put_headers(poster, parcel) &&
            curl_easy_setopt(easy, CURLOPT_HTTPHEADER, poster->headers) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, parcel->data) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)parcel->len) ==
                    CURLE_OK &&
            curl_multi_add_handle(poster->multi, easy) == CURLM_OK;
    poster->busy = ok;
    if (!ok)
        end_request(poster);
}

bool tvc_poster_busy(const struct tvc_poster *poster)
{
    return poster->busy;
}

static void judge(struct tvc_poster *poster, CURLcode code, struct tvc_outcome *out)
{
    long status = 0;
    curl_off_t after_s = 0;
    (void)curl_easy_getinfo(poster->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(poster->easy, CURLINFO_RETRY_AFTER, &after_s);
    out->answer = TVC_ANSWER_TRY_AGAIN;
    out->problem[0] = '\0';
    if (code != CURLE_OK) {
        (void)snprintf(out->problem, sizeof(out->problem), "%.159s",
                poster->error[0] ? poster->error : curl_easy_strerror(code));
        return;
    }
    if (status >= 200 && status < 300) {
        const char *rejected = strstr(poster->answer, "\"rejected\":");
        out->answer = TVC_ANSWER_TAKEN;
        out->rejected = rejected ? strtoull(rejected + strlen("\"rejected\":"), NULL, 10) : 0;
        return;
    }
    (void)snprintf(out->problem, sizeof(out->problem), "HTTP %ld: %.130s", status, poster->answer);
    out->retry_after_ms = after_s > 0 && after_s < 3600 ? (uint32_t)after_s * 1000 : 0;
    if (status == 400 || status == 413 || status == 415 || status == 422)
        out->answer = TVC_ANSWER_REFUSED;
}

void tvc_poster_step(struct tvc_poster *poster, struct tvc_outcome *out)
{
    int running, left;
    *out = (struct tvc_outcome){.answer = TVC_ANSWER_NONE};
    (void)curl_multi_perform(poster->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(poster->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        judge(poster, message->data.result, out);
        end_request(poster);
    }
}

void tvc_poster_wait(struct tvc_poster *poster, uint32_t ms)
{
    (void)curl_multi_poll(poster->multi, NULL, 0, (int)ms, NULL);
}

void tvc_poster_wake(struct tvc_poster *poster)
{
    (void)curl_multi_wakeup(poster->multi);
}
