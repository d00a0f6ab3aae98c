// SPDX-License-Identifier: Apache-2.0
// The machine's own metrics, from a real /proc.
import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

test('--host-metrics on tells of the machine', async () => {
  const daemon = await startDaemon({ flags: ['--host-metrics', 'on'] });
  const latest = async (field) =>
    (await daemon.query(`SELECT last(${field}) FROM metrics IN LAST 5m WHERE service = 'host'`)).rows[0]?.[0];
  await eventually(async () => (await latest('system.memory.limit')) > 0);
  assert.ok(Math.abs((await latest('system.memory.limit')) - totalmem()) < 4096);
  const used = await latest('system.memory.utilization');
  assert.ok(used > 0 && used < 1);
  assert.ok((await latest('system.cpu.logical.count')) >= 1);
  const { services } = await daemon.query("STATE AT 'now'");
  assert.ok(services.find((s) => s.service === 'host').metrics['system.cpu.load_average.1m'] >= 0);
  await daemon.stop();
});

test('--journal on starts where there is no journal, too', async () => {
  const daemon = await startDaemon({ flags: ['--journal', 'on'] });
  assert.equal((await daemon.fetch('/readyz')).status, 200);
  await daemon.stop();
});
