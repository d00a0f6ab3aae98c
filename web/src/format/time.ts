// SPDX-License-Identifier: Apache-2.0
//
// Moments are epoch milliseconds inside the page; the daemon's nine decimals survive only as the text
// they came in, since a double cannot hold them. The zone is a parameter everywhere: UTC or the browser's.

export type Zone = 'utc' | 'local';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

interface Parts {
  year: number;
  month: number;
  day: number;
  weekday: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = [
  'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec',
] as const;

function partsOf(ms: number, zone: Zone): Parts {
  const d = new Date(ms);
  if (zone === 'utc') {
    return {
      year: d.getUTCFullYear(), month: d.getUTCMonth(), day: d.getUTCDate(), weekday: d.getUTCDay(),
      hour: d.getUTCHours(), minute: d.getUTCMinutes(), second: d.getUTCSeconds(), ms: d.getUTCMilliseconds(),
    };
  }
  return {
    year: d.getFullYear(), month: d.getMonth(), day: d.getDate(), weekday: d.getDay(),
    hour: d.getHours(), minute: d.getMinutes(), second: d.getSeconds(), ms: d.getMilliseconds(),
  };
}

const two = (n: number): string => String(n).padStart(2, '0');
const three = (n: number): string => String(n).padStart(3, '0');

/** 15:47:38 */
export function clock(ms: number, zone: Zone): string {
  const p = partsOf(ms, zone);
  return `${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
}

/** 15:47:38.064 */
export function clockMs(ms: number, zone: Zone): string {
  return `${clock(ms, zone)}.${three(partsOf(ms, zone).ms)}`;
}

/** .064, beside the large digits of the clock. */
export function millis(ms: number, zone: Zone): string {
  return `.${three(partsOf(ms, zone).ms)}`;
}

/** 47:38.064, where the hour is known from the clock. */
export function minuteMs(ms: number, zone: Zone): string {
  return clockMs(ms, zone).slice(3);
}

/** Thu 12 Mar 2026 */
export function date(ms: number, zone: Zone): string {
  const p = partsOf(ms, zone);
  return `${WEEKDAYS[p.weekday]} ${p.day} ${MONTHS[p.month]} ${p.year}`;
}

/** 12 Mar */
export function shortDate(ms: number, zone: Zone): string {
  const p = partsOf(ms, zone);
  return `${p.day} ${MONTHS[p.month]}`;
}

export function sameDay(a: number, b: number, zone: Zone): boolean {
  return date(a, zone) === date(b, zone);
}

/** A time that may lie on another day than the one in view says so. */
export function clockNear(ms: number, near: number, zone: Zone): string {
  const time = clock(ms, zone);
  return sameDay(ms, near, zone) ? time : `${shortDate(ms, zone)} ${time}`;
}

/** The axis: 15:45, seconds under two minutes a step, the date from a day on. */
export function axisLabel(ms: number, step: number, zone: Zone): string {
  const p = partsOf(ms, zone);
  if (step >= DAY) return shortDate(ms, zone);
  if (step < SECOND) return clockMs(ms, zone);
  if (step < MINUTE) return clock(ms, zone);
  if (p.hour === 0 && p.minute === 0) return shortDate(ms, zone);
  return `${two(p.hour)}:${two(p.minute)}`;
}

/** Copied times are ISO, whatever the zone on screen. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The literal of a statement: '2026-03-12 15:47:38', with decimals only where there are some. */
export function statementTime(ms: number): string {
  const text = new Date(Math.round(ms)).toISOString().slice(0, 23).replace('T', ' ');
  return text.endsWith('.000') ? text.slice(0, 19) : text;
}

/** An answer's RFC 3339 text as epoch ms, with the fraction that a double still holds; null if it is none. */
export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) {
    const loose = Date.parse(text);
    return Number.isNaN(loose) ? null : loose;
  }
  const whole = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(whole)) return null;
  return whole + (match[2] ? Number(`0${match[2]}`) * 1000 : 0);
}

/** The first whole millisecond that is not before `ms`: standing there, the event itself is seen. */
export function momentAfter(ms: number): number {
  return Math.ceil(ms);
}

/**
 * What a person types at t: 15:47, 15:47:38.5, 2026-03-12 15:47:38, RFC 3339, epoch in s or ms.
 * A bare time means the day of `near`.
 */
export function parseTyped(text: string, near: number, zone: Zone): number | null {
  const trimmed = text.trim();
  if (/^\d{10}(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  if (/^\d{13}$/.test(trimmed)) return Number(trimmed);
  const m = /^(?:(\d{4})-(\d\d)-(\d\d)[T ]+)?(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/.exec(trimmed);
  if (!m) return null;
  const day = partsOf(near, zone);
  const year = m[1] ? Number(m[1]) : day.year;
  const month = m[2] ? Number(m[2]) - 1 : day.month;
  const dayOfMonth = m[3] ? Number(m[3]) : day.day;
  const [hour, minute, second] = [Number(m[4]), Number(m[5]), Number(m[6] ?? 0)];
  if (month > 11 || dayOfMonth > 31 || hour > 23 || minute > 59 || second > 59) return null;
  const ms = m[7] ? Math.round(Number(m[7]) * 1000) : 0;
  if (m[8]) {
    const isoText = `${year}-${two(month + 1)}-${two(dayOfMonth)}T${two(hour)}:${m[5]}:${two(second)}.${three(ms)}${m[8]}`;
    const parsed = Date.parse(isoText);
    return Number.isNaN(parsed) ? null : parsed;
  }
  return zone === 'utc'
    ? Date.UTC(year, month, dayOfMonth, hour, minute, second, ms)
    : new Date(year, month, dayOfMonth, hour, minute, second, ms).getTime();
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
  12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY,
] as const;

/** The smallest round step that cuts `span` into at most `most` pieces. */
export function stepFor(span: number, most: number): number {
  const least = span / Math.max(1, most);
  return STEPS.find((step) => step >= least) ?? 3640 * DAY;
}

/** A step as TimeQL writes it: 10 s, 5 m, 200 ms. */
export function stepText(ms: number): string {
  const units: [number, string][] = [[DAY, 'd'], [HOUR, 'h'], [MINUTE, 'm'], [SECOND, 's']];
  for (const [size, name] of units) {
    if (ms >= size && ms % size === 0) return `${ms / size} ${name}`;
  }
  return `${ms} ms`;
}

/** "0.2 s ago", for the foot only. */
export function ago(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${s.toFixed(1)} s ago`;
  if (s < 120) return `${Math.round(s)} s ago`;
  if (s < 7200) return `${Math.round(s / 60)} min ago`;
  if (s < 172800) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} days ago`;
}
