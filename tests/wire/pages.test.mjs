// SPDX-License-Identifier: Apache-2.0
// The pages that teach TimeQL: each pair's side in TimeQL finds something, and the tutorial's answers are as it shows them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, startDaemon } from '../lib/daemon.mjs';
import { validate } from '../lib/schemas.mjs';
import { atNow, events, examples } from '../lib/shop.mjs';

const page = (name) => readFileSync(join(process.env.TRAVERSION_SOURCE, name), 'utf8');
const tutorial = 'docs/timeql-tutorial.md';

let shop, story;
before(async () => {
  shop = await startDaemon();
  await shop.post(events());
  story = await startDaemon();
  const [, flags] = /traversiond simulate (--stdout .*?) \|/.exec(page(tutorial));
  const lines = execFileSync(binary, ['simulate', ...flags.split(' ')], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const { body } = await story.post(lines);
  assert.ok(body.accepted > 20000 && body.rejected === 0);
});
after(async () => {
  await shop.stop();
  await story.stop();
});

const listOf = (answer) => answer.rows ?? answer.events ?? answer.buckets ?? answer.matches ?? answer.services ?? answer.changes.metrics;

test("the other languages' questions find something", async () => {
  const statements = examples('docs/timeql-from-others.md');
  assert.ok(statements.length >= 22);
  for (const statement of statements) {
    const answer = await shop.query(atNow(statement));
    assert.ok(listOf(answer).length > 0, statement);
  }
});

// The words of a shown answer (names, times, ids, texts; figures are rounded there) are those of the table that is answered.
test("the tutorial's answers are as it shows them", async () => {
  const blocks = [...page(tutorial).matchAll(/^```tql\n([^]*?)^```\n\n((?: {4}.*\n)*)/gm)];
  assert.ok(blocks.length >= 8);
  let checked = 0;
  for (const [, statement, shown] of blocks) {
    const { status, text } = await story.fetch('/api/v1/query', { method: 'POST', body: statement, headers: { accept: 'text/plain' } });
    assert.equal(status, 200, text);
    assert.ok(text.trim().split('\n').length > 2, statement);
    validate(await story.query(statement), statement);
    for (const word of shown.split(/ {2,}|\n/).map((w) => w.trim())) {
      if (word === '' || word === '…' || /^-?[\d.e-]+$/.test(word)) continue;
      assert.ok(text.includes(word.replace(/…$/, '')), `'${word}' of ${statement}\n${text.slice(0, 3000)}`);
      checked++;
    }
  }
  assert.ok(checked > 60);
});

test("the tutorial's figures are right", async () => {
  const [timeline, state, compare] = await Promise.all(examples(tutorial).slice(0, 3).map((s) => story.query(s)));
  assert.deepEqual(timeline.buckets.slice(3, 7).map((b) => [b.events, b.errors]), [[2478, 0], [2318, 11], [2374, 242], [2188, 713]]);
  assert.deepEqual(state.services.map((s) => s.service), ['cart', 'inventory', 'orders', 'orders-db']);
  const of = (metric) => compare.changes.metrics.find((m) => m.service === 'orders-db' && m.metric === metric);
  assert.deepEqual([of('cpu').before, of('cpu').after, of('pool.in_use').before, of('pool.in_use').after], [32.4, 30.9, 0, 24]);
  const waits = await story.query(examples(tutorial).at(-1));
  assert.deepEqual(waits.rows.map((row) => row[1]), [0, 0, 0, 0, 0, 1500, 1500, 1500, 1500, 1500, 0, 0]);
});
