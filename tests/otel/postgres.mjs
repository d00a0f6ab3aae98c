// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL of its own: a fresh cluster in a scratch folder, on loopback, under a user that is not root (which the
// server refuses to be).
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const versions = '/usr/lib/postgresql';
const user = process.getuid() === 0 ? accountOf('postgres') : {};

function accountOf(name) {
  const [, , uid, gid] = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

const program = (name) => {
  const [version] = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return join(versions, version, 'bin', name);
};

export const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/** Starts a server; `sql` is run in it. {port, env: what clients need, stop(): at once, remove()}. */
export async function startPostgres(sql) {
  const folder = mkdtempSync(join(tmpdir(), 'traversion-pg-'));
  if (user.uid) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder, stdio: 'ignore', env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  execFileSync(program('initdb'), ['-D', data, '-U', 'shop', '--auth=trust', '--no-sync', '--no-instructions'], options);
  const port = await freePort();
  const env = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'shop', PGDATABASE: 'postgres' };
  const child = spawn(program('postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'], options);
  process.on('exit', () => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  for (let attempt = 0; ; attempt++) {
    try {
      execFileSync('psql', ['-qc', sql], { env: { ...env, PATH: process.env.PATH }, stdio: 'pipe' });
      break;
    } catch (error) {
      if (attempt === 200 || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    port,
    env,
    stop: () => { child.kill('SIGQUIT'); return ended; },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
