// SPDX-License-Identifier: Apache-2.0
//
// The keyboard. Keys are off while someone types, and single ones can be switched off for good.
import { toggleLive, togglePlay } from './clock';
import { pixelMs, system as systemState } from './data';
import { singleKeys, toggleZone } from './prefs';
import { whyOf } from './services';
import { step } from './steps';
import { at, change, entity, focus, goTo, open, panBy, range, select, zoomBy } from './store';
import { askBox, helpOpen } from './ui';

export const KEY_HELP: [string[], string][] = [
  [['←', '→'], 'Move t by one pixel; with Shift by ten'],
  [['k', 'j'], 'Event before, after'],
  [['p', 'n'], 'Error before, after'],
  [['[', ']'], 'Zoom out, in'],
  [['Page Up', 'Page Down'], 'Range before, after'],
  [['Space'], 'Play, pause'],
  [['.'], 'Live, or stand still'],
  [['u'], 'UTC or local time'],
  [['r'], 'Why: the causes of what is selected, or of what fails most'],
  [['c'], 'Compare with this moment: it becomes A'],
  [['/'], 'Write a query'],
  [['g', 's'], 'Go to System; g m Metrics, g t Stream, g c Compare, g q Query'],
  [['Esc'], 'Close'],
  [['?'], 'These keys'],
];

let going = false;

function typing(target: EventTarget | null): boolean {
  const el = target instanceof HTMLElement ? target : null;
  return el !== null && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));
}

/** Space and the arrows belong to a button or list that has the focus. */
function ownsKey(target: EventTarget | null, key: string): boolean {
  const el = target instanceof HTMLElement ? target : null;
  if (!el) return false;
  if (key === ' ') return /^(BUTTON|A|SUMMARY)$/.test(el.tagName) || el.getAttribute('role') === 'option';
  return false;
}

function moveBy(pixels: number): void {
  goTo(Math.round(at.peek() + pixels * pixelMs()), 'replace');
}

function pageBy(share: number): void {
  const { from, to } = range.peek();
  panBy((to - from) * share);
}

function close(): void {
  if (helpOpen.peek()) helpOpen.value = false;
  else if (focus.peek().entity) select(null);
}

const ACTIONS: Record<string, (e: KeyboardEvent) => void> = {
  ArrowLeft: (e) => moveBy(e.shiftKey ? -10 : -1),
  ArrowRight: (e) => moveBy(e.shiftKey ? 10 : 1),
  '[': () => zoomBy(1.5, at.peek()),
  ']': () => zoomBy(1 / 1.5, at.peek()),
  PageUp: () => pageBy(-0.8),
  PageDown: () => pageBy(0.8),
  ' ': togglePlay,
  '.': toggleLive,
  u: toggleZone,
  k: () => void step('event', 'before'),
  j: () => void step('event', 'after'),
  p: () => void step('error', 'before'),
  n: () => void step('error', 'after'),
  r: () => {
    const name = whyOf(entity.peek(), systemState.answer.peek()?.data.services ?? []);
    if (name !== null) select({ kind: 'why', name });
  },
  c: () => change({ a: Math.round(at.peek()) }),
  '/': () => {
    askBox.element?.focus();
    askBox.element?.select();
  },
  '?': () => (helpOpen.value = true),
  g: () => {
    going = true;
    setTimeout(() => (going = false), 1500);
  },
};

const PLACES: Record<string, () => void> = {
  s: () => open('system'),
  m: () => open('metrics'),
  t: () => open('stream'),
  c: () => open('compare'),
  q: () => change({ view: 'query' }),
};

export function startKeys(): void {
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !typing(e.target)) {
      close();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || ownsKey(e.target, e.key)) return;
    if (singleKeys.peek() === 'off' && e.key.length === 1) return;
    const place = going ? PLACES[e.key] : undefined;
    going = false;
    const action = place ?? ACTIONS[e.key];
    if (!action) return;
    e.preventDefault();
    action(e);
  });
}
