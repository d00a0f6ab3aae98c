/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that belong to somebody: payment cards (ISO/IEC 7812: prefix, length, Luhn's digit), US
 * social security numbers, phone numbers (E.164, or a national form behind a word that says so).
 *
 * Logs are full of digits, so a rule that is not sure lets go: a card needs its issuer's prefix and
 * length, a social security number its dashes or its name before it, a phone number its '+', the
 * parentheses of an area code, or such a word within a few bytes. */
#include "event/redact_internal.h"

enum {
    CARD_DIGITS_MAX = 19,
    CONTEXT_BYTES = 28,
    PHONE_LEFT_MAX = 14,
    PHONE_DIGITS_MAX = 15,
    COMPLETE = 10 /* so many digits, and a blank is a blank */
};

static size_t digits_end(const struct tv_redact_search *search, size_t at)
{
    while (tv_redact_is_digit(tv_redact_byte(search, at)))
        at++;
    return at;
}

/* Whether what begins at `start` is no part of a longer word or number ("a4111", "0.4111"). */
static bool begins(const struct tv_redact_search *search, size_t start)
{
    char before = tv_redact_before(search, start);
    if (tv_redact_is_alnum(before))
        return false;
    bool joint = before == '-' || before == '.' || before == ',';
    return !(joint && start >= 2 && tv_redact_is_digit(tv_redact_before(search, start - 1)));
}

static bool ends(const struct tv_redact_search *search, size_t end)
{
    char next = tv_redact_byte(search, end);
    if (tv_redact_is_alnum(next) || next == '_')
        return false;
    bool joint = next == '-' || next == '.' || next == ',';
    return !(joint && tv_redact_is_digit(tv_redact_byte(search, end + 1)));
}

/* Whether a word between the places begins as those do that tell of phones and social security: by two
 * letters, which spares most numbers the reading of the words before them. */
static bool may_tell(const char *text, size_t from, size_t to)
{
#define LETTER(c) (1U << ((c)&31))
    static const uint32_t second[32] = {['p' & 31] = LETTER('h'),
            ['t' & 31] = LETTER('e'),
            ['m' & 31] = LETTER('o') | LETTER('s'),
            ['c' & 31] = LETTER('e'),
            ['f' & 31] = LETTER('a'),
            ['s' & 31] = LETTER('m') | LETTER('s') | LETTER('o'),
            ['w' & 31] = LETTER('h'),
            ['i' & 31] = LETTER('t')};
    bool within = false;
    for (size_t at = from; at + 2 < to; at++) {
        char c = text[at];
        bool starts = tv_redact_is_alpha(c) && (!within || tv_redact_is_upper(c));
        if (starts && (second[c & 31] & LETTER(text[at + 1])))
            return true;
        within = tv_redact_is_alpha(c);
    }
    return false;
#undef LETTER
}

/* What the words shortly before `start` and the key tell. */
static unsigned context(const struct tv_redact_search *search, size_t start)
{
    size_t from = start > CONTEXT_BYTES ? start - CONTEXT_BYTES : 0;
    const char *text = search->text.ptr;
    while (from > 0 && from < start && tv_redact_is_alpha(text[from])) /* no half word */
        from++;
    if (!may_tell(text, from, start))
        return search->hints;
    return search->hints | tv_redact_hints((struct tv_str){text + from, start - from});
}

/* Cards. */

static bool luhn(const uint8_t *digits, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = digits[count - 1 - i];
        unsigned twice = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += i % 2 ? twice : digit;
    }
    return sum % 10 == 0;
}

/* Issuers by their first four digits, and how long their numbers are (a bit for each length). */
static bool is_issued(const uint8_t *digits, size_t count)
{
#define LENGTH(n) (1U << (n))
    static const struct {
        unsigned from, to, lengths;
    } issuers[] = {
            {4000, 4999, LENGTH(13) | LENGTH(16) | LENGTH(19)}, /* Visa */
            {5100, 5599, LENGTH(16)}, {2221, 2720, LENGTH(16)}, /* Mastercard */
            {3400, 3499, LENGTH(15)}, {3700, 3799, LENGTH(15)}, /* American Express */
            {6011, 6011, LENGTH(16)}, {6440, 6599, LENGTH(16)}, /* Discover */
            {3528, 3589, LENGTH(16)},                           /* JCB */
            {3000, 3059, LENGTH(14)}, {3600, 3699, LENGTH(14)},
            {3800, 3999, LENGTH(14)},                          /* Diners Club */
            {6200, 6299, LENGTH(16) | LENGTH(19)},             /* UnionPay */
            {5018, 5018, LENGTH(16)}, {6304, 6304, LENGTH(16)} /* Maestro */
    };
#undef LENGTH
    unsigned prefix = digits[0] * 1000U + digits[1] * 100U + digits[2] * 10U + digits[3];
    for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++)
        if (prefix >= issuers[i].from && prefix <= issuers[i].to &&
                (issuers[i].lengths >> count & 1))
            return true;
    return false;
}

static bool is_card(const struct tv_redact_search *search, size_t start, size_t end)
{
    uint8_t digits[CARD_DIGITS_MAX];
    size_t count = 0;
    for (size_t at = start; at < end; at++) {
        char c = search->text.ptr[at];
        if (tv_redact_is_digit(c) && count < CARD_DIGITS_MAX)
            digits[count++] = (uint8_t)(c - '0');
    }
    return ends(search, end) && is_issued(digits, count) && luhn(digits, count);
}

/* The end of digits in groups of these sizes, one separator between all of them; 0 if they are not. */
static size_t grouped(
        const struct tv_redact_search *search, size_t start, const uint8_t *sizes, size_t groups)
{
    char separator = tv_redact_byte(search, start + sizes[0]);
    size_t at = start;
    if (separator != ' ' && separator != '-' && separator != '+' && separator != '.')
        return 0;
    for (size_t i = 0; i < groups; i++) {
        size_t end = digits_end(search, at);
        if (end - at != sizes[i] || (i + 1 < groups && tv_redact_byte(search, end) != separator))
            return 0;
        at = end + 1;
    }
    return at - 1;
}

/* Where the card's number ends that begins at `start`; 0 if it is none. */
static size_t card_end(const struct tv_redact_search *search, size_t start, size_t run_end)
{
    static const uint8_t patterns[][4] = {{4, 4, 4, 4}, {4, 6, 5, 0}, {4, 6, 4, 0}};
    size_t run = run_end - start;
    char first = search->text.ptr[start];
    if ((run != 4 && run < 13) || first < '2' || first > '6' || !begins(search, start))
        return 0;
    if (run >= 13 && run <= CARD_DIGITS_MAX)
        return is_card(search, start, run_end) ? run_end : 0;
    for (size_t i = 0; run == 4 && i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        size_t end = grouped(search, start, patterns[i], patterns[i][3] ? 4 : 3);
        if (end && is_card(search, start, end))
            return end;
    }
    return 0;
}

/* Social security numbers: area, group and serial, none of them all zeros; no area 666 or 9xx. */
static bool is_ssn(const char *area, const char *group, const char *serial)
{
    return area[0] != '9' && memcmp(area, "000", 3) != 0 && memcmp(area, "666", 3) != 0 &&
            memcmp(group, "00", 2) != 0 && memcmp(serial, "0000", 4) != 0;
}

static size_t ssn_end(const struct tv_redact_search *search, size_t start, size_t run_end)
{
    static const uint8_t sizes[] = {3, 2, 4};
    const char *text = search->text.ptr + start;
    size_t run = run_end - start;
    if ((run != 3 && run != 9) || !begins(search, start))
        return 0;
    size_t end = run == 9 ? run_end : grouped(search, start, sizes, 3);
    if (end == 0 || !ends(search, end))
        return 0;
    size_t gap = run == 9 ? 0 : 1;
    bool told = gap && text[3] == '-';
    if (!is_ssn(text, text + 3 + gap, text + 5 + 2 * gap))
        return 0;
    return told || (context(search, start) & TV_REDACT_HINT_SSN) ? end : 0;
}

/* Phone numbers. */

struct phone {
    size_t start, end;
    unsigned digits;
};

static bool is_phone_joint(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/* From the run of digits to what stands before: "+49 (30) " … */
static size_t phone_start(const struct tv_redact_search *search, size_t run)
{
    size_t start = run;
    for (size_t at = run; at > search->floor && run - at < PHONE_LEFT_MAX; at--) {
        char c = search->text.ptr[at - 1];
        if (c == '+')
            return at - 1;
        if (c == '(' || tv_redact_is_digit(c))
            start = at - 1;
        else if (!is_phone_joint(c))
            break;
    }
    return start;
}

/* Over the groups behind the first, as long as they make one number. */
static void phone_extend(const struct tv_redact_search *search, struct phone *phone)
{
    for (size_t at = phone->end; at - phone->end <= 2;) {
        char c = tv_redact_byte(search, at);
        size_t end = digits_end(search, at);
        if (end > at) {
            phone->digits += (unsigned)(end - at);
            if (phone->digits > PHONE_DIGITS_MAX) {
                phone->digits -= (unsigned)(end - at);
                return;
            }
            phone->end = end;
            at = end;
        } else if (is_phone_joint(c) && !(c == ' ' && phone->digits >= COMPLETE)) {
            at++;
        } else {
            return;
        }
    }
}

/* A national number without its '+': by its digits alone it could be anything, so dates and epochs
 * are told apart even behind the word "phone". */
static bool is_national(const struct tv_redact_search *search, const struct phone *phone)
{
    const char *text = search->text.ptr + phone->start;
    bool plain = phone->end - phone->start == phone->digits;
    if (phone->digits < 7 || phone->digits > 12)
        return false;
    if (plain && phone->digits == 8 && (memcmp(text, "20", 2) == 0 || memcmp(text, "19", 2) == 0))
        return false;
    return !(plain && phone->digits == 10 && text[0] == '1');
}

static bool is_area_code_form(const struct tv_redact_search *search, const struct phone *phone)
{
    return phone->digits == 10 && tv_redact_byte(search, phone->start) == '(' &&
            tv_redact_byte(search, phone->start + 4) == ')';
}

/* The phone that the digits from `run` on are of; false if they are of none. */
static bool find_phone(const struct tv_redact_search *search, size_t run, struct phone *phone)
{
    *phone = (struct phone){phone_start(search, run), 0, 0};
    bool plus = tv_redact_byte(search, phone->start) == '+';
    phone->end = phone->start + plus;
    phone_extend(search, phone);
    if (phone->digits < 7 || !ends(search, phone->end) ||
            tv_redact_is_alnum(tv_redact_before(search, phone->start)))
        return false;
    if ((plus && phone->digits >= 8) || is_area_code_form(search, phone))
        return true;
    return is_national(search, phone) && (context(search, phone->start) & TV_REDACT_HINT_PHONE);
}

/* Whether digits may follow behind `end` that belong to those before. */
static bool goes_on(const struct tv_redact_search *search, size_t end)
{
    char next = tv_redact_byte(search, end + 1);
    return is_phone_joint(tv_redact_byte(search, end)) &&
            (tv_redact_is_digit(next) || is_phone_joint(next));
}

/* Whether the run may be part of a phone's number, before that is looked at closely: it is as long as
 * one, or other digits are near. */
static bool may_be_phone(const struct tv_redact_search *search, size_t start, size_t end)
{
    if (end - start > 12)
        return false;
    if (end - start >= 7 || goes_on(search, end))
        return true;
    char before = tv_redact_before(search, start), further = tv_redact_byte(search, start - 2);
    return before == '(' ||
            (is_phone_joint(before) && (tv_redact_is_digit(further) || is_phone_joint(further)));
}

/* Whether the run is the year of a date (2023-11-14): every other line of a log begins with one. */
static bool is_date(const struct tv_redact_search *search, size_t start, size_t end)
{
    if (end - start != 4 || search->text.len - start < 10)
        return false;
    const char *text = search->text.ptr + start;
    bool century = (text[0] == '2' && text[1] == '0') || (text[0] == '1' && text[1] == '9');
    bool longer = tv_redact_is_digit(tv_redact_byte(search, start + 10));
    return century && !longer && (text[4] == '-' || text[4] == '/' || text[4] == '.') &&
            text[7] == text[4] && tv_redact_is_digit(text[5]) && tv_redact_is_digit(text[6]) &&
            tv_redact_is_digit(text[8]) && tv_redact_is_digit(text[9]);
}

size_t tv_redact_number(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    size_t start = at + 1;
    size_t run_end = digits_end(search, start);
    struct phone phone;
    /* Most are the milliseconds, codes and counts of logs. */
    if (run_end - start == 3 && !goes_on(search, run_end))
        return tv_redact_skip(match, run_end);
    if (is_date(search, start, run_end))
        return tv_redact_skip(match, start + 10);
    if (tv_redact_is_alpha(tv_redact_byte(search, run_end)))
        return tv_redact_skip(match, run_end);
    size_t end = tv_redact_wants(search, TV_REDACT_CARD) ? card_end(search, start, run_end) : 0;
    if (end)
        return tv_redact_found(match, TV_REDACT_CARD, start, end);
    end = tv_redact_wants(search, TV_REDACT_SSN) ? ssn_end(search, start, run_end) : 0;
    if (end)
        return tv_redact_found(match, TV_REDACT_SSN, start, end);
    if (tv_redact_wants(search, TV_REDACT_PHONE) && may_be_phone(search, start, run_end) &&
            find_phone(search, start, &phone))
        return tv_redact_found(match, TV_REDACT_PHONE, phone.start, phone.end);
    return tv_redact_skip(match, run_end);
}

size_t tv_redact_plus(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    struct phone phone = {at, at + 1, 0};
    phone_extend(search, &phone);
    if (phone.digits < 8 || !ends(search, phone.end) ||
            tv_redact_is_alnum(tv_redact_before(search, at)))
        return 0;
    return tv_redact_found(match, TV_REDACT_PHONE, phone.start, phone.end);
}

size_t tv_redact_escaped_plus(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    struct phone phone = {at, at + 3, 0};
    phone_extend(search, &phone);
    if (phone.digits < 8 || !ends(search, phone.end))
        return 0;
    return tv_redact_found(match, TV_REDACT_PHONE, phone.start, phone.end);
}

/* A national number in pairs of digits, of which no run is long enough for the others: "06 12 34 56
 * 78". */
size_t tv_redact_pairs(
        const struct tv_redact_search *search, size_t at, struct tv_redact_match *match)
{
    static const uint8_t pairs[] = {2, 2, 2, 2, 2};
    if (tv_redact_byte(search, at + 2) != tv_redact_byte(search, at + 5) || !begins(search, at))
        return 0;
    size_t end = grouped(search, at, pairs, 5);
    end = end ? end : grouped(search, at, pairs, 4);
    if (end == 0 || !ends(search, end) || !(context(search, at) & TV_REDACT_HINT_PHONE))
        return 0;
    return tv_redact_found(match, TV_REDACT_PHONE, at, end);
}
