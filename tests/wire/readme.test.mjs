// SPDX-License-Identifier: Apache-2.0
// What README.md and docs/http-api.md tell a reader to type works as written (but for the port).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDaemon } from '../lib/daemon.mjs';

const text = (name) => readFileSync(join(process.env.TRAVERSION_SOURCE, name), 'utf8');
const blocks = (name, language) => [...text(name).matchAll(new RegExp('```' + language + '\\n([^]*?)```', 'g'))].map((m) => m[1]);

let daemon;
before(async () => {
  daemon = await startDaemon();
  // The trace that the README asks for, and a service to find.
  await daemon.post([{
    service: 'shop', type: 'span', name: 'GET /', kind: 'server', durationMs: 3, status: 'error',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7',
  }]);
});
after(() => daemon.stop());

function run(command) {
  const here = command.replaceAll('127.0.0.1:3335', `127.0.0.1:${daemon.port}`).replace('127.0.0.1 3335', `127.0.0.1 ${daemon.udpPort}`);
  const env = { ...process.env, TRAVERSION: daemon.url, TRAVERSION_TOKEN: 'none is needed here' };
  const strict = here.replace(/curl (-fsS )?/, 'curl -sS --fail-with-body -m 10 ');
  return execFileSync('sh', ['-c', strict], { encoding: 'utf8', env });
}

test("the README's commands work", () => {
  const commands = blocks('README.md', 'sh').join('').trim().split('\n');
  assert.ok(commands.length >= 3);
  for (const command of commands) assert.ok(run(command).length > 0, command);
});

test("the README's statements answer", async () => {
  const statements = blocks('README.md', 'sql').join('').trim().split('\n');
  assert.ok(statements.length >= 5);
  for (const statement of statements) assert.ok((await daemon.query(statement)).type, statement);
});

test("the HTTP page's commands work", () => {
  const commands = [...text('docs/http-api.md').matchAll(/^ {4}((?:curl|echo) .*)$/gm)].map((m) => m[1]).filter((c) => !c.includes('curl -N'));
  assert.ok(commands.length >= 5);
  for (const command of commands) run(command);
});
