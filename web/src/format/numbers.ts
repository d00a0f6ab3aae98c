// SPDX-License-Identifier: Apache-2.0
//
// Numbers as the page writes them: three significant digits, thousands with a comma, a thin space
// before a unit, a real minus. Null and NaN are "–": a missing value is never a zero.

export const THIN = '\u2009';
export const MISSING = '–';
const MINUS = '−';

type Maybe = number | null | undefined;

function missing(n: Maybe): n is null | undefined {
  return n === null || n === undefined || Number.isNaN(n);
}

function signed(text: string, negative: boolean): string {
  return negative ? MINUS + text : text;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Three significant digits at most, without trailing zeros; whole numbers from 100 on keep all digits. */
function significant(n: number): string {
  if (n >= 100) return grouped(String(Math.round(n)));
  const decimals = n >= 10 ? 1 : 2;
  const text = n.toFixed(decimals);
  return text.replace(/\.?0+$/, '');
}

/** 12, 2,128, 1.1 M, 3.4 G. */
export function count(n: Maybe): string {
  if (missing(n)) return MISSING;
  const abs = Math.abs(n);
  if (abs >= 999.5e6) return signed(`${significant(abs / 1e9)}${THIN}G`, n < 0);
  if (abs >= 1e6) return signed(`${significant(abs / 1e6)}${THIN}M`, n < 0);
  return signed(Number.isInteger(abs) ? grouped(String(abs)) : significant(abs), n < 0);
}

/** A measured value of unknown unit; keeps small ones readable. */
export function value(n: Maybe): string {
  if (missing(n)) return MISSING;
  const abs = Math.abs(n);
  if (abs > 0 && abs < 0.01) return signed(Number(abs.toPrecision(3)).toString(), n < 0);
  return count(n);
}

/** 6.2/s; under 0.1/s per minute. */
export function rate(perSecond: Maybe): string {
  if (missing(perSecond)) return MISSING;
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return `${significant(perSecond * 60)}/min`;
  if (perSecond >= 1 && perSecond < 100) return `${perSecond.toFixed(1).replace(/\.0$/, '')}/s`;
  return `${significant(perSecond)}/s`;
}

/** The number of a column whose head already says "Req/s". */
export function rateNumber(perSecond: Maybe): string {
  if (missing(perSecond)) return MISSING;
  if (perSecond === 0) return '0';
  if (perSecond < 0.1) return perSecond.toPrecision(1);
  return perSecond >= 100 ? significant(perSecond) : perSecond.toFixed(1);
}

/** A ratio as 0.2 %, 77 %, 0 %. */
export function percent(ratio: Maybe): string {
  if (missing(ratio)) return MISSING;
  const p = Math.abs(ratio) * 100;
  if (p === 0) return `0${THIN}%`;
  if (p < 0.1) return signed(`<${THIN}0.1${THIN}%`, ratio < 0);
  const text = p >= 9.95 ? grouped(p.toFixed(0)) : p.toFixed(1).replace(/\.0$/, '');
  return signed(`${text}${THIN}%`, ratio < 0);
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function bytes(n: Maybe): string {
  if (missing(n)) return MISSING;
  let unit = 0;
  let rest = Math.abs(n);
  while (rest >= 1024 && unit < BYTE_UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return signed(`${significant(rest)}${THIN}${BYTE_UNITS[unit]}`, n < 0);
}

/** 850 µs, 41 ms, 3.24 s, 7 min 36 s, 2 h 5 min, 3 d 4 h. */
export function duration(ns: Maybe): string {
  if (missing(ns)) return MISSING;
  const abs = Math.abs(ns);
  return signed(unsignedDuration(abs), ns < 0);
}

function unsignedDuration(ns: number): string {
  if (ns === 0) return `0${THIN}s`;
  if (ns < 1e3) return `${significant(ns)}${THIN}ns`;
  if (ns < 999.5e3) return `${significant(ns / 1e3)}${THIN}µs`;
  if (ns < 999.5e6) return `${significant(ns / 1e6)}${THIN}ms`;
  if (ns < 9.995e9) return `${seconds(ns / 1e9)}${THIN}s`;
  if (ns < 59.95e9) return `${significant(ns / 1e9)}${THIN}s`;
  const whole = Math.round(ns / 1e9);
  if (whole < 3600) return pair(whole, 60, 'min', 's');
  if (whole < 86400) return pair(Math.round(whole / 60), 60, 'h', 'min');
  return pair(Math.round(whole / 3600), 24, 'd', 'h');
}

/** Columns of latencies line up when 3.20 keeps its zero; a whole second needs none. */
function seconds(s: number): string {
  const text = s.toFixed(2);
  return text.endsWith('.00') ? text.slice(0, -3) : text;
}

function pair(total: number, base: number, big: string, small: string): string {
  const rest = total % base;
  const head = `${grouped(String(Math.floor(total / base)))}${THIN}${big}`;
  return rest === 0 ? head : `${head} ${rest}${THIN}${small}`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
