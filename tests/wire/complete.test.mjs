// SPDX-License-Identifier: Apache-2.0
// Completion over HTTP: offsets, refusals, and that putting in what is offered leads to a statement that runs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

let daemon;
before(async () => {
  daemon = await startDaemon();
  await daemon.post([
    { service: 'orders', type: 'error', message: 'pool exhausted', 'k8s.pod-name': 'orders-1' },
    { service: 'payments', type: 'log', message: 'fine' },
  ]);
});
after(() => daemon.stop());

const complete = (q, at) =>
  daemon.fetch(`/api/v1/query/complete?${new URLSearchParams(at === undefined ? { q } : { q, at })}`);
const texts = ({ body }) => body.completions.map((c) => c.text);

test('without a place it is the end', async () => {
  const { status, body, headers } = await complete("TIMELINE WHERE service = 'or");
  assert.equal(status, 200);
  assert.match(headers.get('content-type'), /^application\/json/);
  assert.deepEqual({ ...body, tookMs: 0 }, {
    from: 25, to: 28, completions: [{ text: "'orders'", kind: 'value' }], truncated: false, tookMs: 0,
  });
});

test('the place counts bytes', async () => {
  const q = "TIMELINE WHERE message = 'é' AND ser LIMIT 3";
  const at = Buffer.byteLength(q.slice(0, q.indexOf(' LIMIT')));
  const { body } = await complete(q, at);
  assert.deepEqual([body.from, body.to], [at - 3, at]);
  assert.ok(texts({ body }).includes('service'));
});

test('within a character it is the beginning of that', async () => {
  const { body } = await complete('TIMELINE é', 10);
  assert.deepEqual([body.from, body.to], [9, 9]);
});

test('what is no place is refused', async () => {
  for (const [q, at, reason] of [['TIMELINE', '9', /only 8 bytes/], ['TIMELINE', 'x', /whole number/], ['TIMELINE', '-1', /whole number/]]) {
    const { status, body } = await complete(q, at);
    assert.equal(status, 400);
    assert.match(body.error.message, reason);
  }
  const { status, body } = await daemon.fetch('/api/v1/query/complete');
  assert.equal(status, 400);
  assert.match(body.error.message, /'q' is missing/);
});

// Writes a statement by taking the offer that begins with each of the words, as a reader would.
async function write(words) {
  let q = '';
  for (const word of words) {
    const { body } = await complete(q + word);
    const found = body.completions.find((c) => c.text.toLowerCase().includes(word.toLowerCase()));
    assert.ok(found, `${word} behind '${q}': ${JSON.stringify(body.completions)}`);
    q = Buffer.from(q + word).subarray(0, body.from).toString() + found.text + ' ';
  }
  return q;
}

test('what is offered leads to statements that run', async () => {
  const sentences = [
    ['timel', 'wher', 'serv', 'starts', 'ord', 'in', '10m', 'lim', '100'],
    ['sel', 'count', 'fr', 'eve', 'gro', 'pod', 'for', 'csv'],
    ['state', "'now", 'whe', 'errorr', 'is', 'over', '1h'],
    ['trav', '@', 'following', 'both'],
  ];
  for (const words of sentences) {
    const q = await write(words);
    const answer = await daemon.fetch('/api/v1/query', { method: 'POST', body: q });
    assert.equal(answer.status, 200, `${q}: ${answer.text}`);
  }
});
