// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { DEFAULT_SPAN, INITIAL, parseFocus, printFocus, rangeHolding, rangeOf, zoomed, type Focus } from '../src/state/focus';

const AT = Date.UTC(2026, 2, 12, 15, 47, 38, 64);

describe('focus in the URL', () => {
  it('is empty at its default', () => {
    expect(printFocus(INITIAL)).toBe('');
    expect(parseFocus('')).toEqual(INITIAL);
  });
  it('survives the way there and back', () => {
    const focus: Focus = {
      view: 'stream', at: AT, from: AT - 600_000, to: AT + 60_000, span: 660_000,
      a: Date.parse('2026-03-12T15:42:00Z'), entity: { kind: 'service', name: 'orders & "co"' }, where: "service = 'a' AND x > 80%", q: '',
    };
    expect(parseFocus(printFocus(focus))).toEqual(focus);
    const event: Focus = { ...focus, entity: { kind: 'event', ref: '@00001fcb' }, q: "STATE AT 'now'\n-- ünicode" };
    expect(parseFocus(printFocus(event))).toEqual(event);
  });
  it('drops what cannot be read', () => {
    expect(parseFocus('?view=nowhere&at=soon&from=1&span=-5')).toEqual(INITIAL);
    expect(parseFocus(`?at=${new Date(AT).toISOString()}&from=2030-01-01T00:00:00Z&to=2020-01-01T00:00:00Z`)).toEqual({ ...INITIAL, at: AT });
  });
  it('keeps the length of the live range', () => {
    expect(parseFocus('?span=300').span).toBe(300_000);
    expect(printFocus({ ...INITIAL, span: 300_000 })).toBe('?span=300');
  });
});

describe('the range', () => {
  const now = AT + 3_600_000;
  it('ends now while live', () => {
    expect(rangeOf(INITIAL, now)).toEqual({ from: now - DEFAULT_SPAN, to: now });
  });
  it('holds t and does not reach into the future', () => {
    const { from, to } = rangeOf({ ...INITIAL, at: now - 1000 }, now);
    expect(to).toBe(now);
    expect(to - from).toBe(DEFAULT_SPAN);
    const early = rangeOf({ ...INITIAL, at: AT }, now);
    expect(early.from).toBeLessThan(AT);
    expect(early.to).toBeGreaterThan(AT);
  });
  it('moves only when t would leave it', () => {
    const range = { from: 1000, to: 2000 };
    expect(rangeHolding(range, 1500)).toBe(range);
    expect(rangeHolding(range, 900)).toEqual({ from: 800, to: 1800 });
    expect(rangeHolding(range, 2100)).toEqual({ from: 1200, to: 2200 });
    expect(rangeHolding(range, 9000)).toEqual({ from: 8200, to: 9200 });
  });
  it('zooms about the pointer', () => {
    const next = zoomed({ from: 0, to: 1000 }, 0.5, 250);
    expect(next).toEqual({ from: 125, to: 625 });
    expect((250 - next.from) / (next.to - next.from)).toBeCloseTo(0.25);
  });
});
