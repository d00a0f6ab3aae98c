// SPDX-License-Identifier: Apache-2.0
// A disk that fills up for real: posts get 503, reads go on, and writing resumes when there is room again.
// The disk is a tmpfs in a mount namespace of the test's own; where that is not allowed the test is skipped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const inside = process.env.TRAVERSION_FULL_DISK;

async function fillAndFree(folder) {
  const { startDaemon } = await import('../lib/daemon.mjs');
  const { eventually } = await import('../lib/eventually.mjs');
  const ballast = join(folder, 'ballast');
  const data = join(folder, 'data');
  let number = 0, acknowledged = 0;
  const post = async (daemon) => {
    // Texts that no codec makes small.
    const lines = Array.from({ length: 200 }, () => ({
      id: `e${number++}`, service: 'shop', type: 'log', message: Array.from({ length: 40 }, () => Math.random().toString(36)).join(''),
    }));
    const answer = await daemon.post(lines);
    if (answer.status === 200) acknowledged += answer.body.accepted;
    return answer;
  };
  for (const reserve of ['1', '4MiB']) {
    writeFileSync(ballast, Buffer.alloc(24 << 20));
    let daemon = await startDaemon({ data, flags: ['--disk-reserve', reserve] });
    let answer = await post(daemon);
    for (let i = 0; answer.status === 200 && i < 2000; i++) answer = await post(daemon);
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get('retry-after'), /^\d+$/);
    assert.equal(answer.body.error.code, 'storage_full');
    const state = await daemon.query("SELECT count(*) IN LAST 1h");
    assert.equal(state.rows[0][0], acknowledged, 'reads go on');
    assert.equal((await daemon.fetch('/readyz')).status, 503);
    assert.equal((await daemon.fetch('/api/v1/status')).body.store.readOnly, true);
    unlinkSync(ballast);
    await eventually(async () => assert.equal((await post(daemon)).status, 200));
    assert.equal((await daemon.fetch('/readyz')).status, 200);
    await daemon.kill();
    daemon = await startDaemon({ data });
    assert.equal((await daemon.query("SELECT count(*) IN LAST 1h")).rows[0][0], acknowledged);
    await daemon.stop();
  }
}

if (inside) {
  test('a full disk', { timeout: 120000 }, () => fillAndFree(inside));
} else {
  test('a full disk refuses events, loses none, and takes them again when there is room', { timeout: 150000 }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'traversion-full-'));
    const script = 'mount -t tmpfs -o size=64m tmpfs "$1" || exit 77; shift; exec "$@"';
    const self = fileURLToPath(import.meta.url);
    const { status, stdout, stderr } = spawnSync('unshare',
      ['-rm', 'sh', '-c', script, 'sh', folder, process.execPath, self],
      { env: { ...process.env, TRAVERSION_FULL_DISK: folder, NODE_TEST_CONTEXT: '' }, encoding: 'utf8' });
    rmSync(folder, { recursive: true, force: true });
    if (status === 77 || /unshare failed|Operation not permitted/.test(stderr ?? '')) {
      t.skip(`no mount namespace here: ${stderr.trim()}`);
      return;
    }
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });
}
