// SPDX-License-Identifier: Apache-2.0
//
// An answer as a table where it is one, and as a tree where it is not; both always at hand.
import { useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Answer, Column, EventRow } from '../api/types';
import { CopyButton } from '../components/copy';
import { TimeLink } from '../components/time-link';
import { warningText } from '../components/trouble';
import { failed, lineOf } from '../format/event';
import { count, duration, percent, plural, rate, value } from '../format/numbers';
import { visible } from '../format/text';
import { parseTime } from '../format/time';
import { select } from '../state/store';

export interface Grid {
  columns: Column[];
  rows: unknown[][];
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const EVENT_COLUMNS = ['timestamp', 'service', 'eventType', 'line'] as const;
const MOST_ROWS = 1000;

function objectGrid(items: Record<string, unknown>[]): Grid {
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))].filter((n) => items.some((i) => isPlain(i[n])));
  return { columns: names.map((name) => ({ name })), rows: items.map((item) => names.map((n) => item[n])) };
}

function isPlain(v: unknown): boolean {
  return v === null || typeof v !== 'object';
}

function eventGrid(events: EventRow[], depth: boolean): Grid {
  const columns = [...(depth ? ['depth'] : []), ...EVENT_COLUMNS].map((name) => ({ name }));
  const rows = events.map((e) => [
    ...(depth ? [(e as { depth?: number }).depth ?? null] : []), e.timestamp, e.service, e.eventType, lineOf(e),
  ]);
  return { columns, rows };
}

function stateGrid(services: Record<string, unknown>[]): Grid {
  const rows = services.map((s) => {
    const latency = (s['latency'] ?? {}) as Record<string, number | null>;
    return [s['service'], s['health'], s['version'], s['requestRate'], s['errorRate'], latency['p50'] ?? null, latency['p95'] ?? null, s['what']];
  });
  const columns: Column[] = [
    { name: 'service' }, { name: 'health' }, { name: 'version' }, { name: 'requestRate', type: 'number', unit: '1/s' },
    { name: 'errorRate', type: 'number', unit: '1' }, { name: 'p50', type: 'number', unit: 'ns' }, { name: 'p95', type: 'number', unit: 'ns' }, { name: 'what' },
  ];
  return { columns, rows };
}

/** The main list of an answer, whatever its type. */
export function gridOf(answer: Answer): Grid | null {
  const a = answer as Answer & Record<string, unknown>;
  if (Array.isArray(a['columns']) && Array.isArray(a['rows'])) return { columns: a['columns'] as Column[], rows: a['rows'] as unknown[][] };
  if (Array.isArray(a['services'])) return stateGrid(a['services'] as Record<string, unknown>[]);
  if (Array.isArray(a['buckets'])) return objectGrid(a['buckets'] as Record<string, unknown>[]);
  if (Array.isArray(a['events'])) return eventGrid(a['events'] as EventRow[], a.type === 'TRAVERSE');
  for (const v of Object.values(a)) {
    if (Array.isArray(v) && v.length > 0 && v.every((i) => typeof i === 'object' && i !== null && !Array.isArray(i))) {
      return objectGrid(v as Record<string, unknown>[]);
    }
  }
  return null;
}

function numberText(v: number, column: Column): string {
  const ns = { ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9 }[column.unit ?? ''];
  if (ns !== undefined) return duration(v * ns);
  if (column.unit === '1') return percent(v);
  if (column.unit === '1/s') return rate(v);
  if (column.unit === 'By') return `${count(v)} B`;
  if (column.unit === '%') return percent(v / 100);
  return value(v);
}

function Cell({ v, column }: { v: unknown; column: Column }) {
  if (v === null || v === undefined) return <>–</>;
  if (typeof v === 'number') return <>{numberText(v, column)}</>;
  if (typeof v === 'string' && RFC3339.test(v) && parseTime(v) !== null) return <TimeLink time={v} precise />;
  return <bdi>{visible(typeof v === 'string' ? v : JSON.stringify(v))}</bdi>;
}

function isNumeric(grid: Grid, i: number): boolean {
  const first = grid.rows.find((r) => r[i] !== null && r[i] !== undefined)?.[i];
  return typeof first === 'number';
}

function GridTable({ grid, events }: { grid: Grid; events: EventRow[] | null }) {
  const numeric = grid.columns.map((_, i) => isNumeric(grid, i));
  return (
    <table class="result">
      <thead><tr>{grid.columns.map((c, i) => <th key={i} class={numeric[i] ? 'n' : ''}>{visible(c.name)}</th>)}</tr></thead>
      <tbody>
        {grid.rows.slice(0, MOST_ROWS).map((row, r) => {
          const event = events?.[r];
          return (
            <tr
              key={r} class={event ? `pick${failed(event) ? ' bad' : ''}` : ''}
              onClick={event ? () => select({ kind: 'event', ref: event.arrival }) : undefined}
            >
              {grid.columns.map((c, i) => <td key={i} class={numeric[i] ? 'n' : ''}><Cell v={row[i]} column={c} /></td>)}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Leaf({ v }: { v: unknown }) {
  if (typeof v === 'string') return <span class="json-string">"{visible(v)}"</span>;
  return <span class="json-plain">{v === undefined ? 'null' : JSON.stringify(v)}</span>;
}

const MOST_CHILDREN = 200;

function Tree({ name, v, depth }: { name: string; v: unknown; depth: number }) {
  const open = useSignal(depth < 2);
  const label: ComponentChildren = name === '' ? null : <span class="json-key">{visible(name)}: </span>;
  if (typeof v !== 'object' || v === null) return <div class="json-row">{label}<Leaf v={v} /></div>;
  const entries = Object.entries(v);
  const size = Array.isArray(v) ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) return <div class="json-row">{label}<span class="json-plain">{Array.isArray(v) ? '[]' : '{}'}</span></div>;
  return (
    <details class="json-node" open={open.value} onToggle={(e) => (open.value = e.currentTarget.open)}>
      <summary>{label}<span class="json-size">{size}</span></summary>
      {open.value ? entries.slice(0, MOST_CHILDREN).map(([k, child]) => <Tree key={k} name={k} v={child} depth={depth + 1} />) : null}
      {open.value && entries.length > MOST_CHILDREN ? <div class="json-row">{plural(entries.length - MOST_CHILDREN, 'entry', 'entries')} more</div> : null}
    </details>
  );
}

/** "120 rows; 2 segments, 18,204 events in 7 ms" */
export function costOf(answer: Answer): string {
  const grid = gridOf(answer);
  const s = answer.scanned;
  const read = [
    s?.segments === undefined ? null : plural(s.segments, 'segment'),
    s?.events === undefined ? null : plural(s.events, 'event'),
  ].filter((p) => p !== null);
  const took = answer.tookMs === undefined ? '' : ` in ${duration(answer.tookMs * 1e6)}`;
  return [grid ? plural(grid.rows.length, 'row') : null, read.length ? read.join(', ') + took : took.trim()].filter(Boolean).join('; ');
}

function csvOf(grid: Grid): string {
  const quote = (v: unknown): string => {
    const text = v === null || v === undefined ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [grid.columns.map((c) => quote(c.name)), ...grid.rows.map((r) => r.map(quote))].map((r) => r.join(',')).join('\r\n');
}

export function Result({ answer }: { answer: Answer }) {
  const shape = useSignal<'table' | 'json'>('table');
  const grid = useComputed(() => gridOf(answer)).value;
  const list = (answer as unknown as Record<string, unknown>)['events'];
  const events = Array.isArray(list) && !('buckets' in answer) && !('services' in answer) ? (list as EventRow[]) : null;
  const asTable = grid !== null && shape.value === 'table';
  return (
    <div class="answer">
      <div class="answer-head">
        {grid ? (
          <div class="segments" role="group" aria-label="Form of the answer">
            <button type="button" aria-pressed={shape.value === 'table'} onClick={() => (shape.value = 'table')}>Table</button>
            <button type="button" aria-pressed={shape.value === 'json'} onClick={() => (shape.value = 'json')}>JSON</button>
          </div>
        ) : null}
        <span class="note">{[answer.truncated ? 'truncated' : '', ...(answer.warnings ?? []).map(warningText)].filter(Boolean).join('; ')}</span>
        <span class="push">
          {grid ? <CopyButton text={() => csvOf(grid)}>Copy CSV</CopyButton> : null}
          <CopyButton text={() => JSON.stringify(answer, null, 2)}>Copy JSON</CopyButton>
        </span>
      </div>
      <div class="answer-body">
        {asTable ? <GridTable grid={grid} events={events} /> : <div class="json"><Tree name="" v={answer} depth={0} /></div>}
        {asTable && grid.rows.length === 0 ? <p class="quiet">The answer has no rows.</p> : null}
        {asTable && grid.rows.length > MOST_ROWS ? <p class="quiet">{count(grid.rows.length - MOST_ROWS)} more rows are in the JSON and the CSV.</p> : null}
      </div>
    </div>
  );
}
