// SPDX-License-Identifier: Apache-2.0
//
// The daemon's own state, polled: it feeds the foot, the first-run page and the banner. What a daemon
// does not report stays null and is not shown.
import { effect, signal } from '@preact/signals';
import { fetchChecked, headers, locked, stumbles, token } from './client';
import { Failure } from './failure';
import { parseTime } from '../format/time';

const POLL_MS = 2000;
const HIDDEN_POLL_MS = 15_000;
const TIMEOUT_MS = 8000;

export interface Listener {
  name: string;
  /** "off" where it is switched off; null where it has none of its own. */
  address: string | null;
  requests: number | null;
  events: number | null;
  rejected: number | null;
}

export interface Rejection {
  time: string;
  reason: string;
}

export interface Status {
  version: string | null;
  now: string | null;
  started: string | null;
  newestEvent: string | null;
  events: number | null;
  committed: number | null;
  diskBytes: number | null;
  diskLimitBytes: number | null;
  readOnly: boolean;
  listeners: Listener[];
  lastRejection: Rejection | null;
}

export const status = signal<Status | null>(null);
export const eventsPerSecond = signal<number | null>(null);
/** Since when nobody answers, by performance.now(); null while connected. */
export const awaySince = signal<number | null>(null);
export const nextTry = signal<number | null>(null);
/** Grows each time the daemon comes back, so that panels ask again. */
export const returns = signal(0);

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const num = (v: unknown): number | null => (typeof v === 'number' ? v : null);
const str = (v: unknown): string | null => (typeof v === 'string' && v !== '' ? v : null);

function listenerOf(v: unknown): Listener | null {
  if (!isObject(v)) return null;
  const name = str(v['name']);
  if (name === null) return null;
  return {
    name, address: str(v['address']), requests: num(v['requests']), events: num(v['events']), rejected: num(v['rejected']),
  };
}

/** The newest of the listeners' rejections. */
function rejectionOf(listeners: unknown[]): Rejection | null {
  let last: Rejection | null = null;
  for (const v of listeners) {
    if (!isObject(v)) continue;
    const [time, reason] = [str(v['lastRejection']), str(v['lastRejectionReason'])];
    if (time !== null && reason !== null && (last === null || time > last.time)) last = { time, reason };
  }
  return last;
}

export function statusOf(body: unknown): Status {
  const top = isObject(body) ? body : {};
  const store = isObject(top['store']) ? top['store'] : {};
  const listeners = Array.isArray(top['listeners']) ? top['listeners'] : [];
  const file = num(store['fileBytes']);
  return {
    version: str(top['version']),
    now: str(top['now']),
    started: str(top['started']),
    newestEvent: str(top['newestEvent']),
    events: num(store['events']),
    committed: num(top['committedEvents']),
    diskBytes: file === null ? null : file + (num(store['walBytes']) ?? 0),
    diskLimitBytes: num(store['diskBytesMax']) || null,
    readOnly: store['readOnly'] === true,
    listeners: listeners.map(listenerOf).filter((l): l is Listener => l !== null),
    lastRejection: rejectionOf(listeners),
  };
}

/** Events a second between two looks at the daemon; null where it was restarted between them. */
export function rateBetween(before: Status | null, after: Status): number | null {
  const [from, to] = [parseTime(before?.now), parseTime(after.now)];
  if (!before || from === null || to === null || to <= from || before.started !== after.started) return null;
  if (before.committed === null || after.committed === null) return null;
  return ((after.committed - before.committed) * 1000) / (to - from);
}

async function look(): Promise<void> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetchChecked('api/v1/status', { headers: headers(), signal: timeout }, '');
    const next = statusOf(await response.json());
    eventsPerSecond.value = rateBetween(status.peek(), next);
    status.value = next;
    answered();
  } catch (reason) {
    if (reason instanceof Failure && reason.kind !== 'away') answered();
    else if (awaySince.value === null) awaySince.value = performance.now();
  }
}

function answered(): void {
  if (awaySince.value === null) return;
  awaySince.value = null;
  returns.value += 1;
}

/** Polls for the life of the page; a stumble of any other request makes it look at once. */
export function watchStatus(): void {
  let timer = 0;
  let looking = false;
  const turn = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    clearTimeout(timer);
    nextTry.value = null;
    await look();
    looking = false;
    const wait = document.hidden ? HIDDEN_POLL_MS : POLL_MS;
    nextTry.value = performance.now() + wait;
    timer = window.setTimeout(() => void turn(), wait);
  };
  let seen = stumbles.peek();
  effect(() => {
    void token.value;
    const now = stumbles.value;
    const stumbled = now !== seen;
    seen = now;
    if (!stumbled || awaySince.peek() === null) void turn();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && locked.peek() === null) void turn();
  });
}
