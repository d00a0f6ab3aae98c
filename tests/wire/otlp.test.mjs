// SPDX-License-Identifier: Apache-2.0
// OTLP over HTTP: both encodings, all three signals, answers and errors as exporters expect them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startDaemon } from '../lib/daemon.mjs';
import { bytes, fixed64, integer, message, pair, textValue } from '../lib/protobuf.mjs';

let daemon;
before(async () => { daemon = await startDaemon({ flags: ['--otlp-listen', '127.0.0.1:0'] }); });
after(async () => { await daemon.stop(); });

const start = 1_700_000_000_000_000_000n;
const traceId = '5b8efff798038103d269b633813fc60c';

function protobufSpans(service) {
  return message(1,
    message(1, pair(1, 'service.name', textValue(service)), pair(1, 'service.version', textValue('2.1'))),
    message(2,
      message(1, bytes(1, 'lib'), bytes(2, '0.1')),
      message(2, bytes(1, Buffer.from(traceId, 'hex')), bytes(2, Buffer.from('eee19b7ec3c1b174', 'hex')),
        bytes(5, 'GET /cart'), integer(6, 2), fixed64(7, start), fixed64(8, start + 250_000_000n),
        pair(9, 'http.response.status_code', integer(3, 503)),
        pair(9, 'password', textValue('hunter2')),
        message(11, fixed64(1, start + 5n), bytes(2, 'exception'),
          pair(3, 'exception.type', textValue('Timeout')), pair(3, 'exception.message', textValue('no answer'))),
        message(15, bytes(2, 'upstream died'), integer(3, 2)))));
}

function jsonSpans(service) {
  return { resourceSpans: [{
    resource: { attributes: [
      { key: 'service.name', value: { stringValue: service } },
      { key: 'service.version', value: { stringValue: '2.1' } }] },
    scopeSpans: [{
      scope: { name: 'lib', version: '0.1', unknownMember: [1, { a: null }] },
      spans: [{
        traceId: traceId.toUpperCase(), spanId: 'eee19b7ec3c1b174', name: 'GET /cart', kind: 2, flags: 1,
        startTimeUnixNano: String(start), endTimeUnixNano: Number(start) + 250_000_000,
        attributes: [
          { key: 'http.response.status_code', value: { intValue: '503' } },
          { key: 'password', value: { stringValue: 'hunter2' } }],
        events: [{ timeUnixNano: String(start + 5n), name: 'exception', attributes: [
          { key: 'exception.type', value: { stringValue: 'Timeout' } },
          { key: 'exception.message', value: { stringValue: 'no answer' } }] }],
        status: { code: 2, message: 'upstream died' } }] }] }] };
}

const post = (path, body, type, headers = {}) =>
  fetch(`${daemon.url}${path}`, { method: 'POST', body, headers: { 'Content-Type': type, ...headers } });
const range = "FROM '2023-11-14' TO '2023-11-16'";
const rows = async (service) => {
  const { body } = await daemon.fetch(`/api/v1/query?q=${encodeURIComponent(
    `TIMELINE ${range} WHERE service = '${service}'`)}`);
  return body.events.map(({ arrival, relativeMs, service: _, ...rest }) => rest);
};

test('a span and its exception mean the same in protobuf and in JSON', async () => {
  const one = await post('/v1/traces', protobufSpans('proto'), 'application/x-protobuf');
  assert.equal(one.status, 200);
  assert.equal(one.headers.get('content-type'), 'application/x-protobuf');
  assert.equal((await one.arrayBuffer()).byteLength, 0);
  const two = await post('/v1/traces', gzipSync(JSON.stringify(jsonSpans('json'))), 'application/json',
    { 'Content-Encoding': 'gzip' });
  assert.equal(two.status, 200);
  assert.deepEqual(await two.json(), {});
  const three = await post('/v1/traces', JSON.stringify(jsonSpans('pretty'), null, 2), 'application/json');
  assert.equal(three.status, 200);
  const proto = await rows('proto');
  assert.equal(proto.length, 2);
  assert.deepEqual(await rows('json'), proto);
  assert.deepEqual(await rows('pretty'), proto, 'blanks mean nothing');
  const [span, error] = proto;
  assert.equal(span.eventType, 'span');
  assert.equal(span.traceId, traceId);
  assert.equal(span.durationNs, 250_000_000);
  assert.equal(span.kind, 'server');
  assert.equal(span.status, 'error');
  assert.equal(span.message, 'upstream died');
  assert.equal(span.attributes['http.response.status_code'], 503);
  assert.equal(span.attributes['service.version'], '2.1');
  assert.equal(span.attributes['otel.scope.name'], 'lib');
  assert.notEqual(span.attributes.password, 'hunter2');
  assert.equal(error.eventType, 'error');
  assert.equal(error.message, 'no answer');
  assert.equal(error.spanId, 'eee19b7ec3c1b174');
  assert.equal(error.attributes['exception.type'], 'Timeout');
});

test('a state shows the service that spoke OTLP', async () => {
  const { body } = await daemon.fetch(`/api/v1/query?q=${encodeURIComponent(
    "STATE AT '2023-11-14T22:13:25Z'")}`);
  // The three services sent the same span id: it is one span, whose service is that of the last.
  const service = body.services.find((one) => one.service === 'pretty');
  assert.equal(service.version, '2.1');
  assert.equal(service.errorRate, 1);
});

test('logs keep severity, body and trace', async () => {
  const answer = await post('/v1/logs', JSON.stringify({ resourceLogs: [{
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'logs' } }] },
    scopeLogs: [{ logRecords: [
      { timeUnixNano: String(start), severityNumber: 17, severityText: 'ERROR', traceId,
        body: { stringValue: 'disk full' } },
      { observedTimeUnixNano: String(start + 1n), severityNumber: 9,
        body: { kvlistValue: { values: [{ key: 'n', value: { intValue: 3 } },
          { key: 'list', value: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 0.5 }] } } }] } } },
    ] }] }] }), 'application/json');
  assert.equal(answer.status, 200);
  const [first, second] = await rows('logs');
  assert.equal(first.severity, 'ERROR');
  assert.equal(first.message, 'disk full');
  assert.equal(first.traceId, traceId);
  assert.equal(second.message, '{"n":3,"list":[true,0.5]}');
});

test('metrics of every kind become values and labels', async () => {
  const point = { timeUnixNano: String(start), attributes: [{ key: 'cpu.id', value: { intValue: 3 } }] };
  const answer = await post('/v1/metrics', JSON.stringify({ resourceMetrics: [{
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'metrics' } }] },
    scopeMetrics: [{ metrics: [
      { name: 'system.cpu.utilization', unit: '1', gauge: { dataPoints: [{ ...point, asDouble: 0.75 }] } },
      { name: 'requests', sum: { aggregationTemporality: 2, isMonotonic: true,
        dataPoints: [{ ...point, startTimeUnixNano: String(start - 9n), asInt: '41' }] } },
      { name: 'latency', unit: 'ms', histogram: { aggregationTemporality: 1, dataPoints: [
        { ...point, count: '3', sum: 6, min: 1, max: 3, bucketCounts: ['1', '2'], explicitBounds: [1.5] }] } },
      { name: 'sizes', exponentialHistogram: { aggregationTemporality: 1, dataPoints: [
        { ...point, count: 2, sum: 8, scale: -1, zeroCount: 0, positive: { offset: -2, bucketCounts: ['1', '1'] } }] } },
      { name: 'old', summary: { dataPoints: [
        { ...point, count: 5, sum: 10, quantileValues: [{ quantile: 0.5, value: 2 }] }] } },
    ] }] }] }), 'application/json');
  assert.deepEqual(await answer.json(), {});
  const found = Object.fromEntries((await rows('metrics')).map((row) => [row.name, row]));
  assert.equal(found['system.cpu.utilization'].attributes['system.cpu.utilization'], 0.75);
  assert.equal(found['system.cpu.utilization'].attributes['cpu.id'], '3');
  assert.equal(found['system.cpu.utilization'].metricKind, 'gauge');
  assert.equal(found.requests.attributes.requests, 41);
  assert.equal(found.requests.temporality, 'cumulative');
  assert.equal(found.latency.attributes['latency.count'], 3);
  assert.deepEqual(found.latency.attributes['latency.bucket_counts'], [1, 2]);
  assert.deepEqual(found.latency.attributes['latency.explicit_bounds'], [1.5]);
  assert.deepEqual(found.sizes.attributes['sizes.positive'], { offset: -2, bucket_counts: [1, 1] });
  assert.deepEqual(found.sizes.attributes['sizes.scale'], -1);
  assert.deepEqual(found.old.attributes['old.quantiles'], [{ quantile: 0.5, value: 2 }]);
});

test('one bad record is told as partial success, in the encoding of the request', async () => {
  const good = { name: 'good', startTimeUnixNano: String(start), endTimeUnixNano: String(start) };
  const bad = { ...good, name: 'x'.repeat(2000) };
  const body = { resourceSpans: [{ scopeSpans: [{ spans: [good, bad] }] }] };
  const answer = await post('/v1/traces', JSON.stringify(body), 'application/json');
  assert.equal(answer.status, 200);
  const { partialSuccess } = await answer.json();
  assert.equal(partialSuccess.rejectedSpans, '1');
  assert.match(partialSuccess.errorMessage, /1 of 2 refused; record 1: name is longer than 512 bytes/);
  const proto = message(1, message(2, message(2, bytes(5, 'x'.repeat(2000)))));
  const reply = Buffer.from(await (await post('/v1/traces', proto, 'application/x-protobuf')).arrayBuffer());
  assert.equal(reply[0], (1 << 3) | 2);
  assert.deepEqual([...reply.subarray(2, 4)], [1 << 3, 1]);
});

test('errors are google.rpc.Status', async () => {
  const broken = await post('/v1/traces', '{"resourceSpans":[', 'application/json');
  assert.equal(broken.status, 400);
  assert.equal((await broken.json()).code, 3);
  const garbage = await post('/v1/logs', Buffer.from([0x0a, 0xff, 0xff, 0xff]), 'application/x-protobuf');
  assert.equal(garbage.status, 400);
  assert.equal(garbage.headers.get('content-type'), 'application/x-protobuf');
  assert.deepEqual([...Buffer.from(await garbage.arrayBuffer()).subarray(0, 2)], [1 << 3, 3]);
  const type = await post('/v1/traces', 'a=b', 'text/plain');
  assert.equal(type.status, 415);
  const wrong = await fetch(`${daemon.url}/v1/traces`, { headers: { 'Content-Type': 'application/json' } });
  assert.equal(wrong.status, 405);
});

test('a service without a name is still kept', async () => {
  await post('/v1/traces', JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [
    { name: 'nameless', startTimeUnixNano: String(start) }] }] }] }), 'application/json');
  assert.ok((await rows('unknown_service')).some((row) => row.name === 'nameless'));
});
