// SPDX-License-Identifier: Apache-2.0
// kill -9 under load: what was acknowledged is there, and what was not is sent again with the same ids and counts
// once. KILLS says how often (3), LOAD_SECONDS how long the load lasts in all (6).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder, startDaemon } from '../lib/daemon.mjs';

const kills = Number(process.env.KILLS ?? 3);
const seconds = Number(process.env.LOAD_SECONDS ?? 6);
const connections = 8;
const batchEvents = 200;
const sliceBatches = 5000;
const start = 1700000000000; // ms

let seed = 1;
const random = () => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32);

function makeBatch(number) {
  const lines = [];
  for (let i = 0; i < batchEvents; i++)
    lines.push(JSON.stringify({
      id: `e-${number}-${i}`, ts: start + number * 10 + (i % 10), service: `s${i % 7}`, type: 'log', batch: number, value: random(),
    }));
  return lines.join('\n');
}

test(`${kills} kills lose nothing and double nothing`, { timeout: (seconds + 60 + kills * 20) * 1000 }, async () => {
  const folder = dataFolder();
  let daemon = await startDaemon({ data: folder.path });
  let next = 0, sent = 0, again = 0, stopping = false;
  const restarted = { wait: null, resolve: null };

  // Each connection sends one batch until it is acknowledged, then the next.
  async function sender() {
    while (!stopping) {
      const body = makeBatch(next++);
      for (let attempt = 0; ; attempt++) {
        if (restarted.wait) await restarted.wait;
        again += attempt > 0;
        try {
          const answer = await daemon.post(body);
          if (answer.status === 503) continue;
          assert.deepEqual([answer.status, answer.body.accepted], [200, batchEvents], answer.text);
          break;
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      sent += batchEvents;
    }
  }

  const senders = Array.from({ length: connections }, sender);
  for (let i = 0; i < kills; i++) {
    await new Promise((resolve) => setTimeout(resolve, (seconds / kills) * 1000 * (0.5 + random())));
    restarted.wait = new Promise((resolve) => (restarted.resolve = resolve));
    await daemon.kill();
    daemon = await startDaemon({ data: folder.path });
    restarted.wait = null;
    restarted.resolve();
  }
  stopping = true;
  await Promise.all(senders);

  // A batch's times are its own, so distinct ids add up over slices of time that distinct() counts exactly.
  let stored = 0, distinct = 0;
  for (let first = 0; first < next; first += sliceBatches) {
    const from = start + first * 10, to = from + sliceBatches * 10 - 1;
    const { rows, warnings } = await daemon.query(`SELECT count(*), distinct(eventId) FROM '${from}' TO '${to}'`);
    assert.deepEqual(warnings, []);
    stored += rows[0][0];
    distinct += rows[0][1];
  }
  console.log(`kills ${kills}, batches sent again ${again}, events sent ${sent}, stored ${stored}, distinct ${distinct}`);
  assert.deepEqual([stored, distinct], [sent, sent]);
  await daemon.stop();
  folder.remove();
});
