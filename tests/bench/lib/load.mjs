// SPDX-License-Identifier: Apache-2.0
// POST of 1000 events beside bulk loads of the same lines, in turns; then bytes an event.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as clickhouse from '../peers/clickhouse.mjs';
import * as duckdb from '../peers/duckdb.mjs';
import * as postgresql from '../peers/postgresql.mjs';
import * as sqlite from '../peers/sqlite.mjs';
import { finish, median, peakMiB, post, processorSeconds, settle, start, writeEvents } from './measure.mjs';
import { note, rate, times } from './table.mjs';

const CONNECTIONS = 8;

async function ours(place, { nested }) {
  const daemon = await start(place);
  const before = processorSeconds(daemon.child.pid);
  const posted = post(daemon.port, nested, 1000, CONNECTIONS);
  await settle(daemon);
  const cpu = processorSeconds(daemon.child.pid) - before;
  const peak = peakMiB(daemon.child.pid);
  return { ...posted, cpu, peak, bytes: await finish(daemon) };
}

const ratioGoals = {
  'ClickHouse, bulk INSERT': { goal: '≥ 2 × (floor 1.3)', least: 1.3, bytes: '≤ 0.5 × (floor 0.6)', most: 0.6 },
  'DuckDB, one thread': { goal: '≥ 3 × (floor 1.7)', least: 1.7, bytes: '≤ 0.9 × (floor 1.0)', most: 1.0 },
  'PostgreSQL, COPY into jsonb': { goal: '≥ 10 ×', least: 10, bytes: '', most: Infinity },
  'sqlite3 .import': { goal: '', least: 0, bytes: '', most: Infinity },
};

export async function run(place, { load: count, rounds }) {
  const files = {
    nested: writeEvents(join(place.memory, 'nested.ndjson'), count),
    flat: writeEvents(join(place.memory, 'flat.ndjson'), count, { shape: 'flat' }),
  };
  const peers = [];
  for (const peer of [clickhouse, duckdb, postgresql, sqlite]) peers.push(await peer.open(place.disk));
  const sides = [{ name: 'ours', load: () => ours(place, files) }, ...peers.map((peer) => ({ name: peer.name, load: () => peer.load(files) }))];
  const results = new Map(sides.map((side) => [side.name, []]));
  for (let round = 0; round < rounds; round++) {
    // Every other round the other way round, so that no side always comes first.
    for (const side of round % 2 ? [...sides].reverse() : sides) {
      const result = await side.load();
      results.get(side.name).push(result);
      console.log(`  round ${round + 1}: ${side.name} ${result.seconds.toFixed(2)} s, ${result.cpu.toFixed(2)} s of processor`);
    }
  }
  const mine = results.get('ours'), middle = (list, key) => median(list.map((one) => one[key]));
  note('POST of 1000, durable', '', `${rate(count / middle(mine, 'seconds'))}, ${rate(count / middle(mine, 'cpu'))} per CPU second, compaction included`);
  note('peak RSS of it', '≤ 400 MiB', `${Math.max(...mine.map((one) => one.peak)).toFixed(0)} MiB`, Math.max(...mine.map((one) => one.peak)) <= 400);
  for (const peer of peers) {
    const list = results.get(peer.name), goals = ratioGoals[peer.name];
    const wall = median(list.map((one, i) => one.seconds / mine[i].seconds)), cpu = median(list.map((one, i) => one.cpu / mine[i].cpu));
    note(`against ${peer.name} ${peer.version}`, goals.goal, `${times(wall)} wall, ${times(cpu)} CPU (${rate(count / middle(list, 'seconds'))}, ${rate(count / middle(list, 'cpu'))} per CPU second)`,
      goals.goal ? wall >= goals.least : undefined);
  }
  const each = middle(mine, 'bytes') / count;
  note('bytes an event after compaction', '', each.toFixed(1));
  for (const peer of peers) {
    const theirs = (await peer.bytes()) / count, goals = ratioGoals[peer.name];
    note(`against ${peer.name}`, goals.bytes, `${times(each / theirs)} (${theirs.toFixed(1)})`, goals.bytes ? each / theirs <= goals.most : undefined);
    await peer.close();
  }
  Object.values(files).forEach((path) => rmSync(path));
}
