// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { pathOf, roundTop, valueAt } from '../src/components/chart';
import { bySize, changeText } from '../src/timeql/compare';
import { columnPoints, forecastOf, metricsOf, quoted, stepsOf } from '../src/timeql/metrics';

const T = Date.UTC(2026, 2, 12, 15, 40);

describe('charts', () => {
  it('have a round top that holds every value', () => {
    expect([0, -1, 1, 1.1, 3, 24, 26, 0.013, 999].map(roundTop)).toEqual([1, 1, 1, 2, 5, 25, 50, 0.02, 1000]);
  });
  it('break their line where more than two steps are missing', () => {
    const scales = { x: (ms: number) => ms, y: (v: number) => v };
    const points = [1, null, null, 2, null, null, null, 3].map((value, time) => ({ time, value }));
    expect(pathOf(points, scales)).toBe('M0.0 1.0L3.0 2.0M7.0 3.0');
    expect(pathOf([], scales)).toBe('');
  });
  it('read the last known value', () => {
    const points = [{ time: 1, value: 5 }, { time: 2, value: null }, { time: 3, value: 7 }];
    expect([0, 1, 2, 3, 9].map((ms) => valueAt(points, ms))).toEqual([null, 5, 5, 7, 7]);
  });
});

describe('the statements of metrics', () => {
  it('quote names that an event carried', () => {
    expect(quoted('a`b')).toBe('`ab`');
    expect(metricsOf("it's", ['pool.in_use', 'x'], T, T + 60_000, 10_000)).toBe(
      "SELECT avg(`pool.in_use`) AS m0, avg(`x`) AS m1 FROM metrics FROM '2026-03-12 15:40:00' TO '2026-03-12 15:41:00' WHERE service = 'it''s' EVERY 10 s",
    );
    expect(forecastOf('a', T, 90_400)).toBe("PREDICT NEXT 90 s FROM '2026-03-12 15:40:00' WHERE service = 'a'");
  });
  it('lay an answer on the steps of the window', () => {
    const steps = stepsOf(T, T + 30_000, 10_000);
    const answer = {
      type: 'SELECT', columns: [{ name: 'time' }, { name: 'n' }],
      rows: [['2026-03-12T15:40:10.000000000Z', 3], ['2026-03-12T15:40:20.000000000Z', null]],
    };
    expect(steps.map((s) => s - T)).toEqual([0, 10_000, 20_000]);
    expect(columnPoints(answer, 'n', steps, 0).map((p) => p.value)).toEqual([0, 3, 0]);
    expect(columnPoints(answer, 'none', steps, null).map((p) => p.value)).toEqual([null, null, null]);
    expect(columnPoints(undefined, 'n', steps, null)).toHaveLength(3);
  });
});

describe('differences', () => {
  const m = (metric: string, before: number | null, after: number | null) =>
    ({ service: 's', metric, before, after, change: null, changePercent: null });
  it('are worded as the page words them', () => {
    expect([m('x', 100, 271), m('x', 10, 130), m('x', 0, 5), m('x', 5, null), m('x', 4, 3), m('x', 2, 2)].map(changeText).map((t) => t.replace(/\s/g, ' '))).toEqual([
      '+ 171 %', '× 13', 'new', 'gone', '− 25 %', 'same',
    ]);
    expect(changeText(m('x', null, null))).toBe('–');
  });
  it('stand largest first, those that appear before all', () => {
    const rows = [m('same', 1, 1), m('half', 2, 1), m('new', 0, 1), m('tenfold', 1, 10)];
    expect(rows.sort(bySize).map((r) => r.metric)).toEqual(['new', 'tenfold', 'half', 'same']);
  });
});
