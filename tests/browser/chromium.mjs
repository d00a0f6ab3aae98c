// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, driven by playwright-core. A page fails its test when a script throws, when the
// content security policy stops something, or when it asks any other host for anything.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export function launch() {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/**
 * Opens `path` of the daemon in a fresh context (options go to it). The page gets `faults`, the list of
 * what went wrong, and `clean()`, which asserts that nothing did and closes the context.
 */
export async function openPage(browser, daemon, path = '/', options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`thrown: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== daemon.url) page.faults.push(`asked elsewhere: ${request.url()}`);
  });
  page.clean = async () => {
    assert.deepEqual(page.faults, []);
    await context.close();
  };
  await page.goto(daemon.url + path);
  return page;
}
