// SPDX-License-Identifier: Apache-2.0
// The small shop of tests/spec, moved in time so that what the statements of the documentation call now is now.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.TRAVERSION_SOURCE ?? new URL('../..', import.meta.url).pathname;
const told = Date.parse('2024-01-15T15:50:00Z');
const text = (name) => readFileSync(join(root, name), 'utf8');

/** What is added to the shop's times, ms: its clock stands a second before this moment. */
export const shift = Math.floor((Date.now() - told) / 1000 - 1) * 1000;

const moved = (time) => new Date(Date.parse(time) + shift).toISOString();

export function events() {
  const lines = text('tests/spec/shop.ndjson').trim().split('\n').map((line) => JSON.parse(line));
  return lines.map((event) => ({ ...event, timestamp: moved(event.timestamp) }));
}

/** A statement with its times moved like the events. */
export function atNow(statement) {
  return statement.replace(/'(2024-01-1\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?)'/g, (_, time) => {
    const whole = time.length === 10 ? `${time}T00:00:00Z` : time.replace(' ', 'T').replace(/Z?$/, 'Z');
    return `'${moved(whole)}'`;
  });
}

/** Every ```tql block of a page of the documentation. */
export function examples(page) {
  return [...text(page).matchAll(/^```tql\n([^]*?)^```/gm)].map((match) => match[1].trim());
}

/** The pages of the documentation that have such blocks about the shop; the tutorial has a story of its own. */
export function pages() {
  const all = readdirSync(join(root, 'docs')).filter((f) => f.endsWith('.md') && f !== 'timeql-tutorial.md');
  return all.map((f) => `docs/${f}`).filter((f) => examples(f).length > 0);
}

/** The statements of tests/spec, without what they expect. */
export function specified() {
  const files = readdirSync(join(root, 'tests/spec')).filter((f) => f.endsWith('.tql'));
  const cases = files.flatMap((f) => text(`tests/spec/${f}`).split(/\n\s*\n/));
  return cases.map((c) => c.split('\n').filter((line) => !line.startsWith('--')).join('\n').trim()).filter((s) => s !== '');
}
