// SPDX-License-Identifier: Apache-2.0
//
// What the Metrics view asks of one service: its requests step by step, its metrics, what was unusual, how it goes on.
import type { TableAnswer } from '../api/types';
import { parseTime, stepText } from '../format/time';
import type { ChartPoint } from '../components/chart';
import { literal, timeLiteral, windowOf } from './text';

const KINDS = "kind IN ('server', 'consumer')";

/** A field's name where it could be taken for something else. */
export function quoted(field: string): string {
  return `\`${field.replace(/`/g, '')}\``;
}

export function requestsOf(service: string, from: number, to: number, step: number, failed = false): string {
  const error = failed ? ' AND error_occurred = true' : '';
  return (
    `SELECT count(*) AS n, p50(duration) AS p50, p95(duration) AS p95, p99(duration) AS p99 FROM spans ${windowOf(from, to)} ` +
    `WHERE service = ${literal(service)} AND ${KINDS}${error} EVERY ${stepText(step)}`
  );
}

export function metricsOf(service: string, names: string[], from: number, to: number, step: number): string {
  const items = names.map((name, i) => `avg(${quoted(name)}) AS m${i}`).join(', ');
  return `SELECT ${items} FROM metrics ${windowOf(from, to)} WHERE service = ${literal(service)} EVERY ${stepText(step)}`;
}

export function anomaliesOf(service: string, from: number, to: number): string {
  return `ANOMALIES ${windowOf(from, to)} WHERE service = ${literal(service)}`;
}

export function forecastOf(service: string, at: number, nextMs: number): string {
  const next = stepText(Math.max(1, Math.round(nextMs / 1000)) * 1000);
  return `PREDICT NEXT ${next} FROM ${timeLiteral(at)} WHERE service = ${literal(service)}`;
}

/** A column over the steps of the window; a step without a row is `absent`. */
export function columnPoints(
  answer: TableAnswer | undefined, column: string, steps: number[], absent: number | null,
): ChartPoint[] {
  const t = answer?.columns.findIndex((c) => c.name === 'time') ?? -1;
  const v = answer?.columns.findIndex((c) => c.name === column) ?? -1;
  const held = new Map<number, number>();
  for (const row of answer?.rows ?? []) {
    const time = parseTime(String(row[t] ?? ''));
    const value = row[v];
    if (time !== null && typeof value === 'number') held.set(time, value);
  }
  return steps.map((time) => ({ time, value: held.get(time) ?? absent }));
}

export function stepsOf(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.floor((to - first) / step));
  return Array.from({ length: count }, (_, i) => first + i * step);
}
