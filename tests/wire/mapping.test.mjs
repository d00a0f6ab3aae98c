// SPDX-License-Identifier: Apache-2.0
// docs/mapping.md, line by line: each row of its tables has one of the same words here, and the other way round.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

const page = readFileSync(new URL('../../docs/mapping.md', import.meta.url), 'utf8');
const lines = [...page.matchAll(/^\| (.+) \|$/gm)].map((match) => match[1].split(/\s*\|\s*/))
  .filter(([first]) => !/^(OTLP|span|log record|data point|convention)$/.test(first)).map((cells) => (cells.length === 4 ? `${cells[0]}: ${cells[1]}` : cells[0]));

const T = 1_700_000_000_000_000_000n;
const at = (ms) => String(T + BigInt(ms) * 1_000_000n);
const kv = (attributes) => Object.entries(attributes).map(([key, value]) => ({ key, value: any(value) }));
const any = (value) => typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value }
  : Number.isInteger(value) ? { intValue: String(value) } : typeof value === 'number' ? { doubleValue: value } : value;
const ids = (n) => ({ traceId: n.toString(16).padStart(32, '0'), spanId: n.toString(16).padStart(16, '0') });
let daemon, number = 1;
before(async () => { daemon = await startDaemon(); });
after(async () => { await daemon.stop(); });

async function post(path, body) {
  const answer = await daemon.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  assert.deepEqual([answer.status, answer.body], [200, {}]);
}
const resource = (service, more = {}) => ({ attributes: kv({ 'service.name': service, ...more }) });
/** Sends one record under a service of its own and gives the events that came of it. */
async function sent(signal, group, record, { more, scope } = {}) {
  const service = `s${number++}`;
  const records = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' }[signal];
  await post(`/v1/${signal}`, { [`resource${group}`]: [{ resource: resource(service, more), [`scope${group}`]: [{ scope, [records]: [record] }] }] });
  const { events } = await daemon.query(`TIMELINE FROM '2023-11-14' TO '2023-11-15' WHERE service = '${service}' LIMIT 20`);
  return events;
}
const span = async (more, options) => sent('traces', 'Spans', { ...ids(number + 1000), name: 'n', startTimeUnixNano: at(0), endTimeUnixNano: at(5), ...more }, options);
const log = async (record, options) => sent('logs', 'Logs', { timeUnixNano: at(0), ...record }, options);
const metric = async (shape, options) => sent('metrics', 'Metrics', { name: 'm', unit: 's', ...shape }, options);
const point = { timeUnixNano: at(0) };
const only = ([first, ...rest]) => { assert.equal(rest.length, 0); return first; };
const failed = async (event) => {
  const { rows } = await daemon.query(`SELECT count(*) FROM events FROM '2023-11-14' TO '2023-11-15' WHERE service = '${event.service}' AND error_occurred = true`);
  return rows[0][0] > 0;
};
const state = async (service) => {
  const answer = await daemon.query("STATE AT '2023-11-14T22:13:30Z'");
  return { own: answer.services.find((one) => one.service === service), edges: answer.edges.filter((one) => one.from === service).map((one) => one.to), errors: answer.errors };
};
const virtual = async (event, field) => (await daemon.query(`SELECT ${field} FROM events FROM '2023-11-14' TO '2023-11-15' WHERE service = '${event.service}'`)).rows[0][0];

const checks = {
  'resource `service.name`': async () => {
    assert.match(only(await span({})).service, /^s\d+$/);
    await post('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'anonymous', startTimeUnixNano: at(0) }] }] }] });
    const { events } = await daemon.query("TIMELINE FROM '2023-11-14' TO '2023-11-15' WHERE service = 'unknown_service'");
    assert.equal(events[0].name, 'anonymous');
  },
  'resource `service.instance.id`, `host.name`': async () => {
    const event = only(await span({}, { more: { 'service.instance.id': 'i1', 'host.name': 'h1' } }));
    assert.deepEqual([event.instance, event.host], ['i1', 'h1']);
  },
  'other resource and scope attributes': async () => {
    const event = only(await span({}, { more: { 'cloud.region': 'eu' }, scope: { attributes: kv({ beta: true }) } }));
    assert.deepEqual([event.attributes['cloud.region'], event.attributes.beta], ['eu', true]);
  },
  'scope name, version': async () => {
    const event = only(await span({}, { scope: { name: 'lib', version: '2' } }));
    assert.deepEqual([event.attributes['otel.scope.name'], event.attributes['otel.scope.version']], ['lib', '2']);
  },
  'attribute values: text, integer, double, boolean': async () => {
    const event = only(await span({ attributes: kv({ a: 'x', b: 7, c: 0.5, d: false }) }));
    assert.deepEqual(event.attributes, { a: 'x', b: 7, c: 0.5, d: false });
  },
  'arrays and maps': async () => {
    const event = only(await span({ attributes: kv({ list: { arrayValue: { values: [any(1), any('x')] } }, map: { kvlistValue: { values: kv({ k: 1 }) } } }) }));
    assert.deepEqual(event.attributes, { list: [1, 'x'], map: { k: 1 } });
  },
  bytes: async () => assert.equal(only(await span({ attributes: kv({ b: { bytesValue: 'AP8B' } }) })).attributes.b, 'AP8B'),
  '`name`, `kind`, `trace_id`, `span_id`, `parent_span_id`': async () => {
    const event = only(await span({ ...ids(77), parentSpanId: '00000000000000ff', kind: 3, name: 'call' }));
    assert.deepEqual([event.name, event.kind, event.traceId, event.spanId, event.parentSpanId], ['call', 'client', ids(77).traceId, ids(77).spanId, '00000000000000ff']);
  },
  '`start_time_unix_nano`, `end_time_unix_nano`': async () => {
    const event = only(await span({}));
    assert.deepEqual([event.timestamp, event.durationNs], ['2023-11-14T22:13:20.000000000Z', 5_000_000]);
  },
  '`status.code`, `status.message`': async () => {
    const event = only(await span({ status: { code: 2, message: 'why' } }));
    assert.deepEqual([event.status, event.message], ['error', 'why']);
  },
  '`trace_state`': async () => assert.equal(only(await span({ traceState: 'a=b' })).attributes['w3c.tracestate'], 'a=b'),
  '`links`': async () => assert.deepEqual(only(await span({ links: [ids(5)] })).attributes.links, [ids(5)]),
  'event `exception`': async () => {
    const events = await span({ events: [{ name: 'exception', timeUnixNano: at(1), attributes: kv({ 'exception.type': 'E', 'exception.message': 'bad' }) }] });
    const error = events.find((event) => event.eventType === 'error');
    assert.deepEqual([error.message, error.attributes['exception.type'], error.spanId], ['bad', 'E', events.find((event) => event.eventType === 'span').spanId]);
  },
  'other events': async () => {
    const event = (await span({ events: [{ name: 'cache miss', timeUnixNano: at(1), attributes: kv({ key: 'k' }) }] })).find((one) => one.eventType === 'log');
    assert.deepEqual([event.name, event.attributes.key], ['cache miss', 'k']);
  },
  '`time_unix_nano`, else `observed_time_unix_nano`': async () => {
    assert.equal(only(await log({ observedTimeUnixNano: at(9) })).timestamp, '2023-11-14T22:13:20.000000000Z');
    assert.equal(only(await log({ timeUnixNano: '0', observedTimeUnixNano: at(9) })).timestamp, '2023-11-14T22:13:20.009000000Z');
  },
  '`severity_number`, else what `severity_text` means': async () => {
    assert.equal(only(await log({ severityNumber: 13, severityText: 'odd' })).severity, 'WARN');
    assert.equal(only(await log({ severityText: 'warning' })).severity, 'WARN');
    assert.equal(only(await log({ severityText: 'odd' })).attributes['severity.text'], 'odd');
  },
  '`body`': async () => {
    assert.equal(only(await log({ body: any('hello') })).message, 'hello');
    assert.equal(only(await log({ body: { kvlistValue: { values: kv({ k: 1 }) } } })).message, '{"k":1}');
    assert.equal(only(await log({ body: any(7) })).attributes.body, 7);
  },
  '`trace_id`, `span_id`, `event_name`': async () => {
    const event = only(await log({ ...ids(8), eventName: 'e' }));
    assert.deepEqual([event.traceId, event.spanId, event.name], [ids(8).traceId, ids(8).spanId, 'e']);
  },
  'value of a gauge or sum': async () => {
    const event = only(await metric({ gauge: { dataPoints: [{ ...point, asDouble: 0.5 }] } }));
    assert.deepEqual([event.name, event.unit, event.metricKind, event.attributes.m], ['m', 's', 'gauge', 0.5]);
    const sum = only(await metric({ sum: { aggregationTemporality: 1, dataPoints: [{ ...point, asInt: 3 }] } }));
    assert.deepEqual([sum.metricKind, sum.temporality, sum.attributes.m], ['sum', 'delta', 3]);
  },
  'its attributes': async () => assert.equal(only(await metric({ gauge: { dataPoints: [{ ...point, asInt: 1, attributes: kv({ core: 3 }) }] } })).attributes.core, '3'),
  'histogram, exponential histogram, summary': async () => {
    const h = only(await metric({ histogram: { aggregationTemporality: 2, dataPoints: [{ ...point, count: 3, sum: 6, min: 1, max: 3, bucketCounts: [1, 2], explicitBounds: [1.5] }] } })).attributes;
    assert.deepEqual(h, { 'm.count': 3, 'm.sum': 6, 'm.min': 1, 'm.max': 3, 'm.bucket_counts': [1, 2], 'm.explicit_bounds': [1.5] });
    const e = only(await metric({ exponentialHistogram: { aggregationTemporality: 1, dataPoints: [{ ...point, count: 2, scale: 1, zeroCount: 0, positive: { offset: -1, bucketCounts: [2] }, negative: {} }] } })).attributes;
    assert.deepEqual([e['m.scale'], e['m.zero_count'], e['m.positive'], e['m.negative']], [1, 0, { offset: -1, bucket_counts: [2] }, { offset: 0, bucket_counts: [] }]);
    const s = only(await metric({ summary: { dataPoints: [{ ...point, count: 1, sum: 2, quantileValues: [{ quantile: 0.9, value: 2 }] }] } })).attributes;
    assert.deepEqual(s['m.quantiles'], [{ quantile: 0.9, value: 2 }]);
  },
  '`is_monotonic`': async () => assert.equal(only(await metric({ sum: { isMonotonic: true, dataPoints: [{ ...point, asInt: 1 }] } })).attributes['otel.metric.monotonic'], true),
  '`start_time_unix_nano` of a cumulative series': async () => {
    const starts = [];
    for (const start of [-9000, -9000, -1])
      starts.push(only(await metric({ sum: { aggregationTemporality: 2, dataPoints: [{ ...point, startTimeUnixNano: at(start), asInt: 1 }] } })).attributes['otel.metric.start']);
    assert.equal(starts[0], starts[1]);
    assert.notEqual(starts[1], starts[2]);
  },
  'HTTP server, client: `http.response.status_code`': async () => {
    for (const name of ['http.response.status_code', 'http.status_code']) {
      assert.ok(await failed(only(await span({ attributes: kv({ [name]: 503 }) }))));
      assert.ok(!await failed(only(await span({ attributes: kv({ [name]: 404 }) }))));
    }
  },
  'any span: `status.code`': async () => assert.ok(await failed(only(await span({ status: { code: 2 } })))),
  'exception: event `exception`, `exception.type` of a log': async () => {
    const event = only(await log({ body: any('boom'), attributes: kv({ 'exception.type': 'E' }) }));
    assert.equal(event.eventType, 'error');
    assert.ok(await failed(event));
    assert.ok((await state(event.service)).errors.some((error) => JSON.stringify(error).includes('boom')));
  },
  'log: `severity_number` from 17': async () => {
    assert.ok(await failed(only(await log({ severityNumber: 17 }))));
    assert.ok(!await failed(only(await log({ severityNumber: 16 }))));
  },
  'kind of span: `SERVER`, `CONSUMER`': async () => {
    for (const [kind, parentSpanId] of [[2, '00000000000000aa'], [5, '00000000000000aa']]) {
      const { service } = only(await span({ kind, parentSpanId }));
      assert.ok((await state(service)).own.requestRate > 0);
    }
    const { service } = only(await span({ kind: 3, parentSpanId: '00000000000000aa' }));
    assert.ok(!((await state(service)).own.requestRate > 0));
  },
  'database: `db.system.name`': async () => {
    for (const name of ['db.system.name', 'db.system']) {
      const { service } = only(await span({ kind: 3, attributes: kv({ [name]: 'postgresql' }) }));
      assert.deepEqual((await state(service)).edges, ['postgresql']);
    }
  },
  'messaging: `messaging.system`': async () => {
    const { service } = only(await span({ kind: 4, attributes: kv({ 'messaging.system': 'kafka' }) }));
    assert.deepEqual((await state(service)).edges, ['kafka']);
  },
  'peer: `peer.service`': async () => {
    const { service } = only(await span({ kind: 3, attributes: kv({ 'peer.service': 'ledger' }) }));
    assert.deepEqual((await state(service)).edges, ['ledger']);
  },
  'service: `service.version`': async () => {
    const { service } = only(await span({ kind: 2 }, { more: { 'service.version': '3.1' } }));
    assert.equal((await state(service)).own.version, '3.1');
  },
  'service: `service.instance.id`': async () => {
    const { service } = only(await span({ kind: 2 }, { more: { 'service.instance.id': 'pod-7' } }));
    assert.ok(JSON.stringify((await state(service)).own.instances).includes('pod-7'));
  },
  'process, system, container: `process.cpu.utilization` …': async () => {
    for (const name of ['process.cpu.utilization', 'process.cpu.usage', 'system.cpu.utilization', 'container.cpu.usage'])
      assert.equal(await virtual(only(await metric({ name, gauge: { dataPoints: [{ ...point, asDouble: 0.7 }] } })), 'cpu'), 0.7, name);
  },
  'process, system, container: `process.memory.usage` …': async () => {
    for (const name of ['process.memory.usage', 'system.memory.utilization', 'container.memory.usage'])
      assert.equal(await virtual(only(await metric({ name, gauge: { dataPoints: [{ ...point, asInt: 9 }] } })), 'memory'), 9, name);
  },
};

test('the page and this list have the same lines', () => assert.deepEqual(Object.keys(checks).sort(), [...lines].sort()));
for (const [line, check] of Object.entries(checks)) test(line, check);
