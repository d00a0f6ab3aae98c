// SPDX-License-Identifier: Apache-2.0
// Personal data and credentials reach neither an answer nor a file, whatever door they came by.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, dataFolder, startDaemon } from '../lib/daemon.mjs';
import { eventually } from '../lib/eventually.mjs';

const mail = 'jane.doe@example.com';
const at = '2023-11-14T22:13:20Z';
const otlpLog = (text) => JSON.stringify({ resourceLogs: [{
  resource: { attributes: [{ key: 'service.name', value: { stringValue: 'otlp' } }] },
  scopeLogs: [{ logRecords: [{ timeUnixNano: '1700000000000000000', body: { stringValue: text },
    attributes: [{ key: 'list', value: { arrayValue: { values: [{ stringValue: text }] } } }] }] }] }] });

/** Whether any file of the folder holds the text as it is (level 0 is not compressed below a few KiB). */
const onDisk = (folder, text) => readdirSync(folder).some((name) =>
  statSync(join(folder, name)).isFile() && readFileSync(join(folder, name)).includes(text));

test('every door redacts before anything is stored', async () => {
  const folder = dataFolder();
  const daemon = await startDaemon({ data: folder.path, flags: ['--redact', 'card=hash'] });
  await daemon.post([
    { service: 'shop', ts: at, message: `receipt to ${mail}`, url: `/pay?mail=jane.doe%40example.com&password=hunter2`,
      card: 4111111111111111, sql: "INSERT INTO c VALUES ('4111-1111-1111-1111')" }]);
  await daemon.fetch('/v1/logs', { method: 'POST', body: otlpLog(`bounced: ${mail}`), headers: { 'Content-Type': 'application/json' } });
  const socket = dgram.createSocket('udp4');
  socket.send(JSON.stringify({ service: 'udp', ts: at, message: `welcome ${mail}` }), daemon.udpPort, '127.0.0.1');
  const rows = await eventually(async () => {
    const { rows } = await daemon.query("SELECT service, message, url, card, sql, list FROM events FROM '2023-11-14' TO '2023-11-15' ORDER BY service");
    assert.equal(rows.length, 3);
    return rows;
  });
  socket.close();
  assert.deepEqual(rows.map(([service, message]) => [service, message]), [
    ['otlp', 'bounced: [email]'], ['shop', 'receipt to [email]'], ['udp', 'welcome [email]']]);
  const [, , url, card, sql] = rows[1];
  assert.equal(url, '/pay?mail=[email]&password=[secret]');
  assert.match(card, /^\[card:[0-9a-f]{12}\]$/);
  assert.equal(sql, `INSERT INTO c VALUES ('${card}')`, 'the same card has the same hash');
  assert.deepEqual(rows[0][5], ['bounced: [email]']);
  const { redaction } = (await daemon.fetch('/api/v1/status')).body;
  assert.deepEqual(redaction.card, { action: 'hash', values: 2 });
  assert.deepEqual(redaction.email, { action: 'replace', values: 5 });
  assert.deepEqual(redaction.ip, { action: 'off', values: 0 });
  assert.match((await daemon.fetch('/metrics')).text, /^traversiond_redacted_total\{rule="secret"\} 1$/m);
  await daemon.stop();
  assert.ok(!onDisk(folder.path, 'jane.doe'));
  assert.equal(statSync(join(folder.path, 'redact.key')).mode & 0o777, 0o600);

  const again = await startDaemon({ data: folder.path, flags: ['--redact', 'card=hash'] });
  await again.post([{ service: 'later', ts: at, message: 'saw 4111 1111 1111 1111' }]);
  const { rows: later } = await again.query("SELECT message FROM events FROM '2023-11-14' TO '2023-11-15' WHERE service = 'later'");
  assert.deepEqual(later, [[`saw ${card}`]], 'the key outlives the process');
  await again.stop();
  folder.remove();
});

test('redaction can be turned off, and a wrong rule is refused', async () => {
  const daemon = await startDaemon({ flags: ['--redact', 'off'] });
  await daemon.post([{ service: 'a', ts: at, message: mail, password: 'x' }]);
  const { rows } = await daemon.query("SELECT message, password FROM events FROM '2023-11-14' TO '2023-11-15'");
  assert.deepEqual(rows, [[mail, '[redacted]']], 'what is masked by its key stays masked');
  await daemon.stop();
  const { status, stderr } = spawnSync(binary, ['--redact', 'email=blur', '--check-config', '--data-dir', '/nonexistent'], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /redact .*takes off, or rules/);
});

test('the dry run shows what would be stored and why', () => {
  const folder = dataFolder();
  const file = join(folder.path, 'lines');
  writeFileSync(file, `{"service":"shop","ts":"${at}","message":"to ${mail}","user":{"phone":5552671},"token":"t"}\nplain Bearer abc123def456\nnothing\n`);
  const run = (...flags) => execFileSync(binary, ['redact', file, '--data-dir', folder.path, ...flags], { encoding: 'utf8' });
  const [event, plain, nothing] = run().split('\n');
  assert.deepEqual({ ...JSON.parse(event), timestamp: undefined }, { timestamp: undefined, service: 'shop', eventType: 'event',
    message: 'to [email]', attributes: { 'user.phone': '[phone]', token: '[redacted]' } });
  assert.equal(plain, 'plain Bearer [bearer]');
  assert.equal(nothing, 'nothing');
  assert.deepEqual(run('--explain', '--redact', 'email=hash').trimEnd().split('\n'), [
    `line 1, message: email hash '${mail}'`,
    "line 1, user.phone: phone replace '5552671'",
    'line 1, token: masked by its name',
    "line 2, message: bearer replace 'abc123def456'",
    '3 lines, email in 1, phone in 1, bearer in 1']);
  assert.deepEqual(readdirSync(folder.path), ['lines'], 'a dry run makes no key');
  folder.remove();
});
