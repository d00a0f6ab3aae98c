// SPDX-License-Identifier: Apache-2.0
//
// The focus as a signal, two-way with the URL. A step a person would want to go back over is pushed;
// what follows the pointer or a playing clock replaces, and is written to the URL only when it rests,
// since browsers limit how often history may change.
import { computed, effect, signal, untracked } from '@preact/signals';
import {
  INITIAL, VIEW_TITLE, clampSpan, panned, parseFocus, printFocus, rangeHolding, rangeOf, zoomed,
  type Entity, type Focus, type Range, type View,
} from './focus';
import { momentAfter } from '../format/time';

const REST_MS = 250;

export const focus = signal<Focus>(parseFocus(location.search));
/** The daemon's now minus the browser's, in ms; learned from answers. */
export const clockOffset = signal(0);
/** A ticking now, only precise to its tick. */
export const tick = signal(Date.now());

/** Parts of the focus, so that what shows one of them is not drawn again when another moves. */
export const view = computed(() => focus.value.view);
export const entity = computed(() => focus.value.entity);
export const condition = computed(() => focus.value.where);
/** t as the URL has it: null while live. */
export const stand = computed(() => focus.value.at);
export const live = computed(() => stand.value === null);
/** t: where the page stands. */
export const at = computed(() => focus.value.at ?? tick.value);
export const range = computed<Range>(() => rangeOf(focus.value, tick.value));

export function now(): number {
  return Date.now() + clockOffset.peek();
}

let resting = 0;

function write(how: 'push' | 'replace'): void {
  clearTimeout(resting);
  const url = `${location.pathname}${printFocus(focus.peek())}`;
  if (url === `${location.pathname}${location.search}`) return;
  if (how === 'push') history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

export function change(patch: Partial<Focus>, how: 'push' | 'replace' = 'push'): void {
  focus.value = { ...focus.peek(), ...patch };
  if (how === 'push') {
    write('push');
    return;
  }
  clearTimeout(resting);
  resting = window.setTimeout(() => write('replace'), REST_MS);
}

addEventListener('popstate', () => {
  clearTimeout(resting);
  focus.value = parseFocus(location.search);
});

/** The range as numbers that no longer follow now. */
function pinned(current: Focus): Range {
  return untracked(() => rangeOf(current, now()));
}

/** Stands at `ms`; the range follows only if t would leave it. A moment that has not come yet is live. */
export function goTo(ms: number, how: 'push' | 'replace' = 'push'): void {
  const moment = Math.round(ms);
  if (moment >= now()) {
    goLive(how);
    return;
  }
  const { from, to } = rangeHolding(pinned(focus.peek()), moment);
  change({ at: moment, from: Math.round(from), to: Math.round(to), span: to - from }, how);
}

/** Stands just where an event is already seen. */
export function goToEvent(ms: number): void {
  goTo(momentAfter(ms));
}

export function goLive(how: 'push' | 'replace' = 'push'): void {
  change({ at: null, from: null, to: null }, how);
}

/** Shows a range. While live only its length is taken; otherwise t stays, seen or not. */
export function showRange(next: Range, how: 'push' | 'replace' = 'replace'): void {
  const current = focus.peek();
  const span = clampSpan(next.to - next.from);
  if (current.at === null) {
    const shifted = next.to < now() - span * 0.02;
    if (!shifted) {
      change({ span }, how);
      return;
    }
    change({ at: Math.round(now()), from: Math.round(next.from), to: Math.round(next.from + span), span }, how);
    return;
  }
  change({ from: Math.round(next.from), to: Math.round(next.from + span), span }, how);
}

export function zoomBy(factor: number, pivot: number): void {
  const current = focus.peek();
  const base = pinned(current);
  if (current.at === null) {
    const span = clampSpan((base.to - base.from) * factor);
    change({ span }, 'replace');
    return;
  }
  showRange(zoomed(base, factor, pivot));
}

export function panBy(ms: number): void {
  showRange(panned(pinned(focus.peek()), ms));
}

export function select(entity: Entity | null): void {
  change({ entity });
}

export function open(view: View): void {
  if (focus.peek().view !== view) change({ view });
}

export function reset(): void {
  change(INITIAL);
}

effect(() => {
  const name = VIEW_TITLE[view.value];
  document.title = `${name} · Traversion`;
});
