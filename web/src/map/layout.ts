// SPDX-License-Identifier: Apache-2.0
//
// The service map laid out left to right by call depth: the layered method of Sugiyama, small. Cycles are
// cut where a depth-first walk meets itself, long calls get waypoints in the columns they cross, columns
// are ordered by the mean of their neighbours, and rows are placed by isotonic regression, which keeps
// order and gaps while staying as near as possible to where the neighbours pull.

export interface Link {
  from: string;
  to: string;
}

export interface Point {
  x: number;
  y: number;
}

export interface Placed {
  /** Left upper corners. */
  nodes: Map<string, Point>;
  /** Waypoints between the ends, by linkKey. */
  paths: Map<string, Point[]>;
  /** Nodes that take part in no call. */
  apart: string[];
  nodeWidth: number;
  width: number;
  height: number;
}

export interface Metrics {
  /** The least width of a node; long names widen all, as far as the columns leave room. */
  nodeWidth: number;
  mostNodeWidth: number;
  nodeHeight: number;
  rowPitch: number;
  leastGap: number;
  mostGap: number;
  width: number;
}

export const METRICS: Omit<Metrics, 'width'> = {
  nodeWidth: 128, mostNodeWidth: 192, nodeHeight: 40, rowPitch: 52, leastGap: 64, mostGap: 136,
};

/** Nodes of one line, for systems that would not fit otherwise. */
export const COMPACT: Omit<Metrics, 'width'> = { ...METRICS, nodeHeight: 22, rowPitch: 28 };

interface Cell {
  id: string;
  real: boolean;
  layer: number;
  before: Cell[];
  after: Cell[];
  y: number;
}

export function linkKey(link: Link): string {
  return JSON.stringify([link.from, link.to]);
}

const WAYPOINT_PITCH = 26;
const SWEEPS = 12;

/** Links without self calls and without those that would close a cycle. */
function acyclic(nodes: string[], links: Link[]): Link[] {
  const out = new Map<string, string[]>(nodes.map((n) => [n, []]));
  for (const l of links) if (l.from !== l.to) out.get(l.from)?.push(l.to);
  const called = new Set(links.filter((l) => l.from !== l.to).map((l) => l.to));
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<string>();
  const walk = (start: string): void => {
    const stack = [{ node: start, next: 0 }];
    state.set(start, 'open');
    for (let top = stack[stack.length - 1]; top; top = stack[stack.length - 1]) {
      const to = out.get(top.node)?.[top.next];
      top.next += 1;
      if (to === undefined) {
        state.set(top.node, 'done');
        stack.pop();
      } else if (state.get(to) === 'open') {
        back.add(linkKey({ from: top.node, to }));
      } else if (!state.has(to)) {
        state.set(to, 'open');
        stack.push({ node: to, next: 0 });
      }
    }
  };
  const roots = nodes.filter((n) => !called.has(n));
  for (const n of [...roots, ...nodes]) if (!state.has(n)) walk(n);
  return links.filter((l) => l.from !== l.to && !back.has(linkKey(l)));
}

/** The longest way from a root; a root of its own stands just before what it calls. */
function depths(nodes: string[], links: Link[]): Map<string, number> {
  const depth = new Map<string, number>(nodes.map((n) => [n, 0]));
  for (let round = 0; round < nodes.length; round += 1) {
    let moved = false;
    for (const l of links) {
      const wanted = (depth.get(l.from) ?? 0) + 1;
      if (wanted > (depth.get(l.to) ?? 0)) {
        depth.set(l.to, wanted);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const called = new Set(links.map((l) => l.to));
  for (const n of nodes) {
    const after = links.filter((l) => l.from === n).map((l) => depth.get(l.to) ?? 1);
    if (!called.has(n) && after.length > 0) depth.set(n, Math.max(0, Math.min(...after) - 1));
  }
  return depth;
}

function join(a: Cell, b: Cell): void {
  a.after.push(b);
  b.before.push(a);
}

interface Grid {
  layers: Cell[][];
  ways: Map<string, Cell[]>;
}

function gridOf(nodes: string[], links: Link[]): Grid {
  const depth = depths(nodes, links);
  const layers: Cell[][] = [];
  const add = (id: string, real: boolean, layer: number): Cell => {
    const cell: Cell = { id, real, layer, before: [], after: [], y: 0 };
    (layers[layer] ??= []).push(cell);
    return cell;
  };
  const cells = new Map(nodes.map((n) => [n, add(n, true, depth.get(n) ?? 0)]));
  const ways = new Map<string, Cell[]>();
  for (const l of links) {
    const [from, to] = [cells.get(l.from), cells.get(l.to)];
    if (!from || !to) continue;
    const way: Cell[] = [];
    let last = from;
    for (let layer = from.layer + 1; layer < to.layer; layer += 1) {
      const point = add(`${linkKey(l)}${layer}`, false, layer);
      join(last, point);
      way.push(point);
      last = point;
    }
    join(last, to);
    ways.set(linkKey(l), way);
  }
  for (let i = 0; i < layers.length; i += 1) layers[i] ??= [];
  return { layers, ways };
}

function meanIndex(cell: Cell, side: 'before' | 'after', index: Map<Cell, number>): number | null {
  const near = cell[side];
  if (near.length === 0) return null;
  return near.reduce((sum, c) => sum + (index.get(c) ?? 0), 0) / near.length;
}

function order(layers: Cell[][]): void {
  const index = new Map<Cell, number>();
  const number = (layer: Cell[]): void => layer.forEach((c, i) => index.set(c, i - (layer.length - 1) / 2));
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const layer of forward ? layers : [...layers].reverse()) {
      const wish = new Map(layer.map((c) => [c, meanIndex(c, forward ? 'before' : 'after', index) ?? index.get(c) ?? 0]));
      layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      number(layer);
    }
  }
}

/** The places nearest to the wishes that keep the gaps: pool adjacent violators. */
export function spread(wishes: number[], gaps: number[]): number[] {
  const offsets = gaps.reduce<number[]>((acc, gap) => [...acc, (acc[acc.length - 1] ?? 0) + gap], [0]);
  const pools: { sum: number; size: number }[] = [];
  wishes.forEach((wish, i) => {
    pools.push({ sum: wish - (offsets[i] ?? 0), size: 1 });
    for (;;) {
      const [a, b] = pools.slice(-2);
      if (!a || !b || a.sum / a.size <= b.sum / b.size) break;
      pools.splice(-2, 2, { sum: a.sum + b.sum, size: a.size + b.size });
    }
  });
  const free = pools.flatMap((p) => new Array<number>(p.size).fill(p.sum / p.size));
  return free.map((f, i) => f + (offsets[i] ?? 0));
}

function pitch(a: Cell, b: Cell, m: Metrics): number {
  return a.real && b.real ? m.rowPitch : a.real || b.real ? (m.rowPitch + WAYPOINT_PITCH) / 2 : WAYPOINT_PITCH;
}

function place(layers: Cell[][], m: Metrics): void {
  const settle = (layer: Cell[], wish: (c: Cell) => number): void => {
    const gaps = layer.slice(1).map((c, i) => pitch(layer[i] ?? c, c, m));
    spread(layer.map(wish), gaps).forEach((y, i) => {
      const cell = layer[i];
      if (cell) cell.y = y;
    });
  };
  for (const layer of layers) settle(layer, () => 0);
  const mean = (near: Cell[], own: number): number => (near.length ? near.reduce((s, c) => s + c.y, 0) / near.length : own);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      settle(layer, (c) => (sweep < SWEEPS - 2 ? mean(sweep % 2 === 0 ? c.before : c.after, c.y) : mean([...c.before, ...c.after], c.y)));
    }
  }
}

export function layoutMap(names: string[], links: Link[], m: Metrics): Placed {
  const sorted = [...new Set(names)].sort();
  const linked = links
    .filter((l) => l.from !== l.to && sorted.includes(l.from) && sorted.includes(l.to))
    .sort((a, b) => (linkKey(a) < linkKey(b) ? -1 : 1));
  const part = new Set(linked.flatMap((l) => [l.from, l.to]));
  const inside = sorted.filter((n) => part.has(n));
  const apart = sorted.filter((n) => !part.has(n));
  if (inside.length === 0) return inRows(apart, m);
  const { layers, ways } = gridOf(inside, acyclic(inside, linked));
  order(layers);
  place(layers, m);
  return finish(layers, ways, apart, { ...m, nodeWidth: widthFor(inside, layers.length, m) });
}

const NAME_PIXELS = 6.8;
const AROUND_NAME = 38;

/** The characters of a name that a node of this width shows. */
export function nameRoom(nodeWidth: number): number {
  return Math.floor((nodeWidth - AROUND_NAME) / NAME_PIXELS);
}

function widthFor(names: string[], columns: number, m: Metrics): number {
  const longest = names.reduce((most, n) => Math.max(most, n.length), 0);
  const wanted = Math.ceil(longest * NAME_PIXELS) + AROUND_NAME;
  const room = Math.floor((m.width - (columns - 1) * m.leastGap) / columns);
  return Math.max(m.nodeWidth, Math.min(wanted, room, m.mostNodeWidth));
}

/** A call crosses a column level, so that it keeps clear of the nodes above and below. */
function straight(x: number, y: number, width: number): Point[] {
  return [{ x, y }, { x: x + width, y }];
}

function finish(layers: Cell[][], ways: Map<string, Cell[]>, apart: string[], m: Metrics): Placed {
  const columns = layers.length;
  const room = columns > 1 ? (m.width - columns * m.nodeWidth) / (columns - 1) : 0;
  const gap = Math.min(m.mostGap, Math.max(m.leastGap, Math.floor(room)));
  const all = layers.flat();
  const top = Math.min(...all.map((c) => c.y - (c.real ? m.nodeHeight / 2 : 8)));
  const bottom = Math.max(...all.map((c) => c.y + (c.real ? m.nodeHeight / 2 : 8)));
  const x = (c: Cell): number => c.layer * (m.nodeWidth + gap);
  const nodes = new Map(all.filter((c) => c.real).map((c) => [c.id, { x: x(c), y: Math.round(c.y - m.nodeHeight / 2 - top) }]));
  const paths = new Map(
    [...ways].map(([key, way]) => [key, way.flatMap((c) => straight(x(c), Math.round(c.y - top), m.nodeWidth))]),
  );
  return { nodes, paths, apart, nodeWidth: m.nodeWidth, width: columns * m.nodeWidth + (columns - 1) * gap, height: bottom - top };
}

/** Services without any call between them: rows from left to right. */
function inRows(names: string[], least: Metrics): Placed {
  const gap = 16;
  const m = { ...least, nodeWidth: widthFor(names, 1, least) };
  const across = Math.max(1, Math.floor((m.width + gap) / (m.nodeWidth + gap)));
  const nodes = new Map(
    names.map((n, i) => [n, { x: (i % across) * (m.nodeWidth + gap), y: Math.floor(i / across) * m.rowPitch }]),
  );
  const rows = Math.ceil(names.length / across);
  const columns = Math.min(names.length, across);
  return {
    nodes, paths: new Map(), apart: [], nodeWidth: m.nodeWidth,
    width: Math.max(0, columns * (m.nodeWidth + gap) - gap),
    height: Math.max(0, rows * m.rowPitch - (m.rowPitch - m.nodeHeight)),
  };
}
