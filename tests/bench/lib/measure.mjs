// SPDX-License-Identifier: Apache-2.0
// Clocks, processor time and memory of processes; events; a daemon under load.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../../lib/daemon.mjs';

const ticks = Number(execFileSync('getconf', ['CLK_TCK']));
const programs = join(process.env.TRAVERSION_BUILD, 'bench');
export const program = (name) => join(programs, name);

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const machine = () =>
  `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;

const stat = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ').map(Number);

/** Processor seconds of a process with all its children, living and waited for. */
export function processorSeconds(pid) {
  let sum = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const fields = stat(entry);
      if (Number(entry) === pid || fields[1] === pid) sum += (fields[11] + fields[12]) / ticks;
      if (Number(entry) === pid) sum += (fields[13] + fields[14]) / ticks;
    } catch {
      // It ended meanwhile: its parent has its time.
    }
  }
  return sum;
}

/** Processor seconds of the commands that this process has run and waited for. */
export function childrenSeconds() {
  const fields = stat('self');
  return (fields[13] + fields[14]) / ticks;
}

/** Milliseconds of processor that the threads of a process have had; finer than its ticks. */
export function threadsMs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e6;
}

export const peakMiB = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

/** Folders for one run: `disk` on a real file system, `memory` where input costs no disk. */
export function workplace() {
  const disk = mkdtempSync(join(tmpdir(), 'traversion-bench-'));
  const memory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'traversion-bench-'));
  return {
    disk, memory,
    remove: () => [disk, memory].forEach((path) => rmSync(path, { recursive: true, force: true })),
  };
}

/** Writes `count` events of a stream into `path`, leaving out as many at its front. */
export function writeEvents(path, count, { shape = 'even', perSecond = 4000, skip = 0 } = {}) {
  const out = openSync(path, 'w');
  const made = spawnSync(program('events'), [count, 1, shape, perSecond, skip].map(String), { stdio: ['ignore', out, 'inherit'] });
  closeSync(out);
  if (made.status !== 0) throw new Error(`cannot write events into '${path}'`);
  return path;
}

/** Posts a file; the answer of tests/bench/load.c. */
export const post = (port, file, eventsPerPost, connections) =>
  JSON.parse(execFileSync(program('load'), [port, file, eventsPerPost, connections].map(String), { encoding: 'utf8' }));

export const bareSync = (folder) => JSON.parse(execFileSync(program('disk'), [folder], { encoding: 'utf8' }));

/** Waits until nothing lies in level 0 and no segment was written for a while. */
export async function settle(daemon) {
  let before = '';
  for (let same = 0; same < 3; ) {
    await sleep(1500);
    const { store } = (await daemon.fetch('/api/v1/status')).body;
    const now = `${store.segments} ${store.level0Events}`;
    same = now === before && store.level0Events === 0 ? same + 1 : 0;
    before = now;
  }
  return (await daemon.fetch('/api/v1/status')).body.store;
}

/** A daemon whose data lies in the workplace, without the doors that are not measured. */
export const start = (place, flags = []) =>
  startDaemon({ data: mkdtempSync(join(place.disk, 'data-')), flags: ['--retention', '36500d', '--max-disk', '1TiB', ...flags] });

/** Stops it, which moves the log into the file, and deletes its data; returns the file's bytes. */
export async function finish(daemon) {
  await daemon.stop();
  const { size } = statSync(join(daemon.data, 'traversion.db'));
  rmSync(daemon.data, { recursive: true, force: true });
  return size;
}

/** Milliseconds of each of the statements, asked one after the other over one connection. */
export async function ask(daemon, statements) {
  const times = [];
  for (const statement of statements) {
    const from = performance.now();
    await daemon.query(statement);
    times.push(performance.now() - from);
  }
  return times;
}
