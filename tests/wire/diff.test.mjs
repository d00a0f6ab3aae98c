// SPDX-License-Identifier: Apache-2.0
// DIFF against counts that a few lines of JavaScript make of the same events; planted causes come first,
// and where there is none, none is found.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

// Mulberry32: numbers that follow each other must not depend on each other here.
let seed = 7;
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const one = (list) => list[Math.floor(random() * list.length)];

const start = Date.parse('2024-01-15T15:00:00Z');
const at = (i) => new Date(start + i).toISOString();

// Failures come from version 2 on host b; `group` is a coin's toss and has nothing to do with anything.
const events = Array.from({ length: 4000 }, (_, i) => {
  const failed = random() < 0.1;
  return {
    service: one(['shop', 'cart', 'pay']),
    type: 'span', kind: 'server', timestamp: at(i), spanId: (i + 1).toString(16).padStart(16, '0'),
    status: failed ? 'error' : 'ok',
    host: failed && random() < 0.7 ? 'b' : one(['a', 'b', 'c', 'd']),
    version: failed ? 2 : random() < 0.3 ? 2 : 1,
    durationMs: Math.round(20 + 100 * random() + (failed ? 20 : 0)),
    'user.id': `u${Math.floor(random() * 3000)}`,
    'group.name': one(['x', 'y', 'z']), 'group.size': Math.floor(random() * 1000),
    ...(failed && random() < 0.5 ? { retry: true } : {}),
  };
});

let daemon;
before(async () => {
  daemon = await startDaemon();
  await daemon.post(events);
});
after(() => daemon.stop());

const window = `FROM '${at(0)}' TO '${at(events.length)}'`;
const near = (a, b) => Math.abs(a - b) <= 1e-9;
const share = (list, field, value) => list.filter((e) => (e[field] ?? null) === value).length / list.length;
const rowsOf = ({ columns, rows }) => rows.map((row) => Object.fromEntries(columns.map((c, i) => [c.name, row[i]])));

function effectOfNumbers(a, b) {
  let sum = 0;
  for (const x of a) for (const y of b) sum += Math.sign(x - y);
  return sum / (a.length * b.length);
}

test('shares, medians and effects are those of the events', async () => {
  const failed = events.filter((e) => e.status === 'error');
  const fine = events.filter((e) => e.status !== 'error');
  const answer = await daemon.query(`DIFF WHERE status = 'error' AGAINST REST ${window}`);
  assert.deepEqual([answer.compared.selected, answer.compared.others], [failed.length, fine.length]);
  const rows = rowsOf(answer);
  for (const row of rows) {
    const field = row.field === 'durationNs' ? 'durationMs' : row.field;
    if (row.measure === 'share') {
      assert.ok(near(row.selected, share(failed, field, row.value)), `${row.field} ${row.value}`);
      assert.ok(near(row.others, share(fine, field, row.value)), `${row.field} ${row.value}`);
      assert.ok(near(row.effect, row.selected - row.others));
    } else {
      const numbers = [failed, fine].map((list) => list.map((e) => e[field]).sort((x, y) => x - y));
      assert.ok(near(row.effect, effectOfNumbers(...numbers)), row.field);
      assert.equal(row.selected / 1e6, numbers[0][Math.floor((numbers[0].length - 1) / 2)]);
    }
    assert.ok(row.p >= 0 && row.p <= 0.05);
  }
  const effects = rows.map((row) => Math.abs(row.effect));
  assert.deepEqual(effects, [...effects].sort((a, b) => b - a), 'the largest effect comes first');
});

test('what was planted is found, and nothing else', async () => {
  const rows = rowsOf(await daemon.query(`DIFF WHERE status = 'error' AGAINST REST ${window}`));
  assert.deepEqual([...new Set(rows.map((r) => r.field))].sort(), ['durationNs', 'host', 'retry', 'version']);
  assert.deepEqual([rows[0].field, Math.abs(rows[0].effect) > 0.6], ['version', true]);
  assert.ok(rows.some((r) => r.field === 'host' && r.value === 'b' && r.effect > 0.4));
});

test('chance is seldom taken for a cause', async () => {
  let found = 0;
  for (let i = 0; i < 20; i++) {
    const users = Array.from({ length: 200 }, () => `'u${Math.floor(random() * 3000)}'`).join();
    const { rows, compared } = await daemon.query(
      `DIFF WHERE user.id IN (${users}) AGAINST REST WHERE status = 'ok' ${window} BY service, host, version, durationNs, group.name, group.size`);
    assert.ok(compared.tests > 10);
    found += rows.length;
  }
  assert.ok(found <= 4, `${found} findings in 20 random selections`);
});
