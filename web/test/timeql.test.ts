// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { caretOf, corrected, offeredWord } from '../src/timeql/caret';
import { all, curl, events, histogram, literal, stateAt } from '../src/timeql/text';
import { tokens } from '../src/timeql/tokens';

const AT = Date.UTC(2026, 2, 12, 15, 47, 38);

describe('statements', () => {
  it('never let a value become syntax', () => {
    expect(literal("o'brien")).toBe("'o''brien'");
    expect(literal('back\\slash')).toBe("'back\\slash'");
  });
  it('are written as a person would', () => {
    expect(stateAt(AT, 10_000)).toBe("STATE AT '2026-03-12 15:47:38' OVER 10 s");
    expect(stateAt('now', 60_000)).toBe("STATE AT 'now' OVER 1 m");
    expect(histogram(AT, AT + 1000, 100)).toBe("TIMELINE FROM '2026-03-12 15:47:38' TO '2026-03-12 15:47:39' EVERY 100 ms");
    expect(events({ from: AT, to: AT + 1000, where: "service = 'a'", newestFirst: true, limit: 5 })).toBe(
      "TIMELINE FROM '2026-03-12 15:47:38' TO '2026-03-12 15:47:39' WHERE service = 'a' ORDER BY timestamp DESC LIMIT 5",
    );
  });
  it('join conditions without tearing them', () => {
    expect(all('', 'a = 1')).toBe('a = 1');
    expect(all('a = 1 OR b = 2', 'c = 3')).toBe('(a = 1 OR b = 2) AND c = 3');
  });
  it('quote for the shell and name no token', () => {
    expect(curl("STATE AT 'now'", 'http://127.0.0.1:3335/', false)).toBe(
      `curl http://127.0.0.1:3335/api/v1/query --data-binary 'STATE AT '\\''now'\\'''`,
    );
    expect(curl('SHOW services', 'http://h/', true)).toContain('$TRAVERSION_TOKEN');
  });
});

describe('tokens', () => {
  const samples = [
    "STATE AT '2026-03-12 15:47:38' WHERE service = 'it''s' OVER 10 s -- note\nLIMIT 5",
    "MATCH PATTERN WHERE cpu > 80% FOLLOWED BY `k8s.pod-name` =~ \"a\" WITHIN 5 minutes",
    "'never closed", 'ÿ § 12.5e3ms @abc $p == != <> ~', '',
  ];
  it('cover the text without a gap', () => {
    for (const text of samples) expect(tokens(text).map((t) => t.text).join('')).toBe(text);
  });
  it('tell keywords, text, numbers and comments', () => {
    const kinds = tokens(samples[0] ?? '').filter((t) => t.kind !== 'blank').map((t) => t.kind);
    expect(kinds).toEqual([
      'keyword', 'keyword', 'string', 'keyword', 'name', 'mark', 'string', 'keyword', 'number', 'name', 'comment', 'keyword', 'number',
    ]);
  });
  it('mark what does not belong', () => {
    expect(tokens("'never closed").map((t) => t.kind)).toEqual(['wrong']);
  });
});

describe('caret', () => {
  it('marks the whole token', () => {
    const text = "STATE AT '2026-03-12 15:47:38' WHER service = 'orders'";
    expect(caretOf(text, { position: { line: 1, column: 32 } })).toEqual({ line: 1, column: 32, length: 4 });
  });
  it('finds its line and survives the end of the text', () => {
    expect(caretOf("STATE AT 'now'\nOVR 10 s", { position: { line: 2, column: 1 } })).toEqual({ line: 2, column: 1, length: 3 });
    expect(caretOf('SHOW', { position: { line: 1, column: 5 } })).toEqual({ line: 1, column: 5, length: 1 });
    expect(caretOf('SHOW', {})).toBeNull();
  });
  it('can be set right with the word offered', () => {
    const text = "STATE AT 'now'\nOVR 10 s";
    const caret = caretOf(text, { position: { line: 2, column: 1 } });
    expect(offeredWord('did you mean OVER?')).toBe('OVER');
    expect(offeredWord("did you mean 'service'?")).toBe('service');
    expect(offeredWord('put it in quotes')).toBeNull();
    expect(caret && corrected(text, caret, 'OVER')).toBe("STATE AT 'now'\nOVER 10 s");
  });
});
