// SPDX-License-Identifier: Apache-2.0
import type { TraverseAnswer, TraverseEvent } from '../api/types';
import { Glyph } from '../components/glyph';
import { failed, lineOf, refOf } from '../format/event';
import { duration, plural } from '../format/numbers';
import { oneLine } from '../format/text';
import { select } from '../state/store';
import { traceTable, type TraceRow, type TraceTable } from './trace';

const MOST_ROWS = 200;
const INDENT = 10;
const DEEPEST_INDENT = 9;

function Bar({ row, table }: { row: TraceRow; table: TraceTable }) {
  const span = table.to - table.from;
  const left = ((row.start - table.from) / span) * 100;
  const width = ((row.durationMs ?? 0) / span) * 100;
  const bad = failed(row.event);
  if (row.durationMs === null) return <i class={`moment${bad ? ' bad' : ''}`} style={{ left: `${left}%` }} />;
  return <i class={bad ? 'bad' : ''} style={{ left: `${left}%`, width: `max(2px, ${width}%)` }} />;
}

function nameOf(event: TraverseEvent): string {
  return event.durationNs === undefined ? lineOf(event) : oneLine(event.name ?? event.eventType);
}

function Row({ row, table, chosen }: { row: TraceRow; table: TraceTable; chosen: boolean }) {
  const bad = failed(row.event);
  const indent = Math.min(row.depth, DEEPEST_INDENT) * INDENT;
  const span = row.durationMs !== null;
  return (
    <button
      type="button" class={`span-row${bad ? ' bad' : ''}${chosen ? ' chosen' : ''}`} aria-current={chosen ? 'true' : undefined}
      aria-level={row.depth + 1} title={`${row.event.service} ${lineOf(row.event)}`} onClick={() => select({ kind: 'event', ref: refOf(row.event) })}
    >
      <span class="who" style={{ paddingLeft: `${indent}px` }}>
        <Glyph health={bad ? 'failing' : 'healthy'} label={bad} />
        {span ? <b>{oneLine(row.event.service)}</b> : null}
        <bdi>{nameOf(row.event)}</bdi>
      </span>
      <span class="lane"><Bar row={row} table={table} /></span>
      <span class="took">{row.durationMs === null ? '' : duration(row.durationMs * 1e6)}</span>
    </button>
  );
}

export function Waterfall({ answer, chosen }: { answer: TraverseAnswer; chosen: string }) {
  const table = traceTable(answer.events);
  const spans = table.rows.filter((r) => r.durationMs !== null).length;
  const services = new Set(answer.events.map((e) => e.service)).size;
  const logs = table.rows.length - spans;
  const total = (table.to - table.from) * 1e6;
  return (
    <>
      <p class="trace-sum">
        {duration(total)}; {plural(spans, 'span')}{logs ? `, ${plural(logs, 'other event')}` : ''}, {plural(services, 'service')}
      </p>
      <div class="waterfall">
        {table.rows.slice(0, MOST_ROWS).map((row) => (
          <Row key={row.event.arrival} row={row} table={table} chosen={refOf(row.event) === chosen || row.event.eventId === chosen} />
        ))}
      </div>
      {table.rows.length > MOST_ROWS ? <p class="none">{plural(table.rows.length - MOST_ROWS, 'row')} more; the console shows them all.</p> : null}
    </>
  );
}
