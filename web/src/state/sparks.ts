// SPDX-License-Identifier: Apache-2.0
//
// The last ten minutes of every service: requests, and the share of them that failed. They are spans of kind
// server or consumer, as in STATE; where kinds are unknown there is no spark, rather than a wrong one.
import { computed, effect, untracked } from '@preact/signals';
import { Asking } from '../api/asking';
import { awaySince, returns } from '../api/status';
import type { TableAnswer } from '../api/types';
import { MINUTE, SECOND, parseTime } from '../format/time';
import { windowOf } from '../timeql/text';
import { focus, live, now, stand } from './store';

const SPAN = 10 * MINUTE;
const STEP = 20 * SECOND;
const PACE = 5 * SECOND;

const requests = new Asking<TableAnswer>();
const failures = new Asking<TableAnswer>();

export function sparkStatement(at: number, extra: string): string {
  const end = Math.floor(at / STEP) * STEP;
  return (
    `SELECT service, count(*) AS n FROM spans ${windowOf(end - SPAN, end - 1)} ` +
    `WHERE kind IN ('server', 'consumer')${extra} GROUP BY service EVERY 20 s`
  );
}

function ask(): void {
  const at = focus.peek().at ?? now();
  requests.ask(sparkStatement(at, ''));
  failures.ask(sparkStatement(at, ' AND error_occurred = true'));
}

/** The step t stands in: sparks change when it does. */
const stepNow = computed(() => (stand.value === null ? null : Math.floor(stand.value / STEP)));

/** Starts following; called by the view that shows them. */
export function followSparks(): () => void {
  return effect(() => {
    void stepNow.value;
    void returns.value;
    untracked(ask);
    if (!live.value) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden && awaySince.peek() === null) ask();
    }, PACE);
    return () => clearInterval(timer);
  });
}

export interface Point {
  x: number;
  y: number | null;
}

export interface Sparks {
  requests: Point[];
  errors: Point[];
}

/** Counts by service and step. */
type Cells = Map<string, Map<number, number>>;

function cells(answer: TableAnswer | undefined): Cells {
  const out: Cells = new Map();
  if (!answer?.columns) return out;
  const at = (name: string): number => answer.columns.findIndex((c) => c.name === name);
  const [time, service, n] = [at('time'), at('service'), at('n')];
  for (const row of answer.rows) {
    const ms = parseTime(row[time] as string | null);
    const name = row[service];
    if (ms === null || typeof name !== 'string') continue;
    const held = out.get(name) ?? new Map<number, number>();
    held.set(ms, Number(row[n] ?? 0));
    out.set(name, held);
  }
  return out;
}

export const sparks = computed<Map<string, Sparks>>(() => {
  const answered = requests.answer.value;
  const out = new Map<string, Sparks>();
  const to = parseTime(answered?.data.window?.to);
  if (!answered || to === null) return out;
  const failed = cells(failures.answer.value?.data);
  const last = Math.floor(to / STEP) * STEP;
  const times = Array.from({ length: SPAN / STEP }, (_, i) => last - SPAN + (i + 1) * STEP);
  for (const [service, held] of cells(answered.data)) {
    const share = (i: number): number => i / (times.length - 1);
    out.set(service, {
      requests: times.map((t, i) => ({ x: share(i), y: held.get(t) ?? 0 })),
      errors: times.map((t, i) => {
        const n = held.get(t) ?? 0;
        return { x: share(i), y: n === 0 ? null : (failed.get(service)?.get(t) ?? 0) / n };
      }),
    });
  }
  return out;
});
