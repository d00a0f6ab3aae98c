// SPDX-License-Identifier: Apache-2.0
//
// The course of one call: flat at both nodes and at each waypoint, cubic between.
import type { Point } from './layout';

export interface Spot extends Point {
  /** Degrees, of the direction the curve runs in. */
  angle: number;
}

type Piece = [Point, Point, Point, Point];

function pieces(points: Point[]): Piece[] {
  return points.slice(1).map((to, i) => {
    const from = points[i] ?? to;
    const bend = Math.max(24, Math.abs(to.x - from.x) / 2) * Math.sign(to.x - from.x || 1);
    return [from, { x: from.x + bend, y: from.y }, { x: to.x - bend, y: to.y }, to];
  });
}

export function pathOf(points: Point[]): string {
  const [start] = points;
  if (!start) return '';
  const p = (q: Point): string => `${q.x.toFixed(1)} ${q.y.toFixed(1)}`;
  return `M${p(start)}${pieces(points).map(([, b, c, d]) => `C${p(b)} ${p(c)} ${p(d)}`).join('')}`;
}

/** Where the curve is after `share` of its pieces' parameter, 0 to 1. */
export function spotAt(points: Point[], share: number): Spot {
  const all = pieces(points);
  const place = Math.min(all.length - 1e-9, Math.max(0, share * all.length));
  const [a, b, c, d] = all[Math.floor(place)] ?? all[0] ?? [O, O, O, O];
  const t = place - Math.floor(place);
  const u = 1 - t;
  const at = (k: 'x' | 'y'): number => u ** 3 * a[k] + 3 * u * u * t * b[k] + 3 * u * t * t * c[k] + t ** 3 * d[k];
  const slope = (k: 'x' | 'y'): number => 3 * u * u * (b[k] - a[k]) + 6 * u * t * (c[k] - b[k]) + 3 * t * t * (d[k] - c[k]);
  return { x: at('x'), y: at('y'), angle: (Math.atan2(slope('y'), slope('x')) * 180) / Math.PI };
}

const O: Point = { x: 0, y: 0 };

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
