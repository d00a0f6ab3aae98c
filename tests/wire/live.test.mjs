// SPDX-License-Identifier: Apache-2.0
// The live stream: order, filter, resume, hang-up.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

let daemon;
before(async () => (daemon = await startDaemon()));
after(() => daemon.stop());

/** Opens the stream and gathers its frames; close() hangs up. */
async function open(query = '', headers = {}) {
  const control = new AbortController();
  const response = await fetch(`${daemon.url}/api/v1/live${query}`, { headers, signal: control.signal });
  const stream = { status: response.status, type: response.headers.get('content-type'), events: [], ids: [], dropped: 0, close: () => control.abort() };
  if (response.status !== 200) {
    stream.body = await response.json();
    return stream;
  }
  stream.done = (async () => {
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body) {
        rest += decoder.decode(bytes, { stream: true });
        const frames = rest.split('\n\n');
        rest = frames.pop();
        for (const frame of frames) {
          const data = /^data: (.*)$/m.exec(frame);
          if (/^event: dropped$/m.test(frame)) stream.dropped += JSON.parse(data[1]).dropped;
          if (!/^event: event$/m.test(frame) || !data) continue;
          stream.events.push(JSON.parse(data[1]));
          stream.ids.push(/^id: (.*)$/m.exec(frame)[1]);
        }
      }
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
    }
  })();
  return stream;
}

const events = (from, count, over = {}) =>
  Array.from({ length: count }, (_, i) => ({ service: 'live', type: 'log', n: from + i, ...over }));

test('committed events come in order of arrival', async () => {
  const stream = await open();
  assert.match(stream.type, /^text\/event-stream/);
  for (let i = 0; i < 5; i++) await daemon.post(events(i * 20, 20));
  await eventually(() => assert.equal(stream.events.length, 100));
  assert.deepEqual(stream.events.map((e) => e.attributes.n), Array.from({ length: 100 }, (_, i) => i));
  assert.deepEqual(stream.ids, [...stream.ids].sort());
  stream.close();
  await stream.done;
});

test('a condition filters; a wrong one is a 400 with its place', async () => {
  const stream = await open(`?where=${encodeURIComponent("service = 'wanted'")}`);
  await daemon.post([...events(0, 3), ...events(0, 2, { service: 'wanted' })]);
  await eventually(() => assert.equal(stream.events.length, 2));
  stream.close();
  await stream.done;
  const wrong = await open(`?where=${encodeURIComponent('service = = 3')}`);
  assert.equal(wrong.status, 400);
  assert.equal(wrong.body.error.position.line, 1);
});

test('Last-Event-ID brings what was missed, without gap or repeat', async () => {
  const where = `?where=${encodeURIComponent("service = 'resume'")}`;
  const first = await open(where);
  await daemon.post(events(0, 30, { service: 'resume' }));
  await eventually(() => assert.equal(first.events.length, 30));
  first.close();
  await first.done;
  await daemon.post(events(30, 30, { service: 'resume' }));
  const second = await open(where, { 'Last-Event-ID': first.ids[19] });
  await daemon.post(events(60, 30, { service: 'resume' }));
  await eventually(() => assert.equal(second.events.length, 70));
  assert.deepEqual(second.events.map((e) => e.attributes.n), Array.from({ length: 70 }, (_, i) => i + 20));
  second.close();
  await second.done;
});

test('what was missed comes by arrival though the times of the events say otherwise', async () => {
  const where = `?where=${encodeURIComponent("service = 'late'")}`;
  const first = await open(where);
  await daemon.post(events(0, 1, { service: 'late' }));
  await eventually(() => assert.equal(first.events.length, 1));
  first.close();
  await first.done;
  for (let i = 1; i <= 20; i++)
    await daemon.post(events(i, 1, { service: 'late', timestamp: Date.now() - i * 3600000 }));
  const second = await open(where, { 'Last-Event-ID': first.ids[0] });
  await eventually(() => assert.equal(second.events.length, 20));
  assert.deepEqual(second.events.map((e) => e.attributes.n), Array.from({ length: 20 }, (_, i) => i + 1));
  assert.deepEqual(second.ids, [...second.ids].sort());
  second.close();
  await second.done;
});

test('a client that missed too much gets the newest and is told of the rest', async () => {
  const count = 12000;
  await daemon.post(events(0, count, { service: 'flood' }));
  const stream = await open(`?where=${encodeURIComponent("service = 'flood'")}&lastEventId=@0000000000001`);
  await eventually(() => assert.equal(stream.events.at(-1)?.attributes.n, count - 1));
  const first = stream.events[0].attributes.n;
  assert.ok(stream.events.length <= 10000);
  assert.equal(stream.events.length + first, count);
  assert.equal(stream.dropped, first);
  stream.close();
  await stream.done;
});

test('a client that hangs up is noticed', async () => {
  const stream = await open();
  await eventually(async () => assert.equal((await daemon.fetch('/api/v1/status')).body.liveStreams, 1));
  stream.close();
  await eventually(async () => assert.equal((await daemon.fetch('/api/v1/status')).body.liveStreams, 0));
});
