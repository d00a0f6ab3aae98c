// SPDX-License-Identifier: Apache-2.0
// Recorded incidents replayed into a daemon, and what it answers about them compared with a naive reading of the same lines:
// counts by service, type and name, steps of a timeline, look-ups by event id and by trace, conditions on attributes, and AS OF
// after each file. A tenth of the events is sent twice, and each file is sent out of order.
//
//     TRAVERSION_INCIDENTS=folder-of-tar.zst node tests/oracle/incidents.mjs
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const source = process.env.TRAVERSION_INCIDENTS;
if (!source) {
  console.log('incidents: skipped, TRAVERSION_INCIDENTS names no folder of incident sets');
  process.exit(0);
}
const everything = "FROM '1970-01-01' TO '2200-01-01'";
const postLines = 2000;
let seed = 11;
const below = (n) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32) * n | 0;

function shuffled(items) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`;
const read = (line) => ({ ...JSON.parse(line), ts: BigInt(/"ts":\s*(\d+)/.exec(line)[1]) });

function countBy(events, key) {
  const counts = new Map();
  for (const e of events) counts.set(key(e), (counts.get(key(e)) ?? 0) + 1);
  return counts;
}

async function sameCounts(daemon, events, column, key, where = '') {
  const { rows, truncated } = await daemon.query(`SELECT ${column}, count(*) ${everything} ${where} GROUP BY ${column} LIMIT 100000`);
  assert.equal(truncated, false);
  const naive = [...countBy(events, key)].map(([k, n]) => [k ?? null, n]).sort();
  assert.deepEqual(rows.map(([k, n]) => [k, n]).sort(), naive, `${column} ${where}`);
}

async function sameSteps(daemon, events) {
  const times = events.map((e) => e.ts);
  const from = times.reduce((a, b) => (a < b ? a : b)), to = times.reduce((a, b) => (a > b ? a : b));
  const step = (to - from) / 200n / 1000000000n + 1n;
  const { buckets } = await daemon.query(`TIMELINE FROM '${from}' TO '${to}' EVERY ${step}s`);
  const naive = countBy(events, (e) => e.ts / (step * 1000000000n));
  const first = from / (step * 1000000000n);
  buckets.forEach((bucket, i) => assert.equal(bucket.events, naive.get(first + BigInt(i)) ?? 0, `step ${i} of ${step} s`));
  assert.equal(buckets.reduce((sum, bucket) => sum + bucket.events, 0), events.length);
}

async function sameKeys(daemon, events, file) {
  for (let i = 0; i < 40; i++) {
    const one = events[below(events.length)];
    const { rows } = await daemon.query(`SELECT eventId, service, timestamp ${everything} WHERE eventId = ${quoted(one.id)}`);
    assert.equal(rows.length, 1, `${file}: ${one.id}`);
    assert.equal(rows[0][1], one.service);
  }
  const traced = events.filter((e) => /^[0-9a-f]{32}$/i.test(e.traceId ?? ''));
  for (let i = 0; i < 20 && traced.length; i++) {
    const trace = traced[below(traced.length)].traceId;
    const { rows } = await daemon.query(`SELECT count(*), distinct(eventId) ${everything} WHERE traceId = ${quoted(trace)}`);
    const naive = daemon.events.filter((e) => e.traceId?.toLowerCase() === trace.toLowerCase()).length;
    assert.deepEqual(rows[0], [naive, naive], `${file}: trace ${trace}`);
  }
}

async function sameConditions(daemon, events) {
  const names = [...new Set(events.flatMap((e) => Object.keys(e.attrs ?? {})))].filter((name) => /^[a-z0-9_]+_[a-z0-9_]+$/.test(name));
  for (let i = 0; i < 20 && names.length; i++) {
    const name = names[below(names.length)];
    const numbers = events.map((e) => e.attrs?.[name]).filter((v) => typeof v === 'number');
    if (!numbers.length) continue;
    const limit = numbers[below(numbers.length)];
    const { rows } = await daemon.query(`SELECT count(*) ${everything} WHERE \`${name}\` > ${limit}`);
    assert.equal(rows[0]?.[0] ?? 0, numbers.filter((v) => v > limit).length, `${name} > ${limit}`);
  }
}

async function replay(daemon, path) {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  daemon.events.push(...lines.map(read));
  const sent = shuffled([...lines, ...lines.filter(() => below(10) === 0)]);
  for (let at = 0; at < sent.length; at += postLines) {
    const part = sent.slice(at, at + postLines);
    const answer = await eventually(async () => {
      const tried = await daemon.post(part.join('\n'));
      assert.equal(tried.status, 200, tried.text);
      return tried;
    });
    assert.equal(answer.body.accepted, part.length, 'a second delivery is answered as accepted');
  }
  return lines;
}

async function checkSet(archive) {
  const folder = mkdtempSync(join(tmpdir(), 'traversion-incidents-'));
  assert.equal(spawnSync('tar', ['--zstd', '-xf', join(source, archive), '-C', folder]).status, 0);
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ndjson')).sort();
  const daemon = await startDaemon({ flags: ['--redact', 'off'] }); // the lines are compared as they are
  daemon.events = [];
  const moments = [];
  for (const file of files) {
    const lines = await replay(daemon, join(folder, file));
    if (below(files.length) < 4) await sameKeys(daemon, lines.map(read), file);
    moments.push([Date.now(), daemon.events.length]);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  const { events } = daemon;
  await sameCounts(daemon, events, 'service', (e) => e.service);
  await sameCounts(daemon, events, 'eventType', (e) => e.type);
  await sameCounts(daemon, events, 'name', (e) => e.name);
  await sameCounts(daemon, events.filter((e) => e.type === 'metric'), 'service', (e) => e.service, "WHERE eventType = 'metric'");
  await sameSteps(daemon, events);
  await sameConditions(daemon, events);
  for (const [ms, count] of moments.filter(() => below(moments.length) < 10)) {
    const { rows } = await daemon.query(`SELECT count(*) ${everything} AS OF '${ms + 1}'`);
    assert.equal(rows[0][0], count, 'as of a moment between two files');
  }
  console.log(`incidents: ${archive}: ${files.length} files, ${events.length} events, all answers agree`);
  await daemon.stop();
  rmSync(folder, { recursive: true });
}

for (const archive of readdirSync(source).filter((name) => /-dev\.tar\.zst$/.test(name) && !/^nab/.test(name)).sort())
  await checkSet(archive);
