// SPDX-License-Identifier: Apache-2.0
// A client that hangs up while its query runs: the query is given up, and the next one is served.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

let daemon;
const rows = 40 * 500;
before(async () => {
  daemon = await startDaemon();
  // Forty posts are forty pieces of level 0, so that there are places to stop at.
  for (let post = 0; post < 40; post++)
    await daemon.post(Array.from({ length: 500 }, (_, i) => ({ service: 'a', type: 'log', message: `${post} ${i} ${'abc '.repeat(50)}` })));
});
after(() => daemon.stop());

const metric = async (name) => {
  const { text } = await daemon.fetch('/metrics');
  return Number(new RegExp(`^traversiond_${name} (\\S+)$`, 'm').exec(text)[1]);
};

// Some seconds of work: every event is searched for many expressions, none of which it has.
const slow = `SELECT count(*) IN LAST 1h WHERE ${Array.from({ length: 200 }, (_, i) => `message =~ 'a.*b.*${i}x'`).join(' OR ')}`;

const send = (statement) => {
  const socket = connect(daemon.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /api/v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${statement.length}\r\n\r\n${statement}`);
  return socket;
};

test('a query whose client hung up is given up in the middle', async () => {
  const before = await metric('queries_total');
  const socket = send(slow);
  await eventually(async () => assert.equal(await metric('queries_total'), before + 1));
  socket.destroy();
  await eventually(async () => assert.equal(await metric('queries_cancelled_total'), 1));
  const { rows: [[count]] } = await daemon.query('SELECT count(*) IN LAST 1h');
  assert.equal(count, rows);
});

test('so is one that waits in the queue', async () => {
  const before = await metric('queries_cancelled_total');
  const sockets = [send(slow), send(slow), send(slow)];
  await eventually(async () => assert.ok((await metric('queries_total')) >= 4));
  sockets.forEach((socket) => socket.destroy());
  await eventually(async () => assert.equal(await metric('queries_cancelled_total'), before + 3));
});
