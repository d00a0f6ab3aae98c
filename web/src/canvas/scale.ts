// SPDX-License-Identifier: Apache-2.0
//
// Time to pixels and back, and the ticks between. Pure, so that dragging can be tested without a canvas.
import { DAY, stepFor, type Zone } from '../format/time';
import type { Range } from '../state/focus';

export interface Scale {
  from: number;
  to: number;
  left: number;
  right: number;
}

export function scaleOf(range: Range, left: number, right: number): Scale {
  return { from: range.from, to: range.to, left, right: Math.max(left + 1, right) };
}

export function toX(scale: Scale, ms: number): number {
  return scale.left + ((ms - scale.from) / (scale.to - scale.from)) * (scale.right - scale.left);
}

export function toTime(scale: Scale, x: number): number {
  return scale.from + ((x - scale.left) / (scale.right - scale.left)) * (scale.to - scale.from);
}

export function msPerPixel(scale: Scale): number {
  return (scale.to - scale.from) / (scale.right - scale.left);
}

export interface Ticks {
  step: number;
  times: number[];
}

/** Round moments at least `gap` pixels apart; days begin at midnight of the zone on screen. */
export function ticks(scale: Scale, gap: number, zone: Zone): Ticks {
  const step = stepFor(scale.to - scale.from, (scale.right - scale.left) / gap);
  const shift = zone === 'utc' ? 0 : new Date(scale.from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((scale.from - shift) / step) * step + shift;
  const times: number[] = [];
  for (let t = first; t <= scale.to && times.length < 200; t += step) times.push(t);
  return { step: Math.min(step, 3640 * DAY), times };
}

export interface Column {
  x: number;
  width: number;
}

/** The pixels of a bar: whole ones, a gap of one to its neighbour, one pixel at least. */
export function column(scale: Scale, time: number, step: number): Column {
  const x = Math.round(toX(scale, time));
  const end = Math.round(toX(scale, time + step));
  const gap = end - x > 2 ? 1 : 0;
  return { x, width: Math.max(1, end - x - gap) };
}
