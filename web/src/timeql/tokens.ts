// SPDX-License-Identifier: Apache-2.0
//
// Colours for TimeQL, no grammar: the daemon says what is right. Every character of the input is in
// exactly one token, so that the coloured text lies under the typed one without a shift.

export type TokenKind = 'keyword' | 'string' | 'number' | 'name' | 'mark' | 'comment' | 'blank' | 'wrong';

export interface Token {
  kind: TokenKind;
  text: string;
}

const KEYWORDS = new Set(
  (
    'explain analyze state at timeline traverse from following backward forward both causality via until depth match ' +
    'pattern not followed by within per overlapping compare with for predict next root cause of what if anomalies ' +
    'patterns diff where against rest select events spans logs metrics edges incidents show services fields hosts ' +
    'deploys least times in remove set baseline delay as over scores group every order desc asc limit format json ' +
    'ndjson csv table to last and or between contains starts exists is null true false'
  ).split(' '),
);

const RULES: [TokenKind, RegExp][] = [
  ['blank', /\s+/y],
  ['comment', /--[^\n]*/y],
  ['string', /'(?:[^']|'')*'|"(?:[^"]|"")*"/y],
  ['name', /`[^`]*`|\$[A-Za-z_]\w*|@[0-9A-Za-z]+/y],
  ['number', /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:%|[A-Za-zµ]+)?/y],
  ['name', /[A-Za-z_][\w.]*/y],
  ['mark', /==|!=|<>|<=|>=|=~|!~|[=<>(),;*+-]/y],
  ['wrong', /['"`][\s\S]*|[\s\S]/y],
];

function next(text: string, at: number): Token {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const match = rule.exec(text);
    if (match) {
      const keyword = kind === 'name' && KEYWORDS.has(match[0].toLowerCase());
      return { kind: keyword ? 'keyword' : kind, text: match[0] };
    }
  }
  return { kind: 'wrong', text: text.slice(at) };
}

export function tokens(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = next(text, at);
    out.push(token);
    at += token.text.length;
  }
  return out;
}
