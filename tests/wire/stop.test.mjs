// SPDX-License-Identifier: Apache-2.0
// An orderly end under load: nobody who keeps asking may hold it up.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

/** Sends the request again and again, as soon as the last one ended, until the daemon is gone. */
async function insist(daemon, head, counts) {
  for (;;) {
    const ended = await new Promise((resolve) => {
      const socket = connect(daemon.port, '127.0.0.1', () => socket.write(`${head}\r\nHost: localhost\r\n\r\n`));
      socket.on('data', (bytes) => {
        counts[bytes.toString('latin1', 9, 12)] = (counts[bytes.toString('latin1', 9, 12)] ?? 0) + 1;
        if (!/^GET .*live/.test(head)) socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', (failed) => resolve(failed && daemon.child.exitCode !== null));
      daemon.child.once('exit', () => socket.destroy());
    });
    if (ended || daemon.child.exitCode !== null || daemon.child.signalCode !== null) return;
  }
}

test('queries and live streams that come again and again do not hold up the end', async () => {
  const daemon = await startDaemon();
  daemon.child.setMaxListeners(0);
  const events = Array.from({ length: 20000 }, (_, i) => ({ service: `s${i % 9}`, type: 'log', message: `m ${i}` }));
  assert.equal((await daemon.post(events)).status, 200);
  const query = `GET /api/v1/query?q=${encodeURIComponent("SELECT * WHERE message =~ 'm .*7' LIMIT 10000")} HTTP/1.1`;
  const counts = {};
  const clients = [];
  for (let i = 0; i < 16; i++) clients.push(insist(daemon, query, counts));
  for (let i = 0; i < 16; i++) clients.push(insist(daemon, 'GET /api/v1/live HTTP/1.1', counts));
  for (let i = 0; i < 4; i++) clients.push(insist(daemon, 'GET /api/v1/live?lastEventId=@0000000000001 HTTP/1.1', counts));
  await eventually(() => assert.ok(counts[200] > 40, JSON.stringify(counts)));
  const begin = Date.now();
  await daemon.stop();
  assert.ok(Date.now() - begin < 10000, `the end took ${Date.now() - begin} ms`);
  await Promise.all(clients);
});
