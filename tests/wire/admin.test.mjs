// SPDX-License-Identifier: Apache-2.0
// check, backup, export and import beside running daemons, and the commands of docs/operations.md.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';

const source = process.env.TRAVERSION_SOURCE ?? join(import.meta.dirname, '../..');
const everything = "FROM '1970-01-01' TO '2200-01-01'";
let daemon, folder;

before(async () => {
  folder = dataFolder();
  daemon = await startDaemon();
});
after(async () => {
  await daemon.stop();
  folder.remove();
});

/** Runs a command; standard input may be given. */
function run(args, { input, env = {} } = {}) {
  const done = spawnSync(binary, args, { input, env: { ...process.env, ...env }, maxBuffer: 1 << 30 });
  return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString(), bytes: done.stdout };
}

/** The same while this process goes on. */
function runBeside(args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (bytes) => (text += bytes));
  child.stderr.on('data', (bytes) => (text += bytes));
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, text })));
}

async function counts(of) {
  const answer = await of.query(`SELECT count(*) ${everything} GROUP BY service, type LIMIT 10000`);
  return answer.rows.map((row) => JSON.stringify(row)).sort();
}

const total = async (of) => (await of.query(`SELECT count(*) ${everything}`)).rows[0]?.[0] ?? 0;
const linesOf = (text) => text.split('\n').filter(Boolean);

/** Events of every kind of value that an export must not bend. */
const odd = [
  '{"eventId":"odd-1","ts":"2024-03-01T00:00:00.123456789Z","service":"odd","type":"log","message":"ä \\"q\\"\\n\\u0001","level":"WARN"}',
  '{"eventId":"odd-2","ts":"2024-03-01T00:00:01Z","service":"odd","attributes":{"i":9007199254740993,"f":2.0,"e":1e300,"t":true,"n":-0.5,"s":"7"}}',
  '{"eventId":"odd-3","ts":"2024-03-01T00:00:01Z","service":"odd","causedBy":["odd-1","odd-2"],"attributes":{"list":[1,"two",{"three":3.0}],"service":"inner","deep":{"er":1}}}',
  '{"eventId":"odd-4","ts":"2024-03-01T00:00:02Z","service":"odd","instance":"p","host":"h","type":"span","name":"GET /","traceId":"4BF92F3577B34DA6A3CE929D0E0E4736","spanId":"00f067aa0ba902b7","parentSpanId":"not hex at all","kind":"server","durationMs":1.5,"status":"error"}',
  '{"eventId":"odd-5","ts":"2024-03-01T00:00:03Z","service":"odd","type":"metric","unit":"1","metricKind":"gauge","attributes":{"cpu":0.25,"password":"hunter2","authorization":"Bearer abc"}}',
];

test('what a simulated system sent is the same after export and import', async () => {
  const simulated = run(['simulate', '--stdout', '--seed', '11', '--start', '2024-02-01T00:00:00Z', '--backfill', '3m']);
  assert.equal(simulated.code, 0, simulated.err);
  const first = run(['import', '-', '--url', daemon.url], { input: simulated.out + odd.join('\n') });
  assert.equal(first.code, 0, first.err);
  const sent = linesOf(simulated.out).length + odd.length;
  assert.match(first.out, new RegExp(`^${sent} accepted, 0 rejected`));
  assert.equal(await total(daemon), sent);

  const file = join(folder.path, 'all.ndjson.zst');
  const exported = run(['export', '--zstd', '--output', file, '--data-dir', daemon.data]);
  assert.equal(exported.code, 0, exported.err);
  assert.equal(readFileSync(file).subarray(0, 4).toString('hex'), '28b52ffd');
  const plain = run(['export', '--data-dir', daemon.data]);
  const lines = linesOf(plain.out);
  assert.equal(lines.length, sent);
  const times = lines.map((line) => JSON.parse(line).timestamp);
  assert.deepEqual(times, [...times].sort(), 'by time');
  assert.ok(!plain.out.includes('hunter2') && !plain.out.includes('Bearer abc'));

  const other = await startDaemon();
  for (let i = 0; i < 2; i++) {
    const imported = run(['import', file, '--url', other.url]);
    assert.equal(imported.code, 0, imported.err);
    assert.match(imported.out, new RegExp(`^${sent} accepted, 0 rejected`));
  }
  assert.equal(await total(other), sent, 'a repeated import counts once');
  assert.deepEqual(await counts(other), await counts(daemon));
  const again = run(['export', '--data-dir', other.data]);
  const sorted = (all) => all.map((line) => canonical(line)).sort();
  assert.deepEqual(sorted(linesOf(again.out)), sorted(lines));
  await other.stop();
});

/** A line with its attributes in the order of their names; numbers keep the form they have. */
function canonical(line) {
  const token = /"(?:[^"\\]|\\.)*"|-?\d[^,}\]]*/g;
  const event = JSON.parse(line.replaceAll(token, (text) => (text[0] === '"' ? text : `"#${text}"`)));
  const attributes = Object.fromEntries(Object.entries(event.attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ ...event, attributes });
}

test('an export keeps the types of attributes', () => {
  const line = run(['export', '--where', "eventId = 'odd-2'", '--data-dir', daemon.data]).out;
  assert.match(line, /"i":9007199254740993[,}]/);
  assert.match(line, /"f":2\.0[,}]/);
  assert.match(line, /"s":"7"/);
  const nested = JSON.parse(run(['export', '--where', "eventId = 'odd-3'", '--data-dir', daemon.data]).out);
  assert.deepEqual(nested.causedBy, ['odd-1', 'odd-2']);
  assert.deepEqual(nested.attributes, { list: [1, 'two', { three: 3 }], service: 'inner', 'deep.er': 1 });
});

test('a window holds its start and not its end', () => {
  const args = ['export', '--data-dir', daemon.data, '--where', "service = 'odd'", '--from', '2024-03-01T00:00:01Z'];
  assert.equal(linesOf(run([...args, '--to', '2024-03-01T00:00:03Z']).out).length, 3);
  assert.equal(linesOf(run(args).out).length, 4);
});

test('rejected lines are named by their number', () => {
  const good = '{"service":"lines","ts":"2024-03-02T00:00:00Z"}';
  const text = [good, '', 'no json', good, '{"type":"log"}', '{"service":"lines","ts":"soon"}', '[1]', good].join('\n');
  const answer = run(['import', '-', '--url', daemon.url], { input: text });
  assert.equal(answer.code, 1);
  assert.match(answer.out, /^3 accepted, 4 rejected/);
  for (const number of [3, 5, 6, 7]) assert.match(answer.err, new RegExp(`^line ${number}: `, 'm'));
});

test('an import says what it cannot do', () => {
  assert.equal(run(['import']).code, 2);
  assert.equal(run(['import', join(folder.path, 'absent')]).code, 1);
  const cut = join(folder.path, 'cut.zst');
  writeFileSync(cut, readFileSync(join(folder.path, 'all.ndjson.zst')).subarray(0, 5000));
  const answer = run(['import', cut, '--url', daemon.url]);
  assert.equal(answer.code, 1);
  assert.match(answer.err, /cut off/);
});

test('a backup made under load is sound and serves', async () => {
  let posting = true, posted = 0;
  const load = (async () => {
    for (let i = 0; posting; i++) {
      const events = Array.from({ length: 500 }, (_, k) => ({ service: 'load', type: 'log', message: `m ${i} ${k}` }));
      assert.equal((await daemon.post(events)).status, 200);
      posted += 500;
    }
  })();
  while (posted < 5000) await new Promise((resolve) => setTimeout(resolve, 20));
  const before = posted;
  const copies = join(folder.path, 'copy');
  mkdirSync(copies);
  const file = join(copies, 'traversion.db');
  const made = await runBeside(['backup', file, '--data-dir', daemon.data]);
  const after = posted + 500;
  assert.equal(made.code, 0, made.text);
  const live = await runBeside(['check', '--data-dir', daemon.data]);
  posting = false;
  await load;
  assert.equal(live.code, 0, live.text);
  assert.match(live.text, /events, \d+ bytes: 0 problems\n$/);
  assert.ok(!existsSync(`${file}.tmp`));
  assert.equal(run(['backup', file, '--data-dir', daemon.data]).code, 1, 'never replaced');
  const checked = run(['check', '--file', file]);
  assert.equal(checked.code, 0, checked.out);
  const copy = await startDaemon({ data: copies });
  const loaded = (await copy.query(`SELECT count(*) ${everything} WHERE service = 'load'`)).rows[0][0];
  assert.ok(loaded >= before && loaded <= after, `${before} <= ${loaded} <= ${after}`);
  await copy.stop();
});

test('a backup that is killed leaves no file of its name', async () => {
  const file = join(folder.path, 'killed.db');
  const child = spawn(binary, ['backup', file, '--data-dir', daemon.data], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  while (!existsSync(`${file}.tmp`) && !existsSync(file) && child.exitCode === null)
    await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  await ended;
  if (existsSync(file)) renameSync(file, `${file}.tmp`); // it was faster
  const again = run(['backup', file, '--data-dir', daemon.data]);
  assert.equal(again.code, 0, again.err);
  assert.equal(run(['check', '--file', file]).code, 0);
});

test('a check of a damaged file names the segment and ends with 1', async () => {
  const own = dataFolder();
  const events = Array.from({ length: 2000 }, (_, i) => ({ service: 'whole', message: `a message of some length ${i}` }));
  assert.equal((await daemon.post(events)).status, 200);
  const file = join(own.path, 'traversion.db');
  assert.equal(run(['backup', file, '--data-dir', daemon.data]).code, 0);
  const bytes = readFileSync(file);
  // Some pages are free: a byte of each of the others is one of something.
  for (let at = 16384 + 9000; at < bytes.length; at += 16384) bytes[at] ^= 0x55;
  writeFileSync(file, bytes);
  const answer = run(['check', '--data-dir', own.path]);
  assert.equal(answer.code, 1, answer.out);
  assert.match(answer.out, /^(segment|commit) \d+[,:].*the checksum does not match$/m);
  assert.match(answer.out, /: [1-9]\d* problems?\n$/);
  own.remove();
});

test('the commands of docs/operations.md run as they stand', () => {
  const text = readFileSync(join(source, 'docs/operations.md'), 'utf8');
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1]);
  assert.ok(blocks.length >= 5);
  const place = dataFolder();
  symlinkSync(binary, join(place.path, 'traversiond'));
  const done = spawnSync('sh', ['-e', '-c', blocks.join('\n')], {
    cwd: place.path,
    env: {
      ...process.env,
      PATH: `${place.path}:${dirname(process.execPath)}:${process.env.PATH}`,
      TRAVERSIOND_DATA_DIR: daemon.data,
      TRAVERSIOND_LISTEN: new URL(daemon.url).host,
    },
  });
  assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
  place.remove();
});
