// SPDX-License-Identifier: Apache-2.0
// OTLP from clients that do not behave, and from good ones on a bad day: broken bytes, bombs, wrong types, time-outs.
// Every refusal must be a google.rpc.Status in the request's encoding, and nothing may stop the daemon.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createGzip, gzipSync } from 'node:zlib';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';
import { bytes, fields, fixed64, integer, message, pair, textValue, varint } from '../lib/protobuf.mjs';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const start = 1_700_000_000_000_000_000n;
let daemon, otlpPort;
before(async () => {
  daemon = await startDaemon({ flags: ['--otlp-listen', '127.0.0.1:0'] });
  otlpPort = Number(/ otlp=\S+:(\d+)/.exec(daemon.log)[1]);
});
after(async () => { await daemon.stop(); });

const post = (path, body, type, headers = {}) =>
  fetch(`http://127.0.0.1:${otlpPort}${path}`, { method: 'POST', body, headers: { 'Content-Type': type, ...headers } });
const raw = async (answer) => Buffer.from(await answer.arrayBuffer());
const resource = (service) => message(1, pair(1, 'service.name', textValue(service)));
const trace = (service, ...spans) => message(1, resource(service), message(2, ...spans));
const span = (name, ...more) => message(2, bytes(1, Buffer.alloc(16, 7)), bytes(2, Buffer.alloc(8, 9)), bytes(5, name),
  fixed64(7, start), fixed64(8, start + 5n), ...more);
const rows = async (service, window = "FROM '1970-01-01' TO '2262-01-01'") => {
  const { body } = await daemon.fetch(`/api/v1/query?q=${encodeURIComponent(`TIMELINE ${window} WHERE service = '${service}'`)}`);
  return body.events;
};
/** A broken protobuf body: 400, and a Status that says so. */
async function assertRefused(body, what) {
  const answer = await post('/v1/traces', body, PROTOBUF);
  assert.equal(answer.status, 400, what);
  assert.equal(answer.headers.get('content-type'), PROTOBUF);
  const status = fields(await raw(answer));
  assert.equal(status[1], 3, what);
  assert.ok(status[2].length > 10, what);
}

test('broken protobuf is 400 with a Status, whatever is broken about it', async () => {
  const good = trace('cut', span('x'));
  await assertRefused(good.subarray(0, good.length - 1), 'cut off');
  await assertRefused(good.subarray(0, 7), 'cut off early');
  await assertRefused(Buffer.from([0x0a, 0x80]), 'a varint that does not end');
  await assertRefused(Buffer.concat([Buffer.from([0x0a]), Buffer.alloc(10, 0xff), Buffer.from([1])]), 'a varint of 11 bytes');
  await assertRefused(Buffer.concat([Buffer.from([0x0a]), varint(2n ** 63n)]), 'a length beyond everything');
  await assertRefused(Buffer.from([0x0a, 0x05, 0x0a]), 'a length beyond the body');
  await assertRefused(Buffer.from([0x0b, 0x0c]), 'groups');
  await assertRefused(Buffer.from([0x0e]), 'a wire type that is none');
  await assertRefused(Buffer.from('{"resourceSpans":[]}'), 'JSON called protobuf');
  assert.equal((await rows('cut')).length, 0);
  const swapped = await post('/v1/traces', good, JSON_TYPE);
  assert.equal(swapped.status, 400);
  assert.equal(swapped.headers.get('content-type'), JSON_TYPE);
  const status = await swapped.json();
  assert.equal(status.code, 3);
  assert.ok(status.message);
});

test('unknown fields and wrong wire types are passed over', async () => {
  const odd = trace('odd', span('kept', integer(99, 5), bytes(98, 'new'), fixed64(97, 1), Buffer.from([0x85, 0x06, 1, 2, 3, 4]),
    integer(5, 7), bytes(6, 'x'), integer(9, 1)));
  assert.equal((await post('/v1/traces', Buffer.concat([integer(7, 1), odd]), PROTOBUF)).status, 200);
  const [row] = await rows('odd');
  assert.equal(row.name, 'kept');
  assert.equal(row.durationNs, 5);
});

test('depth is bounded in both encodings', async () => {
  let value = textValue('deep');
  for (let i = 0; i < 5000; i++) value = i % 2 ? bytes(6, pair(1, 'k', value)) : bytes(5, bytes(1, value));
  assert.equal((await post('/v1/traces', trace('deep', span('x', pair(9, 'a', value))), PROTOBUF)).status, 200);
  const kept = (await rows('deep'))[0].attributes.a;
  assert.ok(JSON.stringify(kept).length < 1000, 'what is too deep is null');
  const bomb = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(5000)}`;
  const answer = await post('/v1/traces', bomb, JSON_TYPE);
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).code, 3);
});

test('a span with too much is refused alone', async () => {
  const many = Array.from({ length: 10000 }, (_, i) => pair(9, `key.${i}`, integer(3, i)));
  const answer = await post('/v1/traces', trace('many', span('wide', ...many), span('good')), PROTOBUF);
  assert.equal(answer.status, 200);
  const partial = fields(fields(await raw(answer))[1]);
  assert.equal(partial[1], 1);
  assert.match(partial[2].toString(), /1 of 2 refused; record 0: .*1024 attributes/);
  assert.deepEqual((await rows('many')).map((row) => row.name), ['good']);
  const large = message(1, message(1, pair(1, 'service.name', textValue('large')), pair(1, 'blob', textValue('x'.repeat(1 << 20)))), message(2, span('fits')));
  assert.equal((await raw(await post('/v1/traces', large, PROTOBUF))).length, 0);
  assert.equal((await rows('large'))[0].attributes.blob.length, 1 << 20);
  const larger = message(1, message(1, pair(1, 'blob', textValue('x'.repeat((1 << 20) + 1)))), message(2, span('not')));
  assert.equal(fields(fields(await raw(await post('/v1/traces', larger, PROTOBUF)))[1])[1], 1);
});

test('what is wrong with a resource refuses all of its spans, and none beside it', async () => {
  const broken = message(1, message(1, pair(1, 'service.name', textValue('broken')), pair(1, 'x'.repeat(600), integer(3, 1))), message(2, span('a'), span('b')));
  const empty = message(1, message(1, pair(1, 'y'.repeat(600), integer(3, 1))));
  const answer = await post('/v1/traces', Buffer.concat([broken, empty, trace('sound', span('c'), message(2, bytes(5, 'd'), fixed64(7, start)))]), PROTOBUF);
  const partial = fields(fields(await raw(answer))[1]);
  assert.equal(partial[1], 2);
  assert.match(partial[2].toString(), /2 of 4 refused; record 0: x+ is longer than 512 bytes/);
  assert.equal((await rows('broken')).length, 0);
  assert.equal((await rows('sound')).length, 2);
});

test('a request of more records than a batch takes is too large', async () => {
  const spans = Buffer.alloc(2 * ((1 << 20) + 1));
  for (let i = 0; i < spans.length; i += 2) spans[i] = 0x12; // a span without a field
  const answer = await post('/v1/traces', gzipSync(message(1, message(2, spans))), PROTOBUF, { 'Content-Encoding': 'gzip' });
  assert.equal(answer.status, 413);
  assert.match(fields(await raw(answer))[2].toString(), /at most 1048576 events/);
});

test('an escape in a key before a value that is no text', async () => {
  const attributes = [{ key: 'service.name', value: { stringValue: 'escape' } }, { key: 'a\nb', value: { boolValue: true } }, { key: 'c', value: { stringValue: '\t"x"' } }];
  const answer = await post('/v1/traces', JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [{ name: 'n', startTimeUnixNano: String(start) }] }] }] }), JSON_TYPE);
  assert.equal(answer.status, 200);
  assert.deepEqual((await rows('escape'))[0].attributes, { 'a\nb': true, c: '\t"x"' });
});

test('a large resource costs its size once, not once for each span', async () => {
  const blob = 'y'.repeat(1 << 20);
  const many = Array.from({ length: 2000 }, (_, i) => message(2, bytes(5, `n${i}`), fixed64(7, start + BigInt(i))));
  const body = message(1, message(1, pair(1, 'service.name', textValue('blob')), pair(1, 'blob', textValue(blob)), pair(1, 'api.key', textValue(blob))), message(2, ...many));
  assert.equal((await raw(await post('/v1/traces', body, PROTOBUF))).length, 0);
  const { rows: [[n]] } = await daemon.query("SELECT count(*) FROM events FROM '2023-11-14' TO '2023-11-15' WHERE service = 'blob'");
  assert.equal(n, 2000);
});

test('times and ids at their edges', async () => {
  const at = (name, time, ...more) => message(2, bytes(5, name), fixed64(7, time), ...more);
  const year2200 = 7_258_118_400_000_000_000n;
  await post('/v1/traces', trace('edges', at('zero', 0), at('first', 1), at('future', year2200), at('beyond', 2n ** 64n - 1n),
    at('zeros', start, bytes(1, Buffer.alloc(16)), bytes(2, Buffer.alloc(8))), at('backwards', start, fixed64(8, start - 1n))), PROTOBUF);
  const found = Object.fromEntries((await rows('edges')).map((row) => [row.name, row]));
  assert.equal(Object.keys(found).length, 6);
  assert.equal(found.first.timestamp, '1970-01-01T00:00:00.000000001Z');
  assert.ok(Math.abs(Date.parse(found.zero.timestamp) - Date.now()) < 60000, 'no time is now');
  assert.equal(found.future.attributes['timestamp.claimed'], '2200-01-01T00:00:00.000000000Z');
  assert.ok(found.beyond.attributes['timestamp.claimed']);
  assert.equal(found.zeros.traceId, undefined, 'an id of zeros is none');
  assert.equal(found.zeros.spanId, undefined);
  assert.ok(!(found.backwards.durationNs < 0));
  const json = JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'ids' } }] },
    scopeSpans: [{ spans: [{ traceId: '5B8EfFf798038103d269b633813FC60C', spanId: 'EEE19b7ec3c1B174', name: 'n',
      startTimeUnixNano: 1.7e18, endTimeUnixNano: String(start + 7n) }] }] }] });
  await post('/v1/traces', json, 'application/json; charset=utf-8');
  const [row] = await rows('ids');
  assert.equal(row.traceId, '5b8efff798038103d269b633813fc60c');
  assert.equal(row.spanId, 'eee19b7ec3c1b174');
  assert.equal(row.durationNs, 7);
});

/** A chunked POST without a length; `write` gets the request. */
const chunked = (type, headers, write) => new Promise((resolve, reject) => {
  const call = request({ host: '127.0.0.1', port: otlpPort, path: '/v1/traces', method: 'POST', headers: { 'Content-Type': type, ...headers } }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part)).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
  });
  call.on('error', reject);
  write(call);
});

test('gzip without a length, cut off, and as a bomb', async () => {
  const body = trace('zip', span('x'));
  const zip = await chunked(PROTOBUF, { 'Content-Encoding': 'gzip' }, (call) => {
    const gzip = createGzip();
    gzip.pipe(call);
    gzip.write(body.subarray(0, 9));
    gzip.end(body.subarray(9));
  });
  assert.equal(zip.status, 200);
  assert.equal(zip.headers['content-type'], PROTOBUF);
  assert.equal(zip.body.length, 0);
  assert.equal((await rows('zip')).length, 1);
  const cut = await post('/v1/traces', gzipSync(body).subarray(0, 30), PROTOBUF, { 'Content-Encoding': 'gzip' });
  assert.equal(cut.status, 400);
  assert.equal(fields(await raw(cut))[1], 3);
  const bomb = gzipSync(Buffer.alloc((64 << 20) + 1));
  for (const type of [PROTOBUF, JSON_TYPE]) {
    const answer = await post('/v1/traces', bomb, type, { 'Content-Encoding': 'gzip' });
    assert.equal(answer.status, 413);
    assert.equal(answer.headers.get('content-type'), type);
    assert.ok(type === JSON_TYPE ? (await answer.json()).code : fields(await raw(answer))[1]);
  }
  const coding = await post('/v1/traces', body, PROTOBUF, { 'Content-Encoding': 'br' });
  assert.equal(coding.status, 415);
  assert.ok(fields(await raw(coding))[2].toString().includes("'br'"));
});

test('a body that never ends holds up nobody', async () => {
  const socket = connect(otlpPort, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${PROTOBUF}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 50; i++) socket.write('4\r\n\x0a\x02\x0a\x00\r\n');
  assert.equal((await post('/v1/traces', trace('beside', span('x')), PROTOBUF)).status, 200);
  assert.equal((await rows('beside')).length, 1);
  socket.destroy();
});

test('refusals of the server itself are worded in the encoding of the request', async () => {
  const method = await fetch(`http://127.0.0.1:${otlpPort}/v1/logs`, { method: 'PUT', headers: { 'Content-Type': PROTOBUF } });
  assert.equal(method.status, 405);
  const foreign = await post('/v1/traces', '{}', JSON_TYPE, { Origin: 'https://shop.example.com' });
  assert.equal(foreign.status, 403, 'without tokens only pages of this host may send');
  assert.equal((await foreign.json()).code, 7);
  const local = await post('/v1/traces', '{}', JSON_TYPE, { Origin: 'http://localhost:5173' });
  assert.equal(local.status, 200);
  assert.equal(local.headers.get('access-control-allow-origin'), '*');
});

test('with a token any page may send, and without one nobody', async () => {
  const folder = dataFolder();
  const token = execFileSync(binary, ['token', 'create', '--scope', 'ingest', '--data-dir', folder.path], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const closed = await startDaemon({ data: folder.path });
  const send = (type, body, headers) => fetch(`${closed.url}/v1/traces`, { method: 'POST', body, headers: { 'Content-Type': type, ...headers } });
  const json = await send(JSON_TYPE, '{}');
  assert.equal(json.status, 401);
  assert.equal((await json.json()).code, 16);
  const proto = await send(PROTOBUF, Buffer.alloc(0));
  assert.equal(proto.status, 401);
  assert.equal(fields(await raw(proto))[1], 16);
  const Origin = 'https://shop.example.com';
  const options = await fetch(`${closed.url}/v1/traces`, { method: 'OPTIONS', headers: {
    Origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type' } });
  assert.equal(options.status, 204);
  assert.match(options.headers.get('access-control-allow-methods'), /POST/);
  assert.match(options.headers.get('access-control-allow-headers'), /authorization,content-type/);
  const answer = await send(JSON_TYPE, '{}', { Origin, Authorization: `Bearer ${token}` });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  await closed.stop();
  folder.remove();
});

test('a client that speaks gRPC is told what to set, once', async () => {
  for (let i = 0; i < 3; i++) {
    const socket = connect(otlpPort, '127.0.0.1');
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
    await new Promise((resolve) => socket.on('data', () => {}).on('close', resolve).on('error', resolve));
  }
  await eventually(() => assert.match(daemon.log, /gRPC.*fix="?OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/));
  assert.equal(daemon.log.match(/gRPC/g).length, 1, 'three tries are one line');
  const { listeners } = (await daemon.fetch('/api/v1/status')).body;
  const otlp = listeners.find((one) => one.name === 'otlp');
  assert.match(otlp.lastRejectionReason, /OTEL_EXPORTER_OTLP_PROTOCOL/);
  assert.equal(otlp.address, `127.0.0.1:${otlpPort}`);
});

test('a storm of time-outs and repeats loses nothing and doubles nothing', async () => {
  const batches = 24, records = 20;
  const attributes = [{ key: 'service.name', value: { stringValue: 'storm' } }];
  const time = (batch, i) => String(start + BigInt(batch * records + i) * 1000n);
  const bodies = Array.from({ length: batches }, (_, batch) => {
    const list = (make) => Array.from({ length: records }, (_, i) => make(time(batch, i), `${batch}-${i}`));
    return [
      ['/v1/traces', { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: list((at, name) => ({
        name, startTimeUnixNano: at, endTimeUnixNano: at, traceId: Buffer.from(name.padEnd(16)).toString('hex'), spanId: Buffer.from(name.padEnd(8)).toString('hex') })) }] }] }],
      ['/v1/logs', { resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: list((at, name) => ({ timeUnixNano: at, body: { stringValue: name } })) }] }] }],
      ['/v1/metrics', { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: list((at) => ({ timeUnixNano: at, asInt: '1' })) } }] }] }] }],
    ];
  }).flat();
  let givenUp = 0;
  /* An exporter: sends until it is answered; the first tries end before that. */
  const deliver = async ([path, body], i) => {
    for (let attempt = 0; ; attempt++) {
      try {
        const signal = attempt < 2 ? AbortSignal.timeout(1 + ((i * 7 + attempt * 3) % 12)) : undefined;
        const answer = await fetch(`${daemon.url}${path}`, { method: 'POST', body: gzipSync(JSON.stringify(body)), signal,
          headers: { 'Content-Type': JSON_TYPE, 'Content-Encoding': 'gzip' } });
        if (answer.status === 200) return;
      } catch {
        givenUp++;
      }
    }
  };
  await Promise.all([...bodies, ...bodies].map(deliver));
  assert.ok(givenUp > 0, 'some clients gave up before their answer');
  const { rows: counts } = await daemon.query("SELECT eventType, count(*) AS n, distinct(name) AS names, distinct(message) AS messages FROM events FROM '2023-11-14' TO '2023-11-15' WHERE service = 'storm' GROUP BY eventType ORDER BY eventType");
  const n = batches * records;
  assert.deepEqual(counts, [['log', n, 0, n], ['metric', n, 1, 0], ['span', n, n, 0]]);
});
