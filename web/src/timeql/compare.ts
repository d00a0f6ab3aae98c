// SPDX-License-Identifier: Apache-2.0
import type { MetricChange } from '../api/types';
import { MISSING, count, percent } from '../format/numbers';
import { MINUTE, stepText } from '../format/time';
import { timeLiteral, windowOf } from './text';

export function compareOf(a: number, b: number | 'now', overMs: number): string {
  return `COMPARE ${timeLiteral(a)} WITH ${timeLiteral(b)} OVER ${stepText(overMs)}`;
}

/** What sets the failing events of the minutes before a moment apart from the others. */
export function failingApart(at: number): string {
  return `DIFF WHERE error_occurred = true AGAINST REST ${windowOf(at - 5 * MINUTE, at)} LIMIT 12`;
}

/** How far apart two values are, in doublings; what appears or goes counts most. */
function distance(m: MetricChange): number {
  if (m.before === m.after) return 0;
  if (!m.before || !m.after || m.before * m.after < 0) return 30;
  return Math.abs(Math.log2(m.after / m.before));
}

/** Largest change first; ties by name, so that rows keep their place. */
export function bySize(x: MetricChange, y: MetricChange): number {
  const d = distance(y) - distance(x);
  if (d !== 0) return d;
  return `${x.service} ${x.metric}` < `${y.service} ${y.metric}` ? -1 : 1;
}

/** + 171 %, × 13, new, gone. */
export function changeText(m: MetricChange): string {
  const { before, after } = m;
  if (before === null && after === null) return MISSING;
  if (before === after) return 'same';
  if (!before) return after ? 'new' : MISSING;
  if (after === null) return 'gone';
  const times = after / before;
  if (times >= 5) return `× ${count(Math.round(times))}`;
  const share = percent(Math.abs(times - 1));
  return `${times < 1 ? '−' : '+'} ${share}`;
}
