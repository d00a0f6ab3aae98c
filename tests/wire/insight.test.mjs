// SPDX-License-Identifier: Apache-2.0
// What the past tells, over the public API: anomalies, forecasts and patterns of a month of made-up life.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

const start = Date.UTC(2024, 0, 1) / 1000;
const day = 86400;
let daemon;

/** A generator of numbers from 0 to 1 that is the same in every run. */
const numbers = (seed) => () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};

/** Ten days of load at five minutes: busy by day, one day without its peak, one spike. */
const load = () => {
  const next = numbers(1);
  return Array.from({ length: 10 * 288 }, (_, i) => {
    const hour = (i % 288) / 12;
    const busy = hour >= 8 && hour < 18 && Math.floor(i / 288) !== 7;
    const value = i === 2 * 288 + 30 ? 900 : (busy ? 300 : 100) + 20 * next();
    return { ts: start + i * 300, service: 'shop', instance: 'shop-1', type: 'metric', name: 'load', attrs: { load: value } };
  });
};

/** A disk that fills at a steady pace, and a counter that is reset once. */
const slow = () => {
  const next = numbers(2);
  return Array.from({ length: 600 }, (_, i) => ({
    ts: start + i * 60, service: 'db', type: 'metric', unit: '%',
    attrs: { disk: 20 + i / 10 + 0.2 * next() },
  })).concat(Array.from({ length: 600 }, (_, i) => ({
    ts: start + i * 60, service: 'proxy', type: 'metric', metricKind: 'sum', temporality: 'cumulative',
    attrs: { requests: (i < 400 ? i : i - 399) * 50 + 20 * next() },
  })));
};

/** Deploys that are followed by errors elsewhere, in noise. */
const month = () => {
  const next = numbers(3);
  const events = [];
  for (let i = 0; i < 400; i++)
    events.push({ ts: start + next() * 30 * day, service: `s${i % 5}`, type: 'error', message: `lost ${i} rows` });
  for (let i = 0; i < 8; i++) {
    const ts = start + (i * 3.5 + next()) * day;
    events.push({ ts, service: 'pay', type: 'deploy', name: `pay 1.${i}`, version: `1.${i}` });
    if (i !== 2) events.push({ ts: ts + 60 + 30 * next(), service: 'cart', type: 'alert', name: 'slow' });
  }
  return events;
};

before(async () => {
  daemon = await startDaemon();
  for (const events of [load(), slow(), month()]) {
    const { body } = await daemon.post(events);
    assert.equal(body.rejected, 0);
  }
});
after(() => daemon.stop());

const window = `FROM '${start}' TO '${start + 10 * day}'`;

test('a spike and a missing peak are anomalies, and little else', async () => {
  const { anomalies, warnings } = await daemon.query(`ANOMALIES FOR load ${window}`);
  assert.deepEqual(warnings, []);
  const at = (time) => anomalies.filter((a) => Date.parse(a.start) / 1000 >= time && Date.parse(a.start) / 1000 < time + day);
  assert.equal(at(start + 2 * day).length, 1);
  assert.equal(at(start + 2 * day)[0].value, 900);
  assert.equal(at(start + 7 * day).length, 1);
  assert.ok(at(start + 7 * day)[0].value < 130);
  assert.ok(anomalies.length <= 4, JSON.stringify(anomalies));
  assert.ok(anomalies.every((a) => a.service === 'shop' && a.instance === 'shop-1' && a.field === 'load'));
});

test('the score of a point does not depend on what comes later', async () => {
  const ask = (to) => daemon.query(`ANOMALIES FOR load FROM '${start}' TO '${to}' SCORES`);
  const whole = (await ask(start + 10 * day)).points;
  const part = (await ask(start + 6 * day)).points;
  assert.equal(whole.length, 2880);
  assert.deepEqual(part, whole.slice(0, part.length));
});

test('a window begins with detectors that know what was before', async () => {
  const { anomalies } = await daemon.query(`ANOMALIES FOR load FROM '${start + 2 * day}' TO '${start + 3 * day}'`);
  assert.equal(anomalies.length, 1);
  assert.equal(anomalies[0].value, 900);
});

test('a counter that is reset is no anomaly', async () => {
  const { anomalies } = await daemon.query(`ANOMALIES FOR requests ${window}`);
  assert.ok(anomalies.every((a) => Math.abs(Date.parse(a.start) / 1000 - (start + 400 * 60)) > 120), JSON.stringify(anomalies));
});

test('a disk that fills is full at a time', async () => {
  const at = start + 600 * 60;
  const { predictions } = await daemon.query(`PREDICT disk NEXT 6 hours FROM '${at}' IN LAST 8 hours WHERE service = 'db'`);
  assert.equal(predictions.length, 1);
  const [{ points, reaches, method, backtestError }] = predictions;
  assert.equal(reaches.limit, 100);
  const minutes = (Date.parse(reaches.time) / 1000 - at) / 60;
  assert.ok(Math.abs(minutes - 200) < 15, `${minutes}`);
  assert.ok(Date.parse(reaches.earliest) <= Date.parse(reaches.time));
  assert.match(method, /trend/);
  assert.ok(backtestError < 0.5);
  assert.ok(points.every((p) => p.low <= p.value && p.value <= p.high));
  assert.equal(Date.parse(points.at(-1).time) / 1000, at + 6 * 3600);
});

test('tomorrow is like the days before', async () => {
  const { predictions } = await daemon.query(
    `PREDICT load NEXT 1 day FROM '${start + 5 * day - 300}' IN LAST 5 days WHERE service = 'shop'`);
  const [{ points }] = predictions;
  const value = (hour) => points.find((p) => Date.parse(p.time) / 1000 === start + 5 * day + hour * 3600).value;
  assert.ok(value(3) < 130 && value(12) > 280 && value(21) < 130);
});

test('what follows deploys again and again is a pattern', async () => {
  const { columns, rows } = await daemon.query(`PATTERNS FROM '${start}' TO '${start + 30 * day}'`);
  const found = rows.map((row) => Object.fromEntries(row.map((cell, i) => [columns[i].name, cell])));
  assert.equal(found.length, 1, JSON.stringify(found));
  assert.equal(found[0].pattern, "deploy pay → alert cart 'slow'");
  assert.equal(found[0].support, 7);
  assert.equal(found[0].of, 8);
  assert.ok(found[0].significance < 0.001);
  assert.ok(found[0].delay > 60e9 && found[0].delay < 90e9);
  assert.deepEqual(found[0].steps[1], { service: 'cart', eventType: 'alert', name: 'slow' });
});
