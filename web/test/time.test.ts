// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  DAY, HOUR, MINUTE, SECOND, axisLabel, clock, clockNear, date, momentAfter, parseTime, parseTyped, statementTime, stepFor, stepText,
} from '../src/format/time';

const T = Date.UTC(2026, 2, 12, 15, 47, 38, 64);

describe('times', () => {
  it('reads nine decimals as far as a double holds them', () => {
    expect(parseTime('2024-01-15T15:47:23.000000000Z')).toBe(Date.UTC(2024, 0, 15, 15, 47, 23));
    expect(parseTime('2024-01-15T15:47:23.123456789Z')).toBeCloseTo(Date.UTC(2024, 0, 15, 15, 47, 23) + 123.456789, 3);
    expect(parseTime('2024-01-15T16:47:23.5+01:00')).toBe(Date.UTC(2024, 0, 15, 15, 47, 23, 500));
    expect(parseTime('never')).toBeNull();
    expect(parseTime(null)).toBeNull();
  });
  it('writes the literal of a statement without needless decimals', () => {
    expect(statementTime(T)).toBe('2026-03-12 15:47:38.064');
    expect(statementTime(T - 64)).toBe('2026-03-12 15:47:38');
  });
  it('stands after an event between two milliseconds', () => {
    expect(momentAfter(10.0004)).toBe(11);
    expect(momentAfter(10)).toBe(10);
  });
  it('shows clock, date and the day where it differs', () => {
    expect(clock(T, 'utc')).toBe('15:47:38');
    expect(date(T, 'utc')).toBe('Thu 12 Mar 2026');
    expect(clockNear(T - DAY, T, 'utc')).toBe('11 Mar 15:47:38');
    expect(clockNear(T - HOUR, T, 'utc')).toBe('14:47:38');
  });
  it('reads what people type', () => {
    expect(parseTyped('15:47', T, 'utc')).toBe(Date.UTC(2026, 2, 12, 15, 47));
    expect(parseTyped('9:05:01.5', T, 'utc')).toBe(Date.UTC(2026, 2, 12, 9, 5, 1, 500));
    expect(parseTyped('2024-01-15 15:47:23', T, 'utc')).toBe(Date.UTC(2024, 0, 15, 15, 47, 23));
    expect(parseTyped('2024-01-15T15:47:23+02:00', T, 'utc')).toBe(Date.UTC(2024, 0, 15, 13, 47, 23));
    expect(parseTyped('1705333643', T, 'utc')).toBe(1705333643000);
    expect(parseTyped('25:00', T, 'utc')).toBeNull();
    expect(parseTyped('soon', T, 'utc')).toBeNull();
  });
  it('chooses round steps', () => {
    expect(stepFor(30 * MINUTE, 274)).toBe(10 * SECOND);
    expect(stepFor(DAY, 288)).toBe(5 * MINUTE);
    expect(stepFor(20, 400)).toBe(1);
    for (const span of [50, SECOND, HOUR, DAY, 400 * DAY]) expect(span / stepFor(span, 400)).toBeLessThanOrEqual(400);
    expect(stepText(10 * SECOND)).toBe('10 s');
    expect(stepText(90 * SECOND)).toBe('90 s');
    expect(stepText(500)).toBe('500 ms');
    expect(stepText(2 * DAY)).toBe('2 d');
  });
  it('labels an axis by its step', () => {
    expect(axisLabel(Date.UTC(2026, 2, 12, 15, 45), 5 * MINUTE, 'utc')).toBe('15:45');
    expect(axisLabel(Date.UTC(2026, 2, 12), HOUR, 'utc')).toBe('12 Mar');
    expect(axisLabel(T - 64, 10 * SECOND, 'utc')).toBe('15:47:38');
  });
});
