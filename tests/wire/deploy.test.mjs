// SPDX-License-Identifier: Apache-2.0
// One line of a CI job tells of a deployment; the query language knows it as a change.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';

let daemon;
before(async () => { daemon = await startDaemon(); });
after(async () => { await daemon.stop(); });

const deploy = (body, headers = {}) => daemon.fetch('/api/v1/deployments', { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers });

test('a deployment is a change event with what was said of it', async () => {
  const answer = await deploy({ service: 'shop', version: '1.4.2', commit: '9fceb02', author: 'jane', message: 'smaller cart',
    time: '2023-11-14T22:13:20Z', ci: { url: 'https://ci.example.com/7' } });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, { accepted: 1, rejected: 0, errors: [] });
  const { events: [event] } = await daemon.query("TIMELINE FROM '2023-11-14' TO '2023-11-15'");
  assert.equal(event.eventType, 'deploy');
  assert.equal(event.name, 'deploy');
  assert.equal(event.timestamp, '2023-11-14T22:13:20.000000000Z');
  assert.equal(event.message, 'smaller cart');
  assert.deepEqual(event.attributes, { version: '1.4.2', commit: '9fceb02', author: 'jane', 'ci.url': 'https://ci.example.com/7' });
  const { columns, rows } = await daemon.query("SHOW deploys FROM '2023-11-14' TO '2023-11-15'");
  const row = Object.fromEntries(rows[0].map((value, i) => [columns[i].name, value]));
  assert.equal(row.service, 'shop');
  assert.equal(row.version, '1.4.2');
});

test('what is no deployment is refused with what is missing', async () => {
  for (const [body, reason] of [
    [{ service: 'shop' }, /needs a version or a commit/],
    [{ version: '1' }, /service is required/],
    [[{ service: 'a', version: '1' }, { service: 'b', version: '1' }], /one JSON object/],
    ['[]', /one JSON object/],
    ['nonsense', /no JSON object/],
    ['', /empty/],
  ]) {
    const answer = await deploy(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(answer.body.error.message, reason);
    assert.equal(answer.body.accepted, 0);
  }
});

test("the documentation's line does it, once for each job", async () => {
  const text = readFileSync(join(process.env.TRAVERSION_SOURCE ?? '..', 'docs/http-api.md'), 'utf8');
  const line = /^ {4}(curl .*\/api\/v1\/deployments.*)$/m.exec(text)[1];
  const folder = dataFolder();
  const token = execFileSync(binary, ['token', 'create', '--scope', 'ingest,read', '--data-dir', folder.path], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const closed = await startDaemon({ data: folder.path });
  const env = { ...process.env, TRAVERSION: closed.url, TRAVERSION_TOKEN: token };
  for (let i = 0; i < 2; i++) execFileSync('sh', ['-c', `${line} -H 'Idempotency-Key: job-7'`], { env });
  const answer = await fetch(`${closed.url}/api/v1/query`, { method: 'POST', body: 'SHOW deploys', headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await answer.json()).rows.length, 1);
  await closed.stop();
  folder.remove();
});
