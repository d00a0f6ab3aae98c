// SPDX-License-Identifier: Apache-2.0
// Every answer has the shape that docs/schemas gives its type: of every example of the documentation, of every
// statement of the specifications, and of what is refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { compile, names, schemaOf, validate } from '../lib/schemas.mjs';
import { atNow, events, examples, pages, specified } from '../lib/shop.mjs';

let daemon;
before(async () => {
  daemon = await startDaemon();
  const { body } = await daemon.post(events());
  assert.equal(body.rejected, 0);
});
after(() => daemon.stop());

const asJson = (statement) => atNow(statement).replace(/\bFORMAT\s+\w+/i, '');
const ask = (body) => daemon.fetch('/api/v1/query', { method: 'POST', body });

test('every schema is one', () => {
  assert.ok(names.length >= 12);
  for (const name of names) assert.equal(typeof compile(name), 'function', name);
});

test('every example of the documentation answers in the shape of its type', async () => {
  const seen = new Map();
  for (const page of pages()) {
    for (const example of examples(page)) {
      const { status, body } = await ask(asJson(example));
      assert.equal(status, 200, `${page}: ${example}: ${JSON.stringify(body.error)}`);
      validate(body, example);
      seen.set(body.type, (seen.get(body.type) ?? 0) + 1);
    }
  }
  for (const type of ['STATE', 'TIMELINE', 'TRAVERSE', 'MATCH', 'COMPARE', 'DIFF', 'SELECT', 'SHOW', 'ANOMALIES', 'PREDICT', 'EXPLAIN']) {
    assert.ok(seen.has(type), `no example of ${type}`);
  }
});

test('so does every statement of the specifications, refused ones included', async () => {
  const statements = specified();
  assert.ok(statements.length > 150);
  const seen = new Set();
  for (const statement of statements) {
    const { body } = await ask(asJson(statement));
    validate(body, statement);
    seen.add(schemaOf(body));
  }
  assert.ok(seen.has('error.schema.json') && seen.size >= 8, [...seen].join());
});

test('so do refusals of the routes, and completions', async () => {
  for (const path of ['/api/v1/nothing', '/api/v1/query', '/api/v1/query?q=', '/api/v1/query/complete', '/api/v1/query/complete?q=TIM&at=9']) {
    const { status, body } = await daemon.fetch(path);
    assert.ok(status >= 400, path);
    validate(body, path);
  }
  for (const q of ['', 'TIMELINE ', 'TIMELINE WHERE service = ', 'TRAVERSE FROM ', 'SELECT x IN LAST 5 ']) {
    const { body } = await daemon.fetch(`/api/v1/query/complete?${new URLSearchParams({ q })}`);
    assert.ok(body.completions.length > 0, q);
    validate(body, q);
  }
});

test('a schema refuses what is not of its shape', async () => {
  const answer = await daemon.query('SHOW services');
  assert.throws(() => validate({ ...answer, more: 1 }));
  assert.throws(() => validate({ ...answer, rows: undefined }));
  assert.throws(() => validate({ ...answer, window: { from: 'yesterday', to: answer.window.to } }));
  const state = await daemon.query("STATE AT 'now'");
  assert.ok(state.services.length > 0 && state.edges.length > 0);
  assert.throws(() => validate({ ...state, services: [{ ...state.services[0], health: 'fine' }] }));
});
