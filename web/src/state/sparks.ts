// SPDX-License-Identifier: Apache-2.0
//
// The last ten minutes of every service: requests, their p95, and the share of them that failed. They are spans of kind
// server or consumer, as in STATE; where kinds are unknown there is no spark, rather than a wrong one.
import { computed, effect, untracked } from '@preact/signals';
import { Asking } from '../api/asking';
import { awaySince, returns } from '../api/status';
import type { TableAnswer } from '../api/types';
import { SECOND, parseTime } from '../format/time';
import { SPAN, STEP, cells, sparkStatement } from '../timeql/sparks';
import { focus, live, now, stand } from './store';

const PACE = 5 * SECOND;

const requests = new Asking<TableAnswer>();
const failures = new Asking<TableAnswer>();

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
  p95: Point[];
}

export const sparks = computed<Map<string, Sparks>>(() => {
  const answered = requests.answer.value;
  const out = new Map<string, Sparks>();
  const to = parseTime(answered?.data.window?.to);
  if (!answered || to === null) return out;
  const failed = cells(failures.answer.value?.data, 'n');
  const slow = cells(answered.data, 'p95');
  const last = Math.floor(to / STEP) * STEP;
  const times = Array.from({ length: SPAN / STEP }, (_, i) => last - SPAN + (i + 1) * STEP);
  for (const [service, held] of cells(answered.data, 'n')) {
    const share = (i: number): number => i / (times.length - 1);
    out.set(service, {
      requests: times.map((t, i) => ({ x: share(i), y: held.get(t) ?? 0 })),
      errors: times.map((t, i) => {
        const n = held.get(t) ?? 0;
        return { x: share(i), y: n === 0 ? null : (failed.get(service)?.get(t) ?? 0) / n };
      }),
      p95: times.map((t, i) => ({ x: share(i), y: slow.get(service)?.get(t) ?? null })),
    });
  }
  return out;
});
