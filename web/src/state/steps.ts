// SPDX-License-Identifier: Apache-2.0
//
// To the event or error next to t. The daemon is asked for the one nearest in a window that widens until
// something is found or the store's end is reached.
import { signal } from '@preact/signals';
import { query } from '../api/client';
import type { TimelineAnswer } from '../api/types';
import { DAY, HOUR, parseTime } from '../format/time';
import { events } from '../timeql/text';
import { at, focus, goToEvent, now } from './store';

const REACHES = [HOUR / 12, 2 * HOUR, 2 * DAY, 60 * DAY, 3650 * DAY];

export const stepping = signal(false);

async function nearest(what: 'event' | 'error', side: 'before' | 'after', from: number): Promise<number | null> {
  const condition = what === 'error' ? 'error_occurred = true' : focus.peek().where;
  for (const reach of REACHES) {
    const before = side === 'before';
    const statement = events({
      from: before ? from - reach : from + 1,
      to: before ? from - 1 : Math.min(from + reach, now()),
      where: condition, newestFirst: before, limit: 1,
    });
    const found = (await query<TimelineAnswer>(statement)).events?.[0];
    if (found) return parseTime(found.timestamp);
    if (!before && from + reach >= now()) return null;
  }
  return null;
}

export async function step(what: 'event' | 'error', side: 'before' | 'after'): Promise<void> {
  if (stepping.peek()) return;
  stepping.value = true;
  try {
    const found = await nearest(what, side, Math.round(at.peek()));
    if (found !== null) goToEvent(found);
  } catch {
    // The panels say why the daemon does not answer; t stays where it is.
  }
  stepping.value = false;
}
