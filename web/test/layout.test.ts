// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { METRICS, layoutMap, spread, type Link } from '../src/map/layout';
import { pathOf, spotAt } from '../src/map/curve';

const M = { ...METRICS, width: 944 };
const links = (text: string): Link[] => text.split(' ').map((pair) => {
  const [from = '', to = ''] = pair.split('>');
  return { from, to };
});

function names(all: Link[]): string[] {
  return [...new Set(all.flatMap((l) => [l.from, l.to]))];
}

describe('the service map', () => {
  it('puts callers left of what they call', () => {
    const calls = links('a>b b>c a>c c>d b>d');
    const { nodes } = layoutMap(names(calls), calls, M);
    for (const l of calls) expect(nodes.get(l.from)?.x).toBeLessThan(nodes.get(l.to)?.x ?? 0);
  });
  it('never lets two nodes touch', () => {
    const calls = links('a>b a>c a>d a>e b>f c>f d>f e>f b>g c>h d>i e>j f>k g>k h>k a>k');
    const placed = [...layoutMap(names(calls), calls, M).nodes.values()];
    for (const p of placed) {
      for (const q of placed) {
        if (p !== q && p.x === q.x) expect(Math.abs(p.y - q.y)).toBeGreaterThanOrEqual(METRICS.rowPitch - 1);
      }
    }
  });
  it('survives cycles and self calls', () => {
    const calls = links('a>b b>c c>a c>c');
    expect(layoutMap(names(calls), calls, M).nodes.size).toBe(3);
  });
  it('leaves out who takes part in no call, unless nobody does', () => {
    expect(layoutMap(['a', 'b', 'z'], links('a>b'), M).apart).toEqual(['z']);
    expect(layoutMap(['a', 'b', 'z'], [], M).nodes.size).toBe(3);
    expect(layoutMap([], [], M).nodes.size).toBe(0);
  });
  it('does not depend on the order it is told things', () => {
    const calls = links('a>b a>c b>d c>d d>e');
    const one = layoutMap(names(calls), calls, M);
    const two = layoutMap(names(calls).reverse(), [...calls].reverse(), M);
    expect([...two.nodes].sort()).toEqual([...one.nodes].sort());
  });
  it('keeps gaps and stays near the wishes', () => {
    expect(spread([0, 0, 0], [10, 10])).toEqual([-10, 0, 10]);
    expect(spread([0, 50], [10])).toEqual([0, 50]);
  });
});

describe('a curve', () => {
  it('begins and ends at its points', () => {
    const points = [{ x: 0, y: 0 }, { x: 100, y: 50 }];
    expect(pathOf(points)).toBe('M0.0 0.0C50.0 0.0 50.0 50.0 100.0 50.0');
    expect(spotAt(points, 0)).toMatchObject({ x: 0, y: 0, angle: 0 });
    expect(spotAt(points, 1).x).toBeCloseTo(100);
    expect(spotAt(points, 0.5)).toMatchObject({ x: 50, y: 25 });
  });
});
