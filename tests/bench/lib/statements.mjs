// SPDX-License-Identifier: Apache-2.0
// What single statements take: before they run, as patterns, as walks, until the first row.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { finish, median, post, processorSeconds, program, settle, start, writeEvents } from './measure.mjs';
import { note } from './table.mjs';

const ROUNDS = 7;

/** Microseconds of parsing and checking, the slowest of some statements. */
export function prepare() {
  const taken = Object.entries(JSON.parse(execFileSync(program('prepare'), ['20000'], { encoding: 'utf8' })));
  const [statement, us] = taken.sort((a, b) => b[1] - a[1])[0];
  note('parse and check', '≤ 50 µs', `${us.toFixed(1)} µs for the slowest of ${taken.length}: ${statement.slice(0, 40)}…`, us <= 50);
}

/** Medians: what the daemon says it took, what the client saw; processor time of each question. */
async function measured(daemon, statement) {
  const clock = [], took = [];
  let answer;
  const before = processorSeconds(daemon.child.pid);
  for (let i = 0; i < ROUNDS; i++) {
    const from = performance.now();
    answer = await daemon.query(statement);
    clock.push(performance.now() - from);
    took.push(answer.tookMs);
  }
  const cpu = ((processorSeconds(daemon.child.pid) - before) * 1e3) / ROUNDS;
  const text = `${median(took).toFixed(0)} ms in the daemon, ${cpu.toFixed(0)} ms of processor (${median(clock).toFixed(0)} ms for the client)`;
  return { answer, ms: median(took), text };
}

/** Patterns over a day of metrics, 115 events a second for 10 million. */
export async function match(place, { events }) {
  const file = writeEvents(join(place.memory, 'metrics.ndjson'), events, { shape: 'metrics', perSecond: events / 86400 });
  const daemon = await start(place);
  post(daemon.port, file, 2000, 4);
  rmSync(file);
  await settle(daemon);
  const day = "FROM '2024-08-22' TO '2024-08-24'", among = `${events / 1e6} M events in 24 h`;
  const two = await measured(daemon, `MATCH PATTERN WHERE cpu > 80% FOLLOWED BY memory > 90% WITHIN 5 minutes ${day}`);
  note(`MATCH of two steps, ${among}`, '≤ 150 ms', two.text, two.ms <= 150);
  const rare = await measured(daemon, `MATCH PATTERN WHERE cpu > 99.9 FOLLOWED BY memory > 99.9 WITHIN 5 minutes ${day}`);
  note(`MATCH of what hardly happens, ${among}`, '', rare.text);
  const dense = await measured(daemon, `MATCH PATTERN cpu > 10 FOLLOWED BY memory > 10 FOLLOWED BY cpu > 20 ${day} PER service, host OVERLAPPING`);
  note(`MATCH where nearly all matches, ${among}`, '', dense.text);
  await finish(daemon);
}

/** A chain of a thousand spans, each the parent of the next. */
export async function chain(place) {
  const daemon = await start(place);
  const id = (i) => (i + 1).toString(16).padStart(16, '0');
  const spans = Array.from({ length: 1000 }, (_, i) => ({
    id: `link-${i}`, service: `s${i % 20}`, type: 'span', ts: Date.now() - 1000 + i, traceId: 'c'.repeat(32), spanId: id(i), durationMs: 1,
    ...(i ? { parentSpanId: id(i - 1) } : {}),
  }));
  await daemon.post(spans);
  const walk = await measured(daemon, 'TRAVERSE FROM link-999 FOLLOWING backward');
  if (walk.answer.events.length !== 1000) throw new Error(`the walk found ${walk.answer.events.length} events`);
  note('TRAVERSE of a chain of 1,000 spans', '≤ 20 ms', walk.text, walk.ms <= 20);
  const firsts = [];
  for (let i = 0; i < 3 * ROUNDS; i++) {
    const from = performance.now();
    const response = await fetch(`${daemon.url}/api/v1/query`, { method: 'POST', body: 'TIMELINE IN LAST 1h LIMIT 1000', headers: { accept: 'application/x-ndjson' } });
    const reader = response.body.getReader();
    await reader.read();
    firsts.push(performance.now() - from);
    while (!(await reader.read()).done);
  }
  note('first row of a streamed timeline', '≤ 5 ms', `${median(firsts).toFixed(1)} ms for the client`, median(firsts) <= 5);
  await finish(daemon);
}
