/* SPDX-License-Identifier: Apache-2.0 */
/* Text to lexemes. Private to this room.
 *
 * A lexeme borrows the statement's text; only a string or name with a doubled quote inside is
 * rewritten, into the arena. What cannot be read becomes a BAD lexeme that carries its own error, so
 * that the parser may still take the same place as a bare reference, which follows other rules. */
#ifndef TV_TIMEQL_LEXER_H
#define TV_TIMEQL_LEXER_H

#include "base/arena.h"

#include <stdint.h>

enum tv_lexeme_kind {
    TV_LEX_END,
    TV_LEX_WORD,   /* keyword or plain name: letters, digits, _ . @ */
    TV_LEX_NAME,   /* in back quotes; never a keyword */
    TV_LEX_STRING, /* in ' or " */
    TV_LEX_NUMBER, /* digits, perhaps with a unit behind */
    TV_LEX_PARAM,  /* $name */
    TV_LEX_SYMBOL, /* operator or punctuation */
    TV_LEX_BAD     /* `problem` says why */
};

struct tv_lexeme {
    enum tv_lexeme_kind kind;
    uint32_t offset, end; /* of the source text, in bytes */
    struct tv_str text;   /* decoded: without quotes, `$` or unit */
    struct tv_str unit;   /* of a number: what follows it without a blank, "%" included */
    const char *problem;  /* of BAD */
    const char *hint;     /* of BAD, or NULL */
};

struct tv_lexer {
    struct tv_str text;
    uint32_t at;
    struct tv_arena *arena;
};

/* Reads the next lexeme and moves behind it. */
struct tv_lexeme tv_lexer_next(struct tv_lexer *lexer);
/* From `offset` on, what stands up to the next blank, as one WORD lexeme; moves behind it. A comma or
 * semicolon right before the blank or the end is the statement's. There must be something. */
struct tv_lexeme tv_lexer_reference(struct tv_lexer *lexer, uint32_t offset);

/* Whether the text is a plain name: a WORD lexeme as a whole. */
bool tv_lexer_is_word(struct tv_str text);

#endif
