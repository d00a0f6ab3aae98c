// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { failureOf } from '../src/api/failure';
import { column, scaleOf, ticks, toTime, toX } from '../src/canvas/scale';
import { MINUTE } from '../src/format/time';

describe('a refusal', () => {
  it('is read from the error form', () => {
    const f = failureOf(400, '{"error":{"code":"syntax","message":"no","position":{"line":1,"column":2}}}', 'X');
    expect([f.kind, f.body.code, f.body.position?.column]).toEqual(['refused', 'syntax', 2]);
  });
  it('asks for a token on 401 and 403', () => {
    expect(failureOf(401, '{"error":{"code":"unauthorized"}}', '').kind).toBe('unauthorized');
    expect(failureOf(403, '{}', '').kind).toBe('unauthorized');
  });
  it('is told from a proxy page', () => {
    expect(failureOf(502, '<html>', '').message).toContain('502');
  });
});

describe('the scale', () => {
  const scale = scaleOf({ from: 0, to: 30 * MINUTE }, 16, 1112);
  it('goes there and back', () => {
    expect(toX(scale, 0)).toBe(16);
    expect(toX(scale, 30 * MINUTE)).toBe(1112);
    expect(toTime(scale, toX(scale, 12345))).toBeCloseTo(12345);
  });
  it('puts ticks at round times', () => {
    const { step, times } = ticks(scale, 120, 'utc');
    expect(step).toBe(5 * MINUTE);
    expect(times.every((t) => t % step === 0)).toBe(true);
  });
  it('lets columns neither overlap nor vanish', () => {
    for (let i = 0; i < 180; i += 1) {
      const [a, b] = [column(scale, i * 10_000, 10_000), column(scale, (i + 1) * 10_000, 10_000)];
      expect(a.width).toBeGreaterThanOrEqual(1);
      expect(a.x + a.width).toBeLessThanOrEqual(b.x);
    }
  });
});
