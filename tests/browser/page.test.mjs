// SPDX-License-Identifier: Apache-2.0
// The dashboard in a real browser against a real daemon.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';
import { launch, openPage } from './chromium.mjs';
import { FAILS_FROM, SECONDS, pastEvents } from './history.mjs';

/** A quarter of an hour ago, on a whole ten seconds. */
const START = Math.floor((Date.now() - 15 * 60_000) / 10_000) * 10_000;
const at = (second) => new Date(START + second * 1000).toISOString();
const link = (second, more = '') => `/?at=${at(second)}&from=${at(0)}&to=${at(SECONDS)}${more}`;

let daemon;
let browser;

before(async () => {
  [daemon, browser] = await Promise.all([startDaemon(), launch()]);
  const answer = await daemon.post(pastEvents(START));
  assert.equal(answer.status, 200);
  assert.equal(answer.body.rejected, 0);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const open = (path, options) => openPage(browser, daemon, path, options);
const clockOf = (page) => page.locator('.clock .t').textContent();
const row = (page, service) => page.locator('.services tbody tr', { has: page.locator(`th:text-is("${service}")`) });

/** A point in the bars of the slider, `share` of the way from its left to its right end. */
async function barsAt(page, share) {
  const box = await page.locator('.slider').boundingBox();
  return { x: box.x + 16 + (box.width - 32) * share, y: box.y + 60 };
}

test('without an event the page says how to send one, and wakes with the first', async () => {
  const empty = await startDaemon();
  const page = await openPage(browser, empty);
  await page.getByRole('heading', { name: 'Nothing recorded yet' }).waitFor();
  assert.equal(await page.locator('.clock .t').textContent(), '--:--:--');
  assert.ok((await page.locator('.first-run').textContent()).includes(`curl ${empty.url}/api/v1/events`));
  await empty.post([{ service: 'checkout', type: 'log', message: 'hello' }]);
  await row(page, 'checkout').waitFor();
  await page.locator('.event', { hasText: 'hello' }).waitFor();
  await page.clean();
  await empty.stop();
});

test('every service has its state at t', async () => {
  const page = await open(link(120));
  await row(page, 'orders-db').waitFor();
  assert.equal(await clockOf(page), `${at(120).slice(11, 19)}.000`);
  for (const service of ['gateway', 'orders', 'orders-db']) {
    assert.match(await row(page, service).getAttribute('class'), /healthy/);
    assert.equal(await page.locator('.map .node', { hasText: service }).first().isVisible(), true);
  }
  await row(page, 'gateway').getByRole('img', { name: 'p95, last 10 minutes' }).waitFor();
  assert.match((await row(page, 'gateway').locator('td.n').nth(1).textContent()).replace(/\s/g, ' '), /^0 %$/);
  await page.clean();
});

test('the slider moves t, and the state follows', async () => {
  const page = await open(link(120));
  await page.locator('.services tr.healthy', { hasText: 'gateway' }).waitFor();
  const [from, to] = [await barsAt(page, 0.25), await barsAt(page, 0.8)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  for (let i = 1; i <= 10; i += 1) await page.mouse.move(from.x + ((to.x - from.x) * i) / 10, to.y);
  await page.mouse.up();
  await page.locator('.services tr.failing', { hasText: 'gateway' }).waitFor();
  const moved = new URL(page.url()).searchParams;
  await eventually(() => {
    const second = (Date.parse(new URL(page.url()).searchParams.get('at')) - START) / 1000;
    assert.ok(Math.abs(second - SECONDS * 0.8) < 10, `stood at second ${second}`);
  });
  assert.equal(moved.get('from'), at(0).replace(/Z$/, 'Z'));
  assert.match(await page.locator('.head h1').textContent(), new RegExp(`System at ${(await clockOf(page)).slice(0, 8)}`));
  const before = await clockOf(page);
  await page.keyboard.press('ArrowLeft');
  await eventually(async () => assert.ok((await clockOf(page)) < before));
  await page.clean();
});

test('the wheel zooms at the pointer, Shift and the wheel pan', async () => {
  const page = await open(link(300));
  await row(page, 'orders').waitFor();
  const point = await barsAt(page, 0.5);
  const range = () => ['from', 'to'].map((key) => Date.parse(new URL(page.url()).searchParams.get(key)));
  const [from, to] = range();
  await page.mouse.move(point.x, point.y);
  await page.mouse.wheel(0, -200);
  await eventually(() => assert.ok(range()[1] - range()[0] < (to - from) * 0.8));
  const [left, right] = range();
  assert.ok(Math.abs((left + right) / 2 - (from + to) / 2) < (to - from) * 0.02);
  await page.keyboard.down('Shift');
  await page.mouse.wheel(0, 200);
  await page.keyboard.up('Shift');
  await eventually(() => assert.ok(range()[0] > left));
  assert.ok(Math.abs(range()[1] - range()[0] - (right - left)) < 5);
  await page.clean();
});

test('the bars stand in a table too, and add up', async () => {
  const page = await open(link(SECONDS - 1));
  await eventually(async () => {
    const cells = await page.locator('#slider-twin tbody tr').evaluateAll((rows) => rows.map((r) => [...r.cells].map((c) => Number(c.textContent))));
    const [events, errors] = [1, 2].map((i) => cells.reduce((sum, c) => sum + c[i], 0));
    assert.equal(events, pastEvents(START).length);
    assert.equal(errors, (SECONDS - FAILS_FROM) * 4);
  });
  await page.clean();
});

test('the focus lives in the URL: a reload and the way back change nothing', async () => {
  const page = await open(link(400));
  await row(page, 'orders').click();
  await page.locator('.panel h2', { hasText: 'orders' }).waitFor();
  const url = page.url();
  assert.match(url, /service=orders/);
  const shown = await clockOf(page);
  await page.reload();
  await page.locator('.panel h2', { hasText: 'orders' }).waitFor();
  await row(page, 'orders').waitFor();
  assert.equal(page.url(), url);
  assert.equal(await clockOf(page), shown);
  assert.match(await row(page, 'orders').getAttribute('class'), /failing chosen/);
  await page.keyboard.press('Escape');
  await eventually(() => assert.doesNotMatch(page.url(), /service=/));
  await page.goBack();
  await page.locator('.panel h2', { hasText: 'orders' }).waitFor();
  await page.clean();
});

test('an event opens with its fields and the trace it is part of', async () => {
  const page = await open(link(400, `&view=stream&where=${encodeURIComponent("severity >= 'ERROR'")}`));
  await page.locator('.event', { hasText: 'pool 100 of 100' }).last().click();
  await page.locator('.waterfall .span-row').nth(3).waitFor();
  assert.equal(await page.locator('.waterfall .span-row').count(), 4);
  const names = await page.locator('.waterfall .span-row b').allTextContents();
  assert.deepEqual(names, ['gateway', 'orders', 'orders-db']);
  assert.deepEqual(await page.locator('.waterfall .span-row').evaluateAll((rows) => rows.map((r) => r.getAttribute('aria-level'))), ['1', '2', '3', '4']);
  await page.reload();
  await page.locator('.panel', { hasText: 'no connection after 880 ms' }).waitFor();
  await page.locator('.waterfall .span-row').nth(3).waitFor();
  await page.clean();
});

test('a statement runs in the console and its answer is a table', async () => {
  const page = await open(link(400, '&view=query'));
  const statement = `SELECT service, count(*) AS n FROM events FROM '${at(0)}' TO '${at(SECONDS)}' GROUP BY service`;
  await page.getByRole('textbox', { name: 'TimeQL', exact: true }).fill(statement);
  await page.keyboard.press('Control+Enter');
  await page.locator('.result tbody tr').nth(2).waitFor();
  const rows = await page.locator('.result tbody tr').evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.textContent)));
  assert.deepEqual(rows.find((r) => r[0] === 'gateway'), ['gateway', String(SECONDS)]);
  assert.match(page.url(), /q=SELECT/);
  await page.locator('.history button', { hasText: 'SELECT' }).waitFor();
  await page.getByRole('button', { name: 'JSON', exact: true }).click();
  assert.match(await page.locator('.json').textContent(), /columns/);
  await page.clean();
});

test('a wrong statement shows where, and what was expected', async () => {
  const page = await open(link(400, '&view=query'));
  await page.getByRole('textbox', { name: 'TimeQL', exact: true }).fill(`STATE AT '${at(400)}' WHER service = 'orders'`);
  await page.keyboard.press('Enter');
  await page.locator('.refusal').waitFor();
  const column = `STATE AT '${at(400)}' `.length + 1;
  const refusal = await page.locator('.refusal').textContent();
  assert.match(refusal, new RegExp(`^Line 1, column ${column}:`));
  assert.match(refusal, /Expected .*WHERE/);
  const carets = await page.locator('.carets').textContent();
  assert.equal(carets, `${' '.repeat(column - 1)}^^^^`);
  await page.clean();
});

test('the live stream flows, freezes on scroll and takes up again', async () => {
  const page = await open('/?view=stream');
  await page.locator('.main .chip', { hasText: 'live' }).waitFor();
  await daemon.post(Array.from({ length: 100 }, (_, i) => ({ service: 'courier', type: 'log', message: `parcel ${i}` })));
  await page.locator('.event', { hasText: 'parcel 99' }).waitFor();
  await page.locator('.main .vlist').hover();
  await page.mouse.wheel(0, -800);
  await page.locator('.main .chip', { hasText: 'frozen' }).waitFor();
  await daemon.post(Array.from({ length: 7 }, (_, i) => ({ service: 'courier', type: 'log', message: `late parcel ${i}` })));
  await page.locator('.more-new', { hasText: '7 new' }).waitFor();
  assert.equal(await page.locator('.event', { hasText: 'late parcel' }).count(), 0);
  await page.locator('.more-new').click();
  await page.locator('.event', { hasText: 'late parcel 6' }).waitFor();
  await page.locator('.main .chip', { hasText: 'live' }).waitFor();
  await page.clean();
});

test('light and dark follow the system, and the button', async () => {
  const surface = (page) => page.evaluate(() => getComputedStyle(document.querySelector('.top')).backgroundColor);
  const dark = await open(link(400), { colorScheme: 'dark' });
  assert.equal(await surface(dark), 'rgb(20, 24, 30)');
  await dark.getByRole('button', { name: 'Light colours' }).click();
  assert.equal(await surface(dark), 'rgb(255, 255, 255)');
  await dark.reload();
  await dark.locator('.top').waitFor();
  assert.equal(await surface(dark), 'rgb(255, 255, 255)');
  await dark.clean();
  const light = await open(link(400), { colorScheme: 'light' });
  assert.equal(await surface(light), 'rgb(255, 255, 255)');
  await light.clean();
});

test('UTC is the default, local time one key away', async () => {
  const page = await open(link(400));
  const utc = await clockOf(page);
  assert.equal(utc, `${at(400).slice(11, 19)}.000`);
  await page.locator('body').press('u');
  const local = new Date(at(400)).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' });
  await eventually(async () => assert.equal(await clockOf(page), `${local}.000`));
  await page.clean();
});

test('a store that ended long ago says where to look', async () => {
  const old = await startDaemon();
  await old.post([{ service: 'museum', type: 'log', message: 'closing', timestamp: '2023-01-30T13:17:54Z' }]);
  const page = await openPage(browser, old);
  await page.getByRole('button', { name: 'Go to 13:17:54' }).click();
  await page.locator('.event', { hasText: 'closing' }).waitFor();
  assert.match(page.url(), /at=2023-01-30T13:17:54/);
  await eventually(async () => assert.equal(await page.locator('#slider-twin tbody tr').count(), 1));
  await page.clean();
  await old.stop();
});

test('when the daemon is away the page says so, keeps what it has, and comes back by itself', async () => {
  const folder = dataFolder();
  const first = await startDaemon({ data: folder.path });
  await first.post([{ service: 'courier', type: 'log', message: 'before' }]);
  const page = await openPage(browser, first);
  await row(page, 'courier').waitFor();
  await first.kill();
  await page.locator('.banner', { hasText: 'No answer from the daemon for' }).waitFor();
  assert.equal(await row(page, 'courier').isVisible(), true);
  const second = await startDaemon({ data: folder.path, flags: ['--listen', `127.0.0.1:${first.port}`] });
  await page.locator('.banner').waitFor({ state: 'detached' });
  await page.locator('.panel .chip', { hasText: 'live' }).waitFor();
  await second.post([{ service: 'courier', type: 'log', message: 'after' }]);
  await page.locator('.event', { hasText: 'after' }).waitFor();
  await page.clean();
  await second.stop();
  folder.remove();
});

test('where a token is needed the page asks for it and keeps it for the tab', async () => {
  const folder = dataFolder();
  const token = execFileSync(binary, ['token', 'create', '--scope', 'read', '--data-dir', folder.path], { encoding: 'utf8' }).trim().split(/\s+/).pop();
  const guarded = await startDaemon({ data: folder.path });
  const page = await openPage(browser, guarded);
  await page.getByLabel('Token').fill('not this one');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('Refused:').waitFor();
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Nothing recorded yet' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Nothing recorded yet' }).waitFor();
  await page.clean();
  await guarded.stop();
  folder.remove();
});

for (const [name, width, height] of [['a tablet', 1024, 768], ['a phone', 390, 844]]) {
  test(`on ${name} nothing runs out of the page`, async () => {
    const page = await open(link(400), { viewport: { width, height } });
    await row(page, 'orders').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    await row(page, 'orders').click();
    const box = await page.locator('.panel').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= width);
    await page.locator('.panel').getByRole('button', { name: 'Close (Esc)' }).click();
    await page.getByRole('link', { name: 'Stream' }).click();
    await page.locator('.event', { hasText: 'orders-db' }).first().waitFor();
    await page.clean();
  });
}
