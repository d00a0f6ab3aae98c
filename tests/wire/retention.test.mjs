// SPDX-License-Identifier: Apache-2.0
// What is past its age goes by itself, also while nothing else happens, and its room is used again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
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
