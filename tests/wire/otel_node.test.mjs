// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's Node SDK, unchanged, under a shop of two services and PostgreSQL: one exports protobuf with gzip, the
// other JSON. What it sends must be seen as services, calls, SQL and errors, also when the database goes down.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';
import { startPostgres } from '../otel/postgres.mjs';

const shop = fileURLToPath(new URL('../otel/shop.cjs', import.meta.url));
const tests = fileURLToPath(new URL('..', import.meta.url));
let daemon, postgres, api, web;

/** Starts a role of the shop under auto-instrumentation and waits until it listens. */
async function start(role, env) {
  const child = spawn(process.execPath, ['--require', '@opentelemetry/auto-instrumentations-node/register', shop], {
    cwd: tests,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ROLE: role,
      OTEL_SERVICE_NAME: `shop-${role}`,
      OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.4.2,deployment.environment=test',
      OTEL_EXPORTER_OTLP_ENDPOINT: daemon.otlpUrl,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,express,pg,pino',
      OTEL_NODE_RESOURCE_DETECTORS: 'env,host,process',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_METRIC_EXPORT_TIMEOUT: '400',
      ...env,
    },
  });
  process.on('exit', () => child.kill('SIGKILL'));
  let out = '';
  child.stderr.on('data', (bytes) => { out += bytes; });
  const port = await new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes) => {
      out += bytes;
      const line = /listening (\d+)/.exec(out);
      if (line) resolve(Number(line[1]));
    });
    child.on('exit', (code) => reject(new Error(`${role} ended with ${code}: ${out}`)));
  });
  return { child, url: `http://127.0.0.1:${port}` };
}

before(async () => {
  [daemon, postgres] = await Promise.all([
    startDaemon({ flags: ['--otlp-listen', '127.0.0.1:0'] }),
    startPostgres("CREATE TABLE items (id int PRIMARY KEY, name text, price int); INSERT INTO items VALUES (1, 'pen', 3), (2, 'cup', 9)"),
  ]);
  daemon.otlpUrl = `http://${/ otlp=(\S+)/.exec(daemon.log)[1]}`;
  api = await start('api', { ...postgres.env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
  web = await start('web', { API_URL: api.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' });
});

after(async () => {
  web?.child.kill('SIGKILL');
  api?.child.kill('SIGKILL');
  await postgres?.stop();
  postgres?.remove();
  await daemon?.stop();
});

const select = async (statement) => {
  const { columns, rows } = await daemon.query(statement);
  return rows.map((row) => Object.fromEntries(row.map((value, i) => [columns[i].name, value])));
};
const ask = async (id) => (await fetch(`${web.url}/cart/${id}`)).status;
const state = async () => {
  const answer = await daemon.query("STATE AT 'now'");
  const service = (name) => answer.services.find((one) => one.service === name);
  const edge = (from, to) => answer.edges.find((one) => one.from === from && one.to === to);
  return { service, edge };
};

test('requests are seen as services that call each other and a database', async () => {
  for (let i = 0; i < 10; i++) assert.equal(await ask(1 + (i % 2)), 200);
  await eventually(async () => {
    const { service, edge } = await state();
    assert.equal(service('shop-web')?.version, '1.4.2');
    assert.equal(service('shop-api')?.errorRate, 0);
    assert.ok(edge('shop-web', 'shop-api'), 'web calls api');
    assert.ok(edge('shop-api', 'postgresql'), 'api calls the database');
  });
});

test('a query is a client span with its SQL, inside the request that needed it', async () => {
  const spans = await eventually(async () => {
    const found = await select("SELECT traceId, spanId, name, kind, `db.statement` AS sql, `db.name` AS db FROM spans WHERE `db.system` = 'postgresql' AND name STARTS WITH 'pg.query' IN LAST 10 minutes");
    assert.ok(found.length >= 10);
    return found;
  });
  assert.equal(spans[0].sql, 'SELECT name, price FROM items WHERE id = $1');
  assert.equal(spans[0].kind, 'client');
  assert.equal(spans[0].db, 'postgres');
  const { events } = await daemon.query(`TRAVERSE FROM trace_id = '${spans[0].traceId}' FOLLOWING both IN LAST 10 minutes`);
  const services = new Set(events.map((event) => event.service));
  assert.deepEqual([...services].sort(), ['shop-api', 'shop-web']);
  const server = events.find((event) => event.service === 'shop-web' && event.kind === 'server');
  assert.equal(server.attributes['http.status_code'] ?? server.attributes['http.response.status_code'], 200);
  assert.equal(server.attributes['deployment.environment'], 'test');
});

test('logs join the trace of the request they were written in', async () => {
  await eventually(async () => {
    const logs = await select("SELECT message, severity, traceId, spanId, item FROM logs WHERE service = 'shop-api' AND message = 'item served' IN LAST 10 minutes");
    assert.equal(logs.length, 10);
    assert.equal(logs[0].severity, 'INFO');
    assert.ok(logs.every((log) => log.traceId && log.spanId));
    const { events } = await daemon.query(`TRAVERSE FROM trace_id = '${logs[0].traceId}' FOLLOWING both IN LAST 10 minutes`);
    assert.ok(events.some((event) => event.message === 'item served'));
    assert.ok(events.some((event) => event.eventType === 'span' && event.spanId === logs[0].spanId));
  });
});

test('metrics keep name, unit, labels and temporality', async () => {
  await eventually(async () => {
    const metrics = await select("SELECT name, unit, metricKind, temporality, `http.server.duration.count` AS n FROM metrics WHERE service = 'shop-web' AND name = 'http.server.duration' IN LAST 10 minutes");
    assert.ok(metrics.length > 0);
    assert.deepEqual({ ...metrics.at(-1), n: undefined }, { name: 'http.server.duration', unit: 'ms', metricKind: 'histogram', temporality: 'cumulative', n: undefined });
    assert.ok(Math.max(...metrics.map((one) => one.n)) >= 10);
  });
});

test('a database that stops is seen as failing queries, 5xx answers and a rising error rate', async () => {
  await postgres.stop();
  for (let i = 0; i < 5; i++) assert.equal(await ask(1), 502);
  const failing = await eventually(async () => {
    const found = await select("SELECT traceId, message FROM spans WHERE service = 'shop-api' AND kind = 'client' AND status = 'error' IN LAST 10 minutes");
    assert.ok(found.length >= 5);
    return found;
  });
  assert.match(failing.at(-1).message, /ECONNREFUSED|terminat|shut/);
  const errors = await eventually(async () => {
    const found = await select("SELECT message, `exception.type` AS type, `exception.stacktrace` AS stack FROM events WHERE eventType = 'error' AND service = 'shop-api' IN LAST 10 minutes");
    assert.ok(found.length >= 5);
    return found;
  });
  assert.match(errors.at(-1).message, /ECONNREFUSED|terminat|shut/);
  assert.ok(errors.at(-1).type);
  assert.match(errors.at(-1).stack, /at .*pg-pool/s);
  await eventually(async () => {
    const { service, edge } = await state();
    assert.ok(service('shop-web').errorRate > 0);
    assert.ok(service('shop-api').errorRate > 0);
    assert.ok(edge('shop-api', 'postgresql').errorRate > 0);
  });
  const { events } = await daemon.query(`TRAVERSE FROM trace_id = '${failing.at(-1).traceId}' FOLLOWING both IN LAST 10 minutes`);
  const failed = events.filter((event) => event.status === 'error').map((event) => event.service);
  assert.ok(failed.includes('shop-web') && failed.includes('shop-api'), 'the failure is on both sides of the call');
  const codes = events.map((event) => event.attributes['http.status_code']).filter(Boolean);
  assert.ok(codes.includes(502) && codes.includes(500));
});
