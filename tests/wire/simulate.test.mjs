// SPDX-License-Identifier: Apache-2.0
// traversiond simulate: as text, and against a real daemon.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { binary, startDaemon } from '../lib/daemon.mjs';

const simulate = (...flags) => spawnSync(binary, ['simulate', ...flags], { encoding: 'utf8', maxBuffer: 1 << 28 });

test('the same seed and start write the same events', () => {
  const flags = ['--stdout', '--seed', '7', '--start', '2024-01-15T15:40:00Z', '--backfill', '30s'];
  const first = simulate(...flags);
  assert.equal(first.status, 0, first.stderr);
  assert.equal(simulate(...flags).stdout, first.stdout);
  const lines = first.stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.length > 1000);
  assert.equal(new Set(lines.map((event) => event.id)).size, lines.length);
  flags[2] = '8';
  assert.notEqual(simulate(...flags).stdout, first.stdout);
});

test('a daemon takes what is sent, and nothing without the token it asks for', async () => {
  const daemon = await startDaemon();
  const url = `${daemon.url}/api/v1/events`;
  const sent = simulate('--url', url, '--backfill', '30s', '--for', '1s');
  assert.equal(sent.status, 0, sent.stderr);
  const [, count, accepted, rejected] = /sent (\d+), accepted (\d+), rejected (\d+)/.exec(sent.stderr);
  assert.equal(accepted, count);
  assert.equal(rejected, '0');
  const { body } = await daemon.fetch('/api/v1/status');
  assert.equal(body.store.events, Number(count));

  const made = spawnSync(binary, ['token', 'create', '--scope', 'ingest', '--data-dir', daemon.data], { encoding: 'utf8' });
  const token = made.stdout.trim();
  let refused;
  do refused = simulate('--url', url, '--backfill', '1s', '--for', '1s');
  while (refused.status === 0); // the daemon looks for new tokens once a second
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /answers 401/);
  assert.equal(simulate('--url', url, '--backfill', '1s', '--for', '1s', '--token', token).status, 0);
  await daemon.stop();
});

test('what cannot be done is one line and a code', () => {
  for (const [flags, code, reason] of [
    [['--seed', 'x'], 2, /--seed takes a number/],
    [['--seed'], 2, /--seed takes a value/],
    [['--start', 'soon'], 2, /--start takes a time/],
    [['--backfill', '-1s'], 2, /--backfill takes a duration/],
    [['--for', 'ever'], 2, /--for takes a duration/],
    [['--sed', '1'], 2, /unknown setting 'sed'/],
  ]) {
    const result = simulate(...flags);
    assert.equal(result.status, code, result.stderr);
    assert.match(result.stderr, reason);
    assert.equal(result.stderr.trim().split('\n').length, 1);
  }
  assert.match(simulate('--help').stdout, /^usage: traversiond simulate/);
});
