// SPDX-License-Identifier: Apache-2.0
// The same rows as JSON, NDJSON, CSV and table; and what budgets cut off is said.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';
import { atNow, events } from '../lib/shop.mjs';

let daemon;
before(async () => {
  daemon = await startDaemon();
  await daemon.post([...events(), { service: 'odd', type: 'log', message: 'a "quoted", text\nof two lines', n: 1e21, list: [1, 'x'] }]);
});
after(() => daemon.stop());

const ask = (body, accept = 'application/json') => daemon.fetch('/api/v1/query', { method: 'POST', body, headers: { accept } });

// RFC 4180, by the letter.
function parseCsv(text) {
  const rows = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    assert.ok(match, `no CSV at ${field.lastIndex}`);
    rows.at(-1).push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    if (match[3] === '\r\n') rows.push([]);
  }
  assert.deepEqual(rows.pop(), [], 'the last line ends');
  return rows;
}

// A JSON cell and the text that stands for it elsewhere.
function sameCell(value, text, absent) {
  if (value === null || value === undefined) return text === absent;
  if (typeof value === 'number') return Number(text) === value;
  if (typeof value === 'object') return JSON.stringify(JSON.parse(text)) === JSON.stringify(value);
  return text === String(value);
}

// What a table makes of a cell's text.
function tableText(value, text) {
  if (value === null || value === undefined) return '-';
  const visible = [...text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')];
  return visible.length > 60 ? `${visible.slice(0, 60).join('')}…` : visible.join('');
}

function checkTable(table, header, rows, texts) {
  const lines = table.split('\n');
  assert.deepEqual(lines[0].trim().split(/ {2,}/), header);
  rows.forEach((row, i) => {
    let at = 0;
    row.forEach((value, k) => {
      const wanted = tableText(value, texts[i][k]);
      const found = lines[i + 1].indexOf(wanted, at);
      assert.ok(found >= 0, `'${wanted}' behind ${at} of '${lines[i + 1]}'`);
      at = found + wanted.length;
    });
  });
  assert.match(lines[rows.length + 1], new RegExp(`^\\(${rows.length} rows?, `));
}

const rowsOf = {
  STATE: (a) => a.services, TIMELINE: (a) => a.events ?? a.buckets, TRAVERSE: (a) => a.events, COMPARE: (a) => a.changes.metrics,
};

test('rows under columns are equal cell by cell', async () => {
  for (const statement of [
    'SELECT * IN LAST 1h',
    "SELECT timestamp, service, duration AS d, message, list, n IN LAST 1h ORDER BY timestamp",
    'SELECT service, count(*), avg(duration), p95(duration), topk(name, 2), first(timestamp) IN LAST 1h GROUP BY service EVERY 1m',
    'SHOW services', 'SHOW fields', 'SHOW hosts IN LAST 1h', 'SHOW deploys IN LAST 1h',
    "DIFF WHERE status = 'error' AGAINST REST IN LAST 1h",
  ]) {
    const { columns, rows } = (await ask(statement)).body;
    assert.ok(rows.length > 0, statement);
    const header = columns.map((c) => c.name);
    const lines = (await ask(statement, 'application/x-ndjson')).text.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(lines, rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]]))), statement);
    const csv = parseCsv((await ask(statement, 'text/csv')).text);
    assert.deepEqual(csv[0], header, statement);
    assert.equal(csv.length - 1, rows.length, statement);
    rows.forEach((row, i) => row.forEach((value, k) => {
      assert.ok(sameCell(value, csv[i + 1][k], ''), `${statement}: row ${i}, ${header[k]}: ${value} and ${csv[i + 1][k]}`);
    }));
    checkTable((await ask(statement, 'text/plain')).text, header, rows, csv.slice(1));
  }
});

test('other lists have the same items', async () => {
  for (const statement of [
    "STATE AT '2024-01-15 15:49:30'", "TIMELINE FROM '2024-01-15 15:00:00' TO '2024-01-15 15:49:30'", "TIMELINE FROM '2024-01-15 15:40' TO '2024-01-15 15:49' EVERY 1m", 'TRAVERSE FROM err-12 FOLLOWING both',
    "COMPARE '2024-01-15 15:47:00' WITH '2024-01-15 15:49:30'",
  ].map(atNow)) {
    const { body } = await ask(statement);
    const items = rowsOf[body.type](body);
    assert.ok(items.length > 0, statement);
    const lines = (await ask(statement, 'application/x-ndjson')).text.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(lines, items, statement);
    const [header, ...csv] = parseCsv((await ask(statement, 'text/csv')).text);
    assert.equal(csv.length, items.length, statement);
    items.forEach((item, i) => header.forEach((name, k) => {
      const value = name in (item.latency ?? {}) ? item.latency[name] : Array.isArray(item[name]) && name === 'instances' ? item[name].length : item[name];
      const shown = name === 'receivedAt' || name in item || value !== undefined;
      if (shown && name !== 'receivedAt') assert.ok(sameCell(value, csv[i][k], ''), `${statement}: ${name}: ${JSON.stringify(value)} and ${csv[i][k]}`);
    }));
    const table = (await ask(statement, 'text/plain')).text.split('\n');
    assert.match(table[items.length + 1], new RegExp(`^\\(${items.length} rows?, `), statement);
  }
});

test('what budgets cut off is said, and why', async () => {
  const folder = dataFolder();
  const text = 'SELECT service, count(*), max(message) IN LAST 1d GROUP BY service';
  let big = await startDaemon({ data: folder.path });
  const query = (document) => big.fetch('/api/v1/query', { method: 'POST', body: JSON.stringify(document) });
  // Nothing is in memory after a start.
  const cold = async (document) => {
    await big.stop();
    big = await startDaemon({ data: folder.path });
    return (await query({ query: text, ...document })).body;
  };
  const hours = (i) => new Date(Date.now() - (1 + (i % 3)) * 3600000).toISOString();
  await big.post(Array.from({ length: 9000 }, (_, i) => ({ service: `s${i % 7}`, type: 'log', timestamp: hours(i), message: `message ${i * 7919}` })));
  await eventually(async () => assert.equal((await big.fetch('/api/v1/status')).body.store.level0Events, 0));
  const whole = await cold({});
  assert.equal(whole.truncated, false);
  assert.ok(whole.scanned.segments > 1);
  const cut = await cold({ maxBytes: 1000 });
  assert.deepEqual([cut.truncated, cut.scanned.segments], [true, 1]);
  assert.match(cut.warnings.join(), /1000 bytes of maxBytes/);
  assert.ok(cut.scanned.bytes < whole.scanned.bytes && cut.rows[0][1] < whole.rows[0][1]);
  const enough = await cold({ maxBytes: whole.scanned.bytes + 1 });
  assert.deepEqual([enough.rows, enough.truncated], [whole.rows, false]);
  const few = (await query({ query: 'SELECT message IN LAST 1d', maxRows: 3 })).body;
  assert.deepEqual([few.rows.length, few.truncated, few.warnings.length], [3, true, 1]);
  for (const wrong of [{ maxBytes: 0 }, { maxBytes: 'x' }, { maxRows: -1 }, { timeoutMs: null }]) {
    assert.equal((await query({ query: 'SHOW services', ...wrong })).status, 400);
  }
  await big.stop();
  folder.remove();
});

test('parameters stand wherever a value, time, duration, count or reference may', async () => {
  const document = {
    query: 'TIMELINE FROM $from TO $to WHERE service IN ($list) AND duration > $d AND status = $ok AND error_occurred = $no AND http.status_code < $n LIMIT $limit',
    params: { from: atNow("'2024-01-15 15:40'").slice(1, -1), to: 'now', list: ['orders', 'api-gateway'], d: '10ms', ok: 'ok', no: false, n: 300, limit: 2 },
  };
  const { body } = await ask(JSON.stringify(document));
  assert.equal(body.events?.length, 2, JSON.stringify(body.error));
  for (const [query, params] of [
    ['TRAVERSE FROM $id FOLLOWING both DEPTH $deep', { id: 'err-12', deep: 2 }],
    ['TRAVERSE FROM trace_id = $id FOLLOWING both', { id: '00000000000000000000000000abc00c' }],
    ['STATE AT $t OVER $over AS OF $seen', { t: 'now', over: '2m', seen: 'now' }],
    ['COMPARE $a TO $b WITH $b TO $c FOR cpu WHERE errorRate >= $r', { a: '10 minutes ago', b: '5 minutes ago', c: 'now', r: '0%' }],
    ['SELECT topk(name, $k) IN LAST $w EVERY $e', { k: 2, w: '10m', e: '1m' }],
    ['DIFF WHERE status = $s AGAINST WHERE status = $o IN LAST $w LIMIT $n', { s: 'error', o: 'ok', w: '1h', n: 3 }],
  ]) {
    const answer = await ask(JSON.stringify({ query, params }));
    assert.equal(answer.status, 200, `${query}: ${JSON.stringify(answer.body.error)}`);
  }
  const missing = await ask(JSON.stringify({ query: 'SELECT n WHERE n > $x', params: {} }));
  assert.match(missing.body.error.message, /there is no parameter 'x'/);
});
