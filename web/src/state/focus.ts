// SPDX-License-Identifier: Apache-2.0
//
// The focus is the page's only state and lives in the URL: the view, the moment, the range in the slider,
// the thing selected, the filter and the statement. Parsing never fails: what cannot be read is dropped,
// so that an old or mangled link still opens. Printing leaves out what is at its default.
import { MINUTE, iso } from '../format/time';

export type View = 'system' | 'metrics' | 'stream' | 'compare' | 'query';
export const VIEWS: readonly View[] = ['system', 'metrics', 'stream', 'compare', 'query'];
export const VIEW_TITLE: Record<View, string> = {
  system: 'System', metrics: 'Metrics', stream: 'Stream', compare: 'Compare', query: 'Query',
};

/** A service, the question why it fails, or an event. */
export type Entity = { kind: 'service'; name: string } | { kind: 'why'; name: string } | { kind: 'event'; ref: string };

export interface Focus {
  view: View;
  /** Epoch ms; null while live. */
  at: number | null;
  /** The slider's range. While live only its length counts: the right edge is now. */
  from: number | null;
  to: number | null;
  span: number;
  /** The moment that t is compared with: A, where t is B. */
  a: number | null;
  entity: Entity | null;
  /** The stream's condition. */
  where: string;
  /** The console's statement, as last run. */
  q: string;
}

export const DEFAULT_SPAN = 30 * MINUTE;
export const SHORTEST_SPAN = 20;
export const LONGEST_SPAN = 3650 * 24 * 60 * MINUTE;

export const INITIAL: Focus = {
  view: 'system', at: null, from: null, to: null, span: DEFAULT_SPAN, a: null, entity: null, where: '', q: '',
};

function moment(text: string | null): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

export function clampSpan(span: number): number {
  return Math.min(LONGEST_SPAN, Math.max(SHORTEST_SPAN, span));
}

function entityOf(params: URLSearchParams): Entity | null {
  const service = params.get('service');
  if (service) return { kind: 'service', name: service };
  const why = params.get('why');
  if (why) return { kind: 'why', name: why };
  const ref = params.get('event');
  return ref ? { kind: 'event', ref } : null;
}

export function parseFocus(search: string): Focus {
  const params = new URLSearchParams(search);
  const view = VIEWS.find((v) => v === params.get('view')) ?? 'system';
  const at = moment(params.get('at'));
  let from = moment(params.get('from'));
  let to = moment(params.get('to'));
  if (at === null || from === null || to === null || to <= from) {
    from = null;
    to = null;
  }
  const length = Number(params.get('span'));
  const span = from !== null && to !== null ? to - from : length > 0 ? length * 1000 : DEFAULT_SPAN;
  return {
    view, at, from, to, span: clampSpan(span), a: moment(params.get('a')),
    entity: entityOf(params), where: params.get('where') ?? '', q: params.get('q') ?? '',
  };
}

export function printFocus(focus: Focus): string {
  const params = new URLSearchParams();
  if (focus.view !== 'system') params.set('view', focus.view);
  if (focus.at !== null) params.set('at', iso(focus.at));
  if (focus.at !== null && focus.from !== null && focus.to !== null) {
    params.set('from', iso(focus.from));
    params.set('to', iso(focus.to));
  } else if (focus.span !== DEFAULT_SPAN) {
    params.set('span', String(focus.span / 1000));
  }
  if (focus.a !== null) params.set('a', iso(focus.a));
  if (focus.entity?.kind === 'service') params.set('service', focus.entity.name);
  if (focus.entity?.kind === 'why') params.set('why', focus.entity.name);
  if (focus.entity?.kind === 'event') params.set('event', focus.entity.ref);
  if (focus.where !== '') params.set('where', focus.where);
  if (focus.q !== '') params.set('q', focus.q);
  const text = params.toString().replace(/%3A/gi, ':').replace(/%40/g, '@');
  return text === '' ? '' : `?${text}`;
}

export interface Range {
  from: number;
  to: number;
}

/** The slider's range: what the URL says, or the span that ends now, or one around t. */
export function rangeOf(focus: Focus, now: number): Range {
  if (focus.at === null) return { from: now - focus.span, to: now };
  if (focus.from !== null && focus.to !== null) return { from: focus.from, to: focus.to };
  const to = Math.max(focus.at, Math.min(now, focus.at + focus.span * 0.4));
  return { from: to - focus.span, to };
}

/** The range moved, unchanged in length, by as little as brings `at` into it; a far jump shows what led to it. */
export function rangeHolding(range: Range, at: number): Range {
  const span = range.to - range.from;
  const margin = span * 0.1;
  if (at < range.from - span || at > range.to + span) return { from: at - span * 0.8, to: at + span * 0.2 };
  if (at < range.from) return { from: at - margin, to: at - margin + (range.to - range.from) };
  if (at > range.to) return { from: at + margin - (range.to - range.from), to: at + margin };
  return range;
}

/** Zooms by `factor` about the moment `pivot`, which keeps its place on screen. */
export function zoomed(range: Range, factor: number, pivot: number): Range {
  const span = range.to - range.from;
  const wanted = clampSpan(span * factor);
  const share = (pivot - range.from) / span;
  const from = pivot - share * wanted;
  return { from, to: from + wanted };
}

export function panned(range: Range, byMs: number): Range {
  return { from: range.from + byMs, to: range.to + byMs };
}
