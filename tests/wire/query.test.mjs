// SPDX-License-Identifier: Apache-2.0
// Queries over HTTP: errors for terminals, places of errors, what is refused, damage and a lost folder are told.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

let daemon;
before(async () => {
  daemon = await startDaemon();
});
after(() => daemon.stop());

const ask = (body, headers = {}) => daemon.fetch('/api/v1/query', { method: 'POST', body, headers });
const ever = "FROM '1970-01-01' TO '2200-01-01'";

test('a terminal sees the statement with a caret', async () => {
  const { status, text, headers } = await ask("STATE AT 'now'\nWHER service = 1", { accept: 'text/plain' });
  assert.equal(status, 400);
  assert.match(headers.get('content-type'), /^text\/plain/);
  assert.match(text, /^error: unexpected 'WHER' \(line 2, column 1\)\n\n {4}WHER service = 1\n {4}\^\n/);
  assert.match(text, /\nexpected: .*WHERE/);
  assert.match(text, /\nhint: did you mean WHERE\?\n$/);
});

test('FORMAT table makes an error of the run text too', async () => {
  const { status, text } = await ask('TRAVERSE FROM nothing FOLLOWING both FORMAT table');
  assert.equal(status, 404);
  assert.match(text, /\n {4}TRAVERSE FROM nothing FOLLOWING both FORMAT table\n {18}\^\n/);
});

test('a body without a statement says so', async () => {
  for (const body of ['{}', '{"params":{}}', ' \n']) {
    const { status, body: answer } = await ask(body);
    assert.equal(status, 400);
    assert.match(answer.error.message, /'query' is missing|is empty/);
  }
});

test('the place counts from the start of what was sent', async () => {
  const { body } = await ask('\n\n  TIMELINE WHER x = 1');
  assert.deepEqual(body.error.position, { offset: 13, line: 3, column: 12 });
});

test('what is damaged is missing and said to be', async () => {
  const folder = dataFolder();
  let one = await startDaemon({ data: folder.path });
  for (let i = 0; i < 3; i++) {
    const text = `${i}`.repeat(40);
    await one.post([{ service: 'a', type: 'log', message: `a needle to find in the file ${text}` }]);
  }
  await one.stop(); // moves the log into the file
  const path = join(folder.path, 'traversion.db');
  const at = readFileSync(path).lastIndexOf('2222222222222222');
  assert.ok(at > 0);
  const fd = openSync(path, 'r+');
  writeSync(fd, 'x', at);
  closeSync(fd);
  one = await startDaemon({ data: folder.path });
  const answer = await one.query(`SELECT count(*) ${ever}`);
  assert.deepEqual(answer.rows, [[2]]);
  assert.match(answer.warnings.join(), /1 segment of the store cannot be read/);
  assert.equal((await one.fetch('/api/v1/status')).body.store.damagedSegments, 1);
  assert.match(one.log, /level=warn msg="damaged segments were set aside" segments=1/);
  await one.stop();
  folder.remove();
});

test('no event is acknowledged into a folder that was removed', async () => {
  const one = await startDaemon();
  assert.equal((await one.post([{ service: 'a' }])).status, 200);
  rmSync(one.data, { recursive: true });
  const refused = await one.post([{ service: 'a' }]);
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get('retry-after'), /^\d+$/);
  await eventually(() => assert.match(one.log, /was removed or replaced/));
  assert.equal((await one.fetch('/readyz')).status, 503);
  assert.equal((await one.query(`SELECT count(*) ${ever}`)).rows[0][0], 1);
  await one.stop();
});

test('a misspelled member of the document is named', async () => {
  const one = await startDaemon();
  const answer = await one.fetch('/api/v1/query', { method: 'POST', body: '{"query":"SHOW services","maxrows":3}' });
  assert.equal(answer.status, 400);
  assert.match(answer.body.error.message, /maxrows/);
  await one.stop();
});
