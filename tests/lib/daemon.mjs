// SPDX-License-Identifier: Apache-2.0
// A real daemon on loopback with a data folder of its own, for the end-to-end tests.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.TRAVERSIOND;
if (!binary) throw new Error('set TRAVERSIOND to the daemon under test');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A fresh data folder; remove() deletes it. */
export function dataFolder() {
  const path = mkdtempSync(join(tmpdir(), 'traversion-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Starts a daemon and waits until it listens.
 * Options: data (folder path; else a fresh one, removed by stop()), flags (further ones), env.
 */
export async function startDaemon({ data, flags = [], env = {} } = {}) {
  const own = data ? null : dataFolder();
  const path = data ?? own.path;
  const child = spawn(
    binary,
    ['--data-dir', path, '--listen', '127.0.0.1:0', '--otlp-listen', 'off', '--udp-listen', '127.0.0.1:0',
      '--syslog-listen', 'off', '--retention', '36500d', ...flags],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } },
  );
  running.add(child);
  child.on('exit', () => running.delete(child));
  const daemon = { child, data: path, log: '', exited: null };
  daemon.exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  const listening = new Promise((resolve, reject) => {
    child.stderr.on('data', (bytes) => {
      daemon.log += bytes;
      const line = /msg=listening http=(\S+) udp=(\S+)/.exec(daemon.log);
      if (line) resolve({ http: line[1], udp: line[2] });
    });
    setTimeout(() => reject(new Error(`not listening after 60 s: ${daemon.log}`)), 60000).unref();
    daemon.exited.then(({ code }) => reject(new Error(`the daemon ended with ${code}: ${daemon.log}`)));
  });
  const { http, udp } = await listening;
  // A test that fails before its stop() must not keep the runner waiting.
  child.unref();
  child.stderr.unref();
  daemon.url = `http://${http}`;
  daemon.port = Number(http.split(':').pop());
  daemon.udpPort = Number(udp.split(':').pop());

  /** Stops it in order; fails if it does not end well (a sanitizer's report, a leak). */
  daemon.stop = async () => {
    child.ref();
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const { code, signal } = await daemon.exited;
    own?.remove();
    if (code !== 0) throw new Error(`the daemon ended with ${code ?? signal}: ${daemon.log}`);
  };
  daemon.kill = async () => {
    child.ref();
    child.kill('SIGKILL');
    await daemon.exited;
  };

  /** Posts events (an array becomes NDJSON; text goes as it is); returns {status, body, headers}. */
  daemon.post = (events, headers = {}) => {
    const body = Array.isArray(events) ? events.map((e) => JSON.stringify(e)).join('\n') : events;
    return daemon.fetch('/api/v1/events', { method: 'POST', body, headers });
  };
  /** Runs a statement; throws on an error answer. */
  daemon.query = async (statement, options = {}) => {
    const answer = await daemon.fetch('/api/v1/query', { method: 'POST', body: statement, ...options });
    if (answer.status !== 200) throw new Error(`${statement}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  daemon.fetch = async (path, options = {}) => {
    const response = await fetch(daemon.url + path, options);
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '') && !/ndjson/.test(response.headers.get('content-type'));
    return { status: response.status, headers: response.headers, body: json && text ? JSON.parse(text) : text, text };
  };
  return daemon;
}
