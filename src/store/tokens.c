/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: names, scopes and hashes. Adding and removing open the file by themselves, so that the
 * command line works beside a running daemon; SQLite's own locks keep the two apart. */
#include "store/store_internal.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void read_token(sqlite3_stmt *rows, struct tv_token *out)
{
    const char *name = (const char *)sqlite3_column_text(rows, 0);
    *out = (struct tv_token){
            .scopes = (unsigned)sqlite3_column_int64(rows, 1),
            .created_ns = sqlite3_column_int64(rows, 2),
    };
    (void)snprintf(out->name, sizeof(out->name), "%s", name ? name : "");
    if (sqlite3_column_bytes(rows, 3) == (int)sizeof(out->hash))
        memcpy(out->hash, sqlite3_column_blob(rows, 3), sizeof(out->hash));
}

enum tv_status tv_store_tokens(
        struct tv_store *store, struct tv_token **out, size_t *count, struct tv_error *err)
{
    struct tv_db db = {0};
    sqlite3_stmt *rows = NULL;
    struct tv_token *tokens = NULL;
    size_t found = 0, cap = 0;
    int code = SQLITE_ROW;
    enum tv_status status = tv_pool_take(store, &db, err);
    if (status == TV_OK)
        status = tv_db_prepare(
                &db, "SELECT name, scopes, created, hash FROM token ORDER BY name", &rows, err);
    while (status == TV_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        if (found == cap) {
            cap = tv_grown(cap, found + 1, 8);
            tokens = tv_realloc_array(tokens, cap, sizeof(*tokens));
        }
        read_token(rows, &tokens[found++]);
    }
    if (status == TV_OK && code != SQLITE_DONE)
        status = tv_db_fail(&db, code, "read tokens of", err);
    (void)sqlite3_finalize(rows);
    tv_pool_put(store, &db);
    if (status != TV_OK) {
        free(tokens);
        return status;
    }
    *out = tokens;
    *count = found;
    return TV_OK;
}

static enum tv_status open_beside(const char *dir, struct tv_db *db, struct tv_error *err)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return tv_fail(err, TV_IO, "cannot make the folder '%s': %s", dir, strerror(errno));
    char *path = tv_store_file_of(dir, "traversion.db");
    enum tv_status status = tv_db_open(path, TV_DB_WRITER, db, err);
    if (status == TV_OK)
        status = tv_schema_migrate(db, err);
    free(path);
    return status;
}

static enum tv_status change(
        const struct tv_db *db, const char *sql, const struct tv_token *token, struct tv_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tv_status status = tv_db_prepare(db, sql, &statement, err);
    if (status == TV_OK) {
        int values = sqlite3_bind_parameter_count(statement);
        (void)sqlite3_bind_text(statement, 1, token->name, -1, SQLITE_STATIC);
        if (values > 1) {
            (void)sqlite3_bind_int64(statement, 2, (int64_t)token->scopes);
            (void)sqlite3_bind_int64(statement, 3, token->created_ns);
            (void)sqlite3_bind_blob(
                    statement, 4, token->hash, (int)sizeof(token->hash), SQLITE_STATIC);
        }
        status = tv_db_run(db, statement, err);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

enum tv_status tv_token_add(const char *dir, const struct tv_token *token, struct tv_error *err)
{
    struct tv_db db = {0};
    enum tv_status status = open_beside(dir, &db, err);
    if (status == TV_OK)
        status = change(&db,
                "INSERT OR IGNORE INTO token(name, scopes, created, hash) VALUES(?1, ?2, ?3, ?4)",
                token, err);
    if (status == TV_OK && sqlite3_changes(db.sql) == 0)
        status = tv_fail(err, TV_CONFLICT, "there is a token '%s' already", token->name);
    tv_db_close(&db);
    return status;
}

enum tv_status tv_token_remove(const char *dir, const char *name, struct tv_error *err)
{
    struct tv_db db = {0};
    struct tv_token token = {.scopes = 0};
    (void)snprintf(token.name, sizeof(token.name), "%s", name);
    enum tv_status status = open_beside(dir, &db, err);
    if (status == TV_OK)
        status = change(&db, "DELETE FROM token WHERE name = ?1", &token, err);
    if (status == TV_OK && sqlite3_changes(db.sql) == 0)
        status = tv_fail(err, TV_NOT_FOUND, "there is no token '%s'", name);
    tv_db_close(&db);
    return status;
}
