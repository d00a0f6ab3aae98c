// SPDX-License-Identifier: Apache-2.0
//
// The console: a draft, the statement last run (which is the focus' `q`), its answer, and a history kept
// in the browser. A link with a statement runs it: statements only read.
import { effect, signal } from '@preact/signals';
import { asFailure } from '../api/asking';
import { query } from '../api/client';
import { locked } from '../api/client';
import type { Failure } from '../api/failure';
import type { Answer } from '../api/types';
import { readPref, write } from './prefs';
import { change, focus } from './store';

const MOST_HISTORY = 60;

export interface Past {
  text: string;
  ms: number;
}

export const draft = signal(focus.peek().q);
export const ran = signal<string | null>(null);
export const answer = signal<Answer | null>(null);
export const failure = signal<Failure | null>(null);
/** performance.now() of the start while a query runs. */
export const runningSince = signal<number | null>(null);
export const history = signal<Past[]>(readHistory());

let controller: AbortController | null = null;

function readHistory(): Past[] {
  try {
    const parsed: unknown = JSON.parse(readPref('history') ?? '[]');
    if (!Array.isArray(parsed)) return [];
    return parsed.filter((p): p is Past => typeof p?.text === 'string' && typeof p?.ms === 'number').slice(0, MOST_HISTORY);
  } catch {
    return [];
  }
}

function recordRun(text: string): void {
  const rest = history.peek().filter((p) => p.text !== text);
  history.value = [{ text, ms: Date.now() }, ...rest].slice(0, MOST_HISTORY);
  write('history', JSON.stringify(history.peek()));
}

async function execute(text: string): Promise<void> {
  controller?.abort();
  const mine = new AbortController();
  controller = mine;
  ran.value = text;
  runningSince.value = performance.now();
  try {
    const result = await query<Answer>(text, mine.signal);
    if (mine !== controller) return;
    answer.value = result;
    failure.value = null;
    recordRun(text);
  } catch (reason) {
    if (mine !== controller) return;
    answer.value = null;
    failure.value = mine.signal.aborted ? null : asFailure(reason, text);
  }
  runningSince.value = null;
}

export function cancel(): void {
  controller?.abort();
  runningSince.value = null;
}

/** Runs a statement; the URL then names it. */
export function run(text: string): void {
  const trimmed = text.trim();
  if (trimmed === '') return;
  if (focus.peek().q === trimmed) void execute(trimmed);
  else change({ q: trimmed });
}

export function startConsole(): void {
  effect(() => {
    const { q, view } = focus.value;
    if (view !== 'query' || q === '' || locked.value !== null || q === ran.peek()) return;
    draft.value = q;
    void execute(q);
  });
}
