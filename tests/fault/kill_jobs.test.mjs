// SPDX-License-Identifier: Apache-2.0
// kill -9 while maintenance works: compaction, merging, retention, an erasure and a backup at once. After each start what was
// acknowledged is there once, what was erased is gone, and at the end the file is whole. ROUNDS says how often (4).
// A second daemon on the folder is refused meanwhile, and the first goes on.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const rounds = Number(process.env.ROUNDS ?? 4);
const everything = "FROM '1970-01-01' TO '2200-01-01'";

let seed = 7;
const random = () => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32);

/** Events over many days, so that a flush makes several segments and cold ones merge. */
function batch(round, part) {
  return Array.from({ length: 400 }, (_, i) => ({
    id: `${round}-${part}-${i}`, service: i % 20 === 19 ? 'noise' : 'shop', type: 'log', ts: 1700000000000 + (i % 9) * 86400000 + i,
    round, user: i % 10 === 3 ? `u${round}` : 'other', text: Array.from({ length: 8 }, () => random().toString(36)).join(''),
  }));
}

const count = async (daemon, where) =>
  (await daemon.query(`SELECT count(*), distinct(eventId) ${everything} WHERE ${where}`)).rows[0] ?? [0, 0];

test(`${rounds} kills amid maintenance lose nothing, double nothing and leave the file whole`, { timeout: 60000 + rounds * 40000 }, async () => {
  const folder = dataFolder();
  const start = () => startDaemon({ data: folder.path, flags: ['--retention-for', 'noise=1s'] });
  const backups = [];
  let daemon = await start();
  for (let round = 0; round < rounds; round++) {
    const parts = 3 + Math.floor(random() * 4);
    for (let part = 0; part < parts; part++) {
      const answer = await daemon.post(batch(round, part));
      assert.deepEqual([answer.status, answer.body.accepted], [200, 400]);
    }
    // An erasure compacts what it is about, whatever its age; what has expired goes on the way.
    const erasing = daemon.fetch(`/api/v1/events?where=${encodeURIComponent(`user = 'u${round}'`)}`, { method: 'DELETE' }).catch(() => null);
    const copy = join(folder.path, `copy-${round}.db`);
    const backup = spawn(binary, ['backup', copy, '--data-dir', folder.path], { stdio: 'ignore' });
    backups.push(copy);
    await new Promise((resolve) => setTimeout(resolve, random() * 250));
    backup.kill('SIGKILL');
    await daemon.kill();
    const answer = await erasing;
    daemon = await start();
    for (let past = 0; past <= round; past++) {
      const [stored, distinct] = await count(daemon, `round = ${past} AND user = 'other' AND service = 'shop'`);
      assert.equal(stored, distinct, 'nothing is there twice');
      assert.equal(stored % 340, 0, 'parts are whole');
      assert.ok(stored > 0);
    }
    assert.equal((await count(daemon, `round = ${round} AND user = 'other' AND service = 'shop'`))[0], parts * 340);
    // Whether it had been recorded is a race; if it had not, its client knows and asks again.
    if (!answer) await daemon.fetch(`/api/v1/events?where=${encodeURIComponent(`user = 'u${round}'`)}`, { method: 'DELETE' });
    await eventually(async () => assert.equal((await count(daemon, `user = 'u${round}'`))[0], 0));
  }
  const second = spawnSync(binary, ['--data-dir', folder.path, '--listen', '127.0.0.1:0', '--otlp-listen', 'off', '--udp-listen', 'off',
    '--syslog-listen', 'off'], { encoding: 'utf8', timeout: 30000 });
  assert.notEqual(second.status, 0);
  assert.match(second.stderr, /another daemon uses the data folder/);
  assert.ok(second.stderr.includes(folder.path));
  assert.equal((await daemon.post(batch(rounds, 0))).status, 200, 'the first goes on');
  await daemon.stop();
  const check = (...flags) => spawnSync(binary, ['check', ...flags], { encoding: 'utf8' });
  const whole = check('--data-dir', folder.path);
  assert.match(whole.stdout, / 0 problems/);
  const copies = backups.filter((path) => existsSync(path));
  for (const path of copies) assert.match(check('--file', path).stdout, / 0 problems/);
  console.log(`rounds ${rounds}, backups that were done before the kill ${copies.length}; ${whole.stdout.trim()}`);
  folder.remove();
});
