// SPDX-License-Identifier: Apache-2.0
// Deletion: what was asked to go is in no answer and in no byte of the data folder, and all else is as it was.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

// Half of a trace id: eight random bytes that no codec makes smaller, so they stand in the file as they are.
const traceId = randomBytes(16).toString('hex');
const marker = Buffer.from(traceId, 'hex').subarray(0, 8).reverse();
const inFiles = (path) => readdirSync(path).some((name) => readFileSync(join(path, name)).includes(marker));
const told = "user = 'u17'";
const tells = (path) => readdirSync(path).some((name) => readFileSync(join(path, name)).includes(told));
const remove = (daemon, where, query = `where=${encodeURIComponent(where)}`) =>
  daemon.fetch(`/api/v1/events?${query}`, { method: 'DELETE' });
const count = async (daemon, where) =>
  (await daemon.query(`SELECT count(*) IN LAST 1h WHERE ${where}`)).rows[0]?.[0] ?? 0;
const batch = (from, length) => Array.from({ length }, (_, i) => ({
  id: `e${from + i}`, service: 'shop', type: 'log', n: from + i, user: (from + i) % 10 === 3 ? 'u17' : 'other',
  ...((from + i) % 10 === 3 ? { traceId } : {}), message: `line ${from + i}`,
}));
const check = (path) => execFileSync(binary, ['check', '--data-dir', path], { encoding: 'utf8' });

test('erased events are gone from answers and from the file, compacted or not', { timeout: 90000 }, async () => {
  const folder = dataFolder();
  let daemon = await startDaemon({ data: folder.path });
  await daemon.post(batch(0, 5000));
  await eventually(async () =>
    assert.equal((await daemon.fetch('/api/v1/status')).body.store.level0Events, 0), { withinMs: 30000 });
  await daemon.post(batch(5000, 2000));
  assert.equal(await count(daemon, "user = 'u17'"), 700);
  assert.ok(inFiles(folder.path), 'the id is in the file before');
  const answer = await remove(daemon, "user = 'u17'");
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.deleted, 700);
  assert.equal(answer.body.damagedSegments, 0);
  assert.equal(await count(daemon, "user = 'u17'"), 0);
  assert.equal(await count(daemon, "service = 'shop'"), 6300);
  assert.equal(inFiles(folder.path), false);
  assert.equal(tells(folder.path), false, 'nor is what was asked for');
  await daemon.post(batch(7000, 10));
  assert.equal(await count(daemon, "user = 'u17'"), 1, 'what comes later stays');
  assert.match(check(folder.path), / 0 problems/);
  await daemon.stop();
  daemon = await startDaemon({ data: folder.path });
  assert.equal(await count(daemon, "service = 'shop'"), 6310);
  await daemon.stop();
  folder.remove();
});

test('an erasure that a crash interrupts goes on at the next start', { timeout: 90000 }, async () => {
  const folder = dataFolder();
  let daemon = await startDaemon({ data: folder.path });
  for (let i = 0; i < 20; i++) await daemon.post(batch(i * 1000, 1000));
  const asked = remove(daemon, "user = 'u17'").catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await daemon.kill();
  const answer = await asked;
  daemon = await startDaemon({ data: folder.path });
  // Whether it had been recorded by then is a race; if it had not, its client knows and asks again.
  if (!/events were erased/.test(daemon.log) && !answer)
    await remove(daemon, "user = 'u17'");
  await eventually(async () => assert.equal(await count(daemon, "user = 'u17'"), 0));
  assert.equal(await count(daemon, "service = 'shop'"), 18000);
  await eventually(async () => assert.equal(inFiles(folder.path), false));
  await daemon.stop();
  folder.remove();
});

test('a condition is needed, and must be one', async () => {
  const daemon = await startDaemon();
  const missing = await remove(daemon, '', '');
  assert.equal(missing.status, 400);
  assert.match(missing.body.error.hint, /where=/);
  const wrong = await remove(daemon, 'user = ');
  assert.equal(wrong.status, 400);
  assert.equal(wrong.body.error.code, 'syntax_error');
  const none = await remove(daemon, "user = 'nobody'");
  assert.deepEqual([none.status, none.body.deleted, none.body.segmentsRewritten], [200, 0, 0]);
  await daemon.stop();
});
