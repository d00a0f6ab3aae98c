// SPDX-License-Identifier: Apache-2.0
// ROOT CAUSE OF over HTTP: small systems that break in one way each; the broken part must come first, whatever it is called,
// and AT must not look past its moment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

const begin = Date.parse('2024-03-01T12:00:00Z') * 1e6;
const second = 1e9;
const broken = 480; // seconds after `begin`

/** A fixed sequence of numbers in [0, 1). */
function dice(seed) {
  let x = seed;
  return () => ((x = (Math.imul(x, 1664525) + 1013904223) >>> 0) / 2 ** 32);
}

const hex = (n, digits) => Math.floor(n).toString(16).padStart(digits, '0');

/** front → middle → {left, right}: ten minutes of two requests a second. `fault(name, t)` tells what breaks. */
function system(prefix, fault, seed = 7) {
  const random = dice(seed);
  const events = [];
  let ids = 1;
  for (let t = 0; t < 600; t += 0.5) {
    const trace = hex(seed * 1e6 + t * 2 + 1, 32);
    const span = (service, start, own, children, parent) => {
      const id = hex(ids++, 16);
      const what = fault(service, t);
      let at = start + own / 2;
      let failed = Boolean(what.fails);
      for (const child of what.skips ? [] : children) {
        const inner = span(child[0], at, child[1], child[2] ?? [], id);
        at = inner.end;
        failed ||= inner.failed;
      }
      const end = at + own / 2 + (what.slower ?? 0);
      events.push({
        eventId: `${prefix}${id}`, timestamp: String(Math.round(begin + start * second)), service: prefix + service,
        instance: `${prefix}${service}-1`, eventType: 'span', name: `${service}.run`, traceId: trace, spanId: id,
        ...(parent ? { parentSpanId: parent } : {}), durationMs: (end - start) * 1000, status: failed ? 'error' : 'ok',
      });
      return { end, failed };
    };
    const own = () => 0.002 * (0.7 + 0.6 * random());
    span('front', t, own(), [['middle', own(), [['left', own()], ['right', own()]]]]);
  }
  return events;
}

let daemon;
before(async () => {
  daemon = await startDaemon();
});
after(() => daemon.stop());

const iso = (s) => new Date(begin / 1e6 + s * 1000).toISOString();
async function replay(events) {
  for (let i = 0; i < events.length; i += 2000) {
    const { status, body } = await daemon.post(events.slice(i, i + 2000).map((e) => JSON.stringify(e)).join('\n'));
    assert.equal(status, 200);
    assert.equal(body.rejected, 0);
  }
}
const ask = (prefix, when) => daemon.query(`ROOT CAUSE OF WHERE service = '${prefix}front' ${when}`);
const whole = `FROM '${iso(0)}' TO '${iso(600)}'`;

test('a service that became slow is named, not those that wait for it', async () => {
  await replay(system('a-', (name, t) => (name === 'left' && t >= broken ? { slower: 0.4 } : {})));
  const { causes, symptom } = await ask('a-', `AT '${iso(540)}'`);
  assert.equal(symptom.service, 'a-front');
  assert.equal(causes[0].service, 'a-left');
  assert.equal(causes[0].instance, 'a-left-1');
  assert.deepEqual(causes[0].path, ['a-front', 'a-middle', 'a-left']);
  assert.equal(causes[0].evidence[0].signal, 'latency');
  assert.match(causes[0].summary, /a-left/);
  const onset = Date.parse(symptom.onset) - begin / 1e6;
  assert.ok(Math.abs(onset / 1000 - broken) <= 60, `onset at ${onset / 1000} s`);
});

test('AT looks at nothing later', async () => {
  const { causes } = await ask('a-', `FROM '${iso(0)}' AT '${iso(broken - 20)}'`);
  assert.deepEqual(causes, []);
});

test('failures are their origin’s', async () => {
  await replay(system('b-', (name, t) => (name === 'right' && t >= broken && Math.floor(t * 2) % 3 === 0 ? { fails: true } : {}), 11));
  const { causes } = await ask('b-', whole);
  assert.equal(causes[0].service, 'b-right');
  assert.equal(causes[0].evidence[0].signal, 'failing');
});

test('calls that are no longer made tell who left them out', async () => {
  await replay(system('c-', (name, t) => (name === 'middle' && t >= broken ? { skips: true } : {}), 13));
  const { causes } = await ask('c-', whole);
  assert.equal(causes[0].service, 'c-middle');
  assert.equal(causes[0].evidence[0].signal, 'missing call');
});

test('the change that speaks of what goes wrong is named, not the latest', async () => {
  const at = (t) => String(Math.round(begin + t * second));
  const deploys = [
    ['e-old', 'left', 120, 'extract the basket parser', 'basket/parser.go'],
    ['e-guilty', 'left', 400, 'simplify rounding of negative amounts', 'voucher/discount.go'],
    ['e-latest', 'left', 470, 'tidy the shipping label handler', 'shipping/label.go'],
    ['e-other', 'right', 475, 'cache the label of a basket', 'basket/label.go'],
  ].map(([eventId, service, t, message, file]) => ({
    eventId, timestamp: at(t), service: `e-${service}`, eventType: 'deploy', name: 'deploy', message, files: [file], commit: `c-${eventId}`,
  }));
  const errors = [];
  for (let t = broken; t < 600; t += 3) {
    errors.push({ eventId: `e-err-${t}`, timestamp: at(t), service: 'e-left', eventType: 'error', severity: 'ERROR', message: `discount of voucher ${t} is negative after rounding` });
  }
  await replay([...deploys, ...errors, ...system('e-', (name, t) => (name === 'left' && t >= broken && Math.floor(t * 2) % 2 ? { fails: true } : {}), 19)]);
  const { causes, impact } = await ask('e-', whole);
  assert.equal(causes[0].service, 'e-left');
  assert.equal(causes[0].change.eventId, 'e-guilty');
  assert.equal(causes[0].change.commit, 'c-e-guilty');
  assert.equal(causes[0].kind, 'change');
  assert.ok(causes.slice(1).every((c) => c.change === null));
  const front = impact.find((i) => i.service === 'e-front');
  assert.ok(front.failed > 0 && front.failed < front.requests, JSON.stringify(front));
});

test('a healthy system has no cause', async () => {
  await replay(system('d-', () => ({}), 17));
  const { causes, warnings } = await ask('d-', whole);
  assert.deepEqual(causes, []);
  assert.ok(warnings.some((w) => /nothing stands out/.test(w)), warnings.join());
});

test('a terminal gets a table', async () => {
  const { status, text } = await daemon.fetch('/api/v1/query', {
    method: 'POST', headers: { accept: 'text/plain' }, body: `ROOT CAUSE OF WHERE service = 'a-front' AT '${iso(540)}'`,
  });
  assert.equal(status, 200);
  assert.match(text, /a-left/);
});
