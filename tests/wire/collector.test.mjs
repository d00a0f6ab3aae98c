// SPDX-License-Identifier: Apache-2.0
// Programs that use libtraversion against a real daemon: the example service, the load generator, also while the
// daemon is killed and comes back.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const build = process.env.TRAVERSION_BUILD;
const source = process.env.TRAVERSION_SOURCE;
const release = dirname(process.env.TRAVERSION_RELEASE_DAEMON ?? '');

/** Starts the example service; {url, end(): Promise<exit code>, errors()}. */
async function startExample(program, args, daemon) {
  const child = spawn(program, [...args, '0'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TRAVERSION_ENDPOINT: daemon.url },
  });
  let errors = '';
  child.stderr.on('data', (bytes) => (errors += bytes));
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes) => resolve(/http:\S+/.exec(String(bytes))[0]));
    child.on('exit', (code) => reject(new Error(`the example ended with ${code}: ${errors}`)));
  });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  return { url, errors: () => errors, end: () => (child.stdin.end(), exited) };
}

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

async function useExample(daemon, program, args = []) {
  const example = await startExample(program, args, daemon);
  assert.equal((await fetch(`${example.url}/cart`, { headers: { traceparent } })).status, 200);
  assert.equal((await fetch(`${example.url}/broken`)).status, 500);
  assert.equal(await example.end(), 0, example.errors());
  return example;
}

test('the example service is seen with its queries, errors and callers', async () => {
  const daemon = await startDaemon();
  await useExample(daemon, join(build, 'traversion-example'));
  const { services, edges } = await daemon.query("STATE AT 'now' OVER 1m");
  const example = services.find((s) => s.service === 'example');
  assert.equal(example.version, '1.0');
  assert.equal(example.errorRate, 0.5);
  assert.ok(edges.some((e) => e.from === 'example' && e.to === 'postgresql'), JSON.stringify(edges));
  const trace = await daemon.query("TRAVERSE FROM trace_id = '4bf92f3577b34da6a3ce929d0e0e4736' FOLLOWING both");
  assert.deepEqual(trace.events.map((e) => e.name).sort(), ['/cart', 'shop']);
  assert.equal(trace.events.find((e) => e.name === '/cart').parentSpanId, '00f067aa0ba902b7');
  const { rows } = await daemon.query('SELECT message, exception.stacktrace FROM logs IN LAST 5m');
  assert.equal(rows[0][0], 'carts cannot be read: connection refused');
  assert.match(rows[0][1], /libtraversion/);
  await daemon.stop();
});

test('the example service runs clean under valgrind', { skip: !existsSync(join(release, 'traversion-example')) && 'no release build' }, async () => {
  const daemon = await startDaemon();
  await useExample(daemon, 'valgrind', ['--quiet', '--leak-check=full', '--error-exitcode=9',
    '--errors-for-leak-kinds=definite,indirect', join(release, 'traversion-example')]);
  await daemon.stop();
});

test('what is recorded while the daemon is killed and restarted is stored once', async () => {
  const data = dataFolder();
  const spill = mkdtempSync(join(tmpdir(), 'traversion-spill-'));
  let daemon = await startDaemon({ data: data.path });
  const flags = ['--listen', `127.0.0.1:${daemon.port}`];
  const load = spawn(join(build, 'traversion-load'),
    ['--endpoint', daemon.url, '--rate', '4000', '--threads', '3', '--seconds', '4', '--spill', spill]);
  let said = '';
  load.stdout.on('data', (bytes) => (said += bytes));
  const ended = new Promise((resolve) => load.on('exit', resolve));
  const stored = async () => (await daemon.query('SELECT count(*) IN LAST 1h')).rows[0]?.[0] ?? 0;
  for (let i = 0; i < 2; i++) {
    const before = await stored();
    await eventually(async () => (await stored()) > before);
    await daemon.kill();
    daemon = await startDaemon({ data: data.path, flags });
  }
  assert.equal(await ended, 0, said);
  const recorded = Number(/recorded (\d+)/.exec(said)[1]);
  assert.ok(recorded > 1000);
  assert.match(said, /dropped 0/);
  assert.equal(await stored(), recorded);
  await daemon.stop();
  data.remove();
  rmSync(spill, { recursive: true });
});

test('an installed library is found by pkg-config and by CMake', { skip: !existsSync(join(release, 'CMakeCache.txt')) && 'no release build' }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'traversion-install-'));
  const run = (command, args, env = {}) =>
    execFileSync(command, args, { cwd: scratch, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, ...env } });
  run('cmake', ['--install', release, '--component', 'collector', '--prefix', join(scratch, 'usr')]);
  const pc = run('find', [scratch, '-name', 'traversion.pc']).trim();
  const flags = run('pkg-config', ['--define-variable', `prefix=${join(scratch, 'usr')}`, '--cflags', '--libs', 'traversion'],
    { PKG_CONFIG_PATH: dirname(pc) }).trim().split(/\s+/);
  run('cc', [join(source, 'docs/examples/service.c'), '-std=c17', '-D_GNU_SOURCE', ...flags, '-o', 'service']);
  assert.match(run('cc', ['--version']), /\w/);
  writeFileSync(join(scratch, 'CMakeLists.txt'), `cmake_minimum_required(VERSION 3.20)
project(user C)
find_package(traversion REQUIRED)
add_executable(service ${join(source, 'docs/examples/service.c')})
target_compile_definitions(service PRIVATE _GNU_SOURCE)
target_link_libraries(service PRIVATE traversion::traversion)
`);
  run('cmake', ['-S', '.', '-B', 'b', `-DCMAKE_PREFIX_PATH=${join(scratch, 'usr')}`]);
  run('cmake', ['--build', 'b']);
  assert.match(readFileSync(pc, 'utf8'), /Name: traversion/);
  rmSync(scratch, { recursive: true });
});

test('the load generator says how it is used and what is wrong', () => {
  const run = (...args) => spawnSync(join(build, 'traversion-load'), args, { encoding: 'utf8' });
  assert.match(run('--help').stdout, /--rate/);
  assert.equal(run('--help').status, 0);
  assert.equal(run('--threads', 'x').status, 2);
  assert.match(run('--threads', 'x').stderr, /'x' is not a number/);
  assert.equal(run('--endpoint', 'nowhere').status, 1);
});
