// SPDX-License-Identifier: Apache-2.0
//
// The service map at t. Its layout is made of all calls seen so far on this page and so keeps still while
// time moves; only what exists at t is drawn.
import { computed, signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ServiceEdge, ServiceState, StateAnswer } from '../api/types';
import { GlyphShape, healthOf } from '../components/glyph';
import { duration, percent, rate } from '../format/numbers';
import { oneLine } from '../format/text';
import { overlaps, pathOf, spotAt, type Box } from '../map/curve';
import { COMPACT, METRICS, layoutMap, linkKey, nameRoom, type Link, type Placed, type Point } from '../map/layout';
import { entity, select } from '../state/store';

const PAD = 16;
/** Taller than this a map in full size is drawn with nodes of one line. */
const MOST_HEIGHT = 460;

/** Every name and call seen, so that the layout changes only when the topology grows. */
const seen = signal<{ names: string[]; links: Link[] }>({ names: [], links: [] });

export function remember(answer: StateAnswer): void {
  const names = new Set(seen.peek().names);
  const links = new Map(seen.peek().links.map((l) => [linkKey(l), l]));
  const [n, l] = [names.size, links.size];
  for (const s of answer.services) names.add(s.service);
  for (const e of answer.edges ?? []) {
    names.add(e.from);
    names.add(e.to);
    links.set(linkKey(e), { from: e.from, to: e.to });
  }
  if (names.size !== n || links.size !== l) seen.value = { names: [...names], links: [...links.values()] };
}

const width = signal(944);
const placed = computed<Placed & { compact: boolean }>(() => {
  const { names, links } = seen.value;
  const full = layoutMap(names, links, { ...METRICS, width: width.value });
  if (full.height <= MOST_HEIGHT) return { ...full, compact: false };
  return { ...layoutMap(names, links, { ...COMPACT, width: width.value }), compact: true };
});

interface Size {
  width: number;
  height: number;
}

function nodeSize(layout: Placed & { compact: boolean }): Size {
  return { width: layout.nodeWidth, height: layout.compact ? COMPACT.nodeHeight : METRICS.nodeHeight };
}

interface DrawnEdge {
  edge: ServiceEdge;
  points: Point[];
  failing: boolean;
  label: { text: string; box: Box } | null;
}

function pointsOf(edge: ServiceEdge, layout: Placed, node: Size): Point[] | null {
  const [from, to] = [layout.nodes.get(edge.from), layout.nodes.get(edge.to)];
  if (!from || !to) return null;
  const way = layout.paths.get(linkKey(edge)) ?? [];
  const forward = to.x > from.x;
  return [
    { x: from.x + (forward ? node.width : 0), y: from.y + node.height / 2 },
    ...way,
    { x: to.x + (forward ? 0 : node.width), y: to.y + node.height / 2 },
  ];
}

/** A call is drawn as failing when some of it failed and one of its ends is failing. */
function isFailing(edge: ServiceEdge, health: Map<string, string>): boolean {
  if (edge.kind === 'failure') return true;
  return (edge.errorRate ?? 0) > 0 && (health.get(edge.from) === 'failing' || health.get(edge.to) === 'failing');
}

function labelBox(text: string, points: Point[], share: number): Box {
  const spot = spotAt(points, share);
  const w = text.length * 6.2 + 8;
  return { x: spot.x - w / 2, y: spot.y - 8, width: w, height: 16 };
}

/** Labels that would touch another or a node are dropped, those of failing calls never. */
function labelled(edges: DrawnEdge[], layout: Placed, node: Size): void {
  const taken: Box[] = [...layout.nodes.values()].map((p) => ({ ...p, ...node }));
  for (const e of [...edges].sort((a, b) => Number(b.failing) - Number(a.failing))) {
    const text = e.failing ? percent(e.edge.errorRate) : e.edge.requestRate ? rate(e.edge.requestRate).replace('/s', '') : '';
    if (text === '' || text === '–') continue;
    const boxes = [0.5, 0.38, 0.62].map((share) => labelBox(text, e.points, share));
    const box = boxes.find((b) => !taken.some((t) => overlaps(b, t))) ?? (e.failing ? boxes[0] : undefined);
    if (!box) continue;
    e.label = { text, box };
    taken.push(box);
  }
}

function drawnEdges(answer: StateAnswer, layout: Placed, node: Size): DrawnEdge[] {
  const health = new Map(answer.services.map((s) => [s.service, s.health]));
  const edges = (answer.edges ?? []).flatMap((edge): DrawnEdge[] => {
    const points = edge.from === edge.to ? null : pointsOf(edge, layout, node);
    return points ? [{ edge, points, failing: isFailing(edge, health), label: null }] : [];
  });
  labelled(edges, layout, node);
  return edges.sort((a, b) => Number(a.failing) - Number(b.failing));
}

function edgeTitle(edge: ServiceEdge): string {
  const parts = [`${edge.from} → ${edge.to}`, rate(edge.requestRate), `${percent(edge.errorRate)} failed`];
  if (edge.p95 !== null && edge.p95 !== undefined) parts.push(`p95 ${duration(edge.p95)}`);
  return parts.join(', ');
}

function Chevrons({ points, share }: { points: Point[]; share: number }) {
  const spot = spotAt(points, share);
  return (
    <path
      class="chevrons" d="M1 -5l-5 5 5 5M7 -5l-5 5 5 5"
      transform={`translate(${spot.x.toFixed(1)} ${spot.y.toFixed(1)}) rotate(${spot.angle.toFixed(1)})`}
    />
  );
}

function Edge({ drawn }: { drawn: DrawnEdge }) {
  const { edge, points, failing } = drawn;
  const end = points[points.length - 1];
  const before = spotAt(points, 1);
  const stroke = failing ? 2.5 : Math.min(2.5, 1 + Math.log10(1 + (edge.requestRate ?? 0)) * 0.5);
  return (
    <g class={failing ? 'edge failing' : 'edge'}>
      <title>{edgeTitle(edge)}</title>
      <path class="reach" d={pathOf(points)} />
      <path d={pathOf(points)} stroke-width={stroke} />
      {failing ? (
        <>
          <Chevrons points={points} share={0.16} />
          <Chevrons points={points} share={0.84} />
        </>
      ) : end ? (
        <path class="arrow" d="M-6 -4l6 4-6 4" transform={`translate(${end.x} ${end.y}) rotate(${Math.abs(before.angle) > 90 ? 180 : 0})`} />
      ) : null}
    </g>
  );
}

/** Above all lines, so that none runs through a figure. */
function EdgeLabel({ drawn }: { drawn: DrawnEdge }) {
  if (!drawn.label) return null;
  const { text, box } = drawn.label;
  return (
    <g class={drawn.failing ? 'edge-label failing' : 'edge-label'}>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} />
      <text x={box.x + box.width / 2} y={box.y + 12}>{text}</text>
    </g>
  );
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function figures(s: ServiceState | undefined): { plain: string; marked: string } {
  if (!s) return { plain: 'sends no events', marked: '' };
  if (s.health === 'silent') return { plain: 'silent', marked: '' };
  const p95 = s.latency?.p95 ?? null;
  const plain = s.requestRate === null || s.requestRate === undefined ? '' : rate(s.requestRate);
  if (s.health === 'failing' && s.errorRate) return { plain, marked: percent(s.errorRate) };
  if (s.health === 'anomalous' && p95 !== null) return { plain, marked: duration(p95) };
  return { plain: [plain, p95 === null ? '' : duration(p95)].filter(Boolean).join('  '), marked: '' };
}

function NodeText({ name, state, compact, width: w }: { name: string; state: ServiceState | undefined; compact: boolean; width: number }) {
  const { plain, marked } = figures(state);
  if (compact) {
    const text = cut(name, nameRoom(w) - (marked ? 6 : 0));
    return (
      <>
        <text class="name" x={26} y={15}>{oneLine(text)}</text>
        {marked ? <text class="figures" x={w - 7} y={15} text-anchor="end"><tspan class="marked">{marked}</tspan></text> : null}
      </>
    );
  }
  return (
    <>
      <text class="name" x={30} y={17}>{oneLine(cut(name, nameRoom(w) + 1))}</text>
      <text class="figures" x={30} y={32}>
        {plain}{marked ? <tspan class="marked" dx={plain ? 6 : 0}>{marked}</tspan> : null}
      </text>
    </>
  );
}

function Node({ name, at, state, size }: { name: string; at: Point; state: ServiceState | undefined; size: Size }) {
  const health = healthOf(state?.health);
  const { plain, marked } = figures(state);
  const { width: w, height: h } = size;
  const compact = h === COMPACT.nodeHeight;
  const chosen = entity.value?.kind === 'service' && entity.value.name === name;
  const choose = () => select({ kind: 'service', name });
  const around = compact ? 3 : 4;
  return (
    <g
      class={`node ${state ? health : 'outside'}`} transform={`translate(${at.x} ${at.y})`} tabIndex={0} role="button" aria-pressed={chosen}
      aria-label={`${name}, ${health}, ${plain} ${marked}`} onClick={choose}
      onKeyDown={(e) => {
        if (e.key === 'Enter') choose();
      }}
    >
      <title>{`${name}  ${plain} ${marked}`.trim()}</title>
      {chosen ? <rect class="ring" x={-around} y={-around} width={w + 2 * around} height={h + 2 * around} rx={6 + around} /> : null}
      <rect class="box" x={0.5} y={0.5} width={w - 1} height={h - 1} rx={state ? 6 : h / 2} />
      <GlyphShape health={health} x={compact ? 8 : 9} y={compact ? 5 : 14} />
      <NodeText name={name} state={state} compact={compact} width={w} />
    </g>
  );
}

const LEAST_SCALE = 0.75;

/** Shrinks a little if that makes all fit; else only as much as the width needs, and the rest scrolls. */
function scaleFor(across: number, down: number): number {
  const both = Math.min(1, across, down);
  return both >= LEAST_SCALE ? both : Math.max(LEAST_SCALE, Math.min(1, across));
}

export function ServiceMap({ answer }: { answer: StateAnswer }) {
  const box = useRef<HTMLDivElement>(null);
  const height = useSignal(300);
  useEffect(() => {
    const el = box.current;
    if (!el) return undefined;
    const watcher = new ResizeObserver(() => {
      width.value = Math.max(320, el.clientWidth - 2 * PAD);
      height.value = el.clientHeight;
    });
    watcher.observe(el);
    return () => watcher.disconnect();
  }, []);
  const layout = placed.value;
  useEffect(() => {
    const el = box.current;
    if (el) el.scrollTop = (el.scrollHeight - el.clientHeight) / 2;
  }, [layout]);
  const states = new Map(answer.services.map((s) => [s.service, s]));
  const size = nodeSize(layout);
  const edges = drawnEdges(answer, layout, size);
  const present = new Set([...states.keys(), ...edges.flatMap((e) => [e.edge.from, e.edge.to])]);
  const full = { width: layout.width + 2 * PAD, height: layout.height + 2 * PAD };
  const scale = scaleFor((width.value + 2 * PAD) / full.width, height.value / full.height);
  return (
    <div class="map" ref={box}>
      <svg
        width={Math.max(1, full.width * scale)} height={Math.max(1, full.height * scale)} viewBox={`${-PAD} ${-PAD} ${full.width} ${full.height}`}
        role="group" aria-label={`Service map: ${present.size} services, ${edges.length} calls`}
      >
        {edges.map((e) => <Edge key={linkKey(e.edge)} drawn={e} />)}
        {edges.map((e) => <EdgeLabel key={linkKey(e.edge)} drawn={e} />)}
        {[...layout.nodes].filter(([name]) => present.has(name)).map(([name, at]) => (
          <Node key={name} name={name} at={at} state={states.get(name)} size={size} />
        ))}
      </svg>
    </div>
  );
}

export const apartFromMap = computed(() => placed.value.apart);
