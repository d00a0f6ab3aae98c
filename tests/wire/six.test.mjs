// SPDX-License-Identifier: Apache-2.0
// The six statements of docs/timeql.md on the incident that it explains: they are run as the page has them, and what the
// page says of their answers holds. The data lies beside the project and is not part of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { validate } from '../lib/schemas.mjs';

const root = new URL('../..', import.meta.url).pathname;
const archive = join(root, '../shared/incidents/rootcausebench-dev.tar.zst');
const skip = existsSync(archive) ? false : `no incident data at ${archive}`;

const page = readFileSync(join(root, 'docs/timeql.md'), 'utf8');
const section = page.slice(page.indexOf('## Six questions'), page.indexOf('\n## ', page.indexOf('## Six questions') + 3));
const statements = [...section.matchAll(/^ {4}([A-Z]+ .*)$/gm)].map((m) => m[1]);
const statement = (head) => statements.find((s) => s.startsWith(head));

let daemon;
const answers = {};
before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  const lines = execFileSync('sh', ['-c', `zstd -dc '${archive}' | tar -xOf - rootcausebench/dev/rcb-007.ndjson`], { encoding: 'utf8' });
  const { body } = await daemon.post(lines);
  assert.equal(body.rejected, 0);
  for (const text of statements) {
    const now = text.replace('IN LAST 30 days', "FROM '2026-05-20' TO '2026-06-18 15:30'");
    answers[text.split(' ')[0]] = await daemon.query(now);
  }
});
after(() => daemon?.stop());

test('there are six, and each answers in its shape', { skip }, () => {
  assert.deepEqual(Object.keys(answers), ['STATE', 'TRAVERSE', 'MATCH', 'COMPARE', 'PREDICT', 'TIMELINE']);
  for (const [type, answer] of Object.entries(answers)) validate(answer, type);
});

test('STATE: it fails, at once, after a deploy', { skip }, () => {
  const [service] = answers.STATE.services;
  assert.deepEqual([answers.STATE.services.length, service.health, service.errorRate], [1, 'failing', 1]);
  assert.equal(service.requestRate * 300, 11);
  assert.ok(service.latency.p50 >= 14e6 && service.latency.p99 <= 22e6);
  assert.equal(service.changedAt, '2026-06-18T15:06:20.000000000Z');
});

test('TRAVERSE: to the caller that failed, and no further', { skip }, async () => {
  assert.deepEqual(answers.TRAVERSE.events.map((e) => e.name).sort(), ['POST paymentservice/charge', 'PlaceOrder']);
  const whole = await daemon.query(statement('TRAVERSE').replace(/ UNTIL.*/, ''));
  assert.deepEqual(whole.events.sort((a, b) => a.depth - b.depth).map((e) => e.name), ['POST paymentservice/charge', 'PlaceOrder', 'Checkout', 'POST /api/order']);
});

test('MATCH: deploys are followed by errors', { skip }, () => {
  const ours = answers.MATCH.matches.filter((m) => m.key.service === 'orderservice').map((m) => m.durationMs);
  assert.deepEqual(ours, [20000, 11000]);
});

test('COMPARE: calls do not reach the callee, and why', { skip }, () => {
  const { changes } = answers.COMPARE;
  const of = (service, metric) => changes.metrics.find((m) => m.service === service && m.metric === metric);
  assert.deepEqual([of('orderservice', 'upstream_call_error_ratio').before, of('orderservice', 'upstream_call_error_ratio').after], [0.005, 0.947]);
  assert.deepEqual([of('paymentservice', 'requests_per_sec').before, of('paymentservice', 'requests_per_sec').after], [285.4, 8.8]);
  assert.ok(changes.errors.added.some((e) => e.service === 'orderservice' && /certificate has expired/.test(e.message)));
  assert.ok(!changes.errors.added.some((e) => e.service === 'paymentservice'));
  assert.deepEqual(changes.services.modified.filter((s) => s.fields.some((f) => f.after === 'failing')).map((s) => s.service), ['checkoutservice', 'frontend', 'orderservice']);
});

test('PREDICT: it stays where it is', { skip }, () => {
  const ours = answers.PREDICT.predictions.find((p) => p.service === 'orderservice' && p.field === 'upstream_call_error_ratio');
  assert.ok(ours.points.length > 0);
  for (const point of ours.points) assert.ok(Math.abs(point.value - 0.947) < 0.1 && point.low <= point.value && point.value <= point.high);
});

test('TIMELINE: who was first', { skip }, () => {
  const [first] = answers.TIMELINE.events;
  assert.deepEqual([first.timestamp, first.service], ['2026-06-18T15:04:01.000000000Z', 'orderservice']);
  assert.match(first.message, /paymentservice\.svc:8443/);
  const second = answers.TIMELINE.events.find((e) => e.service === 'checkoutservice');
  assert.equal(Date.parse(second.timestamp) - Date.parse(first.timestamp), 7000);
  assert.deepEqual([answers.TIMELINE.summary.totalEvents, answers.TIMELINE.summary.services.orderservice], [67, 35]);
});

test('a ratio without a unit is no percentage', { skip }, async () => {
  const count = async (condition) => (await daemon.query(`SELECT count(*) FROM '2026-06-18' TO '2026-06-19' WHERE upstream_call_error_ratio > ${condition}`)).rows[0][0];
  assert.equal(await count('5%'), 0);
  assert.ok(await count('0.05') > 0);
});
