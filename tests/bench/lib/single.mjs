// SPDX-License-Identifier: Apache-2.0
// POST of one event: the answer waits for the disk, so a bare fdatasync of the same run is the measure.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bareSync, finish, median, post, program, start, writeEvents } from './measure.mjs';
import { note, rate, times } from './table.mjs';

const EVENTS = { 1: 500, 64: 20000, 256: 40000 };

async function startWithoutStore() {
  const child = spawn(program('nostore'), { stdio: ['ignore', 'pipe', 'inherit'] });
  const [bytes] = await once(child.stdout, 'data');
  return { port: Number(bytes), stop: async () => (child.kill('SIGTERM'), once(child, 'exit')) };
}

export async function run(place, { rounds }) {
  const daemon = await start(place), bare = await startWithoutStore();
  const results = { sync: [], 1: [], 64: [], 256: [], without64: [], without256: [] };
  let skip = 0;
  for (let round = 0; round < rounds; round++) {
    results.sync.push(bareSync(place.disk).p50Ms);
    for (const connections of [1, 64, 256]) {
      // Fresh events each time: a repeated one is a duplicate and costs a look-up.
      const file = writeEvents(join(place.memory, 'single.ndjson'), EVENTS[connections], { skip });
      skip += EVENTS[connections];
      const result = post(daemon.port, file, 1, connections);
      results[connections].push(connections === 1 ? result.p50Ms : result.events / result.seconds);
      if (connections === 1) continue;
      const without = post(bare.port, file, 1, connections);
      results[`without${connections}`].push(without.events / without.seconds);
    }
    results.sync.push(bareSync(place.disk).p50Ms);
  }
  const sync = median(results.sync);
  note('bare fdatasync of 16 KiB, p50', '', `${sync.toFixed(2)} ms`);
  note('POST of 1, one connection, p50', '≤ 1.5 × fdatasync', `${median(results[1]).toFixed(2)} ms, ${times(median(results[1]) / sync)}`, median(results[1]) <= 1.5 * sync);
  for (const connections of [64, 256]) {
    const acks = median(results[connections]), without = median(results[`without${connections}`]);
    const goal = Math.min(0.45 * connections * 1e3 / sync, 0.8 * without);
    note(`POST of 1, ${connections} connections`, `≥ 0.45 × ${connections} ÷ fdatasync = ${rate(0.45 * connections * 1e3 / sync)}, or 0.8 × without a store`,
      `${rate(acks)}, ${(acks * sync / 1e3 / connections).toFixed(2)} × ${connections} ÷ fdatasync, ${times(acks / without)} of ${rate(without)} without a store`, acks >= goal);
  }
  await bare.stop();
  await finish(daemon);
  rmSync(join(place.memory, 'single.ndjson'));
}
