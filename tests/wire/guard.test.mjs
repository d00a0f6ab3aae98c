// SPDX-License-Identifier: Apache-2.0
// Closed from the first day: Host, Origin, tokens, addresses, and what a start refuses.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const run = (...flags) => spawnSync(binary, flags, { encoding: 'utf8', timeout: 30000 });

/** node:http, because fetch does not let a Host through. */
function get(daemon, path, headers) {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: daemon.port, path, headers }, (response) => {
      let text = '';
      response.on('data', (d) => (text += d));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    call.on('error', reject);
    call.end();
  });
}

test('a foreign Host or Origin is refused, loopback names are not', async () => {
  const daemon = await startDaemon({ flags: ['--allowed-hosts', 'traversion.example'] });
  for (const host of ['localhost', '127.0.0.1', '[::1]', `127.0.0.1:${daemon.port}`, 'traversion.example'])
    assert.equal((await get(daemon, '/api/v1/status', { Host: host })).status, 200, host);
  assert.equal((await get(daemon, '/api/v1/status', { Host: 'evil.example' })).status, 403);
  assert.equal((await get(daemon, '/api/v1/status', { Origin: 'http://evil.example' })).status, 403);
  assert.equal((await get(daemon, '/api/v1/status', { Origin: `http://localhost:${daemon.port}` })).status, 200);
  assert.equal((await daemon.post([{ service: 'a' }], { Origin: 'http://evil.example' })).status, 403);
  await daemon.stop();
});

test('security headers stand on the page and on answers', async () => {
  const daemon = await startDaemon();
  for (const path of ['/', '/api/v1/status']) {
    const { headers } = await daemon.fetch(path);
    assert.match(headers.get('content-security-policy'), /default-src 'self'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  }
  await daemon.stop();
});

test('once a token exists every route with a scope needs one', async () => {
  const folder = dataFolder();
  const daemon = await startDaemon({ data: folder.path });
  assert.equal((await daemon.post([{ service: 'a' }])).status, 200);
  const made = run('token', 'create', '--scope', 'ingest', '--name', 'agents', '--data-dir', folder.path);
  assert.equal(made.status, 0, made.stderr);
  const token = made.stdout.trim();
  await eventually(async () => assert.equal((await daemon.post([{ service: 'a' }])).status, 401));
  const headers = { Authorization: `Bearer ${token}` };
  assert.equal((await daemon.post([{ service: 'a' }], headers)).status, 200);
  assert.equal((await daemon.post([{ service: 'a' }], { Authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await daemon.fetch('/api/v1/status', { headers })).status, 403);
  assert.equal((await daemon.fetch('/healthz')).status, 200);
  assert.match(run('token', 'list', '--data-dir', folder.path).stdout, /agents .* ingest/);
  assert.equal(run('token', 'revoke', '--name', 'agents', '--data-dir', folder.path).status, 0);
  await eventually(async () => assert.equal((await daemon.post([{ service: 'a' }])).status, 200));
  await daemon.stop();
  folder.remove();
});

test('an address beyond loopback needs a token or --insecure', async () => {
  const folder = dataFolder();
  const refused = run('--data-dir', folder.path, '--listen', '0.0.0.0:0', '--udp-listen', 'off');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /token create/);
  const daemon = await startDaemon({ data: folder.path, flags: ['--listen', '0.0.0.0:0', '--insecure'] });
  await daemon.stop();
  folder.remove();
});

test('what cannot start says one clear line and fails', async () => {
  const folder = dataFolder();
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  const taken = run('--data-dir', folder.path, '--udp-listen', 'off', '--listen', `127.0.0.1:${server.address().port}`);
  server.close();
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  const cases = [
    [taken, 1, /in use|taken/],
    [run('--data-dir', join(file, 'below')), 1, /below/],
    [run('--data-dir', '/proc/nowhere'), 1, /\/proc\/nowhere/],
    [run('--retenton', '3d'), 2, /did you mean 'retention'/],
    [run('--max-disk', 'much'), 2, /takes a size/],
    [run('--listen', 'nowhere'), 2, /address and port/],
    [run('--config', join(folder.path, 'absent.ini')), 2, /absent\.ini/],
  ];
  for (const [result, status, reason] of cases) {
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, reason);
    assert.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
  }
  folder.remove();
});

test('a second daemon on the folder is refused', async () => {
  const daemon = await startDaemon();
  const second = run('--data-dir', daemon.data, '--listen', '127.0.0.1:0', '--udp-listen', 'off');
  assert.equal(second.status, 1);
  assert.match(second.stderr, /daemon|in use|locked/);
  await daemon.stop();
});

test('flags win over the environment, that over the file', async () => {
  const folder = dataFolder();
  const file = join(folder.path, 'settings.ini');
  writeFileSync(file, 'retention = 1d\nmax-disk = 1GiB\nlog-level = warn\n');
  const result = spawnSync(binary, ['--config', file, '--retention', '3d', '--print-config'], {
    encoding: 'utf8',
    env: { ...process.env, TRAVERSIOND_RETENTION: '2d', TRAVERSIOND_MAX_DISK: '2GiB' },
  });
  assert.match(result.stdout, /^retention = 3d$/m);
  assert.match(result.stdout, /^max-disk = 2147483648$/m);
  assert.match(result.stdout, /^log-level = warn$/m);
  const printed = join(folder.path, 'printed.ini');
  writeFileSync(printed, result.stdout);
  assert.equal(spawnSync(binary, ['--config', printed, '--check-config'], { encoding: 'utf8' }).status, 0);
  folder.remove();
});
