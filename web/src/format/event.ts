// SPDX-License-Identifier: Apache-2.0
//
// How an event reads in one line. Everything in it was in the event; nothing is guessed.
import type { EventRow } from '../api/types';
import { duration, value } from './numbers';
import { oneLine } from './text';

const SEVERITIES: Record<string, number> = {
  trace: 1, debug: 5, info: 9, notice: 10, warn: 13, warning: 13, error: 17, err: 17, critical: 18, alert: 19, fatal: 21, emergency: 21,
};
const WARN = 13;
const ERROR = 17;

export function severityOf(event: EventRow): number | null {
  const s = event.severity;
  if (typeof s === 'number') return s;
  if (typeof s !== 'string') return null;
  return SEVERITIES[s.toLowerCase().replace(/\d$/, '')] ?? null;
}

function attribute(event: EventRow, ...names: string[]): unknown {
  for (const name of names) {
    const v = event.attributes?.[name];
    if (v !== undefined && v !== null) return v;
  }
  return undefined;
}

export function httpStatus(event: EventRow): number | null {
  const raw = attribute(event, 'http.response.status_code', 'http.status_code', 'http.status', 'statusCode', 'status_code');
  const code = typeof raw === 'string' ? Number(raw) : raw;
  return typeof code === 'number' && code >= 100 && code < 600 ? code : null;
}

/** `error_occurred`, as the daemon defines it. */
export function failed(event: EventRow): boolean {
  if (event.eventType === 'error' || event.status === 'error') return true;
  return (severityOf(event) ?? 0) >= ERROR || (httpStatus(event) ?? 0) >= 500;
}

export function warned(event: EventRow): boolean {
  const s = severityOf(event);
  return s !== null && s >= WARN && s < ERROR;
}

/** The event's name: its reference that no other event answers to. */
export function refOf(event: EventRow): string {
  return event.arrival;
}

function numbersOf(event: EventRow): string {
  const pairs = Object.entries(event.attributes ?? {}).filter(([, v]) => typeof v === 'number');
  return pairs.slice(0, 3).map(([k, v]) => `${k} ${value(v as number)}`).join(', ');
}

/** "POST /orders 503 in 3.19 s", a log's message, a metric's first values. */
export function lineOf(event: EventRow): string {
  if (event.message) return oneLine(event.message);
  const parts = [event.name ?? ''];
  const code = httpStatus(event);
  if (code !== null) parts.push(String(code));
  if (event.durationNs !== undefined) parts.push(`in ${duration(event.durationNs)}`);
  if (parts.length === 1) parts.push(numbersOf(event) || versionOf(event));
  const text = parts.filter((p) => p !== '').join(' ');
  return oneLine(text === '' ? event.eventType : text);
}

function versionOf(event: EventRow): string {
  const v = attribute(event, 'version', 'service.version', 'service_version');
  return typeof v === 'string' || typeof v === 'number' ? String(v) : '';
}
