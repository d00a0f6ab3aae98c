// SPDX-License-Identifier: Apache-2.0
// Each acknowledgement waited for the disk: strace counts the fdatasync calls of a release daemon (the leak
// checker of a sanitizer build cannot live under strace) while one client posts one event after the other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../lib/eventually.mjs';

const posts = 50;

test(`${posts} acknowledgements one after the other waited for at least as many syncs`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'traversion-test-'));
  const trace = join(folder, 'trace');
  const daemon = spawn('strace', ['-f', '-o', trace, '-e', 'trace=fdatasync,fsync', process.env.TRAVERSION_RELEASE_DAEMON,
    '--data-dir', join(folder, 'data'), '--listen', '127.0.0.1:0', '--udp-listen', 'off'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  daemon.stderr.on('data', (bytes) => (log += bytes));
  const url = await eventually(() => {
    const line = /msg=listening http=(\S+)/.exec(log);
    assert.ok(line, log);
    return `http://${line[1]}`;
  });
  const syncs = () => (readFileSync(trace, 'utf8').match(/f(data)?sync\(\d+\)\s+= 0|<\.\.\. f(data)?sync resumed>\)\s+= 0/g) ?? []).length;
  const before = syncs();
  for (let i = 0; i < posts; i++) {
    const had = syncs();
    const answer = await fetch(`${url}/api/v1/events`, { method: 'POST', body: JSON.stringify({ service: 'a', type: 'log', n: i }) });
    assert.equal(answer.status, 200);
    await answer.text();
    assert.ok(syncs() > had, `post ${i} was answered without a sync`);
  }
  console.log(`${posts} posts, ${syncs() - before} syncs`);
  // strace passes no signal on: the daemon is its child.
  const pid = Number(readFileSync(trace, 'utf8').match(/^(\d+)/m)[1]);
  process.kill(pid, 'SIGTERM');
  await new Promise((resolve) => daemon.on('exit', resolve));
  rmSync(folder, { recursive: true, force: true });
});
