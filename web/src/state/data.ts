// SPDX-License-Identifier: Apache-2.0
//
// What the whole page shares: the state at t, the histogram of the range, the day around it, the deploys.
// Each follows the focus by an effect; while live each is asked again at its own pace.
import { computed, effect, signal, untracked, type Signal } from '@preact/signals';
import { Asking } from '../api/asking';
import { locked } from '../api/client';
import { awaySince, returns, status } from '../api/status';
import type { Bucket, StateAnswer, TableAnswer, TimelineAnswer } from '../api/types';
import { DAY, MINUTE, SECOND, parseTime, stepFor, stepText } from '../format/time';
import { histogram, stateAt, windowOf } from '../timeql/text';
import { clockOffset, focus, live, now, range, stand } from './store';

/** Widths of STATE's window, the narrowest first: a sparse system needs a longer look. */
const WIDTHS = [10 * SECOND, MINUTE, 5 * MINUTE] as const;
const MOST_COLUMNS = 400;
const OVERVIEW_STEP = 5 * MINUTE;

export const system = new Asking<StateAnswer>();
export const bars = new Asking<TimelineAnswer>();
export const day = new Asking<TimelineAnswer>();
export const deploys = new Asking<TableAnswer>();

const width = signal(0);
export const over = computed(() => WIDTHS[width.value] ?? WIDTHS[0]);
/** The slider tells how many pixels it has. */
export const sliderWidth = signal(0);

/** One pixel of the slider, in ms; what the arrow keys move by. */
export function pixelMs(): number {
  const { from, to } = range.peek();
  return Math.max(1, (to - from) / Math.max(100, sliderWidth.peek()));
}

/** Runs `task` now, again whenever it reads something new, and every `paceMs()` unless that is null. */
function follow(task: () => void, paceMs: () => number | null): void {
  effect(() => {
    void returns.value;
    if (locked.value !== null) return undefined;
    task();
    const pace = paceMs();
    if (pace === null) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden && awaySince.peek() === null) untracked(task);
    }, pace);
    return () => clearInterval(timer);
  });
}

/** The step of the histogram: columns of at least 4 pixels, 400 at most. */
export function columnStep(span: number, pixels: number): number {
  return stepFor(span, Math.min(MOST_COLUMNS, Math.max(40, Math.floor(pixels / 4))));
}

function aligned(ms: number, step: number): number {
  return Math.floor(ms / step) * step;
}

export function barsStatement(from: number, to: number, step: number): string {
  return histogram(aligned(from, step), aligned(to, step) + step - 1, step);
}

/** While t is dragged the range mostly stays: the same bars are not asked for more often than this. */
const SAME_BARS_MS = 900;
let lastBars = { statement: '', asked: -Infinity };

function askBars(): void {
  if (sliderWidth.value === 0) return;
  const { from, to } = live.value ? { from: now() - focus.value.span, to: now() } : range.value;
  const statement = barsStatement(from, to, columnStep(to - from, sliderWidth.value));
  const asked = performance.now();
  if (statement === lastBars.statement && asked - lastBars.asked < SAME_BARS_MS) return;
  lastBars = { statement, asked };
  bars.ask(statement);
}

/** A range that ends in the past holds still, but for events that come late. */
function barsPace(): number | null {
  if (live.value) return Math.max(SECOND, columnStep(focus.value.span, sliderWidth.value) / 2);
  return range.value.to >= now() - 30 * SECOND ? 5 * SECOND : null;
}

/** The day that is overviewed ends at midnight-like round hours, so that it moves rarely. */
export const overview = computed(() => {
  const to = stand.value === null ? now() : (focus.value.to ?? stand.value + 0.4 * focus.value.span);
  const end = aligned(Math.min(to, now()), OVERVIEW_STEP) + OVERVIEW_STEP;
  return { from: end - DAY, to: end };
});

const heldDay = signal({ from: 0, to: 0 });
effect(() => {
  const wanted = overview.value;
  const held = heldDay.peek();
  const r = stand.value === null ? wanted : range.value;
  const inside = r.from >= held.from && r.to <= held.to && stand.value !== null;
  if (!inside) heldDay.value = wanted.to === held.to ? held : wanted;
});
export const dayShown: Signal<{ from: number; to: number }> = heldDay;

/** The page's now is the daemon's: a browser whose clock is off would stand in the wrong place. */
const TOLERATED_OFFSET = 1.5 * SECOND;

function learnOffset(): void {
  const time = parseTime(status.value?.now);
  if (time === null) return;
  const offset = time - Date.now();
  if (Math.abs(offset) < TOLERATED_OFFSET) clockOffset.value = 0;
  else if (Math.abs(offset - clockOffset.peek()) > TOLERATED_OFFSET) clockOffset.value = offset;
}

/** Requests that a narrower window must be expected to hold before it is gone back to. */
const ENOUGH_REQUESTS = 5;

/** Chooses the width from what the last answer held; null while that one is right. */
export function betterWidth(answer: StateAnswer, level: number): number | null {
  if (answer.services.length === 0) return null;
  const total = answer.services.reduce((sum, s) => sum + (s.requestRate ?? 0), 0);
  if (total === 0) return level < WIDTHS.length - 1 ? level + 1 : null;
  const narrower = WIDTHS[level - 1];
  return narrower !== undefined && (total * narrower) / SECOND >= ENOUGH_REQUESTS ? level - 1 : null;
}

export function startData(): void {
  effect(learnOffset);
  follow(() => system.ask(stateAt(stand.value ?? 'now', over.value)), () => (live.value ? SECOND : null));
  follow(askBars, barsPace);
  follow(() => {
    const { from, to } = heldDay.value;
    if (to > 0) day.ask(histogram(from, to - 1, OVERVIEW_STEP));
  }, () => (live.value ? MINUTE : null));
  follow(() => {
    const { from, to } = heldDay.value;
    if (to > 0) deploys.ask(`SHOW deploys ${windowOf(from, to)}`);
  }, () => (live.value ? 5 * SECOND : null));
  effect(() => {
    const answered = system.answer.value;
    if (!answered) return;
    if (answered.statement.endsWith(` OVER ${stepText(over.peek())}`)) {
      width.value = betterWidth(answered.data, width.peek()) ?? width.peek();
    }
  });
}

export interface Bar {
  time: number;
  events: number;
  errors: number;
  warnings: number;
}

function toBars(buckets: Bucket[] | undefined): Bar[] {
  return (buckets ?? []).flatMap((b) => {
    const time = parseTime(b.time);
    return time === null ? [] : [{ time, events: b.events, errors: b.errors, warnings: b.warnings }];
  });
}

/** The step an answer was asked with, read back from its statement, so that old bars keep their width. */
export function stepOf(statement: string): number {
  const match = /EVERY (\d+) (ms|s|m|h|d)$/.exec(statement);
  const unit = { ms: 1, s: SECOND, m: MINUTE, h: 60 * MINUTE, d: DAY }[match?.[2] ?? 's'] ?? SECOND;
  return Number(match?.[1] ?? 1) * unit;
}

export interface Histogram {
  bars: Bar[];
  step: number;
}

function histogramOf(asking: Asking<TimelineAnswer>) {
  return computed<Histogram>(() => {
    const a = asking.answer.value;
    return a ? { bars: toBars(a.data.buckets), step: stepOf(a.statement) } : { bars: [], step: SECOND };
  });
}

export const barData = histogramOf(bars);
export const dayData = histogramOf(day);

export interface Deploy {
  time: number;
  service: string;
  version: string;
}

function cell(answer: TableAnswer, row: unknown[], ...names: string[]): string | null {
  for (const name of names) {
    const at = answer.columns.findIndex((c) => c.name === name);
    const v = at < 0 ? undefined : row[at];
    if (typeof v === 'string' && v !== '') return v;
  }
  return null;
}

export const deployData = computed<Deploy[]>(() => {
  const answer = deploys.answer.value?.data;
  if (!answer?.rows) return [];
  return answer.rows.flatMap((row) => {
    const time = parseTime(cell(answer, row, 'timestamp', 'time', 'at'));
    const service = cell(answer, row, 'service');
    if (time === null || service === null) return [];
    return [{ time, service, version: cell(answer, row, 'version', 'service_version', 'name') ?? '' }];
  });
});
