/* SPDX-License-Identifier: Apache-2.0 */
/* Running a condition over a batch.
 *
 * A condition turns a set of live rows (a bitmap) into two: those for which it is true and those
 * for which it is false; the rest are unknown. AND hands on to each part only the rows that no part
 * before has made false, OR is its mirror image (De Morgan), NOT swaps the two sets. So a costly
 * part sees few rows, candidates cost what they are and not what the batch is, and three values
 * need no table of their own.
 *
 * Leaves walk the live rows of one column. A text is decided once for each code, in a memo made
 * anew for each leaf, unless the rows are so few that clearing the memo would cost more; texts that
 * do not repeat (messages, event ids) are decided row by row. A sparse attribute walks its entries.
 * The alternative, a row at a time through the tree, is some ten times slower and is what the tests
 * compare this with. */
#include "event/predicate_internal.h"

/* A bitmap that is not in use, linked through its own memory. */
struct spare {
    struct spare *next;
};

struct eval {
    const struct tv_batch *batch;
    struct tv_arena *scratch;
    size_t words;     /* of a bitmap */
    size_t from, end; /* words that hold live rows; the rest is never touched */
    struct spare *spare;
    uint8_t *memo; /* enum pred_tri by code */
    struct pred_effort effort;
};

/* What a leaf finds, as bitmaps. */
struct verdict {
    uint64_t *yes, *no;
    uint64_t *present; /* rows that have the field, where it is asked for; else NULL */
};

static uint64_t *take_bits(struct eval *eval)
{
    struct spare *spare = eval->spare;
    if (!spare)
        return tv_arena_alloc(eval->scratch, eval->words * sizeof(uint64_t));
    eval->spare = spare->next;
    return (uint64_t *)(void *)spare;
}

static void give_bits(struct eval *eval, uint64_t *bits)
{
    struct spare *spare = (void *)bits;
    spare->next = eval->spare;
    eval->spare = spare;
}

static void clear_bits(const struct eval *eval, uint64_t *bits)
{
    memset(bits + eval->from, 0, (eval->end - eval->from) * sizeof(*bits));
}

static void copy_bits(const struct eval *eval, uint64_t *into, const uint64_t *from)
{
    memcpy(into + eval->from, from + eval->from, (eval->end - eval->from) * sizeof(*into));
}

static uint32_t count_bits(const struct eval *eval, const uint64_t *bits)
{
    uint32_t count = 0;
    for (size_t w = eval->from; w < eval->end; w++)
        count += (uint32_t)__builtin_popcountll(bits[w]);
    return count;
}

/* One leaf over one fixed column. */
struct column {
    struct eval *eval;
    const struct tv_pred *leaf;
    const void *cells;
    const uint8_t *memo; /* by code or by small number */
};

typedef enum pred_tri cell_fn(const struct column *column, uint32_t row);

/* Asks `decide` for each live row. Inlined with it, so that the loop is one piece of code. */
static inline __attribute__((always_inline)) void walk(
        const struct column *column, const uint64_t *live, struct verdict out, cell_fn *decide)
{
    const struct eval *eval = column->eval;
    for (size_t w = eval->from; w < eval->end; w++) {
        uint64_t yes = 0, no = 0;
        for (uint64_t rest = live[w]; rest != 0; rest &= rest - 1) {
            uint64_t bit = rest & -rest;
            uint32_t row = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(rest);
            enum pred_tri tri = decide(column, row);
            yes |= tri == PRED_YES ? bit : 0;
            no |= tri == PRED_NO ? bit : 0;
        }
        out.yes[w] = yes;
        out.no[w] = no;
    }
}

static inline enum pred_tri in_range(const struct tv_pred *leaf, int64_t cell)
{
    bool inside = cell >= leaf->low && cell <= leaf->high;
    return inside != leaf->outside ? PRED_YES : PRED_NO;
}

static inline enum pred_tri range_cell(const struct column *column, uint32_t row)
{
    int64_t cell = ((const int64_t *)column->cells)[row];
    return cell == TV_ABSENT_I64 ? PRED_UNKNOWN : in_range(column->leaf, cell);
}

static inline enum pred_tri small_cell(const struct column *column, uint32_t row)
{
    return (enum pred_tri)column->memo[((const uint8_t *)column->cells)[row]];
}

static inline enum pred_tri id_cell(const struct column *column, uint32_t row)
{
    return tv_pred_decide_id(column->leaf, ((const struct tv_id *)column->cells)[row]);
}

static inline enum pred_tri span_id_cell(const struct column *column, uint32_t row)
{
    struct tv_id id = {0, ((const uint64_t *)column->cells)[row]};
    return tv_pred_decide_id(column->leaf, id);
}

/* Any column, by its value. */
static enum pred_tri any_cell(const struct column *column, uint32_t row)
{
    char scratch[33];
    struct tv_value cell =
            tv_batch_value(column->eval->batch, column->leaf->field.field, row, scratch);
    return tv_pred_decide(column->leaf, cell, &column->eval->effort);
}

static struct tv_value code_value(const struct eval *eval, enum tv_type type, uint32_t code)
{
    if (code == 0)
        return tv_value_null();
    return (struct tv_value){.type = type, .s = tv_strings_get(&eval->batch->strings, code)};
}

static enum pred_tri decide_code(
        struct eval *eval, const struct tv_pred *leaf, enum tv_type type, uint32_t code)
{
    if (eval->memo[code] == PRED_UNDECIDED)
        eval->memo[code] =
                (uint8_t)tv_pred_decide(leaf, code_value(eval, type, code), &eval->effort);
    return (enum pred_tri)eval->memo[code];
}

static inline enum pred_tri code_cell(const struct column *column, uint32_t row)
{
    uint32_t code = ((const uint32_t *)column->cells)[row];
    return decide_code(column->eval, column->leaf, TV_TYPE_STR, code);
}

/* Texts that do not repeat, or are few. */
static inline enum pred_tri text_cell(const struct column *column, uint32_t row)
{
    uint32_t code = ((const uint32_t *)column->cells)[row];
    enum tv_type type = tv_field_type(column->leaf->field.field);
    return tv_pred_decide(
            column->leaf, code_value(column->eval, type, code), &column->eval->effort);
}

static void clear_memo(struct eval *eval)
{
    size_t count = eval->batch->strings.count ? eval->batch->strings.count : 1;
    if (!eval->memo)
        eval->memo = tv_arena_alloc(eval->scratch, count);
    memset(eval->memo, PRED_UNDECIDED, count);
}

/* Whether so many look-ups pay for clearing the memo. */
static bool wants_memo(const struct eval *eval, uint32_t rows)
{
    return rows >= eval->batch->strings.count / 16;
}

static void walk_small(struct column *column, const uint64_t *live, struct verdict out)
{
    uint8_t table[UINT8_MAX + 1];
    const struct tv_pred *leaf = column->leaf;
    enum tv_field field = leaf->field.field;
    for (unsigned i = 0; i < sizeof(table); i++) {
        struct tv_str text = tv_enum_text(field, (uint8_t)i);
        struct tv_value cell = text.len > 0 ? tv_value_str(text) : tv_value_null();
        table[i] = (uint8_t)(field == TV_FIELD_SEVERITY && text.len > 0
                        ? tv_pred_decide_severity(leaf, (uint8_t)i, &column->eval->effort)
                        : tv_pred_decide(leaf, cell, &column->eval->effort));
    }
    column->memo = table;
    walk(column, live, out, small_cell);
}

static void eval_fixed(
        struct eval *eval, const struct tv_pred *leaf, const uint64_t *live, struct verdict out)
{
    enum tv_field field = leaf->field.field;
    struct column column = {eval, leaf, eval->batch->columns[field], NULL};
    enum tv_column_type type = tv_field_column(field);
    bool member = leaf->kind == PRED_MEMBER;
    if (!column.cells) {
        clear_bits(eval, out.yes);
        clear_bits(eval, out.no);
    } else if (type == TV_COLUMN_U8) {
        walk_small(&column, live, out);
    } else if (type == TV_COLUMN_I64 && leaf->has_range) {
        walk(&column, live, out, range_cell);
    } else if (type == TV_COLUMN_ID && member) {
        walk(&column, live, out, id_cell);
    } else if (type == TV_COLUMN_U64 && member && field != TV_FIELD_ARRIVAL) {
        walk(&column, live, out, span_id_cell);
    } else if (type == TV_COLUMN_CODE && !tv_field_is_appended(field) &&
            wants_memo(eval, count_bits(eval, live))) {
        clear_memo(eval);
        walk(&column, live, out, code_cell);
    } else if (type == TV_COLUMN_CODE) {
        walk(&column, live, out, text_cell);
    } else {
        walk(&column, live, out, any_cell);
    }
}

static inline bool has_bit(const uint64_t *bits, uint32_t row)
{
    return bits[row / 64] >> (row % 64) & 1;
}

static inline void set_bit(uint64_t *bits, uint32_t row)
{
    bits[row / 64] |= UINT64_C(1) << (row % 64);
}

static inline enum pred_tri decide_double(const struct tv_pred *leaf, uint64_t bits)
{
    double cell, value = leaf->number;
    memcpy(&cell, &bits, sizeof(cell));
    bool less = cell<value, greater = cell> value, equal = cell == value;
    if (leaf->kind == PRED_MEMBER)
        return equal != leaf->outside ? PRED_YES : PRED_NO;
    if (!(less | greater | equal)) /* NaN */
        return PRED_UNKNOWN;
    bool wants_less = leaf->op == TV_OP_LT || leaf->op == TV_OP_LE;
    bool wants_equal = leaf->op == TV_OP_LE || leaf->op == TV_OP_GE;
    bool yes = (wants_less ? less : greater) | (wants_equal & equal);
    return yes ? PRED_YES : PRED_NO;
}

/* One entry of an attribute; texts through the memo where one was cleared. */
static inline enum pred_tri decide_entry(struct eval *eval, const struct tv_pred *leaf,
        const struct tv_attr *attr, uint32_t entry, bool memo)
{
    uint64_t bits = attr->bits[entry];
    uint8_t type = attr->types[entry];
    if (type == TV_TYPE_I64 && leaf->has_range)
        return in_range(leaf, (int64_t)bits);
    if (type == TV_TYPE_STR && memo)
        return decide_code(eval, leaf, TV_TYPE_STR, (uint32_t)bits);
    if (type == TV_TYPE_F64 && leaf->has_double)
        return decide_double(leaf, bits);
    return tv_pred_decide(leaf, tv_batch_entry_value(eval->batch, attr, entry), &eval->effort);
}

enum { FEW_ROWS = 12 }; /* of a word: below, they are decided one by one */

/* One comparison of a word's rows; with NaN none holds. */
#define COMPARE_WORD(cells, count, value, op, out)    \
    do {                                              \
        for (uint32_t i = 0; i < (count); i++) {      \
            double cell;                              \
            memcpy(&cell, &(cells)[i], sizeof(cell)); \
            (out) |= (uint64_t)(cell op(value)) << i; \
        }                                             \
    } while (0)

struct word_verdict {
    uint64_t yes, no;
};

/* What decide_double says, for the rows of a word at a time. */
static struct word_verdict decide_word(
        const struct tv_pred *leaf, const uint64_t *cells, uint32_t count)
{
    uint64_t yes = 0, ordered = 0;
    if (leaf->kind == PRED_MEMBER)
        COMPARE_WORD(cells, count, leaf->number, ==, yes);
    else if (leaf->op == TV_OP_LT)
        COMPARE_WORD(cells, count, leaf->number, <, yes);
    else if (leaf->op == TV_OP_LE)
        COMPARE_WORD(cells, count, leaf->number, <=, yes);
    else if (leaf->op == TV_OP_GT)
        COMPARE_WORD(cells, count, leaf->number, >, yes);
    else
        COMPARE_WORD(cells, count, leaf->number, >=, yes);
    if (leaf->kind == PRED_MEMBER)
        return leaf->outside ? (struct word_verdict){~yes, yes} : (struct word_verdict){yes, ~yes};
    COMPARE_WORD(cells, count, cell, ==, ordered);
    return (struct word_verdict){yes, ordered & ~yes};
}

/* The same where few rows of the word are asked for. */
static struct word_verdict decide_few(
        const struct tv_pred *leaf, const uint64_t *cells, uint64_t live)
{
    struct word_verdict out = {0, 0};
    for (uint64_t rest = live; rest != 0; rest &= rest - 1) {
        unsigned i = (unsigned)__builtin_ctzll(rest);
        enum pred_tri tri = decide_double(leaf, cells[i]);
        out.yes |= (uint64_t)(tri == PRED_YES) << i;
        out.no |= (uint64_t)(tri == PRED_NO) << i;
    }
    return out;
}

/* Whether every row has the attribute, as a double, and the leaf compares with one. */
static bool is_dense_double(
        const struct eval *eval, const struct tv_pred *leaf, const struct tv_attr *attr)
{
    bool compares = leaf->kind == PRED_MEMBER || leaf->kind == PRED_ORDER;
    return compares && leaf->has_double && attr->count == eval->batch->rows &&
            attr->types[0] == TV_TYPE_F64 &&
            memcmp(attr->types, attr->types + 1, attr->count - 1) == 0;
}

/* The usual case of metrics, without a look at row numbers and types. */
static void eval_dense_double(struct eval *eval, const struct tv_pred *leaf,
        const struct tv_attr *attr, const uint64_t *live, struct verdict out)
{
    for (size_t w = eval->from; w < eval->end; w++) {
        uint32_t first = (uint32_t)(w * 64);
        uint32_t count = attr->count - first < 64 ? attr->count - first : 64;
        const uint64_t *cells = attr->bits + first;
        struct word_verdict word = __builtin_popcountll(live[w]) < FEW_ROWS
                ? decide_few(leaf, cells, live[w])
                : decide_word(leaf, cells, count);
        out.yes[w] = word.yes & live[w];
        out.no[w] = word.no & live[w];
        if (out.present)
            out.present[w] |= live[w];
    }
}

/* The leaf over an attribute. */
static void eval_attr(struct eval *eval, const struct tv_pred *leaf, const struct tv_attr *attr,
        const uint64_t *live, struct verdict out)
{
    if (attr->count > 0 && is_dense_double(eval, leaf, attr)) {
        eval_dense_double(eval, leaf, attr, live, out);
        return;
    }
    clear_bits(eval, out.yes);
    clear_bits(eval, out.no);
    uint32_t entry = tv_attr_lower_bound(attr, (uint32_t)(eval->from * 64));
    uint32_t end = tv_attr_lower_bound(attr, (uint32_t)(eval->end * 64));
    bool memo = leaf->kind != PRED_EXISTS && wants_memo(eval, end - entry);
    if (memo)
        clear_memo(eval);
    for (; entry < end; entry++) {
        uint32_t row = attr->rows[entry];
        if (!has_bit(live, row))
            continue;
        if (out.present)
            set_bit(out.present, row);
        enum pred_tri tri =
                leaf->kind == PRED_EXISTS ? PRED_YES : decide_entry(eval, leaf, attr, entry, memo);
        /* Without branches, which the data would decide and no processor predict. */
        out.yes[row / 64] |= (uint64_t)(tri == PRED_YES) << (row % 64);
        out.no[row / 64] |= (uint64_t)(tri == PRED_NO) << (row % 64);
    }
}

/* The first attribute present decides, so each one sees the rows that those before left over. */
static void eval_metric(
        struct eval *eval, const struct tv_pred *leaf, const uint64_t *live, struct verdict out)
{
    size_t count;
    const struct tv_str *names = tv_virtual_attributes(leaf->field.virtual_field, &count);
    uint64_t *left = take_bits(eval);
    struct verdict each = {take_bits(eval), take_bits(eval), take_bits(eval)};
    copy_bits(eval, left, live);
    clear_bits(eval, out.yes);
    clear_bits(eval, out.no);
    for (size_t i = 0; i < count; i++) {
        uint32_t attr = tv_batch_find_attr(eval->batch, names[i]);
        if (attr == UINT32_MAX)
            continue;
        clear_bits(eval, each.present);
        eval_attr(eval, leaf, &eval->batch->attrs[attr], left, each);
        for (size_t w = eval->from; w < eval->end; w++) {
            out.yes[w] |= each.yes[w];
            out.no[w] |= each.no[w];
            left[w] &= ~each.present[w];
        }
    }
    give_bits(eval, each.yes);
    give_bits(eval, each.no);
    give_bits(eval, each.present);
    give_bits(eval, left);
}

static void eval_error(
        struct eval *eval, const struct tv_pred *leaf, const uint64_t *live, struct verdict out)
{
    uint64_t *errors = take_bits(eval);
    tv_batch_error_bits(eval->batch, errors);
    enum pred_tri with = PRED_YES, without = PRED_YES;
    if (leaf->kind != PRED_EXISTS) {
        with = tv_pred_decide(leaf, tv_value_bool(true), &eval->effort);
        without = tv_pred_decide(leaf, tv_value_bool(false), &eval->effort);
    }
    for (size_t w = eval->from; w < eval->end; w++) {
        uint64_t error = live[w] & errors[w], other = live[w] & ~errors[w];
        out.yes[w] = (with == PRED_YES ? error : 0) | (without == PRED_YES ? other : 0);
        out.no[w] = (with == PRED_NO ? error : 0) | (without == PRED_NO ? other : 0);
    }
    give_bits(eval, errors);
}

static enum pred_tri present_cell(const struct column *column, uint32_t row)
{
    char scratch[33];
    enum tv_field field = column->leaf->field.field;
    struct tv_value cell = tv_batch_value(column->eval->batch, field, row, scratch);
    return cell.type != TV_TYPE_NULL ? PRED_YES : PRED_NO;
}

static void eval_leaf(
        struct eval *eval, const struct tv_pred *leaf, const uint64_t *live, struct verdict out)
{
    if (leaf->field.class == TV_FIELD_VIRTUAL) {
        if (leaf->field.virtual_field == TV_VIRTUAL_ERROR_OCCURRED)
            eval_error(eval, leaf, live, out);
        else
            eval_metric(eval, leaf, live, out);
    } else if (leaf->field.class == TV_FIELD_ATTRIBUTE) {
        uint32_t attr = tv_batch_find_attr(eval->batch, leaf->field.name);
        static const struct tv_attr none = {0};
        eval_attr(eval, leaf, attr == UINT32_MAX ? &none : &eval->batch->attrs[attr], live, out);
    } else if (leaf->kind != PRED_EXISTS) {
        eval_fixed(eval, leaf, live, out);
    } else if (!eval->batch->columns[leaf->field.field]) {
        clear_bits(eval, out.yes);
    } else {
        struct column column = {eval, leaf, NULL, NULL};
        walk(&column, live, out, present_cell);
    }
    if (leaf->kind == PRED_EXISTS)
        for (size_t w = eval->from; w < eval->end; w++)
            out.no[w] = live[w] & ~out.yes[w];
}

static void eval_node(
        struct eval *eval, const struct tv_pred *node, const uint64_t *live, struct verdict out);

/* Parts that search texts or have parts of their own come after those that only compare. */
static bool is_costly(const struct tv_pred *part)
{
    return part->kind != PRED_MEMBER && part->kind != PRED_ORDER && part->kind != PRED_EXISTS;
}

/* AND: false where any part is, true where all are. OR is AND with the two sets swapped. */
static void eval_parts(
        struct eval *eval, const struct tv_pred *node, const uint64_t *live, struct verdict out)
{
    bool is_or = node->kind == PRED_OR;
    struct verdict all = {.yes = is_or ? out.no : out.yes, .no = is_or ? out.yes : out.no};
    uint64_t *open = take_bits(eval);
    struct verdict part = {.yes = take_bits(eval), .no = take_bits(eval)};
    struct verdict part_all = {.yes = is_or ? part.no : part.yes, .no = is_or ? part.yes : part.no};
    copy_bits(eval, open, live);
    copy_bits(eval, all.yes, live);
    clear_bits(eval, all.no);
    uint64_t any = 1;
    for (uint32_t i = 0; i < 2 * node->count && any; i++) {
        const struct tv_pred *each = node->parts->items[i % node->count];
        if (is_costly(each) != (i >= node->count))
            continue;
        eval_node(eval, each, open, part);
        any = 0;
        for (size_t w = eval->from; w < eval->end; w++) {
            all.yes[w] &= part_all.yes[w];
            all.no[w] |= part_all.no[w];
            any |= open[w] &= ~part_all.no[w];
        }
    }
    give_bits(eval, part.yes);
    give_bits(eval, part.no);
    give_bits(eval, open);
}

/* Bits of `out` outside `live` are 0 afterwards. */
static void eval_node(
        struct eval *eval, const struct tv_pred *node, const uint64_t *live, struct verdict out)
{
    switch (node->kind) {
    case PRED_TRUE:
        copy_bits(eval, out.yes, live);
        clear_bits(eval, out.no);
        return;
    case PRED_AND:
    case PRED_OR:
        eval_parts(eval, node, live, out);
        return;
    case PRED_NOT:
        eval_node(eval, node->child, live, (struct verdict){.yes = out.no, .no = out.yes});
        return;
    case PRED_MEMBER:
    case PRED_ORDER:
    case PRED_TEXT:
    case PRED_MATCH:
    case PRED_EXISTS:
        eval_leaf(eval, node, live, out);
        return;
    }
}

/* The live rows of the candidates, and the words that hold them. */
static uint64_t *live_rows(struct eval *eval, const uint32_t *rows, uint32_t count)
{
    uint64_t *live = take_bits(eval);
    uint32_t least = UINT32_MAX, greatest = 0;
    for (uint32_t i = 0; i < count; i++) {
        least = rows[i] < least ? rows[i] : least;
        greatest = rows[i] > greatest ? rows[i] : greatest;
    }
    TV_ASSERT(greatest < eval->batch->rows);
    eval->from = least / 64;
    eval->end = (size_t)greatest / 64 + 1;
    clear_bits(eval, live);
    for (uint32_t i = 0; i < count; i++)
        set_bit(live, rows[i]);
    return live;
}

static struct eval eval_of(const struct tv_batch *batch, struct tv_arena *scratch)
{
    return (struct eval){.batch = batch,
            .scratch = scratch,
            .words = ((size_t)batch->rows + 63) / 64,
            .end = ((size_t)batch->rows + 63) / 64};
}

/* The rows of the set bits, ascending; their number is returned. */
static uint32_t rows_of_bits(const struct eval *eval, const uint64_t *bits, uint32_t *rows)
{
    uint32_t count = 0;
    for (size_t w = eval->from; w < eval->end; w++)
        for (uint64_t rest = bits[w]; rest != 0; rest &= rest - 1)
            rows[count++] = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(rest);
    return count;
}

/* Whether the candidates are all rows of the batch, in order. */
static bool is_every_row(const struct tv_batch *batch, const uint32_t *rows, uint32_t count)
{
    uint32_t differ = count ^ batch->rows;
    for (uint32_t i = 0; i < count; i++)
        differ |= rows[i] ^ i;
    return differ == 0;
}

uint32_t tv_pred_filter(const struct tv_pred *pred, const struct tv_batch *batch, uint32_t *rows,
        uint32_t count, struct tv_arena *scratch)
{
    if (count == 0 || !pred || pred->kind == PRED_TRUE)
        return count;
    if (is_every_row(batch, rows, count))
        return tv_pred_select(pred, batch, rows, scratch);
    struct eval eval = eval_of(batch, scratch);
    const uint64_t *live = live_rows(&eval, rows, count);
    struct verdict verdict = {.yes = take_bits(&eval), .no = take_bits(&eval)};
    eval_node(&eval, pred, live, verdict);
    uint32_t selected = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        rows[selected] = row;
        selected += has_bit(verdict.yes, row);
    }
    return selected;
}

uint32_t tv_pred_select(const struct tv_pred *pred, const struct tv_batch *batch, uint32_t *rows,
        struct tv_arena *scratch)
{
    if (batch->rows == 0)
        return 0;
    struct eval eval = eval_of(batch, scratch);
    uint64_t *live = take_bits(&eval);
    memset(live, 0xff, eval.words * sizeof(*live));
    if (batch->rows % 64 != 0)
        live[eval.words - 1] = (UINT64_C(1) << (batch->rows % 64)) - 1;
    if (!pred)
        return rows_of_bits(&eval, live, rows);
    struct verdict verdict = {.yes = take_bits(&eval), .no = take_bits(&eval)};
    eval_node(&eval, pred, live, verdict);
    return rows_of_bits(&eval, verdict.yes, rows);
}
