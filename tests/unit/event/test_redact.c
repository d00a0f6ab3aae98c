/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys are masked, and which survive. */
#include "support.h"

#include "event/redact.h"

static void redact__masks_what_names_a_secret(void **state)
{
    (void)state;
    static const char *const keys[] = {"password", "PASSWORD", "passwords", "db.password",
            "userPassword", "user_password", "passwd", "MYSQL_PWD", "token", "tokens",
            "access_token", "refreshToken", "accessToken2", "JWTToken", "ACCESS_TOKEN", "secret",
            "secrets", "client_secret", "clientSecret", "aws secret", "authorization",
            "Authorization", "proxy-authorization", "http.request.header.authorization", "cookie",
            "cookies", "set-cookie", "Set-Cookie", "sessionCookies", "apikey", "apiKey", "ApiKey",
            "APIKey", "APIKEY", "api_key", "api-key", "api key", "api.key", "apiKeys", "api_keys",
            "apikeys", "x-api-key", "X-API-Key", "APIKeys", "key.api.key", "password1"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!tv_redact_is_secret(tv_str_of(keys[i])))
            fail_msg("%s is not masked", keys[i]);
    }
}

static void redact__keeps_what_names_none(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "author", "authority", "monkey", "cacheKey", "key",
            "keys", "api", "apiVersion", "api.version.key", "tokenizer", "secretary", "keyboard",
            "publicKey", "passenger", "cookiecutter", "user.id", "http.route", "...", "_", "a",
            "apis.keyspace", "s"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (tv_redact_is_secret(tv_str_of(keys[i])))
            fail_msg("%s is masked", keys[i]);
    }
    assert_false(tv_redact_is_secret((struct tv_str){NULL, 0}));
    /* Letters beyond ASCII do not end a word. */
    assert_false(tv_redact_is_secret(tv_str_of("token\xc3\xa4r")));
}

static void redact__mask_is_fixed(void **state)
{
    (void)state;
    assert_text(tv_redact_mask(), "[redacted]");
    assert_false(tv_redact_is_secret(tv_redact_mask()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(redact__masks_what_names_a_secret),
            cmocka_unit_test(redact__keeps_what_names_none),
            cmocka_unit_test(redact__mask_is_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
