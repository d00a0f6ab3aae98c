// SPDX-License-Identifier: Apache-2.0
// Events by datagram, also from nc, and what the status page says of bad ones.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

let daemon;
before(async () => (daemon = await startDaemon()));
after(() => daemon.stop());

async function countOf(condition) {
  const answer = await daemon.query(`SELECT count(*) IN LAST 1 hour WHERE ${condition}`);
  return answer.rows.length ? answer.rows[0][0] : 0;
}

test('a datagram holds one event or lines of events', async () => {
  const socket = createSocket('udp4');
  const send = (text) => new Promise((resolve) => socket.send(text, daemon.udpPort, '127.0.0.1', resolve));
  for (let i = 0; i < 50; i++)
    await send(`{"service":"udp","type":"log","n":${i}}\n{"service":"udp","type":"log","n":${i}}`);
  await eventually(async () => assert.equal(await countOf("service = 'udp'"), 100));
  socket.close();
});

test('nc -u reaches it', async () => {
  execFileSync('nc', ['-u', '-w1', '127.0.0.1', String(daemon.udpPort)], {
    input: '{"service":"nc","type":"log","message":"by hand"}',
  });
  await eventually(async () => assert.equal(await countOf("service = 'nc'"), 1));
});

test('a bad datagram is counted and its reason kept', async () => {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.send('{"no":"service"}', daemon.udpPort, '127.0.0.1', resolve));
  await eventually(async () => {
    const { body } = await daemon.fetch('/api/v1/status');
    const door = body.listeners.find((l) => l.name === 'udp');
    assert.equal(door.rejected, 1);
    assert.match(door.lastRejectionReason, /service/);
  });
  socket.close();
});
