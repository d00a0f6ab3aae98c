// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { EventRow, TraverseEvent } from '../src/api/types';
import { failed, lineOf, warned } from '../src/format/event';
import { folded, oneLine, shellQuote, visible } from '../src/format/text';
import { traceTable } from '../src/panel/trace';

const base: EventRow = { arrival: '@1', timestamp: '2024-01-15T15:47:23.000000000Z', service: 'a', eventType: 'log' };

describe('an event', () => {
  it('failed as the daemon defines it', () => {
    expect(failed({ ...base, severity: 'ERROR' })).toBe(true);
    expect(failed({ ...base, severity: 17 })).toBe(true);
    expect(failed({ ...base, eventType: 'error' })).toBe(true);
    expect(failed({ ...base, status: 'error' })).toBe(true);
    expect(failed({ ...base, attributes: { 'http.status_code': 503 } })).toBe(true);
    expect(failed({ ...base, attributes: { 'http.status_code': 404 }, severity: 'WARN' })).toBe(false);
    expect(warned({ ...base, severity: 'WARN' })).toBe(true);
  });
  it('reads in one line', () => {
    expect(lineOf({ ...base, message: 'hello\nworld' })).toBe('hello ⏎ world');
    expect(lineOf({ ...base, name: 'POST /orders', durationNs: 3.19e9, attributes: { 'http.status_code': 503 } }).replace(/\u2009/g, ' ')).toBe('POST /orders 503 in 3.19 s');
    expect(lineOf({ ...base, eventType: 'metric', attributes: { cpu: 24.1, host: 'x' } })).toBe('cpu 24.1');
    expect(lineOf(base)).toBe('log');
  });
});

describe('text from events', () => {
  it('cannot move or rearrange a line', () => {
    expect(visible('a\u0000b\u001bc\u202ed')).toBe('a␀b␛c␦d');
    expect(oneLine('a\tb\r\nc')).toBe('a b ⏎ c');
  });
  it('is folded by characters, not by halves of them', () => {
    expect(folded('😀😀😀', 2)).toEqual({ text: '😀😀', rest: 1 });
    expect(folded('ab', 2)).toEqual({ text: 'ab', rest: 0 });
  });
  it('is quoted for the shell', () => {
    expect(shellQuote("it's")).toBe(`'it'\\''s'`);
  });
});

describe('a trace', () => {
  const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();
  const span = (id: string, parent: string | undefined, start: number, ms: number): TraverseEvent => ({
    arrival: `@${id}`, timestamp: at(start), service: id, eventType: 'span', spanId: id, durationNs: ms * 1e6,
    ...(parent ? { parentSpanId: parent } : {}),
  });
  it('hangs spans below parents and logs below spans, in order of time', () => {
    const log: TraverseEvent = { arrival: '@l', timestamp: at(12), service: 'b', eventType: 'log', spanId: 'b' };
    const table = traceTable([span('c', 'a', 30, 5), log, span('b', 'a', 10, 10), span('a', undefined, 0, 100)]);
    expect(table.rows.map((r) => [r.event.arrival, r.depth])).toEqual([['@a', 0], ['@b', 1], ['@l', 2], ['@c', 1]]);
    expect(table.to - table.from).toBe(100);
  });
  it('loses nothing to orphans and rings', () => {
    const table = traceTable([span('a', 'b', 0, 1), span('b', 'a', 1, 1), span('x', 'gone', 2, 1)]);
    expect(table.rows.map((r) => r.event.arrival).sort()).toEqual(['@a', '@b', '@x']);
  });
});
