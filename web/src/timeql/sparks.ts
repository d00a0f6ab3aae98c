// SPDX-License-Identifier: Apache-2.0
//
// What the sparks ask, and the numbers of the answer by service and step.
import type { TableAnswer } from '../api/types';
import { MINUTE, SECOND, parseTime } from '../format/time';
import { windowOf } from './text';

export const SPAN = 10 * MINUTE;
export const STEP = 20 * SECOND;

export function sparkStatement(at: number, extra: string): string {
  const end = Math.floor(at / STEP) * STEP;
  return (
    `SELECT service, count(*) AS n, p95(duration) AS p95 FROM spans ${windowOf(end - SPAN, end - 1)} ` +
    `WHERE kind IN ('server', 'consumer')${extra} GROUP BY service EVERY 20 s`
  );
}

/** A column's numbers by service and step. */
type Cells = Map<string, Map<number, number>>;

export function cells(answer: TableAnswer | undefined, column: string): Cells {
  const out: Cells = new Map();
  if (!answer?.columns) return out;
  const at = (name: string): number => answer.columns.findIndex((c) => c.name === name);
  const [time, service, n] = [at('time'), at('service'), at(column)];
  for (const row of answer.rows) {
    const ms = parseTime(row[time] as string | null);
    const name = row[service];
    if (ms === null || typeof name !== 'string') continue;
    const held = out.get(name) ?? new Map<number, number>();
    const value = row[n];
    if (typeof value === 'number') held.set(ms, value);
    out.set(name, held);
  }
  return out;
}
