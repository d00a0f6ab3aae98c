// SPDX-License-Identifier: Apache-2.0
//
// Statements are built here and nowhere else, so that quoting is right once: what a user typed or an
// event carried never becomes syntax.
import { shellQuote } from '../format/text';
import { statementTime, stepText } from '../format/time';

/** A string literal; a quote inside is doubled. */
export function literal(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** A moment, or 'now' where the page is live. */
export function timeLiteral(at: number | 'now'): string {
  return at === 'now' ? "'now'" : `'${statementTime(at)}'`;
}

/** The clauses of a window; both ends included. */
export function windowOf(from: number, to: number | 'now'): string {
  return `FROM ${timeLiteral(from)} TO ${timeLiteral(to)}`;
}

export function stateAt(at: number | 'now', overMs: number): string {
  return `STATE AT ${timeLiteral(at)} OVER ${stepText(overMs)}`;
}

export function histogram(from: number, to: number, everyMs: number, where = ''): string {
  return `TIMELINE ${windowOf(from, to)}${whereClause(where)} EVERY ${stepText(everyMs)}`;
}

export interface EventsQuery {
  from: number;
  to: number;
  where?: string;
  newestFirst?: boolean;
  limit: number;
}

export function events(q: EventsQuery): string {
  const order = q.newestFirst ? ' ORDER BY timestamp DESC' : '';
  return `TIMELINE ${windowOf(q.from, q.to)}${whereClause(q.where ?? '')}${order} LIMIT ${q.limit}`;
}

/** The newest events of the time up to now. */
export function newest(spanMs: number, where: string, limit: number): string {
  return `TIMELINE IN LAST ${stepText(Math.round(spanMs))}${whereClause(where)} ORDER BY timestamp DESC LIMIT ${limit}`;
}

export function trace(traceId: string): string {
  return `TRAVERSE FROM trace_id = ${literal(traceId)} FOLLOWING both`;
}

export function related(ref: string): string {
  return `TRAVERSE FROM ${literal(ref)} FOLLOWING both`;
}

/** Why a service fails at t; nothing later is read. */
export function rootCauseAt(service: string, at: number | 'now'): string {
  return `ROOT CAUSE OF WHERE service = ${literal(service)} AT ${timeLiteral(at)}`;
}

/** The same in hindsight: the whole window is read. */
export function rootCauseIn(service: string, from: number, to: number): string {
  return `ROOT CAUSE OF WHERE service = ${literal(service)} ${windowOf(from, to)}`;
}

export function whereClause(where: string): string {
  const trimmed = where.trim();
  return trimmed === '' ? '' : ` WHERE ${trimmed}`;
}

/** Joins conditions; each stands in brackets where it could be torn apart by its neighbour. */
export function all(...conditions: string[]): string {
  const kept = conditions.map((c) => c.trim()).filter((c) => c !== '');
  return kept.length < 2 ? kept.join('') : kept.map((c) => (/\b(or|and|not)\b/i.test(c) ? `(${c})` : c)).join(' AND ');
}

/** The line to paste in a terminal; the token, if any, is named and never shown. */
export function curl(statement: string, base: string, withToken: boolean): string {
  const auth = withToken ? ' -H "Authorization: Bearer $TRAVERSION_TOKEN"' : '';
  return `curl${auth} ${base}api/v1/query --data-binary ${shellQuote(statement)}`;
}
