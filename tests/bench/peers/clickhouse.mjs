// SPDX-License-Identifier: Apache-2.0
// clickhouse-server of Debian with the packaged configuration, its folders and ports replaced by ours.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { processorSeconds, sleep } from '../lib/measure.mjs';

const table = `CREATE TABLE ev (id String, ts Int64, service String, type String, name String, traceId FixedString(32),
  spanId FixedString(16), parentId FixedString(16), durationNs Int64, status String, host String, http_status_code Int32,
  http_route String, user_id String, db_rows Int32, cpu Float64) ENGINE = MergeTree PARTITION BY tuple() ORDER BY (service, ts)`;

/** A port that nobody listens on. */
const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

function configuration(home, http, tcp) {
  const own = { path: `${home}/`, tmp_path: `${home}/tmp/`, log: `${home}/log`, errorlog: `${home}/errors`, http_port: http, tcp_port: tcp, listen_host: '127.0.0.1' };
  let text = readFileSync('/etc/clickhouse-server/config.xml', 'utf8').replace(/<!--[^]*?-->/g, '')
    .replace(/<(listen_host|https_port|tcp_port_secure|interserver_http_port|user_files_path|format_schema_path)>[^<]*<\/\1>/g, '');
  for (const [key, value] of Object.entries(own)) {
    const element = `<${key}>${value}</${key}>`, old = new RegExp(`<${key}>[^<]*</${key}>`);
    text = old.test(text) ? text.replace(old, element) : text.replace('</yandex>', `${element}</yandex>`);
  }
  mkdirSync(join(home, 'tmp'), { recursive: true });
  writeFileSync(join(home, 'config.xml'), text.replace(/<level>[^<]*<\/level>/, '<level>warning</level>'));
  writeFileSync(join(home, 'users.xml'), readFileSync('/etc/clickhouse-server/users.xml'));
}

export async function open(folder) {
  const home = join(folder, 'clickhouse'), http = await freePort(), tcp = await freePort();
  configuration(home, http, tcp);
  const child = spawn('clickhouse-server', [`--config-file=${join(home, 'config.xml')}`], { cwd: home, stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  const url = (sql) => `http://127.0.0.1:${http}/?query=${encodeURIComponent(sql)}`;
  async function query(sql) {
    const answer = await fetch(url(sql), { method: 'POST' });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`clickhouse: ${text}`);
    return text.trim();
  }
  let version = '';
  for (let i = 0; i < 150 && !version; i++) version = await query('SELECT version()').catch(() => sleep(200)) ?? '';
  if (!version) throw new Error(`clickhouse-server does not answer; see ${home}/errors`);
  return {
    name: 'ClickHouse, bulk INSERT', version,
    async load({ flat, append = false }) {
      if (!append) {
        await query('DROP TABLE IF EXISTS ev');
        await query(table);
      }
      const before = processorSeconds(child.pid), from = performance.now();
      const answer = execFileSync('curl', ['-sS', '-H', 'Expect:', '-X', 'POST', '-T', flat, url('INSERT INTO ev FORMAT JSONEachRow')], { encoding: 'utf8' });
      if (answer) throw new Error(`clickhouse: ${answer}`);
      return { seconds: (performance.now() - from) / 1e3, cpu: processorSeconds(child.pid) - before };
    },
    async bytes() {
      await query('OPTIMIZE TABLE ev FINAL');
      return Number(await query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'ev'"));
    },
    async ask(statements) {
      const times = [];
      for (const sql of statements) {
        const from = performance.now();
        await query(sql);
        times.push(performance.now() - from);
      }
      return times;
    },
    async close() {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
