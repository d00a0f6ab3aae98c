// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/events as clients use it: forms, encodings, answers, and what is refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startDaemon } from '../lib/daemon.mjs';

let daemon;
before(async () => (daemon = await startDaemon()));
after(() => daemon.stop());

const event = (over = {}) => ({ service: 'shop', type: 'log', message: 'hello', ...over });

async function countOf(condition) {
  const answer = await daemon.query(
    `SELECT count(*) FROM '1970-01-01' TO '2200-01-01' WHERE ${condition}`,
  );
  return answer.rows.length ? answer.rows[0][0] : 0;
}

/** Sends bytes over a socket of our own and returns all that comes back. */
function raw(bytes, { endAfterMs = 0 } = {}) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(daemon.port, '127.0.0.1', () => {
      socket.write(bytes);
      if (endAfterMs) setTimeout(() => socket.destroy(), endAfterMs);
    });
    socket.on('data', (data) => {
      answer += data;
      if (/\r\n\r\n/.test(answer)) setTimeout(() => socket.end(), 50);
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (endAfterMs ? resolve(answer) : reject(error)));
  });
}

test('an object, an array and lines are all taken', async () => {
  for (const body of [
    JSON.stringify(event({ form: 'a' })),
    JSON.stringify([event({ form: 'a' }), event({ form: 'a' })]),
    [event({ form: 'a' }), event({ form: 'a' })].map((e) => JSON.stringify(e)).join('\r\n') + '\n',
  ]) {
    const answer = await daemon.post(body);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.rejected, 0);
  }
  assert.equal(await countOf("form = 'a'"), 5);
});

test('an empty array is accepted as nothing', async () => {
  const answer = await daemon.post('[]');
  assert.deepEqual([answer.status, answer.body.accepted, answer.body.rejected], [200, 0, 0]);
});

test('good events of a batch are kept, bad ones named by index and field', async () => {
  const answer = await daemon.post(
    JSON.stringify([event({ batch: 'mixed' }), { type: 'log' }, event({ batch: 'mixed', timestamp: 'yesterday-ish' })]),
  );
  assert.equal(answer.status, 200);
  assert.deepEqual([answer.body.accepted, answer.body.rejected], [1, 2]);
  assert.deepEqual(answer.body.errors.map((e) => [e.index, e.field]), [[1, 'service'], [2, 'timestamp']]);
  for (const e of answer.body.errors) assert.ok(e.reason.length > 0);
  assert.equal(await countOf("batch = 'mixed'"), 1);
});

test('nothing usable is 400 with counts beside the error', async () => {
  const answer = await daemon.post(JSON.stringify([{ type: 'log' }]));
  assert.equal(answer.status, 400);
  assert.equal(answer.body.accepted, 0);
  assert.equal(answer.body.rejected, 1);
  assert.equal(answer.body.error.code, 'bad_input');
});

for (const [name, body] of [
  ['empty', ''],
  ['blank', ' \n '],
  ['malformed', '{"service":'],
  ['no object', '42'],
  ['NUL bytes', '{"service":"a\0b"}'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0x73, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
  ['nesting 10,000 deep', `{"service":"a","x":${'['.repeat(10000)}${']'.repeat(10000)}}`],
  ['a number beyond range', '{"service":"a","x":1e400}'],
  ['a time out of range', '{"service":"a","timestamp":"1812-01-01T00:00:00Z"}'],
  ['a wrong type', '{"service":7}'],
]) {
  test(`refused with a clear 400: ${name}`, async () => {
    const answer = await daemon.post(body);
    assert.equal(answer.status, 400, answer.text);
    assert.ok(answer.body.error.message.length > 0);
  });
}

test('a text of 1 MiB is stored, one beyond is refused by name', async () => {
  const kept = await daemon.post(JSON.stringify(event({ big: 'x'.repeat(1 << 20) })));
  assert.equal(kept.status, 200, kept.text);
  const refused = await daemon.post(JSON.stringify(event({ big: 'x'.repeat((1 << 20) + 1) })));
  assert.equal(refused.status, 400);
});

test('gzip is taken; a wrong encoding, a broken one and a bomb are refused', async () => {
  const body = gzipSync(JSON.stringify(event({ zipped: true })));
  assert.equal((await daemon.post(body, { 'Content-Encoding': 'gzip' })).status, 200);
  assert.equal((await daemon.post(body, { 'Content-Encoding': 'br' })).status, 415);
  assert.equal((await daemon.post(body.subarray(0, body.length - 6), { 'Content-Encoding': 'gzip' })).status, 400);
  const bomb = gzipSync(Buffer.alloc(80 << 20, 0x20));
  assert.equal((await daemon.post(bomb, { 'Content-Encoding': 'gzip' })).status, 413);
  assert.equal(await countOf('zipped = true'), 1);
});

test('protobuf and multipart are 415', async () => {
  for (const type of ['application/x-protobuf', 'multipart/form-data; boundary=x'])
    assert.equal((await daemon.post('x', { 'Content-Type': type })).status, 415);
});

test('a body over 64 MiB is 413', async () => {
  const answer = await daemon.post(Buffer.alloc((64 << 20) + 1, 0x20));
  assert.equal(answer.status, 413);
});

test('a body cut off in the middle harms nobody', async () => {
  await raw('POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"service":"cut","type', { endAfterMs: 50 });
  assert.equal(await countOf("service = 'cut'"), 0);
  assert.equal((await daemon.fetch('/healthz')).status, 200);
});

test('sending again with the same ids counts once', async () => {
  const events = Array.from({ length: 100 }, (_, i) => event({ id: `again-${i}`, ts: 1700000000 + i, again: true }));
  for (let i = 0; i < 3; i++) {
    const answer = await daemon.post(events);
    assert.deepEqual([answer.status, answer.body.accepted], [200, 100]);
  }
  assert.equal(await countOf('again = true'), 100);
});

test('an Idempotency-Key makes a whole request count once', async () => {
  for (let i = 0; i < 2; i++)
    assert.equal((await daemon.post([event({ keyed: 1 })], { 'Idempotency-Key': 'k1' })).status, 200);
  assert.equal((await daemon.post([event({ keyed: 1 })], { 'Idempotency-Key': 'k2' })).status, 200);
  assert.equal(await countOf('keyed = 1'), 2);
});

test('secrets are masked by name before they are stored', async () => {
  await daemon.post([event({ masked: 1, user: { password: 'p', author: 'a' }, list: [{ token: 't' }], 'X-Api-Key': 'k', cacheKey: 'c' })]);
  const { events } = await daemon.query("TIMELINE FROM '1 hour ago' TO 'now' WHERE masked = 1");
  const { attributes } = events[0];
  assert.equal(attributes['user.author'], 'a');
  assert.equal(attributes.cacheKey, 'c');
  assert.notEqual(attributes['user.password'], 'p');
  assert.notEqual(attributes['X-Api-Key'], 'k');
  assert.ok(!JSON.stringify(events[0]).includes('"t"'));
});

test('unknown routes and methods are told in the common form', async () => {
  const missing = await daemon.fetch('/api/v1/nothing');
  assert.deepEqual([missing.status, missing.body.error.code], [404, 'not_found']);
  const wrong = await daemon.fetch('/api/v1/events', { method: 'PUT', body: '{}' });
  assert.deepEqual([wrong.status, wrong.body.error.code], [405, 'method_not_allowed']);
  assert.match(wrong.headers.get('allow'), /POST/);
});

test('oversized headers are refused and the daemon goes on', async () => {
  const answer = await raw(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Big: ${'x'.repeat(200000)}\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 (431|400|413)/);
  assert.equal((await daemon.fetch('/healthz')).status, 200);
});

test('chunked bodies arrive whole', async () => {
  const line = JSON.stringify(event({ chunked: true }));
  const answer = await raw(
    `POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `${(5).toString(16)}\r\n${line.slice(0, 5)}\r\n${(line.length - 5).toString(16)}\r\n${line.slice(5)}\r\n0\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 200/);
  assert.equal(await countOf('chunked = true'), 1);
});
