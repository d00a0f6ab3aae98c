// SPDX-License-Identifier: Apache-2.0
// PostgreSQL of Debian in a cluster of its own, fsync on: COPY into jsonb with three indexes.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { processorSeconds, sleep } from '../lib/measure.mjs';

const folders = '/usr/lib/postgresql';

/** As the user postgres where we are root: it refuses to run as that. */
const as = (command, args) => (process.getuid() === 0 ? ['runuser', ['-u', 'postgres', '--', command, ...args]] : [command, args]);
const run = (command, args, options = {}) => execFileSync(...as(command, args), { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...options });

export async function open(folder) {
  const programs = join(folders, readdirSync(folders).sort().pop(), 'bin');
  const home = join(folder, 'postgresql'), data = join(home, 'data');
  mkdirSync(home);
  chmodSync(folder, 0o711);
  if (process.getuid() === 0) execFileSync('chown', ['postgres', home]);
  run(join(programs, 'initdb'), ['-D', data, '-U', 'bench', '--auth=trust'], { cwd: '/' });
  const child = spawn(...as(join(programs, 'postgres'), ['-D', data, '-k', home, '-c', 'listen_addresses=']), { cwd: '/', stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGTERM'));
  const sql = (text) => run(join(programs, 'psql'), ['-h', home, '-U', 'bench', '-d', 'postgres', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', text], { cwd: '/' }).trim();
  let server = 0;
  for (let i = 0; i < 100 && !server; i++) {
    try {
      server = Number(execFileSync('head', ['-n', '1', join(data, 'postmaster.pid')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      sql('SELECT 1');
    } catch {
      server = 0;
      await sleep(200);
    }
  }
  return {
    name: 'PostgreSQL, COPY into jsonb', version: sql('SHOW server_version').split(' ')[0],
    async load({ nested }) {
      sql('DROP TABLE IF EXISTS ev; CREATE TABLE ev(j jsonb)');
      sql(`CREATE INDEX a ON ev(((j->>'ts')::bigint)); CREATE INDEX b ON ev((j->>'traceId'));
        CREATE INDEX c ON ev((j->>'service'), ((j->>'ts')::bigint))`);
      const before = processorSeconds(server), from = performance.now();
      // The file may lie where that user cannot look, so it is opened here.
      const input = openSync(nested, 'r');
      run(join(programs, 'psql'), ['-h', home, '-U', 'bench', '-d', 'postgres', '-q', '-v', 'ON_ERROR_STOP=1', '-c', 'COPY ev FROM STDIN'], { cwd: '/', stdio: [input, 'pipe', 'pipe'] });
      closeSync(input);
      const seconds = (performance.now() - from) / 1e3;
      await sleep(500); // The process that served is counted once its parent has noticed its end.
      return { seconds, cpu: processorSeconds(server) - before };
    },
    async bytes() {
      sql('VACUUM ev');
      return Number(sql("SELECT pg_total_relation_size('ev')"));
    },
    async close() {
      process.kill(server, 'SIGINT');
      await new Promise((resolve) => child.on('exit', resolve));
      rmSync(home, { recursive: true, force: true });
    },
  };
}
