// SPDX-License-Identifier: Apache-2.0
//
// The daemon's own state, polled: it feeds the foot, the first-run page and the banner. What a daemon
// does not report stays null and is not shown.
import { effect, signal } from '@preact/signals';
import { fetchChecked, headers, locked, stumbles, token } from './client';
import { Failure } from './failure';

const POLL_MS = 2000;
const HIDDEN_POLL_MS = 15_000;
const TIMEOUT_MS = 8000;

export interface Listener {
  name: string;
  address: string | null;
  accepted: number | null;
  rejected: number | null;
  on: boolean;
}

export interface Status {
  version: string | null;
  uptimeMs: number | null;
  eventsTotal: number | null;
  eventsPerSecond: number | null;
  newestEvent: string | null;
  oldestEvent: string | null;
  diskBytes: number | null;
  diskLimitBytes: number | null;
  listeners: Listener[];
  lastRejection: { reason: string; field: string | null; time: string | null } | null;
}

export const status = signal<Status | null>(null);
/** Since when nobody answers, by performance.now(); null while connected. */
export const awaySince = signal<number | null>(null);
export const nextTry = signal<number | null>(null);
/** Grows each time the daemon comes back, so that panels ask again. */
export const returns = signal(0);

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const num = (v: unknown): number | null => (typeof v === 'number' ? v : null);
const str = (v: unknown): string | null => (typeof v === 'string' && v !== '' ? v : null);

function listenerOf(name: string, v: unknown): Listener | null {
  if (!isObject(v)) return null;
  const on = v['on'] !== false && v['enabled'] !== false && v['address'] !== 'off';
  return {
    name: str(v['name']) ?? name,
    address: str(v['address']) ?? str(v['listen']),
    accepted: num(v['accepted']) ?? num(v['events']),
    rejected: num(v['rejected']),
    on,
  };
}

function listenersOf(v: unknown): Listener[] {
  const entries: [string, unknown][] = Array.isArray(v) ? v.map((item) => ['', item]) : isObject(v) ? Object.entries(v) : [];
  return entries.map(([name, item]) => listenerOf(name, item)).filter((l): l is Listener => l !== null);
}

function rejectionOf(v: unknown): Status['lastRejection'] {
  if (!isObject(v)) return null;
  const reason = str(v['reason']) ?? str(v['message']);
  return reason ? { reason, field: str(v['field']), time: str(v['time']) } : null;
}

export function statusOf(body: unknown): Status {
  const top = isObject(body) ? body : {};
  const store = isObject(top['store']) ? top['store'] : {};
  const disk = isObject(top['disk']) ? top['disk'] : {};
  const events = isObject(top['events']) ? top['events'] : {};
  return {
    version: str(top['version']),
    uptimeMs: num(top['uptimeMs']),
    eventsTotal: num(top['eventsTotal']) ?? num(events['total']) ?? num(store['events']),
    eventsPerSecond: num(top['eventsPerSecond']) ?? num(events['perSecond']),
    newestEvent: str(top['newestEvent']) ?? str(events['newest']) ?? str(store['newestEvent']),
    oldestEvent: str(top['oldestEvent']) ?? str(events['oldest']) ?? str(store['oldestEvent']),
    diskBytes: num(disk['usedBytes']) ?? num(disk['bytes']),
    diskLimitBytes: num(disk['limitBytes']) ?? num(disk['maxBytes']),
    listeners: listenersOf(top['listeners']),
    lastRejection: rejectionOf(top['lastRejection']),
  };
}

async function look(): Promise<void> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetchChecked('api/v1/status', { headers: headers(), signal: timeout }, '');
    status.value = statusOf(await response.json());
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
