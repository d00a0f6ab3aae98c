// SPDX-License-Identifier: Apache-2.0
//
// The stream of events: at t those up to t, live those of the range and then each as it comes. The list
// is ascending and bounded; while someone reads above its end new rows wait beside it, only counted.
import { computed, effect, signal, untracked } from '@preact/signals';
import { asFailure } from '../api/asking';
import { locked, query } from '../api/client';
import { Failure } from '../api/failure';
import { LiveStream } from '../api/live';
import { returns } from '../api/status';
import type { EventRow, TimelineAnswer } from '../api/types';
import { plural } from '../format/numbers';
import { clock, parseTime } from '../format/time';
import { zone } from './prefs';
import { events, newest } from '../timeql/text';
import { condition, focus, live, range, stand } from './store';

const PAGE = 400;
const MOST_ROWS = 20_000;

export const rows = signal<EventRow[]>([]);
export const waiting = signal<EventRow[]>([]);
/** Whether the list shows its end. */
export const following = signal(true);
export const lost = signal(0);
export const failure = signal<Failure | null>(null);
export const loading = signal(false);
export const connected = signal(false);
/** Nothing older is left in reach. */
export const exhausted = signal(false);
/** How many views show the stream; nothing is asked for while none does. */
export const watchers = signal(0);

let controller = new AbortController();
let known = new Set<string>();

/** The page of events up to a moment; it begins at the slider's left edge. */
function pageStatement(to: number): string {
  const from = Math.min(range.peek().from, to - 1);
  return events({ from, to, where: focus.peek().where, newestFirst: true, limit: PAGE });
}

function currentStatement(): string {
  const { at, span, where: condition } = focus.peek();
  return at === null ? newest(span, condition, PAGE) : pageStatement(at);
}

/** The stream's own TimeQL. */
export const streamStatement = computed(() => {
  void focus.value;
  return untracked(currentStatement);
});

function fresh(incoming: EventRow[]): EventRow[] {
  return incoming.filter((row) => {
    if (known.has(row.arrival)) return false;
    known.add(row.arrival);
    return true;
  });
}

function append(incoming: EventRow[]): void {
  const added = fresh(incoming);
  if (added.length === 0) return;
  if (!following.peek()) {
    waiting.value = [...waiting.peek(), ...added].slice(-MOST_ROWS);
    return;
  }
  rows.value = bounded([...rows.peek(), ...added]);
}

function bounded(all: EventRow[]): EventRow[] {
  if (all.length <= MOST_ROWS) return all;
  for (const row of all.slice(0, all.length - MOST_ROWS)) known.delete(row.arrival);
  exhausted.value = false;
  return all.slice(-MOST_ROWS);
}

/** Takes in what waited and follows the end again. */
export function follow(): void {
  following.value = true;
  const held = waiting.peek();
  waiting.value = [];
  if (held.length > 0) rows.value = bounded([...rows.peek(), ...held]);
}

async function load(statement: string, place: 'all' | 'before'): Promise<void> {
  const mine = controller;
  loading.value = true;
  try {
    const answer = await query<TimelineAnswer>(statement, mine.signal);
    if (mine !== controller) return;
    const page = [...(answer.events ?? [])].reverse();
    if (place === 'all') {
      const live = rows.peek().filter((r) => !page.some((p) => p.arrival === r.arrival));
      known = new Set([...page, ...live, ...waiting.peek()].map((r) => r.arrival));
      rows.value = [...page, ...live];
    } else {
      rows.value = [...fresh(page), ...rows.peek()];
    }
    exhausted.value = page.length < PAGE;
    failure.value = null;
  } catch (reason) {
    if (mine !== controller || mine.signal.aborted) return;
    failure.value = asFailure(reason, statement);
  }
  if (mine === controller) loading.value = false;
}

/** The page of older events before the first row. */
export function loadOlder(): void {
  const first = rows.peek()[0];
  const to = parseTime(first?.timestamp);
  if (to === null || loading.peek() || exhausted.peek()) return;
  void load(pageStatement(Math.ceil(to)), 'before');
}

function startOver(): void {
  controller.abort();
  controller = new AbortController();
  known = new Set();
  waiting.value = [];
  following.value = true;
  failure.value = null;
  lost.value = 0;
  exhausted.value = false;
  loading.value = false;
}

function listen(where: string): LiveStream {
  return new LiveStream(where, {
    events: append,
    dropped: (n) => (lost.value += n),
    state: (reason) => {
      connected.value = reason === null;
      if (reason?.kind === 'refused') failure.value = reason;
    },
  });
}

const where = computed(() => condition.value);
/** While t is dragged the page follows at most this often. */
const SETTLE_MS = 120;

export function startStream(): void {
  const wanted = computed(() => watchers.value > 0 && locked.value === null);
  effect(() => {
    if (!wanted.value || !live.value) return undefined;
    void where.value;
    startOver();
    rows.value = [];
    const stream = listen(where.value);
    untracked(() => void load(currentStatement(), 'all'));
    return () => {
      stream.stop();
      connected.value = false;
    };
  });
  effect(() => {
    void returns.value;
    const to = stand.value;
    void where.value;
    if (!wanted.value || to === null) return undefined;
    const timer = setTimeout(() => {
      startOver();
      untracked(() => void load(currentStatement(), 'all'));
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  });
}

/** What the foot says of the stream. */
export const streamNote = computed(() => {
  if (watchers.value === 0) return '';
  if (!live.value) return `Reads nothing later than ${clock(stand.value ?? 0, zone.value)}`;
  if (!connected.value) return '';
  return `Live stream connected, ${plural(lost.value, 'event')} dropped`;
});

