// SPDX-License-Identifier: Apache-2.0
// Real labelled incidents, replayed over HTTP into a fresh daemon each: every event is taken, counts equal those of the
// file, the state during the fault shows what failed, and a traversal reaches a trace's root and leaves. The data lies
// beside the project and is not part of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

const archive = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../../shared/incidents/nezha-tt-dev.tar.zst');
const absent = existsSync(archive) ? false : `no incident data at ${archive}`;
const batch = 2000;
const ever = "FROM '1970-01-01' TO '2200-01-01'";

let folder, inputs;
let names = [];
before(() => {
  if (absent) return;
  folder = mkdtempSync(join(tmpdir(), 'traversion-incidents-'));
  execFileSync('sh', ['-c', `zstd -dc '${archive}' | tar -xf - -C '${folder}' --strip-components=2`]);
  inputs = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'));
  names = readdirSync(folder).filter((f) => f.endsWith('.ndjson')).map((f) => f.slice(0, -7)).sort();
});
after(() => folder && rmSync(folder, { recursive: true, force: true }));

const iso = (ns) => {
  const text = new Date(Math.floor(ns / 1e6)).toISOString();
  return text.replace('Z', '000000Z');
};

function tally(events, key) {
  const counts = {};
  for (const e of events) counts[e[key]] = (counts[e[key]] ?? 0) + 1;
  return counts;
}

async function replay(daemon, lines) {
  let accepted = 0;
  for (let i = 0; i < lines.length; i += batch) {
    const answer = await daemon.post(lines.slice(i, i + batch).join('\n'));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.rejected, 0, answer.text);
    accepted += answer.body.accepted;
  }
  assert.equal(accepted, lines.length);
}

async function countsEqual(daemon, events) {
  for (const [field, key] of [['eventType', 'type'], ['service', 'service']]) {
    const answer = await daemon.query(`SELECT ${field}, count(*) AS n ${ever} GROUP BY ${field} LIMIT 1000`);
    assert.deepEqual(Object.fromEntries(answer.rows), tally(events, key), `counts by ${key}`);
  }
}

/** The services with an error event in the minute before the alert are what the state must show. */
async function stateShowsFailures(daemon, events, alert) {
  // A window of a minute begins at a full ten seconds.
  const from = Math.floor((alert - 60e9) / 10e9) * 10e9;
  const within = events.filter((e) => e.ts >= from && e.ts <= alert);
  const failing = new Set(within.filter((e) => e.type === 'error').map((e) => e.service));
  const answer = await daemon.query(`STATE AT '${iso(alert)}' OVER 60 s`);
  assert.equal(answer.type, 'STATE');
  const services = new Map(answer.services.map((s) => [s.service, s]));
  for (const e of within) assert.ok(services.has(e.service), `${e.service} is missing`);
  const shown = new Set(answer.errors.map((e) => e.service));
  for (const service of shown) assert.ok(failing.has(service), `${service} shows an error it has not`);
  if (failing.size) assert.ok(shown.size > 0, 'no error is shown');
  return [...failing];
}

/** Every span of the trace that is linked to the error's span, up and down, and the logs of those spans. */
function linked(events, start) {
  const own = events.filter((e) => e.traceId === start.traceId);
  const spans = new Map(own.filter((e) => e.type === 'span').map((e) => [e.spanId, e]));
  const children = new Map();
  for (const s of spans.values()) if (s.parentId) children.set(s.parentId, [...(children.get(s.parentId) ?? []), s.spanId]);
  const seen = new Set();
  const walk = [start.spanId];
  while (walk.length) {
    const id = walk.pop();
    if (!spans.has(id) || seen.has(id)) continue;
    seen.add(id);
    walk.push(...(children.get(id) ?? []));
    if (spans.get(id).parentId) walk.push(spans.get(id).parentId);
  }
  const roots = [...seen].filter((id) => !spans.has(spans.get(id).parentId));
  const leaves = [...seen].filter((id) => !children.has(id));
  return { spans: seen, roots, leaves };
}

async function traverseReachesAll(daemon, events) {
  const errors = events.filter((e) => (e.type === 'error' || e.severity === 'WARN') && e.traceId && e.spanId);
  const start = errors.find((e) => linked(events, e).spans.size > 3);
  if (!start) return 0;
  const expected = linked(events, start);
  const answer = await daemon.query(`TRAVERSE FROM ${start.id} FOLLOWING both ${ever}`);
  assert.equal(answer.type, 'TRAVERSE');
  const found = new Set(answer.events.filter((e) => e.eventType === 'span').map((e) => e.spanId));
  for (const id of [...expected.roots, ...expected.leaves]) assert.ok(found.has(id), `span ${id} was not reached`);
  assert.equal(found.size, expected.spans.size);
  return found.size;
}

test('real incidents are taken whole and found again', { skip: absent, timeout: 1200000 }, async (t) => {
  let total = 0;
  for (const name of names) {
    await t.test(name, async () => {
      const lines = readFileSync(join(folder, `${name}.ndjson`), 'utf8').split('\n').filter(Boolean);
      const events = lines.map((l) => JSON.parse(l));
      const daemon = await startDaemon({ flags: ['--udp-listen', 'off'] });
      await replay(daemon, lines);
      await countsEqual(daemon, events);
      const failing = await stateShowsFailures(daemon, events, inputs[name].alert_ns);
      const reached = await traverseReachesAll(daemon, events);
      await daemon.stop();
      total += lines.length;
      t.diagnostic(`${name}: ${lines.length} events, services with errors at the alert: ${failing.join(' ') || 'none'}; traversal reached ${reached} spans`);
    });
  }
  t.diagnostic(`${total} events, all accepted`);
});
