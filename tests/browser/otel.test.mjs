// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's browser SDK in a page of another origin: it sends over CORS, with a token.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const esbuild = createRequire(here('../../web/package.json'))('esbuild');

test('a page of another origin sends its spans', async () => {
  const folder = dataFolder();
  const token = execFileSync(binary, ['token', 'create', '--scope', 'ingest,read', '--data-dir', folder.path], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const daemon = await startDaemon({ data: folder.path });
  const { outputFiles: [script] } = await esbuild.build({ entryPoints: [here('../otel/page.js')], bundle: true, write: false, format: 'iife', logLevel: 'error' });
  const shop = createServer((request, response) => {
    const html = `<button>buy</button><script>window.traversion = ${JSON.stringify({ url: `${daemon.url}/v1/traces`, token })}</script><script>${script.text.replaceAll('</script', '<\\/script')}</script>`;
    response.writeHead(200, { 'Content-Type': request.url === '/' ? 'text/html' : 'application/json' });
    response.end(request.url === '/' ? html : '{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => shop.on('listening', resolve));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--host-resolver-rules=MAP shop.example 127.0.0.1'] });
  const page = await browser.newPage();
  const faults = [];
  page.on('console', (message) => { if (message.type() === 'error' && !/favicon/.test(message.location().url)) faults.push(message.text()); });
  await page.goto(`http://shop.example:${shop.address().port}/`);
  await page.click('button');
  await page.waitForFunction(() => document.title === 'sent');
  const spans = await eventually(async () => {
    const answer = await fetch(`${daemon.url}/api/v1/query`, { method: 'POST', headers: { Authorization: `Bearer ${token}` },
      body: "SELECT name, kind, traceId, `http.url` AS url FROM spans WHERE service = 'shop-page' IN LAST 10 minutes ORDER BY name" });
    const { rows } = await answer.json();
    assert.equal(rows.length, 2);
    return rows;
  });
  assert.deepEqual(faults, []);
  const [get, click] = spans;
  assert.equal(click[0], 'click buy');
  assert.equal(get[1], 'client');
  assert.match(get[3], /^http:\/\/shop\.example:\d+\/cart$/);
  assert.equal(get[2], click[2], 'one trace');
  await browser.close();
  shop.close();
  await daemon.stop();
  folder.remove();
});
