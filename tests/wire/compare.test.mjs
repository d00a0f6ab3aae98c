// SPDX-License-Identifier: Apache-2.0
// COMPARE against what a few lines of JavaScript make of the same events, and against STATE.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

let seed = 20240115;
const random = (n) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return Math.floor((seed / 0x80000000) * n);
};

const start = Date.parse('2024-01-15T15:00:00Z');
const messages = ['pool exhausted: 17/40', 'pool exhausted: 3/40', 'no route to db-7', 'time-out'];
const events = Array.from({ length: 3000 }, (_, i) => ({
  eventId: `e${i}`,
  service: `s${random(6)}`,
  timestamp: new Date(start + random(3600000)).toISOString(),
  ...(random(3) === 0
    ? { type: 'metric', cpu: random(100), unit: '%', ...(random(2) ? { queue: random(1000) } : {}) }
    : random(2)
      ? { type: 'span', kind: 'server', spanId: (i + 1).toString(16).padStart(16, '0'), durationMs: random(500), status: random(8) ? 'ok' : 'error', name: 'GET' }
      : { type: random(4) ? 'log' : 'error', message: messages[random(messages.length)], 'db.rows': random(50) }),
}));
const time = (e) => Date.parse(e.timestamp);
const number = (e, metric) => (metric === 'duration' ? (e.durationMs === undefined ? undefined : e.durationMs * 1e6) : e[metric]);

let daemon;
before(async () => {
  daemon = await startDaemon();
  await daemon.post(events);
});
after(() => daemon.stop());

const text = (ms) => `'${new Date(ms).toISOString()}'`;

// What is expected of one side: Map of "service metric" to a number.
function measure(side, metrics) {
  const found = new Map();
  const rows = events.filter((e) => time(e) >= side.from && time(e) <= side.to).map((e, i) => [time(e), i, e]);
  rows.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const [, , e] of rows) {
    for (const metric of metrics) {
      if (number(e, metric) === undefined) continue;
      const key = `${e.service} ${metric}`;
      const one = found.get(key) ?? { sum: 0, count: 0 };
      found.set(key, { sum: one.sum + number(e, metric), count: one.count + 1, last: number(e, metric) });
    }
  }
  return new Map([...found].map(([key, m]) => [key, side.moment ? m.last : m.sum / m.count]));
}

const kinds = (side) => {
  const failed = events.filter((e) => time(e) >= side.from && time(e) <= side.to && (e.type === 'error' || e.status === 'error'));
  return new Set(failed.map((e) => `${e.service} ${e.type} ${(e.message ?? e.name).replace(/[a-z]*[0-9]+[a-z]*/gi, '#')}`));
};
const shown = (list) => new Set(list.map((k) => `${k.service} ${k.eventType} ${k.message}`));
const minus = (a, b) => new Set([...a].filter((x) => !b.has(x)));
const near = (a, b) => a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));

/** Where the store's buckets of ten seconds begin: so do windows of a minute and more before a moment. */
const bucket = (ms) => Math.floor(ms / 10_000) * 10_000;

function sides(moment) {
  const at = () => start + random(3600) * 1000;
  if (moment) {
    const over = 60 * (1 + random(10));
    const [a, b] = [at(), at()];
    const one = (to) => ({ moment, from: bucket(to - over * 1000), to });
    return { before: one(a), after: one(b), words: `${text(a)} WITH ${text(b)} OVER ${over}s` };
  }
  const [a, b, c, d] = [at(), at(), at(), at()];
  const one = (x, y) => ({ moment, from: bucket(Math.min(x, y)), to: Math.max(x, y) });
  const [before, later] = [one(a, b), one(c, d)];
  return { before, after: later, words: `${text(before.from)} TO ${text(before.to)} WITH ${text(later.from)} TO ${text(later.to)}` };
}

test('metrics and errors are those of the events', async () => {
  const metrics = ['cpu', 'queue', 'duration', 'db.rows'];
  for (let round = 0; round < 60; round++) {
    const { before: b, after: a, words } = sides(round % 2 === 0);
    const answer = await daemon.query(`COMPARE ${words} FOR ${metrics.join(', ')}`);
    const [was, is] = [measure(b, metrics), measure(a, metrics)];
    const rows = new Map(answer.changes.metrics.map((m) => [`${m.service} ${m.metric}`, m]));
    assert.deepEqual(new Set(rows.keys()), new Set([...was.keys(), ...is.keys()]), words);
    for (const [key, row] of rows) {
      assert.ok(near(row.before ?? undefined, was.get(key)), `${words}: ${key} before`);
      assert.ok(near(row.after ?? undefined, is.get(key)), `${words}: ${key} after`);
      if (row.before !== null && row.after !== null) assert.ok(near(row.change, row.after - row.before), key);
      if (row.before) assert.ok(row.after === null ? row.changePercent === null : near(row.changePercent, (row.change / Math.abs(row.before)) * 100));
      else assert.equal(row.changePercent, null);
    }
    assert.deepEqual(shown(answer.changes.errors.added), minus(kinds(a), kinds(b)), words);
    assert.deepEqual(shown(answer.changes.errors.resolved), minus(kinds(b), kinds(a)), words);
  }
});

test("a side is STATE's answer, and delta their difference", async () => {
  for (let round = 0; round < 30; round++) {
    const { before: b, after: a, words } = sides(round % 2 === 0);
    const answer = await daemon.query(`COMPARE ${words}`);
    const halves = [];
    for (const [side, half] of [[b, answer.before], [a, answer.after]]) {
      const over = Math.max(side.to - side.from, 1);
      if (side.to === side.from) return;
      const state = await daemon.query(`STATE AT ${text(side.to)} OVER ${over}ms`);
      assert.deepEqual([half.health, half.services, half.summary], [state.health, state.services, state.summary], words);
      halves.push(state.summary);
    }
    for (const [name, value] of Object.entries(answer.delta)) {
      const [x, y] = halves.map((h) => h[name]);
      assert.ok(x === null || y === null ? value === null : near(value, y - x), `${words}: ${name}`);
    }
  }
});
