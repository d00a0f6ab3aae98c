// SPDX-License-Identifier: Apache-2.0
//
// A line chart over the slider's range: data as ink lines from zero, anomalies as amber bars below, the forecast as a
// blue dashed line with its cone from t. All charts share one hairline; values stand in the heads, never over the data.
import type { ComponentChildren } from 'preact';
import { signal } from '@preact/signals';
import type { Range } from '../state/focus';
import { axisLabel, stepFor, type Zone } from '../format/time';

export interface ChartPoint {
  time: number;
  value: number | null;
}

export interface ChartSeries {
  name: string;
  points: ChartPoint[];
}

export interface Forecast {
  points: { time: number; value: number | null; low: number | null; high: number | null }[];
}

interface Props {
  head: ComponentChildren;
  label: string;
  series: ChartSeries[];
  range: Range;
  at: number;
  a: number | null;
  print: (v: number | null | undefined) => string;
  anomalies?: Range[];
  forecast?: Forecast | null;
  zone: Zone;
  onPick: (ms: number) => void;
}

const WIDTH = 424;
const HEIGHT = 108;
/** Where the pointer is, in all charts at once; epoch ms. */
export const hairline = signal<number | null>(null);

/** A round number that is not below `most`: 1, 2, 2.5 or 5 times a power of ten. */
export function roundTop(most: number): number {
  if (!(most > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 2.5, 5, 10].find((m) => m * unit >= most * 0.999999) ?? 10) * unit;
}

/** The point at or before a moment. */
export function valueAt(points: ChartPoint[], ms: number): number | null {
  let found: number | null = null;
  for (const p of points) {
    if (p.time > ms) break;
    if (p.value !== null) found = p.value;
  }
  return found;
}

interface Scales {
  x: (ms: number) => number;
  y: (v: number) => number;
}

/** Steps that a line goes on over: a sender's ten seconds are not always ours. */
const BRIDGED = 2;

/** The line; a longer gap in the data is a gap in the line. */
export function pathOf(points: ChartPoint[], { x, y }: Scales): string {
  let missed = BRIDGED + 1;
  let path = '';
  for (const p of points) {
    if (p.value === null) {
      missed += 1;
      continue;
    }
    path += `${missed > BRIDGED ? 'M' : 'L'}${x(p.time).toFixed(1)} ${y(p.value).toFixed(1)}`;
    missed = 0;
  }
  return path;
}

function Cone({ forecast, scales }: { forecast: Forecast; scales: Scales }) {
  const known = forecast.points.filter((p) => p.value !== null);
  if (known.length < 2) return null;
  const upper = known.map((p) => `${scales.x(p.time).toFixed(1)} ${scales.y(p.high ?? p.value ?? 0).toFixed(1)}`);
  const lower = known.map((p) => `${scales.x(p.time).toFixed(1)} ${scales.y(Math.max(0, p.low ?? p.value ?? 0)).toFixed(1)}`).reverse();
  return (
    <>
      <path d={`M${upper.join('L')}L${lower.join('L')}Z`} class="cone" />
      <path d={pathOf(known, scales)} class="forecast" />
    </>
  );
}

const DASHES = ['', '', '', '5 3', '2 3'];
const INKS = ['var(--ink)', 'var(--ink2)', 'var(--ink3)', 'var(--ink)', 'var(--ink2)'];

function topOf(series: ChartSeries[], forecast: Forecast | null | undefined): number {
  const values = series.flatMap((s) => s.points.map((p) => p.value ?? 0));
  const most = Math.max(0, ...values);
  // A cone that widens without end must not flatten what was.
  const high = Math.max(0, ...(forecast?.points.map((p) => p.value ?? 0) ?? []));
  return roundTop(Math.max(most, Math.min(high, most * 3)));
}

function Axis({ range, zone }: { range: Range; zone: Zone }) {
  const step = stepFor(range.to - range.from, 5);
  const first = Math.ceil(range.from / step) * step;
  const marks = Array.from({ length: 8 }, (_, i) => first + i * step).filter((ms) => ms <= range.to);
  return (
    <div class="chart-axis" aria-hidden="true">
      {marks.map((ms) => (
        <span key={ms} style={{ left: `${((ms - range.from) / (range.to - range.from)) * 100}%` }}>{axisLabel(ms, step, zone)}</span>
      ))}
    </div>
  );
}

function Twin({ series, label, print }: Pick<Props, 'series' | 'label' | 'print'>) {
  const times = series[0]?.points.filter((p) => p.value !== null) ?? [];
  return (
    <table class="vh">
      <caption>{label}</caption>
      <thead><tr><th>Time</th>{series.map((s) => <th key={s.name}>{s.name}</th>)}</tr></thead>
      <tbody>
        {times.slice(-60).map((p) => (
          <tr key={p.time}><td>{new Date(p.time).toISOString()}</td>{series.map((s) => <td key={s.name}>{print(valueAt(s.points, p.time))}</td>)}</tr>
        ))}
      </tbody>
    </table>
  );
}

export function Chart({ head, label, series, range, at, a, print, anomalies = [], forecast, zone, onPick }: Props) {
  const top = topOf(series, forecast);
  const scales: Scales = {
    x: (ms) => ((ms - range.from) / (range.to - range.from)) * WIDTH,
    y: (v) => HEIGHT - 4 - (Math.min(v, top) / top) * (HEIGHT - 10),
  };
  const timeOf = (e: PointerEvent | MouseEvent): number => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    return range.from + ((e.clientX - box.left) / box.width) * (range.to - range.from);
  };
  const hover = hairline.value;
  const shown = hover !== null && hover >= range.from && hover <= range.to ? hover : at;
  const lines = [top, top / 2, 0];
  const inside = (ms: number | null): ms is number => ms !== null && ms >= range.from && ms <= range.to;
  const empty = series.every((s) => s.points.every((p) => p.value === null));
  return (
    <figure class="chart">
      <figcaption>
        {head}
        <span class="values">
          {series.map((s, i) => (
            <span key={s.name}>
              {series.length > 1 ? <i class="swatch" style={{ borderTopColor: INKS[i] ?? 'var(--ink)', borderTopStyle: DASHES[i] ? 'dashed' : 'solid' }} /> : null}
              {series.length > 1 ? `${s.name} ` : ''}<b>{print(valueAt(s.points, shown))}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div class="chart-y" aria-hidden="true">{lines.map((v) => <span key={v} style={{ top: `${scales.y(v) - 8}px` }}>{print(v)}</span>)}</div>
      <div
        class="chart-plot" onPointerMove={(e) => (hairline.value = timeOf(e))} onPointerLeave={() => (hairline.value = null)}
        onClick={(e) => onPick(timeOf(e))}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {lines.map((v) => <path key={v} d={`M0 ${scales.y(v)}H${WIDTH}`} class="grid" />)}
          {forecast ? <Cone forecast={forecast} scales={scales} /> : null}
          {series.map((s, i) => <path key={s.name} d={pathOf(s.points, scales)} class="line" stroke={INKS[i] ?? 'var(--ink)'} stroke-dasharray={DASHES[i] ?? ''} />)}
          {anomalies.map((r) => (
            <g key={r.from}>
              <rect x={scales.x(r.from)} y={HEIGHT - 4} width={Math.max(3, scales.x(r.to) - scales.x(r.from))} height="4" class="odd" />
              <path d={`M${scales.x(r.from)} 0V${HEIGHT - 4}`} class="onset" />
            </g>
          ))}
          {inside(a) ? <path d={`M${scales.x(a)} 0V${HEIGHT}`} class="mark-a" /> : null}
          {inside(at) ? <path d={`M${scales.x(at)} 0V${HEIGHT}`} class="mark-t" /> : null}
          {inside(hover) ? <path d={`M${scales.x(hover)} 0V${HEIGHT}`} class="hair" /> : null}
        </svg>
        {empty ? <span class="chart-none">no points in this range</span> : null}
      </div>
      <Axis range={range} zone={zone} />
      <Twin series={series} label={label} print={print} />
    </figure>
  );
}
