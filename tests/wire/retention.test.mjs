// SPDX-License-Identifier: Apache-2.0
// What is past its age goes by itself, also while nothing else happens, and its room is used again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binary, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

test('an idle daemon lets go of events when they come of age', { timeout: 60000 }, async () => {
  const daemon = await startDaemon({ flags: ['--retention', '3s'] });
  const lines = Array.from({ length: 500 }, (_, i) => JSON.stringify({ service: 'shop', type: 'log', n: i }));
  await daemon.post(lines.join('\n'));
  const count = async () => (await daemon.fetch('/api/v1/status')).body.store.events;
  assert.equal(await count(), 500);
  await eventually(async () => assert.equal(await count(), 0), 30000);
  const { rows } = await daemon.query('SELECT count(*) IN LAST 1h');
  assert.equal(rows[0]?.[0] ?? 0, 0);
  await daemon.stop();
});

test('services have ages of their own', { timeout: 60000 }, async () => {
  const daemon = await startDaemon({ flags: ['--retention-for', 'noise-*=3s; audit=9000d'] });
  const lines = ['shop', 'noise-1', 'noise-2', 'audit'].flatMap((service) =>
    Array.from({ length: 50 }, (_, i) => JSON.stringify({ service, type: 'log', n: i })));
  await daemon.post(lines.join('\n'));
  const counts = async () => (await daemon.query('SELECT service, count(*) IN LAST 1h GROUP BY service')).rows;
  assert.equal((await counts()).length, 4);
  await eventually(async () => assert.deepEqual(await counts(), [['audit', 50], ['shop', 50]]), { withinMs: 40000 });
  await daemon.stop();
});

test('rules that are none are refused, and say what they should be', async () => {
  const { spawnSync } = await import('node:child_process');
  const { stderr, status } = spawnSync(binary, ['--retention-for', 'noise 3s', '--check-config'], { encoding: 'utf8' });
  assert.notEqual(status, 0);
  assert.match(stderr, /retention-for .*such as payments,ledger-\*=365d; load-\*=2d/);
});
