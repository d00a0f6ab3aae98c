// SPDX-License-Identifier: Apache-2.0
//
// A trace as rows: spans in the order of the tree, the logs and errors of a span below it. Depth is the
// tree's own where parents are known, the daemon's where not.
import type { TraverseEvent } from '../api/types';
import { parseTime } from '../format/time';

export interface TraceRow {
  event: TraverseEvent;
  depth: number;
  start: number;
  durationMs: number | null;
}

export interface TraceTable {
  rows: TraceRow[];
  from: number;
  to: number;
}

function startOf(event: TraverseEvent): number {
  return parseTime(event.timestamp) ?? 0;
}

function isSpan(event: TraverseEvent): boolean {
  return event.durationNs !== undefined || event.eventType === 'span';
}

/** The row that an event hangs below: a span below its parent, all else below the span it names. */
function parentOf(event: TraverseEvent, spans: Map<string, TraverseEvent>): TraverseEvent | null {
  const id = isSpan(event) ? event.parentSpanId : event.spanId;
  const parent = id === undefined ? undefined : spans.get(id);
  return parent && parent !== event ? parent : null;
}

export function traceTable(events: TraverseEvent[]): TraceTable {
  const sorted = [...events].sort((a, b) => startOf(a) - startOf(b) || Number(isSpan(b)) - Number(isSpan(a)));
  const spans = new Map<string, TraverseEvent>();
  for (const e of sorted) if (isSpan(e) && e.spanId !== undefined && !spans.has(e.spanId)) spans.set(e.spanId, e);
  const below = new Map<TraverseEvent | null, TraverseEvent[]>();
  for (const e of sorted) {
    const parent = parentOf(e, spans);
    below.set(parent, [...(below.get(parent) ?? []), e]);
  }
  const rows: TraceRow[] = [];
  const seen = new Set<TraverseEvent>();
  const put = (e: TraverseEvent, depth: number): void => {
    if (seen.has(e)) return;
    seen.add(e);
    rows.push({ event: e, depth, start: startOf(e), durationMs: e.durationNs === undefined ? null : e.durationNs / 1e6 });
    for (const child of below.get(e) ?? []) put(child, depth + 1);
  };
  for (const root of below.get(null) ?? []) put(root, 0);
  // Parents that form a ring hang below nothing: they follow, so that no event is lost.
  for (const e of sorted) put(e, 0);
  const from = Math.min(...rows.map((r) => r.start));
  const to = Math.max(...rows.map((r) => r.start + (r.durationMs ?? 0)));
  return { rows, from: rows.length ? from : 0, to: rows.length ? Math.max(to, from + 0.001) : 1 };
}
