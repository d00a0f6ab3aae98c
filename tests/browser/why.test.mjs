// SPDX-License-Identifier: Apache-2.0
// From something red to its cause: Why?, Compare and Metrics in a real browser against a real daemon.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';
import { launch, openPage } from './chromium.mjs';
import { FAILS_FROM, SECONDS, pastEvents } from './history.mjs';

/** A quarter of an hour ago, on a whole ten seconds. */
const START = Math.floor((Date.now() - 15 * 60_000) / 10_000) * 10_000;
const at = (second) => new Date(START + second * 1000).toISOString();
const link = (second, more = '') => `/?at=${at(second)}&from=${at(0)}&to=${at(SECONDS)}${more}`;

/** Of orders-db: a pool that fills shortly before the failures. */
function poolMetrics() {
  return Array.from({ length: SECONDS / 10 }, (_, i) => ({
    type: 'metric', timestamp: at(i * 10), service: 'orders-db', name: 'pool',
    attributes: { 'pool.in_use': i * 10 >= FAILS_FROM ? 100 : 31 + (i % 3) },
  }));
}

let daemon;
let browser;

before(async () => {
  [daemon, browser] = await Promise.all([startDaemon(), launch()]);
  const answer = await daemon.post([...pastEvents(START), ...poolMetrics()]);
  assert.equal(answer.body.rejected, 0);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const open = (path, options) => openPage(browser, daemon, path, options);
const row = (page, service) => page.locator('.services tbody tr', { has: page.locator(`th:text-is("${service}")`) });

test('Why? leads from the failing gateway to the database, by the mouse', async () => {
  const page = await open(link(420));
  await row(page, 'gateway').click();
  await page.getByRole('button', { name: 'Why?' }).click();
  await page.getByRole('heading', { name: 'Why is gateway failing?' }).waitFor();
  const first = page.locator('.cause').first();
  await first.locator('.cause-head b', { hasText: 'orders-db' }).first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get('why'), 'gateway');
  assert.match(await first.locator('.why-path').textContent(), /^orders-db.*gateway$/);
  assert.match(await first.textContent(), /pool\.in_use at 100, usually 3/i);
  await first.getByRole('button', { name: /^Go to/ }).click();
  const second = (Date.parse(new URL(page.url()).searchParams.get('at')) - START) / 1000;
  assert.ok(Math.abs(second - FAILS_FROM) < 30, `the cause began at second ${second}`);
  await page.clean();
});

test('r asks why of what fails most, and Escape goes back', async () => {
  const page = await open(link(420));
  await row(page, 'gateway').waitFor();
  await page.locator('.services tr.failing').first().waitFor();
  await page.keyboard.press('r');
  await page.locator('.panel.why .cause').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.panel.why').waitFor({ state: 'detached' });
  await page.clean();
});

test('a link to an answer shows the same elsewhere, in a dark narrow window', async () => {
  const page = await open(link(420, '&why=gateway'), { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await page.locator('.cause-head b', { hasText: 'orders-db' }).first().waitFor();
  await page.clean();
});

test('before the failure nothing stands out', async () => {
  const page = await open(link(200, '&why=gateway'));
  await page.locator('.panel.why').getByText('Nothing stands out.').waitFor();
  await page.clean();
});

test('Compare shows what B has that A had not', async () => {
  const page = await open(link(420));
  await row(page, 'gateway').waitFor();
  const box = await page.locator('.slider').boundingBox();
  await page.keyboard.down('Shift');
  await page.mouse.click(box.x + 16 + (box.width - 32) * 0.2, box.y + 60);
  await page.keyboard.up('Shift');
  assert.equal(new URL(page.url()).searchParams.get('at'), at(420), 't stays where it was');
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  const view = page.locator('.compare');
  await view.getByText('no connection after # ms: pool # of # in use').first().waitFor();
  await view.locator('.differences', { hasText: 'gateway health' }).waitFor();
  await view.getByRole('button', { name: 'Swap' }).click();
  await view.getByText('Errors that B has not any more').waitFor();
  await page.clean();
});

test('Compare says when nothing changed, and asks for a moment when it has none', async () => {
  const none = await open(link(100, '&view=compare'));
  await none.getByText('Pick a second moment.').waitFor();
  await none.clean();
});

test('Metrics draw a service, what was unusual, and the values under the pointer', async () => {
  const page = await open(link(420, '&view=metrics&service=orders-db'));
  const pool = page.locator('.chart', { hasText: 'pool.in_use' });
  await pool.locator('.values b', { hasText: '100' }).waitFor();
  await page.locator('.chart', { hasText: 'failed' }).locator('path.line').waitFor();
  const plot = await pool.locator('.chart-plot').boundingBox();
  await page.mouse.move(plot.x + plot.width * 0.25, plot.y + 40);
  await pool.locator('.values b', { hasText: /^3[123]$/ }).waitFor();
  assert.equal(await page.locator('.chart .hair').count(), await page.locator('.chart').count());
  await page.mouse.click(plot.x + plot.width * 0.25, plot.y + 40);
  const second = (Date.parse(new URL(page.url()).searchParams.get('at')) - START) / 1000;
  assert.ok(Math.abs(second - SECONDS * 0.25) < 5, `stood at second ${second}`);
  await page.clean();
});
