// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { TableAnswer } from '../src/api/types';
import { cells, sparkStatement } from '../src/timeql/sparks';

describe('the sparks', () => {
  it('are asked for in one statement of whole steps', () => {
    const text = sparkStatement(Date.parse('2024-01-15T15:47:33Z'), '');
    expect(text).toContain('SELECT service, count(*) AS n, p95(duration) AS p95 FROM spans');
    expect(text).toContain("15:47:19.999'");
    expect(text.endsWith('GROUP BY service EVERY 20 s')).toBe(true);
  });
  it('keep what is null apart from zero', () => {
    const answer = {
      columns: [{ name: 'time' }, { name: 'service' }, { name: 'n' }, { name: 'p95' }],
      rows: [
        ['2024-01-15T15:47:00.000000000Z', 'orders', 3, 78000000],
        ['2024-01-15T15:47:20.000000000Z', 'orders', 0, null],
        ['2024-01-15T15:47:20.000000000Z', null, 5, 1],
      ],
    } as unknown as TableAnswer;
    const at = Date.parse('2024-01-15T15:47:00Z');
    expect([...cells(answer, 'p95')]).toEqual([['orders', new Map([[at, 78000000]])]]);
    expect(cells(answer, 'n').get('orders')?.get(at + 20_000)).toBe(0);
    expect(cells(undefined, 'n').size).toBe(0);
  });
});
