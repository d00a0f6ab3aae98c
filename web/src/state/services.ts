// SPDX-License-Identifier: Apache-2.0
//
// Readings of a service's state that more than one view needs.
import type { Health, ServiceState, Usual } from '../api/types';
import { MINUTE, parseTime } from '../format/time';
import type { Entity } from './focus';

const RECENT_CHANGE = 15 * MINUTE;
export function changedLately(s: ServiceState, at: number): boolean {
  const changed = parseTime(s.changedAt);
  return changed !== null && changed <= at && at - changed <= RECENT_CHANGE;
}

export function lastEventOf(s: ServiceState): string | null {
  if (typeof s.lastEvent === 'string') return s.lastEvent;
  return s.lastEvent?.timestamp ?? null;
}

export function usualText(u: Usual | undefined, print: (n: number) => string): string | null {
  if (u === null || u === undefined) return null;
  if (typeof u === 'number') return print(u);
  const [low, high] = Array.isArray(u) ? u : [u.low, u.high];
  return low === high ? print(low) : `${print(low)} to ${print(high)}`;
}

const RANK: Record<Health, number> = { failing: 0, anomalous: 1, healthy: 2, unknown: 3, silent: 4 };

/** Failing first, of those the one that failed first; else by name, so that rows keep their place. */
export function byConcern(a: ServiceState, b: ServiceState): number {
  const rank = (RANK[a.health] ?? 3) - (RANK[b.health] ?? 3);
  if (rank !== 0) return rank;
  if (a.health === 'failing' && a.since && b.since && a.since !== b.since) return a.since < b.since ? -1 : 1;
  return a.service < b.service ? -1 : 1;
}

const ORDER: Health[] = ['failing', 'anomalous', 'healthy', 'silent', 'unknown'];

/** "3 failing, 2 anomalous, 9 healthy" */
export function tally(services: ServiceState[]): string {
  const counts = ORDER.map((h) => [h, services.filter((s) => s.health === h).length] as const);
  const said = counts.filter(([, n]) => n > 0).map(([h, n]) => `${n} ${h === 'unknown' ? 'without enough data' : h}`);
  return said.join(', ');
}

/** Whom "why" is asked of: what is selected, else the first that fails. */
export function whyOf(chosen: Entity | null, services: ServiceState[]): string | null {
  if (chosen?.kind === 'service' || chosen?.kind === 'why') return chosen.name;
  const worst = [...services].sort(byConcern)[0];
  return worst && (worst.health === 'failing' || worst.health === 'anomalous') ? worst.service : null;
}
