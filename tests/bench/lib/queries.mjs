// SPDX-License-Identifier: Apache-2.0
// Questions among many events, each asked at many places of the stream, in turns with peers that hold the same.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as clickhouse from '../peers/clickhouse.mjs';
import * as duckdb from '../peers/duckdb.mjs';
import { ask, finish, median, peakMiB, post, settle, start, threadsMs, writeEvents } from './measure.mjs';
import { note, rate, times } from './table.mjs';

const ASKED = 15, PIECE = 2_000_000, CONNECTIONS = 8, PIXELS = 1000;
const ALL = "FROM '1970-01-01' TO '2100-01-01'";

/** A service that spoke once, before all others. */
export const quietEvent = [{ id: 'quiet-1', ts: 1724300000000000000, service: 'quiet', type: 'deploy', version: '1.0' }];

/** Where the stream begins and ends and some traces of it, noted while its pieces go by. */
export class Places {
  first = 0; last = 0; traces = [];
  add(file) {
    const lines = execFileSync('head', ['-n', '400', file], { encoding: 'utf8' }).split('\n').slice(0, 400);
    const last = JSON.parse(execFileSync('tail', ['-n', '1', file], { encoding: 'utf8' }));
    this.first ||= JSON.parse(lines[0]).ts;
    this.last = last.ts;
    for (let i = 0; i < lines.length; i += 100) this.traces.push(JSON.parse(lines[i]).traceId);
  }
  trace(i) { return this.traces[Math.floor((this.traces.length * (i + 0.5)) / ASKED)]; }
  time(i) { return Math.floor(this.first + ((this.last - this.first) * (i + 0.5)) / ASKED); }
  /** In whole seconds, and past ten of them in tens, as a page asks. */
  get step() {
    const seconds = (this.last - this.first) / PIXELS / 1e9, unit = seconds > 10 ? 10 : 1;
    return Math.ceil(seconds / unit) * unit * 1e9;
  }
}

/** Each question: what it must not exceed in milliseconds, and how each side says it. */
export const questions = (at) => ({
  'STATE AT t': { most: 10, ours: (i) => `STATE AT '${at.time(i)}'` },
  'last state of a quiet service': { most: 5, ours: (i) => `STATE AT '${at.time(i)}' WHERE service = 'quiet'` },
  'one trace': {
    most: 5,
    ours: (i) => `SELECT * ${ALL} WHERE traceId = '${at.trace(i)}'`,
    sql: (i) => `SELECT * FROM ev WHERE traceId = '${at.trace(i)}'`,
  },
  'one minute by service': {
    most: 10,
    ours: (i) => `SELECT service, count(*), sum(duration) FROM '${at.time(i)}' TO '${at.time(i) + 6e10}' GROUP BY service`,
    sql: (i) => `SELECT service, count(*), sum(durationNs) FROM ev WHERE ts BETWEEN ${at.time(i)} AND ${at.time(i) + 6e10} GROUP BY service`,
  },
  'count where cpu > 80': {
    beats: 'DuckDB, one thread',
    ours: () => `SELECT count(*) ${ALL} WHERE cpu > 80`,
    duck: () => 'SELECT count(*) FROM ev WHERE attrs.cpu > 80',
    click: () => 'SELECT count(*) FROM ev WHERE cpu > 80',
  },
  'timeline of all by 1,000 pixels': {
    most: 20,
    ours: () => `TIMELINE FROM '${at.first}' TO '${at.last}' EVERY ${at.step} ns`,
    duck: () => `SELECT ts // ${at.step}, count(*), count(*) FILTER (status = 'error') FROM ev GROUP BY 1`,
    click: () => `SELECT intDiv(ts, ${at.step}) AS t, count(*), countIf(status = 'error') FROM ev GROUP BY t`,
  },
});

/** Posts a stream piece by piece, also to the peers; returns its places and our rate. */
export async function fill(place, daemon, { from = 0, to, shape = 'even', perSecond = 4000, peers = [], at = new Places() }) {
  let seconds = 0;
  for (let skip = from; skip < to; skip += PIECE) {
    const count = Math.min(PIECE, to - skip);
    const nested = writeEvents(join(place.memory, 'piece.ndjson'), count, { shape, perSecond, skip });
    if (at) at.add(nested);
    seconds += post(daemon.port, nested, 1000, CONNECTIONS).seconds;
    if (peers.length) {
      const flat = writeEvents(join(place.memory, 'flat.ndjson'), count, { shape: 'flat', perSecond, skip });
      for (const peer of peers) await peer.load({ nested, flat, append: skip > 0 });
      rmSync(flat);
    }
    rmSync(nested);
  }
  return { at, perSecond: (to - from) / seconds };
}

/** Medians by question, one of each side's answers to every question in turn. */
export async function askAll(daemon, at, { duck, click, only } = {}) {
  const medians = {};
  for (const [name, question] of Object.entries(questions(at))) {
    if (only && !only.includes(name)) continue;
    const sides = [['ours', question.ours, (sql) => ask(daemon, [sql])]];
    if (duck && (question.duck ?? question.sql)) sides.push([duck.name, question.duck ?? question.sql, (sql) => duck.ask([sql])]);
    if (click && (question.click ?? question.sql)) sides.push([click.name, question.click ?? question.sql, (sql) => click.ask([sql])]);
    const taken = sides.map(() => []), before = threadsMs(daemon.child.pid);
    for (let i = 0; i < ASKED; i++)
      for (const s of i % 2 ? sides.keys() : [...sides.keys()].reverse()) taken[s].push((await sides[s][2](sides[s][1](i)))[0]);
    medians[name] = Object.fromEntries(sides.map(([side], s) => [side, median(taken[s])]));
    medians[name].slowest = Math.max(...taken[0]);
    medians[name].cpu = (threadsMs(daemon.child.pid) - before) / ASKED;
  }
  return medians;
}

function tell(medians, at, among) {
  for (const [name, figures] of Object.entries(medians)) {
    const { most, beats } = questions(at)[name];
    const others = Object.entries(figures).filter(([side]) => !['ours', 'slowest', 'cpu'].includes(side))
      .map(([side, ms]) => `; ${side.split(',')[0]} ${ms.toFixed(1)} ms, ${times(ms / figures.ours)}`).join('');
    note(`among ${among}: ${name}`, beats ? `faster than ${beats.split(',')[0]}` : `≤ ${most} ms`,
      `${figures.ours.toFixed(1)} ms (slowest ${figures.slowest.toFixed(1)}, ${figures.cpu.toFixed(1)} ms of processor)${others}`,
      beats ? (figures[beats] === undefined ? undefined : figures.ours < figures[beats]) : figures.ours <= most);
  }
}

export async function run(place, { events }) {
  const daemon = await start(place);
  const duck = await duckdb.open(place.disk), click = await clickhouse.open(place.disk);
  await daemon.post(quietEvent);
  const { at, perSecond } = await fill(place, daemon, { to: events, peers: [duck, click] });
  note(`rate while ${events / 1e6} M stream in`, '', rate(perSecond));
  await settle(daemon);
  tell(await askAll(daemon, at, { duck, click }), at, `${events / 1e6} M`);
  note('peak RSS of it', '≤ 400 MiB', `${peakMiB(daemon.child.pid).toFixed(0)} MiB`, peakMiB(daemon.child.pid) <= 400);
  const bytes = (await finish(daemon)) / events, theirs = (await click.bytes()) / events;
  note(`bytes an event among ${events / 1e6} M`, '≤ 0.6 × ClickHouse', `${bytes.toFixed(1)}; ClickHouse ${theirs.toFixed(1)}, DuckDB ${((await duck.bytes()) / events).toFixed(1)}`, bytes <= 0.6 * theirs);
  await duck.close();
  await click.close();
}

const TIMELINE = 'timeline of all by 1,000 pixels';

/** The same number of events over as long as 3.9 a second take: 10 million are a month. */
export async function month(place, { events }) {
  const daemon = await start(place), duck = await duckdb.open(place.disk);
  const { at } = await fill(place, daemon, { to: events, perSecond: 3.9, peers: [duck] });
  await settle(daemon);
  const days = ((at.last - at.first) / 864e11).toFixed(0);
  const medians = await askAll(daemon, at, { duck, only: [TIMELINE, 'STATE AT t', 'one minute by service'] });
  tell(medians, at, `${events / 1e6} M over ${days} days`);
  await duck.close();
  await finish(daemon);
}

/** 300 attribute names, 0 to 12 of them on each event: reported, for there must be no cliff. */
export async function ragged(place, { events }) {
  const daemon = await start(place), count = Math.min(events, 2_000_000);
  const { at, perSecond } = await fill(place, daemon, { to: count, shape: 'ragged' });
  await settle(daemon);
  note('ragged: POST of 1000', 'no cliff', `${rate(perSecond)}, peak ${peakMiB(daemon.child.pid).toFixed(0)} MiB`);
  const medians = await askAll(daemon, at, { only: ['STATE AT t', 'one trace', 'one minute by service'] });
  for (const [name, figures] of Object.entries(medians)) note(`ragged, ${count / 1e6} M: ${name}`, '', `${figures.ours.toFixed(1)} ms`);
  const rare = [];
  for (let i = 0; i < ASKED; i++) rare.push((await ask(daemon, [`SELECT count(*) ${ALL} WHERE app.k${4 * i} > 500000`]))[0]);
  note(`ragged, ${count / 1e6} M: count where app.k… > 500000`, '', `${median(rare).toFixed(1)} ms`);
  note('ragged: bytes an event', '', ((await finish(daemon)) / count).toFixed(1));
}
