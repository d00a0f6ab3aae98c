// SPDX-License-Identifier: Apache-2.0
//
// Health as a shape first and a colour second: everything reads in greyscale.
import type { Health } from '../api/types';

export const HEALTH_WORD: Record<Health, string> = {
  healthy: 'healthy',
  anomalous: 'anomalous',
  failing: 'failing',
  silent: 'silent',
  unknown: 'not enough data',
};

export function healthOf(text: string | null | undefined): Health {
  return text && text in HEALTH_WORD ? (text as Health) : 'unknown';
}

function shape(health: Health) {
  switch (health) {
    case 'failing':
      return (
        <>
          <rect x="1" y="1" width="10" height="10" rx="2" fill="var(--fail-mark)" />
          <path d="M4 4l4 4M8 4L4 8" stroke="var(--on-fail)" stroke-width="1.5" stroke-linecap="round" />
        </>
      );
    case 'anomalous':
      return <path d="M6 1l5 5-5 5-5-5z" fill="var(--warn-fill)" stroke="var(--warn-mark)" stroke-linejoin="round" />;
    case 'silent':
      return <circle cx="6" cy="6" r="4" fill="none" stroke="var(--ink3)" stroke-width="1.5" stroke-dasharray="3.6 2.7" />;
    case 'unknown':
      return (
        <circle cx="6" cy="6" r="4" fill="none" stroke="var(--ink3)" stroke-width="1.5" stroke-dasharray="0.1 2.4" stroke-linecap="round" />
      );
    case 'healthy':
      return <circle cx="6" cy="6" r="4" fill="none" stroke="var(--ink3)" stroke-width="1.5" />;
  }
}

/** As a group, for drawings in which it stands among other shapes. */
export function GlyphShape({ health, x, y }: { health: Health; x: number; y: number }) {
  return <g transform={`translate(${x} ${y})`}>{shape(health)}</g>;
}

export function Glyph({ health, label = true, size = 12 }: { health: Health; label?: boolean; size?: number }) {
  const name = label ? { role: 'img' as const, 'aria-label': HEALTH_WORD[health] } : { 'aria-hidden': true as const };
  return (
    <svg class="glyph" width={size} height={size} viewBox="0 0 12 12" {...name}>
      {shape(health)}
    </svg>
  );
}

export function Flag({ title }: { title: string }) {
  return (
    <svg class="glyph" width="12" height="12" viewBox="0 0 12 12" role="img" aria-label={title}>
      <title>{title}</title>
      <path d="M2 1v10.5M2 1.2h8.5l-1.8 2.5 1.8 2.5H2z" fill="var(--ink)" stroke="var(--ink)" stroke-width="1.2" />
    </svg>
  );
}
