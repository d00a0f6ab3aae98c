// SPDX-License-Identifier: Apache-2.0
//
// What belongs to the person and not to the moment, kept in the browser: zone, theme, single keys.
import { effect, signal, type Signal } from '@preact/signals';
import type { Zone } from '../format/time';

export type Theme = 'system' | 'light' | 'dark';

function read(key: string): string | null {
  try {
    return localStorage.getItem(`traversion.${key}`);
  } catch {
    return null;
  }
}

export function write(key: string, text: string): void {
  try {
    localStorage.setItem(`traversion.${key}`, text);
  } catch {
    // Storage is full or forbidden: the choice holds until the page closes.
  }
}

export const readPref = read;

function kept<T extends string>(key: string, allowed: readonly T[], initial: T): Signal<T> {
  const stored = allowed.find((v) => v === read(key)) ?? initial;
  const held = signal<T>(stored);
  effect(() => write(key, held.value));
  return held;
}

export const zone: Signal<Zone> = kept('zone', ['utc', 'local'] as const, 'utc');
export const theme: Signal<Theme> = kept('theme', ['system', 'light', 'dark'] as const, 'system');
export const singleKeys = kept('keys', ['on', 'off'] as const, 'on');

function matching(query: string): Signal<boolean> {
  const media = matchMedia(query);
  const held = signal(media.matches);
  media.addEventListener('change', (e) => {
    held.value = e.matches;
  });
  return held;
}

/** Whether the page is laid out for a phone. */
export const phone = matching('(max-width: 719.9px)');
/** Whether the focus panel is always there. */
export const roomy = matching('(min-width: 1280px)');

const systemDark = matching('(prefers-color-scheme: dark)');
export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/** What is on screen now; canvases redraw when it changes. */
export const shade = signal<'light' | 'dark'>('light');
effect(() => {
  const dark = theme.value === 'dark' || (theme.value === 'system' && systemDark.value);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  shade.value = dark ? 'dark' : 'light';
});

export function toggleTheme(): void {
  theme.value = shade.peek() === 'dark' ? 'light' : 'dark';
}

export function toggleZone(): void {
  zone.value = zone.peek() === 'utc' ? 'local' : 'utc';
}
