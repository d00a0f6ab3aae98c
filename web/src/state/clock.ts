// SPDX-License-Identifier: Apache-2.0
//
// What makes time pass on the page: the tick of now while live, and t itself while playing.
import { effect, signal } from '@preact/signals';
import { SECOND } from '../format/time';
import { clockOffset, focus, goLive, goTo, live, now, tick } from './store';
import { reducedMotion } from './prefs';

export const SPEEDS = [0.5, 1, 2, 5, 10, 30, 60] as const;
export const playing = signal(false);
export const speed = signal<number>(1);

/** While live the picture moves by about a pixel a tick, and at least once a second. */
function tickLength(span: number): number {
  return Math.min(SECOND, Math.max(50, span / 1000));
}

export function startClock(): void {
  effect(() => {
    const length = tickLength(focus.value.span);
    void clockOffset.value;
    tick.value = now();
    const timer = setInterval(() => {
      if (!document.hidden) tick.value = now();
    }, length);
    return () => clearInterval(timer);
  });
  effect(() => {
    if (live.value) playing.value = false;
  });
  effect(() => {
    if (playing.value) return reducedMotion.matches ? playInSteps() : playSmoothly();
    return undefined;
  });
}

function advance(byMs: number): void {
  const current = focus.peek().at;
  if (current === null) return;
  const next = current + byMs;
  if (next >= now()) goLive('replace');
  else goTo(next, 'replace');
}

function playSmoothly(): () => void {
  let last = performance.now();
  let carried = 0;
  let frame = requestAnimationFrame(function step(stamp: number) {
    carried += (stamp - last) * speed.peek();
    last = stamp;
    if (carried >= 1) {
      const whole = Math.floor(carried);
      carried -= whole;
      advance(whole);
    }
    frame = requestAnimationFrame(step);
  });
  return () => cancelAnimationFrame(frame);
}

function playInSteps(): () => void {
  const timer = setInterval(() => advance(SECOND * speed.peek()), SECOND);
  return () => clearInterval(timer);
}

export function togglePlay(): void {
  if (!live.peek()) playing.value = !playing.peek();
}

export function toggleLive(): void {
  if (live.peek()) goTo(now() - 1);
  else goLive();
}
