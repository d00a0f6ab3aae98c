// SPDX-License-Identifier: Apache-2.0
// docs/sending.md, run: each example is taken from the page and must arrive, also past an answer of 503.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const run = promisify(execFile);
const tests = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(tests, '../docs/sending.md'), 'utf8');
let daemon, folder, proxy, refusals = 0;

/** The page's code blocks under a heading. */
function blocks(heading) {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  return [...section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
}
/** An example with the addresses of this test; by way of the proxy where it must stand a refusal. */
const here = (text, port = daemon.port) => text.replaceAll('127.0.0.1:3335', `127.0.0.1:${port}`)
  .replaceAll('127.0.0.1:4318', `127.0.0.1:${daemon.otlpPort}`).replaceAll('127.0.0.1 3335', `127.0.0.1 ${daemon.udpPort}`);
const write = (name, text, port) => writeFileSync(join(folder, name), here(text, port));
const events = async (where) => (await daemon.query(`TIMELINE IN LAST 10 minutes WHERE ${where} LIMIT 100`)).events;

before(async () => {
  daemon = await startDaemon({ flags: ['--otlp-listen', '127.0.0.1:0'] });
  daemon.otlpPort = Number(/ otlp=\S+:(\d+)/.exec(daemon.log)[1]);
  folder = mkdtempSync(join(tmpdir(), 'traversion-sending-'));
  symlinkSync(join(tests, 'node_modules'), join(folder, 'node_modules'));
  // Takes nothing the first time it is asked, as a daemon whose disk is full.
  proxy = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (refusals-- > 0) return response.writeHead(503, { 'Retry-After': '1' }).end();
    const answer = await fetch(daemon.url + request.url, { method: 'POST', body: Buffer.concat(parts) });
    return response.writeHead(answer.status).end(await answer.text());
  }).listen(0, '127.0.0.1');
});
after(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What both the Node and the Python example send, however they are spelled. */
async function assertExample(service) {
  const found = Object.fromEntries((await events(`service = '${service}'`)).map((event) => [event.eventType, event]));
  assert.deepEqual(Object.keys(found).sort(), ['database:query', 'deploy', 'error', 'http:request', 'http:response', 'metric']);
  assert.equal(found['http:response'].attributes['http.response.status_code'], 500);
  assert.equal(found['http:response'].traceId, '4bf92f3577b34da6a3ce929d0e0e4736');
  assert.equal(found['database:query'].durationNs, 12_500_000);
  assert.match(found['database:query'].attributes['db.query.text'], /^SELECT name FROM items/);
  assert.equal(found.error.message, 'cart is undefined');
  assert.equal(found.error.attributes['exception.type'], 'TypeError');
  assert.equal(found.metric.attributes['process.cpu.utilization'], 0.31);
  assert.equal(found.deploy.attributes.version, '1.4.2');
}

test('curl, a datagram and a deployment', async () => {
  for (const heading of ['curl', 'Deployments', 'Datagrams'])
    for (const block of blocks(heading)) await run('sh', ['-ec', here(block)]);
  await eventually(async () => {
    const messages = (await events("service IN ('shop', 'cron')")).map((event) => event.message ?? event.name);
    assert.deepEqual(messages.sort(), ['backup done', 'cart is empty', 'deploy', 'payment refused', 'queue']);
  });
  const { rows } = await daemon.query('SHOW deploys');
  assert.equal(rows.length, 1);
});

test('the Node sender, refused once', async () => {
  const [sender, use] = blocks('Node');
  assert.ok(sender.split('\n').filter((line) => line.trim()).length <= 20, 'it stays short');
  write('traversion.mjs', sender.replace("'shop'", "'node'"), proxy.address().port);
  write('use.mjs', use);
  refusals = 1;
  await run(process.execPath, [join(folder, 'use.mjs')]);
  assert.ok(refusals < 0, 'it was refused and came again');
  await assertExample('node');
});

test('the Python sender, refused once', async () => {
  const [sender, use] = blocks('Python');
  write('traversion.py', sender.replace("'shop'", "'python'"), proxy.address().port);
  write('use.py', use);
  refusals = 1;
  await run('python3', [join(folder, 'use.py')]);
  assert.ok(refusals < 0);
  await assertExample('python');
});

test('the Express middleware joins the trace of the caller', async () => {
  write('traversion.mjs', blocks('Node')[0].replace("'shop'", "'express'"));
  write('middleware.mjs', blocks('Express')[0]);
  write('app.mjs', `import express from 'express';
import { traversion } from './middleware.mjs';
const app = express();
app.use(traversion);
app.get('/items/:id', (request, response) => response.status(request.params.id === '0' ? 500 : 200).send(request.traceparent));
app.listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`);
  const child = spawn(process.execPath, [join(folder, 'app.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => child.stdout.once('data', (bytes) => resolve(Number(bytes))));
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-01';
  const passed = await (await fetch(`http://127.0.0.1:${port}/items/7`, { headers: { traceparent } })).text();
  await fetch(`http://127.0.0.1:${port}/items/0`);
  const [own, joined] = await eventually(async () => {
    const spans = await events("service = 'express'");
    assert.equal(spans.length, 2);
    return spans.sort((a) => (a.parentSpanId ? 1 : -1));
  });
  child.kill('SIGKILL');
  assert.equal(joined.traceId, '4bf92f3577b34da6a3ce929d0e0e4737');
  assert.equal(joined.parentSpanId, '00f067aa0ba902b7');
  assert.equal(joined.name, 'GET /items/:id');
  assert.equal(passed, `00-${joined.traceId}-${joined.spanId}-01`);
  assert.equal(own.status, 'error');
  assert.equal(own.attributes['http.response.status_code'], 500);
});

test("the SDK's three variables", async () => {
  const [exports] = blocks('OpenTelemetry SDKs');
  write('sdk.mjs', `import { trace } from '@opentelemetry/api';
trace.getTracer('t').startSpan('from the sdk').end();
process.kill(process.pid, 'SIGTERM');
setTimeout(() => {}, 10000);
`);
  const script = `${here(exports)}\nexport OTEL_NODE_ENABLED_INSTRUMENTATIONS=none\nexec ${process.execPath} --require @opentelemetry/auto-instrumentations-node/register sdk.mjs`;
  await run('sh', ['-c', script], { cwd: folder }).catch(() => {});
  await eventually(async () => assert.equal((await events("name = 'from the sdk'"))[0]?.service, 'shop'));
});

test("the Collector's stanza names an exporter whose paths are served", async () => {
  const config = parse(here(blocks('OpenTelemetry Collector')[0]));
  const exporter = config.exporters['otlphttp/traversion'];
  assert.equal(exporter.compression, 'gzip');
  for (const [signal, pipeline] of Object.entries(config.service.pipelines)) {
    assert.deepEqual(pipeline.exporters, ['otlphttp/traversion']);
    // The exporter appends /v1/<signal> to its endpoint and sends protobuf.
    const answer = await fetch(`${exporter.endpoint}/v1/${signal}`, { method: 'POST', body: gzipSync(Buffer.alloc(0)),
      headers: { 'Content-Type': 'application/x-protobuf', 'Content-Encoding': exporter.compression } });
    assert.equal(answer.status, 200, signal);
  }
});
